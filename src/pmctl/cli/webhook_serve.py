"""`pmctl webhook serve|unit`: the receiver, and how systemd runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Command, context_of, group
from pmctl.errors import ConfigError, PmctlError, UsageError
from pmctl.secrets import where

if TYPE_CHECKING:
    import socket

    from pmctl.settings import WebhookSettings

app = group("The receiver.")

UNIT = """\
[Unit]
Description=Receiver of Mautic's webhooks
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={program} webhook serve
# the secret: systemd-creds encrypt - /etc/credstore.encrypted/webhook.secret
LoadCredentialEncrypted=webhook.secret
DynamicUser=yes
StateDirectory=pmctl
Environment=HOME=/var/lib/pmctl XDG_STATE_HOME=/var/lib XDG_DATA_HOME=/var/lib/pmctl
Restart=always
TimeoutStopSec=30
SuccessExitStatus=143
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


@app.command("serve", cls=Command)
def serve(
    ctx: typer.Context,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "",
    insecure_no_signature: Annotated[
        bool, typer.Option("--insecure-no-signature", help="Believe anybody; for trials.")
    ] = False,
) -> None:
    """Receive webhooks, and bring their events into the database.

    Examples:
      pmctl config set-secret webhook.secret
      pmctl webhook serve
      pmctl webhook serve --listen 0.0.0.0:8787

    A webhook is answered with 200 once it is on this machine's disk; the database may be away.
    What cannot be kept gets no answer. Answers also /healthz, /readyz and /metrics (Prometheus).
    SIGTERM finishes what is under way. TLS is the work of a proxy in front.
    """
    from pmctl.cli.webhook_spool import spool_of
    from pmctl.webhook.app import Receiver
    from pmctl.webhook.drain import Drain
    from pmctl.webhook.metrics import Metrics
    from pmctl.webhook.server import serve as answer

    context = context_of(ctx)
    settings = context.config.webhook
    secrets = [] if insecure_no_signature else _secrets(settings)
    if insecure_no_signature:
        output.warn("signatures are not checked (--insecure-no-signature)")
    with _socket(listen or settings.listen) as sock:
        spool, metrics = spool_of(context), Metrics()
        try:
            context.database()
        except PmctlError as exc:
            output.warn(f"the database is away, events wait in the spool: {exc.message}")
        drain = Drain(spool, context.database, metrics)
        drain.start()
        host, port = sock.getsockname()[:2]
        output.note(f"listening on http://{host}:{port}/webhooks/mautic")
        try:
            answer(Receiver(spool, secrets, metrics, came=drain.came), sock)
        finally:
            drain.stop()
            spool.close()


@app.command("unit", cls=Command)
def unit() -> None:
    """Print a systemd unit that runs the receiver.

    Examples:
      pmctl webhook unit > /etc/systemd/system/pmctl-webhook.service
    """
    from pathlib import Path

    sys.stdout.write(UNIT.format(program=Path(sys.argv[0]).absolute()))


def _secrets(settings: WebhookSettings) -> list[str]:
    """Return the secrets to believe. Raises ConfigError without one."""
    if not where(settings.secret):
        raise ConfigError(
            "webhook.secret is not set: anybody could send events",
            hint="`pmctl config set-secret webhook.secret`, or --insecure-no-signature for a trial",
        )
    found = [settings.secret.reveal()]
    if where(settings.previous_secret):
        found.append(settings.previous_secret.reveal())
    return found


def _socket(listen: str) -> socket.socket:
    """Return a listening socket. Raises UsageError and PmctlError."""
    import socket

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"--listen {listen}: not HOST:PORT", hint="for instance 127.0.0.1:8787")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=4096)
    except OSError as exc:
        raise PmctlError(f"cannot listen on {listen}: {exc.strerror}",
                         hint="take another --listen") from exc  # fmt: skip

"""`pmctl webhook serve`: the receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Command, context_of, group
from pmctl.errors import ConfigError, Conflict, NotAllowed, PmctlError, UsageError

if TYPE_CHECKING:
    import socket

    from pmctl.context import Context
    from pmctl.webhook.trust import Trust

app = group("The receiver.")
CHECK_SECONDS = 5.0  # a database that takes longer to answer is waited for in the background


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
      pmctl webhook register https://events.example.com/webhooks/mautic
      pmctl webhook serve
      pmctl webhook serve --listen 0.0.0.0:8787

    A webhook is answered with 200 once it is on this machine's disk; the database may be away.
    What cannot be kept gets no answer. Answers also /healthz, /readyz and /metrics (Prometheus).
    A database that refuses the login, or is not there, is an error at the start; when that comes
    later, events wait until it is mended, and /readyz says why. SIGTERM finishes what is under
    way. TLS is the work of a proxy in front.

    The secret is that of the setting webhook.secret, else the one that `webhook register` wrote
    for this user and context; the one before a rotation is believed too (webhook.previous_secret).
    Those files are read again when they change, everything at SIGHUP.
    """
    from pmctl.cli.webhook_spool import spool_of
    from pmctl.cli.webhook_trust import SECRET, places, trust_of
    from pmctl.webhook.app import Receiver
    from pmctl.webhook.drain import Drain
    from pmctl.webhook.metrics import Metrics
    from pmctl.webhook.server import serve as answer

    context = context_of(ctx)
    settings = context.config.webhook
    trust = None if insecure_no_signature else trust_of(context)
    if insecure_no_signature:
        output.warn("signatures are not checked (--insecure-no-signature)")
    with _socket(listen or settings.listen) as sock:
        spool, metrics = spool_of(context), Metrics()
        drain = Drain(spool, context.database, metrics, say=output.warn)
        if away := _checked(context):
            drain.failed(away)
        drain.start()
        if trust is not None:
            _at_hangup(trust)
        host, port = sock.getsockname()[:2]
        output.note(f"listening on http://{host}:{port}/webhooks/mautic")
        if trust is not None:
            output.note(f"the secret is in {places(context)[SECRET]}")
        try:
            answer(
                Receiver(spool, trust, metrics, came=drain.came, trouble=lambda: drain.wrong), sock
            )
        finally:
            drain.stop()
            spool.close()


def _checked(context: Context) -> PmctlError | None:
    """Return why the database cannot be used just now. Raises what somebody must mend first."""
    import threading

    if context.config.names_database:
        context.config.niledb.password.reveal()  # here, where it may be asked for
    found: list[PmctlError] = []

    def look() -> None:
        try:
            context.database()
        except PmctlError as exc:
            found.append(exc)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(CHECK_SECONDS)
    if found and isinstance(found[0], ConfigError | NotAllowed | Conflict):
        raise found[0]
    return found[0] if found else None


def _at_hangup(trust: Trust) -> None:
    import signal

    if hasattr(signal, "SIGHUP"):  # not on Windows
        signal.signal(signal.SIGHUP, lambda *_: trust.again())


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

"""`pmctl webhook unit`: how systemd runs the receiver."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from pmctl import output
from pmctl.cli.common import Command, context_of, group

app = group("How systemd runs the receiver.")

# A credential without a path is taken from /etc/credstore; one that is not there is passed over
# (systemd.exec(5), and exec-credential.c of systemd 249 and later).
UNIT = """\
# The receiver has an account of its own, and keeps secret, spool and database in its home:
#
#   useradd --system --home-dir /var/lib/pmctl --create-home --shell /usr/sbin/nologin pmctl
#   sudo -u pmctl -H {program} webhook register https://HOST/webhooks/mautic
#   systemctl daemon-reload && systemctl enable --now pmctl-webhook
#
# Run the other commands of `pmctl webhook`, and `pmctl stats`, as that account too: they find
# there what the receiver has, and it takes up a new secret by itself.
#
# Its settings are in /etc/pmctl/config.toml, which it must be able to read. Secrets of settings
# may be files that only root can read, with nothing else in them; they are read at a restart:
#
#   install -D -m 600 FILE /etc/credstore/niledb.password
#
# A webhook.secret there beats the one in its home. Put it there when `webhook register` ran as
# somebody else or on another machine, where `pmctl webhook status` names its FILE. Then a rotation
# is yours too: first the new one there, the one before it as webhook.previous_secret, a restart.

[Unit]
Description=Receiver of Mautic's webhooks
After=network-online.target
Wants=network-online.target
# a webhook that nobody receives is lost: never give up
StartLimitIntervalSec=0

[Service]
ExecStart={command} webhook serve
ExecReload=/bin/kill -HUP $MAINPID
User=pmctl
StateDirectory=pmctl
StateDirectoryMode=0700
Environment=HOME=/var/lib/pmctl
LoadCredential=webhook.secret
LoadCredential=webhook.previous_secret
LoadCredential=niledb.password
Restart=always
RestartSec=5
TimeoutStopSec=45
SuccessExitStatus=143
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""
_HOMES = ("/home", "/root", "/run/user")  # what ProtectHome= hides


@app.command("unit", cls=Command)
def unit(ctx: typer.Context) -> None:
    """Print a systemd unit that runs the receiver.

    Examples:
      pmctl webhook unit > /etc/systemd/system/pmctl-webhook.service
      pmctl --context production webhook unit

    Its first lines say what to do once: the receiver has an account of its own, which must be
    able to find the secret that Mautic signs with.
    """
    words = _program()
    for place in (Path(words[0]), Path(sys.base_prefix)):
        if any(place.is_relative_to(home) for home in _HOMES):
            output.warn(
                f"{place} is in somebody's home, which no other account may enter: install pmctl "
                "elsewhere with the system's Python, for instance in /opt/pmctl, and print the "
                "unit with that one"
            )
            break
    options = context_of(ctx).options
    said = words + [
        word
        for name in ("context", "config")
        if options.get(name)
        for word in (f"--{name}", _absolute(name, str(options[name])))
    ]
    sys.stdout.write(UNIT.format(program=" ".join(words), command=" ".join(map(_quoted, said))))


def _program() -> list[str]:
    """Return the words that start this program, whatever the folder is."""
    called = Path(sys.argv[0]).absolute()
    if called.name == "__main__.py":  # python -m pmctl
        return [sys.executable, "-m", "pmctl"]
    return [str(called)]


def _absolute(name: str, value: str) -> str:
    return str(Path(value).absolute()) if name == "config" else value


def _quoted(word: str) -> str:
    """Return a word of ExecStart= as it is: systemd.service(5), command lines."""
    word = word.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\")
    if any(sign in word for sign in " \t'\";"):
        return '"' + word.replace('"', '\\"') + '"'
    return word

"""`pmctl webhook serve`: the receiver."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Command, context_of, group
from pmctl.errors import ConfigError, Conflict, NotAllowed, PmctlError, UsageError

if TYPE_CHECKING:
    import socket

    from pmctl.context import Context

app = group("The receiver.")
BACKLOG = 4096  # connections that nobody has taken yet
CHECK_SECONDS = 5.0  # a database that takes longer to answer is waited for in the background


@app.command("serve", cls=Command)
def serve(
    ctx: typer.Context,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer, a spool each.")
    ] = 1,
    insecure_no_signature: Annotated[
        bool, typer.Option("--insecure-no-signature", help="Believe anybody; for trials.")
    ] = False,
) -> None:
    """Receive webhooks, and bring their events into the database.

    Examples:
      pmctl webhook register https://events.example.com/webhooks/mautic
      pmctl webhook serve
      pmctl webhook serve --listen 0.0.0.0:8787 --workers 4

    A webhook is answered with 200 once it is on this machine's disk; the database may be away.
    What cannot be kept gets no answer. Answers also /healthz, /readyz and /metrics (Prometheus).
    A database that refuses the login, or is not there, is an error at the start; when that comes
    later, events wait until it is mended, and /readyz says why. SIGTERM finishes what is under
    way. TLS is the work of a proxy in front.

    A process of its own brings the events into the database. One that ends is started again; when
    it ends again and again, /readyz says so. Any of the workers tells the figures of all. What a
    worker left in its spool is brought there also when fewer run the next time.

    The secret is that of the setting webhook.secret, else the one that `webhook register` wrote
    for this user and context; the one before a rotation is believed too (webhook.previous_secret).
    Those files are read again when they change, everything at SIGHUP.
    """
    import os

    if not hasattr(os, "fork"):
        raise PmctlError("this system cannot run the receiver: its processes are forked",
                         hint="Linux and macOS can, and Windows in WSL")  # fmt: skip
    from pmctl.cli.webhook_spool import spool_folder
    from pmctl.cli.webhook_trust import SECRET, places, trust_of
    from pmctl.webhook.whole import Database, Whole

    context = context_of(ctx)
    settings = context.config.webhook
    trust = None if insecure_no_signature else trust_of(context)
    if insecure_no_signature:
        output.warn("signatures are not checked (--insecure-no-signature)")
    if context.config.names_database:
        context.config.niledb.password.reveal()  # here, where it may be asked for
    with ExitStack() as open_:
        socks = [open_.enter_context(one) for one in _sockets(listen or settings.listen, workers)]
        host, port = socks[0].getsockname()[:2]
        host = f"[{host}]" if ":" in host else host

        def ready() -> None:
            output.note(f"listening on http://{host}:{port}/webhooks/mautic")
            if trust is not None:
                output.note(f"the secret is in {places(context)[SECRET]}")

        whole = Whole(
            spool_folder(context), socks, trust,
            Database(context.database, lambda: _checked(context), context.close),
            keep_seconds=settings.keep_days * 86_400, say=output.warn,
        )  # fmt: skip
        whole.run(ready)


def _checked(context: Context) -> PmctlError | None:
    """Return why the database cannot be used just now. Raises what somebody must mend first."""
    import threading

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


def _sockets(listen: str, workers: int) -> list[socket.socket]:
    """Return a listening socket for each worker. Raises UsageError and PmctlError.

    The kernel shares the connections among them: from one socket the quickest worker would take
    all that come at once. A port that another program listens at is refused first: two receivers
    that share theirs in this way would not notice each other.
    """
    import socket

    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"--listen {listen}: not HOST:PORT", hint="for instance 127.0.0.1:8787")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    at = (host.strip("[]"), int(port))
    try:
        alone = socket.create_server(at, family=family, backlog=BACKLOG)
        if workers == 1:
            return [alone]
        with alone:
            at = alone.getsockname()[:2]
        return [
            socket.create_server(at, family=family, backlog=BACKLOG, reuse_port=True)
            for _ in range(workers)
        ]
    except OSError as exc:
        raise PmctlError(f"cannot listen on {listen}: {exc.strerror}",
                         hint="take another --listen") from exc  # fmt: skip

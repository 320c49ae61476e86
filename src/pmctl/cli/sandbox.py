"""`pmctl sandbox`: a stand-in Mautic on this machine, to try things safely."""

from __future__ import annotations

import shlex
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Command, group
from pmctl.errors import PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.sandbox.server import MauticSandbox

app = group(
    "A stand-in Mautic on this machine, to try things safely.\n\n"
    "Examples:\n"
    "  pmctl sandbox tour\n"
    "  pmctl sandbox serve                                serve until Ctrl-C\n"
    "  pmctl sandbox serve --latency 40 --fail 'POST:/api/campaigns/new:1:cut-after'"
)


@app.command("serve", cls=Command)
def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 takes a free one.")
    ] = 0,
    latency: Annotated[
        float, typer.Option(min=0, metavar="MS", help="Milliseconds to wait before each answer.")
    ] = 0,
    fail: Annotated[
        list[str] | None, typer.Option("--fail", metavar="FAULT", help="METHOD:PATH:N:how")
    ] = None,
) -> None:
    """Serve a stand-in Mautic on 127.0.0.1 and print the settings to use it.

    Examples:
      pmctl sandbox serve --port 8081
      pmctl sandbox serve --fail 'POST:/api/campaigns/new:1:500-stored'
      pmctl sandbox serve --fail 'GET:/api/*:*:slow-2' --latency 40

    It starts with a dozen segments and keeps everything in memory; nothing is sent to anybody.
    Its campaigns run when you say so, on a clock that you can move: POST /sandbox/cron, and
    {"hours": 3} to /sandbox/clock. People act by /sandbox/open, click, reply, visit, submit and
    download; GET /sandbox/sent lists the mails that left.
    Webhooks of /api/hooks go out signed, each at once; {"mode": "command_process"} to
    /sandbox/webhooks queues them, and a POST there sends what is queued.
    A FAULT is METHOD:PATH:N:how: the N-th request (* for every one) with that method (or *) to a
    path with that beginning (or pattern with *) goes wrong. how is one of 500, 500-stored (does
    the work, answers 500), another status, cut-before, cut-after, cut-at-BYTES, hang, html and
    slow-SECONDS.
    """
    sandbox = _listening(port, latency, fail or [])
    try:
        for name, value in sandbox.settings().items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        output.note(f"a stand-in Mautic listens on {sandbox.url}; Ctrl-C stops it")
        threading.Event().wait()
    finally:
        sandbox.stop()
        output.note("stopped")


@app.command("tour", cls=Command)
def tour(
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="Sequences to show; the examples else.")
    ] = "",
) -> None:
    """See pmctl at work against a stand-in: plan, apply, people read, figures appear.

    Examples:
      pmctl sandbox tour
      pmctl sandbox tour my-campaigns/

    Needs no server and no configuration, leaves nothing on this machine, ends by itself. Its
    Mautic, receiver and PostgreSQL run for that time only, in a folder of their own.
    """
    from pmctl.sandbox.tour import run, shipped_campaigns

    campaigns = Path(folder) if folder else shipped_campaigns()
    if not campaigns.is_dir():
        raise UsageError(f"{campaigns} is no folder", hint="name a folder of sequence files")
    with _listening(0, 0, []) as sandbox:
        code = run(sandbox, campaigns, _say)
    if code:
        raise typer.Exit(code)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _listening(port: int, latency: float, faults: list[str]) -> MauticSandbox:
    """Return a stand-in that holds its port. Raises UsageError and PmctlError."""
    from pmctl.sandbox.server import MauticSandbox

    try:
        return MauticSandbox(latency_ms=latency, faults=faults, port=port).start()
    except ValueError as exc:
        hint = "for instance --fail 'POST:/api/campaigns/new:1:cut-after'"
        raise UsageError(f"--fail {exc}", hint=hint) from exc
    except OSError as exc:
        raise PmctlError(
            f"cannot listen on 127.0.0.1:{port}: {exc.strerror}",
            hint="take another --port, or leave it out for a free one",
        ) from exc

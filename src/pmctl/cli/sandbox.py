"""`pmctl sandbox`: stand-ins of Mautic and HestiaCP on this machine, to try things safely."""

from __future__ import annotations

import shlex
import sys
import threading
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Command, group
from pmctl.errors import PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.sandbox.wires import Sandbox

app = group(
    "A stand-in Mautic and HestiaCP on this machine, to try things safely.\n\n"
    "Examples:\n"
    "  pmctl sandbox tour\n"
    "  pmctl sandbox serve                                serve until Ctrl-C\n"
    "  pmctl sandbox serve --only mautic --fail 'POST:/api/campaigns/new:1:cut-after'"
)


class Only(StrEnum):
    """The stand-ins."""

    MAUTIC = "mautic"
    HESTIA = "hestia"


@app.command("serve", cls=Command)
def serve(
    only: Annotated[
        Only | None, typer.Option(help="Serve this one alone; else both.", show_default=False)
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Mautic's port; 0 takes a free one.")
    ] = 0,
    hestia_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="HestiaCP's port, in the same way.")
    ] = 0,
    latency: Annotated[
        float, typer.Option(min=0, metavar="MS", help="Milliseconds to wait before each answer.")
    ] = 0,
    fail: Annotated[
        list[str] | None, typer.Option("--fail", metavar="FAULT", help="METHOD:PATH:N:how")
    ] = None,
) -> None:
    """Serve a stand-in Mautic and HestiaCP on 127.0.0.1 and print the settings to use them.

    Examples:
      pmctl sandbox serve --port 8081
      pmctl sandbox serve --fail 'POST:/api/campaigns/new:1:500-stored'
      pmctl sandbox serve --fail 'GET:/api/*:*:slow-2' --latency 40
      pmctl sandbox serve --only hestia --fail '*:/api/v-add-user:3:hang-after'

    They keep everything in memory; nothing is sent to anybody.

    Mautic starts with a dozen segments. Its campaigns run when you say so, on a clock that you can
    move: POST /sandbox/cron, and {"hours": 3} to /sandbox/clock. People act by /sandbox/open,
    click, reply, visit, submit and download; GET /sandbox/sent lists the mails that left.
    Webhooks of /api/hooks go out signed, each at once; {"mode": "command_process"} to
    /sandbox/webhooks queues them, and a POST there sends what is queued.

    HestiaCP starts with the users alice, bob and carol, their domains and mailboxes. Beside the
    access key that is printed it takes its administrator, admin, with root-password-1.

    A FAULT is METHOD:PATH:N:how: the N-th request (* for every one) with that method (or *) to a
    path with that beginning (or pattern with *) goes wrong; the path of a command of HestiaCP is
    /api/ and its name, and may go on with / and its arguments. how is one of 500, 500-stored (does
    the work, answers 500), another status, cut-before, cut-after, cut-at-BYTES, hang, hang-after
    (does the work, never answers), html, slow-SECONDS and exit-CODE (the command fails with that
    code).
    """
    wanted = [(Only.MAUTIC, port), (Only.HESTIA, hestia_port)]
    with ExitStack() as running:
        sandboxes = [
            running.enter_context(_listening(kind, number, latency, fail or []))
            for kind, number in wanted
            if only in {None, kind}
        ]
        running.callback(output.note, "stopped")
        for sandbox in sandboxes:
            for name, value in sandbox.settings().items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        for sandbox in sandboxes:
            output.note(f"a stand-in {sandbox.name} listens on {sandbox.url}; Ctrl-C stops it")
        threading.Event().wait()


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
    from pmctl.sandbox.server import MauticSandbox
    from pmctl.sandbox.tour import run, shipped_campaigns

    campaigns = Path(folder) if folder else shipped_campaigns()
    if not campaigns.is_dir():
        raise UsageError(f"{campaigns} is no folder", hint="name a folder of sequence files")
    with MauticSandbox() as sandbox:
        code = run(sandbox, campaigns, _say)
    if code:
        raise typer.Exit(code)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _listening(kind: Only, port: int, latency: float, faults: list[str]) -> Sandbox:
    """Return a stand-in that holds its port. Raises UsageError and PmctlError."""
    try:
        return _made(kind, port, latency, faults).start()
    except ValueError as exc:
        hint = "for instance --fail 'POST:/api/campaigns/new:1:cut-after'"
        raise UsageError(f"--fail {exc}", hint=hint) from exc
    except OSError as exc:
        option = "--port" if kind is Only.MAUTIC else "--hestia-port"
        raise PmctlError(
            f"cannot listen on 127.0.0.1:{port}: {exc.strerror}",
            hint=f"take another {option}, or leave it out for a free one",
        ) from exc


def _made(kind: Only, port: int, latency: float, faults: list[str]) -> Sandbox:
    if kind is Only.MAUTIC:
        from pmctl.sandbox.server import MauticSandbox

        return MauticSandbox(latency_ms=latency, faults=faults, port=port)
    from pmctl.sandbox.hestia_people import settle
    from pmctl.sandbox.hestia_sandbox import HestiaSandbox

    panel = HestiaSandbox(latency_ms=latency, faults=faults, port=port)
    settle(panel.store)
    return panel

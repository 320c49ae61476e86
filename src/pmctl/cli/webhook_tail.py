"""`pmctl webhook tail`: the newest events, and those that come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import UsageError

app = group("The newest events.")
LOOK_SECONDS = 1.0
COLUMNS = ["occurred_at", "event_type", "contact_id", "campaign", "step", "variant", "email_id",
           "agent_class"]  # fmt: skip
_WIDE = (19, 15, 8, 27, 7)  # of the columns at a terminal: 80 with the blanks between


@app.command("tail", cls=Printing)
def tail(
    ctx: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    count: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, max=10_000, help="The last N.")
    ] = 10,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only sent, opened, …; may be repeated."),
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(
            "--campaign", metavar="KEY", help="Only of this campaign, by its key or id.",
            autocompletion=names.completing("campaigns"),
        ),
    ] = None,
) -> None:  # fmt: skip
    """Show the newest events, and with --follow those to come.

    Examples:
      pmctl webhook tail
      pmctl webhook tail -f --campaign welcome
      pmctl webhook tail -f --type clicked --type unsubscribed
      pmctl webhook tail -f -n 0 -o jsonl | jq .step

    They are read from the database; the last ones are those that happened last, the newest at the
    end. What comes with --follow is shown when it is stored, in jsonl line by line; times are UTC.
    A database that is away is waited for. Test events of `webhook trigger` are of type `test`.
    """
    from pmctl.clients.stats import Stats
    from pmctl.clients.webhook_tail import Tail, Wanted

    if follow and output.asked() in (output.Format.json, output.Format.yaml):
        raise UsageError("--follow never ends, a document does", hint="-o jsonl, or no --follow")
    context = context_of(ctx)
    database = context.database()
    steps = Stats(database, context.config.context).campaign(campaign) if campaign else None
    end = Tail(database, Wanted(tuple(types or ()), steps))
    found: Iterable[dict[str, Any]] = end.newest(count)
    if follow:
        found = chain(found, end.follow(_wait, output.warn))
    elif not found:
        output.note("no events yet; `pmctl webhook status` says how the receiver is")
    if output.asked() is None and sys.stdout.isatty():  # a table would wait for the last of them
        for line in _chosen(found) if output.style.columns else _lines(found):
            output.show_text(line, dict)
    else:
        output.show(found, COLUMNS)


def _wait() -> None:
    """Let go what is written, and sleep; whoever reads may have gone away meanwhile."""
    sys.stdout.flush()
    try:
        import select

        waiting = select.poll()  # not on Windows
        waiting.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError, AttributeError):
        time.sleep(LOOK_SECONDS)
        return
    if waiting.poll(LOOK_SECONDS * 1000):
        raise BrokenPipeError


def _chosen(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Return lines with the columns that --columns asks for. Raises UsageError for others."""
    columns = output.style.columns
    if output.style.header:
        yield output.paint("  ".join(columns), "1")
    for one in found:
        if missing := [name for name in columns if name not in one]:
            raise UsageError(
                f"there is no column {missing[0]!r}", hint=f"columns: {', '.join(one)}"
            )
        yield "  ".join(output.cell(one[name]) for name in columns)


def _lines(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    if output.style.header:
        yield _line(["occurred at", "event", "contact", "step", "agent"], "1")
    for one in found:
        moment = one["occurred_at"][:19].replace("T", " ")
        yield _line([moment, one["event_type"], str(one["contact_id"] or ""), _about(one),
                     one["agent_class"]])  # fmt: skip


def _line(cells: list[str], code: str = "") -> str:
    words = (output.clean(cell)[:width].ljust(width) for cell, width in
             zip(cells, _WIDE, strict=True))  # fmt: skip
    text = " ".join(words).rstrip()
    return output.paint(text, code) if code else text


def _about(one: dict[str, Any]) -> str:
    """Return the step with its campaign; what is known where it has no name."""
    if one["campaign"]:
        variant = f" ({one['variant']})" if one["variant"] else ""
        return f"{one['campaign']}/{one['step']}{variant}"
    if one["campaign_event_id"]:
        return f"campaign event {one['campaign_event_id']}"
    if one["email_id"]:
        return f"email {one['email_id']}"
    return str(one["test"] or one["source_type"].removeprefix("mautic."))

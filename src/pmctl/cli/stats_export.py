"""`pmctl stats export`: the events themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from pmctl import output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Printing, group

app = group("The events themselves.")


@app.command("export", cls=Printing)
def export(
    ctx: typer.Context,
    since: common.Since = None,
    until: common.Until = None,
    campaign: common.Campaign = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only sent, opened, …; may be repeated."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N.")
    ] = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="Also what Mautic sent, with personal data.")
    ] = False,
) -> None:
    """Write the events themselves, the oldest first.

    Examples:
      pmctl stats export --since 30d -o csv > events.csv
      pmctl stats export --campaign welcome --type clicked -o jsonl
      pmctl stats export -o jsonl --payload | gzip > events.jsonl.gz

    All but yaml is written as it is read, however many they are; a json list that was broken off
    has no end. In CSV a quote stands before a text that a spreadsheet would take for a formula.
    """
    from pmctl.clients import stats_export

    period = common.asked_period(since, until)
    stats = common.stats_of(ctx)
    steps = stats.campaign(campaign) if campaign else None
    if stats.first_day is None:
        common.show_nothing(stats_export.COLUMNS)
        return
    found = stats_export.events(
        stats.database, period, stats.steps, steps=steps, types=types or (), payload=payload
    )
    if limit is not None:
        found = _first(found, limit)
    columns = [*stats_export.COLUMNS, *(["payload"] if payload else [])]
    people = output.asked() is None
    output.show(map(common.safe, found), columns[:8] if people else columns, long=True)


def _first(found: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    """Yield so many events, and say so when there are more."""
    for number, one in enumerate(found):
        if number == limit:
            output.note(f"stopped after {limit} events (--limit)")
            return
        yield one

"""A series as a table, with a chart above it at a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pmctl import output
from pmctl.charts import terminal
from pmctl.cli import stats_common as common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmctl.clients.stats_figures import Agent, Counts
    from pmctl.clients.stats_periods import Period

_TYPES = ("sent", "opened", "clicked", "replied", "bounced", "unsubscribed")
HEIGHT = 5  # lines of a chart


def show_series(
    found: Sequence[tuple[Period, Counts]], agent: Agent, unnamed: Counts | None = None
) -> None:
    """Show one row for each period; `unnamed` as in `figures`."""
    records = [_record(period, counts, agent, unnamed) for period, counts in found]
    if output.asked() is not None:
        output.show(records, list(records[0]))
        return
    if sys.stdout.isatty() and len(records) > 1:
        output.show_text(_charts(records), dict)
    rows = [
        {"since": record["since"], **{name: common.number(record[name]) for name in _TYPES}}
        for record in records
    ]
    output.show(common.aligned(rows), list(rows[0]))


def _record(period: Period, counts: Counts, agent: Agent, unnamed: Counts | None) -> dict[str, Any]:
    record: dict[str, Any] = {"since": str(period.since), "until": str(period.until)}
    return record | common.counted(counts, _TYPES, agent, unnamed)


def _charts(records: Sequence[dict[str, Any]]) -> str:
    """Return an area for what was sent, one for what was opened, and lines for the rest."""
    from pmctl.text import any_character

    width = 68
    if not any_character(sys.stdout):
        return "\n".join(_spark(name, records, ascii_only=True) for name in _TYPES) + "\n"
    parts = []
    for name, colour in (("sent", "36"), ("opened", "32")):
        values = [record[name] for record in records]
        lines = terminal.columns(values, width, HEIGHT)
        most = f"{max(values):,}"
        parts.append(output.paint(f"{name}, at most {most}", "1"))
        parts += [f"  {output.paint(line, colour)}" for line in lines]
        parts.append(f"  {_axis(records, max((len(line) for line in lines), default=0))}\n")
    parts += [_spark(name, records) for name in ("clicked", "replied")]
    return "\n".join([*parts, "", ""])


def _axis(records: Sequence[dict[str, Any]], width: int) -> str:
    first, last = records[0]["since"], records[-1]["since"]
    return f"{first}{last.rjust(max(width - len(first), len(last) + 2))}"


def _spark(name: str, records: Sequence[dict[str, Any]], *, ascii_only: bool = False) -> str:
    values = [record[name] for record in records]
    line = terminal.sparkline(values, ascii_only=ascii_only)
    return f"{name:<13}{line}  {sum(values):,}"

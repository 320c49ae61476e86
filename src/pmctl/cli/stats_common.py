"""What the commands of `pmctl stats` share: their options, and how figures are shown."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.common import context_of
from pmctl.clients.stats_figures import Agent, Figure, contacts
from pmctl.clients.stats_periods import Period, period

if TYPE_CHECKING:
    from pmctl.clients.stats import Stats
    from pmctl.clients.stats_figures import Counts
    from pmctl.clients.stats_steps import StepRow

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="From this day on: 2026-11-01, 7d, 4w, 3m, today."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="Up to this day, with it.")
]
Campaign = Annotated[
    str | None,
    typer.Option(
        "--campaign",
        metavar="KEY",
        help="Only this campaign.",
        autocompletion=names.completing("campaigns"),
    ),
]
Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="The campaign's key, or its id.",
        autocompletion=names.completing("campaigns"),
    ),
]
AgentOption = Annotated[
    Agent, typer.Option("--agent", help="Count all opens and clicks, or only people's.")
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Show it again every few seconds, until Ctrl-C.")
]
Every = Annotated[
    float, typer.Option("--every", metavar="SECONDS", min=0.2, help="How often, with --watch.")
]
Explain = Annotated[bool, typer.Option("--explain", help="Say what each figure means, and end.")]

NO_EVENTS = (
    "no events yet. `pmctl webhook register` makes Mautic send them, `pmctl webhook serve` "
    "receives them, `pmctl webhook backfill` fetches earlier ones"
)
# A terminal shows what a metric is part of by an indent; programs get its name.
_LABELS = {
    "opened_human": "  by people",
    "opened_other": "  by machines or unclear",
    "clicked_human": "  by people",
    "clicked_other": "  by machines or unclear",
    "hard_bounced": "  hard",
    "soft_bounced": "  soft",
    "click_to_open": "clicked of opened",
}
_REPEATED = "\x1b[H\x1b[2J\x1b[3J"  # home, clear


def stats_of(ctx: typer.Context) -> Stats:
    """Return the figures of this context's database."""
    from pmctl.clients.stats import Stats

    context = context_of(ctx)
    database = context.database()
    if context.besides and context.besides.nameless:
        output.warn(
            "events that were received without mautic.url are not counted here; "
            "`pmctl stats adopt` takes them over"
        )
    return Stats(
        database, context.config.context, context.besides.others if context.besides else ()
    )


def today() -> datetime.date:
    """The day it is in UTC."""
    return datetime.datetime.now(datetime.UTC).date()


def asked_period(since: str | None, until: str | None) -> Period:
    """Return what --since and --until say. Raises UsageError."""
    return period(since, until, today())


def show_nothing(columns: Sequence[str], words: str = NO_EVENTS) -> None:
    """Say that there is nothing to show: an empty list for programs, a sentence for people."""
    output.note(words)
    if output.asked() is not None:
        output.show([], columns)


def show_none(stats: Stats, within: Period, steps: list[StepRow] | None = None) -> None:
    """Say that there is nothing: no event at all, or none in this period."""
    words = NO_EVENTS
    if stats.first_day is not None:
        of = f" of {steps[0].key}" if steps else ""
        words = f"no events{of}, {within.words}; the first of all is of {stats.first_day} (UTC)"
    elif stats.others:
        whose = f"of {stats.database.mautic}" if stats.database.mautic else "without mautic.url"
        words = f"no events {whose} yet; the database has those of {', '.join(stats.others)}"
    show_nothing(["metric", "contacts", "events", "rate"], words)


def define() -> None:
    """Show the definition of each figure."""
    from pmctl.clients.stats_definitions import DEFINITIONS

    if output.asked() is None and sys.stdout.isatty():
        parts = [
            "\n".join([output.paint(name, "1"), f"  {how}", *([f"  {note}"] if note else [])])
            for name, (how, note) in DEFINITIONS.items()
        ]
        output.show_text("\n".join(parts), dict)
        return
    rows = [
        {"metric": n, "definition": how, "note": note} for n, (how, note) in DEFINITIONS.items()
    ]
    output.show(rows, ["metric", "definition", "note"])


def show_figures(found: Sequence[Figure]) -> None:
    """Show the lines of a summary."""
    if output.asked() is not None:
        columns = ["metric", "contacts", "events", "of", "rate", "low", "high", "verdict"]
        output.show(found, columns)
        return
    rows = [_row(one) for one in found]
    output.show(aligned(rows), list(rows[0]))


def _row(one: Figure) -> dict[str, str]:
    at_terminal = sys.stdout.isatty()
    return {
        "metric": _LABELS.get(one.metric, one.metric) if at_terminal else one.metric,
        "contacts": number(one.contacts),
        "events": number(one.events),
        "rate": one.words,
        "interval_95": one.interval,
        "of": one.of,
    }


def counted(
    counts: Counts, types: Sequence[str], agent: Agent, unnamed: Counts | None
) -> dict[str, int | None]:
    """Return `opened` (contacts) and `opened_events` of each type; None is unknown."""
    found: dict[str, int | None] = {}
    for name in types:
        people = contacts(counts, name, agent, unnamed)
        by = agent if name in ("opened", "clicked") else Agent.all
        found[name] = people
        found[f"{name}_events"] = None if people is None else counts.get(name, by).events
    return found


def safe(record: Any) -> dict[str, Any]:
    """Return a record as CSV may have it: no text that a spreadsheet takes for a formula."""
    from pmctl.clients.stats_export import guarded

    found: dict[str, Any] = output.plain(record)
    return guarded(found) if output.asked() is output.Format.csv else found


def number(value: int | None) -> str:
    """Return a count with thousands set off at a terminal; `unknown` for None."""
    if value is None:
        return "unknown"
    return f"{value:,}" if sys.stdout.isatty() else str(value)


def aligned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with numbers flush right at a terminal; untouched elsewhere."""
    if not sys.stdout.isatty() or not rows:
        return rows
    names_ = [name for name in rows[0] if any(_numeric(row[name]) for row in rows)]
    wide = {name: max([len(name), *(len(str(row[name])) for row in rows)]) for name in names_}
    return [row | {name: str(row[name]).rjust(wide[name]) for name in names_} for row in rows]


def _numeric(value: object) -> bool:
    return str(value).replace(",", "").isdecimal() or str(value).endswith("%")


def answer(
    ctx: typer.Context,
    show: Callable[[Stats, Period], None],
    *,
    since: str | None,
    until: str | None,
    explain: bool,
    watch: bool,
    every: float,
) -> None:
    """Show figures of the period asked for, once or again and again; or only what they mean."""
    if explain:
        define()
        return
    asked = asked_period(since, until)
    while True:
        if watch and sys.stdout.isatty():
            sys.stdout.write(_REPEATED)
        show(stats_of(ctx), asked)
        sys.stdout.flush()
        if not watch:
            return
        time.sleep(every)

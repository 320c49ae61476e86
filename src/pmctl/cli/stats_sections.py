"""The parts of a report: figures as charts and tables, for the page and for the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pmctl.charts.page import Section, Table
from pmctl.charts.svg import KINDS, Bar, Tile, bars, lines, tiles
from pmctl.clients.stats_figures import Agent, Counts, Figure, contacts
from pmctl.clients.stats_math import lasting, share
from pmctl.clients.stats_periods import Period

MOST_BARS = 12  # groups of bars in a chart; the table has all
_SHOWN = (
    ("sent", "Sent"), ("opened", "Opened"), ("clicked", "Clicked"), ("replied", "Replied"),
    ("unsubscribed", "Unsubscribed"),
)  # fmt: skip
_NAMES = {
    "sent": "Sent (attempted)", "delivered": "Delivered", "opened": "Opened",
    "opened_human": "Opened by people", "opened_other": "Opened by machines or unclear",
    "clicked": "Clicked", "clicked_human": "Clicked by people",
    "clicked_other": "Clicked by machines or unclear", "click_to_open": "Clicked of opened",
    "replied": "Replied", "bounced": "Bounced", "hard_bounced": "Bounced for good",
    "soft_bounced": "Bounced for now", "unsubscribed": "Unsubscribed", "complained": "Complained",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A step or a campaign with its counts; `opening` is (contacts, median, p90) in seconds."""

    name: str
    counts: Counts
    opening: tuple[int, float, float] | None = None


def figures(found: Sequence[Figure]) -> Section:
    """Return the key figures as tiles, and all of them as a table."""
    by = {one.metric: one for one in found}
    chart = tiles("Key figures", [_tile(by[metric], name) for metric, name in _SHOWN])
    rows = [
        [
            _NAMES.get(one.metric, one.metric), _count(one.contacts), _count(one.events),
            one.words, one.interval, one.of,
        ]
        for one in found
    ]  # fmt: skip
    head = ["figure", "contacts", "events", "rate", "95 % interval", "of"]
    table = Table("All figures; contacts count once for each step", head, rows, (1, 2, 3, 4))
    return Section("Key figures", chart, table)


def _tile(one: Figure, name: str) -> Tile:
    words = one.words
    if one.rate is not None and one.low is not None and one.high is not None:
        words += f" ({100 * one.low:.1f}-{100 * one.high:.1f})"
    return Tile(name, _count(one.contacts), words)


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def over_time(
    found: Sequence[tuple[Period, Counts]], agent: Agent, by: str, unnamed: Counts | None
) -> Section:
    """Return lines over time with their table."""
    labels = [str(period.since) for period, _ in found]
    series = [(kind, [_of(counts, kind, agent) for _, counts in found]) for kind in KINDS]
    columns = (*KINDS, "bounced", "unsubscribed")
    rows = [
        [label, *(_count(contacts(counts, kind, agent, unnamed)) for kind in columns)]
        for label, (_, counts) in zip(labels, found, strict=True)
    ]
    head = [f"{by} from", *columns]
    table = Table(f"Contacts by {by}, UTC", head, rows, tuple(range(1, len(head))))
    remark = "An open counts on its own day, not on that of its mail."
    return Section("Over time", lines("Over time", labels, series), table, remark)


def _of(counts: Counts, kind: str, agent: Agent) -> int:
    return contacts(counts, kind, agent, None) or 0


def compared(heading: str, what: str, found: Sequence[Line], agent: Agent) -> Section:
    """Return steps or campaigns beside each other: bars, and a table of all of them."""
    shown = found[:MOST_BARS]
    chart = bars(heading, [(one.name, _bars(one.counts, agent)) for one in shown])
    rows = [_row(one, agent) for one in found]
    head = [what, *KINDS, "open rate", "95 %", "clicked of opened", "median to open", "p90"]
    if not any(one.opening for one in found):
        head, rows = head[:-2], [row[:-2] for row in rows]
    more = len(found) - len(shown)
    remark = (
        f"The chart shows the first {len(shown)}; {more} more are in the table." if more else ""
    )
    table = Table(f"Each {what}", head, rows, tuple(range(1, len(head))))
    return Section(heading, chart, table, remark)


def _bars(counts: Counts, agent: Agent) -> list[Bar]:
    sent = counts.get("sent").contacts
    found = [Bar("sent", sent)]
    for kind in KINDS[1:]:
        value = _of(counts, kind, agent)
        found.append(Bar(kind, value, share(value, sent).words if value else ""))
    return found


def _row(one: Line, agent: Agent) -> list[str]:
    sent, opened, clicked, replied = (_of(one.counts, kind, agent) for kind in KINDS)
    rate = share(opened, sent)
    median, p90 = (one.opening[1], one.opening[2]) if one.opening else (None, None)
    return [
        one.name, f"{sent:,}", f"{opened:,}", f"{clicked:,}", f"{replied:,}", rate.words,
        rate.interval, share(clicked, opened, "opened").words, lasting(median), lasting(p90),
    ]  # fmt: skip

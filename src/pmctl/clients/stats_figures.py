"""Counts -> figures: what was sent and what came of it, each rate with its interval. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pmctl.clients.stats_math import percent, share


class Agent(StrEnum):
    """Whose opens and clicks count: everybody's, or only those that look like a person's."""

    all = "all"
    human = "human"


@dataclass(frozen=True)
class Count:
    """How often something happened, and to how many contacts (of each step or email)."""

    events: int = 0
    contacts: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.events + other.events, self.contacts + other.contacts)

    def __sub__(self, other: Count) -> Count:
        return Count(max(0, self.events - other.events), max(0, self.contacts - other.contacts))


NOTHING = Count()
TEST = "test"  # the type of an event that only tries a receiver
NAMELESS = ("bounced", "unsubscribed")  # Mautic does not always say by which mail
# What Mautic does not tell: known only where something else wrote events of that type.
ELSEWHERE = ("delivered", "hard_bounced", "soft_bounced", "complained")


@dataclass(frozen=True)
class Counts:
    """The counts of one period or step, by event type and agent; add them up with `+`."""

    by: Mapping[tuple[str, str], Count] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, int, int]]) -> Counts:
        """Take rows of (event type, agent, events, contacts); the same ones are added up.

        What `pmctl webhook trigger` sent is left out: it happened to nobody.
        """
        found: dict[tuple[str, str], Count] = {}
        for type_, agent, events, contacts in rows:
            if type_ == TEST:
                continue
            key = (type_, agent)
            found[key] = found.get(key, NOTHING) + Count(int(events), int(contacts))
        return cls(found)

    def __add__(self, other: Counts) -> Counts:
        keys = {**self.by, **other.by}
        both = {key: self.by.get(key, NOTHING) + other.by.get(key, NOTHING) for key in keys}
        return Counts(both)

    def __bool__(self) -> bool:
        return any(count.events for count in self.by.values())

    def get(self, type_: str, agent: str = Agent.all) -> Count:
        """Return one count; nothing counted is zero."""
        return self.by.get((type_, agent), NOTHING)

    def known(self, type_: str) -> Count | None:
        """Return one count, None for what nobody has told about (see ELSEWHERE)."""
        if type_ in ELSEWHERE and (type_, Agent.all) not in self.by:
            return None
        return self.get(type_)


@dataclass(frozen=True)
class Figure:
    """One line of a summary; None is unknown. Rates are fractions of 1.

    `of` names the metric that `rate` is a share of. `verdict` says why there is no rate
    (`too few`, `unknown`, `none sent`, `more than sent`: sends are missing), or that it is a lower
    bound (`at least`).
    """

    metric: str
    contacts: int | None
    events: int | None
    of: str = ""
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str = ""

    @property
    def words(self) -> str:
        """The rate: `40.0%`, `at least 0.3%`, `too few`; nothing beside an unknown count."""
        if self.rate is None:
            return "" if self.contacts is None else self.verdict
        return f"{self.verdict} {percent(self.rate)}".strip()

    @property
    def interval(self) -> str:
        """`37.3-42.8%`, or nothing where a rate has none."""
        if self.low is None or self.high is None:
            return ""
        return f"{100 * self.low:.1f}-{100 * self.high:.1f}%"


def figures(
    counts: Counts, agent: Agent = Agent.all, unnamed: Counts | None = None
) -> list[Figure]:
    """Return the figures of one period, campaign or step, in the order of a mail's life.

    `agent` decides whose opens and clicks count in opened, clicked and click_to_open. `unnamed`
    are the events of the same time that name no mail: of a single campaign, what is theirs may
    belong to it, so its bounces and unsubscribes are a lower bound then.
    """
    sent, opened, clicked = (
        counts.get("sent"), counts.get("opened", agent), counts.get("clicked", agent),
    )  # fmt: skip
    machine = [counts.get(name) - counts.get(name, Agent.human) for name in ("opened", "clicked")]
    replied = counts.get("replied")
    rows = [
        Figure("sent", sent.contacts, sent.events),
        _of_sent("delivered", counts.known("delivered"), sent),
        _of_sent("opened", opened, sent),
        _of_sent("opened_human", counts.get("opened", Agent.human), sent),
        _of_sent("opened_other", machine[0], sent),
        _of_sent("clicked", clicked, sent),
        _of_sent("clicked_human", counts.get("clicked", Agent.human), sent),
        _of_sent("clicked_other", machine[1], sent),
        _figure("click_to_open", clicked, opened, "opened"),
        _of_sent("replied", replied, sent),
        _of_sent("bounced", counts.get("bounced"), sent),
        _of_sent("hard_bounced", counts.known("hard_bounced"), sent),
        _of_sent("soft_bounced", counts.known("soft_bounced"), sent),
        _of_sent("unsubscribed", counts.get("unsubscribed"), sent),
        _of_sent("complained", counts.known("complained"), sent),
    ]
    return [_bounded(row, unnamed) for row in rows] if unnamed else rows


def _of_sent(metric: str, count: Count | None, sent: Count) -> Figure:
    return _figure(metric, count, sent, "sent")


def _figure(metric: str, count: Count | None, whole: Count, of: str) -> Figure:
    if count is None:
        return Figure(metric, None, None, of, verdict="unknown")
    found = share(count.contacts, whole.contacts, of)
    return Figure(metric, count.contacts, count.events, of,
                  found.rate, found.low, found.high, found.verdict)  # fmt: skip


def contacts(counts: Counts, type_: str, agent: Agent, unnamed: Counts | None) -> int | None:
    """Return the contacts of one type; None where those without a mail may be some of them.

    `agent` decides for opens and clicks only; `unnamed` as in `figures`.
    """
    found = counts.get(type_, agent if type_ in ("opened", "clicked") else Agent.all).contacts
    if found or not unnamed or type_ not in NAMELESS or not unnamed.get(type_).events:
        return found
    return None


def _bounded(row: Figure, unnamed: Counts) -> Figure:
    if row.metric not in NAMELESS or not unnamed.get(row.metric).events:
        return row
    if not row.contacts:
        return Figure(row.metric, None, None, row.of, verdict="unknown")
    return Figure(row.metric, row.contacts, row.events, row.of, row.rate, row.low, row.high,
                  "at least")  # fmt: skip

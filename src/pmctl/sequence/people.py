"""Who is where in a running campaign, what a change does to them, and how many mails leave soon.

Counted from the rows of Mautic's `campaign_lead_event_log`, where (seen on 5.1.1) `is_scheduled`
is 1 for who waits, and a row with 0 whose `trigger_date` lies after its `date_triggered` is of
somebody whose wait was cancelled: that one did not pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SOON = timedelta(hours=1)


@dataclass(frozen=True)
class Group:
    """The contacts of a campaign beside one of its steps, and what the change does to them.

    `not_yet` are the members who have no row at the step (some may never come by).
    """

    step: str
    path: str
    event_id: int | None  # None: the step is new
    not_yet: int
    waiting: int
    past: int
    effects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sends:
    """Mails that would leave within the hour after the apply.

    `anyway` leave without it, too; `caused` do not. Both are upper bounds: windows and consent
    may hold some back. None: could not be counted.
    """

    anyway: int = 0
    caused: int | None = 0

    @property
    def total(self) -> int | None:
        """All of them."""
        return None if self.caused is None else self.anyway + self.caused


NOTHING = Sends()


@dataclass
class At:
    """The contacts at one event, by id of the contact."""

    waiting: set[int] = field(default_factory=set)
    past: set[int] = field(default_factory=set)
    due: int = 0  # of the waiting: how many are due within the hour
    overdue: int = 0
    again: int = 0  # of the waiting: how many in a second or later round


@dataclass
class People:
    """The contacts of one campaign: how many members, and who is where, by event id."""

    members: int
    at: dict[int, At] = field(default_factory=dict)

    def waiting(self, event_id: int) -> int:
        """How many wait at an event."""
        return len(self.at[event_id].waiting) if event_id in self.at else 0

    def past(self, event_id: int) -> int:
        """How many passed an event."""
        return len(self.at[event_id].past) if event_id in self.at else 0

    def due(self, event_id: int) -> int:
        """How many of those who wait at an event are due within the hour."""
        return self.at[event_id].due if event_id in self.at else 0

    def started(self) -> int:
        """How many have been at any event."""
        return len(set[int]().union(*(one.waiting | one.past for one in self.at.values())))

    def not_begun(self) -> int:
        """How many members Mautic has still to let in."""
        return max(0, self.members - self.started())

    def again(self, event_id: int) -> int:
        """How many wait at an event in a second or later round through the campaign."""
        return self.at[event_id].again if event_id in self.at else 0

    def only_at(self, event_ids: set[int], moving: Collection[int] = ()) -> int:
        """How many have been nowhere but at these events: without them, they begin again.

        Who waits at one of those in `moving` is taken elsewhere first.
        """
        there: set[int] = set()
        elsewhere: set[int] = set()
        for event_id, one in self.at.items():
            (there if event_id in event_ids else elsewhere).update(one.waiting, one.past)
            if event_id in moving:
                elsewhere.update(one.waiting)
        return len(there - elsewhere)

    def undecided(self, event_id: int, decision_id: int | None) -> int:
        """How many passed an event and have no row at the decision below it."""
        past = self.at[event_id].past if event_id in self.at else set()
        if decision_id is None or decision_id not in self.at:
            return len(past)
        return len(past - self.at[decision_id].past - self.at[decision_id].waiting)

    def group(self, step: str, path: str, event_id: int | None) -> Group:
        """Return the three groups at an event."""
        if event_id is None:
            return Group(step, path, None, self.members, 0, 0)
        waiting, past = self.waiting(event_id), self.past(event_id)
        return Group(step, path, event_id, max(0, self.members - waiting - past), waiting, past)


def count(rows: Iterable[Mapping[str, str]], members: int, now: datetime) -> People:
    """Return who is where; `rows` are those of one campaign's log, read once, in any order."""
    people = People(members)
    soon, late = _sql(now + SOON), _sql(now)
    for row in rows:
        at = people.at.setdefault(int(row["event_id"]), At())
        lead, due = int(row["lead_id"]), row.get("trigger_date") or ""
        if row.get("is_scheduled") == "1":
            at.waiting.add(lead)
            at.again += row.get("rotation", "1") != "1"
            at.due += due <= soon
            at.overdue += due <= late
        elif not due or (row.get("date_triggered") or due) >= due:
            at.past.add(lead)
    return people


def _sql(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

"""Who waits where -> how many mails leave on which day, as a range.

What a contact will do is not known. So each contact waiting at an event stands for a range by day:
`low` is the fewest mails over all ways that lie open, `high` the most. Both add up over contacts.
One whose question is open, with no row of its own, stands for a range too if the question closes
by itself: over the yes-path on any day until then, and the no-path. A question without a no-path
is open for ever to everybody who passed it; nobody is counted for that.
Days are those of a time zone that is given. Hours of steps are taken as UTC: the contacts' own
time zones are not asked for.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pmctl.sequence import live, schedule
from pmctl.sequence.durations import UNIT_NAMES, Delay
from pmctl.sequence.waiting_questions import Questions

if TYPE_CHECKING:
    from pmctl.sequence.live import LiveCampaign, LiveEvent

Moment = datetime.datetime
Row = Mapping[str, str]
Range = tuple[int, int]  # at least, at most
Days = dict[datetime.date, Range]  # a day that is missing is (0, 0)

MAIL = "email.send"
JUMP = "campaign.jump_to_event"
SLOT = 5  # minutes; contacts of one slot are counted together, so that memory stays flat
DEEPEST = 200  # steps one after the other; jumps may lead in a circle
_DAY = datetime.timedelta(days=1)


class Forecast:
    """The mails of one published campaign from `now` on, for some days, today among them.

    A day begins at midnight in `zone`, so that it has 23 or 25 hours when clocks change.
    """

    def __init__(
        self,
        campaign: LiveCampaign,
        now: Moment,
        days: int,
        zone: datetime.tzinfo = datetime.UTC,
    ) -> None:
        self.now, self.zone = _slot(now), zone
        self.end = _midnight(now.astimezone(zone).date() + days * _DAY, zone)
        self.questions = Questions(campaign)
        self.events = {event.id: event for event in campaign.events}
        self.below: dict[int | None, list[LiveEvent]] = {}
        for event in campaign.events:
            self.below.setdefault(event.parent, []).append(event)
        self._known: dict[tuple[int, Moment], Days] = {}
        self._open: set[tuple[int, Moment]] = set()

    def of(self, rows: Iterable[Row], members: Iterable[Row] = ()) -> Days:
        """Return the mails by day, from rows of the log by id, and those who are members now.

        If `questions.asked` is empty, the rows of steps that wait are enough, and no members.
        Rows are counted by event and SLOT, so memory grows with events and time, and with people
        only for questions that are open.
        """
        counted: Counter[tuple[int, Moment]] = Counter()
        for row in rows:
            if self.questions.asked:
                self.questions.see(row)
            event = self.events.get(int(row["event_id"]))
            waits = row.get("is_scheduled", "1") == "1"
            when = self._woken(event, row) if event and waits else None
            if event and when and when < self.end:
                counted[event.id, when] += 1
        total: Days = {}
        for (key, when), number in counted.items():
            _add(total, self._runs(self.events[key], when), number)
        asked: Counter[tuple[int, Moment]] = Counter()
        if self.questions.asked:
            for (key, since), number in self.questions.open(members).items():
                asked[key, _read(since)] += number
        for (key, moment), number in asked.items():
            _add(total, self._decided(self.events[key], moment), number)
        return total

    def _woken(self, event: LiveEvent, row: Row) -> Moment | None:
        """Return when a row's turn comes: what is overdue now, by the step's wait as it is now."""
        due = max(_read(row["trigger_date"]), self.now) if row.get("trigger_date") else self.now
        if row.get("date_triggered"):
            checked = _due(event, _read(row["date_triggered"]))
            if checked is None:
                return None
            due = max(due, checked)  # a wait that is longer now makes Mautic schedule it again
        return _fitted(event, due)

    def _runs(self, event: LiveEvent, at: Moment) -> Days:
        """Return what one contact gets from the moment on at which a step runs for it."""
        place = event.id, at
        if at >= self.end or place in self._open or len(self._open) > DEEPEST:
            return {}
        if place not in self._known:
            self._open.add(place)
            self._known[place] = self._led_to(event, at)
            self._open.discard(place)
        return self._known[place]

    def _led_to(self, event: LiveEvent, at: Moment) -> Days:
        if event.type == JUMP:
            target = self.events.get(int(event.properties.get("jumpToEvent") or 0))
            return self._after([target], at) if target else {}
        below = self.below.get(event.id, [])
        if _role(event) == "condition":
            ways = [[one for one in below if one.anchor == way] for way in ("yes", "no")]
            return _either([self._after(way, at) for way in ways])
        days = self._after(below, at)
        if event.type == MAIL:
            days = dict(days)
            _add(days, {at.astimezone(self.zone).date(): (1, 1)}, 1)
        return days

    def _after(self, events: Iterable[LiveEvent], at: Moment) -> Days:
        """Return what follows when these steps begin at a moment."""
        days: Days = {}
        for event in events:
            if _role(event) == "decision":
                _add(days, self._decided(event, at), 1)
                continue
            when = _due(event, at)
            if when is not None:
                _add(days, self._runs(event, _fitted(event, when)), 1)
        return days

    def _decided(self, decision: LiveEvent, since: Moment) -> Days:
        """Return the range over acting on any day until time is up, and over not acting."""
        below = self.below.get(decision.id, [])
        yes = [one for one in below if one.anchor == "yes"]
        no = [one for one in below if one.anchor == "no"]
        ends = [when for when in (_due(one, since) for one in no) if when is not None]
        closes = max(min(ends, default=self.end), self.now)  # what is overdue closes now
        ways = [self._silent(no, closes) if ends else {}]
        first, last = max(since, self.now), min(closes, self.end)
        act, days = first, 0
        while yes and act < last:
            ways.append(self._after(yes, act))
            days += 1
            act = self._days_later(first, days)
        if yes:
            ways.append(self._after(yes, last))
        return _either(ways)

    def _days_later(self, moment: Moment, days: int) -> Moment:
        """Return the same time by the clock some days later, so that no day is left out."""
        there = moment.astimezone(self.zone)
        return (there + days * _DAY).astimezone(datetime.UTC)

    def _silent(self, no: list[LiveEvent], closes: Moment) -> Days:
        """Return the way of those who did nothing: the nearest step runs now, others wait anew."""
        days: Days = {}
        dates = {one.id: _due(one, closes) for one in no}
        nearest = min(when for when in dates.values() if when is not None)
        for one in no:
            when = dates[one.id]
            if _role(one) == "decision":
                _add(days, self._decided(one, closes), 1)
            elif when is not None:
                at_once = when == nearest and not _by_clock(one)
                _add(days, self._runs(one, closes if at_once else _fitted(one, when)), 1)
        return days


def _add(total: Days, more: Days, times: int) -> None:
    for day, (low, high) in more.items():
        before = total.get(day, (0, 0))
        total[day] = (before[0] + times * low, before[1] + times * high)


def added(parts: Iterable[Days]) -> Days:
    """Return the sum by day."""
    total: Days = {}
    for part in parts:
        _add(total, part, 1)
    return total


def _either(ways: list[Days]) -> Days:
    days = {day for way in ways for day in way}
    none = (0, 0)
    return {
        day: (
            min(way.get(day, none)[0] for way in ways),
            max(way.get(day, none)[1] for way in ways),
        )
        for day in days
    }


def _role(event: LiveEvent) -> str:
    return str(event.trigger.get("eventType") or "action")


def _due(event: LiveEvent, since: Moment) -> Moment | None:
    """Return when a step is due whose wait begins then, without its window; None is never."""
    fields = live.when(event.trigger)
    if fields[0] == "immediate":
        return since
    if fields[0] == "date":
        date = event.trigger.get("triggerDate")
        if not date:
            return since
        when = Moment.fromisoformat(str(date))
        aware = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
        return max(since, _slot(aware.astimezone(datetime.UTC)))
    if fields[0] != "interval" or fields[2] not in UNIT_NAMES:
        return None  # Mautic stores such a step and never runs it
    return _slot(schedule.after(since, Delay(fields[1], fields[2])))


def _by_clock(event: LiveEvent) -> bool:
    mode, *rest = live.when(event.trigger)
    return mode == "interval" and bool(rest[2] or (rest[3] and rest[4]) or rest[5])


def _fitted(event: LiveEvent, when: Moment) -> Moment:
    """Return the first moment from this one on that lies in a step's hour, window and days."""
    if not _by_clock(event):
        return when
    _, _, _, hour, start, stop, days = live.when(event.trigger)
    if hour:
        at = _at(when, hour)
        when = at if when <= at else at + _DAY
    elif start and stop:
        opens, closes = sorted((start, stop))
        if when < _at(when, opens):
            when = _at(when, opens)
        elif when >= _at(when, closes):
            when = _at(when, opens) + _DAY
    allowed = set(days) & set(range(7))
    while allowed and when.isoweekday() % 7 not in allowed:
        when += _DAY
    return when


def _midnight(day: datetime.date, zone: datetime.tzinfo) -> Moment:
    return Moment.combine(day, datetime.time(), zone).astimezone(datetime.UTC)


def _at(day: Moment, clock: str) -> Moment:
    return day.replace(hour=int(clock[:2]), minute=int(clock[3:5]))


def _read(text: str) -> Moment:
    return _slot(Moment.fromisoformat(text).replace(tzinfo=datetime.UTC))


def _slot(moment: Moment) -> Moment:
    return moment.replace(minute=moment.minute // SLOT * SLOT, second=0, microsecond=0)

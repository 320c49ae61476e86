"""When a step is due: trigger modes, intervals, hours, windows and days of the week.

As CampaignBundle/Executioner/Scheduler of Mautic 5.1.1 does, and as it was seen to do.
"""

from __future__ import annotations

import calendar
import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pmctl.sandbox.clock import from_sql
from pmctl.sandbox.died import FatalError, GivenUpError

Event = dict[str, Any]
Moment = datetime.datetime
UNITS = "ihdmy"


def due(event: Event, now: Moment, since: Moment | None = None) -> Moment:
    """Return when a step would run whose interval counts from `since` (now); never before now.

    Windows are not looked at. Raises GivenUpError for a mode or a unit that Mautic does not know.
    """
    mode = event["triggerMode"]
    if mode in {None, "", "immediate"}:
        return now
    if mode == "interval":
        return max(_later(since or now, event), now)
    if mode == "date":
        date = event["triggerDate"]
        return max(Moment.fromisoformat(date), now) if date else now
    raise GivenUpError(f"event {event['id']} cannot be scheduled: mode {mode}")


def by_contact(event: Event) -> bool:
    """Tell whether the date depends on the contact: an interval with an hour, window or days.

    Such a step is always scheduled first, even if its date is now.
    """
    if event["triggerMode"] != "interval":
        return False
    window = event["triggerRestrictedStartHour"] and event["triggerRestrictedStopHour"]
    days = event["triggerRestrictedDaysOfWeek"]
    return bool(event["triggerHour"] or window or days) and (
        str(event["triggerIntervalUnit"]) in UNITS or bool(days)
    )


def must_wait(event: Event, when: Moment, now: Moment) -> bool:
    """Tell whether a step has to be scheduled instead of run at once."""
    return by_contact(event) or later(when, now)


def later(when: Moment, now: Moment) -> bool:
    """Tell whether a moment is after now; seconds are ignored, as Mautic does on purpose."""
    return when.replace(second=0) > now.replace(second=0)


def checked(event: Event, row: dict[str, Any], zone: str, now: Moment) -> Moment:
    """Return when a step that waited should run, by the event as it is now.

    The interval counts from the row's `date_triggered`; `trigger_date` says only when the cron
    looks. A row without `date_triggered` is a FatalError for an interval.
    """
    if event["triggerMode"] != "interval":
        return due(event, now)
    if not row["date_triggered"]:
        raise FatalError("__clone method called on non-object")
    since = from_sql(row["date_triggered"])
    when = due(event, now, since)
    return fitted(event, when, zone) if by_contact(event) else when


def fitted(event: Event, when: Moment, zone: str = "") -> Moment:
    """Move a moment into the step's hour, window and days, by the clock of the contact's zone.

    A window whose end is before its start is turned round, so there are none over night. Days
    without one of 0 (Sunday) to 6 are a FatalError: Mautic would look for such a day for ever.
    """
    start, stop = event["triggerRestrictedStartHour"], event["triggerRestrictedStopHour"]
    local = when  # days without a time of day are those of the server
    if event["triggerHour"]:
        local = _next(when.astimezone(_zone(zone)).replace(second=0), event["triggerHour"])
    elif start and stop:
        local = _into(when.astimezone(_zone(zone)), *sorted((start, stop)))
    days = {_day(day) for day in event["triggerRestrictedDaysOfWeek"] or []}
    if days and not days & set(range(7)):
        raise FatalError(f"the days {sorted(days)} never come: a loop without end")
    while days and local.isoweekday() % 7 not in days:
        local += datetime.timedelta(days=1)
    return local.astimezone(datetime.UTC)


def _day(given: Any) -> int:
    return int(given) if str(given).isdecimal() else -1


def _into(local: Moment, start: str, stop: str) -> Moment:
    opens = _at(local, start)
    if local < opens:
        return opens
    if local >= _at(local, stop):
        return opens + datetime.timedelta(days=1)
    return local


def _next(local: Moment, hour: str) -> Moment:
    today = _at(local, hour)
    return today if local <= today else today + datetime.timedelta(days=1)


def _at(local: Moment, hour: str) -> Moment:
    """The same day at HH:MM."""
    return local.replace(hour=int(hour[:2]), minute=int(hour[3:5]), second=0)


def _later(since: Moment, event: Event) -> Moment:
    count, unit = int(event["triggerInterval"] or 0), str(event["triggerIntervalUnit"] or "d")
    if unit not in UNITS:
        raise GivenUpError(f"event {event['id']}: {unit} is no unit of an interval")
    if unit in "my":
        return _months(since, count * (12 if unit == "y" else 1))
    name = {"i": "minutes", "h": "hours", "d": "days"}[unit]
    return since + datetime.timedelta(**{name: count})


def _months(since: Moment, count: int) -> Moment:
    """Add months as PHP does: a day that the month lacks runs over into the next."""
    year, month = divmod(since.month - 1 + count, 12)
    year, month = since.year + year, month + 1
    over = max(0, since.day - calendar.monthrange(year, month)[1])
    whole = since.replace(year=year, month=month, day=since.day - over)
    return whole + datetime.timedelta(days=over)


def _zone(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name) if name else datetime.UTC
    except (KeyError, ValueError, OSError):
        return datetime.UTC  # a zone that is not known counts as none

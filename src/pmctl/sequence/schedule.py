"""When a step runs after the one above it: delays, `until` hours, windows, days, time zones.

The rules are those of Mautic 5.1.1 (CampaignBundle/Executioner/Scheduler). All moments are UTC.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from pmctl.sequence.durations import Delay
    from pmctl.sequence.graph import Times

_DAY = datetime.timedelta(days=1)
_LENGTHS = {"i": datetime.timedelta(minutes=1), "h": datetime.timedelta(hours=1), "d": _DAY}
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def zone(name: str) -> datetime.tzinfo:
    """Return a time zone; none and unknown ones are UTC, as they are in Mautic."""
    try:
        return ZoneInfo(name) if name else datetime.UTC
    except (KeyError, ValueError, OSError):
        return datetime.UTC


def after(moment: datetime.datetime, delay: Delay | None) -> datetime.datetime:
    """Return the moment that lies a delay later; None is no delay."""
    if delay is None:
        return moment
    if delay.unit in _LENGTHS:
        return moment + delay.amount * _LENGTHS[delay.unit]
    months = moment.month - 1 + delay.amount * (12 if delay.unit == "y" else 1)
    first = moment.replace(year=moment.year + months // 12, month=months % 12 + 1, day=1)
    return first + (moment.day - 1) * _DAY  # PHP: January 31 and a month is March 3


def of_contact(times: Times) -> bool:
    """Tell whether the moment depends on the contact's clock; such a step never runs at once."""
    return times.hour is not None or times.window is not None


def is_later(moment: datetime.datetime, now: datetime.datetime) -> bool:
    """Tell whether a moment is yet to come; seconds do not count."""
    return moment.replace(second=0, microsecond=0) > now.replace(second=0, microsecond=0)


def fitted(times: Times, moment: datetime.datetime, where: datetime.tzinfo) -> datetime.datetime:
    """Return the first moment from this one on that lies in the hours and days of a step."""
    opens, closes = _hours(times)
    days = times.window.days if times.window else _WEEK
    local = moment.astimezone(where)
    clock = f"{local:%H:%M}"
    if not opens <= clock < closes:
        hours, minutes = map(int, opens.split(":"))
        local = local.replace(hour=hours, minute=minutes, second=0)
        local += _DAY if clock >= closes else 0 * _DAY
    while _WEEK[local.weekday()] not in days:
        local += _DAY
    return local.astimezone(datetime.UTC)


def _hours(times: Times) -> tuple[str, str]:
    if times.hour is not None:  # `until` compiles to a window of an hour
        hours, minutes = times.hour.split(":")
        return times.hour, f"{int(hours) + 1:02}:{minutes}" if hours != "23" else "23:59"
    assert times.window is not None
    return times.window.from_, times.window.to

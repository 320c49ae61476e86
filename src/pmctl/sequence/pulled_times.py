"""The trigger fields of a live event -> waits and windows of a file, or Mautic's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmctl.sequence import live
from pmctl.sequence.exact import TRIGGER
from pmctl.sequence.payload import an_hour_later

_UNITS = {"i": "m", "h": "h", "d": "d", "m": "mo", "y": "y"}  # as a file writes them
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LATEST = "23:50"  # an hour to wait for needs some minutes of its day
_HOURS = ("triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour")


def waits(trigger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the wait in front of an event, as a list that is empty when there is none."""
    moment = live.when(trigger)
    if moment[0] != "interval":
        return []
    _, amount, unit, _, start, _, days = moment
    length = f"{amount}{_UNITS.get(unit, unit)}" if amount else None
    if not start or days:
        return [{"wait": length}] if length else []
    hour = {"until": start}
    return [{"wait": {"for": length, **hour} if length else hour}]


def window_of(trigger: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the window of an email, None when it may leave at any time."""
    moment = live.when(trigger)
    if moment[0] != "interval" or not moment[4] or not moment[6]:
        return None
    return {"days": [_DAYS[day] for day in moment[6]], "from": moment[4], "to": moment[5]}


def sayable(trigger: Mapping[str, Any], *, email: bool) -> bool:
    """Whether waits, and for an email windows, can say exactly when an event runs."""
    moment = live.when(trigger)
    if moment == ("immediate",):
        return True
    if moment[0] != "interval" or moment[2] not in _UNITS or moment[3] is not None:
        return False
    _, _, _, _, start, stop, days = moment
    if not start and not stop:
        return not days
    if not start or not stop:
        return False
    if not days:
        return bool(start <= _LATEST and stop == an_hour_later(start))
    return email and start < stop and all(day in range(7) for day in days)


def verbatim(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """Return the trigger of a raw event; what is empty is left out."""
    days = live.when({**trigger, "triggerMode": "date"})[6]
    said = {
        word.rstrip("_"): live.clock(trigger.get(name)) if name in _HOURS else trigger.get(name)
        for word, name in TRIGGER.items()
    }
    said["days"] = list(days)
    if said["mode"] in (None, "immediate"):
        return {}
    return {word: value for word, value in said.items() if value not in (None, [], 0, "")}

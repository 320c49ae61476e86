"""Events of a campaign: what is written, what is stored, how they are read back."""

from __future__ import annotations

import datetime
import re
from typing import Any

from pmctl.sandbox.answers import crash
from pmctl.sandbox.kinds import CHANNELS, TYPES

Event = dict[str, Any]

HOURS = ("triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour")
SCALARS = (
    "id",
    "name",
    "description",
    "type",
    "eventType",
    "channel",
    "channelId",
    "order",
    "properties",
    "triggerDate",
    "triggerInterval",
    "triggerIntervalUnit",
    *HOURS,
    "triggerRestrictedDaysOfWeek",
    "triggerMode",
    "decisionPath",
)
WRITABLE = (
    "name",
    "description",
    "type",
    "eventType",
    "order",
    "properties",
    "triggerMode",
    "triggerIntervalUnit",
    "triggerRestrictedDaysOfWeek",
)
LONGEST_TEMP_ID = 191  # the column's size
_FULL = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)[+-]\d\d:\d\d")
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def blank() -> Event:
    """A new event, before anything of the request is set on it."""
    event: Event = dict.fromkeys(SCALARS)
    event.update(order=0, properties=[], triggerInterval=0, triggerRestrictedDaysOfWeek=[])
    return {**event, "parentId": None, "tempId": None, "today": {}}


def write(event: Event, given: dict[str, Any], today: str) -> None:
    """Set on an event what the request says of it. What is left out keeps its value.

    A time of day is shown with `today`, a date, until it is read again.

    Raise the 500 for what breaks Mautic: a missing or unknown type, an hour that is no time, a
    unit of more than one letter. Everything else is believed.
    """
    for name in WRITABLE:
        if name in given:
            event[name] = given[name]
    event["properties"] = event["properties"] or []
    for name in HOURS:
        if name in given:
            event[name], fresh = _hour(given[name])
            if fresh:
                event["today"] = {**event["today"], name: today}
    if "triggerInterval" in given:
        event["triggerInterval"] = _whole(given["triggerInterval"])
    if given.get("triggerDate"):
        event["triggerDate"] = _date(given["triggerDate"])
    _check(event)
    event["channel"], event["channelId"] = _channel(event)
    if event["channel"] is None and "channelId" in given:
        event["channelId"] = 0  # the null that was read comes back as a number


def _check(event: Event) -> None:
    if event["type"] not in TYPES.get(str(event["eventType"]), ()):
        raise crash()
    if not event["name"] or len(str(event["triggerIntervalUnit"] or "")) > 1:
        raise crash()


def _hour(value: Any) -> tuple[str | None, bool]:
    """Return HH:MM:SS and whether the answer shows it with today's date.

    A time of day becomes one of today; the form read back keeps its date.
    """
    if value in (None, ""):
        return None, False
    full, short = _FULL.fullmatch(str(value)), _HOUR.fullmatch(str(value))
    if full:
        return full[1], False
    if not short:
        raise crash()
    return f"{int(short[1]):02}:{short[2]}:{short[3] or '00'}", True


def _whole(value: Any) -> int:
    try:
        return int(float(value or 0))
    except (TypeError, ValueError):
        return 0


def _date(value: Any) -> str:
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise crash() from None
    return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).isoformat(timespec="seconds")


def _channel(event: Event) -> tuple[str | None, Any]:
    channel, name = CHANNELS.get(event["type"], (None, ""))
    properties = event["properties"]
    value: Any = properties.get(name) if isinstance(properties, dict) else None
    if isinstance(value, list):
        value = value[0] if value else None
    return channel, int(value) if str(value or "").isdecimal() else None


def read(events: list[Event]) -> list[Event]:
    """Return the events as a later GET shows them, sorted by their `order`."""
    by_depth = sorted(events, key=lambda event: (event["order"], event["id"]))
    return _read(by_depth, {event["id"]: _children(event["id"], events) for event in events})


def just_saved(events: list[Event], before: list[Event]) -> list[Event]:
    """Return the events as the answer to a write shows them, in the order of the request.

    An event that is new has no children yet. One that lost a child shows those of before that are
    left; the others are as a GET shows them.
    """
    old, left = {event["id"] for event in before}, {event["id"] for event in events}
    poorer = {event["parentId"] for event in before if event["id"] not in left}
    children: dict[int, list[Event]] = {event["id"]: [] for event in events}
    for key in old & left:
        now = _children(key, events)
        were = {event["id"] for event in _children(key, before)}
        children[key] = [one for one in events if one["id"] in were] if key in poorer else now
    return _read(events, children)


def _children(key: int, events: list[Event]) -> list[Event]:
    found = (event for event in events if event["parentId"] == key)
    return sorted(found, key=lambda event: event["id"])


def _read(shown: list[Event], children: dict[int, list[Event]]) -> list[Event]:
    """Nest parents and children in each event.

    It ends after two steps, and never comes back to an event that it is in.
    """
    by_id = {event["id"]: event for event in shown}
    return [_nested(event, by_id, children, ()) for event in shown]


def _nested(
    event: Event, by_id: dict[int, Event], children: dict[int, list[Event]], inside: tuple[int, ...]
) -> Event:
    seen = {name: event[name] for name in SCALARS}
    for name in HOURS:
        if event[name]:
            seen[name] = _shown_hour(event, name)
    if len(inside) > 1:
        return seen
    inside = (*inside, event["id"])
    if event["parentId"] not in inside:
        parent = by_id.get(event["parentId"])
        seen["parent"] = None if parent is None else _nested(parent, by_id, children, inside)
    below = [child for child in children.get(event["id"], []) if child["id"] not in inside]
    seen["children"] = [_nested(child, by_id, children, inside) for child in below]
    return seen


def _shown_hour(event: Event, name: str) -> str:
    return f"{event['today'].get(name, '1970-01-01')}T{event[name]}+00:00"

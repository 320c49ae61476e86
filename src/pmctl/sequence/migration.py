"""Where those who wait at a removed step go on, and how the campaign looks while they move.

Mautic drops who waits at an event that goes, and links nobody to what came after it (5.1.1, seen).
So they move first: the event is parked, its people get a row at the step that follows, and only
then it goes. It is parked below that step with a wait of a hundred years, where it runs for nobody
and the campaign goes on for everybody else. Unpublished, Mautic would miss replies meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.payload import LEAVING, Desired, Event

Ids = Mapping[tuple[str, str], LiveEvent]
_YEARS = 100


@dataclass(frozen=True)
class Move:
    """Who waits at an event that goes, and the event of the file at which they go on."""

    gone: LiveEvent
    to: Event


def moves(want: Desired, live: LiveCampaign, ids: Ids) -> list[Move]:
    """Return where people go on from each event that goes and whose people shall and can."""
    kept = {event.id for event in ids.values()}
    found = []
    for gone in live.events:
        if gone.id in kept or not gone.identity or want.removal(gone.identity[0]) != "continue":
            continue
        after = followers(gone, want, live, ids)
        if len(after) == 1 and after[0].role == "action":
            found.append(Move(gone, after[0]))
    return found


def followers(gone: LiveEvent, want: Desired, live: LiveCampaign, ids: Ids) -> list[Event]:
    """Return the events that hang in the file where the removed one hung, and did not before.

    When the step above went as well, it is the place of that one, and so on up the branch. An
    event that was parked by an apply which was cut short says itself where its people go.
    """
    if LEAVING in gone.records:
        return [event for event in want.events if _reference(event) == gone.records[LEAVING]]
    alive = {event.id: event for event in live.events}
    kept = {event.id for event in ids.values()}
    top = _top(gone, alive, kept)
    found = []
    for event in want.events:
        now = ids.get(event.identity)
        if now and (now.parent, now.anchor) == (top.parent, top.anchor):
            continue  # a neighbour, there all along
        if _above(event, want, ids) == top.parent and event.anchor == top.anchor:
            found.append(event)
    return found


def obstacle(gone: LiveEvent, want: Desired, live: LiveCampaign, ids: Ids) -> str:
    """Return why those who wait at a removed step cannot go on, as half a sentence; "" if they can.

    Mautic schedules nobody at a decision, and nobody can be asked at which of two steps to go on.
    """
    if not gone.identity:
        return "it was made in Mautic's builder"
    after = followers(gone, want, live, ids)
    if not after:
        return "no step follows it in the file"
    actions = [event for event in after if event.role == "action"]
    if not actions:
        return f"what follows it, {after[0].step}, is no action"
    if len(after) > 1:
        return f"{' and '.join(event.step for event in after)} both follow it"
    return ""


def parked(body: dict[str, Any], moving: list[Move], want: Desired) -> dict[str, Any]:
    """Return the body of a campaign with the events that go still in it, where nobody comes."""
    canvas = body["canvasSettings"]
    events, wires, nodes = list(body["events"]), list(canvas["connections"]), list(canvas["nodes"])
    for move in moving:
        below = str(body["events"][want.events.index(move.to)]["id"])
        events.append(_parked_event(move, len(events) + 1))
        nodes.append({"id": str(move.gone.id), "positionX": "0", "positionY": "0"})
        anchors = {"source": "bottom", "target": "top"}
        wires.append({"sourceId": below, "targetId": str(move.gone.id), "anchors": anchors})
    canvas = {**canvas, "nodes": nodes, "connections": wires}
    return {**body, "events": events, "canvasSettings": canvas}


def due(row: Mapping[str, str], now: datetime) -> datetime:
    """Return when somebody was to go on from a step, from the row of the log.

    Mautic's cron may have looked at the row after its event was parked: it was due then.
    """
    when = moment(row["trigger_date"])
    return now if when - now > timedelta(days=365 * _YEARS // 2) else when


def dates(when: datetime, to: Event) -> dict[str, str]:
    """Return the dates of a row at a step, so that its people come to it when they were due.

    Mautic (5.1.1, seen) computes the due time anew, as `dateTriggered` and the event's interval;
    `triggerDate` only says when its cron looks. Without the former that cron breaks off.
    """
    begun = when
    if to.trigger.get("triggerMode") == "interval":
        amount = int(to.trigger.get("triggerInterval") or 0)
        begun = _earlier(when, amount, str(to.trigger.get("triggerIntervalUnit") or "d"))
    return {"dateTriggered": _sql(begun), "triggerDate": _sql(when)}


def moment(text: str) -> datetime:
    """Read a date of Mautic's log, which is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _earlier(due: datetime, amount: int, unit: str) -> datetime:
    """Return the moment to which Mautic adds so much to come to `due`, or shortly before it."""
    if unit in ("m", "y"):
        months = due.year * 12 + due.month - 1 - amount * (12 if unit == "y" else 1)
        # the 28th is in every month, and a date too early is only looked at again at `due`
        return due.replace(year=months // 12, month=months % 12 + 1, day=min(due.day, 28))
    return due - amount * {"i": timedelta(minutes=1), "h": timedelta(hours=1)}.get(
        unit, timedelta(days=1)
    )


def _sql(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _reference(event: Event) -> str:
    return f"{event.step}|{event.path}"


def _top(gone: LiveEvent, alive: Mapping[int, LiveEvent], kept: set[int]) -> LiveEvent:
    """Return the highest of the events that go, from one of them up its branch."""
    while gone.parent is not None and gone.parent not in kept and gone.parent in alive:
        gone = alive[gone.parent]
    return gone


def _above(event: Event, want: Desired, ids: Ids) -> int | None:
    """Return the id of the live event above one of the file; None for the sources."""
    if event.parent < 0:
        return None
    above = ids.get(want.events[event.parent].identity)
    return above.id if above else -1  # one that is new itself


def _parked_event(move: Move, order: int) -> dict[str, Any]:
    """Return an event with a note of where its people move, and a wait that nobody sees the end of.

    Without a window or an hour, which would make Mautic compute a date of its own.
    """
    raw = move.gone.trigger  # the whole event
    step, path = move.gone.identity or ("", "")
    return {
        "id": move.gone.id,
        "name": move.gone.name,
        "description": f"pmctl step={step} path={path} {LEAVING}={_reference(move.to)}",
        "type": move.gone.type,
        "eventType": raw.get("eventType"),
        "order": order,
        "properties": dict(move.gone.properties),
        "triggerMode": "interval",
        "triggerInterval": _YEARS,
        "triggerIntervalUnit": "y",
        "triggerHour": None,
        "triggerRestrictedStartHour": None,
        "triggerRestrictedStopHour": None,
        "triggerRestrictedDaysOfWeek": [],
    }

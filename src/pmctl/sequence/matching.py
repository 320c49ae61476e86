"""Which live event is which event of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pmctl.sequence import moved
from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.payload import LEAVING, Desired, Event
from pmctl.sequence.plan import Gone


def match(want: Desired, live: LiveCampaign) -> dict[tuple[str, str], LiveEvent]:
    """Return the live event of each desired one that has one.

    First by marker; then, for what is left, the same step on another path (a fork was put above
    it or taken away); then one of the same type that hangs in the same place. Updating an event
    in place keeps its log and those who wait at it, and nobody is mailed twice.
    """
    steps = {event.step for event in want.events}
    by_identity = {
        moved.identity(event.identity, want.moved, steps): event
        for event in live.events
        if event.identity
    }
    # one that has its new name already goes before one that still has the old
    by_identity |= {event.identity: event for event in live.events if event.identity in by_identity}
    found = {
        event.identity: by_identity[event.identity]
        for event in want.events
        if event.identity in by_identity and by_identity[event.identity].type == event.type
    }
    taken = {event.id for event in found.values()}
    for event in want.events:
        if event.identity not in found:
            _take(event, found, taken, (e for (s, _), e in by_identity.items() if s == event.step))
    for event in want.events:
        if event.identity in found:
            continue
        parent = _live_parent(want, event, found)
        place = (parent, event.anchor)
        _take(event, found, taken, (e for e in live.events if (e.parent, e.anchor) == place))
    return found


def gone(live: LiveCampaign, ids: Mapping[tuple[str, str], LiveEvent]) -> Iterator[Gone]:
    """Yield the live events that are none of the file's, after `match` has found those that are."""
    kept = {event.id: identity for identity, event in ids.items()}
    for event in live.events:
        if event.id not in kept:
            yield Gone(event, kept.get(event.parent or 0))


def _take(
    event: Event,
    found: dict[tuple[str, str], LiveEvent],
    taken: set[int],
    candidates: Iterable[LiveEvent],
) -> None:
    """Let the event have the first candidate of its type that nobody has."""
    for candidate in candidates:
        if candidate.id in taken or LEAVING in candidate.records:
            continue
        if candidate.type == event.type:
            found[event.identity] = candidate
            taken.add(candidate.id)
            return


def _live_parent(
    want: Desired, event: Event, found: Mapping[tuple[str, str], LiveEvent]
) -> int | None:
    if event.parent < 0:
        return None
    parent = found.get(want.events[event.parent].identity)
    return parent.id if parent else -1  # -1: a parent that does not live yet has no live children

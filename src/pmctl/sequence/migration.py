"""Where those who wait at a removed step would go on: the step that follows it in the file.

Mautic drops who waits at an event that goes, and links nobody to what came after it (5.1.1, seen).
"""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.payload import Desired, Event

Ids = Mapping[tuple[str, str], LiveEvent]


def followers(gone: LiveEvent, want: Desired, live: LiveCampaign, ids: Ids) -> list[Event]:
    """Return the events that hang in the file where the removed one hung, and did not before.

    When the step above went as well, it is the place of that one, and so on up the branch.
    """
    alive = {event.id: event for event in live.events}
    kept = {event.id for event in ids.values()}
    top = gone
    while top.parent is not None and top.parent not in kept and top.parent in alive:
        top = alive[top.parent]
    found = []
    for event in want.events:
        now = ids.get(event.identity)
        if now and (now.parent, now.anchor) == (top.parent, top.anchor):
            continue  # a neighbour, there all along
        if _above(event, want, ids) == top.parent and event.anchor == top.anchor:
            found.append(event)
    return found


def obstacle(gone: LiveEvent, want: Desired, live: LiveCampaign, ids: Ids) -> str:
    """Return why those who wait at a removed step cannot go on, as half a sentence."""
    after = followers(gone, want, live, ids)
    if not after:
        return "no step follows it in the file"
    actions = [event for event in after if event.role == "action"]
    if not actions:
        return f"what follows it, {after[0].step}, is no action"
    if len(actions) > 1:
        return f"{' and '.join(event.step for event in actions)} both follow it"
    return f"{actions[0].step} follows it, but apply moves nobody there"


def _above(event: Event, want: Desired, ids: Ids) -> int | None:
    """Return the id of the live event above one of the file; None for the sources."""
    if event.parent < 0:
        return None
    above = ids.get(want.events[event.parent].identity)
    return above.id if above else -1  # one that is new itself

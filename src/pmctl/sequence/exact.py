"""Raw events that stand exactly where and when they say: what was built in Mautic's builder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pmctl.sequence import events, model
from pmctl.sequence.durations import UNIT_NAMES, Delay

if TYPE_CHECKING:
    from pmctl.sequence.graph import Anchor, Loc, Node

# the words of `trigger` -> Mautic's
TRIGGER = {
    "mode": "triggerMode", "interval": "triggerInterval", "unit": "triggerIntervalUnit",
    "hour": "triggerHour", "from_": "triggerRestrictedStartHour",
    "to": "triggerRestrictedStopHour", "days": "triggerRestrictedDaysOfWeek",
}  # fmt: skip

WAYS = {"then": "yes", "else": "no", "below": "below"}  # as paths say them


def node(step: model.Raw, name: str, path: str, anchor: Anchor, loc: Loc) -> Node:
    """Return the event; `data["trigger"]` goes to Mautic as it is, `times` is for pictures."""
    from pmctl.sequence.graph import Node, Times

    kind, title, data = events.action(step, name)
    said = step.raw.trigger or model.Trigger.model_validate({})
    data["trigger"] = {name: getattr(said, word) for word, name in TRIGGER.items()}
    if step.else_:
        data["within"] = "its own"  # a question that closes: it is no mere listener
    unit = said.unit or "d"
    runs_later = said.mode == "interval" and said.interval and unit in UNIT_NAMES
    times = Times(Delay(said.interval, unit)) if runs_later else Times()
    return Node(name, path, kind, title, anchor, loc, times, data)


def ways(step: model.Raw) -> Iterator[tuple[str, Anchor, list[Any]]]:
    """Yield the ways of a question: its word in the file, its anchor, its steps."""
    if step.raw.kind == "action":
        return
    yield "then", "yes", step.then
    yield "else", "no", step.else_ or []
    if step.below:
        yield "below", "bottom", step.below

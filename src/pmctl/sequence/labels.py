"""Which event of a live campaign is which of a compiled one, when they have the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pmctl.sequence.decompile import Pulled, children_of
from pmctl.sequence.kinds import event_type

if TYPE_CHECKING:
    from pmctl.sequence.graph import Graph, Node
    from pmctl.sequence.live import LiveCampaign, LiveEvent


def labelled(campaign: LiveCampaign, graph: Graph, pulled: Pulled) -> LiveCampaign:
    """Return the campaign, its events under the names of the file that was pulled from it.

    An event that has no place in the file keeps the name that it has.
    """
    kids = children_of(campaign)
    names: dict[int, tuple[str, str]] = {}
    waiting: list[tuple[Sequence[Node], list[LiveEvent]]] = [
        (graph.roots, kids.get((None, "leadsource"), []))
    ]
    while waiting:
        nodes, events = waiting.pop()
        left = list(events)
        for node in nodes:
            event = _pick(node, left, pulled)
            if event is None:
                continue
            left.remove(event)
            names[event.id] = node.identity
            waiting += [
                ([c for c in node.children if c.anchor == anchor], kids.get((event.id, anchor), []))
                for anchor in ("bottom", "yes", "no")
            ]
    called = (replace(one, identity=names.get(one.id, one.identity)) for one in campaign.events)
    return replace(campaign, events=tuple(called))


def _pick(node: Node, left: list[LiveEvent], pulled: Pulled) -> LiveEvent | None:
    """The event that a node stands for: the one its step was made of, or the next of its type."""
    own = pulled.events.get(id(_step_at(pulled.data, node.loc)))
    same = [event for event in left if event.type == event_type(node.kind, node.data)]
    first = next((event for event in same if event.id == own), None)
    known = next((event for event in same if event.identity == node.identity), None)
    made = set(pulled.events.values())
    others = [event for event in same if event.id not in made] or same
    return first or known or (others[0] if others else None)


def _step_at(data: Any, loc: tuple[str | int, ...]) -> Any:
    for word in loc:
        try:
            data = data[word]
        except (LookupError, TypeError):
            return None
    return data

"""Steps that Mautic has and the file has no longer, put into the file's tree where they hang."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast, get_args

from pmctl.errors import PmctlError
from pmctl.sequence import kinds, model
from pmctl.sequence import live as live_shape
from pmctl.sequence.durations import Delay
from pmctl.sequence.graph import Anchor, Graph, Node, Times
from pmctl.sequence.live import LiveEvent
from pmctl.sequence.plan import Gone

_KINDS = {kind.type: word for word, kind in reversed(kinds.KINDS.items())}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # Mautic's numbers for them


def haunted(graph: Graph, gone: Iterable[Gone]) -> Graph:
    """Return the graph with the events that go, each under the one it hangs under in Mautic.

    The graph that is given stays as it is.
    """
    gone = tuple(gone)
    if not gone:
        return graph
    nodes = graph.nodes()
    copies = {id(node): replace(node, children=[]) for node in nodes}
    for node in nodes:
        copies[id(node)].children = [copies[id(child)] for child in node.children]
    roots = [copies[id(root)] for root in graph.roots]
    there = {node.identity: copies[id(node)] for node in nodes}
    ghosts = {one.event.id: _node(one.event) for one in gone}
    for one in gone:
        above = there.get(one.under) if one.under else ghosts.get(one.event.parent or 0)
        (above.children if above else roots).append(ghosts[one.event.id])
    return Graph(graph.sequence, tuple(roots), graph.emails, graph.warnings)


def identity(event: LiveEvent) -> tuple[str, str]:
    """Return what a removed event is called in the tree: never what one of the file is called."""
    step, path = event.identity or (event.name, "")
    return step, f"{path} (removed {event.id})"


def _node(event: LiveEvent) -> Node:
    step, path = identity(event)
    role = str(event.trigger.get("eventType") or "action")
    kind = _membership(event) or _KINDS.get(event.type, f"raw-{role}")
    anchor = cast("Anchor", event.anchor if event.anchor in get_args(Anchor) else "bottom")
    return Node(step, path, kind, event.name, anchor, ("removed",), _times(event))


def _membership(event: LiveEvent) -> str:
    """Four words of ours are one type of Mautic: which one it is."""
    if event.type != kinds.KINDS["stop"].type:
        return ""
    leaves = live_shape.listed(event.properties.get("removeFrom"))
    if live_shape.listed(event.properties.get("addTo")):
        return "enroll"
    return "stop" if "this" in leaves else "leave" if leaves else "pass"


def _times(event: LiveEvent) -> Times:
    mode, *rest = live_shape.when(event.trigger)
    if mode != "interval":
        return Times()
    amount, unit, hour, start, stop, days = rest
    window = None
    if start and stop:
        chosen = [_DAYS[day % 7] for day in days] or list(_DAYS)
        try:
            window = model.Window.model_validate({"days": chosen, "from": start, "to": stop})
        except (ValueError, PmctlError):  # one over midnight, made in the builder
            window = None
    return Times(Delay(amount, unit) if amount else None, hour, window)

"""Graph -> pictures in every format that is text, and plain values for JSON."""

from __future__ import annotations

from typing import Any

from pmctl.sequence.drawing import Drawing, drawing
from pmctl.sequence.flowcharts import dot, mermaid
from pmctl.sequence.graph import Graph, Node
from pmctl.sequence.overlay import PLAIN, Overlay
from pmctl.sequence.page import page
from pmctl.sequence.svg import svg
from pmctl.sequence.terms import copies
from pmctl.sequence.tree import tree

__all__ = ["Drawing", "as_value", "dot", "drawing", "mermaid", "page", "svg", "tree"]


def as_value(graph: Graph, overlay: Overlay = PLAIN) -> dict[str, Any]:
    """Return the tree as JSON holds it: nodes in order, parents and children by their index.

    With people, `waiting` and `past` stand at each node that Mautic has; in a comparison,
    `change` (null, new, changed, moved, removed) and `changed`, the names of what changed.
    """
    nodes = graph.nodes()
    numbers = {id(node): number for number, node in enumerate(nodes)}
    parents = {id(child): numbers[id(node)] for node in nodes for child in node.children}
    repeated = copies(graph)
    return {
        "key": graph.sequence.key,
        "name": graph.sequence.name,
        "published": graph.sequence.published,
        "nodes": [
            {
                **_node(node),
                **_known(node, overlay),
                "copy": node.identity in repeated,
                "parent": parents.get(id(node)),
                "children": [numbers[id(child)] for child in node.children],
            }
            for node in nodes
        ],
    }


def _known(node: Node, overlay: Overlay) -> dict[str, Any]:
    known: dict[str, Any] = {}
    people = overlay.people.get(node.identity)
    if people:
        known |= {"waiting": people.waiting, "past": people.past}
    if overlay.compared:
        said = overlay.said.get(node.identity, "")
        known["change"] = overlay.marks.get(node.identity) or None
        known["changed"] = said.split(", ") if said else []
    return known


def _node(node: Node) -> dict[str, Any]:
    delay, window = node.times.delay, node.times.window
    return {
        "step": node.step,
        "path": node.path,
        "kind": node.kind,
        "role": node.role,
        "title": node.title,
        "shares": list(node.data.get("shares", ())),
        "anchor": node.anchor,
        "delay": {"amount": delay.amount, "unit": delay.unit} if delay else None,
        "hour": node.times.hour,
        "window": window.model_dump(by_alias=True) if window else None,
    }

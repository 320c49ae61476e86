"""Graph and layout -> boxes and lines as values, which every picture format is written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pmctl.sequence import terms
from pmctl.sequence.graph import Graph, Node
from pmctl.sequence.layout import Layout, Place
from pmctl.sequence.overlay import PLAIN, Mark, Overlay, People

Tone = Literal["source", "email", "on", "if", "action", "stop"]


@dataclass(frozen=True)
class Box:
    """An event, or a source of contacts."""

    id: str
    tone: Tone
    above: str  # the small line: `email · offer`
    title: str
    place: Place
    details: tuple[str, ...] = ()
    mark: Mark = ""
    people: People | None = None
    said: str = ""  # what changed: `subject, when`


@dataclass(frozen=True)
class Line:
    """A way from one box to the next; `label` says what holds a contact back on it."""

    source: str
    target: str
    anchor: str  # leadsource bottom yes no
    label: str
    removed: bool = False  # it leads to a box that goes


@dataclass(frozen=True)
class Drawing:
    """A whole campaign to be drawn; `size` is in px."""

    key: str
    name: str
    facts: tuple[str, ...]  # lines below the title
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    size: tuple[int, int]
    marked: bool = False  # whether it is one side of a comparison


def drawing(graph: Graph, layout: Layout, overlay: Overlay = PLAIN) -> Drawing:
    """Return the boxes and lines of a campaign. Same input, same value."""
    nodes = graph.nodes()
    names = {id(node): f"n{number}" for number, node in enumerate(nodes)}
    return Drawing(
        key=graph.sequence.key,
        name=graph.sequence.name,
        facts=(*_facts(graph), *overlay.facts),
        boxes=(*_sources(graph, layout), *_events(graph, layout, names, overlay)),
        lines=tuple(_lines(graph, layout, names, overlay)),
        size=layout.size,
        marked=overlay.compared,
    )


def _facts(graph: Graph) -> Iterator[str]:
    sequence = graph.sequence
    facts = [sequence.key, "published" if sequence.published else "not published"]
    if sequence.send.window:
        facts.append(f"emails {terms.window(sequence.send.window)}")
    yield " · ".join(facts)
    rules = terms.stop_rules(sequence)
    if rules:
        yield f"stops on {', '.join(rules)}"


def _sources(graph: Graph, layout: Layout) -> Iterator[Box]:
    audience = graph.sequence.audience
    for name, place in layout.sources.items():
        word = "segments" if name == "lists" else "forms"
        names = audience.segments if name == "lists" else audience.forms
        yield Box(name, "source", word, ", ".join(names), place)


def _events(
    graph: Graph, layout: Layout, names: Mapping[int, str], overlay: Overlay
) -> Iterator[Box]:
    copies = terms.copies(graph)
    for node in graph.nodes():
        word = terms.kind_word(node)
        above = node.step if node.step.startswith(word) else f"{word} · {node.step}"
        if node.identity in copies:
            above += " · copy"
        if terms.shares(node):
            above += f" · {terms.shares(node)}"
        people = overlay.people.get(node.identity)
        yield Box(
            id=names[id(node)],
            tone=_tone(node),
            above=above,
            title=terms.title(node),
            place=layout.nodes[node.identity],
            details=tuple(terms.timing(graph, node)),
            mark=overlay.marks.get(node.identity, ""),
            people=people,
            said=overlay.said.get(node.identity, ""),
        )


def _tone(node: Node) -> Tone:
    if node.role != "action":
        return "if" if node.role == "condition" else "on"
    if node.kind in ("email", "stop"):
        return "email" if node.kind == "email" else "stop"
    return "action"


def _lines(
    graph: Graph, layout: Layout, names: Mapping[int, str], overlay: Overlay
) -> Iterator[Line]:
    for number, source in enumerate(layout.sources):
        for root in graph.roots:
            label = _label(graph, root, overlay) if number == 0 else ""
            yield Line(source, names[id(root)], "leadsource", label, terms.gone(root))
    for node in graph.nodes():
        for child in node.children:
            label = _label(graph, child, overlay)
            yield Line(names[id(node)], names[id(child)], child.anchor, label, terms.gone(child))


def _label(graph: Graph, node: Node, overlay: Overlay) -> str:
    """Return `1 day later · 3,400 passed`: who went this way, to what is below it and beyond."""
    parts = [", ".join(terms.timing(graph, node))]
    people = overlay.people.get(node.identity)
    if people and people.past:
        parts.append(f"{people.past:,} passed")
    return " · ".join(filter(None, parts))

"""Graph and layout -> an SVG that shows the boxes where Mautic's builder shows them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from pmctl.sequence import terms
from pmctl.sequence.graph import Graph, Node
from pmctl.sequence.layout import HEIGHT, WIDTH, Layout, Place, line_end, line_start

HEAD, FOOT = 84, 52  # px above and below the canvas
NARROWEST = 620  # px; the legend needs it
_FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _QUIET, _PAPER, _LINE = "#0f172a", "#64748b", "#f8fafc", "#94a3b8"
_COLOURS = {
    "source": "#475569", "email": "#2563eb", "on": "#d97706", "if": "#7c3aed",
    "action": "#0d9488", "stop": "#dc2626",
}  # fmt: skip
_LEGEND = (
    ("source", "who enters"), ("email", "email"), ("on", "on: what they do"),
    ("if", "if: what is true"), ("action", "tag, segment"), ("stop", "stop"),
)  # fmt: skip
_ANSWERS = {"yes": "#15803d", "no": "#b91c1c"}
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg(graph: Graph, layout: Layout) -> str:
    """Return the picture as one self-contained document."""
    width, height = max(layout.size[0], NARROWEST), layout.size[1] + HEAD + FOOT
    left = (width - layout.size[0]) // 2
    name = _xml(f"{graph.sequence.name} ({graph.sequence.key})")
    size = f'width="{width}" height="{height}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" '
    parts = [
        f'{start}role="img" aria-labelledby="title" font-family="{_FONT}">',
        f'<title id="title">{name}</title>',
        f'<rect {size} rx="12" fill="{_PAPER}"/>',
        *_head(graph, width),
        f'<g transform="translate({left} {HEAD})">',
        *_lines(graph, layout),
        *_boxes(graph, layout),
        "</g>",
        *_legend(width, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(graph: Graph, width: int) -> Iterator[str]:
    sequence = graph.sequence
    room = width - 48
    facts = [sequence.key, "published" if sequence.published else "not published"]
    if sequence.send.window:
        facts.append(f"emails {terms.window(sequence.send.window)}")
    rules = terms.stop_rules(sequence)
    yield _text(24, 34, clip(sequence.name, room, 20), 20, _INK, bold=True)
    yield _text(24, 55, clip(" · ".join(facts), room, 12), 12, _QUIET)
    if rules:
        yield _text(24, 73, clip(f"stops on {', '.join(rules)}", room, 12), 12, _QUIET)


def _legend(width: int, height: int) -> Iterator[str]:
    y = height - 24
    yield f'<line x1="24" y1="{y - 24}" x2="{width - 24}" y2="{y - 24}" stroke="#e2e8f0"/>'
    x = 24.0
    for kind, label in _LEGEND:
        swatch = f'x="{x:.0f}" y="{y - 10}" width="12" height="12" rx="3"'
        yield f'<rect {swatch} fill="{_COLOURS[kind]}"/>'
        yield _text(x + 18, y, label, 11, _QUIET)
        x += 18 + text_width(label, 11) + 20


def _colour(node: Node) -> str:
    word = terms.kind_word(node)
    return _COLOURS.get(word, _COLOURS["action"])


def _boxes(graph: Graph, layout: Layout) -> Iterator[str]:
    audience = graph.sequence.audience
    for name, place in layout.sources.items():
        label = "segments" if name == "lists" else "forms"
        names = audience.segments if name == "lists" else audience.forms
        yield _box(place, _COLOURS["source"], label, ", ".join(names), [])
    copies = terms.copies(graph)
    for node in graph.nodes():
        word = terms.kind_word(node)
        above = node.step if node.step.startswith(word) else f"{word} · {node.step}"
        if node.identity in copies:
            above += " · copy"
        title = "the no-path begins" if node.kind == "pass" else node.title
        timing = terms.timing(graph, node)
        yield _box(layout.nodes[node.identity], _colour(node), above, title, timing)


def _box(place: Place, colour: str, above: str, title: str, more: list[str]) -> str:
    x, y = place
    tip = _xml("\n".join([above, title, *more]))
    return (
        f"<g><title>{tip}</title>"
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="#ffffff" '
        f'stroke="{colour}" stroke-opacity="0.55"/>'
        f'<path d="M{x + 7} {y}a7 7 0 0 0 -7 7v{HEIGHT - 14}a7 7 0 0 0 7 7z" fill="{colour}"/>'
        + _text(x + 15, y + 18, clip(above, WIDTH - 24, 10), 10, colour)
        + _text(x + 15, y + 35, clip(title, WIDTH - 24, 12.5), 12.5, _INK)
        + "</g>"
    )


def _lines(graph: Graph, layout: Layout) -> Iterator[str]:
    """The lines first, then their labels, so that no line runs over a label."""
    root = layout.nodes[graph.root.identity]
    labels = []
    for source in layout.sources.values():
        yield _curve(line_start("leadsource", source), line_end(root), _LINE)
    first = line_start("leadsource", next(iter(layout.sources.values())))
    labels.append(_label(first, line_end(root), terms.timing(graph, graph.root)))
    for node in graph.nodes():
        place = layout.nodes[node.identity]
        for child in node.children:
            start = line_start(child.anchor, place)
            end = line_end(layout.nodes[child.identity])
            yield _curve(start, end, _ANSWERS.get(child.anchor, _LINE))
            labels.append(_label(start, end, terms.timing(graph, child)))
            if child.anchor in _ANSWERS:
                labels.append(_answer(start, end, child.anchor))
    yield from labels


def _curve(start: Place, end: Place, colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = (y2 - y1) // 2
    return (
        f'<path d="M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2}" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-opacity="0.8"/>'
    )


def _answer(start: Place, end: Place, answer: str) -> str:
    x, y = start[0], start[1] + min(6, (end[1] - start[1]) // 10)  # rows may be close together
    return (
        f'<rect x="{x - 15}" y="{y}" width="30" height="16" rx="8" fill="{_ANSWERS[answer]}"/>'
        + _text(x, y + 11.5, answer, 10, "#ffffff", middle=True, bold=True)
    )  # fmt: skip


def _label(start: Place, end: Place, timing: list[str]) -> str:
    if not timing:
        return ""
    text = clip(", ".join(timing), WIDTH + 16, 11)
    x, y = end[0], max(start[1] + 1, end[1] - 29)
    width = text_width(text, 11) + 14
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="19" rx="9.5" '
        f'fill="{_PAPER}" stroke="#cbd5e1"/>' + _text(x, y + 13.5, text, 11, _QUIET, middle=True)
    )


def _text(
    x: float, y: float, text: str, size: float, colour: str, *,
    middle: bool = False, bold: bool = False,
) -> str:  # fmt: skip
    more = (' text-anchor="middle"' if middle else "") + (' font-weight="600"' if bold else "")
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill={quoteattr(colour)}{more}>'
        f"{_xml(text)}</text>"
    )


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("�", text))


def text_width(text: str, size: float) -> float:
    """About how many px a text takes in a sans-serif font of `size` px; rather too many."""
    return sum(_em(char) for char in text) * size


def _em(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if char in "ijlI.,:;'|!()[]{} ftr·":
        return 0.36
    return 0.9 if char in "mwMW@%—…" else 0.68 if char.isupper() else 0.6


def clip(text: str, room: float, size: float) -> str:
    """Return as much of a text as fits into `room` px, with … where it was cut."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text, size) + _em("…") * size > room:
        text = text[:-1]
    return text.rstrip() + "…"

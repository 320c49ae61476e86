"""Drawing -> an SVG that shows the boxes where Mautic's builder shows them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from pmctl.sequence.drawing import Box, Drawing
from pmctl.sequence.layout import HEIGHT, WIDTH, Place, line_end, line_start
from pmctl.sequence.overlay import SIGNS, Mark

HEAD, FOOT = 84, 52  # px above and below the canvas
NARROWEST = 640  # px; the legend needs it
BETWEEN = 32  # px between two pictures that are compared
_FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TONES = {
    "source": "#475569", "email": "#2563eb", "on": "#d97706", "if": "#7c3aed",
    "action": "#0d9488", "stop": "#dc2626",
}  # fmt: skip
LEGEND = {
    "source": "who enters", "email": "email", "on": "on: what they do",
    "if": "if: what is true", "action": "other actions", "stop": "stop",
}  # fmt: skip
MARKS = {"new": "#15803d", "changed": "#a16207", "moved": "#7e22ce", "removed": "#b91c1c"}
_DASHES = {"removed": "6 4", "moved": "2 3"}
_ANSWERS = {"yes": "#15803d", "no": "#b91c1c"}
_LINE = "#94a3b8"
# Who looks at it in the dark sees it dark; what knows no media queries (PNG) draws it light.
_STYLE = """<style>
.ink{fill:#0f172a}.quiet{fill:#64748b}.paper{fill:#f8fafc}.card{fill:#ffffff}
.pill{fill:#f8fafc;stroke:#cbd5e1}.rule{stroke:#e2e8f0}.white{fill:#ffffff}
@media (prefers-color-scheme: dark){
.ink{fill:#e2e8f0}.quiet{fill:#94a3b8}.paper{fill:#0f172a}.card{fill:#1e293b}
.pill{fill:#0f172a;stroke:#475569}.rule{stroke:#334155}}
</style>"""
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg(*drawings: Drawing, titles: Sequence[str] = ()) -> str:
    """Return the picture as one self-contained document; several drawings stand side by side.

    `titles` (`before`, `after`) are set beside the names of the drawings.
    """
    widths = [max(one.size[0], NARROWEST) for one in drawings]
    width = sum(widths) + BETWEEN * (len(drawings) - 1)
    head = HEAD + 18 * max(0, *(len(one.facts) - 2 for one in drawings))
    height = max(one.size[1] for one in drawings) + head + FOOT
    name = xml(f"{drawings[0].name} ({drawings[0].key})")
    size = f'width="{width}" height="{height}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" '
    parts = [
        f'{start}role="img" aria-labelledby="title" font-family="{_FONT}">',
        f'<title id="title">{name}</title>',
        _STYLE,
        f'<rect {size} rx="12" class="paper"/>',
    ]
    left = 0
    for number, one in enumerate(drawings):
        title = f"{titles[number]}: {one.name}" if titles else one.name
        parts += [
            f'<g transform="translate({left} 0)">',
            *_one(one, title, widths[number], head, height),
        ]
        parts.append("</g>")
        left += widths[number] + BETWEEN
    return "\n".join([*parts, "</svg>"]) + "\n"


def _one(drawing: Drawing, title: str, width: int, head: int, height: int) -> Iterator[str]:
    room = width - 48
    yield _text(24, 34, clip(title, room, 20), 20, "ink", bold=True)
    for number, fact in enumerate(drawing.facts):
        yield _text(24, 55 + 18 * number, clip(fact, room, 12), 12, "quiet")
    yield f'<g transform="translate({(width - drawing.size[0]) // 2} {head})">'
    yield from _lines(drawing)
    for box in drawing.boxes:
        yield _box(box)
    yield "</g>"
    yield from _legend(width, height, marked=drawing.marked)


def _legend(width: int, height: int, *, marked: bool) -> Iterator[str]:
    y = height - 24
    yield f'<line x1="24" y1="{y - 24}" x2="{width - 24}" y2="{y - 24}" class="rule"/>'
    x = 24.0
    for label, colour in () if marked else [(LEGEND[t], colour) for t, colour in TONES.items()]:
        swatch = f'x="{x:.0f}" y="{y - 10}" width="12" height="12" rx="3"'
        yield f'<rect {swatch} fill="{colour}"/>'
        yield _text(x + 18, y, label, 11, "quiet")
        x += 18 + text_width(label, 11) + 20
    for mark, sign in SIGNS.items() if marked else ():
        yield f'<rect x="{x:.0f}" y="{y - 13}" width="26" height="18" rx="5" {_frame(mark)}/>'
        yield _badge(x + 13, y - 4, sign, MARKS[mark], 7)
        yield _text(x + 33, y, mark, 11, "quiet")
        x += 33 + text_width(mark, 11) + 24


def _box(box: Box) -> str:
    (x, y), colour = box.place, TONES[box.tone]
    tip = [box.above, box.title, *box.details]
    if box.people:
        tip.append(f"{box.people.waiting:,} waiting, {box.people.past:,} past it")
    if box.said:
        tip.append(f"{box.mark}: {box.said}")
    waiting = f"{box.people.waiting:,} waiting" if box.people and box.people.waiting else ""
    aside = 12 if box.mark else 0  # the badge hangs over the corner
    room = WIDTH - 24 - aside - (text_width(waiting, 10) + 8 if waiting else 0)
    return (
        f"<g><title>{xml(chr(10).join(tip))}</title>{_mark(box)}"
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" class="card" '
        f'stroke="{colour}" stroke-opacity="0.55"/>'
        f'<path d="M{x + 7} {y}a7 7 0 0 0 -7 7v{HEIGHT - 14}a7 7 0 0 0 7 7z" fill="{colour}"/>'
        + _text(x + 15, y + 18, clip(box.above, room, 10), 10, colour)
        + _text(x + 15, y + 35, clip(box.title, WIDTH - 24, 12.5), 12.5, "ink")
        + _waiting(x + WIDTH - 9 - aside, y + 18, waiting)
        + (_badge(x + WIDTH, y, SIGNS[box.mark], MARKS[box.mark], 10) if box.mark else "")
        + "</g>"
    )


def _mark(box: Box) -> str:
    """A frame around a box that is new, changed or removed."""
    if not box.mark:
        return ""
    x, y = box.place
    return (
        f'<rect x="{x - 5}" y="{y - 5}" width="{WIDTH + 10}" height="{HEIGHT + 10}" rx="11" '
        f"{_frame(box.mark)}/>"
    )


def _frame(mark: Mark) -> str:
    colour = MARKS[mark]
    dash = f' stroke-dasharray="{_DASHES[mark]}"' if mark in _DASHES else ""
    return f'fill="{colour}" fill-opacity="0.16" stroke="{colour}" stroke-width="2"{dash}'


def _badge(x: float, y: float, sign: str, colour: str, size: float) -> str:
    """The sign of a mark in a disc: what tells marks apart without their colours."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{size:g}" fill="{colour}"/>' + _text(
        x, y + size * 0.45, sign, size * 1.3, "white", anchor="middle", bold=True
    )


def _waiting(x: float, y: float, said: str) -> str:
    return _text(x, y, said, 10, "ink", anchor="end", bold=True) if said else ""


def _lines(drawing: Drawing) -> Iterator[str]:
    """The lines first, then their labels, so that no line runs over a label."""
    places = {box.id: box.place for box in drawing.boxes}
    labels = []
    for line in drawing.lines:
        start = line_start(line.anchor, places[line.source])
        end = line_end(places[line.target])
        yield _curve(start, end, _ANSWERS.get(line.anchor, _LINE), dashed=line.removed)
        labels.append(_label(start, end, line.label))
        if line.anchor in _ANSWERS:
            labels.append(_answer(start, end, line.anchor))
    yield from labels


def _curve(start: Place, end: Place, colour: str, *, dashed: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = (y2 - y1) // 2
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<path d="M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2}" fill="none" '
        f'stroke="{colour}" stroke-width="1.6" stroke-opacity="0.8"{dash}/>'
    )


def _answer(start: Place, end: Place, answer: str) -> str:
    x, y = start[0], start[1] + min(6, (end[1] - start[1]) // 10)  # rows may be close together
    return (
        f'<rect x="{x - 15}" y="{y}" width="30" height="16" rx="8" fill="{_ANSWERS[answer]}"/>'
        + _text(x, y + 11.5, answer, 10, "white", anchor="middle", bold=True)
    )


def _label(start: Place, end: Place, said: str) -> str:
    if not said:
        return ""
    text = clip(said, WIDTH + 16, 11)
    x, y = end[0], max(start[1] + 1, end[1] - 29)
    width = text_width(text, 11) + 14
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y}" width="{width:.1f}" height="19" rx="9.5" '
        'class="pill"/>' + _text(x, y + 13.5, text, 11, "quiet", anchor="middle")
    )


def _text(
    x: float, y: float, text: str, size: float, colour: str, *,
    anchor: str = "", bold: bool = False,
) -> str:  # fmt: skip
    """A line of text; `colour` is a colour, or a class of the style above."""
    paint = f'fill="{colour}"' if colour.startswith("#") else f'class="{colour}"'
    more = (f' text-anchor="{anchor}"' if anchor else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" {paint}{more}>{xml(text)}</text>'


def xml(text: str) -> str:
    """Return text that XML can hold: escaped, without the characters that it forbids."""
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

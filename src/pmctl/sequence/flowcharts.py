"""Drawing -> text that other programs draw: Mermaid (GitHub, GitLab, wikis) and Graphviz dot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.sequence.drawing import Box, Drawing, Line
from pmctl.sequence.overlay import SIGNS, legend
from pmctl.sequence.svg import MARKS, TONES

_DASHES = {"removed": ",stroke-dasharray: 6 4", "moved": ",stroke-dasharray: 2 3"}
_MERMAID_SIGNS = re.compile(r'["#&<>`\[\]{}|\\]|[\x00-\x1f\x7f]')


def mermaid(drawing: Drawing) -> str:
    """Return a Mermaid flowchart, to be put between ```mermaid fences."""
    lines = ["---", f"title: {_yaml(drawing.name)}", "---", "flowchart TD"]
    lines += [f"  {_mermaid_box(box)}" for box in drawing.boxes]
    lines += [f"  {_mermaid_line(line)}" for line in drawing.lines]
    tones = dict.fromkeys(box.tone for box in drawing.boxes)
    lines += [f"  classDef {tone} stroke:{TONES[tone]},stroke-width:2px" for tone in tones]
    for mark in dict.fromkeys(box.mark for box in drawing.boxes if box.mark):
        ids = ",".join(box.id for box in drawing.boxes if box.mark == mark)
        looks = f"fill:{MARKS[mark]},color:#ffffff,stroke-width:3px{_DASHES.get(mark, '')}"
        lines += [f"  classDef {mark} {looks}", f"  class {ids} {mark}"]
    lines += _mermaid_legend(drawing)
    return "\n".join(lines) + "\n"


def _mermaid_legend(drawing: Drawing) -> Iterator[str]:
    keys = legend(box.mark for box in drawing.boxes)
    if not keys:
        return
    yield '  subgraph legend["against Mautic"]'
    yield from (f'    legend_{mark}("{sign} {mark}"):::{mark}' for mark, sign in keys)
    yield "  end"


def _mermaid_box(box: Box) -> str:
    open_, close = ("{{", "}}") if box.tone in ("on", "if") else ("(", ")")
    text = "<br/>".join(map(_mermaid_text, (*_mark(box), box.above, box.title, *_people(box))))
    return f'{box.id}{open_}"{text}"{close}:::{box.tone}'


def _mermaid_line(line: Line) -> str:
    said = _said(line)
    arrow = "-.->" if line.removed else "-->"
    return f"{line.source} {arrow}" + (f'|"{_mermaid_text(said)}"| ' if said else " ") + line.target


def _mermaid_text(text: str) -> str:
    """Everything that Mermaid or its HTML might read becomes a code: `#quot;`-like, by number."""
    return _MERMAID_SIGNS.sub(lambda sign: f"#{ord(sign[0])};" if sign[0] >= " " else " ", text)


def _yaml(text: str) -> str:
    return '"' + re.sub(r'[\\"]|[\x00-\x1f\x7f]', " ", text) + '"'


def dot(drawing: Drawing) -> str:
    """Return a digraph for Graphviz: `dot -Tpdf`."""
    body = [
        f"label={_quoted(drawing.name)} labelloc=t rankdir=TB",
        'node [shape=box style="rounded,filled" fillcolor=white fontname="sans-serif"]',
        'edge [color="#94a3b8" fontname="sans-serif" fontsize=10]',
        *map(_dot_box, drawing.boxes),
        *map(_dot_line, drawing.lines),
        *_dot_legend(drawing),
    ]
    return "\n".join([f"digraph {_quoted(drawing.key)} {{", *(f"  {row}" for row in body), "}\n"])


def _dot_box(box: Box) -> str:
    label = "\n".join([*_mark(box), box.above, box.title, *_people(box)])
    fill = f' fillcolor="{MARKS[box.mark]}33" penwidth=3' if box.mark else ""
    asks = box.tone in ("on", "if")
    styles = ["filled"] if asks else ["rounded", "filled"]
    styles += ["dashed"] if box.mark == "removed" else ["dotted"] if box.mark == "moved" else []
    shape = " shape=diamond" if asks else ""
    style = f' style="{",".join(styles)}"' if asks or len(styles) > 2 else ""
    return f'{box.id} [label={_quoted(label)} color="{TONES[box.tone]}"{fill}{shape}{style}]'


def _dot_legend(drawing: Drawing) -> Iterator[str]:
    for mark, sign in legend(box.mark for box in drawing.boxes):
        pairs = f'label="{sign} {mark}" fillcolor="{MARKS[mark]}33" penwidth=3 fontsize=10'
        yield f"legend_{mark} [{pairs}]"


def _dot_line(line: Line) -> str:
    said = _said(line)
    pairs = ([f"label={_quoted(said)}"] if said else []) + ["style=dashed"] * line.removed
    return f"{line.source} -> {line.target}" + (f" [{' '.join(pairs)}]" if pairs else "")


def _said(line: Line) -> str:
    answer = line.anchor if line.anchor in ("yes", "no") else ""
    return ", ".join(filter(None, (answer, line.label)))


def _people(box: Box) -> Iterator[str]:
    if box.people and box.people.waiting:
        yield f"{box.people.waiting:,} waiting"


def _mark(box: Box) -> Iterator[str]:
    """`+ new`, or `~ changed: subject`: the sign and the words, for who does not see the colour."""
    if box.mark:
        said = f": {box.said}" if box.said and box.mark in ("changed", "moved") else ""
        yield f"{SIGNS[box.mark]} {box.mark}{said}"


def _quoted(text: str) -> str:
    bare = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", " ", text)
    return '"' + bare.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

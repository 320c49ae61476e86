"""Drawing -> text that other programs draw: Mermaid (GitHub, GitLab, wikis) and Graphviz dot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.sequence.drawing import Box, Drawing, Line
from pmctl.sequence.svg import MARKS, TONES

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
        lines += [f"  classDef {mark} fill:{MARKS[mark]},color:#ffffff", f"  class {ids} {mark}"]
    return "\n".join(lines) + "\n"


def _mermaid_box(box: Box) -> str:
    open_, close = ("{{", "}}") if box.tone in ("on", "if") else ("(", ")")
    text = "<br/>".join(map(_mermaid_text, (box.above, box.title, *_people(box))))
    return f'{box.id}{open_}"{text}"{close}:::{box.tone}'


def _mermaid_line(line: Line) -> str:
    said = _said(line)
    return f"{line.source} -->" + (f'|"{_mermaid_text(said)}"| ' if said else " ") + line.target


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
    ]
    return "\n".join([f"digraph {_quoted(drawing.key)} {{", *(f"  {row}" for row in body), "}\n"])


def _dot_box(box: Box) -> str:
    label = "\n".join([box.above, box.title, *_people(box)])
    fill = f' fillcolor="{MARKS[box.mark]}33"' if box.mark else ""
    shape = " shape=diamond style=filled" if box.tone in ("on", "if") else ""
    return f'{box.id} [label={_quoted(label)} color="{TONES[box.tone]}"{fill}{shape}]'


def _dot_line(line: Line) -> str:
    said = _said(line)
    label = f" [label={_quoted(said)}]" if said else ""
    return f"{line.source} -> {line.target}{label}"


def _said(line: Line) -> str:
    answer = line.anchor if line.anchor in ("yes", "no") else ""
    return ", ".join(filter(None, (answer, line.label)))


def _people(box: Box) -> Iterator[str]:
    if box.people:
        yield f"{box.people.waiting:,} waiting, {box.people.past:,} past"


def _quoted(text: str) -> str:
    bare = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", " ", text)
    return '"' + bare.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

"""Drawings -> one HTML page that needs nothing else: the picture, and its steps as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pmctl.sequence.drawing import Box, Drawing
from pmctl.sequence.overlay import SIGNS
from pmctl.sequence.svg import svg

_STYLE = """
:root{color-scheme:light dark;--ink:#0f172a;--paper:#fff;--quiet:#64748b;--rule:#e2e8f0}
@media (prefers-color-scheme: dark){:root{--ink:#e2e8f0;--paper:#0b1220;--quiet:#94a3b8;
--rule:#334155}}
body{margin:0 auto;max-width:1200px;padding:24px;color:var(--ink);background:var(--paper);
font:15px/1.5 -apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
h1{font-size:18px;margin:0 0 8px}
figure{margin:0 0 28px;overflow-x:auto}figure svg{display:block;margin:0 auto;max-width:none}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);
vertical-align:top}
th{color:var(--quiet);font-weight:600}.number{text-align:right}
@media print{figure svg{width:100%;height:auto}}
"""
_NUMBER = ' class="number"'


def page(*drawings: Drawing, titles: Sequence[str] = ()) -> str:
    """Return the document; the table tells of the last drawing (with two, of what will be)."""
    shown = drawings[-1]
    counted = any(box.people for box in shown.boxes)
    marked = any(box.mark for one in drawings for box in one.boxes)
    heads = ["step", "what", "when"] + ["change"] * marked + ["waiting", "past"] * counted
    numbers = {"waiting", "past"}
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(shown.name)}</title><style>{_STYLE}</style></head><body>",
            f"<figure>{svg(*drawings, titles=titles)}</figure>",
            f"<h1>The steps of {escape(shown.name)}</h1>",
            "<table><thead><tr>",
            *(f"<th{_NUMBER * (head in numbers)}>{head}</th>" for head in heads),
            "</tr></thead><tbody>",
            *_rows(shown, marked=marked, counted=counted),
            "</tbody></table></body></html>\n",
        ]
    )


def _change(box: Box) -> str:
    if not box.mark:
        return ""
    return f"{SIGNS[box.mark]} {box.mark}" + (f": {box.said}" if box.said else "")


def _rows(drawing: Drawing, *, marked: bool, counted: bool) -> Iterator[str]:
    for box in drawing.boxes:
        cells = [escape(box.above), escape(box.title), escape(", ".join(box.details))]
        cells += [escape(_change(box))] * marked
        row = [f"<td>{cell}</td>" for cell in cells]
        if counted:
            both = (box.people.waiting, box.people.past) if box.people else ("", "")
            row += [f"<td{_NUMBER}>{n:,}</td>" if n != "" else "<td></td>" for n in both]
        yield f"<tr>{''.join(row)}</tr>"

"""Charts and their tables -> one HTML page that asks nothing of any server. Values in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from pmctl.charts.svg import STYLE, Chart, inline

_STYLE = """
:root{color-scheme:light dark;--ink:#0f172a;--paper:#fff;--quiet:#475569;--rule:#cbd5e1}
@media screen and (prefers-color-scheme: dark){:root{--ink:#e2e8f0;--paper:#0b1220;
--quiet:#a3b1c6;--rule:#334155}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:808px;padding:24px;color:var(--ink);background:var(--paper);
font:15px/1.5 -apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:36px 0 12px}
p{margin:4px 0;color:var(--quiet)}
figure{margin:0;overflow-x:auto}figure svg{display:block;width:100%;height:auto}
@media screen{figure svg{min-width:560px}}
.table{overflow-x:auto;margin-top:12px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--quiet);padding:4px 0}
th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid var(--rule);
vertical-align:top}
thead th{color:var(--quiet);font-weight:600}tbody th{font-weight:400}
.number{text-align:right;white-space:nowrap}
dt{font-weight:600;margin-top:10px}dd{margin:0;color:var(--quiet)}
summary{cursor:pointer;margin-top:12px;color:var(--quiet)}
@media print{
@page{margin:14mm}
body{max-width:none;padding:0;font-size:11pt}th,td{padding-top:2px;padding-bottom:2px}
h2{break-after:avoid}figure,tr{break-inside:avoid}thead{display:table-header-group}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
# nothing is fetched, whatever a name in the data says
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Table:
    """Rows of text; the columns in `numbers` (from 0) are set flush right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = field(default_factory=tuple)


@dataclass(frozen=True)
class Section:
    """A heading with a chart, the table of its values, and a remark; each may be missing."""

    heading: str
    chart: Chart | None = None
    table: Table | None = None
    remark: str = ""


def page(
    title: str, about: Sequence[str], sections: Sequence[Section], terms: Sequence[tuple[str, str]]
) -> str:
    """Return the document; `about` are lines below the title, `terms` the words explained."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}{STYLE}</style></head><body>",
            f"<header><h1>{escape(title)}</h1>",
            *(f"<p>{escape(line)}</p>" for line in about),
            "</header><main>",
            *(part for number, one in enumerate(sections) for part in _section(one, number)),
            *_terms(terms),
            "</main></body></html>\n",
        ]
    )


def _section(section: Section, number: int) -> Iterator[str]:
    yield f'<section aria-labelledby="s{number}"><h2 id="s{number}">{escape(section.heading)}</h2>'
    if section.chart:
        yield f"<figure>{inline(section.chart, number)}</figure>"
    if section.remark:
        yield f"<p>{escape(section.remark)}</p>"
    if section.table:
        yield from _table(section.table)
    yield "</section>"


def _table(table: Table) -> Iterator[str]:
    right = dict.fromkeys(table.numbers, ' class="number"')
    yield f'<div class="table"><table><caption>{escape(table.caption)}</caption><thead><tr>'
    for place, head in enumerate(table.head):
        yield f'<th scope="col"{right.get(place, "")}>{escape(head)}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        first, *rest = row
        cells = "".join(
            f"<td{right.get(place, '')}>{escape(cell)}</td>" for place, cell in enumerate(rest, 1)
        )
        yield f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _terms(terms: Sequence[tuple[str, str]]) -> Iterator[str]:
    if terms:
        yield '<section aria-labelledby="terms"><h2 id="terms">What the figures mean</h2><dl>'
        for name, meaning in terms:
            yield f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>"
        yield "</dl></section>"

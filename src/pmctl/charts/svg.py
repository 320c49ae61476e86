"""Charts as SVG: tiles with numbers, lines over time, bars. Values in, text out.

Each chart has a title and a description for who cannot see it, and its colours differ in lightness
as well as in hue. Who looks at it in the dark sees it dark; printed, or by what knows no media
queries (PNG), it is light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pmctl.sequence.svg import clip, text_width, xml

WIDTH = 760  # px of every chart
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# a class of each; dashes tell lines apart where colours do not
KINDS = ("sent", "opened", "clicked", "replied")
_DASHES = {"opened": "", "clicked": "7 4", "replied": "2 3", "sent": ""}
STYLE = """
.ink{fill:#0f172a}.quiet{fill:#475569}.paper{fill:#ffffff}.tile{fill:#f1f5f9}
.rule{stroke:#cbd5e1;fill:none}.track{fill:#e2e8f0}
.sent{fill:#2563eb}.opened{fill:#15803d}.clicked{fill:#b45309}.replied{fill:#7c3aed}
.line{fill:none;stroke-width:2.2;stroke-linejoin:round}
.line.sent{stroke:#2563eb}.line.opened{stroke:#15803d}
.line.clicked{stroke:#b45309}.line.replied{stroke:#7c3aed}
@media screen and (prefers-color-scheme: dark){
.ink{fill:#e2e8f0}.quiet{fill:#a3b1c6}.paper{fill:#0b1220}.tile{fill:#1e293b}
.rule{stroke:#334155}.track{fill:#1e293b}
.sent{fill:#60a5fa}.opened{fill:#4ade80}.clicked{fill:#fbbf24}.replied{fill:#c4b5fd}
.line{fill:none}
.line.sent{stroke:#60a5fa}.line.opened{stroke:#4ade80}
.line.clicked{stroke:#fbbf24}.line.replied{stroke:#c4b5fd}}
"""


@dataclass(frozen=True)
class Chart:
    """A drawing of WIDTH px; `parts` are its elements, `said` describes it in words."""

    title: str
    said: str
    height: float
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """A number with its name above and a remark below."""

    name: str
    number: str
    remark: str


@dataclass(frozen=True)
class Bar:
    """One bar; `share` is the words beside it."""

    kind: str
    value: float
    share: str = ""


def inline(chart: Chart, number: int) -> str:
    """Return a chart for a page; `number` makes its ids unique there."""
    return _svg(chart, f"c{number}", style="", edge=24)


def document(title: str, about: str, charts: Sequence[Chart]) -> str:
    """Return one SVG file with the charts below each other."""
    parts = [text(24, 38, clip(title, WIDTH - 48, 22), 22, "ink", bold=True)]
    parts.append(text(24, 62, clip(about, WIDTH - 48, 13), 13, "quiet"))
    top = 84.0
    for chart in charts:
        parts.append(f'<g transform="translate(0 {top:g})"><title>{xml(chart.title)}</title>')
        parts += [text(24, 16, chart.title, 15, "ink", bold=True)]
        parts += ['<g transform="translate(0 26)">', *chart.parts, "</g></g>"]
        top += chart.height + 52
    said = " ".join(chart.said for chart in charts)
    whole = Chart(f"{title}, {about}", said, top, tuple(parts))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(whole, "report", style=STYLE)


def _svg(chart: Chart, name: str, *, style: str, edge: int = 0) -> str:
    """`edge`: px cut off left and right, where a page has its own."""
    width = WIDTH - 2 * edge
    size = f'width="{width}" height="{chart.height:g}"'
    paper = f'<rect {size} class="paper"/>' if style else ""
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{edge} 0 {width} '
                f'{chart.height:g}" role="img" aria-labelledby="{name}-title {name}-desc" '
                f'font-family="{FONT}">'
            ),
            f'<title id="{name}-title">{xml(chart.title)}</title>',
            f'<desc id="{name}-desc">{xml(chart.said)}</desc>',
            *([f"<style>{style}</style>"] if style else []),
            paper,
            *chart.parts,
            "</svg>\n",
        ]
    )


def tiles(title: str, found: Sequence[Tile]) -> Chart:
    """Return numbers side by side."""
    gap, edge = 12, 24
    width = (WIDTH - 2 * edge - gap * (len(found) - 1)) / max(1, len(found))
    parts: list[str] = []
    for number, tile in enumerate(found):
        x = edge + number * (width + gap)
        room = width - 24
        size = next((s for s in (28, 24, 20, 16) if text_width(tile.number, s) <= room), 14)
        parts += [
            f'<rect x="{x:g}" y="0" width="{width:g}" height="92" rx="8" class="tile"/>',
            text(x + 12, 24, clip(tile.name, room, 13), 13, "quiet"),
            text(x + 12, 56, clip(tile.number, room, size), size, "ink", bold=True),
            text(x + 12, 78, clip(tile.remark, room, 11.5), 11.5, "quiet"),
        ]
    said = ". ".join(f"{t.name}: {t.number} {t.remark}".strip() for t in found)
    return Chart(title, f"{said}.", 92, tuple(parts))


def lines(
    title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]
) -> Chart:
    """Return lines over time, one for each (kind, values); a label for each value."""
    left, right, top, low = 64, WIDTH - 24, 34, 234
    most, step = _scale(max((max(v, default=0) for _, v in series), default=0))
    parts = _legend(series)
    for tick in range(round(most / step) + 1):
        y = low - (low - top) * tick * step / most
        parts.append(f'<path d="M{left} {y:.1f}H{right}" class="rule"/>')
        parts.append(text(left - 8, y + 4, f"{tick * step:,.0f}", 11, "quiet", anchor="end"))
    xs = [left + (right - left) * (n + 0.5) / len(labels) for n in range(len(labels))]
    for place in _some(len(labels), 7):
        parts.append(text(xs[place], low + 18, labels[place], 11, "quiet", anchor="middle"))
    for kind, values in series:
        points = [(x, low - (low - top) * v / most) for x, v in zip(xs, values, strict=True)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dash = f' stroke-dasharray="{_DASHES[kind]}"' if _DASHES.get(kind) else ""
        parts.append(f'<path d="{path}" class="line {kind}"{dash}/>')
        if len(points) <= 40:
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{kind}"/>' for x, y in points
            ]
    return Chart(title, _said(labels, series), 262, tuple(parts))


def _legend(series: Sequence[tuple[str, Sequence[float]]]) -> list[str]:
    parts, x = [], 64.0
    for kind, values in series:
        dash = f' stroke-dasharray="{_DASHES[kind]}"' if _DASHES.get(kind) else ""
        parts.append(f'<path d="M{x:g} 12h26" class="line {kind}"{dash}/>')
        label = f"{kind} {sum(values):,.0f}"
        parts.append(text(x + 34, 16, label, 12, "ink"))
        x += 34 + text_width(label, 12) + 24
    return parts


def _said(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> str:
    sums = ", ".join(f"{kind} {sum(values):,.0f}" for kind, values in series)
    return f"From {labels[0]} to {labels[-1]}: {sums} in all. The table has every value."


def bars(title: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> Chart:
    """Return groups of bars, each (name, bars); the longest bar of all is as long as can be."""
    left, right, tall = 112, WIDTH - 190, 15
    most = max((bar.value for _, found in groups for bar in found), default=0) or 1
    parts: list[str] = []
    y = 0.0
    for name, found in groups:
        parts.append(text(24, y + 13, clip(name, WIDTH - 48, 13), 13, "ink", bold=True))
        y += 22
        for bar in found:
            length = (right - left) * bar.value / most
            words = f"{bar.value:,.0f}" + (f"  {bar.share}" if bar.share else "")
            parts += [
                text(left - 10, y + 12, bar.kind, 12, "quiet", anchor="end"),
                (
                    f'<rect x="{left}" y="{y:g}" width="{right - left}" height="{tall}" rx="3" '
                    'class="track"/>'
                ),
                (
                    f'<rect x="{left}" y="{y:g}" width="{max(length, 2 * (bar.value > 0)):.1f}" '
                    f'height="{tall}" rx="3" class="{bar.kind}"/>'
                ),
                text(right + 10, y + 12, clip(words, WIDTH - right - 12, 12), 12, "ink"),
            ]
            y += tall + 5
        y += 10
    said = "; ".join(
        f"{name}: " + ", ".join(f"{bar.kind} {bar.value:,.0f} {bar.share}".strip() for bar in found)
        for name, found in groups
    )
    return Chart(title, f"{said}.", max(y, 20), tuple(parts))


def _scale(most: float) -> tuple[float, float]:
    """Return the top of an axis and the step between its marks: 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return 1, 1
    rough = max(1.0, most / 4)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    return step * math.ceil(most / step), step


def _some(count: int, most: int) -> list[int]:
    """Return at most `most` places of `count`, evenly spread, the first one among them."""
    every = max(1, math.ceil(count / most))
    return list(range(0, count, every))


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    colour: str,
    *,
    anchor: str = "",
    bold: bool = False,
) -> str:
    """Return a line of text; `colour` is a class of the style."""
    more = (f' text-anchor="{anchor}"' if anchor else "") + (' font-weight="600"' if bold else "")
    place = f'x="{x:.1f}" y="{y:g}" font-size="{size:g}"'
    return f'<text {place} class="{colour}"{more} xml:space="preserve">{xml(words)}</text>'

"""Charts made of characters: bars, columns and sparklines. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_LADDER = " " + _LEVELS


def bar(value: float, most: float, width: int, *, ascii_only: bool = False) -> str:
    """Return a bar as long as `value` is of `most`; anything above nothing can be seen."""
    if most <= 0 or value <= 0:
        return ""
    eighths = max(1, round(min(value / most, 1) * width * 8))
    if ascii_only:
        return "#" * max(1, round(eighths / 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sparkline(values: Sequence[float], *, ascii_only: bool = False) -> str:
    """Return one character for each value; zero is the lowest, and a space where all are zero."""
    levels = " .:-=+*#"[1:] if ascii_only else _LEVELS
    most = max(values, default=0)
    if most <= 0:
        return levels[0] * len(values)
    top = len(levels) - 1
    return "".join(levels[0 if v <= 0 else max(1, round(v / most * top))] for v in values)


def columns(values: Sequence[float], width: int, height: int) -> list[str]:
    """Return `height` lines, at most `width` wide, with a column for each value.

    With more values than room each column is the highest of its neighbours.
    """
    if not values:
        return []
    shown = _peaks(values, width)
    most = max(shown) or 1
    each = max(1, min(6, width // len(shown)))
    eighths = [0 if v <= 0 else max(1, round(v / most * height * 8)) for v in shown]
    lines = []
    for row in reversed(range(height)):
        cells = (_LADDER[max(0, min(8, tall - 8 * row))] for tall in eighths)
        filled = each - (each > 2)  # a gap between them where there is room
        lines.append("".join(cell * filled + " " * (each - filled) for cell in cells).rstrip())
    return lines


def _peaks(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    edges = [round(n * len(values) / most) for n in range(most + 1)]
    return [max(values[a:b] or [0]) for a, b in itertools.pairwise(edges)]

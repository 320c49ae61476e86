"""Charts made of characters: bars, sparklines and lines of braille dots. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
# the bit of each of the 2 x 4 dots of a braille character, left column then right
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800


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


def line(values: Sequence[float], width: int, height: int) -> list[str]:
    """Return `height` lines of braille, at most `width` wide, as an area below the values."""
    if not values:
        return []
    columns = _columns(values, width * 2)
    most = max(columns) or 1
    dots = height * 4
    cells = [[0] * ((len(columns) + 1) // 2) for _ in range(height)]
    for x, value in enumerate(columns):
        tall = 0 if value <= 0 else max(1, round(value / most * dots))
        for y in range(tall):
            row = height - 1 - y // 4
            cells[row][x // 2] |= _DOTS[x % 2][3 - y % 4]
    return ["".join(chr(_BRAILLE + bits) for bits in row).rstrip(chr(_BRAILLE)) for row in cells]


def _columns(values: Sequence[float], most: int) -> list[float]:
    """Return the values, spread over columns of dots: repeated when few, the peaks when many."""
    if len(values) <= most:
        each = max(1, min(8, most // len(values)))
        return [value for value in values for _ in range(each)]
    edges = [round(n * len(values) / most) for n in range(most + 1)]
    return [max(values[a:b] or [0]) for a, b in itertools.pairwise(edges)]

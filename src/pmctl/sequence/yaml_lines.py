"""Which lines of a YAML text belong to a key or an item: with the comments above it."""

from __future__ import annotations


def top_of(lines: list[str], line: int, column: int) -> int:
    """The first line of the comments and blank lines that lead to `line`."""
    top = line
    while top and _leads(lines[top - 1], column):
        top -= 1
    return top


def _leads(line: str, column: int) -> bool:
    """Deeper than its key, a line with # may be text of a block above."""
    bare = line.lstrip(" ")
    return not bare or (bare.startswith("#") and len(line) - len(bare) <= column)


def end_of(lines: list[str], last: int, column: int) -> int:
    """The line after everything that belongs to the key on the line `last`."""
    for number in range(last + 1, len(lines)):
        bare = lines[number].lstrip(" ")
        if bare and not bare.startswith("#") and len(lines[number]) - len(bare) <= column:
            in_list = bare.startswith("- ") and len(lines[number]) - len(bare) == column
            if not in_list:
                return number
    return len(lines)

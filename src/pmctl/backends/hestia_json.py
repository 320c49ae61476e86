"""HestiaCP's listings: JSON that shell scripts print with echo, and that is sometimes none.

A backslash, a quote, a tab or a control character in one value makes the whole document invalid
(seen on HestiaCP 1.9.9, where one user's name hides all users). Each value stands on a line of
its own, so what strict JSON refuses is read line by line: one odd value never hides the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

_OPENING = re.compile(r'\s*"(?P<name>.*)"\s*:\s*\{\s*')
_FIELD = re.compile(r'\s*"(?P<name>[A-Za-z0-9_]+)"\s*:\s*(?P<value>["\[].*)', re.DOTALL)
_CLOSING = re.compile(r"\s*\}\s*,?\s*")
_END = re.compile(r"\}|\s*\}\}")  # v-list-users has both braces on one line
_ENDED = re.compile(r'.*"\s*,?\s*|.*\]\s*,?\s*', re.DOTALL)


@dataclass(frozen=True)
class Listing:
    """Rows by name, in the server's order. `odd` are the names of rows that were not valid JSON."""

    rows: dict[str, Row] = field(default_factory=dict)
    odd: tuple[str, ...] = ()


def listing(text: str) -> Listing | None:
    """Return what a list command printed; None when it is no listing at all."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _line_by_line(text)
    if isinstance(found, list):  # names without more, or rows without names
        named = {str(n): row if isinstance(row, dict) else {"NAME": row}
                 for n, row in enumerate(found, 1)}  # fmt: skip
        return Listing(named)
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        return None
    return Listing(found)


def _line_by_line(text: str) -> Listing | None:
    last = text.rstrip().rpartition("\n")[2]
    if not text.lstrip().startswith("{") or not _END.fullmatch(last):
        return None  # half of a listing would look like all of it
    rows: dict[str, Row] = {}
    odd: list[str] = []
    name = None
    for line in _joined(text.split("\n")):
        opening = _OPENING.fullmatch(line)
        if name is None and opening:
            name = opening["name"]
            rows[name] = {}
            continue
        if name is None:
            continue  # the outermost braces
        if _CLOSING.fullmatch(line):
            name = None
            continue
        given = _FIELD.fullmatch(line)
        if given:
            value, plain = _value(given["value"])
            rows[name][given["name"]] = value
            if not plain:
                odd.append(name)
    return Listing(rows, tuple(dict.fromkeys(odd))) if rows else None


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield lines; a value with line ends in it comes whole."""
    begun = ""
    for line in lines:
        begun = f"{begun}\n{line}" if begun else line
        unfinished = _FIELD.fullmatch(begun) and not _ENDED.fullmatch(begun)
        if not unfinished:
            yield begun
            begun = ""
    if begun:
        yield begun


def _value(text: str) -> tuple[Any, bool]:
    """Return a value and whether it was JSON; one that was not is taken as it stands."""
    text = text.strip().removesuffix(",").rstrip()
    try:
        return json.loads(text), True
    except (ValueError, RecursionError):
        return text.removeprefix('"').removesuffix('"'), False

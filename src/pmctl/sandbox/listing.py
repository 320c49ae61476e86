"""Lists: where, search, order and page of a collection, as /campaigns, /emails and others do."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pmctl.sandbox.answers import crash
from pmctl.sandbox.query import Where, number, wheres

Row = Mapping[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
DEFAULT_LIMIT = 30


def select(
    rows: Iterable[Row], query: dict[str, Any], text: Sequence[str], order: str = "id"
) -> tuple[int, list[Row]]:
    """Return the true total and the rows of the page asked for.

    `text` names the columns that a free search looks at, `order` the column a list is sorted by
    when nothing is asked. `limit=0` gives all rows. An array as value of a condition is a 500.
    """
    found = [row for row in rows if searched(row, str(query.get("search", "")), text)]
    for where in wheres(query):
        if isinstance(where.value, dict):
            raise crash()
        found = [row for row in found if holds(row, where)]
    by = str(query.get("orderBy") or order)
    if found and by not in found[0]:
        raise crash()
    descending = str(query.get("orderByDir", "asc")).lower() == "desc"
    found.sort(key=lambda row: _sort_key(row[by]), reverse=descending)
    return len(found), page(found, query)


def page(rows: list[Row], query: dict[str, Any]) -> list[Row]:
    """Cut one page out of the rows; 30 if nothing is asked, all for 0."""
    start, limit = number(query, "start", 0), number(query, "limit", DEFAULT_LIMIT)
    return rows[start : start + limit] if limit > 0 else rows[start:]


def holds(row: Row, where: Where) -> bool:
    """Tell whether a row meets a condition. An unknown column is a 500."""
    if where.column not in row:
        raise crash()
    return compare(row[where.column], where)


def compare(value: Any, where: Where) -> bool:
    """Compare as MySQL does: NULL meets nothing, numbers as numbers, text without case.

    An expression that Mautic does not know is ignored: every row meets it.
    """
    if where.expression in {"isNull", "isNotNull"}:
        return (value is None) == (where.expression == "isNull")
    if value is None:
        return where.expression not in _COMPARE and where.expression != "like"
    if where.expression == "like":
        return like(str(value), str(where.value))
    test = _COMPARE.get(where.expression)
    return test is None or test(*_alike(value, where.value))


def like(value: str, pattern: str) -> bool:
    """SQL's LIKE: `%` is any text, `_` any character, case does not matter."""
    return _pattern(pattern).fullmatch(value) is not None


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    parts = [{"%": ".*", "_": "."}.get(char, re.escape(char)) for char in text]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def searched(row: Row, search: str, text: Sequence[str]) -> bool:
    """Tell whether a row meets a free search.

    In quotes it is one piece of text. Without, every word must be found, and a word with a colon
    is a filter command: of those only `ids:` is known here, any other finds nothing.
    """
    search = search.strip()
    if len(search) > 1 and search[0] == search[-1] == '"':
        return _contains(row, search[1:-1], text)
    return all(_word(row, word, text) for word in search.split())


def _word(row: Row, word: str, text: Sequence[str]) -> bool:
    command, colon, value = word.partition(":")
    if colon:
        return command == "ids" and str(row["id"]) in value.split(",")
    if "*" in word:
        return any(fnmatch.fnmatch(str(row[name]).lower(), f"*{word.lower()}*") for name in text)
    return _contains(row, word, text)


def _contains(row: Row, part: str, text: Sequence[str]) -> bool:
    return any(part.lower() in str(row[name] or "").lower() for name in text)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    try:
        return float(left), float(right)
    except (TypeError, ValueError):
        return str(left).lower(), str(right).lower()


def _sort_key(value: Any) -> tuple[bool, Any, str]:
    if isinstance(value, int | float):
        return (True, float(value), "")
    return (value is not None, 0.0, str(value).lower())

"""Compare two JSON values: same keys in the same order, same types, and the same plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# who and when: only its type can be the same twice
TIMES = {"dateAdded", "dateModified", "dateIdentified", "variantStartDate"}
PEOPLE = {"createdBy", "createdByUser", "modifiedBy", "modifiedByUser"}
SECRETS = {"access_token", "date_added", "user_id"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?=T\d\d:\d\d:\d\d[+-])")


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Yield every place where our JSON differs from the recorded one.

    A person who wrote something is a number, a name or null, in all combinations recorded.
    """
    key = where.rpartition(".")[2]
    if key in PEOPLE:
        if not isinstance(ours, type(theirs)) and None not in {ours, theirs}:
            yield f"{where}: {ours!r} for {theirs!r}"
    elif type(ours) is not type(theirs):
        yield f"{where}: {_kind(ours)} for {_kind(theirs)}"
    elif isinstance(theirs, dict):
        yield from _objects(ours, theirs, where)
    elif isinstance(theirs, list):
        yield from _lists(ours, theirs, where)
    elif key not in TIMES | SECRETS and _timeless(ours) != _timeless(theirs):
        yield f"{where}: {ours!r} for {theirs!r}"


def _objects(ours: dict[str, Any], theirs: dict[str, Any], where: str) -> Iterator[str]:
    for name in theirs:
        if name in ours:
            yield from differences(ours[name], theirs[name], f"{where}.{name}")
    if set(ours) != set(theirs):
        yield f"{where}: keys {sorted(set(ours) ^ set(theirs))} on one side only"
    elif list(ours) != list(theirs):
        yield f"{where}: keys in another order"


def _lists(ours: list[Any], theirs: list[Any], where: str) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{where}: {len(ours)} items for {len(theirs)}"
    for place, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        yield from differences(one, other, f"{where}[{place}]")


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _timeless(value: Any) -> Any:
    """Times of day are shown with today's date, so the date is left out."""
    return _MOMENT.sub("DAY", value) if isinstance(value, str) else value

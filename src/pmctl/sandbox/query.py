"""The query string as PHP reads it: `where[0][col]=name` becomes nested dictionaries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Where:
    """One `where[n]`; `value` is a list if it was written `val[]`."""

    column: str
    expression: str
    value: Any


def parse(query: str) -> dict[str, Any]:
    """Return the parameters of a query string or a form body, nested as PHP nests them."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        first, *rest = re.findall(r"^[^\[]+|\[[^\]]*\]", name) or [name]
        _put(found, [first, *(part[1:-1] for part in rest)], value)
    return found


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        child = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(child, dict):
            return  # PHP keeps the scalar that came first
        tree = child
    tree[path[-1] or str(len(tree))] = value


def wheres(query: dict[str, Any]) -> list[Where]:
    """Return the conditions of a query, in their order; incomplete ones are left out."""
    given = query.get("where")
    if not isinstance(given, dict):
        return []
    return [
        Where(str(item["col"]), str(item.get("expr", "eq")), item.get("val"))
        for item in given.values()
        if isinstance(item, dict) and "col" in item
    ]


def number(query: dict[str, Any], name: str, default: int) -> int:
    """Return a whole number of the query, as PHP's (int) reads it."""
    found = re.match(r"-?\d+", str(query.get(name, default)))
    return int(found[0]) if found else 0


def truth(value: Any) -> bool:
    """Return what a form's yes/no field makes of a value: 1, "1", true, "true", "yes", "on"."""
    return str(value).strip().lower() in {"1", "true", "yes", "on"}

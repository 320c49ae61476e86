"""Values as PHP's serialize() writes them, which is how tables of Mautic keep arrays."""

from __future__ import annotations

from typing import Any


def serialize(value: Any) -> str:
    """Return a value of JSON's types in PHP's format; the lengths of texts are in bytes."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    inside = "".join(serialize(key) + serialize(item) for key, item in pairs)
    return f"a:{len(value)}:{{{inside}}}"

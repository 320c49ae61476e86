"""Values that PHP's serialize() wrote, as Mautic's tables hold arrays."""

from __future__ import annotations

from typing import Any

_DEEPEST = 32


class _Wrong(Exception):
    """Not what serialize() writes."""


def unserialize(text: str) -> Any:
    """Return a value of JSON's types, arrays with the keys 0, 1, … as lists; None for no such text.

    Objects and references, which nothing here needs, are no such text either.
    """
    try:
        value, _ = _value(text.encode(), 0, 0)
    except (_Wrong, ValueError, IndexError):
        return None
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise _Wrong
    kind = data[at : at + 2]
    if kind == b"N;":
        return None, at + 2
    if kind == b"s:":
        return _text(data, at + 2)
    if kind == b"a:":
        return _array(data, at + 2, depth)
    end = data.index(b";", at)
    word = data[at + 2 : end].decode()
    if kind == b"i:":
        return int(word), end + 1
    if kind == b"b:":
        return word == "1", end + 1
    if kind == b"d:":
        return float(word), end + 1
    raise _Wrong


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b":", at)
    first = end + 2
    last = first + int(data[at:end])
    if data[end + 1 : first] != b'"' or data[last : last + 2] != b'";':
        raise _Wrong
    return data[first:last].decode("utf-8", "replace"), last + 2


def _array(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    end = data.index(b":", at)
    count, at = int(data[at:end]), end + 2
    found: dict[Any, Any] = {}
    for _ in range(count):
        key, at = _value(data, at, depth + 1)
        if not isinstance(key, int | str):
            raise _Wrong
        found[key], at = _value(data, at, depth + 1)
    if data[at : at + 1] != b"}":
        raise _Wrong
    listed = list(found) == list(range(len(found)))
    return (list(found.values()) if listed else {str(k): v for k, v in found.items()}), at + 1

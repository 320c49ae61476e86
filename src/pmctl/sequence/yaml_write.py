"""Plain values -> the text of a sequence file, as a person would lay it out and `fmt` leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pmctl.sequence import model
from pmctl.sequence.fmt import STEP_LISTS, key_order, needs_quotes, shape_of

_SHORT = 70  # characters of a mapping or list that stays on its line
_LONGEST_KEY = 127  # characters; a longer one stands behind a ?
_BREAKS = re.compile("[\n\x85\u2028\u2029]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")  # as a key it is a word, also `on` and `no`
# What no block text can hold, and what stands in double quotes only as an escape.
_ODD = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ESCAPED = re.compile(rf'["\\\n]|{_ODD.pattern}')
_ESCAPES = {
    "\0": "0", "\x07": "a", "\x08": "b", "\x09": "t", "\x0a": "n", "\x0b": "v", "\x0c": "f",
    "\x0d": "r", "\x1b": "e", '"': '"', "\\": "\\", "\x85": "N", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def written(data: dict[str, Any]) -> str:
    """Return YAML in canonical form: keys in the language's order, short lists and mappings on
    one line, texts of several lines as blocks, quotes where they are needed.

    What it says is what `data` says, whatever the texts are; a file of it is one that `fmt`
    would not change.
    """
    kind = model.kind_of(data)
    shape = model.KINDS[kind] if kind else model.Sequence if "steps" in data else None
    return "\n".join(_mapping(_in_order(data, shape), 0)) + "\n"


def _in_order(value: Any, shape: type[model.Shape] | None) -> Any:
    """The keys of a mapping of this shape, and of those within it, in the language's order."""
    if shape is None or not isinstance(value, dict):
        return value
    order = {name: number for number, name in enumerate(key_order(shape))}
    words = sorted(value, key=lambda word: order.get(word, len(order)))
    return {word: _parts_in_order(value[word], word, shape) for word in words}


def _parts_in_order(value: Any, key: str, shape: type[model.Shape]) -> Any:
    if isinstance(value, list):
        return [_parts_in_order(item, key, shape) for item in value]
    return _in_order(value, shape_of(key, value, shape)) if isinstance(value, dict) else value


# Lines


def _mapping(value: dict[str, Any], column: int) -> Iterator[str]:
    for key, item in value.items():
        head = " " * column
        if _simple(key):
            head += f"{_key(key, flow=False)}:"
        else:
            yield f"{head}? {_quoted(key)}"
            head += ":"
        yield from _behind(head, item, column, steps=key in STEP_LISTS)


def _sequence(items: list[Any], column: int, *, steps: bool) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict) and item and (steps or not _short(item)):
            yield from _hung(_mapping(item, column + 2), column)
        elif isinstance(item, list) and not _short(item):
            yield from _hung(_sequence(item, column + 4, steps=False), column)
        else:
            yield from _behind(" " * column + "-", item, column, steps=False)


def _hung(lines: Iterator[str], column: int) -> Iterator[str]:
    """Put the dash of a list's item before its first line."""
    yield f"{' ' * column}- {next(lines)[column + 2 :]}"
    yield from lines


def _behind(head: str, value: Any, column: int, *, steps: bool) -> Iterator[str]:
    """The lines of what stands behind a key or a dash."""
    if isinstance(value, str) and _is_block(value):
        yield from _block(head, value, " " * (column + 2))
    elif not isinstance(value, dict | list) or not value or (not steps and _short(value)):
        yield f"{head} {_flow(value) if isinstance(value, dict | list) else _scalar(value)}"
    else:
        yield head
        inner = column + 2
        yield from (
            _mapping(value, inner)
            if isinstance(value, dict)
            else _sequence(value, inner, steps=steps)
        )


def _is_block(text: str) -> bool:
    """Whether a text stands below its key; blank lines at its end could get lost there."""
    return "\n" in text.lstrip("\n") and not text.endswith("\n\n") and not _ODD.search(text)


def _block(head: str, text: str, pad: str) -> Iterator[str]:
    indent = "2" if text[0] in " \n" else ""
    whole = text.removesuffix("\n")
    yield f"{head} |{indent}{'-' if whole == text else ''}"
    yield from (pad + line if line else "" for line in whole.split("\n"))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{_key(key, flow=True)}: {_flow(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value, flow=True)


def _short(value: dict[str, Any] | list[Any]) -> bool:
    if len(repr(value)) > _SHORT:
        return False
    if isinstance(value, dict):
        plain = all(key not in STEP_LISTS and _simple(key) for key in value)
        return plain and all(map(_leaf, value.values()))
    return all(map(_leaf, value))


def _leaf(value: Any) -> bool:
    if isinstance(value, dict | list):
        return _short(value)
    return not (isinstance(value, str) and "\n" in value)


# Scalars


def _scalar(value: Any, *, flow: bool = False) -> str:
    if isinstance(value, str):
        return _text(value, flow=flow)
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _simple(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and not _BREAKS.search(key)


def _key(key: str, *, flow: bool) -> str:
    return key if _WORD.fullmatch(key) else _text(key, flow=flow)


def _text(text: str, *, flow: bool) -> str:
    return _quoted(text) if needs_quotes(text, flow=flow) else text


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in _ESCAPES:
        return f"\\{_ESCAPES[sign]}"
    return f"\\x{ord(sign):02X}" if sign <= "\xff" else f"\\u{ord(sign):04X}"

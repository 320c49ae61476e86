"""Plain values -> the text of a sequence file, as a person would lay it out."""

from __future__ import annotations

import io
from typing import Any

from pmctl.sequence import model
from pmctl.sequence.fmt import key_order, requote, ruamel_round_trip

_STEP_LISTS = ("steps", "then", "else", "also", "below")
_SHORT = 70  # characters of a mapping or list that stays on its line


def written(data: Any) -> str:
    """Return YAML: short lists and mappings on one line, texts of several lines as blocks."""
    round_trip = ruamel_round_trip()
    document = _node(_in_order(data), steps=False)
    document.fa.set_block_style()
    requote(document)
    out = io.StringIO()
    round_trip.dump(document, out)
    return out.getvalue()


def _in_order(value: Any) -> Any:
    """The keys of a sequence and of its steps in the order of the language, as `fmt` has them."""
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = model.kind_of(value)
    shape = model.KINDS[kind] if kind else model.Sequence if "steps" in value else None
    order = {name: number for number, name in enumerate(key_order(shape))} if shape else {}
    words = sorted(value, key=lambda word: order.get(word, len(order)))
    return {word: _in_order(value[word]) if word in _STEP_LISTS else value[word] for word in words}


def _node(value: Any, *, steps: bool) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        PlainScalarString,
    )

    if isinstance(value, dict):
        made = CommentedMap()
        for key, item in value.items():
            made[key] = _node(item, steps=key in _STEP_LISTS)
        if _short(value):
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        found = CommentedSeq([_node(item, steps=False) for item in value])
        if not steps and _short(value):
            found.fa.set_flow_style()
        if steps:
            for item in found:
                if isinstance(item, CommentedMap):
                    item.fa.set_block_style()
        return found
    if isinstance(value, str):
        return LiteralScalarString(value) if "\n" in value else DoubleQuotedScalarString(value)
    if isinstance(value, bool):
        value = str(value).lower()
    return PlainScalarString("null" if value is None else str(value))


def _short(value: dict[str, Any] | list[Any]) -> bool:
    if len(repr(value)) > _SHORT:
        return False
    if isinstance(value, dict):
        return not any(key in _STEP_LISTS for key in value) and all(map(_leaf, value.values()))
    return all(map(_leaf, value))


def _leaf(value: Any) -> bool:
    if isinstance(value, dict | list):
        return _short(value)
    return not (isinstance(value, str) and "\n" in value)

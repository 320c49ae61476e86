"""Pydantic's errors -> what is wrong in a person's words, each with the path to its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, get_args

from pmctl.sequence import model

Loc = tuple[str | int, ...]

MOST = 1000  # a file with more mistakes is no sequence
_STEP_LISTS = ("steps", "then", "else", "also", "below")
_TYPES = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number",
    "bool_type": "true or false", "list_type": "a list", "dict_type": "a mapping",
    "model_type": "a mapping",
}  # fmt: skip
PATTERNS = {
    model.Key: "lower-case letters, digits and - inside, like trial-nudge",
    model.StepName: "letters and digits, with . _ - inside, like first-mail",
    model.StepId: "lower-case letters and digits, with . _ - inside, like first-mail",
    model.HeaderName: "a header's name is letters, digits and -, like X-Mail-Stream",
    model.EventType: "an event's type is Mautic's own word for it, like lead.tags",
    "language": "a language is two letters, with a country if need be: en, pt_BR",
    model.Alias: "a field's alias is lower-case letters, digits and _, like first_name",
}


@dataclass(frozen=True)
class Mistake:
    """What is wrong at `loc`; with `at_key`, at the last key itself rather than its value."""

    loc: Loc
    message: str
    hint: str = ""
    at_key: bool = False
    meant: str = ""  # the key that an unknown key was meant to be
    lacks: str = ""  # the key that is missing


def mistakes(errors: Iterable[Any], data: Any) -> list[Mistake]:
    """Return each mistake once, of the first MOST. `errors` come from pydantic, for `data`."""
    groups: dict[Loc, list[tuple[str, Any]]] = {}
    found: list[Mistake] = []
    for error in islice(errors, MOST):
        loc, member = _stripped(error["loc"], data)
        if member is None:
            found.append(_mistake(loc, error, data))
        else:
            groups.setdefault(loc[: _depth_of_union(error["loc"], loc, member)], []).append(
                (member, error)
            )
    for loc, members in groups.items():
        found.extend(_of_union(loc, members, data))
    return _without_echoes(list(dict.fromkeys(found)))


def _without_echoes(found: list[Mistake]) -> list[Mistake]:
    """Leave out that `subject` is missing where `subjct` was written: it is one mistake."""
    meant = {(*m.loc[:-1], m.meant) for m in found if m.meant}
    return [m for m in found if not (m.lacks and (*m.loc, m.lacks) in meant)]


def _depth_of_union(raw: Loc, loc: Loc, member: str) -> int:
    """How long the path to the union is, once pydantic's own words are out of it."""
    after = len(raw) - 1 - raw[::-1].index(member)
    return len(loc) - (len(raw) - 1 - after)


def _stripped(raw: Loc, data: Any) -> tuple[Loc, str | None]:
    """The path without pydantic's names for the members of unions, and the last such name.

    The names of members that the model itself chose among (a step's kind) are not given back.
    """
    path: list[str | int] = []
    member, here = None, data
    tagged = False
    for index, word in enumerate(raw):
        if tagged:
            tagged = False
            continue
        inside = (isinstance(here, dict) and word in here) or (
            isinstance(here, list) and isinstance(word, int) and 0 <= word < len(here)
        )
        if not inside:
            if index == len(raw) - 1 and isinstance(here, dict) and not _is_member(word):
                path.append(word)  # a key that is missing
            elif word != "[key]":
                member = str(word)
            continue
        here = here[word]
        path.append(word)
        tagged = index + 1 < len(raw) and _has_tag(path)
    return tuple(path), member


def _is_member(word: str | int) -> bool:
    return isinstance(word, str) and (word[:1].isupper() or "[" in word or word in ("int", "float"))


def _has_tag(path: Sequence[str | int]) -> bool:
    """Whether the next word of pydantic's path is the tag of a union, not a key."""
    if isinstance(path[-1], int):
        return len(path) > 1 and path[-2] in (*_STEP_LISTS, "stop_on")
    return path[-1] in ("body", "text", "wait")


def _of_union(loc: Loc, members: list[tuple[str, Any]], data: Any) -> Iterator[Mistake]:
    """The mistakes in a value that fits none of several shapes: those of the nearest shape."""
    near = []
    for _, error in members:
        path = _stripped(error["loc"], data)[0]
        if path != loc or (error["type"] not in _TYPES and error["type"] != "literal_error"):
            near.append(_mistake(path, error, data))
    if near:
        yield from near
        return
    wanted = dict.fromkeys(_wanted(error) for _, error in members)
    if "a number" in wanted:
        wanted.pop("a whole number", None)
    yield Mistake(loc, _expected(" or ".join(wanted), _at(data, loc)))


def _wanted(error: Any) -> str:
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"]).replace("'", "").replace("True", "true")
    return _TYPES.get(error["type"], "something else")


def _at(data: Any, loc: Loc) -> Any:
    for word in loc:
        data = data[word]
    return data


def _expected(wanted: str, found: Any) -> str:
    return f"expected {wanted}, found {said(found)}"


def said(value: Any) -> str:
    """Return what a value is, in a word or two."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {_short(value)!r}"
    return "a list" if isinstance(value, list) else "a mapping"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _mistake(loc: Loc, error: Any, data: Any) -> Mistake:
    kind, ctx, found = error["type"], error.get("ctx", {}), error["input"]
    name = f"`{loc[-1]}`" if loc and isinstance(loc[-1], str) else "this"
    if kind == "extra_forbidden":
        return _unknown(loc, data)
    if kind == "missing":
        lacks = str(loc[-1])
        message = f"`{lacks}` is missing {place(loc[:-1], data)}"
        return Mistake(loc[:-1], message, lacks=lacks)
    if kind in _TYPES:
        wanted = _TYPES[kind]
        if kind == "model_type" and _has_tag(loc):
            wanted = f"text or {wanted}"
        return Mistake(loc, _expected(wanted, found), _hint(kind, found))
    if kind == "literal_error":
        return _word(loc, _wanted(error), found)
    if kind == "string_pattern_mismatch":
        at_key = error["loc"][-1] == "[key]"
        return Mistake(loc, f"{_short(found)!r}: {_pattern(ctx['pattern'])}", at_key=at_key)
    if kind.startswith("union_tag"):
        return _no_kind(loc, found)
    if kind in _SIZES:
        return _size(loc, error, name)
    if kind == "value_error":
        return Mistake(loc, str(ctx["error"]))
    if kind == "placed":
        return Mistake((*loc, *ctx["loc"]), str(error["msg"]), ctx["hint"])
    return Mistake(loc, str(error["msg"]))


_SIZES = (
    "string_too_short", "too_short", "string_too_long", "greater_than_equal", "less_than_equal",
)  # fmt: skip


def _size(loc: Loc, error: Any, name: str) -> Mistake:
    """A text, a list or a number that is too small or too large."""
    kind, ctx, found = error["type"], error["ctx"], error["input"]
    if kind == "greater_than_equal":
        return Mistake(loc, f"{name} is {found}; {ctx['ge']} is the least")
    if kind == "less_than_equal":
        return Mistake(loc, f"{name} is {found}; {ctx['le']} is the most")
    if kind == "string_too_long":
        message = f"{name} is {len(found)} characters long; {ctx['max_length']} is the most"
        return Mistake(loc, message, at_key=error["loc"][-1] == "[key]")
    if kind == "string_too_short" and found:
        least = ctx["min_length"]
        return Mistake(loc, f"{name} is {len(found)} characters long; {least} is the least")
    return Mistake(loc, f"{name} cannot be empty" if name != "this" else "an empty text")


def _hint(kind: str, found: Any) -> str:
    if kind == "string_type" and isinstance(found, bool | int | float):
        return f'put it in quotes: "{str(found).lower()}"'
    if kind == "bool_type" and isinstance(found, str):
        return "true and false are the only words for it, without quotes"
    if kind == "list_type" and isinstance(found, str):
        return f"write it as a list: [{_short(found)}]"
    return ""


def _word(loc: Loc, expected: str, found: Any) -> Mistake:
    words = re.split(", | or ", expected)
    near = get_close_matches(found, words, 1) if isinstance(found, str) else []
    hint = f"did you mean `{near[0]}`?" if near else ""
    return Mistake(loc, _expected(expected, found), hint)


def _pattern(pattern: str) -> str:
    for owner, words in PATTERNS.items():
        if pattern == _pattern_of(owner):
            return words
    return f"it must match {pattern}"


@cache
def _pattern_of(owner: Any) -> str:
    if isinstance(owner, str):
        info = model.Send.model_fields[owner]
        holders = [*info.metadata, *(m for a in get_args(info.annotation) for m in _metadata(a))]
    else:
        holders = _metadata(owner)
    return next((h.pattern for h in holders if getattr(h, "pattern", None)), "")


def _metadata(annotation: Any) -> list[Any]:
    found: list[Any] = []
    for item in getattr(annotation, "__metadata__", ()):
        found.extend(getattr(item, "metadata", [item]))
    return found


def _unknown(loc: Loc, data: Any) -> Mistake:
    known = sorted(_known(loc[:-1], data))
    if loc[-1] in known:  # of another shape than the rest of the mapping
        others = " or ".join(f"`{key}`" for key in _at(data, loc[:-1]) if key != loc[-1])
        message = f"`{loc[-1]}` cannot stand beside {others} {place(loc[:-1], data)}"
        return Mistake(loc, message, "choose one of them", at_key=True)
    near = get_close_matches(str(loc[-1]), known, 1, 0.6)
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
    message = f"unknown key `{loc[-1]}` {place(loc[:-1], data)}"
    return Mistake(loc, message, hint, at_key=True, meant=near[0] if near else "")


def _known(loc: Loc, data: Any) -> set[str]:
    """The keys that may stand in the mapping at `loc`."""
    kind = _kind(loc, data)
    if kind:
        return _keys(model.KINDS[kind])
    names = [word for word in loc if isinstance(word, str)]
    shapes = _shapes().get(names[-1], []) if names else [model.Sequence]
    return set().union(*(_keys(shape) for shape in shapes))


def _kind(loc: Loc, data: Any) -> str | None:
    in_list = len(loc) > 1 and isinstance(loc[-1], int) and loc[-2] in _STEP_LISTS
    return model.kind_of(_at(data, loc)) if in_list else None


def _keys(shape: type[model.Shape]) -> set[str]:
    return {info.alias or name for name, info in shape.model_fields.items()}


@cache
def _shapes() -> dict[str, list[type[model.Shape]]]:
    """Which mappings may stand behind a key."""
    found: dict[str, list[type[model.Shape]]] = {}
    waiting: list[type[model.Shape]] = [model.Sequence]
    seen: set[type[model.Shape]] = set()
    while waiting:
        owner = waiting.pop()
        if owner in seen:
            continue
        seen.add(owner)
        for name, info in owner.model_fields.items():
            for shape in shapes_in(info.annotation):
                waiting.append(shape)
                if shape not in model.KINDS.values():
                    found.setdefault(info.alias or name, []).append(shape)
    return found


def shapes_in(annotation: Any) -> Iterator[type[model.Shape]]:
    """Yield the shapes that an annotation names, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, model.Shape):
        yield annotation
    for part in get_args(annotation):
        yield from shapes_in(part)


def place(loc: Loc, data: Any) -> str:
    """Return where `loc` is: `in an email step`, in `send`, `at the top level`."""
    kind = _kind(loc, data)
    if kind:
        return f"in {'an' if kind[0] in 'aeiou' else 'a'} `{kind}` step"
    names = [word for word in loc if isinstance(word, str)]
    return f"in `{names[-1]}`" if names else "at the top level"


def _no_kind(loc: Loc, found: Any) -> Mistake:
    words = ", ".join(model.KINDS)
    if not isinstance(found, dict):
        hint = "write it like `- wait: 3d`"
        return Mistake(loc, _expected("a step (a mapping)", found), hint)
    several = [word for word in model.KINDS if word in found]
    if several:
        return Mistake(
            loc,
            f"a step is one thing, this one says {' and '.join(f'`{w}`' for w in several)}",
            "begin each step with `- `",
        )
    for key in found:
        near = get_close_matches(key, model.KINDS, 1, 0.6)
        if near:
            message = f"`{key}` is no step; a step has one of {words}"
            return Mistake((*loc, key), message, f"did you mean `{near[0]}`?", at_key=True)
    return Mistake(loc, f"this step has none of the words {words}", "which of them is it?")

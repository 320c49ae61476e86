"""Filters of segments: the words people write, and the objects that Mautic keeps.

`country = Germany`, `or tag in vip, gold`, `city is empty`. Pure: text and values in, values out.
Which operator fits which type of field is Mautic's own table (mautic/mautic,
app/bundles/LeadBundle/Entity/OperatorListTrait.php); the shapes are those of Mautic 5.1.1.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pmctl.errors import NotFound, UsageError
from pmctl.text import did_you_mean

EXAMPLE = "write it like 'country = Germany', 'tag in vip, gold' or 'city is empty'"
WORDS = {  # as people write it -> Mautic's
    "=": "=", "!=": "!=", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte",
    "is empty": "empty", "is not empty": "!empty", "in": "in", "not in": "!in",
    "like": "like", "not like": "!like", "matches": "regexp", "not matches": "!regexp",
    "starts with": "startsWith", "ends with": "endsWith", "contains": "contains",
}  # fmt: skip
SAID = {code: word for word, code in WORDS.items()}
_EITHER = ["=", "!="]
_TEXT = [*_EITHER, "empty", "!empty", "like", "!like", "regexp", "!regexp", "startsWith",
         "endsWith", "contains"]  # fmt: skip
_SELECT = [*_EITHER, "empty", "!empty", "regexp", "!regexp", "in", "!in"]
_MANY = ["in", "!in", "empty", "!empty"]
_OPERATORS: Mapping[str, list[str]] = {
    **dict.fromkeys(("text", "lookup", "email", "url", "tel"), _TEXT),
    **dict.fromkeys(("select", "country", "timezone", "region", "locale"), _SELECT),
    **dict.fromkeys(("multiselect", "tags", "leadlist"), _MANY),
    **dict.fromkeys(("boolean", "bool"), _EITHER),
}
_ANY = [*_TEXT, "gt", "gte", "lt", "lte"]  # numbers, dates and what an extension adds
_NAMES = {"tag": "tags", "segment": "leadlist"}  # our word -> Mautic's field
_YES = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}
_DAY = re.compile(
    r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?|today|tomorrow|yesterday"
    r"|[+-]?\d+ (minute|hour|day|week|month|year)s?( ago)?"
)
_WRITTEN = re.compile(
    r"\s*(?:(?P<glue>and|or)\s+)?(?P<field>[a-z0-9_]+)\s*"
    rf"(?P<operator>{'|'.join(re.escape(w) for w in sorted(WORDS, key=len, reverse=True))})"
    r"(?P<value>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Field:
    """A field of contacts that a filter may ask about. `choices` is empty where any value goes."""

    alias: str
    type: str
    choices: tuple[str, ...] = ()


# What Mautic offers beside the contact fields (the rest can be given as JSON).
OWN_FIELDS = {
    one.alias: one
    for one in (
        Field("tags", "tags"),
        Field("leadlist", "leadlist"),
        Field("date_added", "date"),
        Field("date_identified", "date"),
        Field("dnc_bounced", "boolean"),
        Field("dnc_unsubscribed", "boolean"),
    )
}


@dataclass(frozen=True)
class Filter:
    """One condition as it was written; `operator` is Mautic's."""

    glue: str
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What the names in filters mean in one Mautic: fields by alias, tags and segments by name."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)


def parse(text: str) -> Filter:
    """Return what one written filter says. Raises UsageError."""
    found = _WRITTEN.fullmatch(text)
    word = found["operator"] if found else ""
    value = found["value"] if found else ""
    if not found or (word[-1].isalpha() and value[:1].strip()):  # `in` of `country inside x`
        raise UsageError(f"--filter {text!r} is not understood", hint=EXAMPLE)
    if not text.isprintable():
        raise UsageError(f"--filter {text!r} holds a control character", hint=EXAMPLE)
    name, operator = _NAMES.get(found["field"], found["field"]), WORDS[word]
    if operator in ("empty", "!empty"):
        if value.strip():
            raise UsageError(f"--filter {text!r}: {word!r} takes no value", hint=EXAMPLE)
        return Filter(found["glue"] or "and", name, operator, ())
    many = operator in ("in", "!in") or name in ("tags", "leadlist")
    values = _listed(value) if many else [_unquoted(value.strip())]
    if not values or not all(values):
        raise UsageError(
            f"--filter {text!r} has an empty value", hint=f"'{found['field']} is empty' asks that"
        )
    return Filter(found["glue"] or "and", name, operator, tuple(values))


def _listed(text: str) -> list[str]:
    """`a, b` and `"Korea, South", France`, as CSV has it."""
    rows = list(csv.reader([text.strip()], skipinitialspace=True))
    return [value.strip() for value in (rows[0] if rows else [])]


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if quoted else text


def fields_asked(filters: Iterable[Filter]) -> set[str]:
    """Return the fields that Mautic must be asked about."""
    return {one.field for one in filters} - set(OWN_FIELDS)


def body(said: Filter, known: Known) -> dict[str, Any]:
    """Return the filter as Mautic takes it.

    Raises NotFound for an unknown field, tag, segment or choice, UsageError for an operator or a
    value that does not fit the field's type.
    """
    fields = {**known.fields, **OWN_FIELDS}
    if said.field not in fields:
        raise NotFound(
            f"Mautic has no contact field {said.field}",
            hint=did_you_mean(
                said.field, fields, "its alias is in Mautic: Settings > Custom Fields"
            ),
        )
    about = fields[said.field]
    operator = _fitting(said, about)
    values = [_value(value, about, known) for value in said.values]
    value: Any = None
    if values:
        value = values if operator in ("in", "!in") else values[0]
    return {
        "glue": said.glue,
        "object": "lead",
        "field": about.alias,
        "type": about.type,
        "operator": operator,
        "properties": {"filter": value},
    }


def _fitting(said: Filter, about: Field) -> str:
    allowed = _OPERATORS.get(about.type, _ANY)
    operator = said.operator
    if allowed is _MANY:
        operator = {"=": "in", "!=": "!in"}.get(operator, operator)
    if operator not in allowed:
        words = ", ".join(SAID[code] for code in allowed)
        raise UsageError(
            f"{about.alias} is of type {about.type}, which knows no {SAID[operator]!r}",
            hint=f"it knows {words}; --filter-json takes anything",
        )
    return operator


def _value(text: str, about: Field, known: Known) -> str | int:
    if about.type in ("tags", "leadlist"):
        kind = "tag" if about.type == "tags" else "segment"
        ids = known.tags if kind == "tag" else known.segments
        if text not in ids:
            raise NotFound(
                f"Mautic has no {kind} {text}",
                hint=did_you_mean(text, ids, f"make the {kind} first"),
            )
        return ids[text]
    if about.choices and text not in about.choices:
        raise NotFound(
            f"{text!r} is no choice of {about.alias}", hint=did_you_mean(text, about.choices)
        )
    if about.type in ("boolean", "bool"):
        if text.lower() not in _YES:
            raise UsageError(f"{about.alias} is yes or no, not {text!r}", hint=EXAMPLE)
        return _YES[text.lower()]
    if about.type == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise UsageError(f"{about.alias} is a number, not {text!r}", hint=EXAMPLE)
    if about.type in ("date", "datetime") and not _DAY.fullmatch(text):
        raise UsageError(
            f"{text!r} is no day that Mautic understands",
            hint="write 2026-11-30, today, -7 days or 3 months ago",
        )
    return text


def words(raw: Mapping[str, Any], known: Known, *, first: bool = False) -> str:
    """Return a filter of Mautic's as people write it; ids that nobody knows stay numbers."""
    name, operator = str(raw.get("field") or ""), str(raw.get("operator") or "")
    shown = {code: word for word, code in _NAMES.items()}.get(name, name)
    glue = "" if first else f"{raw.get('glue') or 'and'} "
    said = f"{glue}{shown} {SAID.get(operator, operator)}"
    if operator in ("empty", "!empty"):
        return said
    value = value_of(raw)
    names = {"tags": known.tags, "leadlist": known.segments}.get(name, {})
    by_id = {str(key): text for text, key in names.items()}
    if isinstance(value, list):
        return f"{said} " + ", ".join(_quoted(by_id.get(str(one), str(one))) for one in value)
    if isinstance(value, Mapping):
        return f"{said} {json.dumps(value, ensure_ascii=False)}"
    text = "" if value is None else str(value)
    return f"{said} " + (_quoted(text) if text.strip() != text or text[:1] == '"' else text)


def _quoted(text: str) -> str:
    plain = text and text == text.strip() and not set(text) & set(',"')
    return text if plain else '"' + text.replace('"', '""') + '"'


def value_of(raw: Mapping[str, Any]) -> Any:
    """Return the value of a filter, also from the place where older Mautics kept it."""
    properties = raw.get("properties")
    if isinstance(properties, Mapping) and "filter" in properties:
        value = properties["filter"]
    else:
        value = raw.get("filter")
    return list(value.values()) if isinstance(value, Mapping) and _is_list(value) else value


def _is_list(value: Mapping[str, Any]) -> bool:
    """PHP writes a list with gaps as an object with numbers for names."""
    return bool(value) and all(str(key).isdecimal() for key in value)


def same(one: Iterable[Mapping[str, Any]], other: Iterable[Mapping[str, Any]]) -> bool:
    """Whether two lists of filters ask the same; Mautic gives ids of tags back as text."""
    return [_level(raw) for raw in one] == [_level(raw) for raw in other]


def _level(raw: Mapping[str, Any]) -> tuple[str, ...]:
    value = value_of(raw)
    many = value if isinstance(value, list) else [value]
    names = (str(raw.get(name) or "") for name in ("glue", "object", "field", "operator"))
    return (*names, *("" if one is None else str(one) for one in many))

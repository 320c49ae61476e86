"""The contact fields of a fresh Mautic 5.1.1, in the two shapes in which it shows them."""

from __future__ import annotations

from typing import Any

# alias, type, label; in the order of their ids
_CORE = """
title           lookup    Title
firstname       text      First Name
lastname        text      Last Name
company         text      Primary company
position        text      Position
email           email     Email
mobile          tel       Mobile
phone           tel       Phone
points          number    Points
fax             tel       Fax
address1        text      Address Line 1
address2        text      Address Line 2
city            text      City
state           region    State
zipcode         text      Zip Code
country         country   Country
preferred_locale locale   Preferred Locale
timezone        timezone  Preferred Timezone
last_active     datetime  Date Last Active
attribution_date datetime Attribution Date
attribution     number    Attribution
website         url       Website
"""
_SOCIAL = """
facebook        text      Facebook
foursquare      text      Foursquare
instagram       text      Instagram
linkedin        text      mautic.lead.field.linkedin
skype           text      Skype
twitter         text      Twitter
"""
_TITLES = ["Mr", "Mrs", "Miss"]
_PROPERTIES: dict[str, Any] = {
    "title": {"list": _TITLES},
    "attribution": {"roundmode": 4, "scale": 2},
}
_SERIALIZED = {
    "title": 'a:1:{s:4:"list";a:3:{i:0;s:2:"Mr";i:1;s:3:"Mrs";i:2;s:4:"Miss";}}',
    "attribution": 'a:2:{s:9:"roundmode";i:4;s:5:"scale";i:2;}',
}
_REMOVABLE = {"fax", "website"}


def _parsed() -> list[tuple[str, str, str, str]]:
    groups = (("core", _CORE), ("social", _SOCIAL))
    lines = [(group, line) for group, text in groups for line in text.strip().splitlines()]
    return [(group, *_three(line)) for group, line in lines]


def _three(line: str) -> tuple[str, str, str]:
    alias, kind, label = line.split(maxsplit=2)
    return alias, kind, label


FIELDS = _parsed()


def shown_fields(contact_id: int, values: dict[str, Any], *, fresh: bool) -> dict[str, Any]:
    """Return `fields` of a contact by group, and all values once more.

    The create answer (`fresh`) has ids as numbers and empty text; a later read has ids and
    properties as strings, and null.
    """
    shown: dict[str, Any] = {"core": {}, "social": {}, "personal": [], "professional": []}
    every: dict[str, Any] = {"id": str(contact_id)}
    for place, (group, alias, kind, label) in enumerate(FIELDS, 1):
        value = _value(alias, values.get(alias), fresh=fresh)
        field = _fresh if fresh else _stored
        shown[group][alias] = {
            **field(place, group, alias, kind, label),
            "value": value,
            "normalizedValue": "" if value is None else value,
        }
        every[alias] = value
    return {**shown, "all": every}


def _value(alias: str, value: Any, *, fresh: bool) -> Any:
    if alias == "points":
        return int(value or 0)
    if alias == "attribution" and fresh:
        return float(value or 0)
    return value or ("" if fresh else None)


def _fresh(place: int, group: str, alias: str, kind: str, label: str) -> dict[str, Any]:
    named = {"id": place, "group": group, "label": label, "alias": alias, "type": kind}
    return {**named, "properties": _PROPERTIES.get(alias, [])}


def _stored(place: int, group: str, alias: str, kind: str, label: str) -> dict[str, Any]:
    return {
        "id": str(place),
        "label": label,
        "alias": alias,
        "type": kind,
        "group": group,
        "object": "lead",
        "is_fixed": str(int(group == "core" and alias not in _REMOVABLE)),
        "properties": _SERIALIZED.get(alias, "a:0:{}"),
        "default_value": "0" if alias == "points" else None,
    }

"""Conditions of a campaign: which way a contact goes, as LeadBundle decides it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from pmctl.sandbox import field_value
from pmctl.sandbox.died import FatalError
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.store import Entity, Store
from pmctl.sandbox.urls import matches

Given = dict[str, Any]
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "eq": lambda left, right: left == right,
    "neq": lambda left, right: left != right,
}


def holds(journal: Journal, event: Entity, contact: Entity) -> bool:
    """Tell whether a contact takes the yes-path of a condition.

    Raises FatalError for a property of the wrong type, and GivenUpError for a value that Mautic
    cannot make a date of. A type that nothing here can know of (a device, say) is never true.
    """
    test = _TESTS.get(event["type"])
    properties = event["properties"] if isinstance(event["properties"], dict) else {}
    return test is not None and test(journal.store, properties, contact)


def _listed(given: Given, name: str) -> list[Any]:
    """Return a property that must be a list; a string or a number there is a TypeError in PHP."""
    value = given.get(name)
    if value in (None, "", []):
        return []
    if not isinstance(value, list):
        kind = "int" if isinstance(value, int) else type(value).__name__
        raise FatalError(f"TypeError: {name} must be of type array, {kind} given")
    return value


def _ids(given: Given, name: str) -> set[int]:
    return {int(value) for value in _listed(given, name) if str(value).isdecimal()}


def _field(store: Store, given: Given, contact: Entity) -> bool:
    kinds = {field.alias: field.type for field in store.fields}
    return field_value.holds(given, contact["values"], store.clock.now(), kinds)


def _points(_: Store, given: Given, contact: Entity) -> bool:
    values = {"points": contact["values"].get("points") or 0}
    test = {"field": "points", "operator": given.get("operator"), "value": given.get("score")}
    return field_value.compare(test, values)


def _tags(_: Store, given: Given, contact: Entity) -> bool:
    """One of several is enough. A number is taken for a name, so an id finds nothing."""
    return bool({str(name).lower() for name in _listed(given, "tags")} & _lower(contact["tags"]))


def _lower(names: list[str]) -> set[str]:
    return {name.lower() for name in names}


def _segments(_: Store, given: Given, contact: Entity) -> bool:
    return bool(_ids(given, "segments") & set(contact["segments"]))


def _stages(_: Store, given: Given, contact: Entity) -> bool:
    return contact["stage"] in _ids(given, "stages")


def _owner(_: Store, given: Given, contact: Entity) -> bool:
    return contact["owner"] in _ids(given, "owner")


def _dnc(_: Store, given: Given, contact: Entity) -> bool:
    """The last channel decides; a reason is compared as an int, so the text "1" is never met."""
    result, reason = False, given.get("reason")
    for channel in given.get("channels") or []:
        found = contact["dnc"].get(channel, {}).get("reason", 0)
        result = found == reason and isinstance(reason, int) if reason else found != 0
    return result


def _campaigns(store: Store, given: Given, contact: Entity) -> bool:
    """A contact that was removed from a campaign still counts as one of its contacts."""
    rows = [store.member(key, contact["id"]) for key in _ids(given, "campaigns")]
    added = [row["date_added"] for row in rows if row]
    if given.get("dataAddedLimit"):
        limit, test = str(given.get("dateAdded")), _ORDER[str(given.get("expr"))]
        added = [date for date in added if test(date, limit)]
    return bool(added)


def _address(_: Store, __: Given, contact: Entity) -> bool:
    return "@" in contact["email"]


def _visited(store: Store, given: Given, contact: Entity) -> bool:
    who, url = str(contact["id"]), str(given.get("page_url") or "")
    hits = (hit for hit in store.hits if hit["lead_id"] == who)
    return any(url and matches(url, hit["url"]) for hit in hits if _between(hit, given))


def _between(hit: Entity, given: Given) -> bool:
    since, until = given.get("startDate"), given.get("endDate")
    when = hit["date_hit"]
    return (not since or when >= _day(since)) and (not until or when <= _day(until))


def _day(given: Any) -> str:
    return datetime.datetime.fromisoformat(str(given)).strftime("%Y-%m-%d %H:%M:%S")


_TESTS: dict[str, Callable[[Store, Given, Entity], bool]] = {
    "lead.field_value": _field,
    "lead.points": _points,
    "lead.tags": _tags,
    "lead.segments": _segments,
    "lead.stages": _stages,
    "lead.owner": _owner,
    "lead.dnc": _dnc,
    "lead.campaigns": _campaigns,
    "lead.pageHit": _visited,
    "email.validate.address": _address,
}

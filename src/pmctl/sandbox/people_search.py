"""The search of contacts: `email:`, `tag:`, `segment:` and free words, all of which must hold."""

from __future__ import annotations

import re

from pmctl.sandbox import listing
from pmctl.sandbox.query import Where
from pmctl.sandbox.store import Entity, Store

_WORD = re.compile(r'(?:(?P<command>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_TEXT = ("email", "firstname", "lastname")


def found(store: Store, search: str) -> list[Entity]:
    """Return a row for each contact that a search finds; all of them for none."""
    words = [
        (word["command"], word["plain"] if word["quoted"] is None else word["quoted"])
        for word in _WORD.finditer(search)
    ]
    rows = (_row(contact) for contact in store.contacts.values())
    return [row for row in rows if all(_holds(store, row, *word) for word in words)]


def _row(contact: Entity) -> Entity:
    return {"firstname": None, "lastname": None, **contact["values"], **contact}


def _holds(store: Store, row: Entity, command: str | None, value: str) -> bool:
    if command == "tag":
        return value in row["tags"]
    if command == "segment":
        return any(
            store.segments[key]["alias"] == value
            for key in row["segments"]
            if key in store.segments
        )
    if command == "email":
        return listing.compare(row["email"], Where("email", "like", value))
    if command == "ids":
        return str(row["id"]) in value.split(",")
    if command:
        return False
    return any(value.lower() in str(row[name] or "").lower() for name in _TEXT)

"""/api/segments, /api/forms and /api/tags of the stand-in."""

from __future__ import annotations

import re
from typing import Any

from pmctl.sandbox import listing
from pmctl.sandbox.answers import VERSION, Answer, invalid, not_found, refusal
from pmctl.sandbox.fields import FIELDS as OF_CONTACTS
from pmctl.sandbox.query import truth
from pmctl.sandbox.store import Entity, Store

FULL_ONLY = ("filters", "isGlobal", "isPreferenceCenter")
_OPERATORS = (
    "= != gt gte lt lte empty !empty like !like in !in between !between regexp !regexp "
    "startsWith endsWith contains date"
)
_FIELDS = (
    "email firstname lastname company position city country state zipcode points tags leadlist "
    "owner_id date_added date_identified last_active dnc_bounced dnc_unsubscribed website"
)
OPERATORS = frozenset(_OPERATORS.split())
FIELDS = frozenset(_FIELDS.split()) | {field.alias for field in OF_CONTACTS}


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /segments, by name unless asked otherwise; the key is `lists`."""
    rows = list(store.segments.values())
    total, found = listing.select(rows, query, ("name", "alias", "description"), order="name")
    without = FULL_ONLY if truth(query.get("minimal", "")) else ()
    shown = {str(r["id"]): {k: v for k, v in r.items() if k not in without} for r in found}
    return Answer(200, {"total": total, "lists": shown or []})


def one(store: Store, segment_id: int) -> Answer:
    """GET /segments/ID."""
    return Answer(200, {"list": found(store, segment_id)})


def found(store: Store, segment_id: int) -> Entity:
    """Return a segment. Raise the 404."""
    if segment_id not in store.segments:
        raise not_found()
    return store.segments[segment_id]


def create(store: Store, given: dict[str, Any]) -> Answer:
    """POST /segments/new: the alias comes from the name unless it is given."""
    _check(store, given, 0)
    name = str(given.get("name") or "")
    if not name:
        raise invalid({"name": "A name is required."})
    key = store.add_segment(str(given.get("alias") or _alias(name)), name)
    segment = store.segments[key]
    _write(segment, given)
    location = {"Location": f"/api/segments/{key}"}
    return Answer(201, {"list": segment}, {**VERSION, **location})


def edit(store: Store, segment_id: int, given: dict[str, Any], method: str) -> Answer:
    """PATCH keeps what is not sent. PUT empties filters, unpublishes and makes a new alias."""
    if method == "PUT" and segment_id not in store.segments:
        return create(store, given)
    segment = dict(found(store, segment_id))
    _check(store, given, segment_id)
    if method == "PUT":
        segment.update(filters=[], isPublished=False, alias=_alias(str(given.get("name") or "")))
    _write(segment, given)
    if not segment["name"]:
        raise invalid({"name": "A name is required."})
    store.touch(segment)
    store.segments[segment_id] = segment
    return Answer(200, {"list": segment})


def delete(store: Store, segment_id: int) -> Answer:
    """DELETE works even when a campaign uses the segment, which then has no source any more.

    Filters of other segments and events of campaigns keep the dead id.
    """
    segment = found(store, segment_id)
    del store.segments[segment_id]
    for holder in (*store.campaigns.values(), *store.emails.values()):
        holder["lists"] = [key for key in holder["lists"] if key != segment_id]
    for contact in store.contacts.values():
        contact["segments"] = [key for key in contact["segments"] if key != segment_id]
    return Answer(200, {"list": {**segment, "id": None}})


def add_contact(store: Store, segment_id: int, contact_id: int) -> Answer:
    """POST /segments/ID/contact/CONTACT/add, idempotent."""
    found(store, segment_id)
    if contact_id not in store.contacts:
        raise not_found("Contact")
    members = store.contacts[contact_id]["segments"]
    if segment_id not in members:
        members.append(segment_id)
        store.tell("lead_list_change", contact=contact_id, segment=segment_id, action="added")
    return Answer(200, {"success": 1})


def add_contacts(store: Store, segment_id: int, given: dict[str, Any]) -> Answer:
    """POST /segments/ID/contacts/add: success as a whole, and for each id that was sent."""
    found(store, segment_id)
    if "ids" not in given:
        raise refusal(400, "mautic.core.error.badrequest")
    known = {str(one): int(one) in store.contacts for one in given["ids"]}
    for key in (int(one) for one, there in known.items() if there):
        add_contact(store, segment_id, key)
    return Answer(200, {"success": 1, "details": {k: {"success": v} for k, v in known.items()}})


def remove_contact(store: Store, segment_id: int, contact_id: int) -> Answer:
    """POST /segments/ID/contact/CONTACT/remove."""
    found(store, segment_id)
    if contact_id not in store.contacts:
        raise not_found("Contact")
    members = store.contacts[contact_id]["segments"]
    if segment_id in members:
        members.remove(segment_id)
        store.tell("lead_list_change", contact=contact_id, segment=segment_id, action="removed")
    return Answer(200, {"success": 1})


def forms(store: Store, query: dict[str, Any]) -> Answer:
    """GET /forms; not recorded on a running Mautic, so written like the other lists."""
    total, rows = listing.select(list(store.forms.values()), query, ("name", "alias"))
    shown = {str(row["id"]): row for row in rows}
    return Answer(200, {"total": total, "forms": shown or []})


def tags(store: Store, query: dict[str, Any]) -> Answer:
    """GET /tags."""
    total, rows = listing.select(list(store.tags.values()), query, ("tag", "description"))
    shown = {str(row["id"]): row for row in rows}
    return Answer(200, {"total": total, "tags": shown or []})


def create_tag(store: Store, given: dict[str, Any]) -> Answer:
    """POST /tags/new: one that exists is returned with 200."""
    name = str(given.get("tag") or "")
    if not name:
        raise invalid({"tag": "A tag is required."})
    tag, new = tag_named(store, name)
    location = {"Location": f"/api/tags/{tag['id']}"} if new else {}
    return Answer(201 if new else 200, {"tag": tag}, {**VERSION, **location})


def tag_named(store: Store, name: str) -> tuple[Entity, bool]:
    """Return the tag of that name and whether it had to be made."""
    known = [tag for tag in store.tags.values() if tag["tag"] == name]
    if known:
        return known[0], False
    key = store.next_id("tags")
    store.tags[key] = {"id": key, "tag": name, "description": None}
    return store.tags[key], True


def _alias(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _write(segment: Entity, given: dict[str, Any]) -> None:
    for name in ("name", "publicName", "alias", "description"):
        if name in given:
            segment[name] = given[name] or None
    for name in ("isPublished", "isGlobal", "isPreferenceCenter"):
        if name in given:
            segment[name] = truth(given[name])
    if "filters" in given:
        segment["filters"] = [_filter(item) for item in given["filters"]]


def _filter(given: dict[str, Any]) -> Entity:
    """Return a filter as it is stored; the old flat `filter` moves into `properties`."""
    properties = dict(given.get("properties") or {"filter": given.get("filter")})
    if given.get("field") == "tags" and isinstance(properties.get("filter"), list):
        properties["filter"] = [str(value) for value in properties["filter"]]
    names = ("glue", "field", "object", "type", "operator")
    return {**{name: given.get(name) for name in names}, "properties": properties}


def _check(store: Store, given: dict[str, Any], own_id: int) -> None:
    filters = given.get("filters") or []
    if not isinstance(filters, list):
        raise invalid({"filters": "This value is not valid."})
    for item in filters:
        problems = {}
        if item.get("field") not in FIELDS | {one.alias for one in store.fields}:
            problems["properties"] = "This form should not contain extra fields."
        if problems or item.get("operator") not in OPERATORS:
            problems["operator"] = "This value is not valid."
            raise invalid(problems)
    alias = given.get("alias")
    others = (s["alias"] for key, s in store.segments.items() if key != own_id)
    if alias and alias in others:
        raise invalid({"alias": "This alias is already being used by another segment."})

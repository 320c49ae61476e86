"""/api/contacts of the stand-in: as much as the recordings show and pmctl needs."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox import listing, segments
from pmctl.sandbox.answers import VERSION, Answer, invalid, not_found, refusal
from pmctl.sandbox.fields import shown_fields
from pmctl.sandbox.query import Where, truth, wheres
from pmctl.sandbox.store import Entity, Store

STAMP = (
    "isPublished",
    "dateAdded",
    "dateModified",
    "createdBy",
    "createdByUser",
    "modifiedBy",
    "modifiedByUser",
    "id",
)


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /contacts: `total` is a string, `contacts` an object, `{}` when empty."""
    search = str(query.get("search", ""))
    rows = [_row(contact) for contact in store.contacts.values()]
    rows = [row for row in rows if _searched(store, row, search)]
    rows = [
        row for row in rows if all(listing.compare(row.get(w.column), w) for w in wheres(query))
    ]
    rest = {name: value for name, value in query.items() if name not in {"search", "where"}}
    total, found = listing.select(rows, rest, ("email",))
    shown = {str(row["id"]): show(store, store.contacts[row["id"]]) for row in found}
    return Answer(200, {"total": str(total), "contacts": shown})


def one(store: Store, contact_id: int) -> Answer:
    """GET /contacts/ID."""
    return Answer(200, {"contact": show(store, found(store, contact_id))})


def found(store: Store, contact_id: int) -> Entity:
    """Return a contact. Raise the 404."""
    if contact_id not in store.contacts:
        raise not_found()
    return store.contacts[contact_id]


def create(store: Store, given: dict[str, Any]) -> Answer:
    """POST /contacts/new: an email that is known (case does not matter) merges, with 200."""
    _check(given)
    key = _by_email(store, given.get("email"))
    if key is not None:
        _write(store, store.contacts[key], given)
        store.touch(store.contacts[key])
        return one(store, key)
    key = store.add_contact(str(given.get("email") or ""))
    _write(store, store.contacts[key], given)
    location = {"Location": f"/api/contacts/{key}"}
    shown = show(store, store.contacts[key], fresh=True)
    return Answer(201, {"contact": shown}, {**VERSION, **location})


def edit(store: Store, contact_id: int, given: dict[str, Any], method: str) -> Answer:
    """PATCH keeps what is not sent, PUT blanks it and creates what is not there."""
    if method == "PUT" and contact_id not in store.contacts:
        return create(store, given)
    contact = found(store, contact_id)
    _check(given)
    if _by_email(store, given.get("email")) not in {None, contact_id}:
        message = "This field must be unique."
        raise refusal(422, f"email: {message}", {"email": [message]})
    if method == "PUT":
        contact["values"] = {}
    _write(store, contact, given)
    store.touch(contact)
    return one(store, contact_id)


def delete(store: Store, contact_id: int) -> Answer:
    """DELETE /contacts/ID/delete."""
    contact = found(store, contact_id)
    shown = {**show(store, contact), "id": None}
    del store.contacts[contact_id]
    return Answer(200, {"contact": shown})


def campaigns(store: Store, contact_id: int) -> Answer:
    """GET /contacts/ID/campaigns: an object by campaign id, `[]` when empty."""
    found(store, contact_id)
    rows = [row for row in store.members if row["lead_id"] == str(contact_id)]
    shown = {row["campaign_id"]: _membership(store, row) for row in rows}
    return Answer(200, {"total": len(shown), "campaigns": shown or []})


def lists(store: Store, contact_id: int) -> Answer:
    """GET /contacts/ID/segments."""
    ids = [key for key in found(store, contact_id)["segments"] if key in store.segments]
    rows = {str(key): store.segments[key] for key in ids}
    return Answer(200, {"total": len(rows), "lists": rows or []})


def add_dnc(store: Store, contact_id: int, channel: str, given: dict[str, Any]) -> Answer:
    """POST …/dnc/CHANNEL/add: one row per channel, the last reason wins (3: manual)."""
    contact = found(store, contact_id)
    comments = str(given.get("comments") or "")
    contact["dnc"][channel] = {"reason": int(given.get("reason", 3)), "comments": comments}
    return one(store, contact_id)


def remove_dnc(store: Store, contact_id: int, channel: str) -> Answer:
    """POST …/dnc/CHANNEL/remove: says whether there was one."""
    contact = found(store, contact_id)
    there = contact["dnc"].pop(channel, None) is not None
    return Answer(200, {"recordFound": there, "contact": show(store, contact)})


def show(store: Store, contact: Entity, *, fresh: bool = False) -> Entity:
    """Return a contact as it is read; `fresh` is the other shape that the create answer has."""
    names = contact["tags"]
    return {
        **{name: contact[name] for name in STAMP},
        "points": int(contact["values"].get("points") or 0),
        "color": None,
        "fields": shown_fields(contact["id"], contact["values"], fresh=fresh),
        "lastActive": None,
        "owner": None,
        "ipAddresses": [],
        "tags": [segments.tag_named(store, name)[0] for name in names],
        "utmtags": None if fresh else [],
        "stage": None,
        "dateIdentified": contact["dateAdded"],
        "preferredProfileImage": None,
        "doNotContact": [
            {"id": place, "channelId": None, "channel": channel, **row}
            for place, (channel, row) in enumerate(contact["dnc"].items(), 1)
        ],
        "frequencyRules": [],
    }


def _row(contact: Entity) -> Entity:
    return {"firstname": None, "lastname": None, **contact["values"], **contact}


def _searched(store: Store, row: Entity, search: str) -> bool:
    command, colon, value = search.partition(":")
    value = value.strip('"')
    if not colon:
        return listing.searched(row, search, ("email", "firstname", "lastname"))
    if command == "tag":
        return value in row["tags"]
    if command == "segment":
        return any(store.segments[key]["alias"] == value for key in row["segments"])
    return command == "email" and listing.compare(row["email"], Where("email", "like", value))


def _by_email(store: Store, email: Any) -> int | None:
    wanted = str(email or "").lower()
    matching = (key for key, c in store.contacts.items() if str(c["email"]).lower() == wanted)
    return next(matching, None) if wanted else None


def _check(given: dict[str, Any]) -> None:
    email = given.get("email")
    if email and "@" not in str(email):
        raise invalid({"email": f"{email} is invalid."})


def _write(store: Store, contact: Entity, given: dict[str, Any]) -> None:
    values = {name: value for name, value in given.items() if name != "tags"}
    contact["values"] = {**contact["values"], **values}
    contact["email"] = str(contact["values"].get("email") or "")
    if "isPublished" in given:
        contact["isPublished"] = truth(given["isPublished"])
    for name in given.get("tags") or []:
        if name.startswith("-"):
            contact["tags"] = [tag for tag in contact["tags"] if tag != name[1:]]
        elif name not in contact["tags"]:
            contact["tags"].append(segments.tag_named(store, name)[0]["tag"])


def _membership(store: Store, row: Entity) -> Entity:
    campaign = store.campaigns[int(row["campaign_id"])]
    return {
        "id": campaign["id"],
        "name": campaign["name"],
        "listMembership": campaign["lists"],
        "dateAdded": f"{row['date_added'].replace(' ', 'T')}+00:00",
        "manuallyRemoved": row["manually_removed"] == "1",
        "manuallyAdded": row["manually_added"] == "1",
    }

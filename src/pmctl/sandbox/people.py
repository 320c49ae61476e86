"""/api/contacts of the stand-in: as much as the recordings show and pmctl needs."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox import listing, people_search, segments
from pmctl.sandbox.answers import VERSION, Answer, invalid, not_found, refusal
from pmctl.sandbox.clock import iso, sql
from pmctl.sandbox.fields import FIELDS, shown_fields
from pmctl.sandbox.query import truth, wheres
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
MINIMAL = (*STAMP, "points", "color", "fields")


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /contacts: `total` is a string, `contacts` an object, `{}` when empty."""
    if not {"search", "where"} & set(query) and query.get("orderBy", "id") == "id":
        return _page(store, query)
    rows = people_search.found(store, str(query.get("search", "")))
    for where in wheres(query):
        rows = [row for row in rows if listing.compare(row.get(where.column), where)]
    rest = {name: value for name, value in query.items() if name not in {"search", "where"}}
    total, found = listing.select(rows, rest, ("email",))
    keep = MINIMAL if truth(query.get("minimal", "")) else ()
    shown = {str(row["id"]): _listed(store, row["id"], keep) for row in found}
    return Answer(200, {"total": str(total), "contacts": shown})


def _page(store: Store, query: dict[str, Any]) -> Answer:
    """Answer for everybody by id without looking at each contact; large lists stay quick."""
    keys: list[Any] = sorted(store.contacts, reverse=query.get("orderByDir") == "desc")
    keep = MINIMAL if truth(query.get("minimal", "")) else ()
    asked: list[Any] = listing.page(keys, query)
    shown = {str(key): _listed(store, key, keep) for key in asked}
    return Answer(200, {"total": str(len(keys)), "contacts": shown})


def _listed(store: Store, contact_id: int, keep: tuple[str, ...]) -> Entity:
    whole = show(store, store.contacts[contact_id], listed=True)
    return {name: whole[name] for name in keep} if keep else whole


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
    key = store.with_email(str(given.get("email") or ""))
    if key is not None:
        before = _state(store.contacts[key])
        _write(store, store.contacts[key], given)
        store.touch(store.contacts[key])
        _told(store, key, before)
        return one(store, key)
    key = store.add_contact(str(given.get("email") or ""))
    _write(store, store.contacts[key], given)
    location = {"Location": f"/api/contacts/{key}"}
    store.tell("lead_post_save_new", contact=key)
    shown = show(
        store, store.contacts[key], fresh=True, blank=truth(given.get("overwriteWithBlank", ""))
    )
    return Answer(201, {"contact": shown}, {**VERSION, **location})


def edit(store: Store, contact_id: int, given: dict[str, Any], method: str) -> Answer:
    """PATCH keeps what is not sent, PUT blanks it and creates what is not there."""
    if method == "PUT" and contact_id not in store.contacts:
        return create(store, {**given, "overwriteWithBlank": True})
    contact = found(store, contact_id)
    _check(given)
    if store.with_email(str(given.get("email") or "")) not in {None, contact_id}:
        message = "This field must be unique."
        raise refusal(422, f"email: {message}", {"email": [message]})
    before = _state(contact)
    if method == "PUT":
        contact["values"] = {}
    _write(store, contact, given)
    store.touch(contact)
    _told(store, contact_id, before)
    return one(store, contact_id)


def delete(store: Store, contact_id: int) -> Answer:
    """DELETE /contacts/ID/delete."""
    contact = found(store, contact_id)
    shown = {**show(store, contact), "id": None}
    shown["fields"]["all"]["id"] = None
    store.tell("lead_post_delete", contact=contact_id)
    store.forget_contact(contact_id)
    return Answer(200, {"contact": shown})


def campaigns(store: Store, contact_id: int) -> Answer:
    """GET /contacts/ID/campaigns: an object by campaign id, `[]` when empty."""
    found(store, contact_id)
    rows = [inside[contact_id] for inside in store.members.values() if contact_id in inside]
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
    set_dnc(store, contact, channel, int(given.get("reason", 3)), comments)
    store.touch(contact)
    store.tell("lead_post_save_update", contact=contact_id)
    return Answer(200, {"contact": _without_null(store, contact)})


def remove_dnc(store: Store, contact_id: int, channel: str) -> Answer:
    """POST …/dnc/CHANNEL/remove: says whether there was one."""
    contact = found(store, contact_id)
    there = clear_dnc(store, contact, channel)
    if there:
        store.tell("lead_post_save_update", contact=contact_id)
    return Answer(200, {"recordFound": there, "contact": show(store, contact)})


def points(store: Store, contact_id: int, operation: str, amount: int) -> Answer:
    """POST …/points/plus/N and …/points/minus/N."""
    found(store, contact_id)
    if operation not in {"plus", "minus"}:
        raise not_found()
    give_points(store, store.contacts[contact_id], amount if operation == "plus" else -amount)
    store.tell("lead_post_save_update", contact=contact_id)
    return Answer(200, {"success": 1})


_STATUS = {1: "unsubscribed", 2: "bounced", 3: "manual"}


def set_dnc(store: Store, contact: Entity, channel: str, reason: int, comments: str) -> None:
    """Let a contact want nothing on a channel: 1 unsubscribed, 2 bounced, 3 by hand."""
    old = contact["dnc"].get(channel)
    row = {"reason": reason, "comments": comments}
    contact["dnc"][channel] = row
    store.dnc_dates[contact["id"], channel] = (store.next_id("dnc"), sql(store.clock.now()))
    was = _STATUS.get(old["reason"], "contactable") if old else "contactable"
    now = _STATUS.get(reason, "contactable")
    if was != now:
        words = {"channel": channel, "old_status": was, "new_status": now}
        store.tell("lead_channel_subscription_changed", contact=contact["id"], **words)


def clear_dnc(store: Store, contact: Entity, channel: str) -> bool:
    """Take the mark away again; tell whether there was one."""
    row = contact["dnc"].pop(channel, None)
    if row is None:
        return False
    was = _STATUS.get(row["reason"], "contactable")
    words = {"channel": channel, "old_status": was, "new_status": "contactable"}
    store.tell("lead_channel_subscription_changed", contact=contact["id"], **words)
    return True


def give_points(store: Store, contact: Entity, amount: int) -> None:
    """Add points, or take some."""
    old = int(contact["values"].get("points") or 0)
    contact["values"]["points"] = old + amount
    if amount:
        store.tell("lead_points_change", contact=contact["id"], old=old, new=old + amount)


def _state(contact: Entity) -> tuple[Any, ...]:
    tags = tuple(contact["tags"])
    return dict(contact["values"]), tags, contact["isPublished"]


def _told(store: Store, contact_id: int, before: tuple[Any, ...]) -> None:
    """A write that changes nothing is no event."""
    if _state(store.contacts[contact_id]) != before:
        store.tell("lead_post_save_update", contact=contact_id)


def show(
    store: Store,
    contact: Entity,
    *,
    fresh: bool = False,
    blank: bool = False,
    listed: bool = False,
) -> Entity:
    """Return a contact as it is read; the other shapes are told by `shown_fields`."""
    names = contact["tags"]
    return {
        **{name: contact[name] for name in STAMP},
        "points": int(contact["values"].get("points") or 0),
        "color": None,
        "fields": shown_fields(
            contact["id"], contact["values"], store.fields, fresh=fresh, blank=blank, listed=listed
        ),
        "lastActive": None,
        "owner": _owner(store, contact["owner"]),
        "ipAddresses": [],
        "tags": [segments.tag_named(store, name)[0] for name in names],
        "utmtags": None if fresh else [],
        "stage": _stage(store, contact["stage"]),
        "dateIdentified": contact.get("dateIdentified", contact["dateAdded"]),
        "preferredProfileImage": None,
        "doNotContact": [
            {
                "id": store.dnc_dates.get((contact["id"], channel), (place,))[0],
                **row,
                "channel": channel,
                "channelId": None,
            }
            for place, (channel, row) in enumerate(contact["dnc"].items(), 1)
        ],
        "frequencyRules": [],
    }


def _without_null(store: Store, contact: Entity) -> Entity:
    """Return the shape of the answer to a DNC: what is null is left out, also deep inside."""
    shown: Entity = {}
    for name, value in show(store, contact).items():
        shown[name] = value
        if name == "points":
            named = ("firstname", "lastname", "email")
            shown.update({one: contact["values"].get(one) for one in named})
    shown["doNotContact"] = [
        {"id": place, "dateAdded": iso(store.clock.now()), **row, "channel": channel}
        for place, (channel, row) in enumerate(contact["dnc"].items(), 1)
    ]
    fields = shown["fields"]
    score = fields["core"]["points"]
    score.update(value=float(score["value"]), normalizedValue=float(score["value"]))
    shown["fields"] = {name: group for name, group in fields.items() if name != "all"}
    bare: Entity = _bare(shown)
    return {name: value for name, value in bare.items() if name != "color"}


def _owner(store: Store, user_id: int | None) -> Entity | None:
    if user_id is None:
        return None
    names = {"username": "admin", "firstName": "Sandbox", "lastName": "Admin"}
    user = store.users.get(user_id, {})
    shown = {name: user.get(name, value) for name, value in names.items()}
    return {"createdByUser": None, "modifiedByUser": None, "id": user_id, **shown}


def _stage(store: Store, stage_id: int | None) -> Entity | None:
    if stage_id is None:
        return None
    stage = store.stages.get(stage_id, {})
    names = ("createdByUser", "modifiedByUser", "id", "name", "category", "weight", "description")
    return {**{name: stage.get(name) for name in names}, "id": stage_id}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _check(given: dict[str, Any]) -> None:
    email = given.get("email")
    if email and "@" not in str(email):
        raise invalid({"email": f"{email} is invalid."})


def _write(store: Store, contact: Entity, given: dict[str, Any]) -> None:
    known = {field.alias for field in (*FIELDS, *store.fields)}
    values = {name: value for name, value in given.items() if name in known}
    contact["values"] = {**contact["values"], **values}
    store.set_email(contact["id"], str(contact["values"].get("email") or ""))
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

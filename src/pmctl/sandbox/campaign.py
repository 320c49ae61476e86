"""/api/campaigns of the stand-in, with what Mautic 5.1.1 believes, loses and breaks on."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox import canvas, listing, membership
from pmctl.sandbox import event as steps
from pmctl.sandbox.answers import VERSION, Answer, crash, invalid, not_found, refusal
from pmctl.sandbox.dates import publication
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.query import truth
from pmctl.sandbox.store import Entity, Store

MINIMAL = (
    "isPublished",
    "dateAdded",
    "dateModified",
    "createdBy",
    "createdByUser",
    "modifiedBy",
    "modifiedByUser",
    "id",
    "name",
    "category",
    "description",
)
PLAIN = ("name", "description")
SWITCHES = ("isPublished", "allowRestart")
# a PATCH that changes none of these leaves dateModified alone
COMPARED = (*PLAIN, *SWITCHES, "publishUp", "publishDown", "lists", "forms")
SOURCE = ("createdByUser", "modifiedByUser", "id", "name", "publicName", "alias", "description")
NO_EVENT = "At least one event is required. Use the Launch Campaign Builder button to add one."
NO_SOURCE = (
    "At least one contact source is required. Use the Launch Campaign Builder button to add one."
)
LONGEST_NAME = 191


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /campaigns: `total` is an int, `campaigns` an object by id, `[]` when empty."""
    total, rows = listing.select(store.campaigns.values(), query, PLAIN)
    minimal = truth(query.get("minimal", ""))
    shown = {str(row["id"]): _minimal(row) if minimal else show(store, dict(row)) for row in rows}
    return Answer(200, {"total": total, "campaigns": shown or []})


def one(store: Store, campaign_id: int) -> Answer:
    """GET /campaigns/ID."""
    return Answer(200, {"campaign": show(store, found(store, campaign_id))})


def found(store: Store, campaign_id: int) -> Entity:
    """Return a campaign. Raise the 404."""
    if campaign_id not in store.campaigns:
        raise not_found()
    return store.campaigns[campaign_id]


def delete(store: Store, campaign_id: int) -> Answer:
    """DELETE: the campaign as it was, without id, events and sources."""
    campaign = found(store, campaign_id)
    store.drop_log(event["id"] for event in campaign["events"])
    store.members.pop(campaign_id, None)
    del store.campaigns[campaign_id]
    shown = show(store, {**campaign, "events": [], "lists": [], "forms": []})
    return Answer(200, {"campaign": {**shown, "id": None}})


def create(store: Store, given: dict[str, Any]) -> Answer:
    """POST /campaigns/new: published unless it says otherwise."""
    campaign: Entity = {
        **store.stamp(),
        "modifiedBy": store.author.id,
        "modifiedByUser": store.author.name,
        "id": None,
        "name": None,
        "category": None,
        "description": None,
        "allowRestart": False,
        "publishUp": None,
        "publishDown": None,
        "events": [],
        "forms": [],
        "lists": [],
        "canvasSettings": {"nodes": [], "connections": []},
    }
    return _save(store, campaign, given, "POST", 201)


def edit(store: Store, campaign_id: int, given: dict[str, Any], method: str) -> Answer:
    """PUT or PATCH. PUT on an unknown id creates, under the next free id."""
    if campaign_id not in store.campaigns and method == "PUT":
        return create(store, {"isPublished": False, **given})
    return _save(store, found(store, campaign_id), given, method, 200)


def _save(store: Store, old: Entity, given: dict[str, Any], method: str, status: int) -> Answer:
    campaign = {**old, "events": [dict(event) for event in old["events"]]}
    _fields(campaign, given, method)
    if method != "PATCH":
        _required(given, method)
    _sources(store, campaign, given, method)
    wires = given.get("canvasSettings") or {}
    sent = given["events"] if "events" in given and (wires or method != "PATCH") else []
    new = _events(store, campaign, sent, wires, method) if sent else []
    _number(store, campaign, new)
    if wires or method == "POST":
        real = {e["tempId"]: e["id"] for e in campaign["events"] if e["tempId"]}
        campaign["canvasSettings"] = canvas.settled(wires, real)
    _keep(store, campaign, old)
    same = all(campaign[name] == old[name] for name in COMPARED)
    if status == 200 and (sent or method == "PUT" or not same):
        store.touch(campaign)
    shown = show(store, campaign, steps.just_saved(campaign["events"], old["events"]))
    for event in campaign["events"]:
        event.update(onceId=event["tempId"] or event.get("onceId"), tempId=None, today={})
    if any(event.get("triggerDate") for event in sent):
        raise crash()  # after it was stored
    location = {"Location": f"/api/campaigns/{campaign['id']}"} if status == 201 else {}
    return Answer(status, {"campaign": shown}, {**VERSION, **location})


def _fields(campaign: Entity, given: dict[str, Any], method: str) -> None:
    """Take over the plain fields. PUT blanks what is left out, and so unpublishes."""
    full = method == "PUT"
    for name in PLAIN:
        if name in given or full:
            campaign[name] = given.get(name) or None
    for name in SWITCHES:
        if name in given or full:
            campaign[name] = truth(given.get(name, False))
    if not campaign["name"]:
        raise invalid({"name": "A name is required."})
    campaign.update(publication(given, full=full))
    if len(str(campaign["name"])) > LONGEST_NAME or given.get("category"):
        raise crash()  # the stand-in has no categories, and an unknown one is a 500


def _required(given: dict[str, Any], method: str) -> None:
    if not given.get("events"):
        raise refusal(400, NO_EVENT)
    if not given.get("lists") and not given.get("forms"):
        raise refusal(400, NO_SOURCE)
    if method != "PUT":
        return
    for kind in ("events", "lists", "forms"):
        for place, item in enumerate(given.get(kind) or []):
            if not isinstance(item, dict) or "id" not in item:
                raise refusal(400, f'$campaign[{kind}][{place}]["id"] is missing')


def _sources(store: Store, campaign: Entity, given: dict[str, Any], method: str) -> None:
    """Set segments and forms. An unknown id is a 500; `lists: [8]` gives no source at all."""
    for kind, known in (("lists", store.segments), ("forms", store.forms)):
        if kind not in given and method == "PATCH":
            continue
        ids = [int(item["id"]) for item in given.get(kind) or [] if isinstance(item, dict)]
        if not set(ids) <= set(known):
            raise crash()
        kept = campaign[kind] if method == "PATCH" else []
        campaign[kind] = list(dict.fromkeys([*kept, *ids]))


def _events(
    store: Store, campaign: Entity, given: list[dict[str, Any]], wires: dict[str, Any], method: str
) -> list[Entity]:
    """Write the events of a request into the campaign; return those that are new."""
    old = {str(event["id"]): event for event in campaign["events"]}
    today = str(store.clock.now().date())
    written: dict[str, Entity] = {}
    for item in given:
        key = str(item.get("id", ""))
        event = old.get(key) or steps.blank()
        if key.startswith("new"):
            event["tempId"] = key
        if len(key) > steps.LONGEST_TEMP_ID:
            raise crash()
        steps.write(event, item, today)
        written[key] = event
    new = [event for key, event in written.items() if key not in old]
    for place, event in enumerate(new):
        event["id"] = -1 - place  # until it is stored
    canvas.connect(written, wires)
    kept = [e for key, e in old.items() if key in written or method == "PATCH"]
    if canvas.is_cycle(written):
        new = [*new[1:], *new[:1]]  # the order in which Mautic's ORM then stores them
    campaign["events"] = [*kept, *(e for key, e in written.items() if key not in old)]
    return new


def _number(store: Store, campaign: Entity, new: list[Entity]) -> None:
    """Give the new events their ids, also where others speak of them."""
    real = {event["id"]: store.next_id("events") for event in new}
    for event in campaign["events"]:
        event["id"] = real.get(event["id"], event["id"])
        event["parentId"] = real.get(event["parentId"], event["parentId"])
    temporary: dict[str, int] = {}  # the column keeps what an event was once called
    for event in sorted(campaign["events"], key=lambda event: event["id"]):
        name = event["tempId"] or event.get("onceId")
        if name:
            temporary.setdefault(name, event["id"])
    for event in campaign["events"]:
        properties = event["properties"]
        if isinstance(properties, dict) and properties.get("jumpToEvent") in temporary:
            event["properties"] = {
                **properties,
                "jumpToEvent": temporary[properties["jumpToEvent"]],
            }


def _keep(store: Store, campaign: Entity, old: Entity) -> None:
    """Store the campaign; the log of the events that are gone goes too."""
    left = {event["id"] for event in campaign["events"]}
    store.drop_log(event["id"] for event in old["events"] if event["id"] not in left)
    campaign["id"] = campaign["id"] or store.next_id("campaigns")
    store.campaigns[campaign["id"]] = campaign


def _minimal(campaign: listing.Row) -> Entity:
    return {name: campaign[name] for name in MINIMAL}


def show(store: Store, campaign: Entity, events: list[Entity] | None = None) -> Entity:
    """Return a campaign as it is read; its events sorted by `order`, unless they are given."""
    lists = [store.segments[key] for key in campaign["lists"] if key in store.segments]
    return {
        **_minimal(campaign),
        "allowRestart": campaign["allowRestart"],
        "publishUp": campaign["publishUp"],
        "publishDown": campaign["publishDown"],
        "events": steps.read(campaign["events"]) if events is None else events,
        "forms": [_source(store.forms[key]) for key in campaign["forms"] if key in store.forms],
        "lists": [_source(segment) for segment in lists],
        "canvasSettings": campaign["canvasSettings"],
    }


def _source(source: Entity) -> Entity:
    return {**{name: source[name] for name in SOURCE if name in source}, "category": None}


def add_contact(store: Store, campaign_id: int, contact_id: int) -> Answer:
    """POST /campaigns/ID/contact/CONTACT/add: idempotent while a member, a restart after that."""
    _both(store, campaign_id, contact_id)
    campaign = store.campaigns[campaign_id]
    membership.join(Journal(store, contact_id), campaign, contact_id, manually=True)
    return Answer(200, {"success": 1})


def remove_contact(store: Store, campaign_id: int, contact_id: int) -> Answer:
    """POST …/remove: cancels what is scheduled for the contact there."""
    _both(store, campaign_id, contact_id)
    membership.leave(Journal(store, contact_id), campaign_id, contact_id, by_hand=True)
    return Answer(200, {"success": 1})


def _both(store: Store, campaign_id: int, contact_id: int) -> None:
    found(store, campaign_id)
    if contact_id not in store.contacts:
        raise not_found()


def contacts(store: Store, campaign_id: int, query: dict[str, Any]) -> Answer:
    """GET /campaigns/ID/contacts: rows of campaign_leads in a list, `total` a string."""
    rows: list[listing.Row] = [
        {name: value for name, value in row.items() if value is not None}
        for row in store.members.get(campaign_id, {}).values()
        if row["manually_removed"] == "0"
    ]
    return Answer(200, {"total": str(len(rows)), "contacts": listing.page(rows, query)})

"""The stand-in put into the state before a recorded exchange.

What was true before is taken from the answer: a campaign that was read must have been there, new
ids went on from the one before. So the stand-in is asked to come to the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl

from pmctl.sandbox import event as steps
from pmctl.sandbox.server import MauticSandbox
from pmctl.sandbox.store import Store
from tests.sandbox import before_contacts, before_log
from tests.sandbox.replay import Recording

UNKNOWN = 99999  # the recordings use it for "there is no such thing"


def prepare(sandbox: MauticSandbox, recording: Recording) -> None:
    """Put the stand-in into the state before a recorded exchange."""
    store = sandbox.store
    _empty(store)
    if recording.name.startswith("01-api-disabled"):
        sandbox.access.api_enabled = False
    if recording.name.startswith("01-permission"):
        sandbox.access.forbidden = frozenset({recording.kind})
    {
        "campaigns": _campaigns,
        "emails": _emails,
        "segments": _segments,
        "contacts": _contacts,
        "stats": _stats,
        "tags": _tags,
        "fields": before_contacts.fields,
        "stages": _named,
        "companies": _named,
    }.get(recording.kind, lambda *_: None)(store, recording)


def _empty(store: Store) -> None:
    for kind in ("segments", "forms", "emails", "campaigns", "contacts", "tags"):
        getattr(store, kind).clear()


def _named(store: Store, recording: Recording) -> None:
    store.start_ids(recording.kind, recording.entity["id"] - 1)


def segment(store: Store, key: int, alias: str = "") -> None:
    """Let there be a segment of that id."""
    store.start_ids("segments", key - 1)
    store.add_segment(alias or f"segment-{key}")


def _each(
    remember: Callable[[Store, dict[str, Any]], object], store: Store, recording: Recording
) -> None:
    if "total" in recording.answer:
        for row in recording.rows:
            remember(store, row)


def _source(store: Store, shown: dict[str, Any]) -> None:
    segment(store, shown["id"], shown["alias"])
    store.segments[shown["id"]].update(shown)


def remember_campaign(store: Store, shown: dict[str, Any]) -> dict[str, Any]:
    """Put a campaign as it was read into the store; return it."""
    events = []
    for one in shown.get("events", []):
        kept = {name: one[name] for name in steps.SCALARS}
        for name in steps.HOURS:
            kept[name] = kept[name] and kept[name][11:19]
        parent = one.get("parent") or {}
        if "parent" not in one:
            parent = one  # a loop to itself is not shown
        events.append({**steps.blank(), **kept, "parentId": parent.get("id")})
    for one in shown.get("lists", []):
        _source(store, one)
    defaults: dict[str, Any] = {
        "allowRestart": False,
        "publishUp": None,
        "publishDown": None,
        "forms": [],
    }
    canvas = shown.get("canvasSettings", {"nodes": [], "connections": []})
    campaign = {**defaults, **shown, "events": events, "canvasSettings": canvas}
    campaign["lists"] = [one["id"] for one in shown.get("lists", [])]
    store.campaigns[shown["id"]] = campaign
    return campaign


def _campaigns(store: Store, recording: Recording) -> None:
    if recording.path.startswith("/api/campaigns/events/"):
        before_log.log_edit(store, recording)
        return
    body = recording.body if isinstance(recording.body, dict) else {}
    for one in body.get("lists", []):
        key = one["id"] if isinstance(one, dict) else one
        if key != UNKNOWN:
            segment(store, key)
    if recording.key == "contacts":
        _remember_members(store, recording.rows, recording.answer["total"])
    else:
        _each(remember_campaign, store, recording)
    if "/contact/" in recording.path and recording.status == 200:
        remember_campaign(store, _stub_campaign(recording.ids[0]))
        store.start_ids("contacts", recording.ids[1] - 1)
        store.add_contact("somebody@example.com")
    if recording.entity and recording.status == 201:
        _start_campaign_ids(store, recording.entity)
    elif recording.entity:
        _before(store, recording)
    elif recording.ids and recording.status in {400, 500}:
        remember_campaign(store, _stub_campaign(recording.ids[0]))


def _start_campaign_ids(store: Store, shown: dict[str, Any]) -> None:
    store.start_ids("campaigns", shown["id"] - 1)
    store.start_ids("events", min(one["id"] for one in shown["events"]) - 1)
    for one in shown["lists"]:
        _source(store, one)


def _before(store: Store, recording: Recording) -> None:
    shown = deepcopy(recording.entity)
    shown["id"] = recording.ids[0]  # a deleted one has none in the answer
    campaign = remember_campaign(store, shown)
    body = recording.body or {}
    if "canvasSettings" in body:
        asked = {str(one["id"]) for one in body["events"]}
        count = sum(one.startswith("new") for one in asked)
        every = campaign["events"]
        campaign["events"] = every[: len(every) - count]
        store.start_ids("events", min([one["id"] for one in every[-count:]], default=1) - 1)
        if recording.method == "PUT":
            # what is not in the request goes; its parent then shows no new child
            parent = next((one["id"] for one in shown["events"] if _poorer(one, shown)), None)
            gone = {"id": 1_000_000, "name": "Goes", "parentId": parent}
            campaign["events"].append({**steps.blank(), **gone})
            for event in campaign["events"]:
                if event["parentId"] == parent and event is not campaign["events"][-1]:
                    event["parentId"] = 1_000_000
            campaign["canvasSettings"] = {"nodes": [], "connections": []}
    if recording.method == "PUT":
        campaign["isPublished"] = True


def _poorer(event: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Tell whether an event that was there has a child that it does not show."""
    below = [one for one in shown["events"] if (one.get("parent") or {}).get("id") == event["id"]]
    return not event["children"] and bool(below) and event["id"] != below[0]["id"]


def _stub_campaign(key: int) -> dict[str, Any]:
    stamp = dict.fromkeys(("dateAdded", "createdBy", "createdByUser", "modifiedBy"))
    more = dict.fromkeys(("modifiedByUser", "dateModified", "category", "description"))
    return {**stamp, **more, "id": key, "name": "Stub", "isPublished": False, "allowRestart": False}


def remember_email(store: Store, shown: dict[str, Any]) -> dict[str, Any]:
    """Put an email as it was read into the store; return it."""
    names = ("fromAddress", "fromName", "replyToAddress", "bccAddress", "customHtml", "plainText")
    empty = dict.fromkeys((*names, "template", "publishUp", "publishDown", "variantParent"))
    numbers = {"sentCount": 0, "readCount": 0, "revision": 1}
    defaults: dict[str, Any] = {
        **empty,
        **numbers,
        "headers": {},
        "utmTags": {},
        "emailType": "template",
    }
    email = {**defaults, **deepcopy(shown)}
    email["headers"] = email["headers"] or {}
    email["lists"] = [one["id"] for one in shown.get("lists", [])]
    for one in shown.get("lists", []):
        _source(store, one)
    store.emails[shown["id"]] = email
    return email


def _emails(store: Store, recording: Recording) -> None:
    if "/contact/" in recording.path:
        remember_email(store, {**_stub_email(recording.ids[0]), "variantParent": None})
        _empty_contact(store, 5)
        return
    if "/reply/" in recording.path:
        before_log.reply(store, recording)
        return
    _each(remember_email, store, recording)
    body = recording.body if isinstance(recording.body, dict) else {}
    for key in body.get("lists", []):
        segment(store, key)
    for one in recording.entity.get("lists", []):
        _source(store, one)
    if body.get("variantParent"):
        parent = recording.entity.get("variantParent") or {"id": 82, "language": "en"}
        remember_email(store, {**_stub_email(82), **parent})
    if recording.entity and recording.status == 201:
        store.start_ids("emails", recording.entity["id"] - 1)
    elif recording.entity:
        revision = recording.entity["revision"] - (recording.method in {"PUT", "PATCH"})
        shown = {**recording.entity, "id": recording.ids[0], "revision": revision}
        before = remember_email(store, shown)
        if recording.method == "PUT":
            before.update(plainText="old", fromAddress="old@example.com", headers={"X-Old": "1"})
    elif recording.status == 500 and recording.ids:
        remember_email(store, {**_stub_email(recording.ids[0]), "language": "en"})


def _stub_email(key: int) -> dict[str, Any]:
    return {**_stub_campaign(key), "subject": "Stub", "language": "en", "category": None}


def _segments(store: Store, recording: Recording) -> None:
    for row in recording.rows if "total" in recording.answer else []:
        segment(store, row["id"])
        store.segments[row["id"]].update(row)
    if recording.entity and recording.status == 201:
        store.start_ids("segments", recording.entity["id"] - 1)
    elif recording.entity:
        segment(store, recording.ids[0])
        store.segments[recording.ids[0]].update(recording.entity, id=recording.ids[0])
    if "/contact" in recording.path:
        segment(store, recording.ids[0])
        asked = recording.body["ids"] if recording.body else recording.ids[1:]
        for key in asked:
            if key != UNKNOWN:
                _empty_contact(store, key)


def _contacts(store: Store, recording: Recording) -> None:
    if before_contacts.contacts(store, recording):
        return
    if recording.kind == "contacts" and recording.path.count("/") == 4 and recording.status == 200:
        _contact_before(store, recording)
    elif recording.status == 200 and recording.entity and recording.method == "POST":
        before_contacts.remember(store, recording.entity)
    elif recording.status == 200 and recording.entity:
        _contact_before(store, recording)
    elif recording.status == 201:
        store.start_ids("contacts", recording.entity["id"] - 1)
        for tag in recording.entity["tags"]:
            store.tags[tag["id"]] = tag
    elif recording.status in {422, 500}:
        store.start_ids("contacts", 4)
        store.add_contact("ann@t.example")
        store.add_contact("unk@t.example")
    elif "total" in recording.answer and recording.ids:
        _empty_contact(store, recording.ids[0])
    elif "total" in recording.answer:
        for place in range(int(recording.answer["total"])):
            store.add_contact(f"{place}@example.org")


def _contact_before(store: Store, recording: Recording) -> None:
    if recording.entity:
        before_contacts.remember(store, {**recording.entity, "id": recording.ids[0]})
        return
    _empty_contact(store, recording.ids[0])
    for row in recording.rows_of("campaigns"):
        shown = {**_stub_campaign(row["id"]), "name": row["name"]}
        remember_campaign(store, shown)["lists"] = row["listMembership"]
        store.put_member(row["id"], recording.ids[0])


def _empty_contact(store: Store, key: int) -> None:
    store.start_ids("contacts", key - 1)
    store.add_contact("somebody@example.com")


def _tags(store: Store, recording: Recording) -> None:
    for row in recording.rows if "total" in recording.answer else []:
        store.tags[row["id"]] = row
    if recording.status == 201:
        store.start_ids("tags", recording.entity["id"] - 1)
    elif recording.entity:
        store.tags[recording.entity["id"]] = recording.entity


def _stats(store: Store, recording: Recording) -> None:
    table = recording.path.partition("?")[0].rpartition("/")[2]
    kept = {"campaign_lead_event_log": store.log, "email_stats": store.sent}
    kept["email_stat_replies"] = store.replies
    if table not in {*kept, "campaign_leads"} or "total" not in recording.answer:
        return
    seen = recording.answer["stats"] or [{**_wanted(recording), "id": "1"}]
    if table == "campaign_leads":
        _remember_members(store, seen, recording.answer["total"])
    else:
        kept[table].extend(_repeated(seen, recording.answer["total"], "id"))


def _remember_members(store: Store, rows: list[dict[str, Any]], total: str) -> None:
    for place, row in enumerate(_repeated(rows, total, "lead_id")):
        who = int(row.get("lead_id") or 0) or -place
        store.members.setdefault(int(row["campaign_id"]), {})[who] = row


def _wanted(recording: Recording) -> dict[str, str]:
    """Return a row that meets the conditions of a query, all of them `eq`."""
    given = dict(parse_qsl(recording.path.partition("?")[2]))
    wheres = [name for name in given if name.endswith("[col]")]
    return {given[name]: given[name.replace("[col]", "[val]")] for name in wheres}


def _repeated(rows: list[dict[str, Any]], total: str, key: str) -> list[dict[str, Any]]:
    """Add copies of the last row until there are as many as there were."""
    more = max(0, int(total) - len(rows))
    return [*rows, *({**rows[-1], key: "0"} for _ in range(more))]

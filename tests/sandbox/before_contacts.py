"""The contacts and contact fields that were there before a recorded exchange."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox.store import Store
from tests.sandbox.replay import Recording

CUSTOM = {"pm_stage": ("text", "PM Stage", ()), "pm_plan": ("select", "PM Plan", ("free", "pro"))}


def fields(store: Store, recording: Recording) -> None:
    """Let there be the custom fields that the answer shows, but the one that it makes."""
    made = recording.answer.get("field", {}).get("alias")
    if made or recording.method == "GET" or recording.status == 400:
        for alias, (kind, label, values) in CUSTOM.items():
            if made != alias and (recording.method == "GET" or recording.status == 400):
                store.add_field(alias, kind, label, values)


def contacts(store: Store, recording: Recording) -> bool:
    """Put the contacts of the answer there; False if this exchange is none of those known here."""
    shown = _shown(recording)
    if shown and "pm_stage" in shown[0]["fields"]["core"]:
        for alias, (kind, label, values) in CUSTOM.items():
            store.add_field(alias, kind, label, values)
    if "/batch/" in recording.path or "/points/" in recording.path or "/dnc/" in recording.path:
        for one in shown:
            remember(store, one)
        if "/points/" in recording.path:
            store.start_ids("contacts", recording.ids[0] - 1)
            store.add_contact("somebody@example.com")
        return True
    if "total" in recording.answer and shown:
        for one in shown:
            remember(store, one)
            if "search=tag:vip" in recording.path:
                store.contacts[one["id"]]["tags"].append("vip")
        _others(store, recording, len(shown))
        return True
    return False


def _others(store: Store, recording: Recording, count: int) -> None:
    """Add contacts until there are as many as the answer counts, before and after the page."""
    first = min(store.contacts)
    missing = int(recording.answer["total"]) - count
    before = 1 if "start=1" in recording.path else 0
    for key in range(first - before, first):
        store.start_ids("contacts", key - 1)
        store.add_contact(f"before{key}@example.org")
    store.contacts = dict(sorted(store.contacts.items()))
    store.start_ids("contacts", max(store.contacts))
    for place in range(missing - before):
        store.add_contact(f"{place}@example.org")


def _shown(recording: Recording) -> list[dict[str, Any]]:
    if recording.entity:
        return [recording.entity]
    found = recording.rows_of("contacts")
    return [one for one in found if "fields" in one]


def remember(store: Store, shown: dict[str, Any]) -> None:
    """Put a contact as it was shown into the store."""
    store.start_ids("contacts", shown["id"] - 1)
    store.add_contact("somebody@example.com")
    fields = shown["fields"]
    values = {
        alias: field.get("value")
        for group in ("core", "social")
        for alias, field in fields[group].items()
    }
    own: dict[str, Any] = {
        n: shown[n] for n in ("dateAdded", "dateModified", "dateIdentified") if n in shown
    }
    tags = [tag["tag"] for tag in shown.get("tags", [])]
    for tag in shown.get("tags", []):
        store.tags[tag["id"]] = {**tag, "description": tag.get("description")}
    contact = store.contacts[shown["id"]]
    contact.update(own, values=values, tags=tags)
    contact.update(modifiedBy=1, modifiedByUser="Lab Admin")
    for row in shown.get("doNotContact", []):
        contact["dnc"][row["channel"]] = {"reason": row["reason"], "comments": row["comments"]}
    store.set_email(shown["id"], str(values["email"] or ""))

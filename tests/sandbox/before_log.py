"""The state before recorded writes to the log of campaigns, and before recorded replies."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox import event as steps
from pmctl.sandbox.store import Store
from tests.sandbox.replay import Recording


def log_edit(store: Store, recording: Recording) -> None:
    """Put the events of the answer into a campaign, and the contacts of the request beside it."""
    events = _events(recording)
    campaign = _campaign(recording)
    store.campaigns[campaign["id"]] = {**campaign, "events": events}
    for key in _contacts(recording):
        store.start_ids("contacts", key - 1)
        store.add_contact(f"k{key}@example.org")
        if not recording.name.endswith("notmember"):
            store.put_member(campaign["id"], key)
    if recording.name.endswith("already-executed"):
        item = recording.body[0]
        store.put_passed(item["eventId"], item["contactId"])
        store.log[-1]["date_triggered"] = item["dateTriggered"]


def _events(recording: Recording) -> list[dict[str, Any]]:
    one = recording.answer.get("event")
    shown = [one, *one["campaign"]["events"]] if one else recording.rows_of("events")
    known = {item["id"] for item in shown}
    parents = {(item.get("parent") or {}).get("id") for item in shown} - {None}
    blanks = [{**steps.blank(), "id": key} for key in parents - known]
    items = recording.body if isinstance(recording.body, list) else []
    named = {*recording.ids[:1], *(item["eventId"] for item in items)}
    asked = [key for key in named if key not in known]
    blanks += [{**steps.blank(), "id": key, "eventType": "action"} for key in asked]
    return [*blanks, *(_event(item) for item in shown)]


def _event(shown: dict[str, Any]) -> dict[str, Any]:
    kept = {name: shown[name] for name in steps.SCALARS if name in shown}
    return {**steps.blank(), **kept, "parentId": (shown.get("parent") or {}).get("id")}


def _campaign(recording: Recording) -> dict[str, Any]:
    base = {"lists": [], "forms": [], "isPublished": True, "allowRestart": False}
    of = (recording.answer.get("event") or {}).get("campaign")
    named = 116 if recording.name.startswith("08-09b") else 109
    return {**base, **(of or {"id": named})}


def _contacts(recording: Recording) -> list[int]:
    if len(recording.ids) > 1:
        return recording.ids[1:]
    items = recording.body if isinstance(recording.body, list) else []
    return sorted({item["contactId"] for item in items})


def reply(store: Store, recording: Recording) -> None:
    """Let a mail be there with the hash of the request."""
    if recording.status == 404 and recording.method == "POST":
        return
    reader = store.add_contact("reader@example.org")
    store.emails[51] = {"id": 51, "sentCount": 0, "readCount": 0}
    store.put_sent(51, reader)
    store.sent[0]["tracking_hash"] = recording.path.rpartition("/")[2]

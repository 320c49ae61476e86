"""/api/hooks of the stand-in: anything is a trigger, the secret is shown, PUT replaces it."""

from __future__ import annotations

import re
import secrets
from typing import Any

from pmctl.sandbox import listing
from pmctl.sandbox.answers import VERSION, Answer, invalid, not_found
from pmctl.sandbox.query import truth
from pmctl.sandbox.store import Entity, Store

_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
_LISTED = """
company_post_save: Company Create/Update Event: Triggered when a company is created/updated
company_post_delete: Company Deleted Event: Triggered when a company is deleted
lead_channel_subscription_changed: Contact Channel Subscription Change Event: Triggered when a contact's channel subscription status changes.
lead_company_change: Contact Company Subscription Change Event: Triggered when a commpany is added or removed to/from contact
lead_post_delete: Contact Deleted Event: Triggered when a contact is deleted.
lead_post_save_new: Contact Identified Event: Triggered when a contact is identified.
lead_points_change: Contact Points Changed Event: Triggered when a contact's points are modified.
lead_list_change: Contact Segment Membership Change Event: Triggered when a contact segment membership is changed
lead_post_save_update: Contact Updated Event: Triggered when a contact is updated.
email_on_open: Email Open Event: mautic.email.webhook.event.open_desc
email_on_send: Email Send Event: mautic.email.webhook.event.send_desc
form_on_submit: Form Submit Event: mautic.form.webhook.event.form.submit_desc
page_on_hit: Page Hit Event: mautic.page.webhook.event.hit_desc
sms_on_send: Text Send Event: mautic.sms.webhook.event.send_desc
"""  # noqa: E501  Mautic's own words


def triggers() -> Answer:
    """GET /hooks/triggers."""
    split = (line.split(": ", 2) for line in _LISTED.strip().splitlines())
    shown = {f"mautic.{name}": {"label": la, "description": de} for name, la, de in split}
    return Answer(200, {"triggers": shown})


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /hooks, by name unless asked otherwise: an object by id, `[]` when empty."""
    rows = sorted(store.hooks.values(), key=lambda row: str(row["name"]))
    total, found = listing.select(rows, {"orderBy": "name", **query}, ("name",))
    return Answer(200, {"total": total, "hooks": {str(r["id"]): dict(r) for r in found} or []})


def one(store: Store, hook_id: int) -> Answer:
    """GET /hooks/ID."""
    return Answer(200, {"hook": dict(_found(store, hook_id))})


def create(store: Store, given: dict[str, Any]) -> Answer:
    """POST /hooks/new: published unless it says otherwise; triggers may be none, or nonsense."""
    hook: Entity = {**store.stamp(), "id": 0, **_BLANK, "secret": _secret()}
    _write(hook, given)
    hook["id"] = store.next_id("hooks")
    store.hooks[hook["id"]] = hook
    return Answer(201, {"hook": dict(hook)}, {**VERSION, "Location": f"/api/hooks/{hook['id']}"})


def edit(store: Store, hook_id: int, given: dict[str, Any], method: str) -> Answer:
    """PATCH keeps what is not sent; PUT empties it and makes a new secret."""
    if hook_id not in store.hooks and method == "PUT":
        return create(store, given)
    hook = dict(_found(store, hook_id))
    if method == "PUT":
        hook.update(_BLANK, secret=_secret(), isPublished=False)
    _write(hook, given)
    store.touch(hook)
    store.hooks[hook_id] = hook
    return one(store, hook_id)


def delete(store: Store, hook_id: int) -> Answer:
    """DELETE /hooks/ID/delete; what was queued for it goes too."""
    hook = _found(store, hook_id)
    del store.hooks[hook_id]
    store.hook_queue[:] = [row for row in store.hook_queue if row["hook"] != hook_id]
    return Answer(200, {"hook": {**hook, "id": None}})


_BLANK: Entity = {
    "name": None, "description": None, "webhookUrl": None, "secret": None,
    "eventsOrderbyDir": None, "category": None, "triggers": [],
}  # fmt: skip


def _secret() -> str:
    return secrets.token_hex(32)


def _found(store: Store, hook_id: int) -> Entity:
    if hook_id not in store.hooks:
        raise not_found()
    return store.hooks[hook_id]


def _write(hook: Entity, given: dict[str, Any]) -> None:
    for name in ("name", "description", "webhookUrl", "eventsOrderbyDir"):
        if name in given:
            hook[name] = given[name] or None
    if given.get("secret"):
        hook["secret"] = str(given["secret"])
    if "isPublished" in given:
        hook["isPublished"] = truth(given["isPublished"])
    if "triggers" in given:
        hook["triggers"] = [str(one) for one in given["triggers"] or []]
    problems = {} if hook["name"] else {"name": "A name is required."}
    if not _URL.fullmatch(str(hook["webhookUrl"] or "")):
        problems["webhookUrl"] = "A valid URL is required."
    if problems:
        raise invalid(problems)

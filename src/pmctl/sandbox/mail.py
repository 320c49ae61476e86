"""/api/emails of the stand-in: PATCH keeps, PUT resets, headers are written as a list."""

from __future__ import annotations

import re
from typing import Any

from pmctl.sandbox import decisions, listing
from pmctl.sandbox.answers import VERSION, Answer, crash, invalid, not_found, refusal
from pmctl.sandbox.dates import publication
from pmctl.sandbox.query import truth
from pmctl.sandbox.store import Entity, Store

TEXT = ("name", "subject", "language")
SENDER = ("fromAddress", "fromName", "replyToAddress", "bccAddress")
BODY = ("customHtml", "plainText", "template", "emailType")
UTM = ("utmSource", "utmMedium", "utmCampaign", "utmContent")
STAMP = ("isPublished", "dateAdded", "dateModified", "createdBy", "modifiedBy")
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
    "subject",
    "language",
    "category",
)
LIST = ("createdByUser", "modifiedByUser", "id", "name", "publicName", "alias", "description")
CRITERIA = ("email.openrate", "email.clickthrough")
_NO_LIST = (
    "Either no list was selected or you do not have access to one of the lists that was selected."
)
_NO_ADDRESS = (
    "Provided value '{0}' is not an email address nor a token build on a email field type. "
    "'{0}' is not a valid contact field token. "
    "A valid token example: '{{contactfield=firstname|John}}'"
)


def all_of(store: Store, query: dict[str, Any]) -> Answer:
    """GET /emails: variants are not in it."""
    parents = [email for email in store.emails.values() if not email["variantParent"]]
    total, rows = listing.select(parents, query, ("name", "subject"))
    minimal = truth(query.get("minimal", ""))
    children = [email for email in store.emails.values() if email["variantParent"]]
    shown = {str(r["id"]): _minimal(r) if minimal else show(store, dict(r), children) for r in rows}
    return Answer(200, {"total": total, "emails": shown or []})


def one(store: Store, email_id: int) -> Answer:
    """GET /emails/ID."""
    return Answer(200, {"email": show(store, _found(store, email_id))})


def delete(store: Store, email_id: int) -> Answer:
    """DELETE: works even when a campaign uses the email."""
    email = _found(store, email_id)
    shown = show(store, email)
    for child in [e for e in store.emails.values() if _number(e["variantParent"]) == email_id]:
        del store.emails[child["id"]]  # ON DELETE CASCADE
    del store.emails[email_id]
    return Answer(200, {"email": {**shown, "id": None}})


def create(store: Store, given: dict[str, Any]) -> Answer:
    """POST /emails/new: published, English and of type `template` unless it says otherwise."""
    email = {**_reset(), **store.stamp(), "language": "en"}
    email["dateModified"] = email["dateAdded"]
    _write(store, email, given)
    email.update(id=store.next_id("emails"), revision=1)
    store.emails[email["id"]] = email
    location = {"Location": f"/api/emails/{email['id']}"}
    return Answer(201, {"email": show(store, email)}, {**VERSION, **location})


def edit(store: Store, email_id: int, given: dict[str, Any], method: str) -> Answer:
    """PATCH keeps what is not sent; PUT resets it, and breaks without a language."""
    if email_id not in store.emails and method == "PUT":
        return create(store, given)
    email = dict(_found(store, email_id))
    if method == "PUT":
        email.update(_reset())
    _write(store, email, given)
    email["revision"] += 1
    store.touch(email)
    store.emails[email_id] = email
    return Answer(200, {"email": show(store, email)})


def reply(store: Store, tracking_hash: str) -> Answer:
    """POST /emails/reply/HASH: a reply by now, whatever the body says; each call is one more."""
    found = [row for row in store.sent if row["tracking_hash"] == tracking_hash]
    if not found:
        raise refusal(404, f"Email Stat with tracking hash {tracking_hash} was not found")
    decisions.replied(store, found[0])
    return Answer(201, {"success": True})


def send(store: Store, email_id: int, contact_id: int) -> Answer:
    """POST /emails/ID/contact/CONTACT/send: at once, also to somebody who unsubscribed.

    Published or not does not matter. The row of email_stats says `api` where it came from.
    """
    _found(store, email_id)
    if contact_id not in store.contacts:
        raise not_found("Contact")
    store.put_sent(email_id, contact_id)
    row = store.sent[-1]
    row.update(source="api", source_id="0")
    key = row["tracking_hash"]
    store.tell("email_on_send", contact=contact_id, email=email_id, hash=key, source=["api", 0])
    return Answer(200, {"success": True})


def _found(store: Store, email_id: int) -> Entity:
    if email_id not in store.emails:
        raise not_found()
    return store.emails[email_id]


def _reset() -> Entity:
    empty = dict.fromkeys((*TEXT, *SENDER, *BODY, "publishUp", "publishDown", "variantParent"))
    none: Entity = {"headers": {}, "utmTags": {}, "lists": [], "sentCount": 0, "readCount": 0}
    return {**empty, **none, "isPublished": False, "emailType": "template", "category": None}


def _write(store: Store, email: Entity, given: dict[str, Any]) -> None:
    for name in (*TEXT, *SENDER, *BODY):
        if name in given:
            email[name] = given[name] or None
    if email["subject"]:
        email["subject"] = re.sub(r"<[^<>]*>", "", str(email["subject"]))
    if "isPublished" in given:
        email["isPublished"] = truth(given["isPublished"])
    if "lists" in given:
        email["lists"] = [_number(item) for item in given["lists"] or []]
    if "variantParent" in given:
        email["variantParent"] = given["variantParent"] or None
    if "variantSettings" in given:
        email["variantSettings"] = given["variantSettings"]  # kept, and never shown
    if "utmTags" in given:
        email["utmTags"] = dict(given["utmTags"] or {})
    problems = {**_problems(store, email), **_headers(email, given), **_variant(store, given)}
    if problems:
        raise invalid(problems)
    email.update(publication(given, full=False))
    if not email["language"]:
        raise crash()  # the column must not be NULL


def _problems(store: Store, email: Entity) -> dict[str, str]:
    found = {name: f"A {name} is required." for name in ("name", "subject") if not email[name]}
    for name in ("fromAddress", "replyToAddress"):
        if email[name] and "@" not in email[name] and "{contactfield=" not in email[name]:
            found[name] = _NO_ADDRESS.format(email[name])
    if email["emailType"] == "list" and not set(email["lists"]) & set(store.segments):
        found["lists"] = _NO_LIST
    return found


def _headers(email: Entity, given: dict[str, Any]) -> dict[str, str]:
    """Set the headers from `{"list": [{"label", "value"}]}`; the form that is read is refused."""
    headers = given.get("headers")
    if isinstance(headers, dict) and set(headers) - {"list"}:
        return {"headers": "This form should not contain extra fields."}
    if "headers" in given:
        pairs = (headers or {}).get("list") or [] if isinstance(headers, dict) else []
        email["headers"] = {pair["label"]: pair["value"] for pair in pairs}
    return {}


def _variant(store: Store, given: dict[str, Any]) -> dict[str, str]:
    parent, settings = given.get("variantParent"), given.get("variantSettings") or {}
    if not parent:
        return {}
    if not isinstance(parent, int | str) or _number(parent) not in store.emails:
        return {"variantParent": "This value is not valid."}
    found = {}
    if not settings.get("weight"):
        found["weight"] = "Enter the percentage of recipients to receive this email."
    if settings.get("winnerCriteria") not in CRITERIA:
        found["winnerCriteria"] = "Select a winning criteria."
    return found


def _number(value: Any) -> int:
    value = value.get("id") if isinstance(value, dict) else value
    return int(value) if str(value).isdecimal() else 0


def _minimal(email: listing.Row) -> Entity:
    return {name: email[name] for name in MINIMAL}


def show(store: Store, email: Entity, variants: list[Entity] | None = None) -> Entity:
    """Return an email as it is read: headers by name, variants inside, no preheader.

    `variants` are all emails that are one of some other, looked up when not given.
    """
    parent = store.emails.get(_number(email["variantParent"]))
    if variants is None:
        variants = [one for one in store.emails.values() if one["variantParent"]]
    children = [one for one in variants if _number(one["variantParent"]) == email["id"]]
    shown = _shown(store, email)
    shown["variantParent"] = None if parent is None else _inside(_shown(store, parent))
    shown["variantChildren"] = [
        {k: v for k, v in _inside(_shown(store, child)).items() if k != "variantParent"}
        for child in children
    ]
    return shown


def _inside(shown: Entity) -> Entity:
    return {name: value for name, value in shown.items() if name not in STAMP}


def _shown(store: Store, email: Entity) -> Entity:
    lists = [store.segments[key] for key in email["lists"] if key in store.segments]
    return {
        **_minimal(email),
        **{name: email[name] for name in SENDER},
        "useOwnerAsMailer": None,
        "utmTags": {name: email["utmTags"].get(name) for name in UTM},
        **{name: email[name] for name in BODY},
        "publishUp": email["publishUp"],
        "publishDown": email["publishDown"],
        "publicPreview": False,
        "readCount": email["readCount"],
        "sentCount": email["sentCount"],
        "revision": email["revision"],
        "assetAttachments": [],
        "variantStartDate": email["dateAdded"] if email["variantParent"] else None,
        "variantSentCount": 0,
        "variantReadCount": 0,
        "variantParent": None,
        "variantChildren": [],
        "translationParent": None,
        "translationChildren": [],
        "unsubscribeForm": None,
        "dynamicContent": [_DYNAMIC],
        "lists": [{**{name: one[name] for name in LIST}, "category": None} for one in lists],
        "headers": email["headers"] or [],
    }


_DYNAMIC = {
    "tokenName": "Dynamic Content 1",
    "content": "Default Dynamic Content",
    "filters": [
        {
            "content": None,
            "filters": [
                {
                    "glue": None,
                    "field": None,
                    "object": None,
                    "type": "Symfony\\Component\\Form\\Extension\\Core\\Type\\TextType",
                    "operator": None,
                    "display": None,
                    "filter": None,
                }
            ],
        }
    ],
}

"""What a webhook says about an event, in the shape of its type; each type shows a contact anew."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from pmctl.sandbox import directory, mail, people
from pmctl.sandbox.clock import from_sql, iso
from pmctl.sandbox.fields import FIELDS
from pmctl.sandbox.store import Entity, Store

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
_FLAT = (
    "title", "firstname", "lastname", "company", "position", "email", "phone", "mobile",
    "address1", "address2", "city", "state", "zipcode", "timezone", "country",
)  # fmt: skip
_STAMP = ("isPublished", "dateAdded", "dateModified", "createdBy", "createdByUser", "modifiedBy",
          "modifiedByUser")  # fmt: skip
_COMPANY = ("name", "email", "address1", "address2", "phone", "city", "state", "zipcode",
            "country", "website", "industry", "description")  # fmt: skip


def item(store: Store, kind: str, what: Entity) -> Entity:
    """Return the item of an event of a kind, as things are now; `what` is told by `Store.tell`."""
    return {**_ITEMS[kind](store, what), "timestamp": iso(store.clock.now())}


def _send(store: Store, what: Entity) -> Entity:
    contact, email = store.contacts[what["contact"]], store.emails[what["email"]]
    shown, key, address = mail.show(store, email), what["hash"], contact["email"]
    root = f"{store.site_url}/email"
    leave = f"{root}/unsubscribe/{key}/{address}/{hashlib.sha256(address.encode()).hexdigest()}"
    html = str(email["customHtml"] or "")
    return {
        "email": shown,
        "contact": _profile(store, contact),
        "contentHash": hashlib.md5(html.encode(), usedforsecurity=False).hexdigest(),
        "idHash": key,
        "subject": email["subject"],
        "source": what["source"],
        "headers": {**email["headers"], "X-EMAIL-ID": email["id"]},
        "content": html,
        "tokens": {
            '{dynamiccontent="Dynamic Content 1"}': "Default Dynamic Content",
            "{unsubscribe_text}": f"<a href='{leave}'>Unsubscribe</a>",
            "{unsubscribe_url}": leave,
            "{webview_text}": f"<a href='{root}/view/{key}'>Having trouble reading this?</a>",
            "{webview_url}": f"{root}/view/{key}",
            "{signature}": "",
            "{subject}": email["subject"],
        },
    }


def _open(store: Store, what: Entity) -> Entity:
    row = what["stat"]
    source = row["source_id"]
    stat = {
        "id": int(row["id"]),
        "emailAddress": row["email_address"],
        "ipAddress": [],
        "dateSent": _iso(row["date_sent"]),
        "isRead": row["is_read"] == "1",
        "isFailed": row["is_failed"] == "1",
        "dateRead": _iso(row["date_read"]),
        "retryCount": int(row["retry_count"]),
        "source": row["source"],
        "openCount": int(row["open_count"]),
        "lastOpened": _iso(row["last_opened"]),
        "sourceId": None if source is None else int(source),
        "trackingHash": row["tracking_hash"],
        "viewedInBrowser": False,
        "lead": _lead(store, int(row["lead_id"])),
        "email": _email(store, row["email_id"]),
    }
    return {"stat": stat}


def _hit(store: Store, what: Entity) -> Entity:
    row = what["hit"]
    hit = {
        "id": int(row["id"]),
        "dateHit": _iso(row["date_hit"]),
        "dateLeft": None,
        "page": None,
        "redirect": [],
        "email": _email(store, row.get("email_id")),
        "lead": _lead(store, int(row["lead_id"])),
        "ipAddress": [],
        **dict.fromkeys(("country", "region", "city", "isp", "organization"), ""),
        "code": int(row["code"]),
        "referer": None,
        "url": row["url"],
        "urlTitle": None,
        "userAgent": row["user_agent"],
        "remoteHost": None,
        "pageLanguage": None,
        "browserLanguages": [],
        "trackingId": row["tracking_id"],
        "source": row["source"],
        "sourceId": None if row["source_id"] is None else int(row["source_id"]),
        "query": what["query"],
    }
    return {"hit": hit}


def _submit(store: Store, what: Entity) -> Entity:
    row = what["submission"]
    form, contact = store.forms[int(row["form_id"])], int(row["lead_id"])
    nowhere = ("city", "region", "zipcode", "country", "latitude", "longitude", "isp",
               "organization", "timezone", "extra")  # fmt: skip
    submission = {
        "id": int(row["id"]),
        "ipAddress": {"ipAddress": "127.0.0.1", "id": 1, "ipDetails": dict.fromkeys(nowhere, "")},
        "form": {name: form[name] for name in ("id", "name", "alias", "category")},
        "lead": _lead(store, contact),
        "trackingId": secrets.token_hex(12)[:23],
        "dateSubmitted": _iso(row["date_submitted"]),
        "referer": "",
        "page": None,
        "results": {"email": store.contacts[contact]["email"]},
    }
    return {"submission": submission}


def _new(store: Store, what: Entity) -> Entity:
    return {"contact": _entity(store, what["contact"], fresh=True)}


def _update(store: Store, what: Entity) -> Entity:
    return {"contact": _entity(store, what["contact"])}


def _delete(store: Store, what: Entity) -> Entity:
    """Told while the contact is still there; what is shown has lost its id."""
    return {"id": what["contact"], "contact": {**_entity(store, what["contact"]), "id": None}}


def _points(store: Store, what: Entity) -> Entity:
    """The contact still shows the old points."""
    moved = {"old_points": what["old"], "new_points": what["new"]}
    contact = {**_entity(store, what["contact"]), "points": what["old"]}
    return {"contact": contact, "points": moved}


def _channel(store: Store, what: Entity) -> Entity:
    words = {name: what[name] for name in ("channel", "old_status", "new_status")}
    return {"contact": _entity(store, what["contact"]), **words}


def _list(store: Store, what: Entity) -> Entity:
    segment = store.segments[what["segment"]]
    return {"contact": _wide(store, what["contact"]), "segment": segment, "action": what["action"]}


def _member(store: Store, what: Entity) -> Entity:
    company = _whole_company(store, what["company"], stored=True)
    return {"added": what["added"], "contact": _wide(store, what["contact"]), "company": company}


def _company_saved(store: Store, what: Entity) -> Entity:
    return {"company": _whole_company(store, what["company"], stored=False)}


def _company_deleted(store: Store, what: Entity) -> Entity:
    company = _whole_company(store, what["company"], stored=True)
    return {"id": what["company"], "company": {**company, "id": None}}


def _entity(store: Store, contact_id: int, *, fresh: bool = False) -> Entity:
    shown = people.show(store, store.contacts[contact_id], fresh=fresh)
    return {**shown, "fields": _groups(shown["fields"])}


def _wide(store: Store, contact_id: int) -> Entity:
    """A contact with some of its fields once more beside the others."""
    shown: Entity = {}
    values = store.contacts[contact_id]["values"]
    for name, value in _entity(store, contact_id).items():
        shown[name] = value
        if name == "color":
            shown.update({alias: values.get(alias) for alias in _FLAT})
    return shown


def _lead(store: Store, contact_id: int) -> Entity | None:
    if contact_id not in store.contacts:
        return None
    shown = _entity(store, contact_id)
    return {name: shown[name] for name in ("id", "points", "color", "fields")}


def _profile(store: Store, contact: Entity) -> Entity:
    """The flat contact of a mail: its id and its points are texts."""
    values = contact["values"]
    aliases = [field.alias for field in (*FIELDS, *store.fields)]
    named = " ".join(str(values[n]) for n in ("firstname", "lastname") if values.get(n))
    return {
        "id": str(contact["id"]),
        **{alias: values.get(alias) for alias in aliases},
        "points": str(values.get("points") or 0),
        "primaryIdentifier": named or contact["email"],
        "companies": [],
    }


def _email(store: Store, email_id: Any) -> Entity | None:
    if email_id is None or int(email_id) not in store.emails:
        return None
    shown = mail.show(store, store.emails[int(email_id)])
    return {name: value for name, value in shown.items() if name not in _STAMP}


def _groups(fields: Entity) -> Entity:
    return {name: group for name, group in fields.items() if name != "all"}


def _whole_company(store: Store, company_id: int, *, stored: bool) -> Entity:
    """A company with its fields: as made (`stored` False), or as read from the database."""
    company = store.companies[company_id]
    fields = _groups(directory.show("companies", company)["fields"])
    if stored:
        both = {name: group for name, group in fields.items() if group}
        fields = {
            **{
                name: {alias: _from_table(one) for alias, one in group.items()}
                for name, group in both.items()
            },
            "other": [],
        }
    return {
        **{name: company[name] for name in _STAMP},
        "id": company_id,
        **{name: company.get(f"company{name}") for name in _COMPANY},
        "score": company["score"],
        "fields": fields,
    }


def _from_table(field: Entity) -> Entity:
    fixed = {"object": "company", "is_fixed": "1", "properties": "a:0:{}", "default_value": None}
    return {**field, "id": str(field["id"]), **fixed}


def _iso(date: str | None) -> str | None:
    return None if date is None else iso(from_sql(date))


_ITEMS: dict[str, Callable[[Store, Entity], Entity]] = {
    "email_on_send": _send,
    "email_on_open": _open,
    "page_on_hit": _hit,
    "form_on_submit": _submit,
    "lead_post_save_new": _new,
    "lead_post_save_update": _update,
    "lead_post_delete": _delete,
    "lead_points_change": _points,
    "lead_channel_subscription_changed": _channel,
    "lead_list_change": _list,
    "lead_company_change": _member,
    "company_post_save": _company_saved,
    "company_post_delete": _company_deleted,
}

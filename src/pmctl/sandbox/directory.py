"""/api/stages, /api/users, /api/companies and /api/assets: what a campaign's steps name.

Stages, users and companies are shown as the recorded answers to their creation show them; their
lists, and all of the assets, were not recorded and are written like the other lists.
"""

from __future__ import annotations

import re
from typing import Any

from pmctl.sandbox import listing
from pmctl.sandbox.answers import VERSION, Answer, invalid, not_found
from pmctl.sandbox.store import Entity, Store

ONE = {"stages": "stage", "users": "user", "companies": "company", "assets": "asset"}
_TEXT = {
    "stages": ("name", "description"),
    "users": ("username", "firstName", "lastName", "email"),
    "companies": ("companyname", "companyemail"),
    "assets": ("title", "alias", "description"),
}
# alias, type and label of a company's fields in the order of their ids, which begin at 29
_COMPANY = """
companyaddress1 text Address 1
companyaddress2 text Address 2
companyemail email Company Email
companyphone tel Phone
companycity text City
companystate region State
companyzipcode text Zip Code
companycountry country Country
companyname text Company Name
companywebsite url Website
companynumber_of_employees number Number of Employees
companyfax tel Fax
companyannual_revenue number Annual Revenue
companyindustry select Industry
companydescription text Description
"""
_FIELDS = [line.split(" ", 2) for line in _COMPANY.strip().splitlines()]
_FIRST_FIELD, _CORE = 29, 10


def all_of(store: Store, kind: str, query: dict[str, Any]) -> Answer:
    """GET: `total` is an int, the rows an object by id, `[]` when empty."""
    rows = getattr(store, kind).values()
    total, found = listing.select(rows, query, _TEXT[kind])
    shown = {str(row["id"]): show(kind, dict(row)) for row in found}
    return Answer(200, {"total": total, kind: shown or []})


def one(store: Store, kind: str, entity_id: int) -> Answer:
    """GET of one."""
    rows: dict[int, Entity] = getattr(store, kind)
    if entity_id not in rows:
        raise not_found()
    return Answer(200, {ONE[kind]: show(kind, rows[entity_id])})


def create(store: Store, kind: str, given: dict[str, Any]) -> Answer:
    """POST …/new: the name is required."""
    name, words = _REQUIRED[kind]
    if not str(given.get(name) or ""):
        raise invalid({name: words})
    key = put(store, kind, given)
    if kind == "companies":
        store.tell("company_post_save", company=key)
    location = {"Location": f"/api/{kind}/{key}"}
    shown = show(kind, getattr(store, kind)[key])
    return Answer(201, {ONE[kind]: shown}, {**VERSION, **location})


_REQUIRED = {
    "stages": ("name", "A name is required."),
    "users": ("username", "Username is required."),
    "companies": ("companyname", "This is required."),
    "assets": ("title", "A title is required."),
}


def join(store: Store, company_id: int, contact_id: int) -> Answer:
    """POST /companies/ID/contact/CONTACT/add."""
    return _company(store, company_id, contact_id, added=True)


def leave(store: Store, company_id: int, contact_id: int) -> Answer:
    """POST /companies/ID/contact/CONTACT/remove."""
    return _company(store, company_id, contact_id, added=False)


def _company(store: Store, company_id: int, contact_id: int, *, added: bool) -> Answer:
    if company_id not in store.companies:
        raise not_found()
    if contact_id not in store.contacts:
        raise not_found("Contact")
    inside: list[int] = store.contacts[contact_id]["companies"]
    if added != (company_id in inside):
        (inside.append if added else inside.remove)(company_id)
        what = {"contact": contact_id, "company": company_id, "added": added}
        store.tell("lead_company_change", **what)
    return Answer(200, {"success": 1})


def dissolve(store: Store, company_id: int) -> Answer:
    """DELETE /companies/ID/delete."""
    if company_id not in store.companies:
        raise not_found()
    shown = {**show("companies", store.companies[company_id]), "id": None}
    store.tell("company_post_delete", company=company_id)
    for contact in store.contacts.values():
        contact["companies"] = [key for key in contact["companies"] if key != company_id]
    del store.companies[company_id]
    return Answer(200, {"company": shown})


def put(store: Store, kind: str, given: dict[str, Any]) -> int:
    """Put an entity there; return its id."""
    with store.lock:
        rows: dict[int, Entity] = getattr(store, kind)
        key = store.next_id(kind)
        said = {name: value for name, value in given.items() if name != "id"}
        rows[key] = {**store.stamp(), "id": key, **_BLANK[kind], **said}
        if kind == "assets" and not rows[key]["alias"]:
            rows[key]["alias"] = re.sub(r"[^a-z0-9]+", "-", str(given["title"]).lower()).strip("-")
        return key


_BLANK: dict[str, Entity] = {
    "stages": {"name": None, "category": None, "weight": 0, "description": None,
               "publishUp": None, "publishDown": None},
    "users": {"username": None, "firstName": "", "lastName": "", "email": "", "position": None,
              "role": None, "timezone": None, "locale": None, "lastLogin": None,
              "lastActive": None, "signature": None},
    "companies": {"score": 0, **{alias: None for alias, _, _ in _FIELDS}},
    "assets": {"title": None, "alias": None, "category": None, "description": None,
               "language": "en", "publishUp": None, "publishDown": None, "downloadCount": 0,
               "uniqueDownloadCount": 0, "revision": 1, "extension": "pdf",
               "mime": "application/pdf", "size": 0, "storageLocation": "local",
               "disallow": True},
}  # fmt: skip
_SECRET = ("plainPassword", "password")


def show(kind: str, entity: Entity) -> Entity:
    """Return an entity as it is read."""
    if kind != "companies":
        return {name: value for name, value in entity.items() if name not in _SECRET}
    groups: dict[str, Entity] = {"core": {}, "professional": {}}
    for number, (alias, type_, label) in enumerate(_FIELDS):
        group = "core" if number < _CORE else "professional"
        groups[group][alias] = {
            "id": _FIRST_FIELD + number, "group": group, "label": label, "alias": alias,
            "type": type_, "value": entity[alias], "normalizedValue": entity[alias] or "",
        }  # fmt: skip
    plain = {"id": entity["id"], **{alias: entity[alias] for alias, _, _ in _FIELDS}}
    none: Entity = {"social": [], "personal": []}
    return {
        "id": entity["id"], "score": entity["score"], "fields": {**groups, **none, "all": plain},
    }  # fmt: skip


def seed(store: Store) -> None:
    """Put two users, four stages, two companies and two assets there."""
    admin = {"username": "admin", "firstName": "Sandbox", "lastName": "Admin"}
    put(store, "users", {**admin, "email": "admin@example.com"})
    put(store, "users", {"username": "ana", "firstName": "Ana", "email": "ana@example.com"})
    for weight, name in enumerate(("Lead", "Trial", "Hot", "Customer"), 1):
        put(store, "stages", {"name": name, "weight": 10 * weight})
    for name in ("Acme", "Initech"):
        put(store, "companies", {"companyname": name})
    for title in ("Price list", "Case study"):
        put(store, "assets", {"title": title})

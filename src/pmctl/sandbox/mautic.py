"""Routes of the stand-in: one request in, one answer out; no sockets here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmctl.sandbox import (
    campaign,
    control,
    directory,
    fields,
    hook_sender,
    hooks,
    logedit,
    mail,
    people,
    people_batch,
    segments,
    stats,
)
from pmctl.sandbox.access import Access, with_headers
from pmctl.sandbox.acts import Acts
from pmctl.sandbox.answers import Answer, RefusalError, crash, early
from pmctl.sandbox.died import FatalError, GivenUpError
from pmctl.sandbox.request import Request
from pmctl.sandbox.store import Store


@dataclass(frozen=True)
class Call:
    """What a route's function is given."""

    store: Store
    request: Request
    ids: tuple[int, ...]
    name: str

    @property
    def id(self) -> int:
        """The first number of the path."""
        return self.ids[0]

    @property
    def body(self) -> dict[str, Any]:
        """The body, JSON or a form."""
        return self.request.json()

    @property
    def items(self) -> Any:
        """The body of a batch: a list, or an object by index."""
        return self.request.any_json()

    @property
    def query(self) -> dict[str, Any]:
        """The query, nested."""
        return self.request.query


Action = Callable[[Call], Answer]
_ROUTES: list[tuple[str, re.Pattern[str], str, Action]] = []


def _add(method: str, path: str, action: Action) -> None:
    """Add a route: `N` in the path is a number, `X` a word, `W` letters and digits."""
    pattern = path.replace("N", r"(\d+)").replace("X", r"([a-z_]+)").replace("W", r"(\w+)")
    kind = path.partition("/")[0]
    _ROUTES.append((method, re.compile(f"/api/{pattern}"), kind, action))


def _crud(kind: str, module: Any) -> None:
    """Add the five routes that every kind of entity has."""
    _add("GET", kind, lambda call: module.all_of(call.store, call.query))
    _add("GET", f"{kind}/N", lambda call: module.one(call.store, *call.ids))
    _add("POST", f"{kind}/new", lambda call: module.create(call.store, call.body))
    for method in ("PUT", "PATCH"):
        _add(
            method,
            f"{kind}/N/edit",
            lambda call: module.edit(call.store, *call.ids, call.body, call.request.method),
        )
    _add("DELETE", f"{kind}/N/delete", lambda call: module.delete(call.store, *call.ids))


def _named(kind: str) -> None:
    """Add the routes of what a campaign only names: list, read, create."""
    _add("GET", kind, lambda call: directory.all_of(call.store, kind, call.query))
    _add("GET", f"{kind}/N", lambda call: directory.one(call.store, kind, call.id))
    _add("POST", f"{kind}/new", lambda call: directory.create(call.store, kind, call.body))


_crud("campaigns", campaign)
_crud("emails", mail)
_crud("segments", segments)
_crud("contacts", people)
_crud("hooks", hooks)
_add("GET", "hooks/triggers", lambda _: hooks.triggers())
_add("POST", "companies/N/contact/N/add", lambda c: directory.join(c.store, *c.ids))
_add("POST", "companies/N/contact/N/remove", lambda c: directory.leave(c.store, *c.ids))
_add("DELETE", "companies/N/delete", lambda c: directory.dissolve(c.store, c.id))
_add("GET", "campaigns/N/contacts", lambda c: campaign.contacts(c.store, c.id, c.query))
_add("POST", "campaigns/N/contact/N/add", lambda c: campaign.add_contact(c.store, *c.ids))
_add("POST", "campaigns/N/contact/N/remove", lambda c: campaign.remove_contact(c.store, *c.ids))
_add(
    "PUT",
    "campaigns/events/N/contact/N/edit",
    lambda c: logedit.edit_one(c.store, c.ids[0], c.ids[1], c.body),
)
_add(
    "PUT", "campaigns/events/batch/edit", lambda c: logedit.edit_many(c.store, c.request.any_json())
)
_add("POST", "emails/reply/W", lambda c: mail.reply(c.store, c.request.path.rpartition("/")[2]))
_add("POST", "segments/N/contact/N/add", lambda c: segments.add_contact(c.store, *c.ids))
_add("POST", "segments/N/contact/N/remove", lambda c: segments.remove_contact(c.store, *c.ids))
_add("POST", "contacts/batch/new", lambda c: people_batch.create(c.store, c.items))
for _method in ("PUT", "PATCH"):
    _add(
        _method,
        "contacts/batch/edit",
        lambda c: people_batch.edit(c.store, c.items, c.request.method),
    )
_add("DELETE", "contacts/batch/delete", lambda c: people_batch.delete(c.store, c.query))
_add("GET", "fields/contact", lambda c: fields.all_of(c.store, c.query))
_add("POST", "fields/contact/new", lambda c: fields.create(c.store, c.body))
_add("POST", "contacts/N/points/X/N", lambda c: people.points(c.store, c.id, c.name, c.ids[1]))
_add("POST", "segments/N/contacts/add", lambda c: segments.add_contacts(c.store, c.id, c.body))
_add("POST", "emails/N/contact/N/send", lambda c: mail.send(c.store, *c.ids))
_add("GET", "contacts/N/campaigns", lambda c: people.campaigns(c.store, c.id))
_add("GET", "contacts/N/segments", lambda c: people.lists(c.store, c.id))
_add("POST", "contacts/N/dnc/X/add", lambda c: people.add_dnc(c.store, c.id, c.name, c.body))
_add("POST", "contacts/N/dnc/X/remove", lambda c: people.remove_dnc(c.store, c.id, c.name))
_add("GET", "forms", lambda c: segments.forms(c.store, c.query))
_add("GET", "tags", lambda c: segments.tags(c.store, c.query))
_add("POST", "tags/new", lambda c: segments.create_tag(c.store, c.body))
for _kind in directory.ONE:
    _named(_kind)
_add("GET", "stats", lambda _: stats.tables())
_add("GET", "stats/X", lambda c: stats.table(c.store, c.name, c.query))


class Mautic:
    """The stand-in without its wires: `answer` does one request at a time."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self.access = access
        self.acts = Acts(store)

    def answer(self, request: Request) -> Answer:
        """Do what a request asks, and send its webhooks. Never raises for a wrong request."""
        try:
            return self._answer(request)
        finally:
            hook_sender.flush(self.store)

    def _answer(self, request: Request) -> Answer:
        headers: dict[str, str] = {}
        try:
            if request.path.startswith(control.PREFIX):
                given = request.json()
                return control.answer(self.acts, request.method, request.path, given)
            if request.path == "/oauth/v2/token":
                return self._token(request)
            request = _overridden(request)
            author = self.access.author(request.headers.get("authorization"))
            headers = self.access.counted()
            with self.store.lock:
                self.store.author = author
                return with_headers(self._route(request), headers)
        except RefusalError as refused:
            return with_headers(refused.answer, headers)

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            raise early(404, f"Requested URL not found: {request.path}")
        return self.access.token(request.json())

    def _route(self, request: Request) -> Answer:
        for method, pattern, kind, action in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                self.access.permit(kind)
                parts = found.groups()
                ids = tuple(int(part) for part in parts if part.isdecimal())
                name = next((part for part in parts if not part.isdecimal()), "")
                return _believing(action, Call(self.store, request, ids, name))
        raise early(404, f"Requested URL not found: {request.path}")


def _believing(action: Action, call: Call) -> Answer:
    """Run an action; a value of a shape nobody expects breaks Mautic, too."""
    try:
        return action(call)
    except (TypeError, KeyError, AttributeError, ValueError, FatalError, GivenUpError):
        raise crash() from None


def _overridden(request: Request) -> Request:
    method = request.headers.get("x-http-method-override", "")
    if request.method != "POST" or not method:
        return request
    return Request(method.upper(), request.target, request.headers, request.body)

"""/api/contacts/batch of the stand-in: many contacts in one request, each with its own fate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pmctl.sandbox import people
from pmctl.sandbox.answers import Answer, RefusalError, refusal
from pmctl.sandbox.store import Entity, Store

MOST = 200
Items = list[tuple[int, Any]]


def create(store: Store, given: Any) -> Answer:
    """POST /contacts/batch/new: 201 whatever happens to the single ones.

    A contact that exists is merged (200). What is no object is an empty contact.
    """

    def one(item: Any) -> tuple[int, int]:
        answer = people.create(store, item if isinstance(item, dict) else {})
        return answer.status, int(answer.body["contact"]["id"])

    return _each(store, _items(given), one, 201)


def edit(store: Store, given: Any, method: str) -> Answer:
    """PUT or PATCH /contacts/batch/edit: each item has the id of its contact."""

    def one(item: Any) -> tuple[int, int]:
        answer = people.edit(store, int(item.get("id") or 0), item, method)
        return answer.status, int(answer.body["contact"]["id"])

    return _each(store, _items(given), one, 200)


def delete(store: Store, query: dict[str, Any]) -> Answer:
    """DELETE /contacts/batch/delete?ids=1,2: the contacts as they were, with their ids."""
    ids = [int(one) for one in str(query.get("ids", "")).split(",") if one.strip().isdecimal()]
    _limit(ids)
    shown: dict[int, Entity] = {}
    for place, key in enumerate(ids):
        if key in store.contacts:
            shown[place] = people.show(store, store.contacts[key], listed=True)
            people.delete(store, key)
    return Answer(200, {"contacts": php_array(shown)})


def _each(
    store: Store, items: Items, work: Callable[[Any], tuple[int, int]], status: int
) -> Answer:
    _limit(items)
    shown: dict[int, Entity] = {}
    codes: dict[int, int] = {}
    errors: dict[int, Entity] = {}
    for place, item in items:
        try:
            codes[place], key = work(item)
            fresh = codes[place] == 201
            shown[place] = people.show(store, store.contacts[key], fresh=fresh, listed=not fresh)
        except RefusalError as refused:
            errors[place] = _error(refused.answer)
            codes[place] = errors[place]["code"]
    body = {"contacts": php_array(shown), "statusCodes": php_array(codes)}
    return Answer(status, {**body, "errors": php_array(errors)} if errors else body)


def _error(answer: Answer) -> Entity:
    error: Entity = answer.body["errors"][0]
    if answer.status == 404:
        return {"message": error["message"], "code": 404, "type": "api"}
    return error


def _items(given: Any) -> Items:
    if isinstance(given, dict):
        return [(int(key) if key.isdecimal() else n, v) for n, (key, v) in enumerate(given.items())]
    return list(enumerate(given))


def _limit(items: list[Any]) -> None:
    if len(items) > MOST:
        raise refusal(500, f"A max of {MOST} entities are supported at a time.")


def php_array(items: dict[int, Any]) -> Any:
    """Return what PHP's json_encode makes of an array: a list only if no index is missing."""
    whole = list(items) == list(range(len(items)))
    return list(items.values()) if whole else {str(key): value for key, value in items.items()}

"""Routes under /sandbox/ that no KumoMTA has, for other processes; they need no login.

GET  /sandbox/mail             what was accepted, the oldest first
GET  /sandbox/mail/ID          one, with its whole text; the beginning of an id will do
POST /sandbox/deliver          one attempt at everything that waits; records by type
POST /sandbox/clock            {"minutes": 6}: time passes (days, hours, minutes, seconds)
GET  /sandbox/log              the records so far
POST /sandbox/log              {"url": "http://...", "batch": 100}: post what was not posted yet
"""

from __future__ import annotations

import json
from typing import Any

from pmctl.sandbox.kumomta_message import Accepted
from pmctl.sandbox.kumomta_store import Store
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sent

PREFIX = "/sandbox/"


def answer(store: Store, request: Request) -> Sent:
    """Answer a request to /sandbox/...: 404 for what is not there, 400 for a wrong body."""
    try:
        given = json.loads(request.body or b"{}")
        return _sent(200, _do(store, request.method, request.path.removeprefix(PREFIX), given))
    except LookupError as exc:
        return _sent(404, {"error": str(exc.args[0])})
    except (ValueError, TypeError, OverflowError) as exc:
        return _sent(400, {"error": str(exc)})


def _do(store: Store, method: str, path: str, given: dict[str, Any]) -> Any:
    with store.lock:
        if (method, path) == ("GET", "mail"):
            return [shown(message) for message in store.accepted]
        if method == "GET" and path.startswith("mail/"):
            return {**shown(one := _found(store, path[5:])), "text": _text(one)}
        if (method, path) == ("POST", "deliver"):
            return dict(store.attempt())
        if (method, path) == ("POST", "clock"):
            return {"now": store.clock.move(**given).isoformat()}
        if (method, path) == ("GET", "log"):
            return store.log.records
    if (method, path) == ("POST", "log"):
        return {"statuses": store.log.post(given["url"], given.get("batch"))}
    raise LookupError(f"there is no {method} {PREFIX}{path}")


def shown(message: Accepted) -> dict[str, Any]:
    """Return a message without its text."""
    return {
        "id": message.id,
        "created": message.created.isoformat(),
        "sender": message.sender,
        "recipient": message.recipient,
        "subject": message.headers.get("Subject", ""),
        "size": len(message.data),
        "queue": message.queue.name,
        "via": message.meta.get("reception_protocol", ""),
        "metadata": message.metadata,
    }


def _found(store: Store, beginning: str) -> Accepted:
    found = [one for one in store.accepted if one.id.startswith(beginning)]
    if len(found) != 1:
        how = f"{len(found)} messages begin" if found else "no message begins"
        raise LookupError(f"{how} with {beginning}")
    return found[0]


def _text(message: Accepted) -> str:
    return message.data.decode("utf-8", "replace")


def _sent(status: int, value: Any) -> Sent:
    return Sent(status, json.dumps(value).encode(), "application/json")

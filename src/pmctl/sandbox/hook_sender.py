"""Sends webhooks as Mautic does, and loses them as Mautic does.

In the default mode, `immediate_process`, each event is a request of its own, made before the
answer to whoever caused it; it is forgotten whatever becomes of it. In `command_process` events
wait for `process`, ten to a request: any HTTP answer deletes them, only a connection that fails
keeps them. Mautic itself knows no timeout; here a source waits SECONDS at most.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import time
import urllib.parse
from datetime import datetime, timedelta
from typing import Any

from pmctl.sandbox.clock import sql
from pmctl.sandbox.hook_items import item
from pmctl.sandbox.store import Entity, Store

IMMEDIATE, QUEUED = "immediate_process", "command_process"
LIMIT = 10
DISABLE_LIMIT = 100
SECONDS = 15.0
_UNTOUCHED = timedelta(days=2)
_GONE = 410


def heard(store: Store, kind: str, what: Entity) -> None:
    """Keep an event for every published webhook that asks for it. Called with the lock held."""
    trigger = f"mautic.{kind}"
    wanted = [
        hook for hook in store.hooks.values() if hook["isPublished"] and trigger in hook["triggers"]
    ]
    if not wanted:
        return
    payload = _json(item(store, kind, what))
    kept = store.outbox if store.queue_mode == IMMEDIATE else store.hook_queue
    kept += [{"hook": hook["id"], "trigger": trigger, "payload": payload} for hook in wanted]


def flush(store: Store) -> None:
    """Send what immediate mode has, one by one; nothing that fails is kept."""
    while True:
        with store.lock:
            if not store.outbox:
                return
            row = store.outbox.pop(0)
            hook = dict(store.hooks.get(row["hook"]) or {})
        if hook.get("isPublished"):
            _post(store, hook, [row])


def process(store: Store) -> int:
    """`mautic:webhooks:process`: send what is queued; return how many events were deleted.

    The first answer that is no success ends the run for that webhook.
    """
    with store.lock:
        published = [dict(hook) for hook in store.hooks.values() if hook["isPublished"]]
    return sum(_drain(store, hook) for hook in published)


def _drain(store: Store, hook: Entity) -> int:
    deleted = 0
    while True:
        with store.lock:
            batch = [row for row in store.hook_queue if row["hook"] == hook["id"]][:LIMIT]
        if not batch:
            return deleted
        status = _post(store, hook, batch)
        if status is None:
            return deleted
        with store.lock:
            store.hook_queue[:] = [r for r in store.hook_queue if not any(r is b for b in batch)]
        deleted += len(batch)
        if not 200 <= status < 300:
            return deleted


def _post(store: Store, hook: Entity, rows: list[Entity]) -> int | None:
    """Send rows in one request, by type; return the status, None for no answer."""
    body = _body(rows)
    begun = time.monotonic()
    status = _request(hook, body, store.site_url)
    with store.lock:
        _log(store, hook["id"], status, time.monotonic() - begun)
        _judge(store, hook["id"], status)
    return status


def _body(rows: list[Entity]) -> bytes:
    types: dict[str, list[str]] = {}
    for row in rows:
        types.setdefault(row["trigger"], []).append(row["payload"])
    inside = ",".join(f"{json.dumps(name)}:[{','.join(some)}]" for name, some in types.items())
    return f"{{{inside}}}".encode()


def _request(hook: Entity, body: bytes, site: str) -> int | None:
    url = urllib.parse.urlsplit(str(hook["webhookUrl"]))
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(url.hostname), url.port, timeout=SECONDS)
    headers = {
        "User-Agent": "GuzzleHttp/7",
        "Content-Type": "application/json",
        "X-Origin-Base-URL": site,
        "Webhook-Signature": _signature(body, str(hook["secret"])),
    }
    target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    try:
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def _log(store: Store, hook_id: int, status: int | None, seconds: float) -> None:
    """A failure by HTTP is two rows, a connection that failed one, as Mautic writes them."""
    codes = ["N/A"] if status is None else [str(status)]
    if status is not None and not 200 <= status < 300:
        codes.append("N/A")
    for code in codes:
        store.hook_log.append(
            {
                "id": str(store.next_id("hook_log")),
                "webhook_id": str(hook_id),
                "status_code": code,
                "note": None,
                "date_added": sql(store.clock.now()),
                "runtime": f"{seconds:.2f}",
            }
        )


def _judge(store: Store, hook_id: int, status: int | None) -> None:
    """Unpublish a webhook that says 410, or that failed too often and long."""
    hook = store.hooks.get(hook_id)
    if hook is None:
        return
    last = [row for row in store.hook_log if row["webhook_id"] == str(hook_id)][-DISABLE_LIMIT:]
    failing = all(not row["status_code"].startswith("2") for row in last)
    changed = datetime.fromisoformat(hook["dateModified"] or hook["dateAdded"])
    old = store.clock.now() - changed > _UNTOUCHED
    if status == _GONE or (len(last) == DISABLE_LIMIT and failing and old):
        hook["isPublished"] = False


def _json(value: Any) -> str:
    """Write as PHP does: slashes escaped, nothing but ASCII."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")

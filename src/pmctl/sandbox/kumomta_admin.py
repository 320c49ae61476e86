"""What an administrator does: bounce, suspend, rebind, transfer, and look at messages and queues.

Routes of release 2026.06.23; what only later builds have is a 404 here as it is there.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pmctl.sandbox.kumomta_log import Reply
from pmctl.sandbox.kumomta_message import Accepted
from pmctl.sandbox.kumomta_refusal import Refused
from pmctl.sandbox.kumomta_rules import DURATION, Criteria, Rule, Rules, seconds, spoken
from pmctl.sandbox.kumomta_schema import (
    OPTIONAL,
    Check,
    Field,
    WrongError,
    flag,
    many,
    mapping,
    maybe,
    struct,
    text,
    wrong,
)
from pmctl.sandbox.kumomta_store import RETRY, Store

Given = Mapping[str, Any]
XFER = ".xfer.kumomta.internal"


def _duration(value: Any, path: str) -> datetime.timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.timedelta(seconds=value)
    try:
        return datetime.timedelta(seconds=seconds(text(value, path)))
    except ValueError as exc:
        raise WrongError(path, str(exc)) from None


def _time(value: Any, path: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text(value, path))
    except ValueError:
        raise WrongError(path, "input contains invalid characters") from None
    return found if found.tzinfo else wrong(value, path, "an RFC 3339 formatted date and time")


def _nothing() -> None:
    return None


def _no() -> bool:
    return False


_WHICH = {"campaign": OPTIONAL, "tenant": OPTIONAL, "domain": OPTIONAL}
_ROUTED = {**_WHICH, "routing_domain": OPTIONAL}
_NAMED = {"queue_names": Field(many(text), list)}
_WHY = {"reason": Field(text)}
_LONG = {"duration": Field(maybe(_duration), _nothing), "expires": Field(maybe(_time), _nothing)}
_QUIET = {"suppress_logging": Field(flag, _no)}
_BOUNCE = struct("BounceV1Request", {**_ROUTED, **_NAMED, **_WHY, **_LONG, **_QUIET})
_SUSPEND = struct("SuspendV1Request", {**_WHICH, **_NAMED, **_WHY, **_LONG}, strict=False)
_READY = struct("SuspendReadyQueueV1Request", {"name": Field(text), **_WHY, **_LONG}, strict=False)
_REBIND = struct("RebindV1Request", {
    **_ROUTED, **_WHY, "data": Field(mapping(text)), **_QUIET,
    "trigger_rebind_event": Field(flag, _no), "always_flush": Field(flag, _no),
}, strict=False)  # fmt: skip
_XFER = struct("XferV1Request", {**_ROUTED, **_NAMED, **_WHY, "target": Field(text)}, strict=False)
_XFER_CANCEL = struct("XferCancelV1Request", {"queue_name": Field(text), **_WHY}, strict=False)
_CANCEL = struct("CancelV1Request", {"id": Field(text)}, strict=False)
_FILTER = struct("SetDiagnosticFilterRequest", {"filter": Field(text)}, strict=False)


def _criteria(given: Given) -> Criteria:
    keys = ("campaign", "tenant", "domain", "routing_domain")
    found = {key: given.get(key) for key in keys}
    return Criteria(**found, queue_names=tuple(given.get("queue_names", ())))


def _until(store: Store, given: Given) -> datetime.datetime:
    if given["expires"]:
        found: datetime.datetime = given["expires"]
        return found
    return store.clock.now() + (given["duration"] or DURATION)


def _meant(store: Store, criteria: Criteria) -> list[Accepted]:
    return [message for message in store.waiting.values() if criteria.hits(message)]


def _bounce(store: Store, given: Given) -> Any:
    rule = Rule(_criteria(given), given["reason"], _until(store, given), given["suppress_logging"])
    store.bounces.add(rule)
    for message in _meant(store, rule.criteria):
        store.bounce(message, rule)
    return {"id": rule.id, "bounced": {}, "total_bounced": 0}  # it is done later, there


def _bounces(store: Store, _: Given) -> Any:
    return [
        {**_row(store.bounces, rule, "routing_domain"), "bounced": dict(rule.bounced),
         "total_bounced": rule.bounced.total()}
        for rule in store.bounces.all()
    ]  # fmt: skip


def _row(rules: Rules, rule: Rule, *more: str) -> dict[str, Any]:
    keys = ("campaign", "tenant", "domain", *more)
    shown = {key: getattr(rule.criteria, key) for key in keys}
    return {"id": rule.id, **shown, "reason": rule.reason, "duration": rules.left(rule)}


def _suspend(store: Store, given: Given) -> Any:
    rule = Rule(_criteria(given), given["reason"], _until(store, given))
    store.suspensions.add(rule)
    return {"id": rule.id}


def _suspensions(store: Store, _: Given) -> Any:
    return [_row(store.suspensions, rule) for rule in store.suspensions.all()]


def _suspend_ready(store: Store, given: Given) -> Any:
    rule = Rule(Criteria(), given["reason"], _until(store, given), name=given["name"])
    store.ready_suspensions.add(rule)
    return {"id": rule.id}


def _ready_suspensions(store: Store, _: Given) -> Any:
    rules = store.ready_suspensions
    return [
        {"id": one.id, "name": one.name, "reason": one.reason, "duration": rules.left(one),
         "expires": _rfc3339(one.until)}
        for one in rules.all()
    ]  # fmt: skip


def _cancel(kind: str, rules: Callable[[Store], Rules]) -> Callable[[Store, Given], Any]:
    def cancel(store: Store, given: Given) -> Any:
        if not rules(store).remove(given["id"]):
            raise Refused(404, f"{kind} entry {given['id']} not found")
        return f"removed {given['id']}"

    return cancel


def _rebind(store: Store, given: Given) -> Any:
    now = store.clock.now()
    for message in _meant(store, _criteria(given)):
        before = message.queue.name
        message.meta |= given["data"]
        if given["always_flush"] or message.queue.name != before:
            message.due = now
        if not given["suppress_logging"]:
            words = f"Rebound from {before} to {message.queue.name}: {given['reason']}"
            store.log.add("AdminRebind", message, Reply(250, words), now)
    return {}


def _xfer(store: Store, given: Given) -> Any:
    target = urlsplit(given["target"])
    for message in _meant(store, _criteria(given)):
        message.meta["xfer_from"] = message.meta.get("queue", "")
        message.meta["queue"] = f"{target.netloc}{XFER}"
    return {}


def _xfer_cancel(store: Store, given: Given) -> Any:
    name = given["queue_name"]
    if not name.endswith(XFER):
        raise Refused(400, f"Error: {name} is not an xfer queue")
    held = _meant(store, Criteria(queue_names=(name,)))
    if not held:
        raise Refused(404, f"Error: no such queue {name}")
    for message in held:
        message.meta["queue"] = message.meta.pop("xfer_from")
    return {}


def _shown(message: Accepted, *, body: bool) -> dict[str, Any]:
    return {
        "sender": message.sender,
        "recipient": message.recipient,
        "meta": message.meta,
        "data": message.data.decode("utf-8", "replace") if body else None,
    }


def _inspect_message(store: Store, given: Given) -> Any:
    message = store.waiting.get(_asked(given, "id"))
    if message is None:
        raise Refused(500, f"Error: message {given['id']} not found")
    return {"id": message.id, "message": _shown(message, body=given.get("want_body") == "true")}


def _inspect_queue(store: Store, given: Given) -> Any:
    name = _asked(given, "queue_name")
    held = _meant(store, Criteria(queue_names=(name,)))
    if not held:
        raise Refused(404, f"Error: no such queue {name}")
    limit = _whole(given["limit"]) if given.get("limit") else len(held)
    now = _rfc3339(store.clock.now())
    rows = [
        {"id": one.id, "message": {
            **_shown(one, body=given.get("want_body") == "true"),
            "due": _rfc3339(one.due), "num_attempts": one.attempts}}
        for one in held[:limit]
    ]  # fmt: skip
    return {
        "queue_name": name, "messages": rows, "num_scheduled": len(held),
        "queue_config": {"retry_interval": spoken(RETRY)}, "delayed_metric": len(held),
        "now": now, "last_changed": now,
    }  # fmt: skip


def _asked(given: Given, name: str) -> str:
    if name not in given:
        raise Refused(400, f"Failed to deserialize query string: missing field `{name}`")
    return str(given[name])


def _whole(value: str) -> int:
    if not value.isdecimal():
        raise Refused(
            400, "Failed to deserialize query string: limit: invalid digit found in string"
        )
    return int(value)


def _ready_states(store: Store, _: Given) -> Any:
    del store
    return {"states_by_ready_queue": {}}


def _silent(store: Store, given: Given) -> Any:
    del store, given
    return ""


def _rfc3339(at: datetime.datetime) -> str:
    return f"{at.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


Route = tuple[Callable[[Store, Given], Any], Check | None]
# Body or, where there is no check, query; a text that comes back is no JSON.
ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/api/admin/bounce/v1": {
        "POST": (_bounce, _BOUNCE), "GET": (_bounces, None),
        "DELETE": (_cancel("bounce", lambda store: store.bounces), _CANCEL)},
    "/api/admin/suspend/v1": {
        "POST": (_suspend, _SUSPEND), "GET": (_suspensions, None),
        "DELETE": (_cancel("suspend", lambda store: store.suspensions), _CANCEL)},
    "/api/admin/suspend-ready-q/v1": {
        "POST": (_suspend_ready, _READY), "GET": (_ready_suspensions, None),
        "DELETE": (_cancel("suspend", lambda store: store.ready_suspensions), _CANCEL)},
    "/api/admin/rebind/v1": {"POST": (_rebind, _REBIND)},
    "/api/admin/xfer/v1": {"POST": (_xfer, _XFER)},
    "/api/admin/xfer/cancel/v1": {"POST": (_xfer_cancel, _XFER_CANCEL)},
    "/api/admin/inspect-message/v1": {"GET": (_inspect_message, None)},
    "/api/admin/inspect-sched-q/v1": {"GET": (_inspect_queue, None)},
    "/api/admin/ready-q-states/v1": {"GET": (_ready_states, None)},
    "/api/admin/set_diagnostic_log_filter/v1": {"POST": (_silent, _FILTER)},
    "/api/admin/bump-config-epoch": {"POST": (_silent, None)},
}  # fmt: skip

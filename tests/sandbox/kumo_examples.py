"""Exchanges of KumoMTA by its documentation, its tests and its source, and how to have them."""

from __future__ import annotations

import datetime
import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pmctl.sandbox.kumomta_rules import Criteria, Rule
from pmctl.sandbox.kumomta_sandbox import KumoSandbox
from tests.kumo_asking import BASIC, INJECT, Answer, ask

FOLDER = Path(__file__).parents[1] / "data" / "kumomta"
RULE = "552016f1-08e7-4e90-9da3-fd5c25acd069"
QUEUE = "campaign_name:tenant_name@example.com"

# What is not played, and why.
NOT_PLAYED = {
    "inspect-ready-q": "only builds after release 2026.06.23 have it; the stand-in is that release",
    "spool-compact": "only builds after release 2026.06.23 have it; the stand-in is that release",
    "ready-q-states": "the stand-in opens no connections that could be limited",
}


@dataclass(frozen=True)
class Example:
    """One exchange; where the answer is not known exactly, `<...>` stands for any words."""

    name: str
    meta: Mapping[str, Any]
    request: Mapping[str, Any]
    response: Mapping[str, Any]


def examples(group: str) -> list[Example]:
    """Every exchange of a folder."""
    found = []
    for path in sorted((FOLDER / group).glob("*.json")):
        row = json.loads(path.read_text("utf-8"))
        found.append(Example(path.stem, row["_meta"], row["request"], row["response"]))
    return found


def play(kumo: KumoSandbox, example: Example) -> Answer:
    """Bring the stand-in where the exchange was had, and have it."""
    BEFORE.get(example.name, _nothing)(kumo)
    request = example.request
    headers = dict(request.get("headers", {}))
    if headers.get("Authorization") == "Basic <valid>":
        headers["Authorization"] = BASIC
    body = json.dumps(request["body"]).encode() if "body" in request else b""
    body = request["body_raw"].encode() if "body_raw" in request else body
    if "body_note" in request:  # too much to be written down
        body = json.dumps({**INJECT, "content": "a" * (2 * 1024 * 1024)}).encode()
    encoding = headers.get("Content-Encoding")
    body = gzip.compress(body) if encoding == "gzip" else body
    body = zlib.compress(body) if encoding == "deflate" else body
    path = request["path"] + (f"?{urlencode(request['query'])}" if "query" in request else "")
    return ask(kumo, request["method"], path, body, headers)


def differs(example: Example, answer: Answer) -> str:
    """Say what differs from what was had; "" if nothing does."""
    wanted = example.response
    if answer.status != wanted["status"]:
        return f"status {answer.status}, not {wanted['status']}: {answer.text}"
    kind = wanted.get("content_type")
    if kind and answer.headers["Content-Type"] != kind:
        return f"type {answer.headers['Content-Type']}, not {kind}"
    for name, value in wanted.get("headers", {}).items():
        if answer.headers[name] != value:
            return f"{name}: {answer.headers[name]}, not {value}"
    if "body_text" in wanted:
        pattern = re.sub(r"<[^<>]+>", "(?s:.+)", re.escape(wanted["body_text"]))
        same = re.fullmatch(pattern, answer.text)
        return "" if same else f"{answer.text!r}, not {wanted['body_text']!r}"
    return _differing(wanted["body"], _as_short(example, answer.json), "")


def _as_short(example: Example, had: Any) -> Any:
    """Cut an answer as that of the example was cut."""
    if example.name != "inspect-sched-q":
        return had
    rows = had["messages"][:1]
    rows[0]["message"]["meta"].pop("tenant")
    rows[0]["message"]["meta"].pop("campaign")
    return {**had, "messages": rows}


def _differing(wanted: Any, had: Any, path: str) -> str:
    """Compare JSON; an id that was made is any id, and a time any time."""
    if isinstance(wanted, dict) and isinstance(had, dict):
        if wanted.keys() != had.keys():
            return f"{path}: fields {sorted(had)}, not {sorted(wanted)}"
        return next(
            filter(None, (_differing(wanted[k], had[k], f"{path}.{k}") for k in wanted)), ""
        )
    if isinstance(wanted, list) and isinstance(had, list) and len(wanted) == len(had):
        pairs = enumerate(zip(wanted, had, strict=True))
        return next(filter(None, (_differing(a, b, f"{path}[{n}]") for n, (a, b) in pairs)), "")
    if isinstance(wanted, str) and isinstance(had, str):
        pattern = re.sub(r"<[^<>]+>", ".+", re.escape(wanted))
        for made in (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"[0-9a-f]{32}",
                     r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"):  # fmt: skip
            if re.fullmatch(made, wanted):
                pattern = made
        return "" if re.fullmatch(pattern, had) else f"{path}: {had!r}, not {wanted!r}"
    return "" if wanted == had else f"{path}: {had!r}, not {wanted!r}"


# How it was before some of the exchanges.


def _nothing(_: KumoSandbox) -> None:
    pass


def _closed(why: str) -> Callable[[KumoSandbox], None]:
    return lambda kumo: kumo.close(why)


def _elsewhere(kumo: KumoSandbox) -> None:
    kumo.store.peer = "203.0.113.9"


def _broken_handler(kumo: KumoSandbox) -> None:
    kumo.access.handler_fails = True


def _policy(kumo: KumoSandbox) -> None:
    kumo.store.refused["recipient@example.com"] = "not today"


def _rule(kumo: KumoSandbox) -> Rule:
    which = Criteria("campaign_name", "tenant_name", "example.com")
    left = datetime.timedelta(minutes=19, seconds=59, milliseconds=998)
    now = kumo.clock.now()
    kumo.clock.set(now)  # it stands still
    rule = Rule(which, "cleaning up a bad send", now + left, id=RULE)
    rule.bounced.update({"gmail.com": 200, "yahoo.com": 100})
    kumo.store.bounces.add(rule)
    return rule


def _waiting(kumo: KumoSandbox) -> None:
    meta = {"tenant": "tenant_name", "campaign": "campaign_name"}
    for _ in range(42):
        message = kumo.store.new("sender@sender.example.com", "recipient@example.com", b"", meta)
        message.meta = {**meta, "reception_protocol": "HTTP"}
        message.attempts = 1
        kumo.store.insert(message)


BEFORE: Mapping[str, Callable[[KumoSandbox], object]] = {
    "22-policy-reject": _policy,
    "50-error-503": _closed("shutting down"),
    "51-error-503": _closed("load shedding"),
    "52-error-503": _closed("disk is too full"),
    "53-error-503": _closed("waiting for spool startup"),
    "62-error-401-metrics-with-basic-auth": _elsewhere,
    "64-error-500-auth-handler": _broken_handler,
    "bounce-list": _rule,
    "bounce-cancel": _rule,
    "check-liveness-503-0": _closed("shutting down"),
    "check-liveness-503-1": _closed("load shedding"),
    "check-liveness-503-2": _closed("waiting for spool startup"),
    "check-liveness-503-3": _closed("disk is too full"),
    "inspect-sched-q": _waiting,
}

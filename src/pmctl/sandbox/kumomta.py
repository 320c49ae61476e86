"""The stand-in KumoMTA behind its wires: a request in, an answer out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from pmctl.sandbox import kumomta_control as control
from pmctl.sandbox.kumomta_access import Access
from pmctl.sandbox.kumomta_admin import ROUTES
from pmctl.sandbox.kumomta_body import check_encoding, read_body
from pmctl.sandbox.kumomta_inject import inject
from pmctl.sandbox.kumomta_metrics import as_json, as_text
from pmctl.sandbox.kumomta_refusal import TEXT, Refused
from pmctl.sandbox.kumomta_schema import INJECTION, read
from pmctl.sandbox.kumomta_store import Store
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sent

VERSION = "2026.06.23-f3af1cd0"
JSON = "application/json"


class Kumo:
    """Answers in the order of KumoMTA's own checks: encoding, login, body, gates, work."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self.access = access

    def answer(self, request: Request) -> Sent:
        """Return the answer to any request."""
        if request.path.startswith(control.PREFIX):
            return control.answer(self.store, request)
        try:
            check_encoding(request)
            who = self.access.check(request, self.store.peer)
            return self._work(request, who)
        except Refused as exc:
            return exc.sent

    def _work(self, request: Request, who: str) -> Sent:
        query = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
        if request.path == "/api/inject/v1":
            return _json(inject(self.store, read(read_body(request), INJECTION), who))
        if request.path in ROUTES:
            return self._admin(request, query)
        if request.method != "GET":
            return Sent(404, b"", TEXT)
        if request.path == "/api/check-liveness/v1":
            return self._liveness()
        if request.path == "/api/machine-info":
            return _json(_MACHINE)
        if request.path == "/metrics":
            body = as_text(self.store, query.get("prefix", ""))
            return Sent(200, body.encode(), "text/plain; charset=utf-8")
        if request.path == "/metrics.json":
            body = as_json(self.store, query.get("prefix", ""))
            return Sent(200, body.encode(), "application/json; charset=utf-8")
        return Sent(404, b"", TEXT)

    def _liveness(self) -> Sent:
        closed = self.store.closed
        if closed is None:
            return Sent(200, b"OK", TEXT)
        words = "storage is too full" if closed == "disk is too full" else closed
        return Sent(503, words.encode(), TEXT)

    def _admin(self, request: Request, query: dict[str, str]) -> Sent:
        methods = ROUTES[request.path]
        if request.method not in methods:
            return Sent(405, b"", TEXT, {"Allow": ",".join(methods)})
        do, check = methods[request.method]
        given: Any = read(read_body(request), check) if check else query
        with self.store.lock:
            answer = do(self.store, given)
        return Sent(200, answer.encode(), TEXT) if isinstance(answer, str) else _json(answer)


def _json(value: Any) -> Sent:
    return Sent(200, json.dumps(value, separators=(",", ":")).encode(), JSON)


_MACHINE = {
    "node_id": "557f3ad4-2c8c-11ee-976e-782d7e12e173", "hostname": "sandbox.invalid",
    "mac": "02:00:00:00:00:01", "num_cores": 4, "kernel_version": "6.1.0",
    "platform": "linux/x86_64", "distribution": "debian", "os_version": "12",
    "total_memory_bytes": 8589934592, "container_runtime": None, "cpu_brand": "sandbox",
    "fingerprint": "5a9d", "online_since": "2026-06-23T12:00:00Z", "process_kind": "kumod",
    "version": VERSION,
}  # fmt: skip

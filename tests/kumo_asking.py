"""A plain way to ask a stand-in KumoMTA, without what is tested."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pmctl.sandbox.kumomta_sandbox import PASSWORD, USER, KumoSandbox

BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
INJECT: dict[str, Any] = {
    "envelope_sender": "news@example.com",
    "recipients": [{"email": "ana@example.org"}],
    "content": "Subject: hello\n\nHello there",
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    kumo: KumoSandbox,
    method: str,
    path: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Have one exchange on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(kumo.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def post(kumo: KumoSandbox, path: str, body: Any, **headers: str) -> Answer:
    """Post JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(kumo, "POST", path, json.dumps(body), {"Content-Type": "application/json", **named})


def inject(kumo: KumoSandbox, **changes: Any) -> Answer:
    """Inject a message that is right in every respect, with changes; None leaves a field out."""
    body = {name: one for name, one in {**INJECT, **changes}.items() if one is not None}
    return post(kumo, "/api/inject/v1", body)

"""A stand-in per test, and a plain way to ask it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.sandbox.replay import ask

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def sandbox() -> Iterator[MauticSandbox]:
    """A stand-in that runs for one test."""
    with MauticSandbox() as running:
        yield running


@pytest.fixture
def api(sandbox: MauticSandbox) -> Ask:
    """Ask it as its user: `status, answer = api("GET", "/campaigns")`."""
    login = base64.b64encode(f"{sandbox.user}:{sandbox.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        status, _, answer = ask(sandbox, method, f"/api{path}", raw, headers)
        return status, answer

    return call


def campaign(**changes: Any) -> dict[str, Any]:
    """A campaign of two mails that is right in every respect."""
    events = [
        {"id": "new1", "name": "One", "type": "email.send", "eventType": "action"},
        {"id": "new2", "name": "Two", "type": "email.send", "eventType": "action"},
    ]
    connections = [
        {"sourceId": "lists", "targetId": "new1", "anchors": {"source": "leadsource"}},
        {"sourceId": "new1", "targetId": "new2", "anchors": {"source": "bottom"}},
    ]
    nodes = [{"id": one, "positionX": 1, "positionY": 1} for one in ("lists", "new1", "new2")]
    canvas = {"nodes": nodes, "connections": connections}
    whole = {"name": "A", "isPublished": True, "lists": [{"id": 1}], "events": events}
    return {**whole, "canvasSettings": canvas, **changes}


@pytest.fixture
def flow(sandbox: MauticSandbox, api: Ask) -> Any:
    """A stand-in that stands at a Monday, with three contacts in its first segment."""
    from tests.sandbox.flow import Flow

    return Flow(sandbox, api)

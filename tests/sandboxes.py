"""Stand-ins of Mautic and HestiaCP for the tests of the commands, over real sockets."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from pmctl.sandbox.answers import Answer
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox

Do = Callable[[Request], Answer]


def use_panel(panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch, *, key: bool = True) -> None:
    """Point pmctl at the stand-in HestiaCP, by access key or by the administrator's password."""
    for name in ("URL", "ACCESS_KEY", "SECRET_KEY", "USER", "PASSWORD"):
        monkeypatch.delenv(f"PMCTL_HESTIA_{name}", raising=False)
    for name, value in panel.settings().items():
        if key or name == "PMCTL_HESTIA_URL":
            monkeypatch.setenv(name, value)
    if not key:
        monkeypatch.setenv("PMCTL_HESTIA_USER", panel.user)
        monkeypatch.setenv("PMCTL_HESTIA_PASSWORD", panel.password)


def use(sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch, *, basic: bool = False) -> None:
    """Point pmctl at the stand-in, by OAuth2 or by user and password."""
    monkeypatch.setenv("PMCTL_MAUTIC_URL", sandbox.url)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "USER", "PASSWORD"):
        monkeypatch.delenv(f"PMCTL_MAUTIC_{name}", raising=False)
    if basic:
        monkeypatch.setenv("PMCTL_MAUTIC_USER", sandbox.user)
        monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", sandbox.password)
    else:
        monkeypatch.setenv("PMCTL_MAUTIC_CLIENT_ID", sandbox.client_id)
        monkeypatch.setenv("PMCTL_MAUTIC_CLIENT_SECRET", sandbox.client_secret)


def ask(sandbox: MauticSandbox, path: str) -> Any:
    """Ask the stand-in without pmctl, so that a test does not trust what it tests."""
    return call(sandbox, path, "GET")


def call(sandbox: MauticSandbox, path: str, method: str = "POST", body: Any = None) -> Any:
    """Have the stand-in do something, as its own user; `body` is sent as JSON."""
    import base64

    login = base64.b64encode(f"{sandbox.user}:{sandbox.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{sandbox.url}/api/{path}",
        headers=headers,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def _values(shape: Any) -> list[dict[str, Any]]:
    return list(shape.values()) if isinstance(shape, dict) else list(shape)


def campaigns_in(sandbox: MauticSandbox) -> list[dict[str, Any]]:
    """Every campaign that the stand-in holds, in full."""
    return _values(ask(sandbox, "campaigns?limit=1000")["campaigns"])


def emails_in(sandbox: MauticSandbox) -> list[dict[str, Any]]:
    """Every email that the stand-in holds."""
    return _values(ask(sandbox, "emails?limit=1000")["emails"])


def answering(sandbox: MauticSandbox, wrapped: Callable[[Request, Do], Answer]) -> None:
    """Let `wrapped` stand between the wire and the stand-in; it is given the real answerer."""
    real = sandbox.mautic.answer
    sandbox.mautic.answer = lambda request: wrapped(request, real)  # type: ignore[method-assign]


def stock(sandbox: MauticSandbox) -> None:
    """Put there what the random sequences of tests/sequence/strategies.py name."""
    from tests.sequence.strategies import WORDS

    store = sandbox.store
    for alias in ("everybody", *WORDS):
        store.add_segment(alias)
    store.add_form("Sign-up")
    for key in ("welcome", "other"):
        number = store.next_id("campaigns")
        text = f"pmctl:v1 key={key} env=default hash={number:012x}"
        own = {"id": number, "name": key, "description": text, "category": None}
        blank: dict[str, Any] = {
            "allowRestart": False,
            "publishUp": None,
            "publishDown": None,
            "events": [],
            "forms": [],
            "lists": [],
            "canvasSettings": {"nodes": [], "connections": []},
        }
        store.campaigns[number] = {**store.stamp(), **own, **blank}

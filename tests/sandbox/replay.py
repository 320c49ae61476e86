"""Recorded exchanges with a running Mautic 5.1.1, and how to have one again."""

from __future__ import annotations

import base64
import http.client
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pmctl.sandbox.server import MauticSandbox

FOLDER = Path(__file__).parents[1] / "data" / "mautic" / "recorded"


@dataclass
class Recording:
    """One exchange as it was recorded."""

    name: str
    method: str
    path: str
    body: Any
    status: int
    headers: dict[str, str]
    answer: Any
    cut: bool = False  # rows were taken out of the answer to keep it small
    entity: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.answer, dict):
            names = ("campaign", "email", "list", "contact", "tag", "stage", "company")
            self.entity = next((self.answer[name] for name in names if name in self.answer), {})

    @property
    def kind(self) -> str:
        """The first word of the path: campaigns, emails, stats and so on."""
        return self.path.partition("?")[0].split("/")[2]

    @property
    def ids(self) -> list[int]:
        """The numbers in the path."""
        return [int(part) for part in re.findall(r"/(\d+)", self.path)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of a list."""
        return self.rows_of(self.key)

    def rows_of(self, key: str) -> list[dict[str, Any]]:
        """The rows under one key of the answer."""
        found = self.answer.get(key, []) if isinstance(self.answer, dict) else []
        return list(found.values()) if isinstance(found, dict) else list(found)

    @property
    def key(self) -> str:
        """The name of the rows in a list's answer."""
        last = self.path.partition("?")[0].rpartition("/")[2]
        return "lists" if last == "segments" else last


def recorded(name: str) -> Recording:
    """Return a recording by the name of its file."""
    raw = json.loads((FOLDER / f"{name}.json").read_text())
    return Recording(name, **raw)


def names() -> list[str]:
    """The names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def send(sandbox: MauticSandbox, recording: Recording) -> tuple[int, dict[str, str], Any]:
    """Ask the stand-in what was asked then; return status, headers and JSON."""
    headers, body = {"Accept": "application/json"}, None
    login = f"{sandbox.user}:{sandbox.password}"
    if recording.name.startswith("01-auth-"):
        login = "nobody:wrong"
    if recording.name not in {"01-auth-none", "01-oauth2-token", "01-oauth2-token-bad"}:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    if bearer(recording):
        headers["Authorization"] = f"Bearer {token(sandbox)}"
    if recording.path.startswith("/oauth"):
        secret = sandbox.client_secret if recording.status == 200 else "bad"
        given = {"client_id": sandbox.client_id, "client_secret": secret}
        body = urlencode({**recording.body, **given}).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif recording.body is not None:
        body = json.dumps(recording.body).encode()
        headers["Content-Type"] = "application/json"
    return ask(sandbox, recording.method, recording.path, body, headers)


def ask(
    sandbox: MauticSandbox, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, dict[str, str], Any]:
    """Send one request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())
    finally:
        connection.close()


def token(sandbox: MauticSandbox) -> str:
    """Fetch a bearer token."""
    given = {"grant_type": "client_credentials", "client_id": sandbox.client_id}
    body = urlencode({**given, "client_secret": sandbox.client_secret}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return str(ask(sandbox, "POST", "/oauth/v2/token", body, headers)[2]["access_token"])


def bearer(recording: Recording) -> bool:
    """Tell whether a token was used then: Mautic knows no user id in that case."""
    entity = recording.entity
    return entity.get("createdBy", 1) is None or str(entity.get("modifiedByUser")).endswith("[1]")

"""Who may ask: passwords, tokens, the switches of the API, and its rate limit."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pmctl.sandbox.answers import Answer, RefusalError, early, refusal
from pmctl.sandbox.store import Author

LIFETIME_SECONDS = 3600
_DISABLED = (
    "API disabled. You need to enable the API in the API settings of Mautic's Configuration."
)
_BASIC_OFF = (
    "Basic Auth disabled. You need to enable Basic Auth in the API settings "
    "of Mautic's Configuration."
)


@dataclass
class Access:
    """The credentials that are right, the switches, and the tokens given out."""

    user: str = "sandbox"
    password: str = "sandbox-password"  # noqa: S105  a stand-in on loopback keeps no secret
    client_id: str = "1_sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105
    api_enabled: bool = True
    basic_enabled: bool = True
    rate_limit: int | None = None  # calls in an hour
    forbidden: frozenset[str] = frozenset()  # kinds without permission: campaigns, emails, …
    token_seconds: int = LIFETIME_SECONDS
    _tokens: dict[str, float] = field(default_factory=dict, repr=False)
    _calls: int = 0
    _window_ends: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def token(self, given: Mapping[str, Any]) -> Answer:
        """POST /oauth/v2/token, for client_credentials only."""
        right = _same(given.get("client_id"), self.client_id) and _same(
            given.get("client_secret"), self.client_secret
        )
        if not right:
            raise early(400, "The client credentials are invalid", "invalid_client")
        if given.get("grant_type") != "client_credentials":
            raise early(400, "Invalid grant_type parameter or parameter missing", "invalid_request")
        token = secrets.token_urlsafe(64)
        with self._lock:
            self._tokens[token] = time.monotonic() + self.token_seconds
        body = {
            "access_token": token,
            "expires_in": self.token_seconds,
            "token_type": "bearer",
            "scope": None,
        }
        return Answer(200, body, {"Cache-Control": "no-store, private", "Pragma": "no-cache"})

    def revoke_tokens(self) -> None:
        """Make every token given out invalid."""
        with self._lock:
            self._tokens.clear()

    def author(self, authorization: str | None) -> Author:
        """Return who asks. Raise the refusals 401 and 403, in Mautic's order of checks."""
        if not self.api_enabled:
            raise early(403, _DISABLED, "api_disabled")
        scheme, _, value = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            return self._bearer(value.strip())
        if scheme.lower() != "basic":
            raise early(401, "API authorization denied.", "access_denied")
        if not self.basic_enabled:
            raise early(403, _BASIC_OFF, "access_denied")
        if not _same(_decoded(value), f"{self.user}:{self.password}"):
            raise early(401, "Authorization denied, invalid credentials.", "access_denied")
        return Author()

    def _bearer(self, token: str) -> Author:
        with self._lock:
            if self._tokens.get(token, 0.0) < time.monotonic():
                raise early(401, "The access token provided is invalid.", "invalid_grant")
        return Author(None, "sandbox [1]")

    def counted(self) -> dict[str, str]:
        """Count a call; return the headers that say what is left. Raise the 429."""
        limit = self.rate_limit
        if limit is None:
            return {}
        with self._lock:
            if time.time() >= self._window_ends:
                self._calls, self._window_ends = 0, time.time() + 3600
            self._calls += 1
            left = limit - self._calls
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": str(int(self._window_ends)),
        }
        if left < 0:
            message = f"You exceeded the rate limit of {limit} API calls per hour."
            body = {"errors": [{"code": 429, "message": message, "details": []}]}
            raise RefusalError(Answer(429, body, headers))
        return headers

    def permit(self, kind: str) -> None:
        """Raise the 403 of the API itself if the kind is forbidden."""
        if kind in self.forbidden:
            raise refusal(403, "You do not have access to the requested area/action.")


def with_headers(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """Return the answer with more headers."""
    return Answer(answer.status, answer.body, {**answer.headers, **headers})


def _same(given: Any, right: str) -> bool:
    return hmac.compare_digest(str(given or "").encode(), right.encode())


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""

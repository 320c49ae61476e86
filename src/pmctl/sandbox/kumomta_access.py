"""Who may do what: credentials, trusted addresses and the access list of KumoMTA's default."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

from pmctl.sandbox.kumomta_refusal import Refused
from pmctl.sandbox.request import Request

LISTENER = "0.0.0.0:8000"
_OPEN = ("/api/check-liveness/", "/rapidoc", "/api-docs/openapi.json")
_INJECT = "/api/inject/"
_TRUSTED = {
    "/api/admin/": ("GET", "POST", "DELETE"),
    "/api/machine-info": ("GET",),
    "/metrics": ("GET",),
    "/api/xfer/": ("GET", "POST"),
}


@dataclass
class Access:
    """The listener's configuration; `users` and `tokens` None: policy checks no such login."""

    trusted: set[str] = field(default_factory=lambda: {"127.0.0.1", "::1"})
    users: dict[str, str] | None = None
    tokens: set[str] | None = None
    handler_fails: bool = False

    def check(self, request: Request, peer: str) -> str:
        """Return who asks ("" is nobody). Raises Refused: 400, 401 or 500."""
        who = self._login(request.headers.get("authorization"))
        if not self._may(request.method, request.path, peer, who):
            shown = f"id=[{who}]@" if who else "<Unauthenticated>@"
            place = f"http_listener/{LISTENER}{request.path}"
            raise Refused(401, f"{shown} ip={peer} not permitted {request.method} on {place}")
        return who

    def _login(self, given: str | None) -> str:
        if given is None:
            return ""
        scheme, blank, value = given.partition(" ")
        if not blank or scheme not in {"Basic", "Bearer"}:
            raise Refused(400, "Malformed or unsupported Authorization header")
        if self.handler_fails:
            raise Refused(500, "try again later")
        if scheme == "Bearer":
            if value not in (self.tokens or ()):
                raise Refused(401, "HttpBearerAuth Authentication Failed")
            return "bearer"
        user, password = _pair(value)
        if not password or (self.users or {}).get(user) != password:
            raise Refused(401, f"HttpBasicAuth Authentication Failed for {user}")
        return user

    def _may(self, method: str, path: str, peer: str, who: str) -> bool:
        if path.startswith(_OPEN):
            return method == "GET"
        if path.startswith(_INJECT):
            return method == "POST" and (peer in self.trusted or bool(who))
        rule = next(
            (methods for start, methods in _TRUSTED.items() if path.startswith(start)), None
        )
        return peer in self.trusted and method in (rule or ("GET", "POST", "DELETE"))


def _pair(value: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        raise Refused(400, "Malformed Authorization header") from None
    if not colon or not re.fullmatch(r"[^\x00-\x1f]*", user):
        raise Refused(400, "Malformed Authorization header")
    return user, password

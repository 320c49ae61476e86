"""A request as a stand-in is given it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pmctl.sandbox import query
from pmctl.sandbox.answers import crash


@dataclass(frozen=True)
class Request:
    """A request as it came; header names in lower case, the path with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, Any]:
        """The query, nested."""
        return query.parse(self.target.partition("?")[2])

    def json(self) -> dict[str, Any]:
        """Return the body, JSON or a form. Raise the 400 for what cannot be read."""
        given = self.any_json()
        return given if isinstance(given, dict) else {}

    def any_json(self) -> Any:
        """Return the body as `json` does, also when it is a list."""
        if "json" not in self.headers.get("content-type", ""):
            return query.parse(self.body.decode("utf-8", "replace"))
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise crash(400) from None

"""A receiver of webhooks, ours or another's: what Mautic does to it, and whether it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from pmctl.http import Answer, Busy, Http, HttpOptions


class Receiver:
    """The receiver at an address. Raises ConfigError for one that is none."""

    def __init__(self, url: str, options: HttpOptions) -> None:
        parts = urlsplit(url)
        self._path, self._query = parts.path, parse_qsl(parts.query, keep_blank_values=True)
        self._http = Http("the receiver", f"{parts.scheme}://{parts.netloc}", options)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body; return the answer, whatever it is. Raises what `Http.request` raises.

        OutcomeUnknown when the connection ends without an answer: the body may be kept.
        """
        return self._http.request(
            "POST", self._path, params=self._query, content=body, headers=headers
        )

    def trouble(self) -> str:
        """Return why it is not ready, or nothing. Raises Unreachable when it does not answer."""
        try:
            answer = self._http.request("GET", "readyz")
        except Busy as busy:
            answer = busy.answer
        if answer.status == 200:
            return ""
        return answer.text.strip() or f"it answers with HTTP {answer.status}"

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

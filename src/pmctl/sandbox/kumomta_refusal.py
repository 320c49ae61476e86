"""What KumoMTA refuses: a status and a text, never JSON."""

from __future__ import annotations

from pmctl.sandbox.wires import Sent

TEXT = "text/plain; charset=utf-8"


class Refused(Exception):
    """Carries the answer to a request that is not done."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = headers or {}

    @property
    def sent(self) -> Sent:
        """The answer as it goes out."""
        return Sent(self.status, self.words.encode(), TEXT, self.headers)


class RejectedError(Exception):
    """Policy, an address or a template that stops one recipient; `str()` is the reason.

    `code` is the one of SMTP.
    """

    def __init__(self, words: str, code: int = 550) -> None:
        super().__init__(words)
        self.code = code

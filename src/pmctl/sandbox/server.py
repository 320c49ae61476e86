"""The stand-in Mautic on its wires."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Self

from pmctl.sandbox import directory
from pmctl.sandbox.access import Access
from pmctl.sandbox.acts import Acts
from pmctl.sandbox.answers import Answer, crash
from pmctl.sandbox.faults import Fault
from pmctl.sandbox.mautic import Mautic
from pmctl.sandbox.request import Request
from pmctl.sandbox.store import seeded
from pmctl.sandbox.wires import Sandbox, Sent

PAGE = b"<!doctype html>\n<html><head><title>Mautic</title></head><body>Sign in</body></html>\n"


class MauticSandbox(Sandbox, Acts):
    """A stand-in Mautic; use it with `with`, or call start() and stop().

    `latency_ms` is slept before every answer, `faults` are texts as `--fail` takes them, and
    `segments` are aliases beside those that are always there. `store.put_*` puts people into
    steps; `access` has the credentials, switches and limits. `clock`, `cron`, `open`, `sent` and
    what else Acts has let time pass and people act.
    """

    name = "Mautic"

    def __init__(
        self,
        *,
        latency_ms: float = 0,
        faults: Iterable[str | Fault] = (),
        segments: Iterable[str] = (),
        port: int = 0,
    ) -> None:
        Sandbox.__init__(self, latency_ms=latency_ms, faults=faults, port=port)
        Acts.__init__(self, seeded(segments))
        directory.seed(self.store)
        self.access = Access()
        self.mautic = Mautic(self.store, self.access)

    def start(self) -> Self:
        """Listen and serve in a thread. Raises OSError if the port is taken."""
        super().start()
        self.store.site_url = self.url
        return self

    @property
    def user(self) -> str:
        """The user of Basic authentication."""
        return self.access.user

    @property
    def password(self) -> str:
        """The password of Basic authentication."""
        return self.access.password

    @property
    def client_id(self) -> str:
        """The OAuth2 client."""
        return self.access.client_id

    @property
    def client_secret(self) -> str:
        """The secret of the OAuth2 client."""
        return self.access.client_secret

    def settings(self) -> dict[str, str]:
        """Return the environment variables that lead pmctl here."""
        return {
            "PMCTL_MAUTIC_URL": self.url,
            "PMCTL_MAUTIC_CLIENT_ID": self.client_id,
            "PMCTL_MAUTIC_CLIENT_SECRET": self.client_secret,
        }

    def answer(self, request: Request) -> Sent:
        """Do what a request asks for and return the answer."""
        return _sent(self.mautic.answer(request))

    def broken(self, fault: Fault, request: Request) -> Sent:  # noqa: ARG002
        """Return Mautic's answer to its own failure."""
        return _sent(crash(fault.status or 500).answer)

    def page(self) -> Sent:
        """Return the page to sign in."""
        return Sent(200, PAGE, "text/html; charset=UTF-8")


def _sent(answer: Answer) -> Sent:
    """Write the body as PHP does: slashes escaped, nothing but ASCII."""
    body = json.dumps(answer.body, separators=(",", ":")).replace("/", "\\/").encode()
    return Sent(answer.status, body, "application/json", answer.headers)

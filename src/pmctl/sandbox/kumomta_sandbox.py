"""The stand-in KumoMTA on its wires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pmctl.sandbox.clock import Clock
from pmctl.sandbox.faults import Fault
from pmctl.sandbox.kumomta import Kumo
from pmctl.sandbox.kumomta_access import Access
from pmctl.sandbox.kumomta_log import Record
from pmctl.sandbox.kumomta_message import Accepted
from pmctl.sandbox.kumomta_refusal import TEXT
from pmctl.sandbox.kumomta_store import Store
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sandbox, Sent

USER, PASSWORD = "daniel", "tiger"  # of this stand-in alone


class KumoSandbox(Sandbox):
    """A stand-in KumoMTA; use it with `with`, or call start() and stop().

    What it takes stays in its queues until `deliver` is called. `store` holds them, the rules in
    force and the log; `access` is who may do what: requests come from `store.peer`, a trusted
    address, and may log in as daniel with tiger. `close("load shedding")` shuts the gate.
    """

    name = "KumoMTA"

    def __init__(
        self, *, latency_ms: float = 0, faults: Iterable[str | Fault] = (), port: int = 0
    ) -> None:
        super().__init__(latency_ms=latency_ms, faults=faults, port=port)
        self.store = Store()
        self.access = Access(users={USER: PASSWORD})
        self.kumo = Kumo(self.store, self.access)

    @property
    def accepted(self) -> list[Accepted]:
        """Every message that was taken, in its order, also those that have left since."""
        return self.store.accepted

    @property
    def waiting(self) -> list[Accepted]:
        """Those that still wait in a queue."""
        return list(self.store.waiting.values())

    @property
    def log(self) -> list[Record]:
        """Every record of the log."""
        return self.store.log.records

    @property
    def clock(self) -> Clock:
        """Its time, which can be moved."""
        return self.store.clock

    def deliver(self) -> Counter[str]:
        """Try to deliver all that waits, once; return the records of the log by type."""
        return self.store.attempt()

    def post_log(self, url: str, batch: int | None = None) -> list[int]:
        """Post the records that were not posted yet; return the statuses, 0 for no answer."""
        return self.store.log.post(url, batch)

    def close(self, why: str | None) -> None:
        """Refuse what comes: `shutting down`, `load shedding`, `disk is too full` or `waiting for
        spool startup`; None takes it again."""
        self.store.closed = why

    def settings(self) -> dict[str, str]:
        """Return the environment variables that lead pmctl here."""
        return {"PMCTL_KUMOMTA_URL": self.url}

    def answer(self, request: Request) -> Sent:
        """Answer at once."""
        return self.kumo.answer(request)

    def broken(self, fault: Fault, request: Request) -> Sent:  # noqa: ARG002  all alike
        """Return what a fault says, in KumoMTA's own words where it has some."""
        words = {503: "Error: load shedding", 500: "Error: spool is broken"}
        status = fault.status or 500
        return Sent(status, words.get(status, "").encode(), TEXT)

    def page(self) -> Sent:
        """Return a page that no program asked for."""
        return Sent(200, b"<!doctype html><title>Welcome to nginx!</title>", "text/html")

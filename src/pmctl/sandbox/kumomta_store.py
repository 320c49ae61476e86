"""What the stand-in KumoMTA holds: its messages, the rules in force, counters and the log."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from typing import Any

from pmctl.sandbox.clock import Clock
from pmctl.sandbox.kumomta_address import of_envelope
from pmctl.sandbox.kumomta_log import Log, Reply
from pmctl.sandbox.kumomta_message import Accepted
from pmctl.sandbox.kumomta_refusal import RejectedError
from pmctl.sandbox.kumomta_rules import Rule, Rules

GENERATOR = "generator.kumomta.internal"
RETRY = datetime.timedelta(minutes=20)


class Store:
    """Safe to use from several threads: every change is under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.log = Log()
        self.accepted: list[Accepted] = []
        self.waiting: dict[str, Accepted] = {}  # by spool id
        self.bounces = Rules(self.clock)
        self.suspensions = Rules(self.clock)
        self.ready_suspensions = Rules(self.clock)
        self.counters: Counter[tuple[str, str]] = Counter()  # by metric and service
        self.peer = "127.0.0.1"  # where requests seem to come from
        self.closed: str | None = None  # why nothing is taken
        self.refused: dict[str, str] = {}  # recipients that policy refuses, and why

    def count(self, metric: str, *services: str) -> None:
        """Add one to a counter of each service."""
        with self.lock:
            for service in services:
                self.counters[metric, service] += 1

    def new(self, sender: str, recipient: str, data: bytes, meta: dict[str, Any]) -> Accepted:
        """Return a message that is not accepted yet."""
        now = self.clock.now()
        return Accepted(sender, recipient, data, meta, now, now)

    def insert(self, message: Accepted, reply: Reply | None = None) -> None:
        """Accept a message: log it, queue it, and let the rules in force hit it."""
        with self.lock:
            self.accepted.append(message)
            self.waiting[message.id] = message
            peer = {"name": "", "addr": self.peer}
            self.log.add(
                "Reception", message, reply or Reply(250), self.clock.now(), peer_address=peer
            )
            for rule in self.bounces.all():
                if rule.hits(message):
                    self.bounce(message, rule)
                    return

    def bounce(self, message: Accepted, rule: Rule) -> None:
        """Destroy a message as an administrator."""
        with self.lock:
            if self.waiting.pop(message.id, None) is None:
                return
            rule.bounced[message.queue.name] += 1
            if not rule.quiet:
                words = f"Administrator bounced with reason: {rule.reason}"
                reply = Reply(551, words, (5, 7, 1))
                self.log.add("AdminBounce", message, reply, self.clock.now(), site="localhost")

    def attempt(self) -> Counter[str]:
        """Try to deliver everything that waits, whenever it is due; return records by type.

        A local part with `defer` in it is put off by its receiver, one with `bounce` refused.
        """
        done: Counter[str] = Counter()
        with self.lock:
            for message in list(self.waiting.values()):
                done[self._attempt(message)] += 1
        return done

    def _attempt(self, message: Accepted) -> str:
        now = self.clock.now()
        message.attempts += 1
        for rule in self.suspensions.all():
            if rule.hits(message):
                words = f"KumoMTA internal: scheduled queue is suspended: {rule.reason}"
                site = message.queue.name
                return self._put_off(message, Reply(451, words, (4, 4, 4)), {"site": site})
        domain = message.queue.routing_domain or message.queue.domain
        ready = f"unspecified->mx.{domain}@smtp_client"
        for rule in self.ready_suspensions.all():
            if rule.name == ready:
                words = f"KumoMTA internal: ready queue is suspended: {rule.reason}"
                return self._put_off(message, Reply(451, words, (4, 4, 4)), {"site": ready})
        over: dict[str, Any] = {
            "site": ready, "delivery_protocol": "ESMTP", "egress_pool": "unspecified",
            "egress_source": "unspecified", "source_address": {"address": "127.0.0.1:53210"},
            "peer_address": {"name": f"mx.{domain}.", "addr": "192.0.2.10"},
        }  # fmt: skip
        services = ("smtp_client", f"smtp_client:{ready}")
        command = f"RCPT TO:<{message.recipient}>"
        local = message.recipient.rpartition("@")[0]
        if "defer" in local:
            self.count("total_messages_transfail", *services)
            return self._put_off(message, Reply(451, "later!", (4, 2, 0), command), over)
        del self.waiting[message.id]
        kind, metric = "Delivery", "total_messages_delivered"
        reply = Reply(250, f"OK ids={message.id}", (2, 0, 0), ".")
        if "bounce" in local:
            kind, metric = "Bounce", "total_messages_fail"
            words = "The email account that you tried to reach does not exist"
            reply = Reply(550, words, (5, 1, 1), command)
            over["bounce_classification"] = "InvalidRecipient"
        self.count(metric, *services)
        self.log.add(kind, message, reply, now, **over)
        return kind

    def _put_off(self, message: Accepted, reply: Reply, more: dict[str, Any]) -> str:
        message.due = self.clock.now() + RETRY
        self.log.add("TransientFailure", message, reply, self.clock.now(), **more)
        return "TransientFailure"


def refuse_by_policy(store: Store, address: str) -> None:
    """Raise RejectedError for what policy refuses: `store.refused`, and by the local part.

    `tempfail` and `permfail` in it, `450-`, `421-` and `550-` at its beginning.
    """
    if address in store.refused:
        raise RejectedError(store.refused[address])
    local = of_envelope(address)[0]
    if "tempfail" in local:
        raise RejectedError("tempfail requested", 400)
    if "permfail" in local:
        raise RejectedError("permfail requested", 500)
    if local.startswith("421-"):
        raise RejectedError(f"disconnecting {local}", 421)
    for code in (450, 550):
        if local.startswith(f"{code}-"):
            raise RejectedError(f"you said {local}", code)

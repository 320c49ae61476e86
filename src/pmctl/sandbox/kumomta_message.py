"""A message in the stand-in's spool, and the queue that it belongs to."""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, NamedTuple


class Queue(NamedTuple):
    """A scheduled queue; its text is `campaign:tenant@domain!routing_domain`, parts left out."""

    domain: str
    tenant: str | None = None
    campaign: str | None = None
    routing_domain: str | None = None

    @property
    def name(self) -> str:
        """The queue as KumoMTA writes it."""
        front = f"{self.campaign}:" if self.campaign else ""
        middle = f"{self.tenant}@" if self.tenant else ("@" if self.campaign else "")
        return f"{front}{middle}{self.domain}" + (
            f"!{self.routing_domain}" if self.routing_domain else ""
        )


def queue_of(name: str) -> Queue:
    """Return the queue that a text names."""
    rest, _, routing = name.partition("!")
    front, at, domain = rest.rpartition("@")
    campaign, colon, tenant = front.partition(":")
    if not colon:
        campaign, tenant = "", front
    if not at:
        domain = rest
    return Queue(domain, tenant or None, campaign or None, routing or None)


@dataclass
class Accepted:
    """One message of one recipient, as it was taken."""

    sender: str
    recipient: str
    data: bytes
    meta: dict[str, Any]
    created: datetime.datetime
    due: datetime.datetime
    attempts: int = 0
    id: str = field(default_factory=lambda: uuid.uuid1().hex)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the injection said of this recipient; it is not part of the mail."""
        found: dict[str, Any] = self.meta.get("extra", {})
        return found

    @property
    def message(self) -> Message:
        """The mail, parsed."""
        return message_from_bytes(self.data)

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, unfolded and decoded; of several with one name the first."""
        found: dict[str, str] = {}
        for name, value in self.message.items():
            unfolded = re.sub(r"\r?\n(?=[ \t])", "", str(value))
            found.setdefault(name, str(make_header(decode_header(unfolded))))
        return found

    @property
    def queue(self) -> Queue:
        """Where it waits: by the policy's `queue`, else by campaign, tenant and domain."""
        if self.meta.get("queue"):
            return queue_of(self.meta["queue"])
        domain = self.recipient.rpartition("@")[2].lower()
        return Queue(domain, self.meta.get("tenant"), self.meta.get("campaign"))

"""Records of the log, as KumoMTA writes them and as its log hook posts them."""

from __future__ import annotations

import datetime
import fnmatch
import http.client
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pmctl.sandbox.kumomta_message import Accepted

NODE = "557f3ad4-2c8c-11ee-976e-782d7e12e173"
Record = dict[str, Any]
_ticks = itertools.count(1)


@dataclass(frozen=True)
class Reply:
    """What the other side said, or KumoMTA itself."""

    code: int
    content: str = ""
    enhanced: tuple[int, int, int] | None = None
    command: str | None = None

    @property
    def shown(self) -> Record:
        """The reply as a record has it."""
        keys = ("class", "subject", "detail")
        return {
            "code": self.code,
            "enhanced_code": dict(zip(keys, self.enhanced, strict=True)) if self.enhanced else None,
            "content": self.content,
            "command": self.command,
        }


@dataclass
class Log:
    """Every record so far; `meta` and `headers` are the names that records carry, with *."""

    records: list[Record] = field(default_factory=list)
    meta: Sequence[str] = ("extra", "tenant", "campaign")
    headers: Sequence[str] = ("Message-ID", "Subject", "X-*")
    posted: int = 0

    def add(
        self, kind: str, message: Accepted, reply: Reply, at: datetime.datetime, **more: Any
    ) -> None:
        """Write a record; `more` replaces fields of it."""
        meta = {name: value for name, value in message.meta.items() if _listed(name, self.meta)}
        known = {
            "sender": message.sender,
            "recipient": message.recipient,
            "queue": message.queue.name,
            "id": message.id,
            "size": len(message.data),
            "created": int(message.created.timestamp()),
            "created_time": _nano(message.created, 0),
            "num_attempts": message.attempts,
            "meta": meta,
            "headers": self._headers(message),
            "reception_protocol": message.meta.get("reception_protocol"),
        }
        self.records.append(record(kind, reply, at, **{**known, **more}))

    def _headers(self, message: Accepted) -> dict[str, str]:
        if not self.headers or message.data.startswith(b"{"):  # a queued request is no mail
            return {}
        return {
            name: one for name, one in _raw_headers(message.data) if _listed(name, self.headers)
        }

    def post(self, url: str, batch: int | None = None) -> list[int]:
        """Send what was not sent yet, one record a request or `batch` in an array.

        Returns the statuses (0: no answer). As with KumoMTA's own hook an answer that is no
        success loses the event; one that could not be sent, and those after it, stay.
        """
        statuses = []
        step = batch or 1
        while rows := self.records[self.posted : self.posted + step]:
            sent = json.dumps(rows if batch else rows[0], separators=(",", ":"))
            status = _post(url, sent.encode() + (b"" if batch else b"\n"))
            statuses.append(status)
            if not status:
                break
            self.posted += len(rows)
        return statuses


def record(kind: str, reply: Reply, at: datetime.datetime, **known: Any) -> Record:
    """Return a record with every field that is always there."""
    blank: Record = {
        "type": kind, "id": "", "sender": "", "recipient": "", "queue": "", "site": "", "size": 0,
        "response": reply.shown, "peer_address": None,
        "timestamp": int(at.timestamp()), "event_time": _nano(at, next(_ticks)),
        "created": int(at.timestamp()), "created_time": _nano(at, 0),
        "num_attempts": 0, "bounce_classification": "Uncategorized",
        "egress_pool": None, "egress_source": None, "source_address": None,
        "feedback_report": None, "meta": {}, "headers": {}, "delivery_protocol": None,
        "reception_protocol": None, "nodeid": NODE,
    }  # fmt: skip
    return {**blank, **known}


def _nano(at: datetime.datetime, tick: int) -> str:
    """Say a time; records of one second differ by their number."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{tick % 1_000_000_000:09}Z"


def _listed(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), one.lower()) for one in patterns)


def _raw_headers(data: bytes) -> Iterable[tuple[str, str]]:
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    for line in head.replace("\r\n\t", " ").replace("\r\n ", " ").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip()


def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

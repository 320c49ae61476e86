"""What Mautic's webhooks say: bytes in, events out. Pure, and it never raises on any bytes.

Mautic gives its events no id. Each gets a UUID made from what it is about (`event_id`), so the
same event has the same id however often it is sent, in whatever order its keys stand, and the
database keeps one. Two Mautics count alike: the database keeps each apart by its tenant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from pmctl.webhook import items, split
from pmctl.webhook.agents import Agent, agent_class, all_at_once

BODIES = frozenset({"customHtml", "plainText", "content", "contentHash", "tokens", "headers"})
"""Keys of an item that hold a mail's text, or links that act for the contact (unsubscribe)."""

MOST_ITEMS = 20_000
"""Twice what 10 MiB hold of Mautic's smallest items, each with its contact."""

_HOLDERS = (dict, list)
_NUL = rb"\u0000"  # no other way to write it is JSON
_STATUSES = {"bounced": "bounced", "unsubscribed": "unsubscribed", "contactable": "resubscribed"}
_TYPES = {
    "email_on_send": "sent", "email_on_open": "opened", "email_on_reply": "replied",
    "form_on_submit": "submitted", "lead_post_save_new": "contact_created",
    "lead_post_save_update": "contact_updated", "lead_post_delete": "contact_deleted",
    "lead_points_change": "points_changed", "lead_list_change": "segment_changed",
    "lead_company_change": "company_changed", "company_post_save": "company_changed",
    "company_post_delete": "company_changed",
}  # fmt: skip
TEST = "test"
MARK = "pmctl"
"""Key of an item that Mautic never sends: `{"test": SEED}` makes the item an event of type TEST.

It is about nobody and nothing, so no figure counts it; its metadata says what it would be else.
"""
TYPES = (*dict.fromkeys(_TYPES.values()), "clicked", *_STATUSES.values(), "other", TEST)
_NAMESPACE = UUID("5f0c1f0e-6a0b-5e6a-9d55-0f6f8c1d2b7a")  # of pmctl's events; never to change
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_SORTED = msgspec.json.Encoder(order="sorted")
_ENCODER = msgspec.json.Encoder()
_BODY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Event:
    """One event. An id of 0 stands for none; times are UTC; `payload` is JSON, without bodies."""

    id: UUID
    event_type: str
    source_type: str
    contact_id: int
    campaign_event_id: int
    campaign_id: int
    email_id: int
    occurred_at: datetime
    received_at: datetime
    agent_class: str
    payload: bytes
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dead:
    """An item that is no event, as it came, and why."""

    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """Everything that a body held."""

    events: list[Event]
    dead: list[Dead]


def event_id(source_type: str, *key: str | int) -> UUID:
    """Return the id of what Mautic calls `source_type` with this content key (see `_key`)."""
    name = source_type.removeprefix("mautic.")
    text = "\x1f".join([name, *map(str, key)])
    digest = hashlib.sha256(_NAMESPACE.bytes + text.encode("utf-8", "surrogatepass")).digest()
    return UUID(bytes=digest[:16], version=5)


def parse(body: bytes, received_at: datetime) -> Parsed:
    """Return every item of a webhook's body: as an event, or as what is dead and why.

    An unknown type is kept as `other`. `received_at`: with its zone; stands for a time that the
    item does not say. A body of more than MOST_ITEMS is dead as a whole: each costs memory.
    """
    try:
        lists = [(name, _split(raw)) for name, raw in _BODY.decode(body).items()]
    except (ValueError, RecursionError) as exc:
        apart = split.items(body, MOST_ITEMS)
        if apart is None:
            return Parsed([], [Dead(f"not a JSON object: {_words(exc)}", body)])
        lists = [(name, [msgspec.Raw(item)]) for name, item in apart]
    if sum(len(found) for _, found in lists) > MOST_ITEMS:
        return Parsed([], [Dead(f"more than {MOST_ITEMS} items in one body", body)])
    parsed = Parsed([], [])
    for source_type, item in ((name, item) for name, found in lists for item in found):
        try:
            parsed.events.append(_event(source_type, item, received_at))
        except (ValueError, TypeError, OverflowError, RecursionError) as exc:
            reason = f"{source_type[:80]!r}: {_words(exc)}"
            parsed.dead.append(Dead(reason, body_of(source_type, bytes(item))))
    return Parsed(all_at_once(parsed.events), parsed.dead)


def rows(events: Sequence[Event]) -> bytes:
    """Return the events as one JSON array of objects with the columns of marketing_events."""
    return _ENCODER.encode(
        [
            {
                "id": event.id, "event_type": event.event_type, "source_type": event.source_type,
                "contact_id": event.contact_id, "campaign_event_id": event.campaign_event_id,
                "campaign_id": event.campaign_id, "email_id": event.email_id,
                "occurred_at": event.occurred_at, "received_at": event.received_at,
                "agent_class": event.agent_class, "payload": msgspec.Raw(event.payload),
                "metadata": event.metadata,
            }
            for event in events
        ]
    )  # fmt: skip


def reclass(event: Event) -> Event:
    """Return the event with the class that today's rules give its agent."""
    agent = _agent(event.event_type, msgspec.json.decode(event.payload), event.occurred_at)
    metadata = {k: v for k, v in event.metadata.items() if k != "agent_reason"}
    if agent.reason:
        metadata["agent_reason"] = agent.reason
    return replace(event, agent_class=agent.name, metadata=metadata)


def event_type(source_type: str, item: dict[str, Any]) -> str:
    """Return our name for an item of Mautic's type; `other` for what is none of ours.

    A click is a page hit that comes from an email. A channel other than email, and what an
    administrator set by hand (`manual`), is neither a bounce nor an unsubscribe.
    """
    name = source_type.removeprefix("mautic.")
    if name == "page_on_hit":
        return "clicked" if items.from_email(items.part(item, "hit")) else "other"
    if name == "lead_channel_subscription_changed":
        return channel_type(items.text(item.get("channel")), items.text(item.get("new_status")))
    return _TYPES.get(name, "other")


def channel_type(channel: str, status: str) -> str:
    """Return our name for a change of a contact's subscription to a channel."""
    return _STATUSES.get(status, "other") if channel == "email" else "other"


def _split(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _ITEMS.decode(raw)
    except (ValueError, RecursionError):
        return [raw]  # one item without its list, or what `_event` finds wrong


def body_of(source_type: str, item: bytes) -> bytes:
    """Return a body that holds this item alone, so that it can be parsed again."""
    return b"{%b:[%b]}" % (_ENCODER.encode(source_type), item)


def _event(source_type: str, raw: msgspec.Raw, received_at: datetime) -> Event:
    """Raises ValueError, TypeError, OverflowError or RecursionError for what is no event."""
    item = msgspec.json.decode(raw)
    if not isinstance(item, dict):
        raise ValueError("an item is not an object")
    stamp = items.moment_of(item.get("timestamp"))
    kind = event_type(source_type, item)
    said = items.said_at(item) or stamp
    occurred_at = said if said and _EARLIEST <= said < _LATEST else received_at
    agent = _agent(kind, item, occurred_at)
    metadata = _metadata(kind, item, agent)
    if occurred_at is not said:
        metadata["occurred"] = "when received"
    event = Event(
        id=event_id(source_type, *_key(source_type, item, stamp)),
        event_type=kind,
        source_type=_clean(source_type),
        contact_id=items.contact(source_type, item),
        campaign_event_id=items.campaign_event(item),
        campaign_id=items.number(items.part(item, "campaign").get("id")),
        email_id=items.email(item),
        occurred_at=occurred_at,
        received_at=received_at,
        agent_class=agent.name,
        payload=_payload(raw, item),
        metadata=metadata,
    )
    seed = items.text(items.part(item, MARK).get("test"))
    return _tested(event, seed) if seed else event


def _tested(event: Event, seed: str) -> Event:
    """Return what a marked item is: its id is made from the seed, so it can be no real event's."""
    return replace(
        event, id=event_id(event.source_type, TEST, seed), event_type=TEST, contact_id=0,
        campaign_event_id=0, campaign_id=0, email_id=0, agent_class="",
        metadata={"test": event.event_type},
    )  # fmt: skip


def _key(source_type: str, item: dict[str, Any], stamp: datetime | None) -> tuple[str | int, ...]:
    """Return what tells this event from every other of its type, however it is written."""
    name = source_type.removeprefix("mautic.")
    stat = items.part(item, "stat")
    key: tuple[Any, ...] = ()
    if name == "email_on_send":
        key = (item.get("idHash"),)
    elif name == "email_on_open":
        key = (stat.get("trackingHash"), stat.get("openCount"))
    elif name == "page_on_hit":
        key = (items.part(item, "hit").get("id"),)
    elif name == "form_on_submit":
        key = (items.part(item, "submission").get("id"),)
    elif name == "lead_post_delete":
        key = (item.get("id"),)
    elif name == "lead_channel_subscription_changed" and stamp:
        moment = int(stamp.timestamp())
        about = (items.number(items.part(item, "contact").get("id")) or None, item.get("channel"),
                 item.get("new_status"))  # fmt: skip
        # the row is written up to a second before the webhook is stamped, and has one id
        row = items.number(items.held(item).get("id"))
        key = (*about, "row", row) if row else (*about, moment)
    if key and all(isinstance(part, str | int) and part != "" for part in key):
        return key
    digest = hashlib.sha256(_SORTED.encode(item)).hexdigest()
    return (items.contact(source_type, item), items.text(item.get("timestamp")), digest)


def _agent(kind: str, item: dict[str, Any], occurred_at: datetime) -> Agent:
    if kind not in ("opened", "clicked"):
        return Agent("", "")
    stat = items.part(item, "stat")
    said = items.part(item, "hit").get("userAgent") or items.last_open(stat).get("useragent")
    sent = items.moment_of(stat.get("dateSent")) or items.sent_at(items.tracking(item))
    seconds = (occurred_at - sent).total_seconds() if sent else None
    return agent_class(items.text(said), seconds)


def _metadata(kind: str, item: dict[str, Any], agent: Agent) -> dict[str, Any]:
    """Return the few words that figures are made of, so that none digs in the payload."""
    words = {
        "tracking_hash": items.tracking(item),
        "url": items.text(items.part(item, "hit").get("url")) if kind == "clicked" else "",
        "channel": items.text(item.get("channel")),
        "status": items.text(item.get("new_status")),
        "domain": items.domain(item),
        "agent_reason": agent.reason,
    }
    return {name: _clean(word) for name, word in words.items() if word}


def _payload(raw: msgspec.Raw, item: dict[str, Any]) -> bytes:
    """Return what is kept of an item: its own bytes, where nothing has to be taken out of them."""
    text = bytes(raw)
    return _ENCODER.encode(_bare(item)) if _NUL in text or _has_body(item) else text


def _has_body(value: dict[str, Any] | list[Any]) -> bool:
    if isinstance(value, dict):
        if not BODIES.isdisjoint(value):
            return True
        value = list(value.values())
    return any(type(one) in _HOLDERS and _has_body(one) for one in value)


def _bare(value: Any) -> Any:
    """Return an item without the text of mails, and with what PostgreSQL's JSON can hold."""
    if isinstance(value, dict):
        return {_clean(k): _bare(v) for k, v in value.items() if k not in BODIES}
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL in JSON: a link with %00 in it must not cost its click."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _words(exc: Exception) -> str:
    return "nested too deep" if isinstance(exc, RecursionError) else str(exc)[:200]

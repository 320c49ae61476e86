"""`email.send`: who gets a mail, in which variant, and why somebody does not."""

from __future__ import annotations

import datetime
import secrets
from typing import Any

from pmctl.sandbox.journal import Journal
from pmctl.sandbox.store import Entity, Store

REJECTED = (
    'Expected response code "250/251/252" but got code "550", '
    'with message "550 5.1.1 no such user".'
)
NO_EMAIL = "Email not found or published"


class NotSentError(Exception):
    """The mail server refused a mail: the step is tried again in an hour."""


def send(journal: Journal, event: Entity, row: Entity, contact: Entity) -> str | None:
    """Send the email of a step to a contact; return why it was passed over, if a log says so.

    A marketing email is not sent to those who want none (nothing in the log tells) nor a second
    time. That looks only at the id in the event: who got a variant gets another mail when the
    event is a new one. A transactional email, which is what an event without `email_type` sends,
    goes to everybody, every time. Raises NotSentError.
    """
    store, properties = journal.store, event["properties"]
    given = properties if isinstance(properties, dict) else {}
    key = _whole(given.get("email"))
    row.update(channel="email", channel_id=str(key) if key else None)
    email = store.emails.get(key)
    if email is None or not published(email, store.clock.now()):
        return NO_EMAIL
    if not contact["email"]:
        return f"{called(contact)} does not have an email"
    if given.get("email_type") == "marketing":
        if journal.mailed(key, contact["id"]):
            return f"{called(contact)} has already received this marketing email."
        if contact["dnc"].get("email"):
            return None
    chosen, source = variant(store, email), ["campaign.event", event["id"]]
    if contact["email"].lower() in store.rejected:  # told of all the same: it was attempted
        attempt = store.tracking_hash(secrets.randbits(50))
        store.tell(
            "email_on_send", contact=contact["id"], email=chosen, hash=attempt, source=source
        )
        raise NotSentError(REJECTED)
    store.put_sent(chosen, contact["id"], event["id"])
    key = store.sent[-1]["tracking_hash"]
    store.tell("email_on_send", contact=contact["id"], email=chosen, hash=key, source=source)
    journal.note_mailed(chosen, contact["id"])
    return None


def variant(store: Store, email: Entity) -> int:
    """Return the id of the email or of its variant that is furthest behind its weight."""
    children = [
        child
        for child in store.emails.values()
        if parent_id(child) == email["id"] and published(child, store.clock.now())
    ]
    weights: dict[int, float] = {child["id"]: _weight(child) for child in children}
    weights[email["id"]] = max(0.0, 1 - sum(weights.values()))
    sent = {key: store.emails[key]["sentCount"] for key in weights}
    total = sum(sent.values()) + 1
    lag = {key: (weights[key] * total - sent[key], key == email["id"]) for key in weights}
    return max(lag, key=lag.__getitem__)


def parent_id(email: Entity) -> int:
    """Return the id of the email that this one is a variant of; 0 for none."""
    parent = email.get("variantParent")
    return _whole(parent.get("id") if isinstance(parent, dict) else parent)


def family(store: Store, email_id: int) -> set[int]:
    """Return the ids of an email and of its variants."""
    return {email_id} | {key for key, one in store.emails.items() if parent_id(one) == email_id}


def published(entity: Entity, now: datetime.datetime) -> bool:
    """Tell whether a campaign or an email is published, and its dates allow it now."""
    up, down = entity.get("publishUp"), entity.get("publishDown")
    begun = not up or datetime.datetime.fromisoformat(up) <= now
    return bool(entity["isPublished"]) and begun and not (down and _past(down, now))


def called(contact: Entity) -> str:
    """Return how Mautic calls a contact: by name, else by email."""
    names = (contact["values"].get("firstname"), contact["values"].get("lastname"))
    return " ".join(str(name) for name in names if name) or contact["email"] or "Contact"


def _past(date: str, now: datetime.datetime) -> bool:
    return datetime.datetime.fromisoformat(date) <= now


def _weight(child: Entity) -> float:
    settings: Any = child.get("variantSettings") or {}
    return _whole(settings.get("weight") if isinstance(settings, dict) else 0) / 100


def _whole(value: Any) -> int:
    return int(value) if str(value or "").isdecimal() else 0

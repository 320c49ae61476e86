"""Do-not-contact: whom Mautic must not mail, and why.

Mautic keeps one reason for each channel: another one takes its place, so it is read before.
"""

from __future__ import annotations

from typing import Any

from pmctl.clients.campaign_contact import REASONS, Blocked, Contact, Contacts, Done, contact
from pmctl.clients.writes import once

NUMBERS = {word: number for number, word in REASONS.items()}
CHANNEL = "email"


def same(one: Contact, reason: str, comment: str) -> bool:
    """Whether a contact is blocked for this reason already; an empty comment asks for none."""
    now = one.blocked(CHANNEL)
    return now is not None and now.reason == reason and comment in ("", now.comment)


def overwritten(one: Contact, reason: str) -> Blocked | None:
    """Return the reason that another one would replace."""
    now = one.blocked(CHANNEL)
    return now if now is not None and now.reason != reason else None


def add(client: Contacts, one: Contact, reason: str, comment: str) -> Done:
    """Block a contact for email."""
    if same(one, reason, comment):
        return Done(one.name, one.id, f"is blocked already: {reason}")

    def found() -> dict[str, Any] | None:
        row = client.read(one.id)
        return row if same(contact(row), reason, comment) else None

    body = {"reason": NUMBERS[reason], "comments": comment}
    path = f"contacts/{one.id}/dnc/{CHANNEL}/add"
    once(client.campaigns, "POST", path, body, "contact", found, one.name)
    before = overwritten(one, reason)
    said = f"blocked: {reason}"
    return Done(one.name, one.id, f"{said} (was {before.reason})" if before else said)


def remove(client: Contacts, one: Contact) -> Done:
    """Let a contact be mailed again."""
    now = one.blocked(CHANNEL)
    if now is None:
        return Done(one.name, one.id, "is not blocked")

    def found() -> dict[str, Any] | None:
        row = client.read(one.id)
        return {"contact": row} if contact(row).blocked(CHANNEL) is None else None

    path = f"contacts/{one.id}/dnc/{CHANNEL}/remove"
    once(client.campaigns, "POST", path, {}, "contact", found, one.name)
    return Done(one.name, one.id, f"may be mailed again (was {now.reason})")

"""Contacts put into a campaign and taken out of it by hand.

Mautic 5.1.1 restarts a campaign for a contact who was removed and is added again, whatever
`allowRestart` says: the first mail goes again. So the membership is read before every write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pmctl.clients.campaign import Listed
from pmctl.clients.campaign_contact import Contact, Contacts, Done
from pmctl.clients.writes import once
from pmctl.text import counted

MEMBER, REMOVED, PASSED, NEVER = "member", "removed", "passed", "never"


@dataclass(frozen=True)
class Place:
    """Where a contact stands in a campaign.

    `passed` is who is no member but has a history there; `scheduled` counts its waiting steps.
    """

    contact: Contact
    state: str
    scheduled: int = 0


def look(client: Contacts, campaign: Listed, one: Contact) -> Place:
    """Return where a contact stands: two requests."""
    who = (("campaign_id", "eq", campaign.id), ("lead_id", "eq", one.id))
    rows = list(client.mautic.stats("campaign_leads", who))
    history = "campaign_lead_event_log"
    if rows:
        removed = all(str(row.get("manually_removed")) == "1" for row in rows)
        waiting = client.mautic.stats_total(history, (*who, ("is_scheduled", "eq", 1)))
        return Place(one, REMOVED if removed else MEMBER, waiting)
    return Place(one, PASSED if client.mautic.stats_total(history, who) else NEVER)


def would_restart(place: Place) -> bool:
    """Whether adding the contact lets it begin anew although it has been there."""
    return place.state in (REMOVED, PASSED)


def enroll(client: Contacts, campaign: Listed, place: Place) -> Done:
    """Put a contact into a campaign; a member stays one."""
    one = place.contact
    if place.state == MEMBER:
        return Done(one.name, one.id, "is a member already")
    _write(client, campaign, one, "add", wanted=MEMBER)
    again = " again: it starts with the first step" if would_restart(place) else ""
    return Done(one.name, one.id, f"enrolled{again}")


def remove(client: Contacts, campaign: Listed, place: Place) -> Done:
    """Take a contact out of a campaign; what was scheduled for it is cancelled."""
    one = place.contact
    if place.state != MEMBER:
        return Done(one.name, one.id, "is no member")
    _write(client, campaign, one, "remove", wanted=REMOVED)
    return Done(
        one.name, one.id, f"removed, {counted(place.scheduled, 'scheduled step')} cancelled"
    )


def _write(client: Contacts, campaign: Listed, one: Contact, what: str, *, wanted: str) -> None:
    def found() -> dict[str, Any] | None:
        return {} if look(client, campaign, one).state == wanted else None

    path = f"campaigns/{campaign.id}/contact/{one.id}/{what}"
    # the answer is {"success":1}, which is not looked at: a refusal is an HTTP status
    once(client.campaigns, "POST", path, {}, "success", found, one.name)

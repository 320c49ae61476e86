"""The look right before a write: is it still what the plan saw?

Two people work on a campaign: one in a file, one in Mautic's builder. Mautic takes the last write,
so whoever writes looks first. The time between this look and the write is one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.backends.mautic_errors import MauticNotFound
from pmctl.errors import Conflict
from pmctl.sequence import live as live_shape
from pmctl.sequence.seen import campaign_seen

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.live import LiveCampaign, LiveMail

PLAN_AGAIN = "nothing of it was overwritten; plan again, look at the difference, then apply"


class Changed(Conflict):
    """Somebody changed it in Mautic after it was planned. Exit code 5; 6 for a saved plan."""


def check_campaign(client: Campaigns, before: LiveCampaign) -> None:
    """Raise Changed unless the campaign is as it was: its fields, events and dateModified."""
    try:
        raw = client.mautic.get(f"campaigns/{before.id}")["campaign"]
    except MauticNotFound as exc:
        raise _gone(f"campaign {before.id}") from exc
    now = live_shape.campaign(raw)
    if campaign_seen(now) != campaign_seen(before):
        known = now.modified != before.modified and raw.get("modifiedByUser")
        who = f" by {raw['modifiedByUser']}" if known else ""
        raise Changed(f"campaign {before.id} was changed in Mautic meanwhile{who}", hint=PLAN_AGAIN)


def check_mail(client: Campaigns, before: LiveMail) -> None:
    """Raise Changed unless the email has the revision that it had; every write raises it by one."""
    try:
        now = client.mautic.get(f"emails/{before.id}")["email"]
    except MauticNotFound as exc:
        raise _gone(f"email {before.id} (step {before.step})") from exc
    if now.get("revision") != before.fields.get("revision"):
        raise Changed(
            f"email {before.id} (step {before.step}) was changed in Mautic meanwhile",
            hint=PLAN_AGAIN,
        )


def _gone(what: str) -> Changed:
    return Changed(f"{what} was deleted in Mautic meanwhile", hint=PLAN_AGAIN)

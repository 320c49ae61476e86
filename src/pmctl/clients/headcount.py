"""How many people are in a campaign: small answers, whatever the numbers are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.guard import Risk


def members(client: Campaigns, campaign_id: int) -> int:
    """Return how many contacts are in a campaign."""
    conditions = [("campaign_id", "eq", campaign_id), ("manually_removed", "eq", 0)]
    return client.mautic.stats_total("campaign_leads", conditions)


def waiting(client: Campaigns, campaign_id: int) -> int:
    """Return how many steps of contacts are scheduled in a campaign."""
    conditions = [("campaign_id", "eq", campaign_id), ("is_scheduled", "eq", 1)]
    return client.mautic.stats_total("campaign_lead_event_log", conditions)


def of_risk(client: Campaigns, campaign_id: int) -> Callable[[Risk], int]:
    """Return how to count the people whom a risk of a campaign concerns."""

    def count(risk: Risk) -> int:
        scheduled = {"waiting": 1, "passed": 0}.get(risk.people)
        if scheduled is None:  # whoever else is meant, there are not more of them than members
            return members(client, campaign_id)
        conditions = [("event_id", "eq", risk.event_id), ("is_scheduled", "eq", scheduled)]
        return client.mautic.stats_total("campaign_lead_event_log", conditions)

    return count

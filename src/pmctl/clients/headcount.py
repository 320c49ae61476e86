"""How many people are in a campaign: small answers, whatever the numbers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns


def members(client: Campaigns, campaign_id: int) -> int:
    """Return how many contacts are in a campaign."""
    if client.bulk.members is not None:
        return client.bulk.members[campaign_id]
    conditions = [("campaign_id", "eq", campaign_id), ("manually_removed", "eq", 0)]
    return client.mautic.stats_total("campaign_leads", conditions)


def waiting(client: Campaigns, campaign_id: int) -> int:
    """Return how many steps of contacts are scheduled in a campaign."""
    conditions = [("campaign_id", "eq", campaign_id), ("is_scheduled", "eq", 1)]
    return client.mautic.stats_total("campaign_lead_event_log", conditions)

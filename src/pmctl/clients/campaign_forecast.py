"""Asking Mautic who waits where in running campaigns, and reckoning the mails of the next days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pmctl.parallel import side_by_side
from pmctl.sequence import live
from pmctl.sequence.forecast import Days, Forecast

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed

PAGE = 5000  # rows of the log a request


def forecasts(
    client: Campaigns, campaigns: Iterable[Listed], days: int, now: datetime | None = None
) -> Iterator[tuple[Listed, Days]]:
    """Yield the mails by day (UTC) of each campaign, `days` long from `now` on, side by side.

    A campaign takes one request, and one for each 5,000 people who wait in it.
    """
    begin = now or datetime.now(UTC)

    def one(listed: Listed) -> tuple[Listed, Days]:
        raw = client.mautic.get(f"campaigns/{listed.id}")["campaign"]
        rows = client.mautic.stats(
            "campaign_lead_event_log",
            (("campaign_id", "eq", listed.id), ("is_scheduled", "eq", 1)),
            order="id",
            page=PAGE,
        )
        return listed, Forecast(live.campaign(raw), begin, days).of(rows)

    yield from side_by_side(one, campaigns)

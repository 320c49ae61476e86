"""Asking Mautic who waits where in running campaigns, and reckoning the mails of the next days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from pmctl.parallel import side_by_side
from pmctl.sequence import live
from pmctl.sequence.forecast import Days, Forecast

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed

PAGE = 5000  # rows of the log a request


def forecasts(
    client: Campaigns,
    campaigns: Iterable[Listed],
    days: int,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> Iterator[tuple[Listed, Days]]:
    """Yield the mails by day of each campaign, `days` long from `now` on, side by side.

    A campaign takes one request, and one for each 5,000 people who wait in it. With a question
    that closes by itself it is one for each 5,000 rows of its log and 5,000 members: nothing in
    Mautic says who has a question open, only that they have no row.
    """
    begin = now or datetime.now(UTC)

    def one(listed: Listed) -> tuple[Listed, Days]:
        raw = client.mautic.get(f"campaigns/{listed.id}")["campaign"]
        forecast = Forecast(live.campaign(raw), begin, days, zone)
        own = ("campaign_id", "eq", listed.id)
        asks = bool(forecast.questions.asked)
        rows = client.mautic.stats(
            "campaign_lead_event_log",
            (own,) if asks else (own, ("is_scheduled", "eq", 1)),
            order="id",
            page=PAGE,
        )
        inside = (own, ("manually_removed", "eq", 0))
        members = client.mautic.stats("campaign_leads", inside, order="lead_id", page=PAGE)
        return listed, forecast.of(rows, members if asks else ())

    yield from side_by_side(one, campaigns)

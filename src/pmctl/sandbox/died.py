"""How a run of Mautic's cron goes wrong: as a whole, or for one campaign."""

from __future__ import annotations


class CronDiedError(Exception):
    """`campaigns:trigger` ended in the middle: the campaigns with lower ids got nothing.

    A PHP Error does it (a wrong type in an event's properties, a waiting row without
    `date_triggered`), and so does a loop without end. What was done before stays done.
    """

    def __init__(self, campaign_id: int, why: str) -> None:
        super().__init__(f"campaigns:trigger died at campaign {campaign_id}: {why}")
        self.campaign_id = campaign_id
        self.why = why


class FatalError(Exception):
    """A PHP Error, which nothing in Mautic catches."""


class GivenUpError(Exception):
    """A PHP Exception: Mautic logs it and goes on with the next campaign."""

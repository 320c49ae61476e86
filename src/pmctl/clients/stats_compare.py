"""Mautic's own figures beside ours, step by step: what webhooks lost shows as a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmctl.clients.stats_figures import Counts
from pmctl.parallel import side_by_side

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.stats_steps import StepRow


@dataclass(frozen=True)
class Compared:
    """One figure of a step, as both count it; `missing` is what we lack (below 0: have more)."""

    step: str
    metric: str
    ours: int
    mautic: int
    missing: int


def compare(
    client: Campaigns, steps: Sequence[StepRow], found: Mapping[tuple[str, str], Counts]
) -> Iterator[Compared]:
    """Yield sent, opened and clicks of each step of all time; four requests a campaign event.

    Sent are mails, opened are mails with an open, clicks are all clicks. Mautic keeps no row of a
    mail that was refused at once; the webhook told of it, so ours may be more.
    """
    events: dict[str, dict[int, set[int]]] = {}
    for one in steps:
        if one.email_id:
            emails = events.setdefault(one.step, {}).setdefault(one.campaign_event_id, set())
            emails.add(one.email_id)
    asked = [(step, event, emails) for step, of in events.items() for event, emails in of.items()]
    answers = side_by_side(lambda one: _of_mautic(client, one[1], one[2]), asked)
    theirs: dict[str, list[int]] = {}
    for (step, _, _), counts in zip(asked, answers, strict=True):
        before = theirs.get(step, [0, 0, 0])
        theirs[step] = [a + b for a, b in zip(before, counts, strict=True)]
    for step, (sent, opened, clicks) in theirs.items():
        ours = sum((counts for name, counts in found.items() if name[0] == step), Counts())
        for metric, own, his in (
            ("sent", ours.get("sent").events, sent),
            ("opened", ours.get("opened").contacts, opened),
            ("clicks", ours.get("clicked").events, clicks),
        ):
            yield Compared(step, metric, own, his, his - own)


def _of_mautic(client: Campaigns, event: int, emails: set[int]) -> tuple[int, int, int]:
    """Return (mails, mails with an open, clicks) of an event of a campaign."""
    of = (("source", "eq", "campaign.event"), ("source_id", "eq", event))
    sent = client.mautic.stats_total("email_stats", of)
    opened = client.mautic.stats_total("email_stats", (*of, ("is_read", "eq", 1)))
    clicks = sum(
        client.mautic.stats_total("page_hits", (("email_id", "eq", email),))
        for email in sorted(emails)
    )
    return sent, opened, clicks

"""Asking Mautic who is where in a campaign, and thinking through what a change does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pmctl.clients import headcount
from pmctl.errors import NotAllowed
from pmctl.sequence import people as counting
from pmctl.sequence import sends, split_plan
from pmctl.sequence.effects import groups
from pmctl.sequence.guard import counted, dangers, risks
from pmctl.sequence.matching import match
from pmctl.sequence.people import NOTHING, Group, People, Sends

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.live import LiveCampaign
    from pmctl.sequence.payload import Desired, Names
    from pmctl.sequence.plan import Change, Live

PAGE = 5000  # rows of the log a request; 567 rows were 130 kB and 34 ms
THRESHOLD = 0.1  # of a campaign's members; so many failures of one event unpublish it (5.1.1)


@dataclass(frozen=True)
class Considered:
    """What a change means for people."""

    changes: tuple[Change, ...]
    dangers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    people: tuple[Group, ...] = ()
    sends: Sends = NOTHING


def consider(
    client: Campaigns,
    want: Desired,
    live: Live,
    names: Names,
    changes: list[Change],
    *,
    every: bool = False,
) -> Considered:
    """Count the people whom the changes meet: two requests for a campaign that is there.

    With `every` also when nothing changes, and at every step.
    """
    if not changes and not every:
        return Considered(())
    if live.campaign is None:
        entering = _entering(client, want, set(want.segments))
        mails = None if entering is None else entering * sends.first_mails(want)
        leaving = Sends(0, mails) if want.published else NOTHING
        return Considered(tuple(changes), _too_many(want, leaving, running=False), sends=leaving)
    campaign = live.campaign
    people = ask(client, campaign.id)
    ids = match(want, campaign)
    sources = (
        set(names.numbers("segment", want.segments)),
        set(names.numbers("form", want.forms)),
    )
    new = {alias for alias in want.segments if names.id("segment", alias) not in campaign.segments}
    leaving = sends.of_change(want, campaign, ids, people, _entering(client, want, new))
    harm = risks(want, campaign, ids, sources) + split_plan.risks(want, live.mails, ids)
    found = dangers(harm, counted(people))
    if campaign.retired:
        found = (f"it was retired {campaign.retired}: this brings it back", *found)
    blamed, notes = _unpublished(client, campaign, people, changes)
    return Considered(
        tuple(blamed),
        _too_many(want, leaving, running=campaign.published) + found if changes else (),
        notes,
        groups(want, campaign, ids, changes, people, every=every),
        leaving,
    )


def ask(client: Campaigns, campaign_id: int) -> People:
    """Return who is where in a campaign."""
    rows = client.mautic.stats(
        "campaign_lead_event_log", (("campaign_id", "eq", campaign_id),), page=PAGE
    )
    return counting.count(rows, headcount.members(client, campaign_id), datetime.now(UTC))


def _entering(client: Campaigns, want: Desired, segments: set[str]) -> int | None:
    """Return how many contacts these segments have; None when this user may not see contacts.

    Nobody is counted where nobody would be mailed at once.
    """
    if not (want.published and segments and sends.first_mails(want)):
        return 0
    try:
        return sum(client.members_of_segment(alias) for alias in sorted(segments))
    except NotAllowed:
        if want.most_at_once is not None:
            raise
        return None


def _too_many(want: Desired, leaving: Sends, *, running: bool) -> tuple[str, ...]:
    """Refuse more mails at once than the sequence's own limit."""
    number = leaving.caused
    if want.most_at_once is None or number is None or number <= want.most_at_once:
        return ()
    cause = "by this change" if running else "at once"
    people = "1 mail leaves" if number == 1 else f"{number} mails leave"
    return (f"up to {people} {cause}, the limit is {want.most_at_once}",)


def _unpublished(
    client: Campaigns, campaign: LiveCampaign, people: People, changes: list[Change]
) -> tuple[list[Change], tuple[str, ...]]:
    """Say it when Mautic itself unpublished the campaign, because of failed mails."""
    named: list[Change] = []
    notes: tuple[str, ...] = ()
    for change in changes:
        fields = {field.field: field for field in change.fields}
        off = fields.get("published") if change.kind == "campaign" else None
        if off is None or not off.after or off.by not in ("builder", "unknown"):
            named.append(change)
            continue
        failed = max((client.failed.get(event.id, 0) for event in campaign.events), default=0)
        if not failed or failed < THRESHOLD * people.members:
            named.append(change)
            continue
        notes = (f"Mautic unpublished it: {failed} of {people.members} mails failed",)
        fields["published"] = replace(off, by="mautic")
        others = [field.by for field in fields.values() if field.by != "mautic"]
        by = others[0] if len(set(others)) == 1 else "both" if others else "mautic"
        named.append(replace(change, fields=tuple(fields.values()), by=by))
    return named, notes

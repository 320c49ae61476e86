"""A sequence beside the campaign that Mautic runs of it: who is where, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmctl.clients import campaign_people
from pmctl.errors import NotFound
from pmctl.sequence import live as live_shape
from pmctl.sequence.matching import gone, match
from pmctl.sequence.overlay import Overlay, of_people, of_plan

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.compile import Compiled
    from pmctl.sequence.graph import Graph


@dataclass(frozen=True)
class Known:
    """A tree of steps, what is known beside it, and how many live steps it does not show."""

    graph: Graph
    overlay: Overlay
    unseen: int = 0


def counted(client: Campaigns, one: Compiled) -> Known:
    """Return a file with the people of its campaign.

    Four requests: the listing of ours, the campaign, its members, its log (one more for each
    further 5,000 rows of it). Raises NotFound when Mautic has no such campaign yet.
    """
    want = one.desired
    owned = client.owned(want)
    if owned is None:
        raise NotFound(
            f"{want.key} is not in Mautic yet: nobody can be counted",
            hint=f"pmctl campaign apply {want.path}",
        )
    campaign = live_shape.campaign(client.mautic.get(f"campaigns/{owned.id}")["campaign"])
    ids = match(want, campaign)
    people = campaign_people.ask(client, campaign.id)
    overlay = of_people(people, {identity: event.id for identity, event in ids.items()})
    return Known(one.graph, overlay, sum(1 for _ in gone(campaign, ids)))


def of_key(client: Campaigns, name: str) -> Known:
    """Return a live campaign, by key or id, with its people: the requests of a pull and two."""
    from pmctl.clients.campaign_pull import exact
    from pmctl.sequence.decompile import slug

    listed = client.get(name)
    found = exact(client, listed.id, listed.key or slug(listed.name, f"campaign-{listed.id}"))
    people = campaign_people.ask(client, listed.id)
    events = found.live.campaign.events if found.live.campaign else ()
    overlay = of_people(people, {e.identity: e.id for e in events if e.identity})
    return Known(found.compiled.graph, overlay)


def compared(client: Campaigns, one: Compiled, *, people: bool) -> Known:
    """Return a file with what an apply would change marked, the requests being those of a plan."""
    plan = client.plan(one.desired, people=people)
    return Known(*of_plan(plan, one.graph, people=people))

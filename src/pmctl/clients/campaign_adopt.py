"""Making a campaign that was built in Mautic ours: its marks are written, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.clients import campaign_apply
from pmctl.clients.campaign_apply import Look, Outcome
from pmctl.clients.campaign_pull import exact
from pmctl.errors import Conflict
from pmctl.sequence.compare import compare
from pmctl.sequence.plan import Plan
from pmctl.sequence.pull import real
from pmctl.sequence.seen import seen

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.payload import Desired


def look(client: Campaigns, want: Desired, campaign_id: int) -> Look:
    """Return what is to be written so that campaign `campaign_id` is that of the file. No write.

    Raises Conflict when the key has a campaign already, when this one belongs to somebody else,
    and when the file would change what it does: only marks and names are written.
    """
    others = [one for one in client.marked if (one.key, one.env) == (want.key, client.env)]
    if any(one.id != campaign_id for one in others):
        raise Conflict(
            f"{want.key} has a campaign already: {others[0].id}",
            hint=f"pull campaign {campaign_id} under another key: --as KEY",
        )
    found = exact(client, campaign_id, want.key)
    campaign = found.live.campaign
    assert campaign is not None
    if campaign.key and (campaign.key, campaign.env) != (want.key, client.env):
        raise Conflict(
            f"campaign {campaign_id} is {campaign.key} of context {campaign.env} already",
            hint="`pmctl campaign pull` writes its file; --takeover of apply moves it to a context",
        )
    names = found.names(client.names(want))
    changes = compare(want, found.live, client.env, names)
    apart = real(changes)
    if apart:
        said = ", ".join(f"{one.kind} {one.name}".strip() for one in apart[:5])
        raise Conflict(
            f"{want.path} says something else than campaign {campaign_id}: {said}",
            hint=f"`pmctl campaign pull --id {campaign_id} --as {want.key}` writes what it is; "
            "change that file after it was adopted",
        )
    plan = Plan(want.key, want.name, want.path, campaign_id, tuple(changes), seen=seen(found.live))
    return Look(want, found.live, names, plan)


def adopt(
    client: Campaigns, want: Desired, campaign_id: int, *, wait_seconds: float = 0
) -> Outcome:
    """Write the marks of a sequence into a campaign and its emails; ids and people stay.

    Raises as `look` and `campaign_apply.apply` do. Cut in the middle, the same call finishes it.
    """
    with client.locks.hold(want.key, "adopt", wait_seconds):
        return campaign_apply.carry_out(client, look(client, want, campaign_id))

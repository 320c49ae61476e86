"""Which campaign, step and email an event belongs to: the table `campaign_steps`.

A webhook of Mautic carries only the id of the campaign's event; names are noted when a campaign
is written, and by `stats sync`. A step that is gone keeps its row, and so its figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pmctl.parallel import side_by_side
from pmctl.sequence.split import SIGN

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.sequence.live import LiveCampaign, LiveEvent, LiveMail

_WRITE = """
insert into campaign_steps (tenant_id, campaign_event_id, campaign_id, campaign_key,
    campaign_name, step, kind, email_id, variant, position, env, updated_at)
select %s, s.campaign_event_id, s.campaign_id, s.campaign_key, s.campaign_name, s.step, s.kind,
    s.email_id, s.variant, s.position, s.env, now()
from jsonb_to_recordset(%s::jsonb) as s(campaign_event_id bigint, campaign_id bigint,
    campaign_key text, campaign_name text, step text, kind text, email_id bigint, variant text,
    position integer, env text)
on conflict (tenant_id, campaign_event_id, email_id) do update set
    campaign_id = excluded.campaign_id, campaign_key = excluded.campaign_key,
    campaign_name = excluded.campaign_name, step = excluded.step, kind = excluded.kind,
    variant = excluded.variant, position = excluded.position, env = excluded.env,
    updated_at = excluded.updated_at
"""
_READ = """
select campaign_event_id, campaign_id, campaign_key, campaign_name, step, kind, email_id, variant,
    position, env, updated_at
from campaign_steps where tenant_id = %s
  and (%s or (campaign_key = %s and env in (%s, '')) or campaign_id = %s)
order by campaign_key, env, campaign_id, position, email_id
"""


@dataclass(frozen=True)
class StepRow:
    """One event of a campaign with one of its emails; `email_id` is 0 where it sends none.

    `key` is the id as text for a campaign that pmctl did not make. `env` is the context that made
    it: two contexts may have campaigns of the same key in one Mautic. `position` counts from 0
    along the sequence. `live` is false for what the campaign no longer has.
    """

    campaign_event_id: int
    campaign_id: int
    key: str
    name: str
    step: str
    kind: str
    email_id: int
    variant: str
    position: int
    env: str = ""
    live: bool = True


def rows(campaign: LiveCampaign, mails: Sequence[LiveMail]) -> list[StepRow]:
    """Return the rows of a campaign as Mautic has it; a row for each variant of an email."""
    return [
        StepRow(
            event.id, campaign.id, campaign.key or str(campaign.id), campaign.name,
            event.identity[0] if event.identity else event.name or event.type,
            event.type, email_id, variant, position, campaign.env,
        )
        for position, event in enumerate(_along(campaign.events))
        for email_id, variant in _emails(event, mails)
    ]  # fmt: skip


def _along(events: Sequence[LiveEvent]) -> Iterator[LiveEvent]:
    """Each event before those below it, the older branch first."""
    below: dict[int | None, list[LiveEvent]] = {}
    known = {event.id for event in events}
    for event in sorted(events, key=lambda one: one.id):
        parent = event.parent if event.parent in known else None
        below.setdefault(parent, []).append(event)
    stack = below.pop(None, [])[::-1]
    while stack:
        event = stack.pop()
        yield event
        stack += below.pop(event.id, [])[::-1]


def _emails(event: LiveEvent, mails: Sequence[LiveMail]) -> list[tuple[int, str]]:
    """The emails that an event sends, with their variants; (0, "") for one that sends none."""
    if not event.type.startswith("email.send"):
        return [(0, "")]
    own = _number(event.properties.get("email"))
    step = event.identity[0] if event.identity else ""
    children = [(one.id, one.step.partition(SIGN)[2]) for one in mails
                if step and one.step.startswith(step + SIGN) and one.id != own]  # fmt: skip
    return [(own, ""), *children]


def _number(value: Any) -> int:
    return int(value) if str(value or "").isdecimal() else 0


def write(database: Niledb, found: Iterable[StepRow], *, within: float | None = None) -> int:
    """Note the rows in one statement; return how many. Raises what `Niledb.execute` raises."""
    unique = {(one.campaign_event_id, one.email_id): one for one in found}
    if not unique:
        return 0
    records = [
        {
            "campaign_event_id": one.campaign_event_id, "campaign_id": one.campaign_id,
            "campaign_key": one.key, "campaign_name": one.name.replace("\0", ""),
            "step": one.step.replace("\0", ""), "kind": one.kind, "email_id": one.email_id,
            "variant": one.variant, "position": one.position, "env": one.env,
        }
        for one in unique.values()
    ]  # fmt: skip
    database.execute(_WRITE, (database.tenant, json.dumps(records)), within=within)
    return len(records)


def read(database: Niledb, name: str | None = None, env: str = "") -> list[StepRow]:
    """Return the rows of a campaign by its key in the context `env` or its id, or all.

    They go by campaign and along each. Live is what the last write of a campaign noted.
    """
    number = int(name) if name and name.isascii() and name.isdecimal() and len(name) < 19 else 0
    found = database.execute(_READ, (database.tenant, name is None, name or "", env, number))
    last: dict[int, Any] = {}
    for row in found:
        last[row[1]] = max(row[-1], last.get(row[1], row[-1]))
    return [replace(StepRow(*said), live=at == last[said[1]]) for *said, at in found]


def of_mautic(client: Campaigns, listed: Listed) -> list[StepRow]:
    """Return the rows of a campaign as Mautic has it now: one request, two for one of ours."""
    from pmctl.sequence.live import campaign

    if listed.key and listed.env == client.env:
        live = client.read(listed.id, [listed.env], listed.key)
        return rows(live.campaign, live.mails) if live.campaign else []
    return rows(campaign(client.mautic.get(f"campaigns/{listed.id}")["campaign"]), ())


def of_all(client: Campaigns, wanted: Iterable[Listed]) -> Iterator[list[StepRow]]:
    """Yield the rows of each campaign, asked for side by side."""
    return side_by_side(lambda listed: of_mautic(client, listed), wanted)

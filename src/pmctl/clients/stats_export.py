"""The events themselves, page after page, so that memory stays flat whatever the number."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from pmctl.clients.stats import Names
from pmctl.clients.stats_people import ids, moments

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.clients.stats_periods import Period
    from pmctl.clients.stats_steps import StepRow

PAGE = 2000  # events asked for at once
READ: LiteralString = """id, occurred_at, received_at, event_type, source_type, contact_id,
  campaign_event_id, campaign_id, email_id, agent_class"""  # what `record` takes, and the payload
_EVENTS: LiteralString = f"""
select {READ}, case when %s then payload end
from marketing_events
where tenant_id = %s and occurred_at >= %s and occurred_at < %s
  and (occurred_at, id) > (%s, %s) and (%s or event_type = any(%s))
  and (%s or campaign_event_id = any(%s) or (campaign_event_id = 0 and email_id = any(%s)))
order by occurred_at, id limit %s
"""
COLUMNS = (
    "occurred_at", "event_type", "contact_id", "campaign", "step", "variant", "email_id",
    "agent_class", "campaign_event_id", "campaign_id", "source_type", "received_at", "id",
)  # fmt: skip


def events(
    database: Niledb,
    period: Period,
    known: Sequence[StepRow],
    *,
    steps: Sequence[StepRow] | None = None,
    types: Sequence[str] = (),
    payload: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield the events of a period, the oldest first, with the names of their steps.

    `known` are all steps that have a name, `steps` those whose events are wanted (None: all),
    `types` the event types. `payload` adds what Mautic sent.
    """
    called, campaigns = Names(known), campaigns_of(known)
    first, after = moments(period)
    last: tuple[datetime.datetime, UUID] = (first, UUID(int=0))
    wanted = (not types, list(types), *ids(steps))
    while True:
        # from the last moment on, so that the index over time is used
        params = (payload, database.tenant, last[0], after, *last, *wanted, PAGE)
        rows = database.execute(_EVENTS, params)
        for row in rows:
            yield record(row, called, campaigns, payload=payload)
        if len(rows) < PAGE:
            return
        last = (rows[-1][1], rows[-1][0])


def campaigns_of(known: Sequence[StepRow]) -> dict[tuple[str, int], tuple[str, int]]:
    """Return the key and id of the campaign of each event and email."""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for one in known:
        found["email", one.email_id] = (one.key, one.campaign_id)
        found["event", one.campaign_event_id] = (one.key, one.campaign_id)
    return found


def record(
    row: tuple[Any, ...],
    called: Names,
    campaigns: dict[tuple[str, int], tuple[str, int]],
    *,
    payload: bool = False,
) -> dict[str, Any]:
    """Return an event with the names of its step; `row` is what READ asks for, and the payload."""
    id_, occurred, received, type_, source, contact, event, campaign, email, agent, body = row
    found = campaigns.get(("event", event)) if event else None
    found = found or (campaigns.get(("email", email)) if email else None)
    step, variant = called(event, email) if event or email else ("", "")
    record = {
        "occurred_at": _utc(occurred), "event_type": type_, "contact_id": contact,
        "campaign": found[0] if found else "", "step": step, "variant": variant,
        "email_id": email, "agent_class": agent, "campaign_event_id": event,
        "campaign_id": campaign or (found[1] if found else 0), "source_type": source,
        "received_at": _utc(received), "id": str(id_),
    }  # fmt: skip
    return record | ({"payload": body} if payload else {})


def _utc(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat()


def guarded(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose texts no spreadsheet takes for a formula.

    A quote is put before what one would evaluate (OWASP, CSV injection).
    """
    return {name: f"'{value}" if _formula(value) else value for name, value in record.items()}


def _formula(value: object) -> bool:
    return isinstance(value, str) and value.lstrip(" ").startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    )

"""Figures of persons: contacts with what each did, and the domains of their addresses.

These read what is kept for each contact, and events themselves for addresses: they take longer the
longer the period, unlike the sums of `stats`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from pmctl.clients.stats_periods import Period

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.clients.stats_steps import StepRow

# where the items of Mautic's webhooks have the address of the contact, type by type
_ADDRESS: LiteralString = """coalesce(
    e.payload #>> '{contact,email}', e.payload #>> '{stat,emailAddress}',
    e.payload #>> '{hit,lead,fields,core,email,value}',
    e.payload #>> '{contact,fields,core,email,value}',
    e.payload #>> '{lead,fields,core,email,value}')"""
_CONTACTS: LiteralString = """
with people as (
  select contact_id,
    count(*) filter (where event_type = 'sent' and agent = 'all') as sent,
    count(*) filter (where event_type = 'opened' and agent = %s) as opened,
    count(*) filter (where event_type = 'clicked' and agent = %s) as clicked,
    count(*) filter (where event_type = 'replied' and agent = 'all') as replied,
    bool_or(event_type = 'bounced') as bounced,
    bool_or(event_type = 'unsubscribed') as unsubscribed,
    max(first_at) as last_at
  from event_firsts
  where tenant_id = %s and first_at >= %s and first_at < %s and (%s
    or campaign_event_id = any(%s) or (campaign_event_id = 0 and email_id = any(%s)))
  group by contact_id
  having %s = '' or count(*) filter (where event_type = %s and agent = %s) > 0
  order by clicked desc, opened desc, last_at desc, contact_id limit %s
)
select p.contact_id, (
    select ADDRESS from marketing_events e
    where e.tenant_id = %s and e.contact_id = p.contact_id and ADDRESS is not null
    order by e.occurred_at desc limit 1),
  p.sent, p.opened, p.clicked, p.replied, p.bounced, p.unsubscribed, p.last_at
from people p order by p.clicked desc, p.opened desc, p.last_at desc, p.contact_id
""".replace("ADDRESS", _ADDRESS)
_DOMAINS: LiteralString = """
with seen as (
  select coalesce(nullif(e.metadata ->> 'domain', ''),
      lower(split_part(ADDRESS, '@', 2))) as domain,
    e.event_type, e.agent_class,
    e.campaign_event_id, e.email_id, e.contact_id
  from marketing_events e
  where e.tenant_id = %s and e.occurred_at >= %s and e.occurred_at < %s
    and e.event_type in ('sent', 'opened', 'clicked', 'bounced', 'unsubscribed')
    and (%s or e.campaign_event_id = any(%s)
      or (e.campaign_event_id = 0 and e.email_id = any(%s)))
), each as (
  select distinct coalesce(domain, '') as domain, event_type, campaign_event_id, email_id,
    contact_id
  from seen where event_type not in ('opened', 'clicked') or %s = 'all' or agent_class = %s
)
select domain, count(*) filter (where event_type = 'sent') as sent,
  count(*) filter (where event_type = 'opened'), count(*) filter (where event_type = 'clicked'),
  count(*) filter (where event_type = 'bounced'),
  count(*) filter (where event_type = 'unsubscribed')
from each group by domain order by sent desc, domain limit %s
""".replace("ADDRESS", _ADDRESS)
_BEGIN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(3000, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Person:
    """A contact: how many steps were sent to them, opened, clicked and answered."""

    contact_id: int
    email: str
    sent: int
    opened: int
    clicked: int
    replied: int
    bounced: bool
    unsubscribed: bool
    last_at: str


@dataclass(frozen=True)
class Domain:
    """What came of the mails to one domain; "" are contacts whose address is not known."""

    domain: str
    sent: int
    opened: int
    clicked: int
    bounced: int
    unsubscribed: int


def moments(period: Period) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the first moment of a period and the first after it, in UTC."""
    first = _midnight(period.since) if period.since else _BEGIN
    after = _midnight(period.until) + datetime.timedelta(days=1) if period.until else _END
    return first, after


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)


def ids(steps: Sequence[StepRow] | None) -> tuple[bool, list[int], list[int]]:
    """Return (everything, campaign events, emails) to ask for."""
    found = steps or ()
    events = sorted({one.campaign_event_id for one in found} - {0})
    return steps is None, events, sorted({one.email_id for one in found} - {0})


def contacts(
    database: Niledb,
    period: Period,
    *,
    steps: Sequence[StepRow] | None = None,
    did: str = "",
    agent: str = "all",
    limit: int = 100,
) -> list[Person]:
    """Return contacts, those who did most first; with `did` only who did that (`opened`).

    A contact's opens and clicks count by their first of each step, within the period.
    """
    tenant = database.tenant
    by = agent if did in ("opened", "clicked") else "all"
    params = (agent, agent, tenant, *moments(period), *ids(steps), did, did, by, limit, tenant)
    return [_person(*row) for row in database.execute(_CONTACTS, params)]


def domains(
    database: Niledb,
    period: Period,
    *,
    steps: Sequence[StepRow] | None = None,
    agent: str = "all",
    limit: int = 20,
) -> list[Domain]:
    """Return the domains that most mails went to. Contacts count once for each step."""
    params = (database.tenant, *moments(period), *ids(steps), agent, agent, limit)
    rows = database.execute(_DOMAINS, params)
    return [Domain(*row) for row in rows]


def _said(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec="seconds")


def _person(contact: int, email: str | None, *row: Any) -> Person:
    sent, opened, clicked, replied, bounced, unsubscribed, last = row
    return Person(
        contact, email or "", sent, opened, clicked, replied, bounced, unsubscribed, _said(last)
    )

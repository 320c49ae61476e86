"""The tables of the events in NileDB or PostgreSQL 15 and later, and how they come to be there.

Every table belongs to tenants: its key begins with tenant_id, and no key holds NULL: where there
is no contact, email or event of a campaign stands 0. Migrations have numbers, only add, and may
be carried out again, also by several programs at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from pmctl.errors import Conflict, NotFound, PmctlError

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb

ALL_TIME: LiteralString = "0001-01-01"  # as a day: the sum of all days
EVERYTHING = -1  # as campaign_event_id and as email_id: the sum of all of them

_VERSIONS: LiteralString = """
create table if not exists pmctl_schema (
  tenant_id uuid not null, version integer not null,
  done_at timestamptz not null default current_timestamp, primary key (tenant_id, version)
)"""
# A day of MySQL's year 0, or none at all, would be taken for ALL_TIME.
_EVENTS: LiteralString = """
create table if not exists marketing_events (
  tenant_id uuid not null, id uuid not null,
  event_type text not null, source_type text not null default '',
  contact_id bigint not null default 0, campaign_event_id bigint not null default 0,
  campaign_id bigint not null default 0, email_id bigint not null default 0,
  occurred_at timestamptz not null, received_at timestamptz not null,
  agent_class text not null default '', payload jsonb not null, metadata jsonb not null,
  primary key (tenant_id, id),
  constraint marketing_events_time check
    (occurred_at >= '1970-01-01 00:00:00+00' and occurred_at < '3000-01-01 00:00:00+00')
)"""
# What is written again and again keeps room on its page, so that no index needs to follow.
_COUNTS: LiteralString = """
create table if not exists event_counts (
  tenant_id uuid not null, day date not null, campaign_event_id bigint not null,
  email_id bigint not null, event_type text not null, agent text not null,
  total bigint not null, contacts bigint not null,
  primary key (tenant_id, day, campaign_event_id, email_id, event_type, agent)
) with (fillfactor = 70)"""
_FIRSTS: LiteralString = """
create table if not exists event_firsts (
  tenant_id uuid not null, campaign_event_id bigint not null, email_id bigint not null,
  event_type text not null, agent text not null, contact_id bigint not null,
  first_at timestamptz not null, prev_at timestamptz,
  primary key (tenant_id, campaign_event_id, email_id, event_type, agent, contact_id)
)"""
_STEPS: LiteralString = """
create table if not exists campaign_steps (
  tenant_id uuid not null, campaign_event_id bigint not null, campaign_id bigint not null,
  campaign_key text not null default '', campaign_name text not null default '',
  step text not null default '', kind text not null default '',
  email_id bigint not null default 0, variant text not null default '',
  position integer not null default 0,
  updated_at timestamptz not null default current_timestamp,
  primary key (tenant_id, campaign_event_id, email_id)
)"""

MIGRATIONS: tuple[tuple[LiteralString, ...], ...] = (
    (
        _EVENTS,
        # a stretch of time, of everybody and of one contact
        """
create index if not exists marketing_events_occurred
  on marketing_events (tenant_id, occurred_at)""",
        """
create index if not exists marketing_events_contact
  on marketing_events (tenant_id, contact_id, occurred_at)""",
        _COUNTS,
        # the days of one step or email
        """
create index if not exists event_counts_step
  on event_counts (tenant_id, campaign_event_id, email_id, day)""",
        _FIRSTS,
        _STEPS,
    ),
    (
        # when a row came to be here, which is not when it happened: what is new goes by it
        """
alter table marketing_events
  add column if not exists stored_at timestamptz not null default current_timestamp""",
        """
create index if not exists marketing_events_stored
  on marketing_events (tenant_id, stored_at)""",
    ),
    (
        # the context that a campaign was made from: two of them may share a Mautic
        "alter table campaign_steps add column if not exists env text not null default ''",
        # whose rows these are, where no tenant of NileDB's says it
        "alter table pmctl_schema add column if not exists mautic text not null default ''",
    ),
)
VERSION = len(MIGRATIONS)

_DONE: LiteralString = "select max(version) from pmctl_schema where tenant_id = %s"
_NOTE: LiteralString = """
insert into pmctl_schema (tenant_id, version) values (%s, %s)
on conflict (tenant_id, version) do nothing"""
_WHOSE: LiteralString = "update pmctl_schema set mautic = %s where tenant_id = %s"
_OURS: LiteralString = """
select id, occurred_at, agent_class from marketing_events where tenant_id = %s limit 0"""


def prepare(database: Niledb) -> int:
    """Bring the tables to this version's form; return how many migrations that took.

    One short statement when there is nothing to do. Raises Conflict when another program's table
    has the name of ours, and what `execute` raises.
    """
    done = _version(database)
    if done is None:
        database.define(_VERSIONS)
    for number in range((done or 0) + 1, VERSION + 1):
        for statement in MIGRATIONS[number - 1]:
            database.define(statement)
            if statement == _EVENTS:
                _check_ours(database)
        database.execute(_NOTE, (database.tenant, number))
    if database.mautic and done != VERSION:
        database.execute(_WHOSE, (database.mautic, database.tenant))
    return max(0, VERSION - (done or 0))


def _version(database: Niledb) -> int | None:
    """Return the number of the last migration, 0 for none, None when nobody counts them yet."""
    try:
        return int(database.execute(_DONE, (database.tenant,))[0][0] or 0)
    except NotFound:
        return None


def _check_ours(database: Niledb) -> None:
    try:
        database.execute(_OURS, (database.tenant,))
    except NotFound:
        raise
    except PmctlError as exc:
        if "does not exist" not in exc.message:
            raise
        raise Conflict(
            "the database has a table marketing_events that is not pmctl's",
            hint="give pmctl a database of its own (niledb.database), or rename that table",
        ) from None

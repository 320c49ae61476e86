"""The counters against a recount of the events, and the recount in their place.

The recount runs the same stages as the write (`niledb_events`), over every event of the tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from pmctl.backends.niledb_events import CHANGES, COUNTED, FIRSTS, FRESH, SEEN

if TYPE_CHECKING:
    from pmctl.backends.niledb import Execute, Niledb

WITHIN_SECONDS = 3600.0  # it reads every event: some seconds a million

_RECOUNT: LiteralString = (
    f"fresh as (select {', '.join(FRESH)} from marketing_events where tenant_id = %s), {SEEN}, "
    f"firsts as (select tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, "
    f"first_at, null::timestamptz as prev_at from ({FIRSTS}) as found "
    "(tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, first_at)), "
    f"{CHANGES}, counted as ({COUNTED})"
)
_COUNTS: LiteralString = f"""
with {_RECOUNT}, kept as (select * from event_counts where tenant_id = %s)
select day, campaign_event_id, email_id, event_type, agent, coalesce(kept.total, 0)::bigint,
  coalesce(kept.contacts, 0)::bigint, coalesce(counted.total, 0)::bigint,
  coalesce(counted.contacts, 0)::bigint
from counted full join kept
  using (tenant_id, day, campaign_event_id, email_id, event_type, agent)
where (coalesce(kept.total, 0), coalesce(kept.contacts, 0))
  <> (coalesce(counted.total, 0), coalesce(counted.contacts, 0))
order by 1, 2, 3, 4, 5"""
_FIRSTS: LiteralString = f"""
with {_RECOUNT}, kept as (select * from event_firsts where tenant_id = %s)
select campaign_event_id, email_id, event_type, agent, contact_id, kept.first_at, firsts.first_at
from firsts full join kept
  using (tenant_id, campaign_event_id, email_id, event_type, agent, contact_id)
where kept.first_at is distinct from firsts.first_at
order by 1, 2, 3, 4, 5"""
_KEPT_OUT: LiteralString = "lock table marketing_events in share mode"
_REBUILD: tuple[LiteralString, ...] = (
    f"""
with {_RECOUNT} insert into event_firsts
  (tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, first_at)
select tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, first_at
from firsts""",
    f"""
with {_RECOUNT} insert into event_counts
  (tenant_id, day, campaign_event_id, email_id, event_type, agent, total, contacts)
select tenant_id, day, campaign_event_id, email_id, event_type, agent, total, contacts
from counted""",
)


@dataclass(frozen=True)
class Difference:
    """One row that is not what the events say. `kept` and `counted` are None for no row."""

    table: str
    key: dict[str, Any]
    kept: Any
    counted: Any


def differences(database: Niledb) -> list[Difference]:
    """Return every row of the counters and of the firsts that a recount has otherwise.

    Events that are written meanwhile do no harm: each look is at one moment.
    """
    with database.transaction(within=WITHIN_SECONDS) as execute:
        return _found(execute, database)


def repair(database: Niledb) -> list[Difference]:
    """Put the recount in place of the counters when they differ; return what differed.

    One transaction. Whoever writes events waits until it is over; who reads does not.
    """
    with database.transaction(within=WITHIN_SECONDS) as execute:
        execute(_KEPT_OUT)
        found = _found(execute, database)
        if found:
            execute("delete from event_counts where tenant_id = %s", (database.tenant,))
            execute("delete from event_firsts where tenant_id = %s", (database.tenant,))
            for statement in _REBUILD:
                execute(statement, (database.tenant,))
        return found


def _found(execute: Execute, database: Niledb) -> list[Difference]:
    twice = (database.tenant, database.tenant)
    names = ("day", "campaign_event_id", "email_id", "event_type", "agent")
    found = [
        Difference("event_counts", dict(zip(names, row, strict=False)), row[5:7], row[7:9])
        for row in execute(_COUNTS, twice)
    ]
    names = (*names[1:], "contact_id")
    return found + [
        Difference("event_firsts", dict(zip(names, row, strict=False)), row[5], row[6])
        for row in execute(_FIRSTS, twice)
    ]

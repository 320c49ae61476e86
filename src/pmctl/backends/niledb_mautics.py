"""Whose rows there are in a database without tenants of NileDB's: a tenant for each Mautic.

Rows that came before their Mautic had a name (`mautic.url`) are under NO_TENANT. The first Mautic
to be named takes them over, since there was no other; later ones only when somebody says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

from pmctl.backends.niledb import NO_TENANT
from pmctl.backends.niledb_events import COLUMNS, COUNT_ALL, STORE

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb

BATCH = 1000  # events in one statement
WITHIN_SECONDS = 3600.0

_STANDING: LiteralString = """
select exists (select 1 from marketing_events where tenant_id = %s),
  exists (select 1 from marketing_events where tenant_id = %s)
    or exists (select 1 from campaign_steps where tenant_id = %s),
  array(select distinct s.mautic from pmctl_schema s where s.mautic <> '' and s.tenant_id <> %s
    and exists (select 1 from marketing_events e where e.tenant_id = s.tenant_id) order by 1)"""
# Who writes waits until it is over, so that nothing comes after the last batch; who reads does not.
_KEPT_OUT: LiteralString = "lock table marketing_events in share row exclusive mode"
_COUNT: LiteralString = "select count(*) from marketing_events where tenant_id = %s"
_MOVE: LiteralString = f"""
with given as (
  select %s::uuid as tenant_id, {", ".join(COLUMNS)} from marketing_events
  where tenant_id = %s and id > %s order by id limit %s
), gone as (
  delete from marketing_events where tenant_id = %s and id in (select id from given)
), {STORE}
{COUNT_ALL}, (select id from given order by id desc limit 1)"""
_STEPS: LiteralString = "campaign_event_id, campaign_id, campaign_key, campaign_name, step, kind, \
email_id, variant, position, env, updated_at"
_MOVE_STEPS: LiteralString = f"""
insert into campaign_steps (tenant_id, {_STEPS})
select %s::uuid, {_STEPS} from campaign_steps where tenant_id = %s
on conflict (tenant_id, campaign_event_id, email_id) do nothing"""
_LEFT: tuple[LiteralString, ...] = (
    "delete from campaign_steps where tenant_id = %s",
    "delete from event_counts where tenant_id = %s",  # their sums were moved with the events
    "delete from event_firsts where tenant_id = %s",
)


@dataclass(frozen=True)
class Standing:
    """What there is besides the rows of one Mautic.

    `empty`: it has no event itself. `nameless`: there are rows of no Mautic. `others`: the
    addresses of the other Mautics with events.
    """

    empty: bool
    nameless: bool
    others: tuple[str, ...]


def standing(database: Niledb) -> Standing:
    """Return what there is besides; of a tenant of NileDB's, which sees itself alone, nothing."""
    if database.has_tenant:
        return Standing(empty=False, nameless=False, others=())
    tenant = database.tenant
    params = (tenant, NO_TENANT, NO_TENANT, tenant)
    ((some, nameless, others),) = database.execute(_STANDING, params)
    named = bool(database.mautic)
    return Standing(empty=not some, nameless=named and nameless, others=tuple(others))


def nameless(database: Niledb) -> int:
    """Return how many events are of no Mautic."""
    return int(database.execute(_COUNT, (NO_TENANT,))[0][0])


def adopt(database: Niledb, begun: Callable[[int], None] = lambda _: None) -> int:
    """Take over the rows of no Mautic, all or none, a batch at a time; return how many events.

    They are counted as they come, and one that is here already is not counted again. `begun` is
    told how many there are, when there are any: another program may have been first. Raises what
    `Niledb.execute` raises.
    """
    if not database.mautic:
        return 0
    with database.transaction(within=WITHIN_SECONDS) as execute:
        execute(_KEPT_OUT)
        ((count,),) = execute(_COUNT, (NO_TENANT,))
        if count:
            begun(count)
        last: UUID | None = NO_TENANT  # the lowest of all ids, too
        while last is not None:
            params = (database.tenant, NO_TENANT, last, BATCH, NO_TENANT)
            ((_, _, last),) = execute(_MOVE, params)
        execute(_MOVE_STEPS, (database.tenant, NO_TENANT))
        for statement in _LEFT:
            execute(statement, (NO_TENANT,))
    return int(count)

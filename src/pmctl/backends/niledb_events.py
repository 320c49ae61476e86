"""Writing events: each once, and the counters with them in the same statement.

The event's id is its primary key, so what is sent again adds nothing: only rows that are new come
back from the insert and are counted. `event_firsts` knows the first event of each contact, and a
contact counts on the day of it; when an earlier one arrives late, the day of the later one loses
it. So the figures do not depend on the order of arrival, and equal a recount at any time.

Several programs write side by side: rows are locked in the same order everywhere (events by id,
then firsts, then counters, each by its key), so none waits in a ring.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from pmctl.backends.niledb import BadRow, Refused
from pmctl.backends.niledb_schema import ALL_TIME, EVERYTHING, prepare
from pmctl.errors import NotFound

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb, Params, Rows

COLUMNS: dict[str, str] = {
    "id": "uuid", "event_type": "text", "source_type": "text", "contact_id": "bigint",
    "campaign_event_id": "bigint", "campaign_id": "bigint", "email_id": "bigint",
    "occurred_at": "timestamptz", "received_at": "timestamptz", "agent_class": "text",
    "payload": "jsonb", "metadata": "jsonb",
}  # fmt: skip
"""What an item of a batch says, by the names of the columns of marketing_events."""

_ABSENT: dict[str, str] = {
    "source_type": "''", "contact_id": "0", "campaign_event_id": "0", "campaign_id": "0",
    "email_id": "0", "agent_class": "''", "metadata": "'{}'",
}  # fmt: skip

FRESH: dict[str, str] = {
    "tenant_id": "uuid", "campaign_event_id": "bigint", "email_id": "bigint",
    "event_type": "text", "contact_id": "bigint", "agent_class": "text",
    "occurred_at": "timestamptz",
}  # fmt: skip
_MOVED: dict[str, str] = {
    "tenant_id": "uuid", "campaign_event_id": "bigint", "email_id": "bigint",
    "event_type": "text", "agent": "text", "first_at": "timestamptz", "prev_at": "timestamptz",
}  # fmt: skip

_RECORDS: LiteralString = (
    "jsonb_to_recordset(%s::jsonb) as item ("
    + ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    + ")"
)
_GIVEN: LiteralString = "select %s::uuid as tenant_id, " + ", ".join(
    f"coalesce({name}, {_ABSENT[name]}) as {name}" if name in _ABSENT else name for name in COLUMNS
)
_ADD_EVENTS: LiteralString = f"""
insert into marketing_events (tenant_id, {", ".join(COLUMNS)})
select tenant_id, {", ".join(COLUMNS)} from given order by id
on conflict (tenant_id, id) do nothing
returning {", ".join(FRESH)}"""
SEEN: LiteralString = """seen as (
  select tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, occurred_at
  from fresh cross join (values ('all'), ('human')) as agents (agent)
  where agent = 'all' or agent_class = 'human'
)"""
FIRSTS: LiteralString = """
select tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, min(occurred_at)
from seen where contact_id <> 0 group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6"""
_ADD_FIRSTS: LiteralString = f"""
insert into event_firsts
  (tenant_id, campaign_event_id, email_id, event_type, agent, contact_id, first_at)
{FIRSTS}
on conflict (tenant_id, campaign_event_id, email_id, event_type, agent, contact_id)
do update set prev_at = event_firsts.first_at, first_at = excluded.first_at
where excluded.first_at < event_firsts.first_at
returning {", ".join(_MOVED)}"""
CHANGES: LiteralString = """changes as (
  select tenant_id, campaign_event_id, email_id, event_type, agent, occurred_at as moment,
    1 as total, 0 as contacts from seen
  union all select tenant_id, campaign_event_id, email_id, event_type, agent, first_at, 0, 1
  from firsts
  union all select tenant_id, campaign_event_id, email_id, event_type, agent, prev_at, 0, -1
  from firsts where prev_at is not null
), days as (
  select tenant_id, (moment at time zone 'UTC')::date as day, campaign_event_id, email_id,
    event_type, agent, sum(total) as total, sum(contacts) as contacts
  from changes group by 1, 2, 3, 4, 5, 6
)"""
COUNTED: LiteralString = f"""
select tenant_id, coalesce(day, '{ALL_TIME}') as day,
  coalesce(campaign_event_id, {EVERYTHING}) as campaign_event_id,
  coalesce(email_id, {EVERYTHING}) as email_id, event_type, agent,
  sum(total) as total, sum(contacts) as contacts
from days
group by grouping sets (
  (tenant_id, event_type, agent, day, campaign_event_id, email_id),
  (tenant_id, event_type, agent, day),
  (tenant_id, event_type, agent, campaign_event_id, email_id),
  (tenant_id, event_type, agent))
having sum(total) <> 0 or sum(contacts) <> 0
order by 1, 2, 3, 4, 5, 6"""
_ADD_COUNTS: LiteralString = f"""
insert into event_counts
  (tenant_id, day, campaign_event_id, email_id, event_type, agent, total, contacts)
{COUNTED}
on conflict (tenant_id, day, campaign_event_id, email_id, event_type, agent)
do update set total = event_counts.total + excluded.total,
  contacts = event_counts.contacts + excluded.contacts"""
STORE: LiteralString = (
    f"fresh as ({_ADD_EVENTS}), {SEEN}, firsts as ({_ADD_FIRSTS}), {CHANGES}, "
    f"counts as ({_ADD_COUNTS})"
)
COUNT_ALL: LiteralString = "select (select count(*) from fresh), (select count(*) from given)"
_ALL_AT_ONCE: LiteralString = f"{STORE} {COUNT_ALL}"


@dataclass(frozen=True)
class Added:
    """What became of a batch: `new` events are stored now, `duplicates` were there before."""

    new: int
    duplicates: int


def add_events(database: Niledb, batch: bytes) -> Added:
    """Store the events that are not there yet, all or none, and count them.

    `batch`: a JSON array of objects with the names of COLUMNS; a number that is not there counts
    as 0. It may be sent again whatever happened to it. In a database without any of our tables they
    are made. Raises BadRow when the server cannot hold one of the rows, so that fewer rows at once
    find the bad one; every other error, of those that `Niledb.execute` raises, speaks of the
    database, not of the batch.
    """
    try:
        text = batch.decode()
    except UnicodeDecodeError:
        raise BadRow("the batch of events is not UTF-8") from None
    try:
        return _in_some_form(database, text)
    except NotFound:  # the database was made anew while we ran
        if not prepare(database):
            raise
    return _in_some_form(database, text)


def _in_some_form(database: Niledb, text: str) -> Added:
    while True:
        try:
            return _FORMS[database.form](database, text)
        except Refused:
            if database.form == len(_FORMS) - 1:
                raise
            database.form += 1


def _by_recordset(database: Niledb, text: str) -> Added:
    """One parameter, one statement: the fastest, and payloads go in as they came."""
    statement: LiteralString = f"with given as ({_GIVEN} from {_RECORDS}), {_ALL_AT_ONCE}"
    ((new, given),) = database.execute(statement, (database.tenant, text))
    return Added(new, given - new)


def _by_values(database: Niledb, text: str) -> Added:
    """For a server without jsonb_to_recordset."""
    given, params = _given(database, _values(text))
    ((new, count),) = database.execute(f"with {given}, {_ALL_AT_ONCE}", params)
    return Added(new, count - new)


def _by_steps(database: Niledb, text: str) -> Added:
    """For a server that writes one table a statement: three in a transaction."""
    rows = _values(text)
    given, params = _given(database, rows)
    with database.transaction() as execute:
        fresh_rows = execute(f"with {given} {_ADD_EVENTS}", params)
        fresh, params = _table("fresh", FRESH, fresh_rows)
        moved = execute(f"with {fresh}, {SEEN} {_ADD_FIRSTS}", params)
        firsts, more = _table("firsts", _MOVED, moved)
        execute(f"with {fresh}, {firsts}, {SEEN}, {CHANGES} {_ADD_COUNTS}", (*params, *more))
    return Added(len(fresh_rows), len(rows) - len(fresh_rows))


_FORMS = (_by_recordset, _by_values, _by_steps)


def _given(database: Niledb, rows: Rows) -> tuple[LiteralString, Params]:
    items, params = _table("items", COLUMNS, rows)
    return f"{items}, given as ({_GIVEN} from items)", (*params, database.tenant)


def _table(name: str, kinds: dict[str, str], rows: Rows) -> tuple[LiteralString, Params]:
    """Return a part of a `with` that holds these rows, and their values."""
    row = "(" + ", ".join(f"%s::{kind}" for kind in kinds.values()) + ")"
    nothing = "select " + ", ".join(f"null::{kind}" for kind in kinds.values()) + " where false"
    body = f"values {', '.join([row] * len(rows))}" if rows else nothing
    text: LiteralString = f"{name} ({', '.join(kinds)}) as ({body})"
    return text, tuple(value for row in rows for value in row)


def _values(text: str) -> Rows:
    """Return the items of a batch as values in the order of COLUMNS."""
    try:
        items = json.loads(text)
        if not isinstance(items, list):
            raise TypeError
        return [
            tuple(_value(item.get(name), kind) for name, kind in COLUMNS.items()) for item in items
        ]
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise BadRow("the batch of events is not a JSON array of objects") from None


def _value(value: Any, kind: str) -> Any:
    return json.dumps(value) if kind == "jsonb" and value is not None else value

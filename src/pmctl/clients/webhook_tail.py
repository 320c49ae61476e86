"""The newest events, and those that come after them.

What is new goes by when a row was stored, not by when it happened: an event may wait in a spool
for a day. Rows of one transaction carry the moment it began, and show when it ends, so each look
counts the batches of the last minute again and reads those that it does not know.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from pmctl.clients import stats_steps
from pmctl.clients.stats import Names
from pmctl.clients.stats_export import READ, campaigns_of, record
from pmctl.clients.stats_people import ids
from pmctl.errors import Temporary, Unreachable

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb, Rows
    from pmctl.clients.stats_steps import StepRow

PAGE = 1000  # events read at once
MOST = 10_000  # events from before, kept in memory to be turned round

_WANTED: LiteralString = """tenant_id = %s and (%s or event_type = any(%s))
  and (%s or campaign_event_id = any(%s) or (campaign_event_id = 0 and email_id = any(%s)))"""
_NEWEST: LiteralString = f"""
select {READ}, metadata ->> 'test' from marketing_events where {_WANTED}
order by occurred_at desc, id desc limit %s"""
# A minute: longer than a statement takes by default. The row with a count of 0 is the time there.
_BATCHES: LiteralString = """
select current_timestamp, 0
union all select stored_at, count(*) from marketing_events
where tenant_id = %s
  and stored_at >= coalesce(%s::timestamptz, current_timestamp) - interval '60 seconds'
group by stored_at"""
_STORED: LiteralString = f"""
select {READ}, metadata ->> 'test', stored_at from marketing_events where {_WANTED}
  and stored_at = any(%s) and (stored_at, id) > (%s, %s)
order by stored_at, id limit %s"""
_BEGIN = (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), UUID(int=0))


@dataclass(frozen=True)
class Wanted:
    """Which events: of some types (none: of all), of some steps (None: of all)."""

    types: Sequence[str] = ()
    steps: Sequence[StepRow] | None = None

    def params(self, tenant: UUID) -> tuple[Any, ...]:
        """Return what _WANTED takes."""
        return (tenant, not self.types, list(self.types), *ids(self.steps))


class Tail:
    """The end of the events of one database."""

    def __init__(self, database: Niledb, wanted: Wanted) -> None:
        self._database = database
        self._wanted = wanted
        self._asked: datetime.datetime | None = None  # when the last look was, by their clock
        self._batches: dict[datetime.datetime, int] = {}  # of its last minute: how many rows
        self._unread: list[datetime.datetime] = []
        self._last: tuple[datetime.datetime, UUID] = _BEGIN
        self._shown: frozenset[UUID] = frozenset()
        self._learn()

    def newest(self, count: int) -> list[dict[str, Any]]:
        """Return the newest by when they happened, oldest first; `follow` goes on from here.

        Raises what `Niledb.execute` raises.
        """
        self._new_batches()
        params = (*self._wanted.params(self._database.tenant), min(count, MOST))
        rows = self._database.execute(_NEWEST, params)[::-1]
        self._shown = frozenset(row[0] for row in rows)
        return [self._named(row) for row in rows]

    def follow(
        self, wait: Callable[[], None], say: Callable[[str], None]
    ) -> Iterator[dict[str, Any]]:
        """Yield what is stored from now on, for ever; `wait` is called between two looks.

        A database that is away is waited for; `say` is told so once.
        """
        away = False
        while True:
            wait()
            try:
                for rows in self._looked():
                    yield from (self._named(row) for row in rows if row[0] not in self._shown)
                away = False
            except (Temporary, Unreachable) as exc:
                if not away:
                    say(f"{exc.message}; waiting for it")
                away = True

    def _looked(self) -> Iterator[Rows]:
        """Yield what is new, a page at a time. A look that breaks off is gone on with."""
        if not self._unread:
            self._unread, self._last = self._new_batches(), _BEGIN
        learned = False
        while self._unread:
            params = (*self._wanted.params(self._database.tenant), self._unread, *self._last, PAGE)
            rows = self._database.execute(_STORED, params)
            if not learned and any(row[6] and row[6] not in self._events for row in rows):
                learned = True
                self._learn()
            if len(rows) < PAGE:
                self._unread = []
            else:
                self._last = (rows[-1][-1], rows[-1][0])
            yield sorted(rows, key=lambda row: row[1])

    def _new_batches(self) -> list[datetime.datetime]:
        """Return the moments of the batches that were not there at the last look.

        One that has more rows than it had comes again: two began in the same microsecond.
        """
        rows = self._database.execute(_BATCHES, (self._database.tenant, self._asked))
        before, self._batches = self._batches, {moment: count for moment, count in rows if count}
        self._asked = next(moment for moment, count in rows if not count)
        return [one for one, count in self._batches.items() if before.get(one) != count]

    def _learn(self) -> None:
        steps = stats_steps.read(self._database)
        self._events = {one.campaign_event_id for one in steps}
        self._called, self._campaigns = Names(steps), campaigns_of(steps)

    def _named(self, row: tuple[Any, ...]) -> dict[str, Any]:
        found = record((*row[:10], None), self._called, self._campaigns)
        return found | {"test": row[10] or ""}

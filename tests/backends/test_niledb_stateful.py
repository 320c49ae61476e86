"""Whatever is delivered, in whatever order, by whom and broken how: each event counts once.

Hypothesis plays a story of deliveries against a real PostgreSQL. After each of them the rows are
the set of distinct events that were delivered, and the counters and the firsts their recount.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pmctl.backends import niledb_verify
from pmctl.backends.niledb import BadRow, Niledb
from pmctl.backends.niledb_events import Added, add_events
from pmctl.errors import OutcomeUnknown
from tests.backends.test_niledb import at
from tests.backends.test_niledb_events import (
    Event,
    batch,
    counts,
    event,
    ids,
    prepared,
    recount,
)
from tests.postgres import Server

__all__ = ["prepared"]

T = TypeVar("T")
# Few values, so that events meet: the same contact at the same step, on several days.
some = st.sampled_from([1, None])
about = st.fixed_dictionaries({
    "hours": st.sampled_from([60, 30, 0]), "event_type": st.sampled_from(["opened", "sent"]),
    "contact_id": some, "campaign_event_id": some, "email_id": st.just(1),
    "agent_class": st.sampled_from(["human", "proxy"]),
})  # fmt: skip
Drawn = tuple[list[dict[str, Any]], list[int]]
batches = st.tuples(
    st.lists(about, min_size=1, max_size=4), st.lists(st.integers(0, 99), max_size=4)
)
BAD: list[dict[str, Any]] = [
    {"id": "x"}, {"occurred_at": "infinity"}, {"contact_id": 2**64}, {"payload": "\0"},
]  # fmt: skip


def _shuffled(one: Event) -> str:
    return sha256(one["id"].encode()).hexdigest()


def again(do: Callable[[], T]) -> T:
    """Do it; once more when the server had ended the connection."""
    try:
        return do()
    except OutcomeUnknown:
        return do()


class Deliveries(RuleBasedStateMachine):
    """Two programs that write for one tenant; `server` and `name` are set by the test."""

    server: Server
    name: str

    @initialize()
    def begin(self) -> None:
        self.stored: dict[str, Event] = {}
        self.happened: list[Event] = []
        tenant = str(uuid4())
        self.writers = [at(self.server, database=self.name, tenant_id=tenant) for _ in range(2)]

    def chosen(self, drawn: Drawn) -> list[Event]:
        """Return new events and some of those that happened before, shuffled."""
        new, old = drawn
        self.happened += [event(len(self.happened) + n, **one) for n, one in enumerate(new, 1)]
        again = [self.happened[n % len(self.happened)] for n in old]
        return sorted([*self.happened[len(self.happened) - len(new) :], *again], key=_shuffled)

    @rule(drawn=batches, writer=st.integers(0, 1),
          form=st.integers(0, 2))  # fmt: skip
    def deliver(self, drawn: Drawn, writer: int, form: int) -> None:
        """A batch of old and new, some of them twice."""
        which = self.chosen(drawn)
        known = {one["id"]: one for one in which}
        new = len(known.keys() - self.stored.keys())

        assert self.write(writer, form, which) == Added(new, len(which) - new)
        self.stored |= known

    @rule(drawn=batches, bad=st.sampled_from(BAD),
          place=st.integers(0, 6), form=st.integers(0, 2))  # fmt: skip
    def deliver_with_a_bad_one(
        self, drawn: Drawn, bad: dict[str, Any], place: int, form: int
    ) -> None:
        """A row that the server cannot hold takes the whole batch with it."""
        which = self.chosen(drawn)
        mixed = [*which[:place], event(10**6, **bad), *which[place:]]
        with pytest.raises(BadRow):
            self.write(0, form, mixed)

    @rule(drawn=batches, form=st.integers(0, 2))
    def deliver_and_lose_the_answer(self, drawn: Drawn, form: int) -> None:
        """It was stored, nobody knows it, and so it is sent again by another."""
        which = self.chosen(drawn)
        self.write(0, form, which)
        assert self.write(1, form, which) == Added(0, len(which))
        self.stored |= {one["id"]: one for one in which}

    @rule(drawn=batches, writer=st.integers(0, 1))
    def break_off_before_the_commit(self, drawn: Drawn, writer: int) -> None:
        """The statements of a batch went through, its transaction did not."""
        niledb, which = self.writers[writer], self.chosen(drawn)
        again(lambda: ids(niledb))
        with suppress(KeyboardInterrupt), niledb.transaction() as execute:
            add_events(_Within(niledb, execute), batch(*which))  # type: ignore[arg-type]
            raise KeyboardInterrupt

    @rule(writer=st.integers(0, 1))
    def lose_the_connections(self, writer: int) -> None:
        """The server ends them; the next statement says so and the one after it connects anew."""
        niledb = self.writers[writer]
        rows = again(lambda: niledb.execute("select pg_backend_pid()"))
        with self.server.connect(self.name) as connection:
            connection.execute("select pg_terminate_backend(%s, 5000)", rows[0])

    def write(self, writer: int, form: int, events: list[Event]) -> Added:
        niledb = self.writers[writer]
        niledb.form = form
        return again(lambda: add_events(niledb, batch(*events)))

    @invariant()
    def each_event_is_there_once_and_counted_once(self) -> None:
        made = list(self.stored.values())
        niledb = self.writers[1]
        assert again(lambda: ids(niledb)) == sorted(UUID(one) for one in self.stored)
        assert counts(niledb) == recount(made)
        assert niledb_verify.differences(niledb) == []

    def teardown(self) -> None:
        for niledb in getattr(self, "writers", []):
            niledb.close()


class _Within:
    """A database whose statements belong to a transaction that is under way."""

    form = 0

    def __init__(self, niledb: Niledb, execute: Any) -> None:
        self.tenant, self.execute = niledb.tenant, execute


def test_rows_and_counters_equal_the_set_of_distinct_events_always(
    server: Server, prepared: str
) -> None:
    machine = type("Here", (Deliveries,), {"server": server, "name": prepared})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=12, deadline=None)
    )

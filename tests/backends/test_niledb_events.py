"""Events in a real PostgreSQL: each once, the counters always equal to a recount."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import BadRow, Niledb
from pmctl.backends.niledb_events import COLUMNS, Added, add_events
from tests.backends.test_niledb import at
from tests.postgres import Server

Event = dict[str, Any]
BEGIN = datetime(2026, 11, 22, 22, tzinfo=UTC)
ALL_TIME = date(1, 1, 1)


def event(number: int = 1, hours: float = 0, **changes: Any) -> Event:
    made = {
        "id": str(UUID(int=number)), "event_type": "opened", "source_type": "mautic.email_on_open",
        "contact_id": 5, "campaign_event_id": 7, "campaign_id": None, "email_id": 3,
        "occurred_at": (BEGIN + timedelta(hours=hours)).isoformat(),
        "received_at": BEGIN.isoformat(), "agent_class": "human",
        "payload": {"stat": {"id": number}}, "metadata": {},
    }  # fmt: skip
    return made | changes


def batch(*events: Event) -> bytes:
    return json.dumps(events).encode()


@pytest.fixture
def niledb(server: Server, prepared: str, statements: list[str]) -> Iterator[Niledb]:
    made = at(server, database=prepared, tenant_id=str(uuid4()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def prepared(server: Server) -> str:
    """The name of a database whose tables are there; each example is a tenant of its own."""
    name = server.new_database()
    made = at(server, database=name)
    niledb_schema.prepare(made)
    made.close()
    return name


def counts(niledb: Niledb) -> dict[tuple[Any, ...], tuple[int, int]]:
    rows = niledb.execute(
        "select day, campaign_event_id, email_id, event_type, agent, total, contacts "
        "from event_counts where tenant_id = %s and (total, contacts) <> (0, 0)",
        (niledb.tenant,),
    )
    return {row[:5]: (int(row[5]), int(row[6])) for row in rows}


def ids(niledb: Niledb) -> list[UUID]:
    rows = niledb.execute(
        "select id from marketing_events where tenant_id = %s order by id", (niledb.tenant,)
    )
    return [row[0] for row in rows]


def recount(events: list[Event]) -> dict[tuple[Any, ...], tuple[int, int]]:
    """What the counters must be, counted anew in Python."""
    totals: Counter[tuple[Any, ...]] = Counter()
    first: dict[tuple[Any, ...], date] = {}
    for one in {one["id"]: one for one in events}.values():
        day = datetime.fromisoformat(one["occurred_at"]).astimezone(UTC).date()
        for agent in {"all", "human"} if one["agent_class"] == "human" else {"all"}:
            key = (one["campaign_event_id"] or 0, one["email_id"] or 0, one["event_type"], agent)
            totals.update(cells(day, key))
            if one["contact_id"]:
                who = (*key, one["contact_id"])
                first[who] = min(day, first.get(who, day))
    uniques: Counter[tuple[Any, ...]] = Counter()
    for who, day in first.items():
        uniques.update(cells(day, who[:4]))
    return {key: (totals[key], uniques[key]) for key in totals}


def cells(day: date, key: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    everything = (-1, -1, *key[2:])
    return [(d, *k) for d in (day, ALL_TIME) for k in (key, everything)]


def test_an_event_is_stored_as_it_came_and_counted_for_its_day_and_for_all_time(
    niledb: Niledb,
) -> None:
    added = add_events(niledb, batch(event(payload={"name": "Zoë 'x' \\ %s \"q\"", "n": 1.10})))

    assert added == Added(new=1, duplicates=0)
    row = niledb.execute(
        f"select {', '.join(COLUMNS)} from marketing_events where tenant_id = %s", (niledb.tenant,)
    )[0]
    assert row == (
        UUID(int=1), "opened", "mautic.email_on_open", 5, 7, 0, 3, BEGIN, BEGIN, "human",
        {"name": "Zoë 'x' \\ %s \"q\"", "n": 1.1}, {},
    )  # fmt: skip
    day = date(2026, 11, 22)
    assert counts(niledb) == {
        (d, step, email, "opened", agent): (1, 1)
        for d in (day, ALL_TIME) for step, email in ((7, 3), (-1, -1)) for agent in ("all", "human")
    }  # fmt: skip


def test_what_is_sent_again_adds_nothing(niledb: Niledb) -> None:
    add_events(niledb, batch(event(1), event(2)))
    before = counts(niledb)

    assert add_events(niledb, batch(event(2), event(1), event(2))) == Added(0, 3)
    assert counts(niledb) == before


def test_an_earlier_event_that_comes_late_takes_the_contact_to_its_own_day(niledb: Niledb) -> None:
    late, early = event(1, hours=30), event(2, hours=0)
    add_events(niledb, batch(late))
    add_events(niledb, batch(early))

    step = (7, 3, "opened", "all")
    found = {key[0]: value for key, value in counts(niledb).items() if key[1:] == step}
    assert found == {
        date(2026, 11, 22): (1, 1), date(2026, 11, 24): (1, 0), ALL_TIME: (2, 1),
    }  # fmt: skip
    assert counts(niledb) == recount([late, early])


def test_no_contact_no_step_and_no_class_are_no_obstacle(niledb: Niledb) -> None:
    bare = event(contact_id=None, campaign_event_id=None, email_id=None, agent_class=None)
    short = {k: v for k, v in event(2).items() if k not in ("metadata", "campaign_id")}

    assert add_events(niledb, batch(bare, short)) == Added(2, 0)
    assert counts(niledb) == recount([bare, short])
    assert add_events(niledb, b"[]") == Added(0, 0)


SLOW: dict[str, Any] = {  # the fixtures only lead to the server; each example is a new tenant
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
kinds = st.sampled_from(["sent", "opened", "clicked"])
some = st.sampled_from([None, 1, 2])
events = st.lists(
    st.builds(
        event, number=st.integers(1, 40), hours=st.integers(0, 96), event_type=kinds,
        contact_id=some, campaign_event_id=some, email_id=some,
        agent_class=st.sampled_from(["human", "proxy", "unknown", None]),
    ),
    min_size=1, max_size=20, unique_by=lambda one: one["id"],
)  # fmt: skip


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Events, and batches that hold each of them at least once, in any order and cut."""
    made = draw(events)
    again = draw(st.lists(st.sampled_from(made), max_size=10))
    order = draw(st.permutations([*made, *again]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=5)) | {0, len(order)})
    return made, [order[a:b] for a, b in pairwise(cuts)]


@given(case=deliveries(), form=st.sampled_from([0, 0, 1, 2]))
@settings(max_examples=60, **SLOW)
def test_shuffled_doubled_and_cut_batches_count_as_the_events_once(
    case: tuple[list[Event], list[list[Event]]], form: int, server: Server, prepared: str,
    statements: list[str],
) -> None:  # fmt: skip
    made, batches = case
    niledb = at(server, database=prepared, tenant_id=str(uuid4()))
    niledb.form = form

    added = [add_events(niledb, batch(*one)) for one in batches]

    assert sum(one.new for one in added) == len(made)
    assert sum(one.new + one.duplicates for one in added) == sum(map(len, batches))
    assert ids(niledb) == sorted(UUID(one["id"]) for one in made)
    assert counts(niledb) == recount(made)
    niledb.close()


@given(case=deliveries(), forms=st.tuples(st.integers(0, 2), st.integers(0, 2)))
@settings(max_examples=30, **SLOW)
def test_two_writers_side_by_side_count_each_event_once(
    case: tuple[list[Event], list[list[Event]]], forms: tuple[int, int], server: Server,
    prepared: str,
) -> None:  # fmt: skip
    made, batches = case
    tenant, start = str(uuid4()), threading.Barrier(2)
    writers = [at(server, database=prepared, tenant_id=tenant) for _ in forms]

    def write(writer: Niledb, form: int, ours: list[list[Event]]) -> int:
        writer.form = form
        start.wait()
        return sum(add_events(writer, batch(*one)).new for one in ours)

    with ThreadPoolExecutor(2) as pool:  # everything twice, from both ends
        new = list(pool.map(write, writers, forms, [batches, batches[::-1]]))

    assert sum(new) == len(made)
    assert counts(writers[0]) == recount(made)
    for writer in writers:
        writer.close()


def test_four_writers_with_the_same_events_never_wait_in_a_ring(
    server: Server, prepared: str
) -> None:
    dice = Random(3)
    made = [event(n, hours=dice.randrange(200), contact_id=dice.randrange(9),
                  campaign_event_id=dice.randrange(4), email_id=dice.randrange(4),
                  event_type=dice.choice(["sent", "opened"])) for n in range(1, 200)]  # fmt: skip
    niledb = at(server, database=prepared, tenant_id=str(uuid4()), connections=4)

    def write(seed: int) -> int:
        mine = Random(seed).sample(made, len(made))
        return sum(add_events(niledb, batch(*mine[n : n + 40])).new for n in range(0, 200, 40))

    with ThreadPoolExecutor(4) as pool:  # a ring would be Temporary: deadlock detected
        assert sum(pool.map(write, range(4))) == len(made)
    assert counts(niledb) == recount(made)
    niledb.close()


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "canary-in-the-mine"},
        {"id": None},
        {"occurred_at": "canary\n-in-the-mine"},
        {"occurred_at": None},
        {"occurred_at": "0001-01-01T00:00:00Z"},
        {"occurred_at": "infinity"},
        {"contact_id": 2**64},
        {"contact_id": "canary-in-the-mine"},
        {"payload": None},
        {"payload": "\0"},
        {"event_type": "\0"},
        {"payload": float("nan")},
    ],
)
def test_a_bad_row_is_told_from_a_database_that_is_away_and_stores_nothing(
    niledb: Niledb, wrong: dict[str, Any], form: int
) -> None:
    niledb.form = form

    with pytest.raises(BadRow) as caught:
        add_events(niledb, batch(event(1), event(2, **wrong)))

    assert "canary" not in caught.value.message
    assert ids(niledb) == []
    assert counts(niledb) == {}
    assert niledb.form == form
    assert add_events(niledb, batch(event(1))) == Added(1, 0)


@pytest.mark.parametrize("text", [b"\xff", b"[", b"{}", b"[1]", b"null", b'"x"', b"[" * 9000])
@pytest.mark.parametrize("form", [0, 1, 2])
def test_what_is_no_batch_is_bad_too(niledb: Niledb, text: bytes, form: int) -> None:
    niledb.form = form
    with pytest.raises(BadRow):
        add_events(niledb, text)
    assert ids(niledb) == []


@pytest.mark.parametrize(
    ("refused", "form"), [("jsonb_to_recordset", 1), ("fresh as (\ninsert", 2)]
)
def test_a_server_that_refuses_a_way_of_writing_is_written_to_in_another(
    server: Server, prepared: str, refused: str, form: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = psycopg.Cursor.execute

    def refusing(self: Any, query: Any, *more: Any, **named: Any) -> Any:
        if refused in query:
            query = "begin; select no_such_function()"
            more = ()
        return execute(self, query, *more, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", refusing)

    niledb = at(server, database=prepared, tenant_id=str(uuid4()))
    made = [event(1, hours=30), event(2), event(3, contact_id=6)]
    assert add_events(niledb, batch(*made)) == Added(3, 0)
    assert add_events(niledb, batch(*made[::-1])) == Added(0, 3)
    assert niledb.form == form
    assert counts(niledb) == recount(made)
    niledb.close()


def test_another_tenant_sees_and_counts_nothing_of_it(server: Server, prepared: str) -> None:
    mine, other = (at(server, database=prepared, tenant_id=str(uuid4())) for _ in range(2))
    add_events(mine, batch(event(1), event(2)))

    assert add_events(other, batch(event(1))) == Added(1, 0)
    assert (len(ids(mine)), len(ids(other))) == (2, 1)
    assert counts(other) == recount([event(1)])
    mine.close()
    other.close()


def test_a_batch_is_one_trip(niledb: Niledb, statements: list[str]) -> None:
    statements.clear()
    add_events(niledb, batch(event(1)))

    assert [text.split()[0] for text in statements] == ["begin", "set", "with", "commit"]
    assert statements[1] == f"set local nile.tenant_id = '{niledb.tenant}'"

"""The tables of the events come to be there, however many programs begin at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.errors import Conflict, Temporary
from tests.backends.test_niledb import at
from tests.postgres import Server


@pytest.fixture
def niledb(server: Server, database: str, statements: list[str]) -> Iterator[Niledb]:
    made = at(server, database=database)
    yield made
    made.close()


def tables(server: Server, database: str) -> set[str]:
    with server.connect(database) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {row[0] for row in rows}


def test_every_table_is_made_once_and_the_second_look_is_one_statement(
    niledb: Niledb, server: Server, database: str, statements: list[str]
) -> None:
    assert niledb_schema.prepare(niledb) == niledb_schema.VERSION
    assert tables(server, database) == {
        "pmctl_schema", "marketing_events", "event_counts", "event_firsts", "campaign_steps",
    }  # fmt: skip
    statements.clear()

    assert niledb_schema.prepare(niledb) == 0
    assert [text.split()[0] for text in statements] == ["begin", "set", "select", "commit"]


def test_many_that_begin_at_once_all_find_the_tables(server: Server, database: str) -> None:
    start = threading.Barrier(6)
    programs = [at(server, database=database) for _ in range(6)]

    def begin(niledb: Niledb) -> int:
        start.wait()
        niledb_schema.prepare(niledb)
        return niledb_schema.prepare(niledb)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(begin, programs)) == [0] * 6
    for niledb in programs:
        niledb.close()


def test_what_was_interrupted_is_finished(niledb: Niledb, server: Server, database: str) -> None:
    niledb.define(niledb_schema.MIGRATIONS[0][0])

    assert niledb_schema.prepare(niledb) == niledb_schema.VERSION
    assert "campaign_steps" in tables(server, database)


def test_a_table_of_that_name_that_is_not_ours_is_left_alone(
    niledb: Niledb, server: Server, database: str
) -> None:
    with server.connect(database) as connection:
        connection.execute("create table marketing_events (id uuid primary key, event_type text)")

    with pytest.raises(Conflict, match="not pmctl's") as caught:
        niledb_schema.prepare(niledb)
    assert "niledb.database" in caught.value.hint
    assert tables(server, database) == {"pmctl_schema", "marketing_events"}


def test_a_definition_that_others_lock_out_is_tried_again(
    niledb: Niledb, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect(database) as holder:
        holder.execute(f"alter database {database} set lock_timeout = '20ms'")
        holder.execute(niledb_schema.MIGRATIONS[0][0])
        holder.execute("begin; lock table marketing_events in access exclusive mode")
        pauses: list[float] = []

        def released(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                holder.execute("commit")

        monkeypatch.setattr("pmctl.backends.niledb.time.sleep", released)
        niledb.define("alter table marketing_events add column if not exists more text")
        assert pauses == [0.05, 0.1]

        holder.execute("begin; lock table marketing_events in access exclusive mode")
        with pytest.raises(Temporary, match="lock timeout"):
            niledb.define("alter table marketing_events add column if not exists other text")

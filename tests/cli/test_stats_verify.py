"""`pmctl stats verify`: what differs from a recount is shown, and put right beside writers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pmctl.backends import niledb_schema, niledb_verify
from pmctl.backends.niledb import Niledb
from tests.backends.test_niledb import at
from tests.conftest import Run
from tests.mailings import history, store
from tests.postgres import Server

DAMAGE = (
    "update event_counts set total = total + 1 where day = '2026-10-20' and agent = 'all'",
    "update event_counts set contacts = contacts - 1 where day = '0001-01-01'",
    "delete from event_counts where day = '2026-10-21'",
    """insert into event_counts select tenant_id, '2030-01-01', 9, 9, 'opened', 'all', 3, 3
    from event_counts limit 1""",
    "delete from event_firsts where contact_id = 7",
    "update event_firsts set first_at = first_at - interval '3 days' where contact_id = 8",
    "update event_firsts set first_at = first_at + interval '3 days' where contact_id = 9",
)


@pytest.fixture
def niledb(server: Server, database: str, statements: list[str]) -> Iterator[Niledb]:
    made = at(server, database=database)
    niledb_schema.prepare(made)
    store(made, history())
    yield made
    made.close()


def verify(pmctl: Run, *argv: str) -> tuple[int, list[dict[str, Any]]]:
    code, out, _ = pmctl("stats", "verify", *argv, "-o", "json")
    return code, json.loads(out)


def test_nothing_differs_after_ordinary_writing(niledb: Niledb, pmctl: Run) -> None:
    assert verify(pmctl) == (0, [])
    assert verify(pmctl, "--repair") == (0, [])
    code, _, err = pmctl("stats", "verify")
    assert (code, err.strip()) == (0, "the counters are what the events say")


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_shown_and_put_right(
    niledb: Niledb, pmctl: Run, server: Server, database: str, damage: str
) -> None:
    with server.connect(database) as connection:
        count = connection.execute(damage).rowcount
    assert count

    code, found = verify(pmctl)
    assert (code, len(found)) == (2, count)
    assert verify(pmctl, "--repair") == (0, found)
    assert verify(pmctl) == (0, [])


def test_a_difference_names_its_row(
    niledb: Niledb, pmctl: Run, server: Server, database: str
) -> None:
    with server.connect(database) as connection:
        connection.execute(DAMAGE[3])

    code, ((row,)) = verify(pmctl)
    assert code == 2
    assert row == {
        "table": "event_counts", "day": "2030-01-01", "step": 9, "email": 9, "type": "opened",
        "agent": "all", "contact": None, "kept": "3/3", "counted": "0/0",
    }  # fmt: skip


def test_a_repair_beside_writers_leaves_nothing_wrong(
    niledb: Niledb, server: Server, database: str
) -> None:
    more = [one | {"id": one["id"].replace("00000000", "00000001", 1)} for one in history(seed=2)]
    writers = [at(server, database=database) for _ in range(2)]

    def write(niledb: Niledb, part: int) -> None:
        for start in range(part * 20, len(more), 40):
            store(niledb, more[start : start + 20])

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(write, one, part) for part, one in enumerate(writers)]
        repaired = 0
        while not repaired or not all(one.done() for one in running):
            with server.connect(database) as connection:
                connection.execute(
                    "begin; lock table marketing_events in share mode;"
                    "delete from event_counts where agent = 'human';"
                    "delete from event_firsts where contact_id < 50; commit"
                )
            repaired += bool(niledb_verify.repair(niledb))
        for one in running:
            one.result()

    assert niledb_verify.repair(niledb) == niledb_verify.differences(niledb) == []
    for writer in writers:
        writer.close()

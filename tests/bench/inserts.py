"""How fast events are stored, fsync on: against an insert a row and against a plain multi-row one.

Prints rows a second for batches of 1, 10, 100 and 1000, in turns on one server. The counters and
the first event of each contact are part of the price of `add_events`, the others only store rows.
Run: python tests/bench/inserts.py [SECONDS of each measurement]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from pmctl.backends import niledb_schema
from pmctl.backends.embedded import DATABASE, USER, Embedded
from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_events import COLUMNS, add_events

SIZES = (1, 10, 100, 1000)
ROUNDS = 3
AGAINST_ROWS = 3.0  # at 100 and more in a batch, times the rows of an insert each
NAMES = ", ".join(("tenant_id", *COLUMNS))
ROW = "(" + ", ".join(["%s"] * (len(COLUMNS) + 1)) + ")"

Event = dict[str, Any]
_numbers = count(1)
_random = Random(1)


def event() -> Event:
    number = next(_numbers)
    hour, minute = number // 60 % 24, number % 60
    moment = f"2026-10-{1 + number // 1440 % 28:02}T{hour:02}:{minute:02}:00Z"
    return {
        "id": str(UUID(int=_random.getrandbits(128))), "event_type": "opened",
        "source_type": "mautic.email_on_open", "contact_id": _random.randrange(50_000),
        "campaign_event_id": number % 40, "campaign_id": 0, "email_id": number % 40,
        "occurred_at": moment, "received_at": moment, "agent_class": "human",
        "payload": {"stat": {"id": number, "words": "x" * 900}}, "metadata": {},
    }  # fmt: skip


def ours(database: Niledb, events: list[Event]) -> None:
    assert add_events(database, json.dumps(events).encode()).new == len(events)


def plain(database: Niledb, events: list[Event]) -> None:
    rows = ", ".join([ROW] * len(events))
    database.execute(
        f"insert into marketing_events ({NAMES}) values {rows} "
        "on conflict (tenant_id, id) do nothing",
        [value for one in events for value in values(database, one)],
    )


def each(database: Niledb, events: list[Event]) -> None:
    for one in events:
        plain(database, [one])


def values(database: Niledb, one: Event) -> Iterator[Any]:
    yield database.tenant
    for name, kind in COLUMNS.items():
        yield json.dumps(one[name]) if kind == "jsonb" else one[name]


WAYS: dict[str, Callable[[Niledb, list[Event]], None]] = {
    "add_events": ours, "multi-row": plain, "a row each": each,
}  # fmt: skip


def rate(way: Callable[[Niledb, list[Event]], None], database: Niledb, size: int,
         seconds: float) -> float:  # fmt: skip
    """Rows a second, the making of the events left out."""
    spent, rows = 0.0, 0
    while spent < seconds:
        events = [event() for _ in range(size)]
        begun = time.perf_counter()
        way(database, events)
        spent += time.perf_counter() - begun
        rows += size
    return rows / spent


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    missed = False
    with TemporaryDirectory(prefix="bench") as folder:
        Path(folder).chmod(0o755)
        embedded = Embedded(Path(folder) / "pmctl")
        database = Niledb(database=DATABASE, user=USER, sslmode="disable",
                          tenant_id=str(uuid4()), start=embedded.start)  # fmt: skip
        niledb_schema.prepare(database)
        print(f"fsync {database.execute('show fsync')[0][0]}; rows a second, best of {ROUNDS}")
        print(
            f"{'batch':>6}" + "".join(f"{name:>12}" for name in WAYS) + "   to rows  to multi-row"
        )
        for size in SIZES:
            best = dict.fromkeys(WAYS, 0.0)
            for _ in range(ROUNDS):
                for name, way in WAYS.items():
                    best[name] = max(best[name], rate(way, database, size, seconds))
            to_rows = best["add_events"] / best["a row each"]
            to_many = best["add_events"] / best["multi-row"]
            missed |= size >= 100 and to_rows < AGAINST_ROWS
            print(f"{size:>6}" + "".join(f"{best[name]:>12,.0f}" for name in WAYS)
                  + f"{to_rows:>9.1f}x{to_many:>12.2f}x")  # fmt: skip
        database.close()
        embedded.close()
        time.sleep(1)  # the server ends
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

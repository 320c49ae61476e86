"""What makes events wait is said once, and goes by; one body never stops the others."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_events import Added, add_events
from pmctl.errors import ConfigError, NotAllowed, OutcomeUnknown, PmctlError, Unreachable
from pmctl.webhook import drain as drains
from pmctl.webhook.drain import Drain
from pmctl.webhook.events import Event, Parsed, parse, rows
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.spool import Spool, Waiting
from tests.draining import emptied
from tests.serving import wait_until
from tests.webhook_bodies import send


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drains, "PAUSES_SECONDS", (0.001, 0.01))


def stored(niledb: Niledb) -> int:
    ((count,),) = niledb.execute(
        "select count(*) from marketing_events where tenant_id = %s", (niledb.tenant,)
    )
    return int(count)


@pytest.mark.parametrize("error", [
    NotAllowed("the login was refused", hint="check the password"), ConfigError("no such database"),
    PmctlError("cannot execute INSERT in a read-only transaction"), TypeError("s3cr3t"),
])  # fmt: skip
def test_what_somebody_must_mend_is_said_once_and_drains_when_it_is_mended(
    kept: Spool, niledb: Niledb, error: Exception
) -> None:
    tries, mended = 0, False
    said: list[str] = []

    def database() -> Niledb:
        nonlocal tries
        tries += 1
        if mended:
            return niledb
        raise error

    kept.append([(1.0, send(n)) for n in range(9)])
    drain = Drain(kept, database, Metrics(), say=said.append)
    drain.start()
    wait_until(lambda: tries > 20)
    (line,) = said
    assert drain.wrong
    assert drain.wrong in line
    assert "s3cr3t" not in line
    assert getattr(error, "hint", "") in line
    assert kept.backlog()[0] == 9
    mended = True
    wait_until(lambda: kept.backlog()[0] == 0)
    drain.stop()

    assert (drain.wrong, drain.trouble, len(said)) == ("", "", 2)
    assert (stored(niledb), kept.dead_count()) == (9, 0)


def test_a_database_that_is_away_is_said_once_but_no_fault_of_the_configuration(
    kept: Spool, niledb: Niledb
) -> None:
    """Its words change from try to try; then the password is refused, which is another thing."""
    tries = 0
    said: list[str] = []

    def database() -> Niledb:
        nonlocal tries
        tries += 1
        if tries > 50:
            return niledb
        if tries > 30:
            raise NotAllowed("the login was refused")
        raise (Unreachable, OutcomeUnknown)[tries % 2](f"away {tries}")

    kept.append([(1.0, send(1))])
    drain = Drain(kept, database, Metrics(), say=said.append)
    drain.start()
    wait_until(lambda: kept.backlog()[0] == 0)
    drain.stop()
    assert said == ["events wait in the spool: away 1",
                    "events wait in the spool: the login was refused",
                    "events reach the database again"]  # fmt: skip


@pytest.mark.parametrize("where", ["in the spool", "in the database, at a start"])
def test_what_is_mended_is_no_longer_told_although_nothing_comes(
    kept: Spool, niledb: Niledb, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Who asks whether we are ready, and then sends nothing, would wait for ever."""
    metrics, said = Metrics(), list[str]()
    broken = where == "in the spool"
    waiting = Spool.waiting

    def failing(spool: Spool, after: int, limit: int) -> list[Waiting]:
        if broken:
            raise sqlite3.OperationalError("disk I/O error")
        return waiting(spool, after, limit)

    monkeypatch.setattr(Spool, "waiting", failing)
    drain = Drain(kept, lambda: niledb, metrics, say=said.append)
    if not broken:
        drain.failed(NotAllowed("the login was refused"))
    drain.start()
    if broken:
        wait_until(lambda: metrics.trouble() != "")
        broken = False
    wait_until(lambda: metrics.trouble() == "")
    drain.stop()
    assert (drain.trouble, len(said)) == ("", 2)


def test_a_log_that_takes_nothing_does_not_end_the_drain(kept: Spool, niledb: Niledb) -> None:
    tries = 0

    def database() -> Niledb:
        nonlocal tries
        tries += 1
        if tries < 9:
            raise NotAllowed("the login was refused")
        return niledb

    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    kept.append([(1.0, send(n)) for n in range(3)])
    drain = Drain(kept, database, Metrics(), say=full)
    drain.start()
    wait_until(lambda: kept.backlog()[0] == 0)
    drain.stop()
    assert stored(niledb) == 3


def test_a_body_at_which_something_unforeseen_happens_is_put_aside_alone(
    kept: Spool, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(body: bytes, *more: object) -> Parsed:
        if b"hash13" in body:
            raise KeyError("ana@example.com has the password 1234")
        return parse(body, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(drains, "parse", parsed)
    kept.append([(float(n), send(n)) for n in range(40)])
    emptied(kept, niledb)

    assert stored(niledb) == 39
    (letter,) = kept.dead()
    assert (kept.dead_body(letter.id), letter.received_at) == (send(13), 13.0)
    assert re.fullmatch(r"unforeseen: KeyError at test_drain_trouble\.py:\d+", letter.reason)
    monkeypatch.undo()
    kept.retry([letter.id])
    emptied(kept, niledb)
    assert (stored(niledb), kept.dead_count()) == (40, 0)


@pytest.mark.parametrize("where", ["before", "after"])
def test_an_event_at_which_writing_breaks_is_put_aside_and_the_rest_of_its_body_is_stored(
    kept: Spool, niledb: Niledb, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the statement is sent, or after it was carried out: as if its answer were strange."""

    def encoded(events: Sequence[Event]) -> bytes:
        if any(b"hash13" in event.payload for event in events):
            raise ValueError("1234")
        return rows(events)

    def added(database: Niledb, batch: bytes) -> Added:
        done = add_events(database, batch)
        if b"hash13" in batch:
            raise ZeroDivisionError
        return done

    monkeypatch.setattr(
        drains, *(("rows", encoded) if where == "before" else ("add_events", added))
    )
    items = b",".join(send(n)[len(b'{"mautic.email_on_send": [') : -2] for n in range(10, 20))
    kept.append([(1.0, send(1)), (2.0, b'{"mautic.email_on_send":[%b]}' % items), (3.0, send(2))])
    emptied(kept, niledb)

    assert stored(niledb) == 11 + (where == "after")
    (letter,) = kept.dead()
    body = kept.dead_body(letter.id)
    assert (body.count(b"idHash"), b"hash13" in body) == (1, True)
    assert "unforeseen" in letter.reason
    assert "1234" not in letter.reason


def test_nothing_is_put_aside_while_even_a_batch_of_nothing_fails(
    kept: Spool, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def broken(*_: object) -> Added:
        nonlocal tries
        tries += 1
        raise AttributeError("none of the events is at fault")

    monkeypatch.setattr(drains, "add_events", broken)
    kept.append([(1.0, send(n)) for n in range(7)])
    drain = Drain(kept, lambda: niledb, Metrics())
    drain.start()
    wait_until(lambda: tries > 30)
    assert "AttributeError" in drain.wrong
    assert (kept.dead_count(), kept.backlog()[0]) == (0, 7)
    monkeypatch.setattr(drains, "add_events", add_events)
    wait_until(lambda: kept.backlog()[0] == 0)
    drain.stop()
    assert (stored(niledb), kept.dead_count()) == (7, 0)


def test_a_batch_that_takes_longer_than_it_is_waited_for_goes_in_smaller_pieces(
    kept: Spool, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow line: more than three events at once are cut off each time, at first all are."""
    sizes: list[int] = []

    def added(database: Niledb, batch: bytes) -> Added:
        sizes.append(batch.count(b'"idHash"'))
        if sizes[-1] > 3 or len(sizes) < 9:
            raise OutcomeUnknown("cut after 30 seconds")
        return add_events(database, batch)

    monkeypatch.setattr(drains, "add_events", added)
    kept.append([(1.0, send(n)) for n in range(40)])
    emptied(kept, niledb)
    assert (stored(niledb), kept.dead_count()) == (40, 0)
    assert max(sizes) == 40


def test_a_database_that_is_made_anew_gets_its_tables_and_what_waits(
    tmp_path: Path, kept: Spool, niledb: Niledb
) -> None:
    for table in ("pmctl_schema", "marketing_events", "event_counts", "event_firsts",
                  "campaign_steps"):  # fmt: skip
        niledb.define(f"drop table {table}")
    kept.append([(1.0, send(n)) for n in range(7)])
    emptied(kept, niledb)
    assert stored(niledb) == 7


def test_one_lost_table_is_not_passed_over_in_silence(kept: Spool, niledb: Niledb) -> None:
    """An empty one in its place would look as if there had never been an event."""
    niledb.define("drop table marketing_events")
    kept.append([(1.0, send(1))])
    drain = Drain(kept, lambda: niledb, Metrics())
    drain.start()
    wait_until(lambda: "marketing_events" in drain.wrong)
    drain.stop()
    assert kept.backlog()[0] == 1

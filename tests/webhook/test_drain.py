"""Each event once and each dead letter once, whoever drains and whenever it is cut off."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pmctl.backends import niledb_verify
from pmctl.backends.niledb import Niledb
from pmctl.webhook import drain as drains
from pmctl.webhook import events
from pmctl.webhook.drain import Drain
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.spool import Buried, Spool, Waiting
from tests.draining import emptied
from tests.serving import wait_until
from tests.webhook_bodies import send

POISON = send(0).replace(b'"hash0"', b'"poison", "x": "a\\u0000b"')
BROKEN = b'{"mautic.x":[1'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spool with forty sends, one that PostgreSQL refuses, and one that is no JSON."""
    monkeypatch.setattr(events, "_clean", lambda text: text)  # our own guard against a NUL
    monkeypatch.setattr(drains, "PAUSES_SECONDS", (0.001, 0.01))
    monkeypatch.setattr(drains, "BODIES", 5)
    spool = Spool(tmp_path / "spool")
    bodies = [send(n) for n in range(40)]
    bodies[7:7], bodies[23:23] = [POISON], [BROKEN]
    spool.append([(float(n), body) for n, body in enumerate(bodies)])
    spool.close()
    return tmp_path / "spool"


def run(drain: Drain) -> None:
    """Drain in this thread, until nothing waits or something is raised."""
    while bodies := drain._take():
        drain._store(drains._batch(bodies))


def check(spool: Spool, niledb: Niledb) -> None:
    ((count,),) = niledb.execute(
        "select count(*) from marketing_events where tenant_id = %s", (niledb.tenant,)
    )
    assert count == 40
    assert niledb_verify.differences(niledb) == []
    assert sorted(spool.dead_body(one.id)[:14] for one in spool.dead()) == sorted(
        [BROKEN, b'{"mautic.email_on_send"'[:14]]
    )


def test_two_receivers_that_drain_one_spool_store_and_bury_each_once(
    folder: Path, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have every body in hand before either says that it is done with one."""
    both = threading.Barrier(2)
    store, over = Drain._store, []

    def held(self: Drain, batch: drains._Batch) -> None:
        both.wait(20)
        store(self, batch)
        over.append(self)

    monkeypatch.setattr(drains, "BODIES", 100)
    monkeypatch.setattr(Drain, "_store", held)
    spools = [Spool(folder), Spool(folder)]
    receivers = [Drain(spool, lambda: niledb, Metrics()) for spool in spools]
    for one in receivers:
        one.start()
    wait_until(lambda: len(over) == 2)
    for one in receivers:
        one.stop()

    check(spools[0], niledb)
    for spool in spools:
        spool.close()


@pytest.mark.parametrize("after", range(0, 9, 2))
def test_a_kill_between_the_commit_and_the_note_of_it_costs_and_doubles_nothing(
    folder: Path, niledb: Niledb, after: int
) -> None:
    """The first receiver stores `after` batches and dies before it notes the next one."""

    class Killed(SystemExit):
        pass

    class Dying(Spool):
        left = after

        def done(self, ids: Sequence[int], dead: Sequence[Buried] = ()) -> None:
            if self.left == 0:
                raise Killed
            self.left -= 1
            super().done(ids, dead)

    first = Dying(folder)
    drain = Drain(first, lambda: niledb, Metrics())
    with pytest.raises(Killed):
        run(drain)
    first.close()

    spool = Spool(folder)
    assert spool.backlog()[0] == 42 - 5 * after
    emptied(spool, niledb)
    check(spool, niledb)
    spool.close()


def test_a_batch_that_failed_is_taken_again_although_the_other_thread_goes_on(
    folder: Path, niledb: Niledb
) -> None:
    """One thread fails while the other looks for more: what it had in hand is not forgotten."""
    looking, failed = threading.Event(), threading.Event()

    class Slow(Spool):
        looks = 0

        def waiting(self, after: int, limit: int) -> list[Waiting]:
            found = super().waiting(after, limit)
            self.looks += 1
            if self.looks == 2:
                looking.set()
                failed.wait(0.5)  # the other one fails in the middle of this look
            return found

    class Failing(Drain):
        fails = 1

        def _store(self, batch: drains._Batch) -> None:
            if self.fails and 1 in batch.ids:
                self.fails = 0
                assert looking.wait(20)
                threading.Timer(0.1, failed.set).start()
                raise RuntimeError("something of ours")
            super()._store(batch)

    spool = Slow(folder)
    drain = Failing(spool, lambda: niledb, Metrics())
    drain.start()
    wait_until(lambda: spool.backlog()[0] == 0)
    drain.stop()
    check(spool, niledb)
    spool.close()

"""One change at a time between machines: the lease in the database, by real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.clients.locks import Locked, LockLost
from pmctl.clients.nile_locks import NileLocks
from pmctl.errors import PmctlError, Unreachable
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.backends.test_niledb import at, cut
from tests.campaigns import in_two_lines, written
from tests.conftest import Run
from tests.postgres import Server
from tests.sandboxes import Do, answering, campaigns_in
from tests.shell import PMCTL, environment, run

MAUTIC = "https://mtc.example.com"
Make = Callable[..., NileLocks]


@pytest.fixture
def make(server: Server, database: str, statements: list[str]) -> Iterator[Make]:
    """Make locks with a connection of their own, as another machine has."""
    opened: list[Niledb] = []

    def made(mautic: str = MAUTIC, lease_seconds: float = 60) -> NileLocks:
        opened.append(niledb := at(server, database=database))
        return NileLocks(lambda: niledb, mautic, lease_seconds)

    yield made
    for niledb in opened:
        niledb.close()


def rows(server: Server, database: str) -> list[tuple[str, str]]:
    with server.connect(database) as connection:
        return connection.execute("select name, doing from pmctl_locks").fetchall()


def age(server: Server, database: str) -> None:
    """Let the lease of everybody be over, as when a minute has passed."""
    with server.connect(database) as connection:
        connection.execute("update pmctl_locks set expires_at = now() - interval '1 second'")


def test_the_second_one_is_told_who_does_what_since_when(
    make: Make, server: Server, database: str
) -> None:
    with (
        make().hold("nudge", "rollback"),
        pytest.raises(Locked) as caught,
        make().hold("nudge", "apply"),
    ):
        pass

    assert caught.value.exit_code == 75
    assert caught.value.message.startswith("nudge is being changed: rollback by ")
    assert f"@{os.uname().nodename} (process {os.getpid()}) since 20" in caught.value.message
    assert "--lock-timeout" in caught.value.hint
    assert "over in 60 s" in caught.value.hint
    assert rows(server, database) == []


def test_other_keys_and_other_servers_are_free(make: Make, server: Server, database: str) -> None:
    with (
        make().hold("nudge", "apply"),
        make().hold("it's; drop", "apply"),
        make("https://staging.example.com").hold("nudge", "apply"),
    ):
        assert len(rows(server, database)) == 3


def test_an_error_inside_gives_the_lock_back(make: Make, server: Server, database: str) -> None:
    with pytest.raises(KeyboardInterrupt), make().hold("nudge", "apply"):
        raise KeyboardInterrupt

    assert rows(server, database) == []


def test_one_that_may_wait_goes_on_when_the_first_is_done(make: Make) -> None:
    order: list[str] = []
    first, second = make(), make()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        with second.hold("nudge", "b", 30):
            order.append("second")

    waiting = threading.Thread(target=wait)
    with first.hold("nudge", "apply"):
        waiting.start()
        begun.wait()
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]


def test_many_that_begin_at_once_make_one_table_and_one_holder(make: Make) -> None:
    start, done = threading.Barrier(6), threading.Barrier(6, timeout=20)
    locks = [make() for _ in range(6)]

    def one(number: int) -> str:
        start.wait()
        try:
            with locks[number].hold("nudge", "apply"):
                done.wait()
                return "held"
        except Locked:
            done.wait()
            return "refused"
        except PmctlError:
            done.abort()
            raise

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(one, range(6)))

    assert found == ["held", *["refused"] * 5]


def test_the_lease_is_renewed_while_the_work_goes_on(
    make: Make, server: Server, database: str
) -> None:
    locks, other = make(lease_seconds=1.2), make()

    with locks.hold("nudge", "apply"):
        age(server, database)
        again = threading.Event()
        for _ in range(100):  # the next renewal comes within a fifth of a second
            with server.connect(database) as connection:
                found = connection.execute("select expires_at > now() from pmctl_locks").fetchone()
            if found == (True,):
                break
            again.wait(0.02)
        assert found == (True,)
        locks.check()
        with pytest.raises(Locked), other.hold("nudge", "apply"):
            pass


def test_a_connection_that_breaks_between_renewals_costs_nothing(
    make: Make, server: Server, database: str
) -> None:
    locks = make()
    with locks.hold("nudge", "apply"):
        cut(server)
        locks.check()

    assert rows(server, database) == []


def test_a_lock_that_somebody_took_over_stops_the_next_write(
    make: Make, server: Server, database: str
) -> None:
    locks = make(lease_seconds=0.6)

    with locks.hold("nudge", "apply"):
        with server.connect(database) as connection:
            connection.execute("update pmctl_locks set owner = gen_random_uuid(), who = 'bo@b'")
        lost = lost_in_time(locks)

    assert lost.exit_code == 75
    assert lost.message == "the lock of nudge could not be kept: somebody else has taken it"
    assert len(rows(server, database)) == 1  # the other one's is left alone


def test_a_database_that_is_away_ends_the_lock_before_its_lease(
    make: Make, server: Server, database: str
) -> None:
    locks = make(lease_seconds=1.2)

    with locks.hold("nudge", "apply"):
        with server.connect() as connection:
            connection.execute(f"alter database {database} allow_connections false")
        cut(server)
        locks.check()  # the lease is still good
        lost = lost_in_time(locks)

    assert "is not currently accepting connections" in lost.message
    assert "it looks first and finishes what is missing" in lost.hint


def lost_in_time(locks: NileLocks) -> LockLost:
    """Return what the check raises within two seconds."""
    for _ in range(100):
        try:
            locks.check()
        except LockLost as exc:
            return exc
        threading.Event().wait(0.02)
    pytest.fail("the lock was not lost")


def test_no_database_is_no_lock_and_nothing_is_sent(
    file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("HOST", str(tmp_path)), ("DATABASE", "x"), ("USER", "ana")):
        monkeypatch.setenv(f"PMCTL_NILEDB_{name}", value)
    monkeypatch.setenv("PMCTL_NILEDB_PASSWORD", "kanarienvogel")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == Unreachable.exit_code
    assert "the database x at" in in_two_lines(err)
    assert "kanarienvogel" not in err
    assert written(sandbox) == []


def test_two_applies_of_two_machines_at_once_are_one(
    file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox, server: Server, database: str
) -> None:
    others: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(request: Request, do: Do) -> Answer:
        if request.path == "/api/emails/new" and not others:
            elsewhere = {"HOME": str(tmp_path)}  # another home, another folder of locks
            others.append(run(*PMCTL, "campaign", "apply", str(file), **elsewhere))
        return do(request)

    answering(sandbox, meanwhile)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert others[0].returncode == 75
    assert "nudge is being changed: apply by " in in_two_lines(others[0].stderr)
    assert len(campaigns_in(sandbox)) == 1
    assert rows(server, database) == []
    assert pmctl("campaign", "publish", "nudge")[0] == 0


def test_a_killed_apply_is_over_with_its_lease(
    file: Path, pmctl: Run, sandbox: MauticSandbox, server: Server, database: str
) -> None:
    there, go = threading.Event(), threading.Event()

    def hold(request: Request, do: Do) -> Answer:
        if request.path == "/api/campaigns/new":
            there.set()
            go.wait()
            return Answer(500, {})
        return do(request)

    real = sandbox.mautic.answer
    answering(sandbox, hold)
    command = [*PMCTL, "campaign", "apply", str(file)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as process:
        there.wait()
        process.kill()
        assert process.wait() == -signal.SIGKILL
    go.set()
    sandbox.mautic.answer = real  # type: ignore[method-assign]

    code, _, err = pmctl("campaign", "apply", file)
    assert code == 75
    assert f"(process {process.pid}) since " in in_two_lines(err)
    assert "if it died, its lock is over in" in err

    age(server, database)
    assert pmctl("campaign", "apply", file)[0] == 0
    assert len(campaigns_in(sandbox)) == 1


def test_a_database_lost_in_an_apply_stops_it_after_the_write_under_way(
    file: Path, pmctl: Run, sandbox: MauticSandbox, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pmctl.clients import nile_locks

    later = [0.0]
    real = nile_locks._now
    monkeypatch.setattr(nile_locks, "_now", lambda: real() + later[0])

    def meanwhile(request: Request, do: Do) -> Answer:
        if request.path == "/api/emails/new":
            later[0] = 31  # no renewal for more than half of the lease
        return do(request)

    answer = sandbox.mautic.answer
    answering(sandbox, meanwhile)
    code, _, err = pmctl("campaign", "apply", file)

    assert code == LockLost.exit_code == 75
    assert "the lock of nudge could not be kept" in in_two_lines(err)
    assert [line for line in written(sandbox) if "campaigns" in line] == []
    assert written(sandbox).count("POST /api/emails/new") == 1
    later[0] = 0
    sandbox.reset_requests()

    sandbox.mautic.answer = answer  # type: ignore[method-assign]
    assert pmctl("campaign", "apply", file)[0] == 0
    assert written(sandbox).count("POST /api/emails/new") == 1  # the other one only
    assert len(campaigns_in(sandbox)) == 1

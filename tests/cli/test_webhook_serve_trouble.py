"""`pmctl webhook serve` with a database that cannot be used as it is configured."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from argparse import Namespace
from pathlib import Path

import pytest

from pmctl.cli import webhook_serve
from pmctl.clients import webhook_status
from pmctl.errors import ConfigError
from tests.conftest import Run
from tests.postgres import PASSWORD, Server
from tests.serving import Served, serving, wait_until
from tests.shell import PMCTL, environment
from tests.webhook_bodies import SECRET, send


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("PMCTL_NILEDB_SSLMODE", "disable")


@pytest.mark.parametrize(
    ("setting", "value", "code", "said", "hint"),
    [
        ("PASSWORD", None, 78, "niledb.password is nowhere to be found", "config set-secret"),
        ("PASSWORD", "guessed", 4, "password authentication failed", "check niledb.user"),
        ("DATABASE", "elsewhere", 78, 'database "elsewhere" does not exist', "niledb.database"),
        ("USER", "", 78, "niledb.user is not set", "config set niledb.user"),
    ],
)
def test_a_database_that_refuses_us_is_an_error_at_the_start(
    pmctl: Run, monkeypatch: pytest.MonkeyPatch,
    setting: str, value: str | None, code: int, said: str, hint: str,
) -> None:  # fmt: skip
    monkeypatch.delenv(f"PMCTL_NILEDB_{setting}")
    if value is not None:
        monkeypatch.setenv(f"PMCTL_NILEDB_{setting}", value)
    ended, _, err = pmctl("webhook", "serve", "--listen", "127.0.0.1:0")
    error, told = err.splitlines()[-2:]
    assert ended == code, err
    assert said in error
    assert hint in told
    assert "listening" not in err


def test_a_database_that_is_away_is_waited_for_in_readiness() -> None:
    with serving(PMCTL_NILEDB_HOST="/nowhere") as served:
        assert served.status_of(send(1), SECRET) == 200
        assert served.readiness() == (200, "ready\n")
        assert served.figure("pmctl_webhook_waiting") == 1
    (line,) = [line for line in served.said if "events wait" in line]
    assert "No such file or directory" in line


def test_an_address_with_a_host_of_numbers_and_colons_is_told_as_one() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    words = [*PMCTL, "webhook", "serve", "--listen", "[::1]:0"]
    with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        try:
            line = child.stderr.readline()
        finally:
            child.terminate()
        child.communicate()
    assert re.search(r"on http://\[::1\]:\d+/webhooks/mautic$", line)


@pytest.mark.parametrize("listen", ["127.0.0.1", ":80", "127.0.0.1:\u00b2", "127.0.0.1:70000"])
def test_an_address_without_a_host_or_a_port_is_no_address(pmctl: Run, listen: str) -> None:
    code, _, err = pmctl("webhook", "serve", "--listen", listen)
    assert (code, "not HOST:PORT" in err) == (64, True)


def test_a_receiver_that_is_not_ready_but_takes_webhooks_is_not_said_to_refuse_them() -> None:
    class Red:
        def trouble(self) -> str:
            return "the database refuses the login"

    part = webhook_status.receiver(Red(), "http://r")  # type: ignore[arg-type]
    assert (part.state, part.said) == (
        "wrong", ("http://r answers, but is not ready: the database refuses the login",),
    )  # fmt: skip


def test_a_database_that_does_not_answer_at_the_start_is_waited_for_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Webhooks are received meanwhile, and what it says later is for the drain to find out."""
    answers = threading.Event()

    class Slow:
        config = Namespace(names_database=False)

        def database(self) -> None:
            answers.wait(20)
            raise ConfigError("too late to stop")

    monkeypatch.setattr(webhook_serve, "CHECK_SECONDS", 0.01)
    assert webhook_serve._checked(Slow()) is None  # type: ignore[arg-type]
    answers.set()
    monkeypatch.undo()
    with pytest.raises(ConfigError):
        webhook_serve._checked(Slow())  # type: ignore[arg-type]


def test_a_password_that_changes_while_it_runs_turns_readiness_red_until_it_is_told(
    server: Server, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is restarted: the new one is written into the file that the setting names."""
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("the first one")
    with server.connect() as admin:
        admin.execute("create role ben login password 'the first one'")
        admin.execute(f"alter database {database} owner to ben")
    monkeypatch.delenv("PMCTL_NILEDB_PASSWORD")
    with serving(PMCTL_NILEDB_USER="ben", PMCTL_NILEDB_PASSWORD_FILE=str(file)) as served:
        assert served.status_of(send(1), SECRET) == 200
        served.stored()
        with server.connect() as admin:
            admin.execute("alter role ben password 'another one'")
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ben'"
            )
        for number in (2, 3):
            assert served.status_of(send(number), SECRET) == 200
        wait_until(lambda: served.readiness()[0] == 503)
        assert "password authentication failed" in served.readiness()[1]
        file.write_text("another one")
        served.stored()
        wait_until(lambda: served.readiness() == (200, "ready\n"))
        assert served.figure("pmctl_webhook_drained_total") == 3
    _said_once(served, "authentication failed")


def test_a_database_that_is_dropped_while_it_runs_gets_what_waited_when_it_is_back(
    server: Server, database: str
) -> None:
    with serving() as served:
        assert served.status_of(send(1), SECRET) == 200
        served.stored()
        with server.connect() as admin:
            admin.execute(f"drop database {database} with (force)")
        assert served.status_of(send(2), SECRET) == 200
        wait_until(lambda: "does not exist" in served.readiness()[1])
        with server.connect() as admin:
            admin.execute(f"create database {database}")
        served.stored()
    with server.connect(database) as admin:
        rows = admin.execute("select contact_id from marketing_events").fetchall()
    assert rows == [(2,)]
    _said_once(served, "does not exist")


def _said_once(served: Served, words: str) -> None:
    assert len([line for line in served.said if words in line]) == 1, served.said
    assert sum("reach the database again" in line for line in served.said) == 1
    assert PASSWORD not in "".join(served.said)

"""`pmctl webhook serve --workers N`: several processes that answer as one, and lose nothing."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pmctl.errors import ConfigError
from pmctl.paths import state_home
from pmctl.webhook import metrics as figures
from pmctl.webhook import processes
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.processes import Processes
from pmctl.webhook.spool import Buried
from pmctl.webhook.spools import Spools, numbers, spool_at
from tests.conftest import Run
from tests.faulting import Load, Place, body_of
from tests.postgres import Machine
from tests.serving import Served, wait_until
from tests.shell import PMCTL
from tests.webhook_bodies import SECRET


@pytest.fixture
def place(server: Machine) -> Place:
    return Place.new(server)


def running(pid: int) -> bool:
    """Whether there is such a process, other than one that ended and is not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(served: Served, which: int) -> None:
    """Kill the drain (0) or a worker (1, 2, …) and wait until another is in its place."""
    before = served.children()
    os.kill(before[which], signal.SIGKILL)
    wait_until(lambda: before[which] not in (now := served.children()) and len(now) == len(before))


def folder() -> Path:
    return state_home() / "spool" / "default"


def test_workers_that_are_killed_under_load_lose_nothing_and_come_back(place: Place) -> None:
    load = Load(threads=8)
    with place.serving("--workers", "2") as served:
        load.port = served.port
        with load.running():
            for which in (1, 2, 0, 1):
                load.more(60)
                kill(served, which)
            load.more(60)
        served.stored()
        assert served.figure("pmctl_webhook_restarts_total") == 4
        assert served.figure("pmctl_webhook_spooled_total") >= len(load.answered)
        assert sum("ended (SIGKILL); it is started again" in line for line in served.said) == 4
    spooled = [sum(1 for _ in spool.waiting(0, 9)) for spool in Spools(folder())]
    found = place.figures(load)
    print(found)
    assert (found.clean, found.answered >= 300, spooled) == (True, True, [0, 0])


def test_what_was_wrong_in_a_process_that_was_killed_is_not_told_for_ever(
    place: Place, server: Machine
) -> None:
    name = place.settings["PMCTL_NILEDB_DATABASE"]
    with place.serving("--workers", "2") as served:
        with server.connect() as admin:
            admin.execute(f"drop database {name} with (force)")
        assert served.status_of(body_of(1), SECRET) == 200
        wait_until(lambda: "does not exist" in served.readiness()[1])
        with server.connect() as admin:
            admin.execute(f"create database {name} owner ana")
        kill(served, 0)
        served.stored()
        wait_until(lambda: served.readiness() == (200, "ready\n"))


def test_whoever_answers_tells_the_figures_of_all(place: Place) -> None:
    load = Load(threads=8)
    with place.serving("--workers", "3") as served:
        load.port = served.port
        with load.running():
            load.more(200)
        served.stored()
        told = {served.figure("pmctl_webhook_received_total") for _ in range(12)}
        assert told == {len(load.answered)}
        assert served.figure("pmctl_webhook_drained_total") == 3 * len(load.answered)
        assert served.figure("pmctl_webhook_waiting") == 0
    assert place.figures(load).clean


def test_no_process_outlives_the_first_one_that_is_killed(place: Place) -> None:
    with place.serving("--workers", "2", ends=-signal.SIGKILL) as served:
        children = served.children()
        assert len(children) == 3
        served.child.kill()
        wait_until(lambda: not any(running(pid) for pid in children))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_end_together(place: Place, end: signal.Signals) -> None:
    load = Load(threads=4)
    ends = 128 + end.value
    with place.serving("--workers", "2", ends=ends) as served:
        children = served.children()
        load.port = served.port
        with load.running():
            load.more(40)
            if end == signal.SIGINT:
                served.child.send_signal(end)
                served.child.wait(20)
    assert not any(running(pid) for pid in children)
    assert not [line for line in served.said if "Traceback" in line or "ended" in line]
    with place.serving() as again:
        again.stored()
    assert place.figures(load).clean


def test_a_look_while_nobody_drains_loses_nothing_of_what_comes_after_it(place: Place) -> None:
    load = Load()
    words = [*PMCTL, "webhook", "dead", "list"]
    with place.serving(ends=-signal.SIGKILL) as served:
        load.port = served.port
        with load.running():
            load.more(20)
            drain = served.children()[0]
            os.kill(served.child.pid, signal.SIGSTOP)  # so that it starts no other
            os.kill(drain, signal.SIGKILL)
            wait_until(lambda: not running(drain))
            subprocess.run(words, env=served.env, check=True, capture_output=True, timeout=60)
            load.more(20)
        served.child.kill()
    with place.serving() as again:
        again.stored()
    assert place.figures(load).clean


def test_what_a_worker_left_is_stored_when_fewer_run(place: Place) -> None:
    load = Load()
    for number in (1, 2, 7):
        spool = spool_at(folder(), number)
        spool.append([(1.0, b'{"mautic.email_on_send":[{"idHash":"%d"}]}' % number)])
        spool.close()
    assert numbers(folder()) == [1, 2, 7]
    with place.serving() as served:
        served.stored()
        assert served.figure("pmctl_webhook_drained_total") == 3
    assert place.figures(load).stored == 1  # events of nobody: contact 0
    assert [spool.backlog()[0] for spool in Spools(folder())] == [0, 0, 0]


def test_a_spool_that_takes_nothing_turns_every_worker_unready_until_it_does(
    place: Place,
) -> None:
    load = Load(threads=16)
    with place.serving("--workers", "2") as served:
        load.port = served.port
        with load.running():
            load.more(20)
            limit(served.children()[2], 4096)
            wait_until(lambda: load.cut > 0)
            wait_until(lambda: "the spool takes nothing" in served.readiness()[1])
            limit(served.children()[2], resource.RLIM_INFINITY)
            wait_until(lambda: served.readiness() == (200, "ready\n"))
        served.stored()
        assert served.figure("pmctl_webhook_restarts_total") == 0
    assert place.figures(load).clean


def limit(pid: int, size: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_second_receiver_cannot_take_the_address(place: Place) -> None:
    with place.serving("--workers", "2") as served:
        words = [one.replace(":0", f":{served.port}") for one in served.words]
        done = subprocess.run(words, env=served.env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, "cannot listen" in done.stderr) == (1, True)


def test_the_commands_see_the_spools_of_all_workers(
    pmctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_WEBHOOK_SPOOL", str(tmp_path / "kept"))
    for number in (1, 2):
        spool = spool_at(tmp_path / "kept", number)
        spool.append([(float(number), b"{}"), (number + 10.0, b"no %d" % number)])
        spool.done([2], [Buried(2, number + 10.0, "not a JSON object", b"no %d" % number)])
        spool.close()

    told = json.loads(pmctl("webhook", "status", "-o", "json")[1])["spool"]
    assert (told["waiting"], told["dead"]) == (2, 2)
    listed = json.loads(pmctl("webhook", "dead", "list", "-o", "json")[1])
    first, second = (letter["id"] for letter in listed)
    assert first != second
    assert pmctl("webhook", "dead", "show", str(second))[1] == "no 2\n"
    assert "1 wait again" in pmctl("webhook", "dead", "retry", str(second))[2]
    assert pmctl("webhook", "dead", "purge", str(second), "--yes")[0] == 3
    assert pmctl("webhook", "dead", "purge", str(first), "--yes")[0] == 0
    assert "2 bodies" in pmctl("webhook", "replay", "--from", "1970-01-01")[2]
    assert json.loads(pmctl("webhook", "status", "-o", "json")[1])["spool"]["waiting"] == 5


def test_a_process_that_ends_again_and_again_is_started_less_and_less_often() -> None:
    said: list[str] = []
    made = Processes(say=said.append)
    made.start("worker", lambda: None)
    (one,) = made._all
    wait_until(lambda: not made._living())
    pauses = []
    for _ in range(8):
        made._gone(one, "exit code 1")
        pauses.append(one.pause)
    made.end()
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert said[0] == "the worker ended (exit code 1); it is started again"


def test_one_that_ends_again_and_again_is_told_until_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    said: list[str] = []
    marks, mark = os.pipe()
    monkeypatch.setattr(processes, "PAUSES_SECONDS", (0.001, 0.001))

    def broken() -> None:
        os.read(marks, 1)
        raise ConfigError("the spool cannot be used")

    made = Processes(say=said.append, ailing=told.append)
    made.start("worker 2", broken)

    def looks_until(true: Callable[[], bool]) -> None:
        def looked() -> bool:
            made._look()
            return true()

        wait_until(looked)

    for number in range(processes.AILING):
        assert told == []
        os.write(mark, b".")
        looks_until(lambda number=number: made._all[0].ends > number)  # type: ignore[misc]
    assert told == ["the worker 2 ends again and again (exit code 1)"]
    assert not [line for line in said if "Traceback" in line]
    monkeypatch.setattr(processes, "STEADY_SECONDS", 0.0)
    looks_until(lambda: told[-1] == "")
    made.end()
    os.close(marks)
    os.close(mark)


def test_a_process_that_is_started_again_has_heard_of_every_sighup() -> None:
    """What this process read at its start is old: it must learn of it too."""
    before = signal.getsignal(signal.SIGHUP)
    heard: list[str] = []
    told, tell = os.pipe()

    def run() -> None:
        last = -1
        while True:
            if len(heard) != last:
                last = len(heard)
                os.write(tell, b"%d" % last)
            threading.Event().wait(0.01)

    made = Processes(say=lambda _: None, hung_up=lambda: heard.append("SIGHUP"))
    made.start("worker", run)
    assert os.read(told, 1) == b"0"
    signal.raise_signal(signal.SIGHUP)  # before `keep`: it must not end us
    assert os.read(told, 1) == b"1"
    os.kill(made._all[0].pid, signal.SIGKILL)
    wait_until(lambda: not made._living())
    made._again(made._all[0])
    assert os.read(told, 1) == b"1"
    made.end()
    assert signal.getsignal(signal.SIGHUP) == before
    os.close(told)
    os.close(tell)


def test_a_worker_that_was_killed_comes_back_with_the_secret_of_the_last_sighup(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text("one\n")
    del place.settings["PMCTL_WEBHOOK_SECRET"]
    with place.serving(PMCTL_WEBHOOK_SECRET_FILE=str(file)) as served:
        file.write_text("two\n")
        served.child.send_signal(signal.SIGHUP)
        wait_until(lambda: served.status_of(body_of(1), "two") == 200)
        kill(served, 1)
        assert [served.status_of(body_of(2), one) for one in ("one", "two")] == [401, 200]
        served.stored()


def test_a_process_that_cannot_be_made_is_tried_again_and_a_full_log_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(text: str) -> None:
        raise OSError(28, text)

    again: list[int] = []
    made = Processes(say=full, restarted=lambda: again.append(1))
    made.start("worker", lambda: None)
    (one,) = made._all
    wait_until(lambda: not made._living())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", lambda: full("no more processes"))
        made._again(one)
    assert (one.pid, one.pause > 0, again) == (0, True, [])
    made._again(one)
    assert (one.pid > 0, again) == (True, [1])
    made.end()


def test_what_is_wrong_in_one_process_is_told_whole_by_another() -> None:
    here = Metrics(3)
    there, other = here.at(1), here.at(2)
    other.add("received", 2)
    there.add("received", 3)
    there.add('refused{reason="size"}')
    assert here.get("received") == 5
    assert 'refused_total{reason="size"} 1' in here.text(0, 0.0)
    there.say("ü" * figures._TEXT_BYTES)
    assert here.trouble() == "ü" * (figures._TEXT_BYTES // 2)
    other.say("second")
    there.say("first")
    assert here.trouble() == "first"
    there.say("")
    assert here.trouble() == "second"
    other.say("")
    assert here.trouble() == ""

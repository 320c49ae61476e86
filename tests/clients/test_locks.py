"""One change of a campaign at a time: the second one waits or is told who is at it."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from pmctl.clients.locks import FileLocks, Locked
from pmctl.errors import PmctlError
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import Do, answering, campaigns_in
from tests.shell import PMCTL, environment, run


@pytest.fixture
def locks(tmp_path: Path) -> FileLocks:
    return FileLocks(tmp_path / "locks", "https://mtc.example.com")


def test_the_second_one_is_told_who_does_what_since_when(tmp_path: Path, locks: FileLocks) -> None:
    other = FileLocks(tmp_path / "locks", "https://mtc.example.com")

    with (
        locks.hold("nudge", "rollback"),
        pytest.raises(Locked) as caught,
        other.hold("nudge", "apply"),
    ):
        pass

    assert caught.value.exit_code == 75
    assert caught.value.message.startswith("nudge is being changed: rollback by ")
    assert " since 20" in caught.value.message
    with other.hold("nudge", "apply"):
        pass


def test_other_keys_and_other_servers_are_free(tmp_path: Path, locks: FileLocks) -> None:
    elsewhere = FileLocks(tmp_path / "locks", "https://staging.example.com")

    with (
        locks.hold("nudge", "apply"),
        locks.hold("../nudge", "apply"),
        elsewhere.hold("nudge", "apply"),
    ):
        names = [path.name for path in (tmp_path / "locks").iterdir()]

    assert len(names) == 3  # whatever a key is, it stays in the folder


def test_one_that_may_wait_goes_on_when_the_first_is_done(tmp_path: Path, locks: FileLocks) -> None:
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with FileLocks(tmp_path / "locks", "https://mtc.example.com").hold("nudge", "b", 30):
            order.append("second")

    waiting = threading.Thread(target=second)
    with locks.hold("nudge", "apply"):
        waiting.start()
        begun.wait()
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]


def test_a_lock_that_cannot_be_is_an_error_not_a_silence(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where the folder should be")

    with (
        pytest.raises(PmctlError, match="cannot be used: File exists") as caught,
        FileLocks(tmp_path / "locks", "https://mtc.example.com").hold("nudge", "apply"),
    ):
        pass

    assert "nothing was sent" in caught.value.hint


def test_two_applies_of_one_machine_at_once_are_one(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    others: list[subprocess.CompletedProcess[str]] = []

    def meanwhile(request: Request, do: Do) -> Answer:
        if request.path == "/api/emails/new" and not others:
            others.append(run(*PMCTL, "campaign", "apply", str(file)))
        return do(request)

    answering(sandbox, meanwhile)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert others[0].returncode == 75
    assert "nudge is being changed: apply by " in in_two_lines(others[0].stderr)
    assert len(campaigns_in(sandbox)) == 1
    assert pmctl("campaign", "publish", "nudge")[0] == 0


def test_a_locked_campaign_does_not_stop_the_others(
    file: Path, home: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    (tmp_path / "other.yaml").write_text(NUDGE.replace("nudge", "zeta").replace("Nudge", "Zeta"))
    held = FileLocks(home / ".local" / "state" / "pmctl" / "locks", sandbox.url)

    with held.hold("nudge", "apply"):
        code, out, err = pmctl("campaign", "apply", tmp_path)

    assert code == 75
    assert "zeta: created" in out
    assert "nudge is being changed" in in_two_lines(err)


def test_a_killed_apply_leaves_no_lock(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
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

    assert pmctl("campaign", "apply", file)[0] == 0


def test_publishing_waits_for_an_apply_or_refuses(
    file: Path, home: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()
    held = FileLocks(home / ".local" / "state" / "pmctl" / "locks", sandbox.url)

    with held.hold("nudge", "apply"):
        code, _, err = pmctl("campaign", "unpublish", "nudge", "--lock-timeout", "0.05")

    assert code == 75
    assert "--lock-timeout" in err
    assert written(sandbox) == []

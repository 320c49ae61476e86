"""Every write is noted before it is sent and after it was answered; without a note nothing goes."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients.journal import Journal, Outcome
from pmctl.errors import NotAllowed, OutcomeUnknown, PmctlError


class Audited(list[tuple[str, Outcome]]):
    """What the audit log was told."""

    def __call__(self, target: str, outcome: Outcome) -> None:
        self.append((target, outcome))


@pytest.fixture
def audited() -> Audited:
    return Audited()


@pytest.fixture
def journal(tmp_path: Path, audited: Audited) -> Journal:
    return Journal(tmp_path / "state" / "journal.jsonl", audited)


def _lines(tmp_path: Path) -> list[dict[str, Any]]:
    text = (tmp_path / "state" / "journal.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_write_is_noted_before_and_after(
    tmp_path: Path, journal: Journal, audited: Audited
) -> None:
    with journal.write("POST", "emails/new", what="offer"):
        (begun,) = _lines(tmp_path)
        assert audited == []

    assert (begun["state"], begun["method"], begun["target"]) == ("begin", "POST", "emails/new")
    assert (begun["what"], begun["pid"]) == ("offer", os.getpid())
    assert begun["time"].endswith("+00:00")
    assert [line["state"] for line in _lines(tmp_path)] == ["begin", "done"]
    assert audited == [("POST emails/new", "ok")]


@pytest.mark.parametrize(
    ("error", "state"),
    [(NotAllowed("no permission"), "failed"), (OutcomeUnknown("cut"), "unknown")],
)
def test_what_went_wrong_is_noted_and_raised(
    error: PmctlError, state: str, tmp_path: Path, journal: Journal, audited: Audited
) -> None:
    with pytest.raises(type(error)), journal.write("PUT", "campaigns/1/edit"):
        raise error

    assert [line["state"] for line in _lines(tmp_path)] == ["begin", state]
    assert _lines(tmp_path)[1]["error"] == error.message
    assert audited == [("PUT campaigns/1/edit", state)]


def test_a_write_that_was_interrupted_is_left_begun(
    tmp_path: Path, journal: Journal, audited: Audited
) -> None:
    with pytest.raises(KeyboardInterrupt), journal.write("PUT", "campaigns/1/edit"):
        raise KeyboardInterrupt

    assert [line["state"] for line in _lines(tmp_path)] == ["begin"]
    assert audited == []


def test_the_journal_is_for_its_owner_alone(tmp_path: Path, journal: Journal) -> None:
    with journal.write("POST", "emails/new"):
        pass

    assert (tmp_path / "state" / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_each_line_is_on_disk_before_the_write_is_sent(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    with journal.write("POST", "emails/new"):
        assert len(synced) == 1
    assert len(synced) == 2


def _no_space(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _half(handle: int, data: bytes) -> int:
    return len(data) // 2


@pytest.mark.parametrize(("call", "broken"), [("write", _no_space), ("fsync", _no_space)])
def test_without_a_journal_nothing_is_done(
    call: str, broken: Any, journal: Journal, audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, broken)
    done = False

    with (
        pytest.raises(PmctlError, match="cannot be written: No space left") as caught,
        journal.write("POST", "emails/new"),
    ):
        done = True

    assert not done
    assert "nothing was sent" in caught.value.hint
    assert audited == []


def test_half_a_line_is_no_note(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", _half)

    with pytest.raises(PmctlError, match="No space left"), journal.write("POST", "emails/new"):
        pass


def test_a_disk_that_is_full_afterwards_does_not_undo_what_was_done(
    tmp_path: Path, journal: Journal, audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    with journal.write("POST", "emails/new"):
        monkeypatch.setattr(os, "write", _no_space)

    monkeypatch.undo()
    assert [line["state"] for line in _lines(tmp_path)] == ["begin"]
    assert audited == [("POST emails/new", "ok")]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, audited: Audited) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    journal = Journal(tmp_path / "state" / "journal.jsonl", audited)

    with pytest.raises(PmctlError, match="cannot be written"), journal.write("POST", "emails/new"):
        pass

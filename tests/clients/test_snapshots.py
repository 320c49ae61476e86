"""What was there before a change is on disk before the change is sent."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients import snapshots as module
from pmctl.clients.snapshots import KEPT, Snapshots
from pmctl.errors import BadInput, NotFound, UsageError
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, in_two_lines, written
from tests.conftest import Run

CAMPAIGN: dict[str, Any] = {"id": 7, "name": "Nüdge \U0001f44b"}
EMAILS = [{"id": 3, "customHtml": "<p>Hello</p>"}]


@pytest.fixture
def kept(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots")


def _times(kept: Snapshots) -> list[str]:
    return [one.time for one in kept.all("nudge")]


def test_a_snapshot_is_read_back_as_it_was(tmp_path: Path, kept: Snapshots) -> None:
    taken = kept.take("nudge", "apply", CAMPAIGN, EMAILS, hash="a" * 12, to="b" * 12)

    read = kept.read("nudge")
    assert (read.campaign, list(read.emails)) == (CAMPAIGN, EMAILS)
    assert (read.about.time, read.about.why, read.about.hash) == (
        taken.about.time,
        "apply",
        "a" * 12,
    )
    (file,) = (tmp_path / "snapshots" / "nudge").iterdir()
    assert file.name == f"{taken.about.time}.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept.all("nudge")[0].size_bytes == file.stat().st_size


def test_the_last_twenty_of_a_key_are_kept(kept: Snapshots) -> None:
    taken = [kept.take("nudge", "apply", CAMPAIGN, []).about.time for _ in range(KEPT + 3)]
    kept.take("other", "apply", CAMPAIGN, [])

    assert _times(kept) == taken[3:]
    assert len(kept.all("other")) == 1


def test_a_time_is_named_by_its_beginning(kept: Snapshots) -> None:
    first = kept.take("nudge", "apply", CAMPAIGN, []).about.time
    second = kept.take("nudge", "destroy", CAMPAIGN, []).about.time

    assert kept.read("nudge", first).about.time == first
    assert kept.read("nudge").about.time == second
    with pytest.raises(UsageError, match="2 snapshots of nudge are of 20"):
        kept.read("nudge", "20")
    with pytest.raises(NotFound, match="no snapshot of nudge is of 1999"):
        kept.read("nudge", "1999")
    with pytest.raises(NotFound, match="there is no snapshot of other"):
        kept.read("other")


def test_the_earlier_state_is_the_one_before_a_change_that_was_cut(kept: Snapshots) -> None:
    before = kept.take("nudge", "apply", CAMPAIGN, [], to="two")
    kept.take("nudge", "apply", CAMPAIGN, [], to="two")
    third = kept.take("nudge", "apply", CAMPAIGN, [], to="two")
    assert kept.read("nudge").about.time == before.about.time

    kept.finish(third)
    again = kept.take("nudge", "apply", CAMPAIGN, [], to="two")
    assert kept.read("nudge").about.time == again.about.time


def test_a_rollback_that_is_run_again_goes_to_the_same_state(kept: Snapshots) -> None:
    before = kept.take("nudge", "apply", CAMPAIGN, [])
    kept.take("nudge", "rollback", CAMPAIGN, [])

    assert kept.read("nudge").about.time == before.about.time


def test_a_key_that_somebody_wrote_by_hand_stays_in_the_folder(
    tmp_path: Path, kept: Snapshots
) -> None:
    for key in ("..", "../../x", "a/b"):
        kept.take(key, "destroy", CAMPAIGN, [])
        assert kept.read(key).campaign == CAMPAIGN

    assert {path.name for path in tmp_path.iterdir()} == {"snapshots", "home"}
    assert len(list((tmp_path / "snapshots").iterdir())) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 9}', '{"version": 1, "campaign": 3}']
)
def test_a_file_that_is_no_snapshot_is_left_out_and_named_when_asked_for(
    text: str, tmp_path: Path, kept: Snapshots
) -> None:
    good = kept.take("nudge", "apply", CAMPAIGN, []).about.time
    (tmp_path / "snapshots" / "nudge" / "1999.json").write_text(text)

    assert _times(kept) == [good]
    path = tmp_path / "snapshots" / "nudge" / f"{good}.json"
    path.write_text(text)
    with pytest.raises(NotFound):
        kept.read("nudge")


def test_a_snapshot_that_was_taken_away_meanwhile_is_named(
    kept: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.take("nudge", "apply", CAMPAIGN, [])
    known = kept.all("nudge")
    monkeypatch.setattr(
        Snapshots, "all", lambda *_: [known[0].__class__("1999", "nudge", "x", "", 0)]
    )

    with pytest.raises(BadInput, match=r"1999\.json cannot be read: No such file"):
        kept.read("nudge")


# Through the commands.

CHANGED = NUDGE.replace("A question", "Another question")


def _folder(home: Path) -> Path:
    return home / ".local" / "state" / "pmctl" / "snapshots" / "default" / "nudge"


def test_an_apply_keeps_what_it_changes_and_nothing_when_it_creates(
    file: Path, home: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    assert not _folder(home).exists()
    file.write_text(CHANGED)

    assert pmctl("campaign", "apply", file)[0] == 0

    (path,) = _folder(home).iterdir()
    record = json.loads(path.read_text())
    assert (record["version"], record["why"], record["finished"]) == (1, "apply", True)
    assert record["campaign"]["name"] == "Nudge"
    assert record["campaign"]["canvasSettings"]["nodes"]
    assert [one["subject"] for one in record["emails"]] == ["A question", "Again"]
    assert pmctl("campaign", "apply", file)[0] == 0
    assert len(list(_folder(home).iterdir())) == 1


def test_a_full_disk_stops_before_anything_is_sent(
    file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()
    file.write_text(CHANGED)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_atomic", full)
    code, _, err = pmctl("campaign", "apply", file)

    assert code == 1
    assert "the snapshot of nudge cannot be kept" in in_two_lines(err)
    assert "No space left on device" in err
    assert "nothing was sent" in err
    assert written(sandbox) == []


def test_a_folder_that_cannot_be_read_stops_before_anything_is_sent(
    file: Path, home: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()
    file.write_text(CHANGED)
    _folder(home).parent.mkdir(parents=True)
    _folder(home).write_text("a file where the folder should be")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 1
    assert "the snapshot of nudge cannot be kept" in in_two_lines(err)
    assert written(sandbox) == []

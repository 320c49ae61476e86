"""`campaign diff` is for cron: silent and 0 while Mautic is as the files say, else 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, in_two_lines, written
from tests.conftest import Run


@pytest.fixture
def live(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()
    return sandbox


def test_it_is_silent_when_nothing_differs(live: MauticSandbox, file: Path, pmctl: Run) -> None:
    assert pmctl("campaign", "diff", file) == (0, "", "")
    assert pmctl("campaign", "diff", file, "-o", "json")[:2] == (0, "[]\n")
    assert pmctl("campaign", "diff", file, "--all") == (0, "", "")


def test_it_names_what_differs_and_nothing_else(
    live: MauticSandbox, file: Path, tmp_path: Path, pmctl: Run
) -> None:
    live.store.emails[1]["subject"] = "By hand"
    live.store.emails[1]["revision"] += 1
    (tmp_path / "other.yaml").write_text(OTHER)
    assert pmctl("campaign", "apply", tmp_path / "other.yaml")[0] == 0
    live.reset_requests()

    code, out, err = pmctl("campaign", "diff", tmp_path)

    assert (code, err) == (2, "")
    assert out == (
        "nudge (campaign 1) will be changed\n  ~ email offer  (changed in Mautic)\n"
        "      subject: By hand → A question\n"
    )
    assert written(live) == []


def test_a_campaign_without_a_file_is_named_with_all_and_never_deleted(
    live: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(OTHER)
    assert pmctl("campaign", "apply", other)[0] == 0
    live.reset_requests()

    assert pmctl("campaign", "diff", other) == (0, "", "")
    code, out, _ = pmctl("campaign", "diff", other, "--all")
    assert (code, out) == (2, "nudge (campaign 1) is described by no file\n")
    code, out, _ = pmctl("campaign", "diff", other, "--all", "-o", "json")
    (row,) = json.loads(out)
    assert code == 2
    assert (row["key"], row["action"], row["campaign_id"]) == ("nudge", "undescribed", 1)
    assert set(live.store.campaigns) == {1, 2}
    assert written(live) == []


def test_campaigns_of_other_contexts_are_others_business(
    live: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    text = live.store.campaigns[1]["description"]
    live.store.campaigns[1]["description"] = text.replace("env=default", "env=staging")
    other = tmp_path / "other.yaml"
    other.write_text(OTHER)
    assert pmctl("campaign", "apply", other)[0] == 0

    assert pmctl("campaign", "diff", other, "--all") == (0, "", "")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (NUDGE.replace("trial-day-2", "trial-day-3"), 3, "no segment"),
        (NUDGE.replace("name: Nudge", "nmae: Nudge"), 65, "1 problem"),
    ],
)
def test_errors_keep_their_own_codes(
    text: str, code: int, words: str, live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(text)

    found, out, err = pmctl("campaign", "diff", file, "--all")

    assert (found, out) == (code, "")
    assert words in err


def test_an_unreachable_mautic_is_no_difference(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    live.fail("GET:/api/campaigns:1:403")

    code, out, err = pmctl("campaign", "diff", file)

    assert (code, out) == (4, "")
    assert in_two_lines(err)

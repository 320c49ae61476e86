"""A/B emails come back with their shares; what a test was begun with later gets no mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import SPLIT
from tests.conftest import Run

PLAIN = """\
version: 1
key: split
name: Split
audience: {segments: [trial-day-2]}
steps:
  - email: offer
    subject: A question
    body: Hello
"""
OTHER_SHARES = SPLIT.replace("weight: 30", "weight: 10").replace("weight: 20", "weight: 60")
TWO = SPLIT[: SPLIT.index("      - {id: c")].replace("Hello B", "Hello B again")


def _apply(file: Path, pmctl: Run, text: str) -> None:
    file.write_text(text)
    code, _, err = pmctl("campaign", "apply", file, "--force", "a test")
    assert code == 0, err


def _variant(name: str) -> str:
    parts = name.rpartition("/")[2].strip("]").split("~")
    return f"~{parts[1]}" if len(parts) > 1 else ""


@pytest.mark.parametrize("second", [OTHER_SHARES, TWO, PLAIN])
def test_variants_come_back_in_place_with_their_shares(
    second: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _apply(file, pmctl, SPLIT)
    before = set(sandbox.store.emails)
    _apply(file, pmctl, second)

    code, out, err = pmctl("campaign", "rollback", "split", "--yes", "--force", "a test")

    assert code == 0, out + err
    assert set(sandbox.store.emails) == before
    file.write_text(SPLIT)
    assert pmctl("campaign", "diff", file) == (0, "", "")


def test_a_variant_that_came_later_gets_no_share(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _apply(file, pmctl, TWO)
    _apply(file, pmctl, SPLIT)

    assert pmctl("campaign", "rollback", "split", "--yes")[0] == 0

    resting = [mail["name"] for mail in sandbox.store.emails.values() if not mail["isPublished"]]
    assert [_variant(name) for name in resting] == ["~c"]
    file.write_text(TWO)
    assert pmctl("campaign", "diff", file) == (0, "", "")


def test_a_purge_takes_the_variants_along_and_a_rollback_makes_them_anew(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _apply(file, pmctl, SPLIT)

    code, _, err = pmctl("campaign", "destroy", "split", "--purge", "--purge-emails", "--yes")
    assert code == 0, err
    assert sandbox.store.emails == {}

    assert pmctl("campaign", "rollback", "split", "--yes")[0] == 0
    assert sorted(_variant(m["name"]) for m in sandbox.store.emails.values()) == ["", "~b", "~c"]
    assert pmctl("campaign", "diff", file) == (0, "", "")


def test_a_purge_unpublishes_the_variants_too(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _apply(file, pmctl, SPLIT)

    assert pmctl("campaign", "destroy", "split", "--purge", "--yes")[0] == 0

    assert [mail["isPublished"] for mail in sandbox.store.emails.values()] == [False] * 3

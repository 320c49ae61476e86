"""An apply that is cut at any request is finished by the next one, and makes nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, event_ids
from tests.conftest import Run
from tests.sandboxes import campaigns_in, emails_in, use

SECOND = NUDGE.replace("A question", "Another question").replace("within: 3d", "within: 2d") + (
    "      - segment: {add: [cold-trials]}\n"
)


def _requests_of(file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> int:
    """How many requests the last of several applies sends."""
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        for text in texts:
            file.write_text(text)
            sandbox.reset_requests()
            code, _, err = pmctl("campaign", "apply", file)
            assert code == 0, err
        return len(sandbox.requests)


def _assert_whole(sandbox: MauticSandbox, pmctl: Run, file: Path) -> None:
    """One campaign, published, one email a step, and nothing left to do."""
    code, out, err = pmctl("campaign", "plan", file, "--detailed-exitcode")
    assert code == 0, out + err
    campaigns = campaigns_in(sandbox)
    assert [c["name"] for c in campaigns] == ["Nudge"]
    assert campaigns[0]["isPublished"] is True
    names = sorted(email["name"] for email in emails_in(sandbox))
    assert len(names) == 2
    assert len(set(names)) == 2


HOWS = ("cut-before", "cut-after", "500", "500-stored", "hang")
# a first apply: token, listings, looks, two emails, the campaign, reading back, publishing
CREATE = [(n, how) for n in range(1, 18) for how in HOWS]
CHANGE = [(n, how) for n in range(1, 17) for how in HOWS]


def _broken_apply(
    sandbox: MauticSandbox, pmctl: Run, file: Path, number: int, how: str
) -> tuple[int, str]:
    sandbox.reset_requests()
    sandbox.fail(f"*:*:{number}:{how}")
    code, _, err = pmctl("campaign", "apply", file, "--retries", "0", "--timeout", "0.4")
    sandbox.fail(None)
    return code, err


def _assert_a_clean_end(code: int, err: str) -> None:
    """It went well, or it says in two lines what happened."""
    assert code in (0, 1, 69, 75), err
    if code:
        lines = err.strip().splitlines()
        assert [line.split(":")[0] for line in lines] == ["error", "hint"], err


@pytest.mark.parametrize(("number", "how"), CREATE)
def test_a_first_apply_broken_anywhere_is_finished_by_the_next(
    number: int, how: str, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)

        code, err = _broken_apply(sandbox, pmctl, file, number, how)
        _assert_a_clean_end(code, err)
        again, _, words = pmctl("campaign", "apply", file)

        assert again == 0, words
        _assert_whole(sandbox, pmctl, file)


@pytest.mark.parametrize(("number", "how"), CHANGE)
def test_a_change_broken_anywhere_is_finished_by_the_next_apply(
    number: int, how: str, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        assert pmctl("campaign", "apply", file)[0] == 0
        before = event_ids(sandbox)
        file.write_text(SECOND)

        code, err = _broken_apply(sandbox, pmctl, file, number, how)
        _assert_a_clean_end(code, err)
        again, _, words = pmctl("campaign", "apply", file)

        assert again == 0, words
        _assert_whole(sandbox, pmctl, file)
        after = event_ids(sandbox)
        assert {name: after[name] for name in before} == before  # nobody is mailed again


def test_the_cuts_above_reach_every_request(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a fresh token each time: the cache lies in the home folder of one test
    create = _requests_of(file, pmctl, monkeypatch, [NUDGE])
    change = _requests_of(file, pmctl, monkeypatch, [NUDGE, SECOND])

    assert create == max(number for number, _ in CREATE)
    assert change == max(number for number, _ in CHANGE)


def test_a_write_is_never_sent_twice_in_one_apply(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for how in ("cut-after", "cut-before", "500-stored"):
        with MauticSandbox() as sandbox:
            use(sandbox, monkeypatch)
            sandbox.fail(f"POST:/api/*:1:{how}")

            pmctl("campaign", "apply", file)

            posts = [(r[0], r[1]) for r in sandbox.requests if r[0] == "POST"]
            names: list[Any] = [path for _, path in posts if "token" not in path]
            assert names.count("/api/campaigns/new") <= 1
            assert names.count("/api/emails/new") <= 2

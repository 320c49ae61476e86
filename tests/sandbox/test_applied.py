"""A sequence that pmctl applied, run by the stand-in: file, program and engine as one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.sandboxes import use
from tests.shell import ROOT

MONDAY = datetime.datetime(2026, 11, 23, 8, 0, 0, tzinfo=datetime.UTC)


@pytest.fixture
def applied(
    sandbox: MauticSandbox, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> tuple[MauticSandbox, list[int]]:
    """The stand-in on a Monday at eight, with a sequence and three people at its beginning."""
    use(sandbox, monkeypatch)
    sandbox.clock.set(MONDAY)
    code, _, err = pmctl("campaign", "apply", ROOT / "campaigns" / "trial-nudge.yaml", "--yes")
    assert code == 0, err
    segments = sandbox.store.segments.values()
    key = next(one["id"] for one in segments if one["alias"] == "trial-day-2")
    people = [sandbox.store.add_contact(f"{name}@example.org") for name in ("ann", "bob", "cyd")]
    for who in people:
        sandbox.store.contacts[who]["segments"].append(key)
    return sandbox, people


def _days(sandbox: MauticSandbox, days: int) -> list[tuple[int, str, str]]:
    """Let the cron run every hour for some days; return who got what and when."""
    before = len(sandbox.sent)
    for _ in range(days * 24):
        sandbox.clock.move(hours=1)
        sandbox.cron()
    return [
        (mail.contact, _key(sandbox.store.emails[mail.email]), f"{mail.at:%a %H}")
        for mail in sandbox.sent[before:]
    ]


def _key(email: dict[str, Any]) -> str:
    return str(email["name"]).rpartition("/")[2].rstrip("]")


def test_the_mails_leave_as_the_file_says(applied):
    sandbox, (ann, bob, cyd) = applied

    first = _days(sandbox, 1)
    sandbox.open(ann, "first-answer")
    next_days = _days(sandbox, 3)

    assert first == [(who, "first-answer", "Mon 09") for who in (ann, bob, cyd)]
    assert next_days[0] == (ann, "case-study", "Wed 09")
    assert [(who, key) for who, key, _ in next_days[1:]] == [(bob, "stuck"), (cyd, "stuck")]
    assert sandbox.store.contacts[ann]["tags"] == ["trial-warm"]
    assert {day for _, _, day in _days(sandbox, 7)} <= {
        f"{day} {hour:02}" for day in ("Mon", "Tue", "Wed", "Thu", "Fri") for hour in range(9, 17)
    }

"""`campaign forecast`: mails per day from who waits where now, as a range."""

from __future__ import annotations

import datetime
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, in_two_lines
from tests.conftest import Run

HEAD = """\
version: 1
key: line
name: Line
audience: {segments: [trial-day-2]}
steps:
"""
LINE = (
    HEAD
    + """\
  - email: one
    subject: One
    body: Hello
  - wait: 3d
  - email: two
    subject: Two
    body: Hello
  - wait: 4d
  - email: three
    subject: Three
    body: Hello
"""
)
FORK = (
    HEAD
    + """\
  - wait: 2d
  - email: one
    subject: One
    body: Hello
  - on: opened
    within: 3d
    then:
      - tag: {add: [warm]}
    else:
      - email: again
        subject: Again
        body: Hello
  - wait: 5d
  - email: last
    subject: Last
    body: Hello
"""
)
NESTED = (
    FORK
    + """\
  - on: clicked
    within: 5d
    then:
      - email: x
        subject: X
        body: Hello
      - on: opened
        within: 9d
        then:
          - email: y
            subject: Y
            body: Hello
    else:
      - wait: 1d
      - email: z
        subject: Z
        body: Hello
        window: {days: [mon, tue], from: "09:00", to: "17:00"}
"""
)
WINDOW = (
    HEAD
    + """\
  - wait: 1d
  - email: one
    subject: One
    body: Hello
    window: {days: [mon, tue, wed, thu, fri], from: "00:00", to: "23:59"}
"""
)


def day(number: int) -> str:
    return str((datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=number)).date())


def applied(text: str, tmp_path: Path, pmctl: Run) -> None:
    (tmp_path / "line.yaml").write_text(text)
    assert pmctl("campaign", "apply", tmp_path / "line.yaml", "--yes")[0] == 0


def join(sandbox: MauticSandbox, number: int) -> None:
    """Put so many new contacts into the audience."""
    segment = next(k for k, s in sandbox.store.segments.items() if s["alias"] == "trial-day-2")
    for count in range(number):
        who = sandbox.store.add_contact(f"c{count}@example.org")
        sandbox.store.contacts[who]["segments"].append(segment)


def event(sandbox: MauticSandbox, step: str) -> int:
    (campaign,) = sandbox.store.campaigns.values()
    (found,) = [
        one["id"]
        for one in campaign["events"]
        if f"step={step} " in one["description"] and one["type"] == "email.send"
    ]
    return int(found)


def ranges(pmctl: Run, *more: str) -> dict[str, tuple[int, int]]:
    code, out, _ = pmctl("campaign", "forecast", *more, "-o", "json")
    assert code == 0
    return {
        row["date"]: (row["low"], row["high"]) for row in json.loads(out)["days"] if row["high"]
    }


def test_one_who_waits_gets_this_mail_and_those_that_follow(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    applied(LINE, tmp_path, pmctl)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5)
    sandbox.store.put_waiting(event(sandbox, "two"), 1, due=soon)

    assert ranges(pmctl, "line") == {day(5): (1, 1), day(9): (1, 1)}
    assert ranges(pmctl, "line", "--days", "9") == {day(5): (1, 1)}
    assert ranges(pmctl, "--all") == {day(5): (1, 1), day(9): (1, 1)}


def test_a_fork_is_a_range(sandbox: MauticSandbox, tmp_path: Path, pmctl: Run) -> None:
    applied(FORK, tmp_path, pmctl)
    sandbox.store.put_waiting(event(sandbox, "one"), 1)

    found = ranges(pmctl, "line")
    assert found[day(2)] == (1, 1)
    assert found[day(5)] == (0, 1)  # again, to those who did not open


def test_a_window_moves_a_mail_to_the_next_weekday(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    applied(WINDOW, tmp_path, pmctl)
    now = datetime.datetime.now(datetime.UTC)
    saturday = now + datetime.timedelta(days=(5 - now.weekday()) % 7 + 7)
    sandbox.store.put_waiting(event(sandbox, "one"), 1, due=saturday)

    monday = saturday + datetime.timedelta(days=2)
    assert ranges(pmctl, "line") == {str(monday.date()): (1, 1)}


def test_an_unpublished_campaign_is_named_and_left_out(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    applied(LINE, tmp_path, pmctl)
    sandbox.store.put_waiting(event(sandbox, "two"), 1)
    assert pmctl("campaign", "unpublish", "line")[0] == 0

    code, out, err = pmctl("campaign", "forecast", "line", "--days", "5", "-o", "jsonl")
    assert (code, out.count('"high":0') + out.count('"high": 0')) == (0, 5)
    assert "not published, left out: line" in err


def test_the_table_has_bars_that_fit_80_columns(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    applied(FORK, tmp_path, pmctl)
    sandbox.store.put_waiting(event(sandbox, "one"), 1)

    code, out, err = pmctl("campaign", "forecast", "line", "--days", "7", "--by-campaign")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "####" in out
    assert "#." not in out  # one mail is sure or it is not
    assert "...." in out
    assert "yet to come in" in err
    rows = json.loads(pmctl("campaign", "forecast", "line", "--by-campaign", "-o", "json")[1])[
        "days"
    ]
    assert {row["key"] for row in rows} == {"line"}


def test_it_needs_keys_or_all(sandbox: MauticSandbox, pmctl: Run) -> None:
    assert "or --all" in in_two_lines(pmctl("campaign", "forecast")[2])


@pytest.mark.parametrize("text", [LINE, FORK, NUDGE.replace("key: nudge", "key: line")])
def test_the_engine_stays_within_the_range_when_nobody_opens(
    text: str, sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    waited = text.replace("steps:\n", "steps:\n  - wait: 1d\n")
    applied(waited, tmp_path, pmctl)
    (campaign,) = sandbox.store.campaigns
    now = datetime.datetime.now(datetime.UTC)
    sandbox.clock.set(now)
    join(sandbox, 3)
    sandbox.cron()  # the audience comes in, and waits
    code, out, _ = pmctl("campaign", "forecast", str(campaign), "-o", "json")
    assert code == 0
    assert sandbox.sent == []

    for _ in range(29 * 12):
        sandbox.clock.move(hours=2)
        sandbox.cron()

    sent = Counter(str(mail.at.date()) for mail in sandbox.sent)
    rows = {row["date"]: row for row in json.loads(out)["days"]}
    assert sum(sent.values()) >= 6
    assert set(sent) <= set(rows)
    for date, row in rows.items():
        assert row["low"] <= sent[date] <= row["high"], date


@pytest.mark.parametrize("seed", range(2))
def test_the_engine_stays_within_the_range_whoever_opens_and_clicks(
    seed: int, sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    chance = random.Random(seed)
    applied(NESTED, tmp_path, pmctl)
    sandbox.clock.set(datetime.datetime.now(datetime.UTC))
    join(sandbox, 20)
    sandbox.cron()
    rows = json.loads(pmctl("campaign", "forecast", "line", "-o", "json")[1])["days"]

    for _ in range(29 * 8):
        sandbox.clock.move(hours=3)
        sandbox.cron()
        for mail in sandbox.sent:
            if chance.random() < 0.01:
                act = sandbox.open if chance.random() < 0.5 else sandbox.click
                act(mail.contact, mail.email)

    sent = Counter(str(mail.at.date()) for mail in sandbox.sent)
    assert sum(sent.values()) > 40
    for row in rows:
        assert row["low"] <= sent[row["date"]] <= row["high"], row

"""`campaign forecast`: open questions that have no row of their own, and whose days."""

from __future__ import annotations

import datetime
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pmctl.sandbox.server import MauticSandbox
from pmctl.sequence import live
from pmctl.sequence.forecast import Forecast
from tests.cli.test_campaign_forecast import FORK, HEAD, NESTED, applied, day, event, join, ranges
from tests.conftest import Run

UTC = datetime.UTC
ONE_FORK = (
    HEAD
    + """\
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
"""
)
NO_PATH_MISSING = (
    HEAD
    + """\
  - email: one
    subject: One
    body: Hello
  - raw: {type: email.open, kind: decision, name: Ever, trigger: {mode: immediate}, properties: {}}
    then:
      - email: thanks
        subject: Thanks
        body: Hello
"""
)
AT_ROOT = (
    HEAD
    + """\
  - raw:
      type: page.pagehit
      kind: decision
      name: Looked
      trigger: {mode: immediate}
      properties: {url: "https://example.com/*"}
    then:
      - tag: {add: [warm]}
    else:
      - wait: 2d
      - email: again
        subject: Again
        body: Hello
"""
)


def begun(sandbox: MauticSandbox, text: str, tmp_path: Path, pmctl: Run, number: int = 1) -> None:
    """Apply a sequence, and let so many contacts come in now."""
    applied(text, tmp_path, pmctl)
    sandbox.clock.set(datetime.datetime.now(UTC))
    join(sandbox, number)
    sandbox.cron()


def test_an_open_question_that_closes_by_itself_counts_in_high(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, ONE_FORK, tmp_path, pmctl, 3)
    assert len(sandbox.sent) == 3
    assert [row for row in sandbox.store.log if row["is_scheduled"] == "1"] == []

    assert ranges(pmctl, "line") == {day(3): (0, 3)}
    sandbox.open(sandbox.sent[0].contact, sandbox.sent[0].email)
    assert ranges(pmctl, "line") == {day(3): (0, 2)}


def test_a_question_whose_time_is_up_closes_at_the_next_run_of_the_cron(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, ONE_FORK, tmp_path, pmctl, 2)
    for row in sandbox.store.log:
        row["date_triggered"] = str(datetime.datetime(2020, 1, 1))  # noqa: DTZ001

    assert ranges(pmctl, "line") == {day(0): (0, 2)}


def test_who_was_taken_out_has_no_question_open(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, ONE_FORK, tmp_path, pmctl, 2)
    (members,) = sandbox.store.members.values()
    next(iter(members.values()))["manually_removed"] = "1"

    assert ranges(pmctl, "line") == {day(3): (0, 1)}


def test_a_question_of_an_earlier_round_is_closed(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, ONE_FORK, tmp_path, pmctl)
    (members,) = sandbox.store.members.values()
    next(iter(members.values()))["rotation"] = "2"

    assert ranges(pmctl, "line") == {}


def test_a_question_without_a_no_path_is_open_for_ever_and_not_counted(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, NO_PATH_MISSING, tmp_path, pmctl)
    assert len(sandbox.sent) == 1

    assert ranges(pmctl, "line") == {}


def test_a_question_with_nothing_above_it_is_open_to_who_has_no_step(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, AT_ROOT, tmp_path, pmctl, 2)
    assert sandbox.store.log == []
    assert ranges(pmctl, "line") == {day(2): (0, 2)}

    (members,) = sandbox.store.members.values()
    sandbox.store.put_waiting(event(sandbox, "again"), next(iter(members)))
    assert ranges(pmctl, "line") == {day(2): (1, 2)}  # one waits for the mail, one may answer


@pytest.mark.parametrize(
    ("text", "days_before"),
    [(FORK, 2), (FORK, 4), (NESTED, 2), (NESTED, 4), (NESTED, 8), (NESTED, 12), (AT_ROOT, 1)],
)
def test_the_engine_stays_within_the_range_also_of_those_under_way(
    text: str, days_before: int, sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    chance = random.Random(days_before)
    applied(text, tmp_path, pmctl)
    now = datetime.datetime.now(UTC)
    sandbox.clock.set(now - datetime.timedelta(days=days_before, hours=1))
    join(sandbox, 20)

    def lived(rounds: int) -> None:
        for _ in range(rounds):
            sandbox.cron()
            for mail in sandbox.sent:
                if chance.random() < 0.01:
                    act = sandbox.open if chance.random() < 0.5 else sandbox.click
                    act(mail.contact, mail.email)
            sandbox.clock.move(hours=3)

    lived(days_before * 8)
    sandbox.clock.set(now)
    before = len(sandbox.sent)
    rows = json.loads(pmctl("campaign", "forecast", "line", "-o", "json")[1])["days"]
    lived(29 * 8)

    sent = Counter(str(mail.at.date()) for mail in sandbox.sent[before:])
    assert sent
    for row in rows:
        assert row["low"] <= sent[row["date"]] <= row["high"], row


def test_json_is_versioned_and_names_its_zone(
    sandbox: MauticSandbox, tmp_path: Path, pmctl: Run
) -> None:
    begun(sandbox, ONE_FORK, tmp_path, pmctl)
    words = ("campaign", "forecast", "line", "--days", "2", "-o", "json")

    document = json.loads(pmctl(*words)[1])
    assert list(document) == ["version", "timezone", "from", "days"]
    assert (document["version"], document["timezone"]) == (1, "UTC")
    assert datetime.datetime.fromisoformat(document["from"]).utcoffset() == datetime.timedelta(0)
    assert [list(row) for row in document["days"]] == [["date", "low", "high"]] * 2

    code, out, err = pmctl(*words, "--timezone", "Pacific/Kiritimati")
    there = datetime.datetime.now(ZoneInfo("Pacific/Kiritimati"))
    assert (code, json.loads(out)["days"][0]["date"]) == (0, str(there.date()))
    assert "days are those of Pacific/Kiritimati" in err


def test_a_zone_that_is_none_is_one_clear_error(sandbox: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "forecast", "--all", "--timezone", "Mars/Olympus")
    assert (code, out) == (64, "")
    assert "--timezone Mars/Olympus: no such zone" in err


# days of a zone, below the command: its clock is that of the machine


def reckoned(
    waits: list[str], now: datetime.datetime, zone: str, days: int = 3
) -> dict[str, tuple[int, int]]:
    """The forecast of a campaign with one mail, from rows that wait until these moments."""
    mail: dict[str, Any] = {"id": 1, "name": "One", "type": "email.send", "eventType": "action"}
    mail |= {"triggerMode": "immediate", "properties": {"email": 1}, "parent": None}
    raw = {"id": 1, "name": "Line", "isPublished": True, "events": [mail], "lists": []}
    rows = [{"event_id": "1", "lead_id": "1", "trigger_date": when} for when in waits]
    found = Forecast(live.campaign(raw), now, days, ZoneInfo(zone)).of(rows)
    return {str(date): mails for date, mails in found.items()}


@pytest.mark.parametrize(
    ("when", "date"),
    [
        ("2026-03-29 00:55:00", "2026-03-29"),
        ("2026-03-29 22:55:00", "2026-03-29"),  # 23:55, the clocks went forward
        ("2026-03-29 23:00:00", "2026-03-30"),
        ("2026-03-28 23:55:00", "2026-03-28"),  # before that the day ends at midnight UTC
    ],
)
def test_a_day_of_a_zone_ends_at_its_own_midnight_when_the_clocks_change(
    when: str, date: str
) -> None:
    now = datetime.datetime(2026, 3, 28, 9, 0, tzinfo=UTC)
    assert reckoned([when], now, "Europe/Lisbon") == {date: (1, 1)}


def test_the_last_day_ends_at_the_midnight_of_the_zone() -> None:
    now = datetime.datetime(2026, 10, 24, 9, 0, tzinfo=UTC)  # the clocks go back on the 25th
    waits = ["2026-10-25 23:55:00", "2026-10-26 00:00:00"]
    assert reckoned(waits, now, "Europe/Lisbon", days=2) == {"2026-10-25": (1, 1)}


def test_today_is_the_day_of_the_zone() -> None:
    now = datetime.datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    waits = ["2026-11-24 23:30:00"]
    assert reckoned(waits, now, "Asia/Tokyo", days=1) == {"2026-11-25": (1, 1)}


def test_an_answer_can_come_on_every_day_also_on_one_of_23_hours() -> None:
    asked: dict[str, Any] = {"id": 2, "name": "Q", "type": "email.open", "eventType": "decision"}
    asked |= {"triggerMode": "immediate", "properties": [], "parent": {"id": 1}}
    mail: dict[str, Any] = {"id": 1, "name": "One", "type": "email.send", "eventType": "action"}
    mail |= {"triggerMode": "immediate", "properties": {"email": 1}, "parent": None}
    thanks = {**mail, "id": 3, "parent": {"id": 2}, "decisionPath": "yes"}
    late = {"triggerMode": "interval", "triggerInterval": 6, "triggerIntervalUnit": "d"}
    no = {**mail, **late, "id": 4, "parent": {"id": 2}, "decisionPath": "no"}
    raw = {
        "id": 1,
        "name": "L",
        "isPublished": True,
        "lists": [],
        "events": [mail, asked, thanks, no],
    }
    now = datetime.datetime(2026, 3, 27, 23, 30, tzinfo=UTC)
    passed = {"event_id": "1", "lead_id": "7", "is_scheduled": "0", "rotation": "1"}
    rows = [{**passed, "date_triggered": "2026-03-27 23:30:00"}]
    members = [{"lead_id": "7", "rotation": "1", "date_added": "2026-03-27 23:30:00"}]

    found = Forecast(live.campaign(raw), now, 6, ZoneInfo("Europe/Lisbon")).of(rows, members)

    days = [datetime.date(2026, 3, 27) + datetime.timedelta(days=n) for n in range(6)]
    assert {date: found[date] for date in days} == dict.fromkeys(days, (0, 1))

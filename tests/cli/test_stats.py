"""`pmctl stats summary|campaign|series|steps`: figures that equal a recount, and say so plainly."""

from __future__ import annotations

import csv
import io
import json
import statistics
from typing import Any

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.clients import stats_steps
from pmctl.clients.stats_steps import StepRow
from tests.conftest import Run
from tests.mailings import BEGIN, ROWS, STEPS, Event, event, history, recount, rows, store


@pytest.fixture
def events(niledb: Niledb) -> list[Event]:
    """A history in the database, its campaign known by name."""
    made = history()
    store(niledb, made)
    stats_steps.write(niledb, ROWS)
    return made


def by_metric(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in found}


@pytest.mark.parametrize(("since", "until"), [("", ""), ("2026-10-08", "2026-11-05")])
def test_a_summary_equals_a_recount_of_the_events(
    pmctl: Run, events: list[Event], since: str, until: str
) -> None:
    period = [*(["--since", since] if since else []), *(["--until", until] if until else [])]

    found = by_metric(rows(pmctl, "summary", *period))

    for type_ in ("sent", "opened", "clicked", "replied", "bounced", "unsubscribed"):
        counted = recount(events, type_, since=since, until=until or "9")
        assert (found[type_]["contacts"], found[type_]["events"]) == counted, type_
        assert counted != (0, 0)


def test_human_and_machine_opens_stand_apart(pmctl: Run, events: list[Event]) -> None:
    found = by_metric(rows(pmctl, "summary"))
    human, _ = recount(events, "opened", human=True)
    everybody, _ = recount(events, "opened")

    assert found["opened_human"]["contacts"] == human
    assert found["opened_other"]["contacts"] == everybody - human > 0
    assert found["opened"]["contacts"] == everybody
    only = by_metric(rows(pmctl, "summary", "--agent", "human"))
    assert only["opened"]["contacts"] == human
    assert only["click_to_open"]["rate"] == pytest.approx(
        recount(events, "clicked", human=True)[0] / human
    )


def test_a_rate_has_its_interval_around_it(pmctl: Run, events: list[Event]) -> None:
    for row in rows(pmctl, "summary"):
        if row["rate"] is not None:
            assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1
            assert row["verdict"] == ""


def test_what_nobody_has_told_is_unknown_and_no_number(pmctl: Run, events: list[Event]) -> None:
    found = by_metric(rows(pmctl, "summary"))
    _, out, _ = pmctl("stats", "summary")

    for metric in ("delivered", "complained", "hard_bounced", "soft_bounced"):
        row = found[metric]
        assert (row["contacts"], row["events"], row["rate"]) == (None, None, None)
        assert row["verdict"] == "unknown"
        assert f"{metric}\tunknown\tunknown\t\t" in out


def test_a_delivery_that_somebody_tells_is_a_number(pmctl: Run, niledb: Niledb) -> None:
    store(niledb, [event(n, kind, BEGIN, n) for n, kind in enumerate(["sent"] * 40, 1)])
    store(niledb, [event(100 + n, "delivered", BEGIN, n) for n in range(1, 31)])

    row = by_metric(rows(pmctl, "summary"))["delivered"]

    assert (row["contacts"], row["rate"]) == (30, 0.75)


def test_few_contacts_are_too_few_for_a_rate(pmctl: Run, niledb: Niledb) -> None:
    store(niledb, [event(n, "sent", BEGIN, n) for n in range(1, 30)])
    store(niledb, [event(100, "opened", BEGIN, 1)])

    row = by_metric(rows(pmctl, "summary"))["opened"]

    assert (row["contacts"], row["rate"], row["verdict"]) == (1, None, "too few")
    assert row["low"] is not None
    _, out, _ = pmctl("stats", "summary")
    assert "opened\t1\t1\ttoo few\t" in out


def test_more_opens_than_sends_are_no_rate(pmctl: Run, niledb: Niledb) -> None:
    store(niledb, [event(n, "opened", BEGIN, n) for n in range(1, 50)])

    row = by_metric(rows(pmctl, "summary"))["opened"]

    assert (row["rate"], row["verdict"]) == (None, "more than sent")


def test_without_an_event_a_sentence_says_what_to_do(pmctl: Run, database: str) -> None:
    for command in (["summary"], ["series"]):
        code, out, err = pmctl("stats", *command)

        assert (code, out) == (0, "")
        assert "no events yet" in err
        assert "pmctl webhook register" in err
        assert pmctl("stats", *command, "-o", "json")[1] == "[]\n"


def test_a_period_without_events_is_told_from_no_events_at_all(
    pmctl: Run, events: list[Event]
) -> None:
    code, out, err = pmctl("stats", "summary", "--until", "2025-01-01")

    assert (code, out) == (0, "")
    assert "the first of all is of 2026-10-0" in err


def test_a_campaign_has_the_events_of_its_steps_and_mails(pmctl: Run, events: list[Event]) -> None:
    store_other = [one for one in events if one["campaign_event_id"] == 12]
    found = by_metric(rows(pmctl, "campaign", "welcome"))

    for type_ in ("sent", "opened", "clicked", "replied", "unsubscribed"):
        counted = recount(events, type_, mine=True)
        assert (found[type_]["contacts"], found[type_]["events"]) == counted, type_
    assert store_other
    # bounces here name no mail: they may belong to it, or not
    assert (found["bounced"]["contacts"], found["bounced"]["verdict"]) == (None, "unknown")
    same = by_metric(rows(pmctl, "summary", "--campaign", "5"))
    assert same == found


def test_an_unsubscription_that_may_belong_to_a_campaign_makes_a_lower_bound(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    store(niledb, [event(90_000, "unsubscribed", BEGIN, 7)])

    row = by_metric(rows(pmctl, "campaign", "welcome"))["unsubscribed"]

    assert row["verdict"] == "at least"
    assert "at least" in pmctl("stats", "campaign", "welcome")[1]


def test_an_unknown_campaign_gets_the_nearest_name(pmctl: Run, events: list[Event]) -> None:
    for command in (
        ["campaign", "welcom"],
        ["series", "--campaign", "welcom"],
        ["steps", "welcom"],
    ):
        code, out, err = pmctl("stats", *command)

        assert (code, out) == (3, "")
        assert "did you mean welcome?" in err


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_the_periods_of_a_series_add_up_to_a_recount(
    pmctl: Run, events: list[Event], by: str
) -> None:
    found = rows(pmctl, "series", "--by", by, "--since", "2026-10-01", "--until", "2026-12-31")

    for type_ in ("sent", "opened", "clicked", "unsubscribed"):
        for row in found:
            since, until = str(row["since"]), str(row["until"])
            counted = recount(events, type_, since=since, until=until)
            assert (row[type_], row[f"{type_}_events"]) == counted
        assert sum(row[type_] for row in found) == recount(events, type_)[0]


def test_a_series_of_a_campaign_is_of_its_steps_alone(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    other = [event(70_000 + n, "sent", BEGIN, n, campaign_event_id=99) for n in range(5)]
    store(niledb, other)
    period = ["--since", "2026-09-30", "--until", "2026-12-31", "--by", "month"]

    mine = rows(pmctl, "series", "--campaign", "welcome", *period)
    everything = rows(pmctl, "series", *period)

    assert sum(row["sent"] for row in mine) == recount(events, "sent")[0]
    assert sum(row["sent_events"] for row in everything) == len(other) + recount(events, "sent")[1]


def test_steps_go_by_the_ids_of_the_file_in_its_order(pmctl: Run, events: list[Event]) -> None:
    found = rows(pmctl, "steps", "welcome")

    assert [row["step"] for row in found] == ["offer", "resend"]
    for row in found:
        mine = [one for one in events if one["email_id"] == STEPS[str(row["step"])][1]]
        assert row["sent"] == recount(mine, "sent")[0]
        assert row["opened"] == recount(mine, "opened")[0]


def test_the_time_to_open_is_the_median_of_first_opens(pmctl: Run, events: list[Event]) -> None:
    from datetime import datetime

    took: dict[int, float] = {}
    sent = {
        one["contact_id"]: datetime.fromisoformat(one["occurred_at"])
        for one in events if one["event_type"] == "sent" and one["campaign_event_id"] == 11
    }  # fmt: skip
    for one in events:
        if one["event_type"] == "opened" and one["campaign_event_id"] == 11:
            seconds = datetime.fromisoformat(one["occurred_at"]) - sent[one["contact_id"]]
            before = took.get(one["contact_id"], 1e9)
            took[one["contact_id"]] = min(before, seconds.total_seconds())

    row = rows(pmctl, "steps", "welcome")[0]

    assert row["timed"] == len(took)
    assert row["median_seconds_to_open"] == pytest.approx(statistics.median(took.values()))


def test_a_step_that_is_gone_keeps_its_name_and_figures(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    kept = [row for row in ROWS if row.step != "resend"]

    stats_steps.write(niledb, kept)  # as the campaign is now

    found = {row["step"]: row for row in rows(pmctl, "steps", "welcome")}
    assert found["offer"]["live"] is True
    assert found["resend"]["live"] is False
    assert found["resend"]["sent"] == 200
    assert "resend (gone)" in pmctl("stats", "steps", "welcome")[1]


def test_the_texts_of_an_ab_step_are_one_row_or_each_its_own(
    pmctl: Run, niledb: Niledb, events: list[Event]
) -> None:
    second = StepRow(11, 5, "welcome", "Welcome", "offer", "email.send", 77, "b", 1)
    stats_steps.write(niledb, [*ROWS, second])
    more = [
        event(60_000 + n, "sent", BEGIN, n, campaign_event_id=11, email_id=77) for n in range(1, 9)
    ]
    store(niledb, more)

    both = rows(pmctl, "steps", "welcome")
    each = rows(pmctl, "steps", "welcome", "--variants")

    assert both[0]["sent"] == 208
    assert [(row["step"], row["variant"], row["sent"]) for row in each[:2]] == [
        ("offer", "", 200),
        ("offer", "b", 8),
    ]


def test_csv_and_jsonl_have_the_fields_of_json(pmctl: Run, events: list[Event]) -> None:
    fields = list(rows(pmctl, "summary")[0])

    _, out, _ = pmctl("stats", "summary", "-o", "csv")
    assert list(csv.DictReader(io.StringIO(out)).fieldnames or []) == fields
    _, out, _ = pmctl("stats", "summary", "-o", "jsonl")
    assert list(json.loads(out.splitlines()[0])) == fields


def test_explain_says_what_each_figure_means_without_a_database(pmctl: Run) -> None:
    code, out, _ = pmctl("stats", "summary", "--explain")

    assert code == 0
    metrics = {line.partition("\t")[0] for line in out.splitlines()}
    assert {"sent", "delivered", "opened", "click_to_open", "time_to_open", "rate"} <= metrics


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "2026-13-01"], "is no day"),
        (["--since", "soon"], "is no day"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "is after"),
    ],
)
def test_a_wrong_day_is_refused_before_the_database_is_asked(
    pmctl: Run, words: list[str], said: str
) -> None:
    code, out, err = pmctl("stats", "summary", *words)

    assert (code, out) == (64, "")
    assert said in err


def test_watch_shows_it_again_and_again(
    pmctl: Run, events: list[Event], niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        store(niledb, [event(80_000, "sent", BEGIN, 900, campaign_event_id=11, email_id=31)])
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", wait)

    code, out, _ = pmctl("stats", "summary", "--watch", "--every", "2", "-o", "jsonl")

    shown = [json.loads(line) for line in out.splitlines()]
    assert code == 130
    assert waits == [2, 2]
    assert [row["contacts"] for row in shown if row["metric"] == "sent"] == [400, 401]


def test_a_look_reads_as_many_rows_however_long_the_history(
    pmctl: Run, niledb: Niledb, events: list[Event], statements: list[str]
) -> None:
    """Only sums are read: never the events, nor what is kept for each contact."""
    statements.clear()
    for command in (["summary"], ["summary", "--since", "3m"], ["campaign", "welcome"], ["series"]):
        pmctl("stats", *command)

    asked = " ".join(statements)
    assert "from event_counts" in asked
    assert "marketing_events" not in asked
    assert "event_firsts" not in asked
    before = len(niledb.execute(COUNTED, (niledb.tenant,)))
    again = [one | {"id": f"{n:032x}"} for n, one in enumerate(events, 1_000_000)]
    store(niledb, again)
    assert len(niledb.execute(COUNTED, (niledb.tenant,))) == before


COUNTED = "select 1 from event_counts where tenant_id = %s"


@pytest.mark.parametrize("since", ["0001-01-01", "0001-01-02", "1969-12-31", "1970-01-01"])
@pytest.mark.parametrize("of", [(), ("--campaign", "welcome")])
def test_the_sum_of_all_days_is_no_day_of_a_period_however_early_it_begins(
    pmctl: Run, events: list[Event], since: str, of: tuple[str, ...]
) -> None:
    """The sum of all of time is kept as the day 0001-01-01."""
    found = rows(pmctl, "series", "--since", since, "--by", "month", *of)
    sums = {type_: sum(row[f"{type_}_events"] for row in found) for type_ in ("sent", "opened")}
    assert found[0]["since"] == "1970-01-01"
    assert sums == {type_: recount(events, type_)[1] for type_ in sums}
    summary = by_metric(rows(pmctl, "summary", "--since", since, *of))
    assert {type_: summary[type_]["events"] for type_ in sums} == sums


def test_a_period_that_ends_before_any_event_is_empty(pmctl: Run, events: list[Event]) -> None:
    for command in (["summary"], ["series"], ["export"], ["contacts"], ["campaign", "welcome"]):
        code, out, err = pmctl("stats", *command, "--until", "0001-01-01", "-o", "json")
        assert (code, json.loads(out)) == (0, []), (command, err)

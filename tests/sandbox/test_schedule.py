"""When a step is due: the tables of what a running Mautic 5.1.1 did, as pure functions."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pmctl.sandbox import event, schedule
from pmctl.sandbox.died import FatalError, GivenUpError

UTC = datetime.UTC


def _at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def _step(wait: str = "0d", **more: Any) -> dict[str, Any]:
    mode = {"triggerMode": "interval", "triggerInterval": int(wait[:-1])}
    return {**event.blank(), "id": 1, **mode, "triggerIntervalUnit": wait[-1], **more}


def _window(start: str, stop: str) -> dict[str, Any]:
    return {"triggerRestrictedStartHour": start, "triggerRestrictedStopHour": stop}


def _days(*days: Any) -> dict[str, Any]:
    return {"triggerRestrictedDaysOfWeek": list(days)}


OFFICE = _window("09:00:00", "17:00:00")
SUNDAY_NIGHT, MONDAY = "2026-11-22 23:29:00", "2026-11-23 00:24:42"

SEEN = [
    # on Sunday 22 November, 23:29
    (SUNDAY_NIGHT, _step(triggerHour="09:30:00"), "2026-11-23 09:30:00"),
    (SUNDAY_NIGHT, _step("1d", **OFFICE), "2026-11-24 09:00:00"),
    (SUNDAY_NIGHT, _step("3d", **_days(1, 2, 3, 4, 5)), "2026-11-25 23:29:00"),
    (SUNDAY_NIGHT, _step("1d", **_days(0)), "2026-11-29 23:29:00"),
    (SUNDAY_NIGHT, _step("1m"), "2026-12-22 23:29:00"),
    (SUNDAY_NIGHT, _step("5i"), "2026-11-22 23:34:00"),
    (SUNDAY_NIGHT, _step("2h"), "2026-11-23 01:29:00"),
    (SUNDAY_NIGHT, _step("1y"), "2027-11-22 23:29:00"),
    # on Monday 23 November, 00:24
    (MONDAY, _step(**_window("00:00:00", "02:00:00"), **_days(*range(7))), MONDAY),
    (MONDAY, _step(**OFFICE, **_days(1, 2, 3, 4, 5)), "2026-11-23 09:00:00"),
    (MONDAY, _step("0i", **OFFICE, **_days(1, 2, 3, 4, 5)), "2026-11-23 09:00:00"),
    (MONDAY, _step(**OFFICE, **_days(3)), "2026-11-25 09:00:00"),
    (MONDAY, _step(**OFFICE, **_days("3")), "2026-11-25 09:00:00"),
    (MONDAY, _step(**_window("22:00:00", "06:00:00")), "2026-11-23 06:00:00"),
    (MONDAY, _step(**_days(2)), "2026-11-24 00:24:42"),
    (MONDAY, _step(triggerHour="09:30:00"), "2026-11-23 09:30:00"),
    (MONDAY, _step(**OFFICE, triggerMode="immediate"), MONDAY),
]


@pytest.mark.parametrize(("now", "step", "wanted"), SEEN)
def test_a_step_is_due_when_it_was_due_in_mautic(now, step, wanted):
    when = schedule.due(step, _at(now))

    assert (schedule.fitted(step, when) if schedule.by_contact(step) else when) == _at(wanted)


def test_after_the_window_it_is_the_next_day_and_after_the_hour_too():
    late = _at("2026-11-23 17:00:00")

    assert schedule.fitted(_step(**OFFICE), late) == _at("2026-11-24 09:00:00")
    assert schedule.fitted(_step(triggerHour="16:59:00"), late) == _at("2026-11-24 16:59:00")


def test_a_window_is_that_of_the_contacts_time_zone_and_days_alone_are_the_servers():
    step = _step(**OFFICE)

    assert schedule.fitted(step, _at(MONDAY), "America/New_York") == _at("2026-11-23 14:00:00")
    assert schedule.fitted(step, _at(MONDAY), "No/Where") == _at("2026-11-23 09:00:00")
    assert schedule.fitted(_step(**_days(1)), _at(MONDAY), "America/New_York") == _at(MONDAY)


def test_a_month_after_the_31st_runs_over_as_php_lets_it():
    assert schedule.due(_step("1m"), _at("2026-01-31 08:00:00")) == _at("2026-03-03 08:00:00")


@pytest.mark.parametrize("days", [[-1], [7], ["mon"]])
def test_days_that_never_come_are_a_loop_without_end(days):
    with pytest.raises(FatalError, match="loop without end"):
        schedule.fitted(_step(**_days(*days)), _at(MONDAY))


@pytest.mark.parametrize("step", [_step(triggerMode="sometimes"), _step("1w")])
def test_a_mode_or_a_unit_that_is_unknown_never_runs(step):
    with pytest.raises(GivenUpError):
        schedule.due(step, _at(MONDAY))


def test_seconds_are_ignored_when_a_date_is_compared():
    assert not schedule.later(_at("2026-11-23 09:00:59"), _at("2026-11-23 09:00:00"))
    assert schedule.later(_at("2026-11-23 09:01:00"), _at("2026-11-23 09:00:59"))


def test_who_waited_is_checked_against_the_interval_as_it_is_now():
    row = {"date_triggered": MONDAY, "trigger_date": "2026-11-23 01:24:42"}
    woke = _at("2026-11-23 01:24:42")

    assert schedule.checked(_step("2h"), row, "", woke) == _at("2026-11-23 02:24:42")
    assert schedule.checked(_step("1i"), row, "", woke) == woke
    with pytest.raises(FatalError, match="__clone"):
        schedule.checked(_step("2h"), {**row, "date_triggered": None}, "", woke)

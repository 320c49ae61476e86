"""The clock of the stand-in: with the system's time, moved, or standing still."""

from __future__ import annotations

import datetime

import pytest

from pmctl.sandbox.clock import Clock, from_sql, iso, sql

DAY = datetime.datetime(2026, 11, 23, 9, 0, 0, tzinfo=datetime.UTC)


def test_it_shows_the_systems_time_in_whole_seconds():
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    shown = Clock().now()

    assert before <= shown <= datetime.datetime.now(datetime.UTC)
    assert shown.microsecond == 0


def test_it_stands_where_it_is_set_moves_on_and_runs_again():
    clock = Clock()

    clock.set(DAY.replace(tzinfo=None))
    assert clock.now() == DAY
    assert clock.move(days=1, hours=2) == DAY + datetime.timedelta(hours=26)
    clock.run()

    assert DAY < clock.now() < DAY + datetime.timedelta(hours=27)


def test_moved_while_it_runs_it_is_ahead_of_the_system():
    clock = Clock()
    clock.move(days=10)

    ahead = clock.now() - datetime.datetime.now(datetime.UTC)

    assert datetime.timedelta(days=9, hours=23) < ahead <= datetime.timedelta(days=10)


def test_a_time_that_does_not_exist_changes_nothing():
    clock = Clock()

    with pytest.raises(OverflowError):
        clock.move(days=9_000_000)

    assert clock.now().year < 3000


def test_times_are_written_as_mautic_writes_them():
    paris = DAY.astimezone(datetime.timezone(datetime.timedelta(hours=1)))

    assert (sql(paris), iso(paris)) == ("2026-11-23 09:00:00", "2026-11-23T09:00:00+00:00")
    assert from_sql(sql(paris)) == DAY

"""What was answered 200 is in the database, once: whatever is killed, stopped, held up or full.

The long form, with figures, is tests/bench/faults.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import pytest

from tests import postgres
from tests.faulting import (
    EVENTS,
    Load,
    Place,
    ended_again_and_again,
    fill,
    limit_files,
    small_disk,
    with_a_database,
    with_a_full_disk,
)
from tests.postgres import Machine
from tests.serving import Served, wait_until

DRAINED = "pmctl_webhook_drained_total"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A PostgreSQL that only these tests break."""
    with postgres.running(mortal=True) as running:
        yield running


@pytest.fixture
def place(machine: Machine) -> Place:
    return Place.new(machine)


@pytest.mark.parametrize(("how", "rounds"), [(SIGKILL, 5), (SIGTERM, 2)])
def test_a_receiver_that_is_ended_under_load_loses_and_doubles_nothing(
    place: Place, how: Signals, rounds: int
) -> None:
    figures = ended_again_and_again(place, rounds, how)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut >= rounds, figures.refused) == (True, {})
    assert figures.stored >= figures.answered * EVENTS > 0


def test_ten_thousand_events_wait_for_a_database_that_is_stopped(
    place: Place, machine: Machine
) -> None:
    def stopped(load: Load, served: Served) -> None:
        machine.stop()
        load.more(10_000 // events)
        served.reaches("pmctl_webhook_waiting", 10_000 // events)
        machine.start()

    events = 25
    figures = with_a_database(place, 50, stopped, events=events)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * events >= 10_000


def test_a_database_that_is_restarted_and_killed_in_the_middle_of_batches(
    place: Place, machine: Machine
) -> None:
    def broken(load: Load, served: Served) -> None:
        for how in (SIGKILL, SIGINT, SIGKILL):
            served.reaches(DRAINED, served.figure(DRAINED) + 1)
            machine.stop(how)
            load.more(100)
            machine.start()

    figures = with_a_database(place, 50, broken)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * EVENTS


def test_a_database_that_hangs_holds_up_no_answer(place: Place, machine: Machine) -> None:
    """It hangs for longer than a statement is waited for: its connection is cut, and tried anew."""

    def hanging(load: Load, served: Served) -> None:
        with machine.held_up():
            load.more(200)
            wait_until(lambda: any("events wait" in line for line in served.said))
            assert served.readiness()[0] == 200

    figures = with_a_database(place, 50, hanging, seconds=2)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * EVENTS


def test_files_that_must_not_grow_cut_connections_off_and_readiness_says_why(
    place: Place, tmp_path: Path
) -> None:
    def full(load: Load, served: Served) -> None:
        limit_files(served, 4096)
        before = load.cut
        wait_until(lambda: load.cut > before + 20)
        wait_until(lambda: served.readiness()[0] == 503)
        assert "the spool takes nothing" in served.readiness()[1]
        answered = len(load.answered)
        before = load.cut
        wait_until(lambda: load.cut > before + 20)
        assert len(load.answered) == answered
        limit_files(served, -1)

    figures = with_a_full_disk(place, full, tmp_path / "spool", 100)
    print(figures)
    assert figures.clean, figures
    assert figures.refused == {}
    assert figures.stored == figures.answered * EVENTS


def test_a_disk_that_fills_up_loses_nothing_that_was_answered(place: Place, tmp_path: Path) -> None:
    """First it gets low, then too low, then full in the middle of a commit; then there is room."""

    def full(load: Load, served: Served) -> None:
        fill(disk, 100 << 20)
        load.more(50)
        assert served.readiness() == (503, "less than 256 MiB are free for the spool\n")
        for _ in range(3):  # past the point where it takes no more, to the very end
            fill(disk, 33 << 20)
            fill(disk, 0)
            before = load.cut
            wait_until(lambda at=before: load.cut > at + 20)  # type: ignore[misc]
        assert served.readiness()[0] == 503
        fill(disk, 1 << 40)

    with small_disk(tmp_path / "disk", 320 << 20) as disk:
        figures = with_a_full_disk(place, full, disk / "spool", 100)
    print(figures)
    assert figures.clean, figures
    assert figures.refused == {}

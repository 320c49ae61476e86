"""What was answered 200 is in the database, once: whatever is killed, stopped, held up or full.

The long form, with figures, is tests/bench/faults.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from signal import SIGINT, SIGKILL

import pytest

from tests import postgres
from tests.faulting import (
    EVENTS,
    Load,
    Place,
    killed_again_and_again,
    with_a_database,
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


def test_a_receiver_that_is_killed_under_load_loses_and_doubles_nothing(place: Place) -> None:
    figures = killed_again_and_again(place, rounds=5)
    print(figures)
    assert figures.clean, figures
    assert figures.cut >= 5
    assert figures.stored >= figures.answered * EVENTS > 0


def test_ten_thousand_events_wait_for_a_database_that_is_stopped(place: Place) -> None:
    def stopped(load: Load, served: Served) -> None:
        place.machine.stop()
        load.more(10_000 // EVENTS)
        served.reaches("pmctl_webhook_waiting", 10_000 // EVENTS)
        place.machine.start()

    figures = with_a_database(place, 50, stopped)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * EVENTS >= 10_000


def test_a_database_that_is_restarted_and_killed_in_the_middle_of_batches(place: Place) -> None:
    def broken(load: Load, served: Served) -> None:
        for how in (SIGKILL, SIGINT, SIGKILL):
            served.reaches(DRAINED, served.figure(DRAINED) + 1)
            place.machine.stop(how)
            load.more(100)
            place.machine.start()

    figures = with_a_database(place, 50, broken)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * EVENTS


def test_a_database_that_hangs_holds_up_no_answer(place: Place) -> None:
    """It hangs for longer than a statement is waited for: its connection is cut, and tried anew."""

    def hanging(load: Load, served: Served) -> None:
        with place.machine.held_up():
            load.more(200)
            wait_until(lambda: any("events wait" in line for line in served.said))
            assert served.readiness()[0] == 200

    figures = with_a_database(place, 50, hanging)
    print(figures)
    assert figures.clean, figures
    assert (figures.cut, figures.refused) == (0, {})
    assert figures.stored == figures.answered * EVENTS

"""Lengths of time, as people write them and as Mautic stores them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.sequence.durations import NOW, UNIT_NAMES, Delay, parse


@pytest.mark.parametrize(
    ("said", "delay"),
    [
        ("3d", Delay(3, "d")), ("30m", Delay(30, "i")), ("90 min", Delay(90, "i")),
        ("3d 4h 30m", Delay(4590, "i")),
        ("1h, 60m", Delay(2, "h")), ("1 day and 12h", Delay(36, "h")),
        ("2 weeks", Delay(14, "d")), ("1 month", Delay(1, "m")), ("1y 2mo", Delay(14, "m")),
        ("12 months", Delay(12, "m")), (" 3D ", Delay(3, "d")), ("24h 1d", Delay(2, "d")),
    ],
)  # fmt: skip
def test_a_length_of_time_becomes_the_largest_unit_that_is_exact(said, delay):
    assert parse(said) == delay


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "an empty wait"), ("3", "no length of time"), ("d", "no length of time"),
        ("3q", "no length of time"), ("-3d", "no length of time"), ("1.5h", "no length of time"),
        ("3d!", "no length of time"), ("0d", "no wait at all"), ("0h 0m", "no wait at all"),
        ("11y", "longer than ten years"), ("99999999h", "longer than ten years"),
        ("1 month 2d", "cannot be mixed"),
    ],
)  # fmt: skip
def test_what_is_no_length_of_time_is_refused_in_words(said, message):
    with pytest.raises(ValueError, match=message):
        parse(said)


@pytest.mark.parametrize(
    ("delay", "words"),
    [(Delay(1, "h"), "1 hour"), (Delay(3, "d"), "3 days"), (Delay(2, "i"), "2 minutes")],
)
def test_a_delay_is_said_as_a_person_says_it(delay, words):
    assert delay.words() == words


UNITS = {"i": 1, "h": 60, "d": 1440}


@given(st.lists(st.tuples(st.integers(1, 99), st.sampled_from("mhd")), min_size=1, max_size=4))
def test_the_parts_add_up_to_the_minute_whatever_their_order(parts):
    delay = parse(" ".join(f"{amount}{unit}" for amount, unit in parts))

    minutes = sum(amount * {"m": 1, "h": 60, "d": 1440}[unit] for amount, unit in parts)
    assert delay.amount * UNITS[delay.unit] == minutes
    assert parse(" ".join(f"{a}{u}" for a, u in reversed(parts))).amount * UNITS[delay.unit] >= 1
    assert delay + NOW == NOW + delay == delay


@given(st.integers(1, 10), st.sampled_from(sorted(UNIT_NAMES)))
def test_what_a_delay_says_is_read_back_as_the_same(amount, unit):
    assert parse(Delay(amount, unit).words()) == Delay(amount, unit)


@given(st.text(max_size=30))
def test_any_text_is_a_delay_or_a_value_error(text):
    delay = None
    with contextlib.suppress(ValueError):
        delay = parse(text)
    assert delay is None or (delay.amount > 0 and delay.unit in UNIT_NAMES)

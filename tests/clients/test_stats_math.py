"""Intervals, shares and days: what holds of them whatever the numbers."""

from __future__ import annotations

import datetime
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.stats_math import ENOUGH, lasting, percent, share, wilson
from pmctl.clients.stats_periods import By, Period, day, lately, period, periods
from pmctl.errors import UsageError

DAYS = st.dates(datetime.date(1999, 1, 1), datetime.date(2060, 12, 31))
TODAY = datetime.date(2026, 11, 24)


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, int]:
    whole = draw(st.integers(1, 10**9))
    return draw(st.integers(0, whole)), whole


@given(parts())
def test_an_interval_holds_the_share_within_0_and_1(numbers: tuple[int, int]) -> None:
    part, whole = numbers
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert low < high


@given(parts())
def test_an_interval_is_the_same_seen_from_the_other_side(numbers: tuple[int, int]) -> None:
    part, whole = numbers
    low, high = wilson(part, whole)
    other_low, other_high = wilson(whole - part, whole)
    assert other_low == pytest.approx(1 - high, abs=1e-9)
    assert other_high == pytest.approx(1 - low, abs=1e-9)


@given(parts())
def test_more_of_the_same_narrows_an_interval(numbers: tuple[int, int]) -> None:
    part, whole = numbers
    low, high = wilson(part, whole)
    narrow_low, narrow_high = wilson(part * 4, whole * 4)
    assert narrow_high - narrow_low < high - low


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # Brown, Cai, DasGupta (2001), and R's prop.test(correct=FALSE)
        (10, 10, 0.7225, 1.0),
        (15, 100, 0.0931, 0.2328),
        (1, 29, 0.0061, 0.1718),
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), table I
    ],
)
def test_intervals_are_those_of_the_literature(
    part: int, whole: int, low: float, high: float
) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("part", "whole"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_has_no_interval(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(part, whole)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_is_a_rate_or_says_why_not(part: int, whole: int) -> None:
    found = share(part, whole)
    assert (found.rate is None) == bool(found.verdict)
    assert (found.rate is not None) == (part <= whole and whole >= ENOUGH)


def test_what_is_not_known_is_no_share() -> None:
    assert share(None, 100).verdict == "unknown"
    assert share(5, None).words == "unknown"
    assert share(0, 0).verdict == "none sent"
    assert share(3, 2, "opened").verdict == "more than opened"


@pytest.mark.parametrize(
    ("rate", "words"), [(0, "0.0%"), (0.0001, "<0.1%"), (0.4, "40.0%"), (1, "100.0%")]
)
def test_more_than_nothing_is_never_shown_as_nothing(rate: float, words: str) -> None:
    assert percent(rate) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (42, "42 s"), (180, "3 min"), (18_720, "5.2 h"), (181_440, "2.1 d")],
)
def test_a_time_is_said_in_its_unit(seconds: float | None, words: str) -> None:
    assert lasting(seconds) == words


@given(DAYS, st.integers(0, 900), st.sampled_from(By))
def test_the_parts_of_a_period_are_its_days_once_each(
    since: datetime.date, length: int, by: By
) -> None:
    whole = Period(since, since + datetime.timedelta(days=length))
    found = list(periods(whole, by))
    assert [one for part in found for one in part.days()] == whole.days()
    for part in found[1:]:
        assert part.since is not None
        assert by is not By.week or part.since.weekday() == 0
        assert by is not By.month or part.since.day == 1


@given(DAYS, st.sampled_from(By))
def test_lately_ends_today(today: datetime.date, by: By) -> None:
    found = lately(by, today)
    assert found.until == today
    assert len(list(periods(found, by))) == {By.day: 30, By.week: 12, By.month: 12}[by]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-01", "2026-11-01"), ("today", "2026-11-24"), ("Yesterday", "2026-11-23"),
        ("7d", "2026-11-17"), ("2w", "2026-11-10"), ("3m", "2026-08-24"), ("1y", "2025-11-24"),
        ("9m", "2026-02-24"), ("12m", "2025-11-24"),
    ],
)  # fmt: skip
def test_days_as_people_say_them(text: str, said: str) -> None:
    assert str(day(text, TODAY)) == said


def test_a_month_ago_is_a_day_that_exists() -> None:
    assert str(day("1m", datetime.date(2026, 3, 31))) == "2026-02-28"
    assert str(day("1y", datetime.date(2024, 2, 29))) == "2023-02-28"


@given(st.text(max_size=12))
def test_any_text_is_a_day_or_refused_in_words(text: str) -> None:
    with suppress(UsageError):
        assert isinstance(day(text, TODAY), datetime.date)


def test_open_ends_are_closed_by_the_first_event_and_today() -> None:
    first = datetime.date(2026, 10, 1)
    assert period(None, None, TODAY).whole
    assert period("2020-01-01", None, TODAY).closed(first, TODAY) == Period(first, TODAY)
    assert period(None, "2026-10-05", TODAY).closed(first, TODAY).words == (
        "2026-10-01 to 2026-10-05"
    )

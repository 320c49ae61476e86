"""What is used against what is allowed, out of the panel's rows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients.panel_user_usage import (
    COUNTERS,
    Usage,
    against,
    fullest,
    limit,
    missing,
    number,
    usages,
)

DISK = next(one for one in COUNTERS if one.name == "disk")
MAILBOXES = next(one for one in COUNTERS if one.name == "mailboxes")


@pytest.mark.parametrize(
    ("text", "expected"), [("unlimited", None), ("0", 0), ("12", 12), ("", 0), (None, 0), ("x", 0)]
)
def test_a_limit_is_a_number_or_none_at_all(text: str | None, expected: int | None) -> None:
    assert limit(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("7", 7), ("", 0), (None, 0), ("-1", -1)])
def test_a_count_is_a_number(text: str | None, expected: int) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("used", "allowed", "percent", "over"),
    [(5, None, None, False), (5, 10, 50.0, False), (1, 3, 33.3, False), (11, 10, 110.0, True),
     (0, 0, 0.0, False), (1, 0, 100.0, True), (10, 10, 100.0, False)],
)  # fmt: skip
def test_how_full_it_is(used: int, allowed: int | None, percent: float | None, over: bool) -> None:
    usage = Usage(DISK, used, allowed)

    assert (usage.percent, usage.over) == (percent, over)


def test_a_limit_of_each_domain_says_nothing_of_the_sum() -> None:
    usage = Usage(MAILBOXES, 8, 5)

    assert (usage.percent, usage.over) == (None, False)
    assert fullest([usage]) is None


def test_units_are_in_the_names() -> None:
    assert (DISK.used_key, DISK.limit_key) == ("disk_mb", "disk_limit_mb")
    assert MAILBOXES.limit_key == "mailboxes_limit_each_domain"


def test_what_is_nearest_to_its_limit() -> None:
    rows = usages({"U_DISK": "900", "DISK_QUOTA": "1000", "U_DATABASES": "1", "DATABASES": "5"})

    found = fullest(rows)

    assert found is not None
    assert (found.counter.name, found.percent) == ("disk", 90.0)
    assert [one.limit for one in against(rows, {"DISK_QUOTA": "unlimited"})] == [None, 0]


def test_a_row_that_lost_lines_says_which() -> None:
    row = {"U_DISK": "", "DISK_QUOTA": "unlimited", "DATABASES": "x", "U_DATABASES": "3"}

    assert missing(row) == ("U_DISK", "DATABASES")


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from([f for c in COUNTERS for f in (c.used, c.limit)]), st.text())
)
def test_no_row_is_too_odd(row: dict[str, str]) -> None:
    found = usages(row)

    assert all(one.percent is None or isinstance(one.percent, float) for one in found)
    fullest(found)
    missing(row)

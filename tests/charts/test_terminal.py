"""Charts of characters: as long as their numbers, within their width, nothing lost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.charts.terminal import bar, columns, sparkline

VALUES = st.lists(st.integers(0, 10**9), min_size=1, max_size=400)


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(1, 80), st.booleans())
def test_a_bar_fits_its_width_and_shows_whatever_is_more_than_nothing(
    value: int, most: int, width: int, ascii_only: bool
) -> None:
    found = bar(value, most, width, ascii_only=ascii_only)
    assert len(found) <= width
    assert bool(found) == (value > 0)
    assert not ascii_only or found.isascii()


def test_a_bar_is_as_long_as_its_share() -> None:
    assert bar(10, 10, 8) == "████████"
    assert bar(5, 10, 8) == "████"
    assert bar(1, 16, 8) == "▌"
    assert bar(5, 10, 8, ascii_only=True) == "####"
    assert bar(0, 0, 8) == ""


@given(VALUES)
def test_a_sparkline_has_a_character_for_each_value_the_highest_for_the_most(
    values: list[int],
) -> None:
    found = sparkline(values)
    assert len(found) == len(values)
    if max(values):
        assert found[values.index(max(values))] == "█"
    assert all(
        (sign == "▁") == (value == 0) or value for sign, value in zip(found, values, strict=True)
    )
    assert sparkline(values, ascii_only=True).isascii()


@given(VALUES, st.integers(1, 100), st.integers(1, 10))
def test_columns_fit_and_reach_the_top_only_with_the_most(
    values: list[int], width: int, height: int
) -> None:
    found = columns(values, width, height)
    assert len(found) == height
    assert all(len(line) <= width for line in found)
    assert bool(found[0].strip()) == any(
        round(v / (max(values) or 1) * height * 8) > (height - 1) * 8 for v in values
    )
    for above, below in itertools.pairwise(found):  # a column stands on the ground
        for place, sign in enumerate(above):
            assert sign == " " or below[place] == "█"


@pytest.mark.parametrize("values", [[], [0], [0, 0, 0]])
def test_nothing_is_drawn_as_nothing(values: list[int]) -> None:
    assert "".join(columns(values, 20, 3)).strip() == ""
    assert set(sparkline(values)) <= {"▁"}

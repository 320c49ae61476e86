"""The comparison with the recordings can fail."""

from __future__ import annotations

import pytest

from tests.sandbox.replay import names
from tests.sandbox.shapes import differences


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ": keys ['b'] on one side only"),
        ({"a": 1, "b": 2}, {"a": 1}, ": keys ['b'] on one side only"),
        ({"b": 2, "a": 1}, {"a": 1, "b": 2}, ": keys in another order"),
        ({"a": None}, {"a": "x"}, ".a: null for str"),
        ({"a": "1"}, {"a": 1}, ".a: str for int"),
        ({"a": True}, {"a": 1}, ".a: bool for int"),
        ({"a": {}}, {"a": []}, ".a: dict for list"),
        ({"a": [1]}, {"a": [1, 2]}, ".a: 1 items for 2"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ".a[0].b: 1 for 2"),
        ({"dateModified": None}, {"dateModified": "2026"}, ".dateModified: null for str"),
        ({"createdBy": "Lab"}, {"createdBy": 1}, ".createdBy: 'Lab' for 1"),
    ],
)
def test_a_difference_is_found(ours, theirs, said):
    assert list(differences(ours, theirs)) == [said]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": [1, None, {"b": "x"}]}, {"a": [1, None, {"b": "x"}]}),
        ({"dateAdded": "2027-01-01T00:00:00+00:00"}, {"dateAdded": "2026-11-22T23:06:31+00:00"}),
        ({"at": "2027-01-01T09:30:00+00:00"}, {"at": "2026-11-22T09:30:00+00:00"}),
        ({"createdByUser": "Sandbox Admin"}, {"createdByUser": None}),
    ],
)
def test_what_may_differ_is_no_difference(ours, theirs):
    assert list(differences(ours, theirs)) == []


def test_there_are_enough_recordings_to_hold_the_stand_in():
    assert len(names()) >= 80

"""Batches of contacts: where they are cut, and what an answer says of each row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.clients.campaign_contact_batch import MOST, MOST_CHARACTERS, batches, results
from pmctl.clients.campaign_contact_rows import Row

ROWS = [Row(2, "a@example.org"), Row(3, "b@example.org"), Row(4, "c@example.org")]


def shown(key, email):
    return {"id": key, "fields": {"all": {"id": str(key), "email": email}}}


def outcomes(answer):
    return [(one.outcome, one.id, one.reason) for one in results(answer, ROWS)]


def test_a_list_without_gaps_goes_by_place():
    contacts = [shown(key, row.email) for key, row in enumerate(ROWS, 7)]

    found = outcomes({"contacts": contacts, "statusCodes": [201, 200, 201]})

    assert found == [("created", 7, ""), ("updated", 8, ""), ("created", 9, "")]


@pytest.mark.parametrize(
    "errors", [{"1": {"code": 400, "message": "no"}}, [None, {"message": "no", "code": 400}]]
)
def test_a_gap_is_who_was_refused(errors):
    contacts = {"0": shown(7, "A@example.org"), "2": shown(9, "c@example.org")}

    found = outcomes({"contacts": contacts, "statusCodes": [201, 400, 200], "errors": errors})

    assert found == [("created", 7, ""), ("refused", None, "no"), ("updated", 9, "")]


def test_a_list_that_moved_up_is_matched_by_email():
    contacts = [shown(8, "b@example.org"), shown(9, "c@example.org")]

    found = outcomes({"contacts": contacts, "statusCodes": [400, 200, 200],
                      "errors": [{"code": 400, "message": "no"}]})  # fmt: skip

    assert found == [("refused", None, "no"), ("updated", 8, ""), ("updated", 9, "")]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"statusCodes": "x", "contacts": 5, "errors": "no"},
        {"statusCodes": [201, 201, 201]},
        {"statusCodes": [201, 201, 201], "contacts": [None, {"id": None}, 5]},
        {"contacts": [shown(1, "x@example.org")] * 3, "statusCodes": [201, 201, 201]},
        {
            "statusCodes": [500, 500, 500],
            "errors": {"0": {"code": 500}, "1": "no", "2": {"code": 503}},
        },
    ],
)
def test_what_is_not_clear_is_unknown_never_taken_for_done(answer):
    assert {outcome for outcome, _, _ in outcomes(answer)} == {"unknown"}


@given(st.lists(st.integers(0, 3000), max_size=900))
def test_batches_hold_every_row_once_in_order_and_none_is_too_large(sizes):
    every = [
        Row(n, f"{n}@example.org", {"notes": "x" * (size * 10)}) for n, size in enumerate(sizes)
    ]

    found = list(batches(every))

    assert [row for batch in found for row in batch.rows] == every
    assert [batch.number for batch in found] == list(range(len(found)))
    for batch in found:
        assert 1 <= len(batch.rows) <= MOST
        assert sum(len(row.values["notes"]) for row in batch.rows) <= MOST_CHARACTERS


def test_batches_are_cut_in_the_same_places_each_time():
    every = [Row(n, f"{n}@example.org") for n in range(450)]

    assert [len(batch.rows) for batch in batches(every)] == [200, 200, 50]
    assert list(batches(every)) == list(batches(iter(every)))

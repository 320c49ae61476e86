"""Stages, users, companies and assets of the stand-in: made, listed, found again."""

from __future__ import annotations

from typing import Any

import pytest

from pmctl.clients.campaign_names import LISTINGS, called

MADE: dict[str, dict[str, Any]] = {
    "stage": {"name": "Won", "weight": 50},
    "user": {"username": "bob", "firstName": "Bob", "email": "bob@example.com"},
    "company": {"companyname": "Globex"},
    "asset": {"title": "White paper"},
}
NAMES = {"stage": ["Won"], "user": ["bob", "bob@example.com"], "company": ["Globex"],
         "asset": ["white-paper"]}  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_what_was_made_is_in_the_list_under_its_names(api, kind):
    path, key, _ = LISTINGS[kind]

    status, answer = api("POST", f"/{path}/new", MADE[kind])
    listed = api("GET", f"/{path}?limit=100")[1]

    assert status == 201
    row = listed[key][str(answer[kind]["id"])]
    assert row == answer[kind] == api("GET", f"/{path}/{row['id']}")[1][kind]
    assert called(kind, row) == NAMES[kind]
    assert listed["total"] == len(listed[key])


@pytest.mark.parametrize("kind", MADE)
def test_a_page_of_a_list_and_one_that_is_not_there(api, kind):
    path, key, _ = LISTINGS[kind]

    assert len(api("GET", f"/{path}?limit=1")[1][key]) == 1
    assert api("GET", f"/{path}?start=99")[1][key] == []
    assert api("GET", f"/{path}/999")[0] == 404


@pytest.mark.parametrize("kind", MADE)
def test_what_has_no_name_is_refused(api, kind):
    status, answer = api("POST", f"/{LISTINGS[kind][0]}/new", {})

    assert status == 400
    assert answer["errors"][0]["code"] == 400


def test_a_password_is_not_shown(api):
    secret = {**MADE["user"], "plainPassword": {"password": "hush", "confirm": "hush"}}

    assert "hush" not in str(api("POST", "/users/new", secret))


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"fields": {"core": {"companyname": {"value": "A"}}, "social": []}}, ["A"]),
        ({"fields": {"all": {"companyname": "A"}}}, ["A"]),
        ({"id": 1, "name": "A", "score": 0}, ["A"]),
        ({"companyname": "A"}, ["A"]),
        ({"fields": []}, []),
    ],
)
def test_a_company_is_read_in_every_shape_it_may_have(row, names):
    assert called("company", row) == names

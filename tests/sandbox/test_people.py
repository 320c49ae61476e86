"""Contacts of the stand-in: what the recordings do not show exchange by exchange."""

from __future__ import annotations

import pytest


def test_a_batch_says_what_became_of_each_contact(sandbox, api):
    items = [
        {"email": "new@example.org"},
        {"email": "no address"},
        {"email": "ANA@example.com", "lastname": "Merged"},
        {"email": "New@example.org", "firstname": "Twice"},
    ]

    status, answer = api("POST", "/contacts/batch/new", items)

    assert status == 201
    assert answer["statusCodes"] == [201, 400, 200, 200]
    assert list(answer["contacts"]) == ["0", "2", "3"]
    assert answer["errors"]["1"]["message"] == "email: no address is invalid."
    assert answer["contacts"]["0"]["id"] == answer["contacts"]["3"]["id"]
    assert sandbox.store.contacts[1]["values"]["lastname"] == "Merged"


def test_a_batch_without_gaps_is_a_list_and_has_no_errors(api):
    _, answer = api("POST", "/contacts/batch/new", [{"email": "a@example.org"}])

    assert isinstance(answer["contacts"], list)
    assert "errors" not in answer


def test_a_batch_whose_first_contact_alone_is_refused_lists_its_errors(api):
    _, answer = api("POST", "/contacts/batch/new", [{"email": "x"}, {"email": "a@example.org"}])

    assert list(answer["contacts"]) == ["1"]
    assert answer["errors"][0]["code"] == 400


@pytest.mark.parametrize("body", [["x"], [{}], {"0": {}}])
def test_what_is_no_contact_becomes_an_empty_one(sandbox, api, body):
    _, answer = api("POST", "/contacts/batch/new", body)

    assert answer["statusCodes"] == [201]
    assert sandbox.store.contacts[5]["email"] == ""


def test_a_batch_edit_by_put_blanks_what_is_left_out(sandbox, api):
    sandbox.store.contacts[1]["values"]["city"] = "Lima"

    api("PUT", "/contacts/batch/edit", [{"id": 1, "email": "ana@example.com"}])

    assert "city" not in sandbox.store.contacts[1]["values"]


def test_an_email_is_found_again_after_it_was_changed_and_free_after_a_delete(sandbox, api):
    api("PATCH", "/contacts/1/edit", {"email": "other@example.com"})
    status, _ = api("POST", "/contacts/new", {"email": "ana@example.com"})
    assert status == 201

    api("DELETE", "/contacts/1/delete")
    status, _ = api("POST", "/contacts/new", {"email": "OTHER@example.com"})

    assert status == 201


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("email:ana@example.com", [1]),
        ('email:"ana@example.com"', [1]),
        ("tag:vip", [2, 3]),
        ('tag:"hot lead"', [3]),
        ("segment:customers", [3]),
        ("tag:vip segment:customers", [3]),
        ("ana", [1]),
        ("tag:vip ben", [2]),
        ("tag:none", []),
        ("nosuch:vip", []),
        ("", [1, 2, 3, 4]),
    ],
)
def test_a_search_finds_who_meets_every_word(sandbox, api, search, found):
    from urllib.parse import quote

    contacts = sandbox.store.contacts
    contacts[2]["tags"] = ["vip"]
    contacts[3].update(tags=["vip", "hot lead"], segments=[4])
    assert sandbox.store.segments[4]["alias"] == "customers"

    _, answer = api("GET", f"/contacts?search={quote(search)}")

    assert [int(key) for key in answer["contacts"]] == found


def test_points_go_up_and_down(sandbox, api):
    api("POST", "/contacts/1/points/plus/7")
    api("POST", "/contacts/1/points/minus/2")

    assert api("GET", "/contacts/1")[1]["contact"]["points"] == 5
    assert api("POST", "/contacts/1/points/twice/2")[0] == 404


def test_a_field_that_is_not_known_is_ignored_until_it_is_made(sandbox, api):
    def stage():
        given = {"email": "a@example.org", "pm_stage": "trial"}
        key = api("POST", "/contacts/new", given)[1]["contact"]["id"]
        return api("GET", f"/contacts/{key}")[1]["contact"]["fields"]["all"].get("pm_stage")

    assert stage() is None
    assert api("POST", "/fields/contact/new", {"alias": "pm_stage", "label": "Stage"})[0] == 201
    assert stage() == "trial"


def test_do_not_contact_rows_are_in_the_statistics(api):
    api("POST", "/contacts/2/dnc/email/add", {"reason": 1, "comments": "asked"})

    (row,) = api("GET", "/stats/lead_donotcontact")[1]["stats"]

    assert (row["lead_id"], row["reason"], row["channel"]) == ("2", "1", "email")

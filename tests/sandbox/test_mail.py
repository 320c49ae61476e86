"""Emails, segments, contacts and statistics of the stand-in over several requests."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import campaign

MAIL = {
    "name": "Hello [[prod/welcome/hello]]",
    "subject": "Hi <b>you</b> & me",
    "language": "de",
    "plainText": "Hello",
    "preheaderText": "unseen",
    "headers": {"list": [{"label": "X-Step", "value": "1"}]},
}


@pytest.fixture
def mail(api):
    return api("POST", "/emails/new", MAIL)[1]["email"]


def test_an_email_is_read_otherwise_than_it_was_written(mail):
    assert mail["headers"] == {"X-Step": "1"}
    assert mail["subject"] == "Hi you & me"
    assert mail["isPublished"] is True
    assert "preheaderText" not in mail


def test_every_write_of_an_email_counts_as_a_revision(api, mail):
    for expected in (2, 3):
        changed = api("PATCH", f"/emails/{mail['id']}/edit", {"name": MAIL["name"]})[1]["email"]

        assert changed["revision"] == expected
    assert (changed["plainText"], changed["headers"]) == ("Hello", {"X-Step": "1"})


def test_put_of_an_email_resets_what_is_left_out(api, mail):
    body = {"name": "B", "subject": "b", "language": "en", "isPublished": True}

    changed = api("PUT", f"/emails/{mail['id']}/edit", body)[1]["email"]

    assert (changed["plainText"], changed["headers"]) == (None, [])


def test_a_refused_edit_leaves_the_email_as_it_was(api, mail):
    status, _ = api("PATCH", f"/emails/{mail['id']}/edit", {"subject": "x", "fromAddress": "nope"})

    assert status == 400
    assert api("GET", f"/emails/{mail['id']}")[1]["email"] == mail


def test_an_email_in_use_can_be_deleted(api, mail):
    assert api("DELETE", f"/emails/{mail['id']}/delete")[0] == 200
    assert api("GET", f"/emails/{mail['id']}")[0] == 404


def test_a_variant_is_inside_its_parent_and_not_in_the_list(api, mail):
    settings = {"weight": 40, "winnerCriteria": "email.openrate"}
    child = {"name": "B", "subject": "b", "variantParent": mail["id"], "variantSettings": settings}

    assert api("POST", "/emails/new", child)[0] == 201

    assert api("GET", "/emails")[1]["total"] == 1
    parent = api("GET", f"/emails/{mail['id']}")[1]["email"]
    assert [one["name"] for one in parent["variantChildren"]] == ["B"]


def test_the_settings_of_a_variant_are_kept_and_never_shown(api, mail, sandbox):
    settings = {"weight": 40, "winnerCriteria": "email.openrate"}
    child = {"name": "B", "subject": "b", "variantParent": mail["id"], "variantSettings": settings}
    made = api("POST", "/emails/new", child)[1]["email"]

    edited = api("PATCH", f"/emails/{made['id']}/edit", {"subject": "c"})[1]["email"]

    assert "variantSettings" not in made
    assert "variantSettings" not in edited
    assert (
        "isPublished" not in api("GET", f"/emails/{mail['id']}")[1]["email"]["variantChildren"][0]
    )
    assert edited["variantParent"]["id"] == mail["id"]
    assert sandbox.store.emails[made["id"]]["variantSettings"] == settings


def test_the_variants_of_an_email_go_with_it(api, mail):
    settings = {"weight": 40, "winnerCriteria": "email.openrate"}
    child = {"name": "B", "subject": "b", "variantParent": mail["id"], "variantSettings": settings}
    made = api("POST", "/emails/new", child)[1]["email"]

    assert api("DELETE", f"/emails/{mail['id']}/delete")[0] == 200

    assert api("GET", f"/emails/{made['id']}")[0] == 404


def test_an_alias_of_a_segment_is_unique_and_a_name_is_not(api):
    segment = {"name": "Trials", "alias": "mine"}

    assert api("POST", "/segments/new", segment)[0] == 201
    assert api("POST", "/segments/new", segment)[0] == 400
    assert api("POST", "/segments/new", {"name": "Trials", "alias": "other"})[0] == 201


def test_put_of_a_segment_makes_a_new_alias_and_unpublishes(api):
    made = api("POST", "/segments/new", {"name": "Trials", "alias": "mine"})[1]["list"]

    changed = api("PUT", f"/segments/{made['id']}/edit", {"name": "New Name"})[1]["list"]

    assert (changed["alias"], changed["isPublished"]) == ("new-name", False)


def test_forms_are_listed(api):
    answer = api("GET", "/forms")[1]

    assert (answer["total"], sorted(answer["forms"])) == (2, ["1", "2"])


def test_a_known_address_merges(api):
    first = api("POST", "/contacts/new", {"email": "New@example.com", "firstname": "A"})
    second = api("POST", "/contacts/new", {"email": "new@EXAMPLE.com", "lastname": "B"})

    assert (first[0], second[0]) == (201, 200)
    everything = second[1]["contact"]["fields"]["all"]
    assert (everything["firstname"], everything["lastname"]) == ("A", "B")


def test_tags_are_added_and_taken_away(api):
    api("PATCH", "/contacts/1/edit", {"tags": ["a", "b"]})

    contact = api("PATCH", "/contacts/1/edit", {"tags": ["-a", "c"]})[1]["contact"]

    assert [tag["tag"] for tag in contact["tags"]] == ["b", "c"]
    assert list(api("GET", "/contacts?search=tag:c")[1]["contacts"]) == ["1"]
    assert api("GET", "/contacts?search=tag:nobody")[1] == {"total": "0", "contacts": {}}


def test_do_not_contact_keeps_one_row_per_channel(api):
    for reason in (1, 3):
        api("POST", "/contacts/1/dnc/email/add", {"reason": reason})

    contact = api("GET", "/contacts/1")[1]["contact"]
    assert [(row["channel"], row["reason"]) for row in contact["doNotContact"]] == [("email", 3)]
    gone = [api("POST", "/contacts/1/dnc/email/remove")[1]["recordFound"] for _ in range(2)]
    assert gone == [True, False]


def test_a_contact_joins_and_leaves_a_segment(api):
    assert api("POST", "/segments/1/contact/2/add") == (200, {"success": 1})
    assert list(api("GET", "/contacts?search=segment:new-signups")[1]["contacts"]) == ["2"]
    api("POST", "/segments/1/contact/2/remove")
    assert api("GET", "/contacts/2/segments")[1] == {"total": 0, "lists": []}


def test_people_in_steps_are_counted_by_the_statistics(api, sandbox):
    made = api("POST", "/campaigns/new", campaign())[1]["campaign"]
    first, second = (event["id"] for event in made["events"])
    for contact in (1, 2, 3):
        sandbox.store.put_passed(first, contact)
        sandbox.store.put_waiting(second, contact)

    path = "/stats/campaign_lead_event_log?where[0][col]=is_scheduled&where[0][expr]=eq"
    count = api("GET", f"{path}&where[0][val]=1&limit=0")[1]
    rows = api("GET", f"{path}&where[0][val]=0&order[0][col]=lead_id&order[0][dir]=desc&limit=2")[1]

    assert count == {"total": "3", "stats": []}
    assert [row["lead_id"] for row in rows["stats"]] == ["3", "2"]
    assert "trigger_date" not in rows["stats"][0]  # NULL is left out
    assert api("GET", "/stats/campaign_leads?limit=0")[1]["total"] == "3"


def test_a_mail_that_was_sent_is_counted(api, mail, sandbox):
    sandbox.store.put_sent(mail["id"], 1)

    assert api("GET", "/stats/email_stats")[1]["stats"][0]["email_id"] == str(mail["id"])
    assert api("GET", f"/emails/{mail['id']}")[1]["email"]["sentCount"] == 1

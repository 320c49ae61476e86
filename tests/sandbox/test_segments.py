"""Segments of the stand-in: the lies that Mautic 5.1.1 tells about them."""

from __future__ import annotations

from pmctl.sandbox.server import MauticSandbox
from tests.sandbox.conftest import Ask, campaign

STATS = "/stats/lead_lists_leads?where[0][col]=leadlist_id&where[0][expr]=eq&where[0][val]="


def test_a_segment_that_a_campaign_lives_on_is_deleted_and_the_campaign_has_no_source(
    api: Ask, sandbox: MauticSandbox
) -> None:
    assert api("POST", "/campaigns/new", campaign())[0] == 201
    sandbox.store.contacts[1]["segments"] = [1, 2]

    assert api("DELETE", "/segments/1/delete")[0] == 200

    assert api("GET", "/campaigns/1")[1]["campaign"]["lists"] == []
    assert sandbox.store.contacts[1]["segments"] == [2]


def test_put_without_filters_empties_them_and_makes_a_new_alias(api: Ask) -> None:
    filters = [{"glue": "and", "object": "lead", "field": "city", "type": "text",
                "operator": "=", "filter": "Lima"}]  # fmt: skip
    made = api("POST", "/segments/new", {"name": "A b", "alias": "x", "filters": filters})[1]
    assert made["list"]["filters"][0]["properties"] == {"filter": "Lima"}
    assert "filter" not in made["list"]["filters"][0]

    _, now = api("PUT", f"/segments/{made['list']['id']}/edit", {"name": "A b"})

    assert (now["list"]["filters"], now["list"]["isPublished"]) == ([], False)
    assert now["list"]["alias"] == "a-b"


def test_adding_many_says_yes_and_what_failed_in_the_details(api: Ask) -> None:
    status, said = api("POST", "/segments/1/contacts/add", {"ids": [1, 99999]})

    assert (status, said["success"]) == (200, 1)
    assert said["details"] == {"1": {"success": True}, "99999": {"success": False}}
    assert api("POST", "/segments/1/contacts/add", {})[0] == 400
    assert api("GET", f"{STATS}1&limit=0")[1] == {"total": "1", "stats": []}
    api("POST", "/segments/1/contact/1/remove")
    assert api("GET", f"{STATS}1&limit=0")[1]["total"] == "0"


def test_an_email_is_sent_to_a_contact_who_unsubscribed(api: Ask, sandbox: MauticSandbox) -> None:
    made = api("POST", "/emails/new", {"name": "A", "subject": "B", "isPublished": 0})[1]
    key = made["email"]["id"]
    api("POST", "/contacts/1/dnc/email/add", {"reason": 1})

    assert api("POST", f"/emails/{key}/contact/1/send") == (200, {"success": True})

    (row,) = sandbox.store.sent
    assert (row["email_id"], row["lead_id"], row["source"]) == (str(key), "1", "api")
    assert api("GET", f"/emails/{key}")[1]["email"]["sentCount"] == 1
    assert api("POST", "/emails/99/contact/1/send")[0] == 404


def test_filters_may_ask_about_fields_that_a_person_added(api: Ask, sandbox: MauticSandbox) -> None:
    one = {"glue": "and", "object": "lead", "field": "plan", "type": "text", "operator": "="}
    body = {"name": "P", "filters": [{**one, "properties": {"filter": "pro"}}]}
    assert api("POST", "/segments/new", body)[0] == 400
    sandbox.store.add_field("plan")
    assert api("POST", "/segments/new", body)[0] == 201

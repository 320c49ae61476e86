"""What the actions of a campaign do to a contact, and what they leave in the log."""

from __future__ import annotations

import pytest

from tests.sandbox.flow import step


def _one(flow, kind, **properties):
    """Run one action for all; return the first contact as the API shows it."""
    flow.campaign(step("act", kind, **properties))
    flow.cron()
    return flow.api("GET", f"/contacts/{flow.contacts[0]}")[1]["contact"]


def test_tags_are_names_and_an_id_becomes_a_name(flow):
    flow.sandbox.store.contacts[flow.contacts[0]]["tags"] = ["old", "keep"]

    shown = _one(flow, "lead.changetags", add_tags=["new", 18], remove_tags=["old"])

    assert [tag["tag"] for tag in shown["tags"]] == ["keep", "new", "18"]


def test_fields_points_stage_owner_and_company_are_set(flow):
    shown = _one(flow, "lead.updatelead", lastname="Set", city="Berlin", firstname="")
    assert (shown["fields"]["all"]["lastname"], shown["fields"]["all"]["city"]) == (
        "Set",
        "Berlin",
    )
    flow.campaign(
        step("points", "lead.changepoints", points=5),
        step("less", "lead.changepoints", "points", points=-2),
        step("stage", "stage.change", stage=1),
        step("owner", "lead.changeowner", owner=1),
        step("company", "lead.addtocompany", company=3),
    )
    flow.cron()

    shown = flow.api("GET", f"/contacts/{flow.contacts[0]}")[1]["contact"]
    assert (shown["points"], shown["owner"]["id"], shown["stage"]["id"]) == (3, 1, 1)
    assert flow.sandbox.store.contacts[flow.contacts[0]]["companies"] == [3]


def test_segments_are_changed_and_campaigns_follow_at_the_next_update(flow):
    flow.campaign(flow.mail("other"), lists=[{"id": 2}], name="Other")
    flow.campaign(step("move", "lead.changelist", addToLists=[2], removeFromLists=[1]))

    flow.cron()

    assert flow.cron() == flow.everybody("other")
    _, shown = flow.api("GET", f"/contacts/{flow.contacts[0]}/segments")
    assert list(shown["lists"]) == ["2"]


def test_dnc_is_added_with_its_text_and_removed(flow):
    shown = _one(flow, "lead.adddnc", channels=["email"], reason="by pmctl")
    marks = [(row["reason"], row["comments"]) for row in shown["doNotContact"]]
    assert marks == [(3, "by pmctl")]

    shown = _one(flow, "lead.removednc", channels=["email"])
    assert shown["doNotContact"] == []


def test_mail_to_users_and_webhooks_are_remembered_and_not_sent(flow):
    email = flow.email("Notice")
    flow.campaign(
        step(
            "tell",
            "email.send.to.user",
            useremail={"email": email},
            user_id=[1],
            to_owner=False,
            to="ops@example.org, {contactfield=email}",
        ),
        step(
            "hook",
            "campaign.sendwebhook",
            url="https://example.com/h?c={contactfield=email}",
            method="post",
            headers={"list": [{"label": "X-T", "value": "1"}]},
            additional_data={"list": [{"label": "k", "value": "v {contactfield=city|none}"}]},
            timeout=5,
        ),
    )

    assert flow.cron() == []
    notice, hook = flow.sandbox.store.notices[0], flow.sandbox.store.webhooks[0]
    assert (notice["users"], notice["to"]) == ([1], ["ops@example.org", "c0@example.org"])
    assert (hook["url"], hook["headers"], hook["data"]) == (
        "https://example.com/h?c=c0@example.org",
        {"X-T": "1"},
        {"k": "v none"},
    )
    assert (flow.log("tell")[0]["channel"], flow.log("tell")[0]["channel_id"]) == ("email", None)


def test_a_campaign_can_put_its_contacts_into_others_and_out_of_them(flow):
    other = flow.campaign(flow.mail("other"), lists=[{"id": 2}], name="Other")
    flow.campaign(step("in", "campaign.addremovelead", addTo=[other["id"]], removeFrom=[]))

    # the newer campaign runs before the one it puts them into
    assert flow.cron() == flow.everybody("other")
    flow.campaign(step("out", "campaign.addremovelead", addTo=[], removeFrom=[other["id"]]))
    flow.cron()

    members = flow.sandbox.store.members[other["id"]].values()
    assert {row["manually_removed"] for row in members} == {"1"}


@pytest.mark.parametrize("how", ["deleted", "unpublished"])
def test_a_mail_that_is_gone_fails_in_the_log_and_the_contact_goes_on(flow, how):
    email = flow.email("gone")
    flow.campaign(flow.mail("first", email=email), flow.mail("second", "first"))
    if how == "deleted":
        flow.api("DELETE", f"/emails/{email}/delete")
    else:
        flow.api("PATCH", f"/emails/{email}/edit", {"isPublished": False})

    assert flow.cron() == flow.everybody("second")
    assert "Email not found or published" in flow.log("first")[0]["metadata"]


def test_a_mail_to_an_address_that_is_none_fails_in_the_log(flow):
    nobody = flow.contact("", firstname="No", lastname="Address")
    flow.campaign(flow.mail("first"))

    assert nobody not in [who for who, _ in flow.cron()]
    assert "No Address does not have an email" in flow.log("first")[-1]["metadata"]


def test_a_refused_mail_is_tried_again_in_an_hour_and_what_follows_waits(flow):
    for place in range(17):
        flow.contact(f"more{place}@example.org")
    flow.sandbox.reject("C0@example.org")
    flow.campaign(flow.mail("one"), flow.mail("two", "one"))

    assert len(flow.cron()) == 19 * 2
    row = flow.log("one")[0]
    assert (row["is_scheduled"], row["trigger_date"]) == ("1", "2026-11-23 01:24:00")
    assert "550 5.1.1 no such user" in row["metadata"]
    flow.sandbox.store.rejected.clear()

    assert flow.cron(minutes=59) == []
    first = flow.contacts[0]
    assert flow.cron(minutes=1) == [(first, "one"), (first, "two")]


def test_failures_of_a_tenth_of_its_contacts_unpublish_a_campaign(flow):
    flow.sandbox.reject("c0@example.org")
    made = flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))

    flow.cron()

    _, shown = flow.api("GET", f"/campaigns/{made['id']}")
    assert shown["campaign"]["isPublished"] is False
    assert flow.cron(days=2) == []


def test_variants_get_their_share(flow):
    for place in range(17):
        flow.contact(f"more{place}@example.org")
    email = flow.email("A")
    settings = {"weight": 40, "winnerCriteria": "email.openrate"}
    flow.email("B", variantParent=email, variantSettings=settings)
    flow.campaign(flow.mail("first", email=email))

    names = [name for _, name in flow.cron()]

    assert (names.count("A"), names.count("B")) == (12, 8)
    assert {row["channel_id"] for row in flow.log("first")} == {str(email)}


def test_a_contact_that_a_campaign_deletes_is_gone_and_the_others_go_on(flow):
    flow.campaign(step("bye", "lead.deletecontact"), flow.mail("after", "bye"))

    assert flow.cron() == []
    assert flow.api("GET", f"/contacts/{flow.contacts[0]}")[0] == 404

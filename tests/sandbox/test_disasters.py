"""Every silent disaster of a live edit happens on the stand-in as it does in Mautic 5.1.1."""

from __future__ import annotations

from tests.sandbox.flow import step


def test_a_first_step_that_is_made_anew_with_another_email_mails_everybody_twice(flow):
    old = flow.campaign(flow.mail("welcome"))
    assert flow.cron() == flow.everybody("welcome")

    flow.change(old, flow.mail("hello"))

    assert flow.cron() == flow.everybody("hello")


def test_made_anew_with_the_same_marketing_email_nobody_is_mailed_and_the_log_says_why(flow):
    email = flow.email("welcome")
    old = flow.campaign(flow.mail("first", email=email))
    flow.cron()

    flow.change(old, flow.mail("second", email=email))

    assert flow.cron() == []
    reasons = {row["metadata"] for row in flow.log("second")}
    who = "c0@example.org has already received this marketing email."
    assert f'a:2:{{s:6:"failed";i:1;s:6:"reason";s:{len(who)}:"{who}";}}' in reasons


def test_made_anew_with_the_same_transactional_email_everybody_is_mailed_again(flow):
    email = flow.email("welcome")
    old = flow.campaign(flow.mail("first", email=email, email_type="transactional"))
    flow.cron()

    flow.change(old, flow.mail("second", email=email, email_type="transactional"))

    assert flow.cron() == flow.everybody("welcome")


def test_nobody_is_mailed_twice_while_a_row_of_another_step_remains(flow):
    old = flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.cron()
    waiting = [row["trigger_date"] for row in flow.log("two")]

    two = next(one for one in old["events"] if one["name"] == "two")
    kept = flow.mail("two", "other", wait="1d", email=two["properties"]["email"])
    flow.change(old, flow.mail("other"), kept)

    assert flow.cron() == []
    assert [row["trigger_date"] for row in flow.log("two")] == waiting
    assert flow.cron(days=1) == flow.everybody("two")


def test_deleting_the_step_that_people_wait_at_drops_them(flow):
    first = flow.mail("one")
    old = flow.campaign(first, flow.mail("two", "one", wait="1d"), flow.mail("three", "two"))
    flow.cron()
    three = next(one for one in old["events"] if one["name"] == "three")

    flow.change(old, first, flow.mail("three", "one", email=three["properties"]["email"]))

    assert flow.cron(days=2) == []
    assert flow.log("two") == flow.log("three") == []


def test_a_new_no_path_under_an_old_mail_fires_at_everybody_also_those_who_had_opened(flow):
    first = flow.mail("offer")
    old = flow.campaign(first)
    flow.cron()
    flow.sandbox.open("c0@example.org", "offer")
    flow.sandbox.clock.move(days=30)

    asked = step("opened", "email.open", "offer")
    flow.change(old, first, asked, flow.mail("nudge", "opened", "no", wait="1d"))

    assert flow.cron() == flow.everybody("nudge")
    flow.sandbox.open("c1@example.org", "offer")
    assert {row["non_action_path_taken"] for row in flow.log("opened")} == {"1"}
    assert len(flow.log("opened")) == 3


def test_a_step_that_loses_its_connection_becomes_a_root_and_starts_for_new_contacts(flow):
    first, second = flow.mail("one"), flow.mail("two", "one", wait="1d")
    old = flow.campaign(first, second)
    flow.cron()

    flow.change(old, first, {**second, "under": "gone", "triggerMode": "immediate"})
    newcomer = flow.contact("new@example.org")

    assert flow.cron() == [(newcomer, "one"), (newcomer, "two")]


def test_a_transactional_mail_goes_to_those_who_unsubscribed_and_a_marketing_mail_does_not(flow):
    who = flow.contacts[0]
    flow.api("POST", f"/contacts/{who}/dnc/email/add", {"reason": 1})

    flow.campaign(
        flow.mail("news"),
        flow.mail("bill", email_type="transactional"),
        step("default", "email.send", email=flow.email("default")),
    )
    sent = flow.cron()

    assert sorted(name for contact, name in sent if contact == who) == ["bill", "default"]
    assert [row["metadata"] for row in flow.log("news")] == ["a:0:{}"] * 3


def test_who_got_variant_b_is_mailed_again_when_the_step_is_made_anew(flow):
    for place in range(17):
        flow.contact(f"more{place}@example.org")
    email = flow.email("A")
    settings = {"weight": 40, "winnerCriteria": "email.openrate"}
    flow.email("B", variantParent=email, variantSettings=settings)
    old = flow.campaign(flow.mail("first", email=email))
    first = flow.cron()

    flow.change(old, flow.mail("second", email=email))
    again = flow.cron()

    assert [name for _, name in first].count("A") == 12
    had_b = [contact for contact, name in first if name == "B"]
    assert len(had_b) == 8
    assert [contact for contact, _ in again] == had_b


def test_adding_a_contact_again_that_was_removed_sends_the_first_mail_again(flow):
    made = flow.campaign(flow.mail("one", email_type="transactional"))
    flow.cron()
    who = flow.contacts[0]
    path = f"/campaigns/{made['id']}/contact/{who}"

    flow.api("POST", f"{path}/add")
    assert flow.cron() == []
    flow.api("POST", f"{path}/remove")
    assert flow.cron() == []
    flow.api("POST", f"{path}/add")

    assert flow.cron() == [(who, "one")]
    assert [row["rotation"] for row in flow.log("one")] == ["1", "1", "1", "2"]


def test_a_shorter_wait_is_not_applied_to_those_who_wait_already(flow):
    first, second = flow.mail("one"), flow.mail("two", "one", wait="10d")
    old = flow.campaign(first, second)
    flow.cron()

    flow.change(old, first, {**second, "triggerInterval": 1})

    assert flow.cron(days=4) == []
    assert flow.cron(days=6) == flow.everybody("two")


def test_a_longer_wait_is_applied_when_they_wake_up(flow):
    first, second = flow.mail("one"), flow.mail("two", "one", wait="1d")
    old = flow.campaign(first, second)
    flow.cron()

    flow.change(old, first, {**second, "triggerInterval": 10})

    assert flow.cron(days=1) == []
    assert {row["trigger_date"] for row in flow.log("two")} == {"2026-12-03 00:24:00"}
    assert flow.cron(days=9) == flow.everybody("two")


def test_a_segment_taken_from_a_campaign_takes_its_members_out_and_cancels_what_they_wait_for(flow):
    made = flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.cron()

    flow.api("DELETE", "/segments/1/delete")

    assert flow.cron(days=2) == []
    members = flow.sandbox.store.members[made["id"]].values()
    assert {row["manually_removed"] for row in members} == {"1"}
    assert {row["is_scheduled"] for row in flow.log("two")} == {"0"}
    assert made["lists"] != []

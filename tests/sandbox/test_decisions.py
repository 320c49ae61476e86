"""What contacts do, and what campaigns make of it in the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from pmctl.sandbox.died import FatalError
from tests.sandbox.flow import step

ANA, BEN, CLO = (f"c{place}@example.org" for place in range(3))
STOP: dict[str, Any] = {"addTo": [], "removeFrom": ["this"]}
ACTS = {
    "open": lambda flow: flow.sandbox.open(ANA, "offer"),
    "click": lambda flow: flow.sandbox.click(ANA, "offer", "https://shop.example/a"),
    "reply": lambda flow: flow.sandbox.reply(ANA, "offer"),
}


def _sent_by(flow, act):
    before = len(flow.sandbox.sent)
    act()
    return [name for _, name in flow.named(flow.sandbox.sent[before:])]


@pytest.mark.parametrize("kind", ACTS)
def test_the_yes_path_runs_at_the_moment_of_the_act(flow, kind):
    flow.campaign(
        flow.mail("offer"),
        step("asked", f"email.{kind}", "offer"),
        flow.mail("thanks", "asked", "yes"),
        flow.mail("later", "asked", "yes", wait="1d"),
    )
    flow.cron()

    assert _sent_by(flow, lambda: ACTS[kind](flow)) == ["thanks"]
    row = flow.log("asked")[0]
    assert (row["system_triggered"], row["channel"], row["non_action_path_taken"]) == (
        "0",
        "email",
        "0",
    )
    assert _sent_by(flow, lambda: ACTS[kind](flow)) == []
    assert flow.cron(days=1) == [(flow.contacts[0], "later")]


@pytest.mark.parametrize("kind", ACTS)
def test_a_stop_takes_the_contact_out_and_cancels_what_it_waits_for(flow, kind):
    flow.campaign(
        flow.mail("offer"),
        step("asked", f"email.{kind}", "offer"),
        step("out", "campaign.addremovelead", "asked", "yes", **STOP),
        flow.mail("second", "offer", wait="1d"),
    )
    flow.cron()

    ACTS[kind](flow)

    assert flow.cron(days=1) == [(who, "second") for who in flow.contacts[1:]]
    cancelled = flow.log("second")[0]
    assert cancelled["date_triggered"] < cancelled["trigger_date"]


def test_a_question_without_a_no_stays_open_when_later_mails_have_left(flow):
    flow.campaign(
        flow.mail("offer"),
        step("asked", "email.open", "offer"),
        flow.mail("thanks", "asked", "yes"),
        flow.mail("second", "offer", wait="1d"),
    )
    flow.cron()
    flow.cron(days=30)

    assert _sent_by(flow, lambda: flow.sandbox.open(ANA, "offer")) == ["thanks"]


def test_the_no_path_runs_for_the_silent_when_its_time_has_passed_and_closes_the_question(flow):
    flow.campaign(
        flow.mail("offer"),
        step("asked", "email.open", "offer"),
        flow.mail("thanks", "asked", "yes"),
        flow.mail("nudge", "asked", "no", wait="3d"),
    )
    flow.cron()
    flow.sandbox.open(ANA, "offer")

    assert flow.cron(days=2, hours=23) == []
    assert flow.cron(hours=1) == [(who, "nudge") for who in flow.contacts[1:]]
    assert _sent_by(flow, lambda: flow.sandbox.open(BEN, "offer")) == []
    assert {row["non_action_path_taken"] for row in flow.log("nudge")} == {"1"}
    assert flow.cron(days=3) == []


def test_the_second_step_of_a_no_path_waits_its_whole_time_again(flow):
    flow.campaign(
        flow.mail("offer"),
        step("asked", "email.open", "offer"),
        flow.mail("nudge", "asked", "no", wait="1d"),
        flow.mail("last", "asked", "no", wait="3d"),
    )
    flow.cron()

    assert flow.cron(days=1) == flow.everybody("nudge")
    assert flow.cron(days=2) == []
    assert flow.cron(days=1) == flow.everybody("last")


def test_a_windowed_email_right_on_a_no_path_gets_its_interval_twice(flow):
    office = {"triggerRestrictedStartHour": "00:00", "triggerRestrictedStopHour": "23:00"}
    flow.campaign(
        flow.mail("offer"),
        step("asked", "email.open", "offer"),
        flow.mail("nudge", "asked", "no", wait="3d", **office),
    )
    flow.cron()

    assert flow.cron(days=3) == []
    assert flow.log("nudge")[0]["date_triggered"] == "2026-11-26 00:24:00"
    assert flow.cron(hours=1) == []
    assert flow.log("nudge")[0]["trigger_date"] == "2026-11-29 00:24:00"
    assert flow.cron(days=3) == flow.everybody("nudge")


def test_only_the_mail_above_a_question_counts_or_one_of_its_variants(flow):
    email = flow.email("A")
    child = flow.email(
        "B",
        variantParent=email,
        variantSettings={"weight": 40, "winnerCriteria": "email.openrate"},
    )
    flow.campaign(
        flow.mail("offer", email=email),
        step("asked", "email.open", "offer"),
        step("tag", "lead.changetags", "asked", "yes", add_tags=["opened"], remove_tags=[]),
        flow.mail("other", "offer"),
    )
    flow.cron()
    flow.sandbox.store.put_sent(child, flow.contacts[1])

    flow.sandbox.open(ANA, "other")
    flow.sandbox.open(BEN, "B")
    flow.sandbox.open(CLO, email)

    tags = [flow.sandbox.store.contacts[who]["tags"] for who in flow.contacts]
    assert tags == [[], ["opened"], ["opened"]]


def test_a_click_on_another_link_is_no_answer_but_an_open(flow):
    flow.campaign(
        flow.mail("offer"),
        step("clicked", "email.click", "offer", urls={"list": ["https://shop.example/a*"]}),
        flow.mail("deal", "clicked", "yes"),
        step("opened", "email.open", "offer"),
        flow.mail("thanks", "opened", "yes"),
    )
    flow.cron()

    def click(link):
        return _sent_by(flow, lambda: flow.sandbox.click(ANA, "offer", link))

    assert click("https://shop.example/b") == ["thanks"]
    assert click("https://shop.example/abc") == ["deal"]
    stat = flow.sandbox.stat(ANA, "offer")
    assert (stat["is_read"], stat["open_count"]) == ("1", "1")


def test_a_reply_reads_the_mail_without_an_open_and_each_is_a_row(flow):
    flow.campaign(flow.mail("offer"))
    flow.cron()
    stat = flow.sandbox.stat(ANA, "offer")

    for _ in range(2):
        status, answer = flow.api("POST", f"/emails/reply/{stat['tracking_hash']}")
        assert (status, answer) == (201, {"success": True})

    assert (stat["is_read"], stat["open_count"], stat["date_read"]) == (
        "1",
        "0",
        "2026-11-23 00:24:00",
    )
    _, stats = flow.api("GET", "/stats/email_stat_replies")
    assert [row["stat_id"] for row in stats["stats"]] == [stat["id"]] * 2


def test_visits_forms_and_downloads_need_no_mail(flow):
    flow.campaign(
        step("page", "page.pagehit", url="https://example.com/pri*"),
        flow.mail("prices", "page", "yes"),
        step("form", "form.submit", forms=[2]),
        flow.mail("call", "form", "yes"),
        step("file", "asset.download", assets=[7]),
        flow.mail("guide", "file", "yes"),
    )
    flow.cron()

    assert _sent_by(flow, lambda: flow.sandbox.visit(ANA, "https://example.com/about")) == []
    assert _sent_by(flow, lambda: flow.sandbox.visit(ANA, "https://example.com/pricing")) == [
        "prices"
    ]
    assert _sent_by(flow, lambda: flow.sandbox.submit(ANA, "Sign up")) == []
    assert _sent_by(flow, lambda: flow.sandbox.submit(ANA, "Book a call")) == ["call"]
    assert _sent_by(flow, lambda: flow.sandbox.download(ANA, 8)) == []
    assert _sent_by(flow, lambda: flow.sandbox.download(ANA, 7)) == ["guide"]


def test_a_tracked_click_is_also_a_visit_of_the_page(flow):
    flow.campaign(
        flow.mail("offer"),
        step("page", "page.pagehit", url="https://example.com/b*"),
        flow.mail("prices", "page", "yes"),
    )
    flow.cron()

    click = _sent_by(flow, lambda: flow.sandbox.click(ANA, "offer", "https://example.com/buy"))

    assert click == ["prices"]


def test_who_sends_a_form_joins_the_campaigns_it_is_a_source_of(flow):
    outsider = flow.contact("form@example.org", segment=None)
    flow.campaign(flow.mail("welcome"), lists=[], forms=[{"id": 1}])

    assert flow.cron() == []
    flow.sandbox.submit(outsider, "Sign up")

    assert flow.cron() == [(outsider, "welcome")]


def test_a_decision_waits_on_the_path_that_the_contact_took(flow):
    flow.sandbox.store.contacts[flow.contacts[0]]["tags"].append("vip")
    flow.campaign(
        step("vip", "lead.tags", tags=["vip"]),
        step("visited", "page.pagehit", "vip", "yes", url="*"),
        flow.mail("thanks", "visited", "yes"),
        flow.mail("nudge", "visited", "no", wait="1d"),
    )
    flow.cron()

    assert _sent_by(flow, lambda: flow.sandbox.visit(BEN, "https://example.com/")) == []
    assert flow.cron(days=1) == [(flow.contacts[0], "nudge")]


def test_after_a_jump_the_open_questions_of_other_branches_never_fire(flow):
    made = flow.campaign(
        flow.mail("offer"),
        step("clicked", "email.click", "offer"),
        flow.mail("deal", "clicked", "yes"),
        step("again", "campaign.jump_to_event", jumpToEvent="new_end"),
        step("end", "lead.changetags", "offer", add_tags=["end"], remove_tags=[], wait="1d"),
    )
    flow.cron()

    assert {row["rotation"] for row in flow.sandbox.store.members[made["id"]].values()} == {"2"}
    assert _sent_by(flow, lambda: flow.sandbox.click(ANA, "offer")) == []
    assert sorted(row["rotation"] for row in flow.log("end")) == ["1"] * 3 + ["2"] * 3


def test_jumps_that_lead_to_each_other_are_a_loop_without_end(flow):
    flow.campaign(
        step("tag", "lead.changetags", add_tags=["x"], remove_tags=[]),
        step("back", "campaign.jump_to_event", "tag", jumpToEvent="new_tag"),
    )

    with pytest.raises(Exception, match="without end"):
        flow.cron()


def test_a_wrong_type_under_a_question_breaks_the_page_that_the_contact_loads(flow):
    flow.campaign(
        flow.mail("offer"),
        step("opened", "email.open", "offer"),
        step("owner", "lead.owner", "opened", "yes", owner=1),
    )
    flow.cron()
    stat = flow.sandbox.stat(ANA, "offer")

    with pytest.raises(FatalError):
        flow.sandbox.open(ANA, "offer")
    flow.api("POST", f"/emails/reply/{stat['tracking_hash']}")


def test_what_was_never_sent_cannot_be_opened(flow):
    flow.campaign(flow.mail("offer"))

    for who, mail in ((ANA, "offer"), ("nobody@example.org", "offer")):
        with pytest.raises(LookupError):
            flow.sandbox.open(who, mail)

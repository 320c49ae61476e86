"""What the cron does to campaigns: in which order, what it waits for, and what kills it."""

from __future__ import annotations

import datetime

import pytest

from pmctl.sandbox.died import CronDiedError
from tests.sandbox.flow import step

OFFICE = {"triggerRestrictedStartHour": "09:00", "triggerRestrictedStopHour": "17:00"}


def _two_campaigns(flow, *broken):
    """An old campaign that is right, and a newer one."""
    flow.campaign(flow.mail("fine"), name="Old")
    return flow.campaign(*broken, name="New")


def test_members_come_from_the_segment_and_begin_once(flow):
    flow.campaign(flow.mail("welcome"))

    assert flow.cron() == flow.everybody("welcome")
    newcomer = flow.contact("new@example.org")
    assert flow.cron(hours=1) == [(newcomer, "welcome")]
    assert flow.cron(hours=1) == []


def test_the_log_has_the_dates_that_mautic_writes(flow):
    flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))

    flow.cron()
    waiting = flow.log("two")[0]
    assert (waiting["date_triggered"], waiting["trigger_date"], waiting["is_scheduled"]) == (
        "2026-11-23 00:24:00",
        "2026-11-24 00:24:00",
        "1",
    )
    assert waiting["channel"] is None
    flow.cron(days=1, hours=2)

    done = flow.log("two")[0]
    assert (done["date_triggered"], done["trigger_date"], done["is_scheduled"]) == (
        "2026-11-24 02:24:00",
        "2026-11-24 00:24:00",
        "0",
    )
    assert (done["channel"], done["system_triggered"]) == ("email", "1")


def test_the_newest_campaign_runs_first(flow):
    _two_campaigns(flow, flow.mail("newer"))

    assert [name for _, name in flow.cron()] == ["newer"] * 3 + ["fine"] * 3


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"kind": "lead.owner", "owner": 1}, "must be of type array, int given"),
        ({"kind": "lead.tags", "tags": "vip"}, "must be of type array, str given"),
    ],
)
def test_a_property_of_a_wrong_type_kills_the_run_for_all_older_campaigns(flow, properties, why):
    broken = _two_campaigns(flow, step("asked", **properties))

    with pytest.raises(CronDiedError, match=why) as died:
        flow.cron()

    assert died.value.campaign_id == broken["id"]
    assert flow.sandbox.sent == []
    assert [row["non_action_path_taken"] for row in flow.log("asked")] == ["0"] * 3


def test_days_that_never_come_kill_the_run(flow):
    _two_campaigns(flow, flow.mail("odd", wait="1h", triggerRestrictedDaysOfWeek=[-1]))

    with pytest.raises(CronDiedError, match="without end"):
        flow.cron()


def test_a_poisoned_row_kills_every_run_until_it_is_gone(flow):
    made = _two_campaigns(flow, flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.sandbox.store.put_member(made["id"], flow.contacts[0])
    two = next(one["id"] for one in made["events"] if one["name"] == "two")
    status, _ = flow.api(
        "PUT",
        f"/campaigns/events/{two}/contact/{flow.contacts[0]}/edit",
        {"triggerDate": "2026-11-23 00:00:00"},
    )
    assert status == 201

    for _ in range(2):
        with pytest.raises(CronDiedError, match="__clone"):
            flow.cron()
    assert "fine" not in [name for _, name in flow.named(flow.sandbox.sent)]

    flow.api("DELETE", f"/campaigns/{made['id']}/delete")
    assert flow.cron() == flow.everybody("fine")


def test_a_step_that_cannot_be_scheduled_ends_the_pass_of_its_campaign_only(flow):
    _two_campaigns(flow, flow.mail("first"), flow.mail("odd", triggerMode="sometimes"))

    assert flow.cron() == flow.everybody("fine")
    assert flow.log("odd") == []


def test_a_unit_that_mautic_does_not_know_never_runs_but_what_comes_before_it_does(flow):
    flow.campaign(flow.mail("first"), flow.mail("odd", "first", wait="1w"))

    assert flow.cron() == flow.everybody("first")
    assert flow.cron(days=30) == []


def test_a_cycle_never_runs(flow):
    flow.campaign(flow.mail("a", "b"), flow.mail("b", "a"))

    assert flow.cron() == []


def test_an_unpublished_campaign_keeps_its_dates_and_sends_all_at_once_when_it_is_back(flow):
    made = flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.cron()

    flow.api("PATCH", f"/campaigns/{made['id']}/edit", {"isPublished": False})
    assert flow.cron(days=3) == []
    flow.api("PATCH", f"/campaigns/{made['id']}/edit", {"isPublished": True})

    assert flow.cron() == flow.everybody("two")


def test_a_campaign_waits_for_its_publish_date(flow):
    flow.campaign(flow.mail("one"), publishUp="2026-11-24 00:00")

    assert flow.cron() == []
    assert flow.cron(days=1) == flow.everybody("one")


def test_in_a_window_a_step_waits_for_the_contacts_own_morning(flow):
    york = flow.contact("york@example.org", timezone="America/New_York")
    flow.campaign(flow.mail("offer", wait="0d", **OFFICE))

    assert flow.cron() == []
    assert flow.cron(hours=9) == flow.everybody("offer")
    assert flow.cron(hours=5) == [(york, "offer")]


def test_inside_its_window_a_step_of_the_first_pass_runs_in_the_same_cron(flow):
    flow.sandbox.clock.move(hours=10)
    flow.campaign(flow.mail("offer", wait="0d", **OFFICE))

    assert flow.cron() == flow.everybody("offer")
    assert {row["trigger_date"] for row in flow.log("offer")} == {"2026-11-23 10:24:00"}


def test_who_leaves_the_segment_is_taken_out_and_gets_nothing_more(flow):
    flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.cron()
    gone, *stay = flow.contacts

    flow.api("POST", f"/segments/1/contact/{gone}/remove")
    assert flow.cron(days=1) == [(who, "two") for who in stay]
    flow.api("POST", f"/segments/1/contact/{gone}/add")

    assert flow.cron(days=1) == []
    assert [row["is_scheduled"] for row in flow.log("two")] == ["0"] * 3


def test_with_restart_who_comes_back_to_the_segment_begins_again(flow):
    flow.campaign(flow.mail("one", email_type="transactional"), allowRestart=1)
    flow.cron()
    back = flow.contacts[0]

    flow.api("POST", f"/segments/1/contact/{back}/remove")
    flow.cron()
    flow.api("POST", f"/segments/1/contact/{back}/add")

    assert flow.cron() == [(back, "one")]


def test_a_contact_that_was_deleted_is_in_no_campaign(flow):
    flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="1d"))
    flow.cron()
    gone, *stay = flow.contacts

    flow.api("DELETE", f"/contacts/{gone}/delete")

    assert flow.cron(days=1) == [(who, "two") for who in stay]


def test_all_dates_come_from_the_clock(flow):
    flow.sandbox.clock.set(datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))

    made = flow.campaign(flow.mail("one"))
    flow.cron()

    assert made["dateAdded"] == "2030-01-02T03:04:05+00:00"
    assert flow.log("one")[0]["date_triggered"] == "2030-01-02 03:04:05"
    assert flow.sandbox.sent[0].at.year == 2030

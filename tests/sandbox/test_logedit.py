"""Moving people by the API, and what the cron then does with them."""

from __future__ import annotations

from tests.sandbox.flow import step


def _replaced(flow):
    """A campaign whose second step was made anew while all waited at it; the new step's id."""
    old = flow.campaign(flow.mail("one"), flow.mail("two", "one", wait="5h"))
    flow.cron()
    one = next(event for event in old["events"] if event["name"] == "one")
    kept = flow.mail("one", email=one["properties"]["email"])
    new = flow.change(old, kept, flow.mail("instead", "one", wait="5h"))
    return next(event["id"] for event in new["events"] if event["name"] == "instead")


def _put(flow, event, who, **dates):
    return flow.api("PUT", f"/campaigns/events/{event}/contact/{who}/edit", dates)


def test_people_are_moved_to_a_new_step_with_their_date_and_go_on_from_there(flow):
    event = _replaced(flow)
    moved = {"dateTriggered": "2026-11-23 00:24:00", "triggerDate": "2026-11-23 05:24:00"}

    statuses = [_put(flow, event, who, **moved)[0] for who in flow.contacts]

    assert statuses == [201] * 3
    assert flow.cron(hours=4) == []
    assert flow.cron(hours=1) == flow.everybody("instead")


def test_the_due_time_is_date_triggered_and_the_interval_whatever_trigger_date_says(flow):
    event = _replaced(flow)
    early, late, _ = flow.contacts
    start = "2026-11-23 00:24:00"
    _put(flow, event, early, dateTriggered=start, triggerDate="2026-11-23 01:00:00")
    _put(flow, event, late, dateTriggered=start, triggerDate="2026-11-23 08:00:00")

    assert flow.cron(hours=1) == []
    assert flow.log("instead")[0]["trigger_date"] == "2026-11-23 05:24:00"
    assert flow.cron(hours=4) == [(early, "instead")]
    assert flow.cron(hours=3) == [(late, "instead")]


def test_a_batch_stores_one_contact_per_event_and_says_that_the_others_were_done(flow):
    event = _replaced(flow)
    dates = {"dateTriggered": "2026-11-23 00:24:00", "triggerDate": "2026-11-23 05:24:00"}
    items = [{"eventId": event, "contactId": who, **dates} for who in flow.contacts]

    status, answer = flow.api("PUT", "/campaigns/events/batch/edit", items)

    assert (status, sorted(answer["errors"])) == (200, ["1", "2"])
    assert [row["lead_id"] for row in flow.log("instead")] == [str(flow.contacts[0])]


def test_an_item_without_an_id_breaks_the_batch_and_nothing_is_stored(flow):
    event = _replaced(flow)
    good = {"eventId": event, "contactId": flow.contacts[0], "triggerDate": "2026-11-23 05:00:00"}

    status, _ = flow.api("PUT", "/campaigns/events/batch/edit", [good, {"contactId": 1}])

    assert (status, flow.log("instead")) == (500, [])


def test_nothing_can_be_marked_as_done_the_step_runs_at_the_next_cron(flow):
    flow.campaign(flow.mail("one"), step("tag", "lead.changetags", "one", add_tags=["x"]))
    tag = next(
        event["id"] for event in flow.sandbox.store.campaigns[1]["events"] if event["name"] == "tag"
    )
    who = flow.contacts[0]
    flow.sandbox.store.put_member(1, who)

    status, answer = _put(flow, tag, who, dateTriggered="2026-11-20 00:00:00")

    assert status == 201
    assert answer["event"]["contactLog"][0]["isScheduled"] is True
    flow.cron()
    assert flow.sandbox.store.contacts[who]["tags"] == ["x"]


def test_who_is_unknown_or_no_member_or_without_a_date_is_refused(flow):
    event = _replaced(flow)
    outsider = flow.contact("out@example.org", segment=None)
    dates = {"triggerDate": "2026-11-23 05:00:00"}

    assert _put(flow, event, 99999, **dates)[0] == 404
    assert _put(flow, 99999, flow.contacts[0], **dates)[0] == 404
    assert _put(flow, event, outsider, **dates)[0] == 409
    assert _put(flow, event, flow.contacts[0])[0] == 409
    assert _put(flow, event, flow.contacts[0], triggerDate="soon")[0] == 500


def test_a_row_without_date_triggered_can_be_repaired(flow):
    event = _replaced(flow)
    who = flow.contacts[0]
    assert _put(flow, event, who, triggerDate="2026-11-23 05:00:00")[0] == 201

    repaired = {"dateTriggered": "2026-11-23 00:24:00", "triggerDate": "2026-11-23 05:24:00"}
    assert _put(flow, event, who, **repaired)[0] == 200

    assert flow.cron(hours=5) == [(who, "instead")]
    assert _put(flow, event, who, **repaired)[0] == 409


def test_a_decision_cannot_be_scheduled(flow):
    made = flow.campaign(flow.mail("one"), step("opened", "email.open", "one"))
    flow.cron()
    opened = next(event["id"] for event in made["events"] if event["name"] == "opened")

    status, _ = _put(flow, opened, flow.contacts[0], triggerDate="2026-11-23 05:00:00")

    assert status == 409

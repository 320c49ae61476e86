"""Campaigns of the stand-in over several requests: what one recording alone cannot show."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import campaign


@pytest.fixture
def made(api):
    return api("POST", "/campaigns/new", campaign())[1]["campaign"]


def rewritten(shown, **changes):
    """The campaign to PUT back: its events by their numbers, its canvas as it was read."""
    names = ("id", "name", "type", "eventType")
    events = [{name: event[name] for name in names} for event in shown["events"]]
    whole = {"name": shown["name"], "isPublished": True, "lists": [{"id": 1}], "events": events}
    return {**whole, "canvasSettings": shown["canvasSettings"], **changes}


def stored(api, key):
    return api("GET", f"/campaigns/{key}")[1]["campaign"]


def test_a_crash_over_a_trigger_date_has_stored_the_campaign(api):
    events = campaign()["events"]
    events[1]["triggerDate"] = "2027-01-02 10:00:00"

    status, _ = api("POST", "/campaigns/new", campaign(events=events))

    assert status == 500
    assert api("GET", "/campaigns?minimal=1")[1]["total"] == 1
    assert stored(api, 1)["events"][1]["triggerDate"] == "2027-01-02T10:00:00+00:00"


@pytest.mark.parametrize(
    "change",
    [
        {"lists": [{"id": 99999}]},
        {"name": "x" * 192},
        {"events": [{"id": "new1", "name": "A", "type": "no.such", "eventType": "action"}]},
        {"events": "text"},
        {"canvasSettings": {"nodes": [{}], "connections": []}},
    ],
)
def test_any_other_crash_stores_nothing(api, change):
    assert api("POST", "/campaigns/new", campaign(**change))[0] == 500
    assert api("GET", "/campaigns")[1] == {"total": 0, "campaigns": []}


def test_a_crash_in_an_edit_leaves_the_campaign_as_it_was(api, made):
    body = rewritten(made, name="B")
    body["events"][1]["triggerHour"] = "25:99"

    assert api("PUT", f"/campaigns/{made['id']}/edit", body)[0] == 500
    assert stored(api, made["id"])["name"] == "A"


def test_put_with_numeric_ids_keeps_the_events_and_what_is_left_out_of_them(api, made):
    first = made["events"][0]["id"]
    body = rewritten(made)
    body["events"][0]["description"] = "step=one"
    api("PUT", f"/campaigns/{made['id']}/edit", body)

    api("PUT", f"/campaigns/{made['id']}/edit", rewritten(made))

    event = stored(api, made["id"])["events"][0]
    assert (event["id"], event["description"]) == (first, "step=one")


def test_put_without_an_event_deletes_it_with_everybody_who_waits_there(api, made, sandbox):
    kept, gone = (event["id"] for event in made["events"])
    sandbox.store.put_waiting(kept, 1)
    sandbox.store.put_waiting(gone, 2)
    body = rewritten(made)
    del body["events"][1]

    api("PUT", f"/campaigns/{made['id']}/edit", body)

    assert [row["event_id"] for row in sandbox.store.log] == [str(kept)]
    assert [event["id"] for event in stored(api, made["id"])["events"]] == [kept]


def test_patch_with_new_ids_adds_a_second_tree(api, made):
    more = {name: campaign()[name] for name in ("events", "canvasSettings")}

    api("PATCH", f"/campaigns/{made['id']}/edit", more)

    assert len(stored(api, made["id"])["events"]) == 4


def test_patch_of_events_without_a_canvas_changes_nothing(api, made):
    events = [{**campaign()["events"][0], "id": made["events"][0]["id"], "name": "Other"}]

    status, _ = api("PATCH", f"/campaigns/{made['id']}/edit", {"events": events})

    assert status == 200
    assert stored(api, made["id"])["events"][0]["name"] == "One"


@pytest.mark.parametrize(
    ("method", "body", "changed"),
    [
        ("PATCH", {"name": "A"}, False),
        ("PATCH", {"name": "B"}, True),
        ("PATCH", {"isPublished": False}, True),
        ("PUT", None, True),
    ],
)
def test_date_modified_says_whether_something_was_written(api, made, method, body, changed):
    assert made["dateModified"] is None

    api(method, f"/campaigns/{made['id']}/edit", body or rewritten(made))

    assert (stored(api, made["id"])["dateModified"] is not None) is changed


def test_hours_are_of_today_in_the_answer_and_of_1970_later(api):
    events = campaign()["events"]
    events[1]["triggerRestrictedStartHour"] = "09:00"

    made = api("POST", "/campaigns/new", campaign(events=events))[1]["campaign"]

    name = "triggerRestrictedStartHour"
    assert not made["events"][1][name].startswith("1970")
    assert stored(api, made["id"])["events"][1][name] == "1970-01-01T09:00:00+00:00"


def test_a_jump_to_a_new_event_is_rewritten(api):
    events = campaign()["events"]
    jump = {"type": "campaign.jump_to_event", "properties": {"jumpToEvent": "new1"}}
    events[1].update(jump)

    made = api("POST", "/campaigns/new", campaign(events=events))[1]["campaign"]

    assert made["events"][1]["properties"] == {"jumpToEvent": made["events"][0]["id"]}


def test_a_jump_finds_an_older_event_that_was_once_called_the_same(api, made):
    events = [{**event, "id": event["id"]} for event in made["events"]]
    jump = {"id": "new9", "name": "J", "type": "campaign.jump_to_event", "eventType": "action",
            "properties": {"jumpToEvent": "new2"}}  # fmt: skip
    fresh = {"id": "new2", "name": "Three", "type": "email.send", "eventType": "action"}
    canvas = campaign()["canvasSettings"]
    body = campaign(events=[*events, fresh, jump], canvasSettings=canvas)

    put = api("PUT", f"/campaigns/{made['id']}/edit", body)[1]["campaign"]

    assert put["events"][-1]["properties"] == {"jumpToEvent": events[1]["id"]}  # not to Three


def test_the_create_answer_is_in_the_order_of_the_request_and_a_get_by_depth(api):
    events = campaign()["events"][::-1]

    made = api("POST", "/campaigns/new", campaign(events=events))[1]["campaign"]

    assert [event["name"] for event in made["events"]] == ["Two", "One"]
    assert [event["name"] for event in stored(api, made["id"])["events"]] == ["One", "Two"]
    assert all("tempId" not in event for event in made["events"])


def test_a_deleted_segment_leaves_the_campaign_without_source(api, made):
    api("DELETE", "/segments/1/delete")

    assert stored(api, made["id"])["lists"] == []


def test_deleting_takes_members_and_log_along(api, made, sandbox):
    sandbox.store.put_waiting(made["events"][0]["id"], 1)

    status, _ = api("DELETE", f"/campaigns/{made['id']}/delete")

    assert status == 200
    assert (sandbox.store.log, sandbox.store.members) == ([], {})
    assert api("DELETE", f"/campaigns/{made['id']}/delete")[0] == 404


def test_adding_after_a_removal_starts_the_next_rotation(api, made):
    path = f"/campaigns/{made['id']}/contact/1"

    for action in ("add", "add", "remove", "add"):
        assert api("POST", f"{path}/{action}") == (200, {"success": 1})

    rows = api("GET", f"/campaigns/{made['id']}/contacts")[1]
    assert (rows["total"], rows["contacts"][0]["rotation"]) == ("1", "2")
    assert list(api("GET", "/contacts/1/campaigns")[1]["campaigns"]) == [str(made["id"])]

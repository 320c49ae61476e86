"""What Mautic writes differently from what it was sent is levelled."""

from __future__ import annotations

import pytest

from pmctl.sequence.alike import level
from pmctl.sequence.live import campaign, clock, mail, when


@pytest.mark.parametrize(
    "written", ["09:30", "09:30:00", "1970-01-01T09:30:00+00:00", "2026-11-22T09:30:00+00:00"]
)
def test_an_hour_reads_the_same_in_every_form_that_mautic_writes(written: str) -> None:
    assert clock(written) == "09:30"


def test_no_hour_stays_no_hour() -> None:
    assert clock(None) is None
    assert clock("") is None


def test_an_immediate_event_is_the_same_whatever_interval_is_stored_beside() -> None:
    sent = {"triggerMode": "immediate", "triggerInterval": 0, "triggerIntervalUnit": None}
    back = {"triggerMode": None, "triggerInterval": "1", "triggerIntervalUnit": "d"}

    assert when(sent) == when(back)


def test_days_and_intervals_in_text_are_numbers() -> None:
    sent = {"triggerMode": "interval", "triggerInterval": 2, "triggerIntervalUnit": "d"}
    back = {**sent, "triggerInterval": "2", "triggerRestrictedDaysOfWeek": {"0": "5", "1": "1"}}

    assert when({**sent, "triggerRestrictedDaysOfWeek": [1, 5]}) == when(back)


def test_two_different_waits_differ() -> None:
    one = {"triggerMode": "interval", "triggerInterval": 1, "triggerIntervalUnit": "d"}

    assert when(one) != when({**one, "triggerInterval": 2})
    assert when(one) != when({**one, "triggerIntervalUnit": "h"})
    assert when(one) != when({**one, "triggerHour": "09:00"})


@pytest.mark.parametrize(
    ("sent", "back"),
    [([], None), ({}, []), ("", None), ([46], ["46"]), (9, "9"), (["b", "a"], ["a", "b"])],
)
def test_property_values_are_compared_in_one_form(sent: object, back: object) -> None:
    assert level(sent) == level(back)


def test_a_campaign_is_read_with_its_marker_and_its_tree() -> None:
    raw = {
        "id": "118",
        "name": "Welcome",
        "description": "Human text\npmctl:v1 key=welcome env=prod hash=0123456789ab\nmore",
        "isPublished": True,
        "allowRestart": False,
        "lists": [{"id": 8, "alias": "a"}],
        "forms": [],
        "events": [
            {"id": 1, "type": "email.send", "description": "pmctl step=hello path=main",
             "parent": None, "decisionPath": None, "properties": {"email": 84}},
            {"id": 2, "type": "email.open", "description": None,
             "parent": {"id": 1}, "decisionPath": None, "properties": []},
            {"id": 3, "type": "lead.changetags", "description": "by hand",
             "parent": {"id": 2}, "decisionPath": "yes", "properties": {"add_tags": ["x"]}},
        ],
    }  # fmt: skip

    found = campaign(raw)

    assert (found.key, found.env, found.hash) == ("welcome", "prod", "0123456789ab")
    assert found.description == "Human text\nmore"
    assert found.segments == (8,)
    assert [event.identity for event in found.events] == [("hello", "main"), None, None]
    assert [event.parent for event in found.events] == [None, 1, 2]
    assert [event.anchor for event in found.events] == ["leadsource", "bottom", "yes"]


def test_events_keyed_by_id_are_read_like_a_list() -> None:
    event = {"id": 1, "type": "email.send", "parent": None, "properties": []}

    assert campaign({"id": 1, "events": {"1": event}}).events == (
        campaign({"id": 1, "events": [event]}).events
    )


def test_an_email_without_our_marker_is_not_ours() -> None:
    assert mail({"id": 1, "name": "Offer [[prod/welcome]]"}) is None
    assert mail({"id": 1, "name": "[[prod/welcome/offer]] Offer"}) is None
    found = mail({"id": "1", "name": "Offer [[prod/welcome/offer]]"})
    assert found is not None
    assert (found.id, found.step) == (1, "offer")

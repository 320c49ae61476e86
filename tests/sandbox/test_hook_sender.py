"""What becomes of an event when the receiver answers, refuses, or is slow."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest

from pmctl.sandbox import hook_sender
from tests.sandbox.receiving import Receiver


@pytest.fixture
def receiver():
    with Receiver() as it:
        yield it


@pytest.fixture
def hook(flow, receiver) -> int:
    triggers = ["mautic.lead_post_save_update", "mautic.lead_points_change"]
    given = {"name": "h", "webhookUrl": receiver.url, "secret": "s", "triggers": triggers}
    key: int = flow.api("POST", "/hooks/new", given)[1]["hook"]["id"]
    return key


def _change(flow, times: int, start: int = 0) -> None:
    for number in range(start, start + times):
        flow.api("PATCH", f"/contacts/{flow.contacts[0]}/edit", {"firstname": f"n{number}"})


def _queued(flow) -> None:
    flow.sandbox.store.queue_mode = hook_sender.QUEUED


def _hook(flow, hook: int) -> dict[str, Any]:
    found: dict[str, Any] = flow.api("GET", f"/hooks/{hook}")[1]["hook"]
    return found


def _names(receiver) -> list[str]:
    items = receiver.items("lead_post_save_update")
    return [one["contact"]["fields"]["core"]["firstname"]["value"] for one in items]


def test_immediately_each_event_is_a_request_before_the_answer(flow, hook, receiver):
    _change(flow, 3)

    assert receiver.kinds() == [["lead_post_save_update"]] * 3


@pytest.mark.parametrize("status", [0, 301, 404, 500, 503])
def test_immediately_what_the_receiver_does_not_take_is_lost(flow, hook, receiver, status):
    receiver.status = status
    _change(flow, 2)
    receiver.status = 200
    _change(flow, 1, start=2)

    assert _names(receiver) == ["n0", "n1", "n2"]  # each was tried once and no more
    assert flow.sandbox.process_webhooks() == 0


def test_queued_events_wait_and_go_ten_to_a_request_by_type(flow, hook, receiver):
    _queued(flow)
    _change(flow, 7)
    for _ in range(3):
        flow.api("POST", f"/contacts/{flow.contacts[0]}/points/plus/1")
    assert receiver.came == []

    assert flow.sandbox.process_webhooks() == 13

    assert [len(kinds) for kinds in receiver.kinds()] == [10, 3]
    assert set(receiver.came[0].types) == {
        "mautic.lead_post_save_update",
        "mautic.lead_points_change",
    }


def test_queued_an_error_deletes_its_batch_and_ends_the_run(flow, hook, receiver):
    _queued(flow)
    _change(flow, 13)
    receiver.status = 503

    assert flow.sandbox.process_webhooks() == 10
    receiver.status = 200
    assert flow.sandbox.process_webhooks() == 3

    assert _names(receiver)[-3:] == ["n10", "n11", "n12"]


def test_queued_a_dropped_connection_keeps_all_and_the_batch_is_cut_anew(flow, hook, receiver):
    _queued(flow)
    _change(flow, 4)
    receiver.status = 0
    assert flow.sandbox.process_webhooks() == 0
    _change(flow, 2, start=4)
    receiver.status = 200

    assert flow.sandbox.process_webhooks() == 6

    first, second = (came.types["mautic.lead_post_save_update"] for came in receiver.came)
    assert second[:4] == first  # the same items, byte for byte, and newer ones after them
    assert len(second) == 6


@pytest.mark.parametrize("mode", [hook_sender.IMMEDIATE, hook_sender.QUEUED])
def test_410_unpublishes_at_once_and_then_nothing_is_recorded(flow, hook, receiver, mode):
    flow.sandbox.store.queue_mode = mode
    receiver.status = 410
    _change(flow, 1)
    flow.sandbox.process_webhooks()

    assert _hook(flow, hook)["isPublished"] is False
    receiver.status = 200
    _change(flow, 3, start=1)
    flow.api("PATCH", f"/hooks/{hook}/edit", {"isPublished": 1})
    flow.sandbox.process_webhooks()
    assert _names(receiver) == ["n0"]


def test_a_hundred_failures_unpublish_only_what_nobody_touched_for_two_days(flow, hook, receiver):
    receiver.status = 500
    _change(flow, 60)
    assert _hook(flow, hook)["isPublished"] is True
    logs = flow.api("GET", "/stats/webhook_logs?limit=500")[1]
    assert logs["total"] == "120"  # a failure by HTTP is two rows

    flow.sandbox.clock.move(days=3)
    _change(flow, 1, start=60)

    assert _hook(flow, hook)["isPublished"] is False


def test_a_slow_receiver_holds_mautics_own_users_but_not_for_ever(
    flow, hook, receiver, monkeypatch
):
    monkeypatch.setattr(hook_sender, "SECONDS", 0.05)
    receiver.release.clear()

    _change(flow, 1)

    assert len(receiver.came) == 1
    assert flow.sandbox.store.hook_log[-1]["status_code"] == "N/A"


def test_while_one_request_waits_for_its_webhook_others_are_answered(flow, hook, receiver):
    receiver.release.clear()
    slow = threading.Thread(target=_change, args=(flow, 1))
    slow.start()
    try:
        assert flow.api("GET", "/hooks")[0] == 200
    finally:
        receiver.release.set()
        slow.join()


def test_the_clock_of_the_stand_in_stamps_its_events(flow, hook, receiver):
    flow.sandbox.clock.set(datetime.datetime(2027, 1, 2, 3, 4, 5, tzinfo=datetime.UTC))
    _change(flow, 1)

    assert receiver.items("lead_post_save_update")[0]["timestamp"] == "2027-01-02T03:04:05+00:00"

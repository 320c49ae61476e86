"""Queues of the stand-in KumoMTA: rules with their time, retries, metrics, inspection, the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmctl.sandbox.kumomta_message import Queue, queue_of
from pmctl.sandbox.kumomta_rules import seconds
from pmctl.sandbox.kumomta_sandbox import KumoSandbox
from tests.kumo_asking import ask, inject, post
from tests.sandbox.receiving import Receiver

ADMIN = "/api/admin"


def put(kumo: KumoSandbox, *addresses: str, **headers: str) -> None:
    """Queue a message for each."""
    content = {"text_body": "x", "headers": {f"X-{k}": v for k, v in headers.items()}}
    inject(kumo, recipients=[{"email": one} for one in addresses], content=content)


def delete(kumo: KumoSandbox, path: str, number: str) -> tuple[int, str]:
    body, head = json.dumps({"id": number}), {"Content-Type": "application/json"}
    answer = ask(kumo, "DELETE", f"{ADMIN}/{path}/v1", body, head)
    return answer.status, answer.text


def scheduled(kumo: KumoSandbox) -> Any:
    value = ask(kumo, "GET", "/metrics.json?prefix=scheduled_count").json["scheduled_count"][
        "value"
    ]
    return value and {name: int(number) for name, number in value["queue"].items()}


@pytest.mark.parametrize(
    ("queue", "name"),
    [
        (Queue("example.com"), "example.com"),
        (Queue("example.com", "acme"), "acme@example.com"),
        (Queue("example.com", "acme", "may"), "may:acme@example.com"),
        (Queue("example.com", None, "may"), "may:@example.com"),
        (Queue("example.com", "acme", "may", "mx.net"), "may:acme@example.com!mx.net"),
    ],
)
def test_a_queue_is_named_by_its_parts(queue: Queue, name: str) -> None:
    assert queue.name == name
    assert queue_of(name) == queue


def test_a_bounce_destroys_what_waits_and_what_comes_until_its_time_is_over(
    kumo: KumoSandbox,
) -> None:
    put(kumo, "a@one.example", "b@two.example")
    put(kumo, "c@one.example", Tenant="acme", Campaign="may")
    given = {"domain": "one.example", "tenant": "acme", "reason": "wrong", "duration": "20m"}

    made = post(kumo, f"{ADMIN}/bounce/v1", given).json
    put(kumo, "d@one.example", Tenant="acme")

    assert (made["bounced"], made["total_bounced"]) == ({}, 0)
    (listed,) = ask(kumo, "GET", f"{ADMIN}/bounce/v1").json
    assert listed["bounced"] == {"may:acme@one.example": 1, "acme@one.example": 1}
    assert (listed["total_bounced"], listed["id"]) == (2, made["id"])
    assert scheduled(kumo) == {"one.example": 1, "two.example": 1}
    kumo.clock.move(minutes=21)
    assert ask(kumo, "GET", f"{ADMIN}/bounce/v1").json == []
    assert delete(kumo, "bounce", made["id"]) == (404, f"bounce entry {made['id']} not found")
    put(kumo, "e@one.example", Tenant="acme")
    assert len(kumo.waiting) == 3


def test_a_bounce_without_criteria_hits_everything(kumo: KumoSandbox) -> None:
    put(kumo, "a@one.example", "b@two.example")

    made = post(kumo, f"{ADMIN}/bounce/v1", {"reason": "purge", "suppress_logging": True}).json

    assert (kumo.waiting, scheduled(kumo)) == ([], None)
    assert [row["type"] for row in kumo.log] == ["Reception", "Reception"]
    assert delete(kumo, "bounce", made["id"]) == (200, f"removed {made['id']}")
    assert ask(kumo, "GET", f"{ADMIN}/bounce/v1").json == []


def test_names_of_queues_beat_the_other_criteria(kumo: KumoSandbox) -> None:
    put(kumo, "a@one.example", "b@two.example")

    post(kumo, f"{ADMIN}/bounce/v1",
         {"reason": "x", "domain": "one.example", "queue_names": ["two.example"]})  # fmt: skip

    assert scheduled(kumo) == {"one.example": 1}


def test_a_suspended_queue_waits_and_a_field_that_is_not_known_is_ignored_there(
    kumo: KumoSandbox,
) -> None:
    put(kumo, "a@one.example", "b@two.example")
    strict = post(kumo, f"{ADMIN}/bounce/v1", {"reason": "x", "nonsense": 1})
    made = post(kumo, f"{ADMIN}/suspend/v1", {"reason": "x", "routing_domain": "one.example"})

    assert strict.status == 422
    assert made.json.keys() == {"id"}
    assert kumo.deliver() == {"TransientFailure": 2}  # it meant one and has hit both
    (listed,) = ask(kumo, "GET", f"{ADMIN}/suspend/v1").json
    assert listed.keys() == {"id", "campaign", "tenant", "domain", "reason", "duration"}
    assert listed["domain"] is None
    assert delete(kumo, "suspend", listed["id"])[0] == 200
    assert kumo.deliver() == {"Delivery": 2}
    assert ask(kumo, "GET", "/metrics?prefix=total_messages_delivered").text.splitlines()[2:] == [
        'total_messages_delivered{service="smtp_client"} 2',
        'total_messages_delivered{service="smtp_client:unspecified->mx.one.example@smtp_client"} 1',
        'total_messages_delivered{service="smtp_client:unspecified->mx.two.example@smtp_client"} 1',
    ]


def test_a_suspended_ready_queue_stops_its_domain(kumo: KumoSandbox) -> None:
    put(kumo, "a@one.example", "b@two.example")
    name = "unspecified->mx.one.example@smtp_client"
    made = post(kumo, f"{ADMIN}/suspend-ready-q/v1", {"name": name, "reason": "x", "duration": 60})

    assert kumo.deliver() == {"TransientFailure": 1, "Delivery": 1}
    (listed,) = ask(kumo, "GET", f"{ADMIN}/suspend-ready-q/v1").json
    assert (listed["name"], listed["id"]) == (name, made.json["id"])
    assert listed["expires"].endswith("Z")
    assert delete(kumo, "suspend-ready-q", made.json["id"])[0] == 200


def test_rebind_moves_a_queue_and_flushes_what_was_put_off(kumo: KumoSandbox) -> None:
    put(kumo, "defer@one.example")
    kumo.deliver()
    (held,) = kumo.waiting
    late = held.due

    flushed = post(kumo, f"{ADMIN}/rebind/v1", {"domain": "one.example", "reason": "retry",
                                               "data": {}, "always_flush": True})  # fmt: skip
    assert (flushed.status, flushed.json) == (200, {})
    assert held.due < late
    post(kumo, f"{ADMIN}/rebind/v1", {"reason": "x", "data": {"queue": "may:acme@three.example"}})
    assert scheduled(kumo) == {"may:acme@three.example": 1}
    assert post(kumo, f"{ADMIN}/rebind/v1", {"reason": "x", "data": {"a": 1}}).status == 422
    kinds = [row["type"] for row in kumo.log]
    assert kinds == ["Reception", "TransientFailure", "AdminRebind", "AdminRebind"]


def test_a_transfer_waits_in_a_queue_of_its_own_and_is_taken_back(kumo: KumoSandbox) -> None:
    put(kumo, "a@one.example")
    post(kumo, f"{ADMIN}/xfer/v1", {"reason": "x", "target": "http://10.0.0.1:8000"})
    (name,) = scheduled(kumo)

    assert name.endswith(".xfer.kumomta.internal")
    given = {"queue_name": name, "reason": "x"}
    assert post(kumo, f"{ADMIN}/xfer/cancel/v1", given).json == {}
    assert scheduled(kumo) == {"one.example": 1}
    assert post(kumo, f"{ADMIN}/xfer/cancel/v1", given).status == 404


def test_messages_and_queues_can_be_looked_at(kumo: KumoSandbox) -> None:
    put(kumo, *(f"{n}@one.example" for n in "abc"), Tenant="acme")
    message = kumo.waiting[0]

    one = ask(kumo, "GET", f"{ADMIN}/inspect-message/v1?id={message.id}&want_body=true").json
    rows = ask(
        kumo, "GET", f"{ADMIN}/inspect-sched-q/v1?queue_name=acme%40one.example&limit=2"
    ).json

    assert one["id"] == message.id
    assert one["message"]["recipient"] == "a@one.example"
    assert one["message"]["meta"]["tenant"] == "acme"
    assert one["message"]["data"] == message.data.decode()
    assert (len(rows["messages"]), rows["num_scheduled"]) == (2, 3)
    assert rows["messages"][0]["message"]["data"] is None
    for path, status in (
        ("inspect-message/v1?id=00", 500),
        ("inspect-message/v1", 400),
        ("inspect-sched-q/v1?queue_name=x", 404),
        ("inspect-sched-q/v1?queue_name=acme@one.example&limit=two", 400),
        ("inspect-ready-q/v1?queue_name=x", 404),
    ):
        assert ask(kumo, "GET", f"{ADMIN}/{path}").status == status, path
    assert ask(kumo, "GET", f"{ADMIN}/rebind/v1").status == 405


def test_a_quote_in_a_name_breaks_the_json_of_metrics_and_not_their_text(
    kumo: KumoSandbox,
) -> None:
    put(kumo, "a@one.example", Tenant='ac"me', Campaign="may")

    with pytest.raises(ValueError, match="Expecting"):
        _ = ask(kumo, "GET", "/metrics.json").json
    assert 'scheduled_by_tenant{tenant="ac"me"} 1' in ask(kumo, "GET", "/metrics").text
    rows = 'scheduled_by_tenant_campaign{tenant="ac"me", campaign="may"} 1'
    assert rows in ask(kumo, "GET", "/metrics").text


def test_the_version_is_that_of_a_release(kumo: KumoSandbox) -> None:
    assert ask(kumo, "GET", "/api/machine-info").json["version"].startswith("2026.06.23-")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("5m", 300), ("1h 20m", 4800), ("4m 59s 998ms", 299.998), ("2days", 172800)],
)
def test_durations_are_read_as_people_write_them(text: str, wanted: float) -> None:
    assert seconds(text) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["", "5", "m", "5m x"])
def test_a_duration_that_is_none_is_refused(kumo: KumoSandbox, text: str) -> None:
    answer = post(kumo, f"{ADMIN}/bounce/v1", {"reason": "x", "duration": text})

    assert answer.status == 422
    assert "duration: expected number at 0" in answer.text


def test_the_log_is_posted_one_record_each_or_in_batches(kumo: KumoSandbox) -> None:
    put(kumo, "a@one.example", "bounce@one.example", "defer@one.example")
    with Receiver() as receiver:
        assert kumo.post_log(f"{receiver.url}") == [200, 200, 200]
        kumo.deliver()
        assert kumo.post_log(receiver.url, batch=2) == [200, 200]
        assert kumo.post_log(receiver.url) == []
        receiver.status = 500
        put(kumo, "b@one.example")
        assert (kumo.post_log(receiver.url), kumo.post_log(receiver.url)) == ([500], [])  # lost
        receiver.status = 0
        put(kumo, "c@one.example")
        assert kumo.post_log(receiver.url) == [0]
        receiver.status = 200
        assert kumo.post_log(receiver.url) == [200]  # what was not answered comes again

    bodies = [json.loads(came.body) for came in receiver.came]
    assert all(came.body.endswith(b"}\n") for came in receiver.came[:3])
    assert [one["type"] for one in bodies[:3]] == ["Reception"] * 3
    assert [len(one) for one in bodies[3:5]] == [2, 1]
    keys = [(row["nodeid"], row["id"], row["type"], row["event_time"]) for row in kumo.log]
    assert len(set(keys)) == len(keys)

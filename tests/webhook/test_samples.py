"""The bodies of `pmctl webhook trigger` are those that were recorded, and nobody's events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.errors import UsageError
from pmctl.webhook import events
from pmctl.webhook.samples import SAMPLES, Sample, body, find, names
from tests import webhook_bodies

NOW = datetime(2026, 11, 24, 12, 30, 1, tzinfo=UTC)
each = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda one: f"{one.event_type}-{one.recorded}"
)


def only(text: bytes) -> dict[str, Any]:
    ((_, (item,)),) = json.loads(text).items()
    return dict(item)


def unmarked(text: bytes) -> events.Event:
    """What the receiver would make of it, had it no mark."""
    ((name, (item,)),) = json.loads(text).items()
    del item[events.MARK]
    (event,) = events.parse(json.dumps({name: [item]}).encode(), NOW).events
    return event


def differing(left: Any, right: Any, path: str = "") -> set[str]:
    """The places at which two values of JSON differ; a type or a key that differs is named."""
    if type(left) is not type(right):
        return {f"{path} is another type"}
    if isinstance(left, dict):
        lacks = {f"{path}.{key} is not in both" for key in left.keys() ^ right.keys()}
        both = left.keys() & right.keys()
        return lacks.union(*(differing(left[key], right[key], f"{path}.{key}") for key in both))
    if isinstance(left, list):
        if len(left) != len(right):
            return {f"{path} is longer"}
        pairs = enumerate(zip(left, right, strict=True))
        return set().union(*(differing(one, other, f"{path}.{n}") for n, (one, other) in pairs))
    return set() if left == right else {path}


@each
@pytest.mark.parametrize("now", [NOW, None])
def test_a_body_is_the_recorded_one_but_for_its_identity_times_and_mark(sample, now):
    found = differing(only(webhook_bodies.body(sample.recorded)), only(body(sample, "one", now)))

    times = {".timestamp", ".stat.dateSent", ".stat.dateRead", ".stat.lastOpened", ".hit.dateHit",
             ".submission.dateSubmitted"}  # fmt: skip
    identity = {".idHash", ".stat.trackingHash", ".hit.query.ct.stat", ".id", ".hit.id",
                ".submission.id"}  # fmt: skip
    status = {".new_status", ".contact.doNotContact.0.reason", ".contact.doNotContact.0.comments"}
    other = found - identity - (times if now else set())
    assert other == {".pmctl is not in both"} | (
        status if sample.event_type == "bounced" else set()
    )


@each
def test_a_receiver_classes_each_as_it_says(sample: Sample):
    event = unmarked(body(sample, "one", NOW))
    assert (event.event_type, event.source_type) == (sample.event_type, sample.source_type)
    assert event.occurred_at == NOW
    if sample.event_type == "clicked":
        assert event.agent_class == "human"


@each
def test_a_marked_one_is_about_nobody_and_says_what_it_would_be(sample):
    (event,) = events.parse(body(sample, "one", NOW), NOW).events
    assert (event.event_type, event.metadata) == ("test", {"test": sample.event_type})
    assert (event.contact_id, event.campaign_event_id, event.email_id, event.campaign_id) == (
        0, 0, 0, 0,
    )  # fmt: skip
    assert event.agent_class == ""
    assert event.id == events.event_id(sample.source_type, "test", "one")
    assert events.reclass(event) == event


@given(seeds=st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=5, unique=True))
def test_each_seed_is_another_event_also_without_its_mark(seeds):
    for sample in SAMPLES[:3]:
        texts = [body(sample, seed, NOW) for seed in seeds]
        assert len({events.parse(text, NOW).events[0].id for text in texts}) == len(seeds)
        assert len({unmarked(text).id for text in texts}) == len(seeds)
        assert body(sample, seeds[0], NOW) == texts[0]


@pytest.mark.parametrize("mark", [{"test": ""}, {"test": 1}, {}, [], "test", None])
def test_what_is_no_mark_changes_no_event(mark):
    name = "mautic.email_on_send"
    item = only(webhook_bodies.body("email_on_send-1"))
    (event,) = events.parse(json.dumps({name: [{**item, "pmctl": mark}]}).encode(), NOW).events
    assert (event.event_type, event.contact_id) == ("sent", 13)


def test_a_sample_is_found_by_every_name_that_is_offered():
    assert {find(name).recorded for name in names()} == {one.recorded for one in SAMPLES}
    assert find("email_on_open") == find("mautic.email_on_open") == find("opened")
    with pytest.raises(UsageError, match="no sample of openend"):
        find("openend")

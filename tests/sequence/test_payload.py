"""The bodies that Mautic is sent keep every rule that was seen on a running one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.sandbox.event import LONGEST_TEMP_ID
from pmctl.sequence import model
from pmctl.sequence.emails import Content, Mail
from pmctl.sequence.graph import build
from pmctl.sequence.kinds import EMAIL_DECISIONS
from pmctl.sequence.layout import layout
from pmctl.sequence.payload import (
    Desired,
    Names,
    campaign_body,
    desired,
    mail_body,
    mail_name,
    read_event_marker,
    read_mail_marker,
    read_marker,
    temporary_id,
)
from tests.sequence.strategies import sequences


def said(text: str) -> Content:
    return Content(f"<p>{text}</p>", "html", "s", None, None)


def compiled(value: dict[str, Any]) -> Desired:
    sequence = model.Sequence.model_validate(value, context={"variables": {}})
    graph = build(sequence)
    mails = [
        Mail(step, email.subject, said("é"), "en", None, None, None, (), ())
        for step, email in graph.emails.items()
    ]
    mails += [
        Mail(node.step, node.title, said("é"), "en", None, None, None, (), ())
        for node in {node.step: node for node in graph.nodes() if node.kind == "notify"}.values()
    ]
    return desired(
        "a.yaml", graph, layout(graph), mails, lambda kind, name: f"a.yaml ({kind} {name})"
    )


def names(want: Desired) -> Names:
    ids = {
        kind: {name: n for n, name in enumerate(known, 40 if kind == "segment" else 90)}
        for kind, known in want.needs.items()
    }
    return Names({**ids, "email": {mail.step: n for n, mail in enumerate(want.mails, 700)}})


def body(want: Desired, ids: dict[tuple[str, str], int] | None = None) -> dict[str, Any]:
    return campaign_body(want, "prod", names(want), ids=ids or {}, published=False)


def sequence(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "key": "welcome",
        "name": "Welcome",
        "audience": {"segments": ["new"]},
        "steps": list(steps),
        **more,
    }


HELLO = {"email": "hello", "subject": "Hello", "body": "Hi"}
AGAIN = {"email": "again", "subject": "Again", "body": "Hi"}


def event(want: Desired, step: str) -> dict[str, Any]:
    events = body(want)["events"]
    return next(e for e in events if e["description"].startswith(f"pmctl step={step} "))


def test_an_email_always_says_that_it_is_marketing() -> None:
    properties = event(compiled(sequence(HELLO)), "hello")["properties"]

    assert properties == {"email": 700, "email_type": "marketing", "priority": 2, "attempts": 3}


def test_a_transactional_email_needs_a_reason_and_says_so() -> None:
    step = {**HELLO, "consent": {"transactional": "receipt of a payment"}}

    assert event(compiled(sequence(step)), "hello")["properties"]["email_type"] == "transactional"
    with pytest.raises(ValueError, match="transactional"):
        compiled(sequence({**HELLO, "consent": "transactional"}))


def test_a_campaign_says_everything_that_mautic_would_otherwise_decide() -> None:
    want = compiled(sequence(HELLO))

    said = body(want)

    assert said["isPublished"] is False
    assert said["allowRestart"] is False
    assert said["lists"] == [{"id": 40}]
    assert said["forms"] == []
    assert read_marker(said["description"]) == ("welcome", "prod", want.hash)


def test_a_wait_folds_into_the_next_step_and_clears_what_it_does_not_use() -> None:
    want = compiled(sequence(HELLO, {"wait": "1d"}, {"wait": "12h"}, AGAIN))

    again = event(want, "again")

    assert (again["triggerMode"], again["triggerInterval"], again["triggerIntervalUnit"]) == (
        "interval", 36, "h",
    )  # fmt: skip
    for cleared in ("triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour"):
        assert again[cleared] is None
    assert again["triggerRestrictedDaysOfWeek"] == []


def test_a_window_names_its_days_and_brings_an_interval() -> None:
    window = {"days": ["mon", "fri", "sun"], "from": "09:00", "to": "17:00"}

    hello = event(compiled(sequence(HELLO, send={"window": window})), "hello")

    assert hello["triggerMode"] == "interval"
    assert (hello["triggerInterval"], hello["triggerIntervalUnit"]) == (0, "d")
    assert hello["triggerRestrictedStartHour"] == "09:00"
    assert hello["triggerRestrictedStopHour"] == "17:00"
    assert hello["triggerRestrictedDaysOfWeek"] == [0, 1, 5]


def test_stop_rules_hang_a_decision_that_never_closes_beside_each_email() -> None:
    rules = ["reply", {"click": "https://example.com/book*"}, "unsubscribe"]

    events = body(compiled(sequence(HELLO, stop_on=rules)))["events"]

    assert [e["type"] for e in events] == [
        "email.send", "email.reply", "campaign.addremovelead", "email.click",
        "campaign.addremovelead",
    ]  # fmt: skip
    assert events[2]["properties"] == {"addTo": [], "removeFrom": ["this"]}
    assert events[3]["properties"] == {"urls": {"list": ["https://example.com/book*"]}}


def test_markers_survive_their_way_into_names_and_back() -> None:
    want = compiled(sequence(HELLO, name="N" * 191))
    name = mail_name(want, want.mails[0], "prod")

    assert len(name) <= 191
    assert read_mail_marker(name) == ("prod", "welcome", "hello")
    assert read_event_marker(want.events[0].marker) == ("hello", "main")


def test_headers_are_written_as_the_list_that_mautic_wants() -> None:
    want = compiled(sequence(HELLO))
    sender = ("Ana", "a@example.com")
    mail = Mail("hello", "s", said("é"), "en", *sender, None, (), (("X-A", "1"),))

    written = mail_body(want, mail, "prod")

    assert written["headers"] == {"list": [{"label": "X-A", "value": "1"}]}
    assert (written["fromName"], written["fromAddress"]) == ("Ana", "a@example.com")
    assert written["language"] == "en"


@settings(max_examples=80, deadline=None)
@given(sequences())
def test_every_campaign_is_a_tree_that_mautic_can_read(value: dict[str, Any]) -> None:
    want = compiled(value)

    said = body(want)

    ids = [str(e["id"]) for e in said["events"]]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("new") for one in ids)
    canvas = said["canvasSettings"]
    assert [node["id"] for node in canvas["nodes"]] == [*want.sources, *ids]
    targets = [c["targetId"] for c in canvas["connections"] if c["sourceId"] in ids]
    assert len(set(targets)) == len(targets)  # one parent each
    roots = {c["targetId"] for c in canvas["connections"] if c["sourceId"] not in ids}
    assert roots == {ids[0]}
    assert set(targets) | roots == set(ids)
    roles = {str(e["id"]): e["eventType"] for e in said["events"]}
    types = {str(e["id"]): e["type"] for e in said["events"]}
    for connection in canvas["connections"]:
        source, anchor = connection["sourceId"], connection["anchors"]["source"]
        if source in roles:
            assert anchor == "bottom" if roles[source] == "action" else anchor in ("yes", "no")
        else:
            assert anchor == "leadsource"
        if roles[connection["targetId"]] == "decision":
            if types[connection["targetId"]] in EMAIL_DECISIONS:
                assert types[source] == "email.send"  # Mautic finds the email through the parent
            assert roles[source] == "action"  # the builder has no line from a decision to another
    for e in said["events"]:
        assert e["triggerMode"] in ("immediate", "interval")
        assert e["triggerIntervalUnit"] in (None, "i", "h", "d", "m", "y")
        assert set(e["triggerRestrictedDaysOfWeek"]) <= set(range(7))
        assert 0 < len(e["name"]) <= 191


@settings(max_examples=30, deadline=None)
@given(sequences())
def test_the_same_input_gives_the_same_bytes(value: dict[str, Any]) -> None:
    assert json.dumps(body(compiled(value))) == json.dumps(body(compiled(value)))
    assert compiled(value).hash == compiled(value).hash


def test_the_hash_tells_a_change_and_only_a_change() -> None:
    base = compiled(sequence(HELLO)).hash

    assert compiled(sequence(HELLO, {"wait": "1d"}, AGAIN)).hash != base
    assert compiled(sequence(HELLO, published=False)).hash != base
    assert compiled(sequence(HELLO)).hash == base


def test_events_that_live_keep_their_numbers_everywhere() -> None:
    want = compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))

    said = body(want, {("hello", "main"): 415})

    assert [e["id"] for e in said["events"]] == [415, "new1"]
    assert said["canvasSettings"]["connections"][1]["sourceId"] == "415"
    assert [n["id"] for n in said["canvasSettings"]["nodes"]] == ["lists", "415", "new1"]


def test_a_time_of_day_at_the_end_of_the_day_is_refused() -> None:
    with pytest.raises(ValueError, match="too close to midnight"):
        compiled(sequence(HELLO, {"wait": {"until": "23:55"}}, AGAIN))


@pytest.mark.parametrize("step", ["stop", {"stop": None}, {"stop": True}])
def test_a_stop_may_be_said_in_a_word(step: Any) -> None:
    assert compiled(sequence(HELLO, step)).events[1].type == "campaign.addremovelead"


@pytest.mark.parametrize(
    "step",
    [
        {"tag": {"add": ["R&D"]}},
        {"tag": {"add": ["<3"]}},
        {"if": {"tag": 'the "best"'}},
        {"if": {"tag": ["fine", "it's"]}},
    ],
)
def test_a_tag_that_mautic_would_never_find_again_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"never found again|strips it"):
        compiled(sequence(HELLO, step))


@given(st.sets(st.integers(1, 10**9), min_size=1), st.integers(0, 10**9), st.integers(0, 10**9))
def test_no_write_takes_a_temporary_id_of_an_earlier_one(
    live: set[int], first: int, second: int
) -> None:
    later = live | {max(live) + 1}  # what the first write made
    assert temporary_id(live, first) != temporary_id(later, second)
    assert (temporary_id(live, first) == temporary_id(live, second)) == (first == second)
    assert len(temporary_id(live, first)) <= LONGEST_TEMP_ID

"""What Mautic's webhooks say, over every body that was recorded, and over any bytes at all."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.webhook import events, signature
from pmctl.webhook.agents import agent_class
from tests import webhook_bodies
from tests.webhook_bodies import NAMES, SECRET

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def one(name: str) -> events.Event:
    return events.parse(webhook_bodies.body(name), NOW).events[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_body_is_understood_whole(name):
    body = webhook_bodies.body(name)
    parsed = events.parse(body, NOW)

    assert parsed.dead == []
    assert len(parsed.events) == sum(len(items) for items in json.loads(body).values())
    for event in parsed.events:
        assert event.event_type in events.TYPES
        assert event.occurred_at.year == 2026
        assert event.occurred_at < NOW
        assert event.contact_id or event.source_type.startswith("mautic.company_")


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_signature_is_right_and_no_other_body_has_it(name):
    kept = webhook_bodies.recorded(name)
    if not kept["signature"] or kept["path"].endswith("nosecret"):
        pytest.skip("sent with another secret")
    body = webhook_bodies.body(name)

    assert signature.verify(body, kept["signature"], [SECRET])
    assert signature.verify(body, kept["signature"], ["new", SECRET])
    assert signature.sign(body, SECRET) == kept["signature"]
    assert not signature.verify(body + b" ", kept["signature"], [SECRET])
    assert not signature.verify(body, kept["signature"], ["other"])


@pytest.mark.parametrize(
    ("name", "kind", "contact", "step", "email"),
    [
        ("email_on_send-1", "sent", 13, 1, 9),
        ("email_on_open-1", "opened", 11, 1, 9),
        ("page_on_hit-1", "clicked", 13, 1, 9),
        ("form_on_submit-1", "submitted", 22, 0, 0),
        ("lead_post_save_new-1", "contact_created", 17, 0, 0),
        ("lead_channel_subscription_changed-bounced-to-contactable-1", "resubscribed", 23, 0, 0),
        ("lead_channel_subscription_changed-contactable-to-unsubscribed-1", "unsubscribed",
         21, 0, 1),
        ("lead_company_change-1", "company_changed", 21, 0, 0),
        ("lead_list_change-added-1", "segment_changed", 11, 0, 0),
        ("company_post_delete-1", "company_changed", 0, 0, 0),
    ],
)  # fmt: skip
def test_each_type_says_who_and_through_which_step_and_email(name, kind, contact, step, email):
    event = one(name)
    assert (event.event_type, event.contact_id) == (kind, contact)
    assert (event.campaign_event_id, event.email_id) == (step, email)


def test_a_send_an_open_and_a_click_of_one_mail_share_its_hash():
    assert one("page_on_hit-1").metadata["tracking_hash"] == "6b03760f8f46f335082823"
    assert one("email_on_send-1").metadata["tracking_hash"] == "6b03760f8f46f335082823"
    assert one("email_on_open-1").metadata["domain"] == "t.example"


def test_the_text_of_a_mail_and_links_that_act_for_its_reader_are_not_kept():
    for name in NAMES:
        for event in events.parse(webhook_bodies.body(name), NOW).events:
            assert b"<!DOCTYPE" not in event.payload
            assert b"unsubscribe_url" not in event.payload
            json.loads(event.payload)


def turned(value: Any) -> Any:
    """The same JSON with its keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", NAMES)
def test_an_id_does_not_depend_on_spaces_or_the_order_of_keys(name):
    body = webhook_bodies.body(name)
    other = json.dumps(turned(json.loads(body)), indent=2).encode()
    assert {one.id for one in events.parse(body, NOW).events} == {
        one.id for one in events.parse(other, datetime(2027, 1, 1, tzinfo=UTC)).events
    }


def test_events_that_differ_have_ids_that_differ():
    found = [
        (event.id, event.source_type)
        for name in NAMES
        for event in events.parse(webhook_bodies.body(name), NOW).events
    ]
    opens = [json.dumps({"mautic.email_on_open": [{"stat": {"trackingHash": "a", "openCount": n}}]})
             for n in (1, 2)]  # fmt: skip
    assert len({id_ for id_, _ in found}) >= len(NAMES) - 2
    assert len({events.parse(text.encode(), NOW).events[0].id for text in opens}) == 2


def test_an_unknown_type_is_kept_and_says_its_name():
    parsed = events.parse(b'{"mautic.moon_rises":[{"contact":{"id":"7"}}]}', NOW)
    (event,) = parsed.events
    assert (event.event_type, event.source_type, event.contact_id) == (
        "other", "mautic.moon_rises", 7,
    )  # fmt: skip
    assert (event.occurred_at, event.metadata["occurred"]) == (NOW, "when received")


@pytest.mark.parametrize(
    ("body", "alive"),
    [
        (b"", 0), (b"[]", 0), (b"null", 0), (b'{"mautic.x":[{"a":1}', 0), (b"\xff\xfe", 0),
        (b'{"mautic.x":[{"a":NaN}]}', 0), (b'{"mautic.x":[1,{"a":1}]}', 1),
        (b'{"mautic.x":[{"a":"\xff"},{"a":1}]}', 1),
        (b'{"mautic.x":[{"a":1e999},{"a":2}]}', 1),
        (b'{"mautic.x":[{"a":' + b"9" * 5000 + b'},{"a":2}]}', 1),
        (b'{"mautic.x":[' + b"[" * 5000 + b"]" * 5000 + b"]}", 0),
        (b'{"mautic.x":[{"a":"\\ud800"}]}', 0),
        (b'{"mautic.x":[{"a":1},{"a":"\\ud800"},{"a":"[{,"}]}', 2),
        (b'{"mautic.x":[{"a":"\\ud83d\\u0041"}],"mautic.y":[{"a":1}],"mautic.z":{"b":1}}', 2),
        (b'{"mautic.x":[{"a":"\\q\\\""},{"a":1}] , "mautic.y" : [ ] }', 1),
        (b'{"mautic.x":[{"a":01},{"a":2},{"a":3}]}', 2),
        (b'{"mautic.x":[{"a":"\\ud800"},{"a":1}}}', 0),
        (b'{"mautic.x":[{"a":"\\ud800"},{"a":1}]} {}', 0),
        (b'{"mautic.x":[{"a":"\\ud800"},{"a":"1]}', 0),
        (b'{"mautic.x":"words"}', 0),
    ],
    ids=range(20),
)  # fmt: skip
def test_what_is_no_event_is_dead_with_a_reason_and_takes_no_other_along(body, alive):
    parsed = events.parse(body, NOW)
    assert len(parsed.events) == alive
    assert len(parsed.dead) == 1
    assert parsed.dead[0].reason


def test_a_broken_name_of_a_type_does_not_cost_its_items():
    (event,) = events.parse(b'{"mautic.\\ud800":[{"contact":{"id":7}}]}', NOW).events
    assert (event.event_type, event.contact_id) == ("other", 7)
    assert json.loads(events.rows([event]))[0]["source_type"] == "mautic.?"


def test_a_dead_item_is_kept_as_it_came_under_its_own_name():
    dead = events.parse(b'{"mautic.\\"q\\"":[{"a":"\\ud800"},{"a":1}]}', NOW).dead
    assert [one.body for one in dead] == [b'{"mautic.\\"q\\"":[{"a":"\\ud800"}]}']


def test_ten_mib_of_quotes_with_a_bad_escape_are_split_without_much_work():
    body = b'{"mautic.x":[{"a":"\\q"},{"b":"' + b'\\"' * (5 << 20)
    began = time.process_time()
    assert len(events.parse(body, NOW).dead) == 1
    assert time.process_time() - began < 5  # a scan that begins again at each quote takes hours


def test_a_nul_in_a_link_does_not_cost_its_click():
    body = b'{"mautic.page_on_hit":[{"hit":{"id":3,"source":"email","url":"https://a/\\u0000"}}]}'
    (event,) = events.parse(body, NOW).events
    assert event.event_type == "clicked"
    assert b"\\u0000" not in events.rows([event])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["contact", "stat", "hit", "lead", "id", "query", "ct", "email",
                             "source", "timestamp", "trackingHash", "channel", "userAgent"])
            | st.text(max_size=5),
            inner, max_size=5,
        )
    ),
    max_leaves=12,
)  # fmt: skip
BODY = st.dictionaries(
    st.sampled_from([f"mautic.{name}" for name in (*events._TYPES, "page_on_hit",
                     "lead_channel_subscription_changed", "x")]),
    st.lists(JSON, max_size=3), max_size=3,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(BODY)
def test_any_json_ends_as_rows_or_dead_and_parses_to_the_same_ids_again(body):
    text = json.dumps(body).encode()
    parsed = events.parse(text, NOW)
    again = events.parse(json.dumps(turned(body)).encode(), NOW)
    kept = json.loads(events.rows(parsed.events))

    assert {event.id for event in parsed.events} == {event.id for event in again.events}
    assert [row["id"] for row in kept] == [str(event.id) for event in parsed.events]
    if b"NaN" not in text and b"Infinity" not in text:
        assert len(parsed.events) + len(parsed.dead) == sum(map(len, body.values()))
    for event in parsed.events:
        assert events.reclass(event).agent_class in (event.agent_class, "unknown", "human")


@settings(max_examples=150, deadline=None)
@given(BODY)
def test_a_bad_escape_costs_its_own_item_and_no_other(body):
    right = events.parse(json.dumps(body).encode(), NOW)
    text = json.dumps(body | {"mautic.x": [*body.get("mautic.x", ()), "BAD"]})
    broken = events.parse(text.replace('"BAD"', '"\\ud800"').encode(), NOW)
    assert [one.id for one in broken.events] == [one.id for one in right.events]
    if "NaN" not in text and "Infinity" not in text:
        assert len(broken.dead) == len(right.dead) + 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.text(max_size=90))
def test_any_bytes_and_any_signature_are_only_wrong(body, said):
    events.parse(body, NOW)
    assert signature.verify(body, said, [SECRET]) in (False, said == "")
    assert not signature.verify(body, said, [])
    assert not signature.verify(body, signature.sign(body, ""), [""])
    for right in (
        signature.sign(body, SECRET),
        f"sha256={signature._digest(signature.sign(body, SECRET)).hex()}",
    ):
        assert signature.verify(body, right, ["old", SECRET])


@pytest.mark.parametrize(
    ("agent", "seconds", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", 90,
         "human"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", 1,
         "scanner"),
        ("Mozilla/5.0 Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", 0, "proxy"),
        ("Mozilla/5.0", 300, "proxy"),
        ("python-requests/2.32", None, "scanner"),
        ("", None, "unknown"),
        ("Teapot/1", 9, "unknown"),
    ],
)  # fmt: skip
def test_who_acted_is_told_with_a_reason(agent, seconds, name):
    found = agent_class(agent, seconds)
    assert found.name == name
    assert found.reason


def test_three_links_of_a_mail_at_once_are_a_scanner():
    hit = json.loads(webhook_bodies.body("page_on_hit-1"))["mautic.page_on_hit"][0]
    hits = [
        {"hit": {**hit["hit"], "id": n, "url": f"https://a/{n}", "dateHit": moment}}
        for n, moment in enumerate(["2026-11-22T23:19:05+00:00"] * 3, 1)
    ]
    three = events.parse(json.dumps({"mautic.page_on_hit": hits}).encode(), NOW).events
    two = events.parse(json.dumps({"mautic.page_on_hit": hits[:2]}).encode(), NOW).events
    assert {event.agent_class for event in three} == {"scanner"}
    assert {event.agent_class for event in two} == {"human"}


def change(**more: Any) -> events.Event:
    held = [{"id": 3, "reason": 1, "channel": "email", "channelId": 31},
            {"id": 9, "reason": 3, "channel": "sms", "channelId": None}]  # fmt: skip
    item = {"contact": {"id": 7, "doNotContact": held}, "channel": "email",
            "new_status": "unsubscribed", "timestamp": "2026-11-22T23:16:44+00:00"}  # fmt: skip
    body = json.dumps({"mautic.lead_channel_subscription_changed": [{**item, **more}]}).encode()
    return events.parse(body, NOW).events[0]


def test_a_change_of_a_channel_is_known_by_its_row_whatever_second_it_is_stamped_with():
    later = "2026-11-22T23:16:45+00:00"
    assert change().id == change(timestamp=later).id
    assert change().email_id == 31
    others = [
        change(new_status="bounced"), change(channel="sms", new_status="manual"),
        change(new_status="contactable"), change(new_status="contactable", timestamp=later),
        change(contact={"id": 7}), change(contact={"id": 7}, timestamp=later),
        change(contact={"id": 7, "doNotContact": [{"id": 4, "reason": 1, "channel": "email"}]}),
        change(contact={"id": 7, "doNotContact": ["x", {"id": "x", "reason": {}}]}, channel=None),
    ]  # fmt: skip
    assert len({one.id for one in [change(), *others]}) == len(others) + 1
    assert {one.email_id for one in others} == {0}


@pytest.mark.parametrize(
    ("item", "kept"),
    [
        (b'{"idHash": "a", "email": {"name": "caf\\u00e9"}}', None),  # not a byte is changed
        (b'{"idHash":"a","email":{"custom\\u0048tml":"<p>","id":1}}',
         b'{"idHash":"a","email":{"id":1}}'),
        (b'{"idHash":"a","list":[[{"tokens":{"{x}":"y"},"z":2}]]}',
         b'{"idHash":"a","list":[[{"z":2}]]}'),
        (b'{"idHash":"a","x":"1\\u00002"}', '{"idHash":"a","x":"1\ufffd2"}'.encode()),
    ],
)  # fmt: skip
def test_an_item_is_kept_as_it_came_but_for_what_must_not_be_kept(
    item: bytes, kept: bytes | None
) -> None:
    (event,) = events.parse(b'{"mautic.email_on_send":[%b]}' % item, NOW).events
    assert event.payload == (item if kept is None else kept)

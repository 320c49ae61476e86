"""The table of step kinds and Mautic's events goes both ways, and no type stops Mautic's cron."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from pmctl.sequence import cron_safe, kinds
from pmctl.sequence.payload import Event, Names
from tests.sequence.strategies import CHECKS, PLAIN, WATCHES, email, sequence, sequences
from tests.sequence.test_payload import body, compiled, names

KNOWN = Names(
    {
        "segment": {"trial": 46},
        "form": {"sign-up": 7},
        "stage": {"Trial": 1, "Customer": 2},
        "user": {"ana": 3},
        "company": {"Acme": 4},
        "asset": {"price-list": 5, "case-study": 6},
        "campaign": {"welcome": 8, "other": 9},
        "email": {"offer": 700, "notice": 701},
        "event": {"offer main": 400},
    }
)


def event_of(step: dict[str, Any]) -> Event:
    """The event of a step, which stands under the email `offer` unless it is an email itself."""
    if "email" in step:
        return compiled(sequence({**email("offer"), **step})).events[0]
    if "on" in step or step.get("raw", {}).get("kind") == "decision":
        step = {**step, "within": "1d"}
    if "notify" in step:
        step = {**step, "notify": {"subject": "S", "body": "B", **step["notify"]}, "id": "notice"}
    wait = [{"wait": "1d"}] if "goto" in step else []
    events = compiled(sequence(email("offer"), *wait, step)).events
    return next(event for event in events[1:] if event.kind != "pass")


@pytest.mark.parametrize(
    ("step", "type_", "sent"),
    [
        ({"field": {"set": {"city": "Bonn", "n": 2, "vip": True}}}, "lead.updatelead",
         {"city": "Bonn", "n": 2, "vip": 1}),
        ({"points": {"add": -5}}, "lead.changepoints", {"points": -5}),
        ({"stage": "Customer"}, "stage.change", {"stage": 2}),
        ({"owner": "ana"}, "lead.changeowner", {"owner": 3}),
        ({"company": "Acme"}, "lead.addtocompany", {"company": 4}),
        ({"dnc": {"add": ["email"], "reason": "by pmctl"}}, "lead.adddnc",
         {"channels": ["email"], "reason": "by pmctl"}),
        ({"dnc": {"remove": ["email"]}}, "lead.removednc", {"channels": ["email"]}),
        ({"notify": {"to": ["a@b.example", "c@d.example"], "users": ["ana"], "subject": "S",
                     "body": "B"}, "id": "notice"}, "email.send.to.user",
         {"useremail": {"email": 701}, "user_id": [3], "to_owner": False,
          "to": "a@b.example, c@d.example", "cc": "", "bcc": ""}),
        ({"webhook": {"url": "https://a.example/", "headers": {"X-A": "1"},
                      "data": {"k": "v {{ email }}"}, "timeout": 5}}, "campaign.sendwebhook",
         {"url": "https://a.example/", "method": "post",
          "headers": {"list": [{"label": "X-A", "value": "1"}]},
          "additional_data": {"list": [{"label": "k", "value": "v {contactfield=email}"}]},
          "timeout": 5}),
        ({"enroll": ["other"]}, "campaign.addremovelead", {"addTo": [9], "removeFrom": []}),
        ({"leave": ["other"]}, "campaign.addremovelead", {"addTo": [], "removeFrom": [9]}),
        ({"on": "visited", "url": ["https://a/", "https://b/*"], "within": "1d"}, "page.pagehit",
         {"url": "https://a/,https://b/*"}),
        ({"on": "submitted", "form": "sign-up", "within": "1d"}, "form.submit", {"forms": [7]}),
        ({"on": "downloaded", "asset": "case-study", "within": "1d"}, "asset.download",
         {"assets": [6]}),
        ({"if": {"points": {"at_least": 9}}}, "lead.points", {"operator": "gte", "score": 9}),
        ({"if": {"stage": "Trial"}}, "lead.stages", {"stages": [1]}),
        ({"if": {"owner": "ana"}}, "lead.owner", {"owner": [3]}),
        ({"if": {"dnc": "email"}}, "lead.dnc", {"channels": ["email"]}),
        ({"if": {"dnc": "email", "reason": "unsubscribed"}}, "lead.dnc",
         {"channels": ["email"], "reason": 1}),
        ({"if": {"in_campaign": "other"}}, "lead.campaigns", {"campaigns": [9]}),
        ({"if": {"email_valid": True}}, "email.validate.address", {}),
    ],
)  # fmt: skip
def test_each_kind_sends_what_a_running_mautic_was_seen_to_take(
    step: dict[str, Any], type_: str, sent: dict[str, Any]
) -> None:
    event = event_of(step)

    assert event.type == type_
    assert kinds.resolved(event.kind, event.properties, KNOWN) == sent


@settings(max_examples=150, deadline=None)
@given(sequences())
def test_no_compiled_event_has_a_type_that_stops_mautics_cron(value: dict[str, Any]) -> None:
    numbers = {f"new{n}": n for n in range(400)}

    for event in body(compiled(value))["events"]:
        sent = dict(event["properties"])
        if "jumpToEvent" in sent:
            sent["jumpToEvent"] = numbers[sent["jumpToEvent"]]  # Mautic puts the id in
        assert cron_safe.flaws(event["type"], sent) == []
        assert set(event["triggerRestrictedDaysOfWeek"]) <= set(range(7))
        assert event["triggerMode"] != "date"


@settings(max_examples=100, deadline=None)
@given(sequences())
def test_what_was_compiled_reads_back_as_the_step_it_came_from(value: dict[str, Any]) -> None:
    want = compiled(value)
    known = names(want)
    known = known.plus("event", {" ".join(e.identity): n for n, e in enumerate(want.events, 1)})

    for event in want.events:
        live = kinds.resolved(event.kind, event.properties, known)
        step = kinds.said(event.type, live, known)
        if event.kind in kinds.RAW or event.kind == "pass":
            assert step is None
            continue
        assert step is not None, event
        if event.kind == "goto":
            assert step == {"goto": event.properties["jumpToEvent"].split()[0]}
        elif event.kind == "notify":
            assert step["id"] == event.step
        else:
            assert event_of(step).properties == event.properties


@pytest.mark.parametrize(
    ("type_", "given_", "step"),
    [
        # as Mautic's builder writes it: ids in text, and the fields of its form
        ("lead.segments", {"segments": ["46"], "name": "x", "triggerMode": "immediate",
                           "properties": {"segments": ["46"]}}, {"if": {"segment": "trial"}}),
        ("lead.owner", {"owner": ["3"]}, {"if": {"owner": "ana"}}),
        ("email.send", {"email": "700", "email_type": "marketing"}, {"email": "offer"}),
        ("email.send", {"email": 700, "email_type": "transactional", "priority": "2"},
         {"email": "offer", "consent": {"transactional": "it was so in Mautic"}}),
        ("lead.updatelead", {"city": "Bonn", "fax": "", "points": None},
         {"field": {"set": {"city": "Bonn"}}}),
        ("lead.points", {"operator": "gt", "score": 0, "group": ""},
         {"if": {"points": {"more_than": 0}}}),
        ("email.click", {"urls": {"list": []}}, {"on": "clicked"}),
        ("email.open", [], {"on": "opened"}),
        ("campaign.addremovelead", {"addTo": ["9"], "removeFrom": []}, {"enroll": ["other"]}),
        ("campaign.addremovelead", {"addTo": [], "removeFrom": ["this"]}, {"stop": True}),
        ("campaign.jump_to_event", {"jumpToEvent": "400"}, {"goto": "offer"}),
        # what our words cannot say exactly
        ("lead.points", {"operator": "gt", "score": 3, "group": 2}, None),
        ("lead.segments", {"segments": [99]}, None),
        ("lead.dnc", {"channels": ["email"], "reason": "1"}, None),
        ("lead.owner", {"owner": [3, 4]}, None),
        ("email.send", {"email": 700, "email_type": "marketing", "attempts": 5}, None),
        ("email.send.to.user", {"useremail": {"email": 701}, "to": "a@b.c", "cc": "d@e.f"}, None),
        ("campaign.addremovelead", {"addTo": [9], "removeFrom": ["this"]}, None),
        ("page.pagehit", {"url": "https://a/", "referer": "https://b/"}, None),
        ("lead.field_value", {"field": "birthday", "operator": "date", "value": "+P2D"}, None),
        ("lead.device", {"device_type": ["tv"]}, None),
        ("nobody.knows", {"a": 1}, None),
    ],
)  # fmt: skip
def test_a_live_event_is_said_exactly_or_not_at_all(
    type_: str, given_: Any, step: dict[str, Any] | None
) -> None:
    assert kinds.said(type_, given_, KNOWN) == step


@pytest.mark.parametrize("step", [*PLAIN, *({"if": check} for check in CHECKS), *WATCHES])
def test_every_step_of_the_strategies_is_said_back_in_its_own_words(step: dict[str, Any]) -> None:
    event = event_of(step)

    found = kinds.said(event.type, kinds.resolved(event.kind, event.properties, KNOWN), KNOWN)

    if event.kind in kinds.RAW:
        assert found is None
    else:
        assert found is not None
        word = next(iter(step))
        assert word in found


@pytest.mark.parametrize(
    ("type_", "given_", "loc"),
    [
        ("lead.changetags", {"add_tags": [18]}, ("add_tags", 0)),
        ("lead.tags", {"tags": "vip"}, ("tags",)),
        ("lead.owner", {"owner": 1}, ("owner",)),
        ("lead.changeowner", {"owner": [1]}, ("owner",)),
        ("lead.changeowner", {"owner": "1"}, ("owner",)),
        ("lead.dnc", {"channels": ["email"], "reason": "1"}, ("reason",)),
        ("lead.dnc", {"channels": ["email"], "reason": 4}, ("reason",)),
        ("lead.stages", {"stages": 1}, ("stages",)),
        ("lead.segments", {"segments": ["trials"]}, ("segments", 0)),
        ("email.send", {"email": 9}, ()),
        ("lead.field_value", {"field": "a", "operator": "is", "value": 1}, ("operator",)),
        ("x.y", {"triggerRestrictedDaysOfWeek": [1, -1]}, ("triggerRestrictedDaysOfWeek", 1)),
        ("x.y", {"triggerIntervalUnit": "days"}, ("triggerIntervalUnit",)),
        ("x.y", {"triggerIntervalUnit": "w"}, ("triggerIntervalUnit",)),
        ("x.y", {"triggerMode": "date"}, ("triggerMode",)),
        ("x.y", {"triggerDate": "2026-01-01"}, ("triggerDate",)),
        ("campaign.addremovelead", {"addTo": [2]}, ()),
        ("campaign.sendwebhook", {"url": "u", "method": "get", "timeout": 1, "headers": {"a": "b"}},
         ("headers",)),
    ],
)  # fmt: skip
def test_what_stops_the_cron_is_found_at_its_place(
    type_: str, given_: dict[str, Any], loc: tuple[str | int, ...]
) -> None:
    assert [flaw.loc for flaw in cron_safe.flaws(type_, given_)] == [loc]

"""The plan is empty when Mautic holds what the file says, and names each thing that differs."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from pmctl.sequence import live as live_shape
from pmctl.sequence.compare import compare
from pmctl.sequence.guard import dangers, risks
from pmctl.sequence.matching import match
from pmctl.sequence.payload import Desired, campaign_body, mail_body
from pmctl.sequence.plan import Live
from tests.sequence.strategies import sequences
from tests.sequence.test_payload import AGAIN, HELLO, compiled, names, sequence

OPENED = {"on": "opened", "within": "3d", "then": [{"tag": {"add": ["warm"]}}]}


def stored(want: Desired) -> Live:
    """What Mautic would hold after an apply, in the spelling of its answers."""
    raw = campaign_body(want, "prod", names(want), ids={}, published=want.published)
    numbers = {str(e["id"]): 400 + n for n, e in enumerate(raw["events"])}
    above = {c["targetId"]: c for c in raw["canvasSettings"]["connections"]}
    events = []
    for e in raw["events"]:
        link = above[e["id"]]
        parent = numbers.get(link["sourceId"])
        anchor = link["anchors"]["source"]
        hours = {
            hour: f"1970-01-01T{e[hour]}:00+00:00" if e[hour] else None
            for hour in ("triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour")
        }
        events.append(
            {
                **e,
                **hours,
                "id": numbers[e["id"]],
                "properties": _aimed(e["properties"], numbers) or [],
                "parent": {"id": parent} if parent else None,
                "decisionPath": anchor if anchor in ("yes", "no") else None,
            }
        )
    answer = {**raw, "id": 12, "events": events}
    mails = []
    for n, mail in enumerate(want.mails, 700):
        sent = mail_body(want, mail, "prod")
        headers = {h["label"]: h["value"] for h in sent["headers"]["list"]}
        found = live_shape.mail({**sent, "id": n, "headers": headers or []})
        assert found is not None
        mails.append(found)
    return Live(live_shape.campaign(answer), tuple(mails))


def _aimed(properties: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    """Mautic puts the id of a new event where a jump names it."""
    if "jumpToEvent" not in properties:
        return properties
    return {**properties, "jumpToEvent": numbers[properties["jumpToEvent"]]}


def differences(want: Desired, live: Live) -> list[tuple[str, str, str]]:
    return [(c.op, c.kind, c.name) for c in compare(want, live, "prod", names(want))]


@settings(max_examples=80, deadline=None)
@given(sequences())
def test_what_was_stored_as_the_file_says_needs_nothing(value: dict[str, Any]) -> None:
    want = compiled(value)

    assert differences(want, stored(want)) == []


def test_a_campaign_that_is_not_there_is_created_whole() -> None:
    want = compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))

    assert differences(want, Live(None)) == [
        ("create", "campaign", ""),
        ("create", "email", "hello"),
        ("create", "email", "again"),
        ("create", "event", "hello main"),
        ("create", "event", "again main"),
    ]


def test_a_changed_wait_is_one_field_of_one_event() -> None:
    live = stored(compiled(sequence(HELLO, {"wait": "1d"}, AGAIN)))
    want = compiled(sequence(HELLO, {"wait": "2d"}, AGAIN))

    changes = compare(want, live, "prod", names(want))

    assert [(c.op, c.name, [f.field for f in c.fields]) for c in changes] == [
        ("update", "again main", ["when"])
    ]


def test_a_renamed_step_keeps_its_event_number() -> None:
    live = stored(compiled(sequence(HELLO, {"wait": "1d"}, AGAIN)))
    renamed = {**AGAIN, "email": "once-more"}
    want = compiled(sequence(HELLO, {"wait": "1d"}, renamed))
    assert live.campaign is not None

    ids = match(want, live.campaign)

    assert ids["once-more", "main"].id == 401


def test_a_step_put_in_between_leaves_the_others_their_numbers() -> None:
    live = stored(compiled(sequence(HELLO, {"wait": "1d"}, AGAIN)))
    tag = {"tag": {"add": ["x"]}}
    want = compiled(sequence(HELLO, tag, {"wait": "1d"}, AGAIN))
    assert live.campaign is not None

    ids = {step: event.id for (step, _), event in match(want, live.campaign).items()}

    assert ids == {"hello": 400, "again": 401}


def test_an_event_added_in_the_builder_is_shown_before_it_would_go() -> None:
    want = compiled(sequence(HELLO))
    live = stored(want)
    assert live.campaign is not None
    extra = live_shape.LiveEvent(99, None, "By hand", "lead.changetags", 400, "bottom", {}, {})
    campaign = live_shape.LiveCampaign(
        **{**vars(live.campaign), "events": (*live.campaign.events, extra)}
    )

    found = differences(want, Live(campaign, live.mails))

    assert found == [("delete", "event", "'By hand' (made in the builder)")]


def _risky(before: Desired, after: Desired) -> list[str]:
    live = stored(before).campaign
    assert live is not None
    known = names(after)
    sources = (set(known.numbers("segment", after.segments)), set[int]())
    found = risks(after, live, match(after, live), sources)
    return list(dangers(found, lambda risk: 7))


def test_deleting_a_step_names_those_who_wait_there() -> None:
    before = compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))

    assert _risky(before, compiled(sequence(HELLO))) == [
        "step again is deleted: 7 contacts waiting there are dropped"
    ]


def test_replacing_the_first_step_names_those_who_are_mailed_again() -> None:
    before = compiled(sequence({"tag": {"add": ["x"]}}, HELLO))
    after = compiled(sequence({"if": {"tag": "x"}, "then": [HELLO]}))

    assert any("mailed again" in line for line in _risky(before, after))


def test_a_new_path_for_those_who_did_not_open_names_everybody_past_the_email() -> None:
    before = compiled(sequence(HELLO))
    branch = {"on": "opened", "within": "3d", "then": [], "else": [AGAIN]}

    lines = _risky(before, compiled(sequence(HELLO, branch)))

    assert lines == [
        "a new path for those who did not (hello.opened): fires at once for 7 contacts past it"
    ]


def test_adding_a_step_at_the_end_is_harmless() -> None:
    before = compiled(sequence(HELLO))

    assert _risky(before, compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))) == []


def test_a_risk_that_concerns_nobody_is_no_danger() -> None:
    before = compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))
    live = stored(before).campaign
    after = compiled(sequence(HELLO))
    assert live is not None

    found = risks(after, live, match(after, live), ({40}, set()))

    assert found
    assert dangers(found, lambda risk: 0) == ()


def test_losing_a_segment_names_the_members() -> None:
    before = compiled(sequence(HELLO, audience={"segments": ["a", "b"]}))
    live = stored(before).campaign
    after = compiled(sequence(HELLO, audience={"segments": ["b"]}))
    assert live is not None

    lines = dangers(risks(after, live, match(after, live), ({41}, set())), lambda risk: 1)

    assert lines == ("the audience loses a source: up to 1 contact leave the campaign",)


def test_making_a_step_transactional_is_a_danger() -> None:
    step = {**HELLO, "consent": {"transactional": "receipt of a payment"}}

    lines = _risky(compiled(sequence(HELLO)), compiled(sequence(step)))

    assert lines == [
        "step hello becomes transactional: 7 contacts get it even if they unsubscribed"
    ]


def _tag(name: str) -> dict[str, Any]:
    return {"tag": {"add": [name]}}


def test_two_steps_that_change_places_are_dangerous() -> None:
    before = compiled(sequence(HELLO, {"wait": "1d"}, _tag("b"), {"wait": "1d"}, _tag("c")))
    after = compiled(sequence(HELLO, {"wait": "1d"}, _tag("c"), {"wait": "1d"}, _tag("b")))

    lines = _risky(before, after)

    assert lines == [
        "step tag+b moves: 7 contacts who had it come to it again and break Mautic's cron"
    ]


def test_taking_out_a_step_in_the_middle_harms_only_those_who_wait_there() -> None:
    before = compiled(sequence(HELLO, {"wait": "1d"}, _tag("b"), {"wait": "1d"}, _tag("c")))
    after = compiled(sequence(HELLO, {"wait": "1d"}, _tag("c")))

    assert _risky(before, after) == ["step tag+b is deleted: 7 contacts waiting there are dropped"]


def test_a_fork_put_above_steps_keeps_the_events_where_people_wait() -> None:
    live = stored(compiled(sequence(HELLO, {"wait": "1d"}, AGAIN)))
    fork = {"if": {"tag": "x"}, "then": [_tag("y")]}
    want = compiled(sequence(HELLO, fork, {"wait": "1d"}, AGAIN))
    assert live.campaign is not None

    ids = {event.id for event in match(want, live.campaign).values()}

    assert ids == {400, 401}


def test_taking_a_question_away_names_those_who_are_still_within_it() -> None:
    before = compiled(sequence(HELLO, OPENED, {"wait": "1d"}, AGAIN))
    after = compiled(sequence(HELLO, {"wait": "1d"}, AGAIN))

    assert any("still within it" in line for line in _risky(before, after))


def test_another_step_on_an_old_no_path_is_harmless() -> None:
    branch = {"on": "opened", "within": "3d", "then": []}
    before = compiled(sequence(HELLO, {**branch, "else": [_tag("x")]}))
    after = compiled(sequence(HELLO, {**branch, "else": [_tag("x"), AGAIN]}))

    assert _risky(before, after) == []


def test_a_time_of_day_is_sent_as_the_hour_that_begins_then() -> None:
    for clock, end in (("09:30", "10:30"), ("23:30", "23:59"), ("22:59", "23:59")):
        want = compiled(sequence(HELLO, {"wait": {"for": "1d", "until": clock}}, AGAIN))

        again = want.events[1].trigger

        assert again["triggerHour"] is None  # a late cron run would move it to the next day
        assert again["triggerRestrictedStartHour"] == clock
        assert again["triggerRestrictedStopHour"] == end


def test_a_removed_utm_value_is_cleared_and_not_left_out() -> None:
    want = compiled(sequence(HELLO))

    assert mail_body(want, want.mails[0], "prod")["utmTags"] == {
        "utmSource": "", "utmMedium": "", "utmCampaign": "", "utmContent": "",
    }  # fmt: skip

"""The explanation in words: it must say what Mautic will do, all of it and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pmctl.sequence import durations, explain, graph, model, parse, phrases
from pmctl.sequence.kinds import FIELD_TESTS
from tests.sequence.strategies import email, sequence, sequences, tag

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
OPENED: dict[str, Any] = {"on": "opened", "within": "3d"}


def told(*steps: dict[str, Any], **others: Any) -> str:
    said = sequence(*steps, **others)
    return explain.explain(
        graph.build(model.Sequence.model_validate(said, context={"variables": {}}))
    )


def flat(text: str) -> str:
    """The text with every line break and indent as one space."""
    return re.sub(r"\s+", " ", text)


def story(*steps: dict[str, Any], **others: Any) -> list[str]:
    """The lines of `What happens`."""
    text = told(*steps, **others)
    return text.partition("What happens\n")[2].removesuffix(
        "\n\nAfter that, nothing more happens."
    ).split("\n")  # fmt: skip


def check(**said: Any) -> str:
    return phrases.question(model.Check.model_validate(said))


# Who enters


def test_segments_and_forms_are_named():
    text = flat(told(email("a"), audience={"segments": ["s", "t"], "forms": ["f"]}))

    assert "Every contact who submits the form f." in text
    assert "Every contact in one of the segments s or t, also who is in it already." in text
    assert "leaves it is taken out" in text


def test_nobody_is_taken_out_of_a_sequence_without_segments():
    assert "taken out" not in told(email("a"), audience={"forms": ["f"]})


def test_reentry_is_explained_with_its_limit():
    assert "does not start again" in told(email("a"))
    again = flat(told(email("a"), reentry="allowed"))
    assert "starts again at step 1" in again
    assert "not sent a second time" in again


def test_an_unpublished_campaign_does_nothing():
    assert "it runs" in told(email("a"))
    unpublished = told(email("a"), published=False)
    assert "nothing is sent until it is" in unpublished
    assert "it runs" not in unpublished


# Rules


def test_marketing_mail_respects_unsubscribes_and_steps_go_on():
    text = flat(told(email("a"), tag("x")))

    assert "unsubscribed, whose address bounced or who are marked as do not contact" in text
    assert "go through the other steps" in text


def test_a_transactional_email_is_named_with_its_reason():
    text = flat(told(email("bill", consent={"transactional": "the invoice they asked for"})))

    assert "The email bill is transactional: it goes out even to contacts who unsubscribed" in text
    assert 'Reason given: "the invoice they asked for".' in text
    assert "no marketing email" not in text
    assert 'goes out, "About bill", also to those who unsubscribed.' in text


def test_stop_rules_are_told_once_with_their_reach():
    stops = ["reply", "open", {"click": ["https://x.test/a*", "v"]}, "unsubscribe"]
    text = flat(told(email("a"), email("b"), stop_on=stops))

    assert text.count("taken out at once") == 1
    assert "the contact replies to an email (Mautic must read" in text
    assert "opens an email (a click counts as an open)" in text
    assert "clicks the link https://x.test/a* or v in an email (* stands for anything)" in text
    assert "however long ago" in text


def test_no_stop_rule_is_told_when_there_is_none():
    assert "taken out at once" not in told(email("a"), stop_on=["unsubscribe", "bounce"])


def test_sending_hours_are_explained_only_where_there_are_any():
    with_hours = flat(told(email("a"), send={"window": WEEKDAYS}))
    assert "Sending hours: Monday to Friday, from 09:00 until 17:00." in with_hours
    assert "the same time of the next day that is" in with_hours
    assert "hours" not in told(email("a"))
    own = told(email("a", window=WEEKDAYS))
    assert "Sending hours" not in own
    assert "time zone" in own


def test_the_clock_of_a_wait_is_explained():
    assert "A time of day to wait for" in told({"wait": {"until": "09:30"}}, tag("x"))
    assert "A time of day" not in told(tag("x"))


# Steps


def test_a_line_is_numbered_from_top_to_bottom():
    steps = (email("a"), {"wait": "1d"}, {"wait": {"until": "09:30"}}, tag("x", "y"), email("b"))

    assert story(*steps) == [
        '1. As soon as a contact is in: the email a goes out, "About a".',
        "2. At the first 09:30 that is at least 1 day later: the tags x and y are added.",
        '3. Directly after that: the email b goes out, "About b".',
    ]


def test_an_email_of_another_sender_says_so():
    sender = {"name": "Tom", "address": "tom@mail.example.com"}

    assert "from Tom <tom@mail.example.com>" in flat(told(email("a", **{"from": sender})))


def test_the_windows_of_emails_are_told():
    own = {"days": ["sat"], "from": "10:00", "to": "12:00"}
    steps = (
        email("a"), email("b", window=own), email("c", window="anytime"),
        {"wait": {"until": "10:00"}}, email("d"), {"wait": {"until": "10:00"}}, tag("x"),
    )  # fmt: skip

    text = flat("\n".join(story(*steps, send={"window": WEEKDAYS})))

    assert "1. As soon as a contact is in, in the sending hours: the email a" in text
    assert "2. Directly after that, only Saturday, from 10:00 until 12:00: the email b" in text
    assert "3. Directly after that, without waiting for sending hours: the email c" in text
    assert "4. At the next 10:00, only Monday to Friday: the email d" in text
    assert "5. At the next 10:00: the tag x" in text


def test_a_fork_tells_both_ways_and_the_rest_once():
    fork = {**OPENED, "then": [tag("warm"), {"wait": "1d"}, email("b")], "else": [email("c")]}

    assert story(email("a"), fork, {"wait": "4d"}, tag("end")) == [
        '1. As soon as a contact is in: the email a goes out, "About a".',
        "2. If the contact opens a (a click counts as an open) within 3 days of its",
        "   leaving, at that moment:",
        "   2.1 The tag warm is added.",
        '   2.2 1 day later: the email b goes out, "About b".',
        "   If not, 3 days after a left (an open after that changes nothing):",
        '   2.3 The email c goes out, "About c".',
        "Then, for everybody who is still in:",
        "3. 4 days later (counted from the contact's own last step above): the tag end is",
        "   added.",
    ]


def test_a_wait_after_a_way_without_steps_counts_from_the_end_of_within():
    text = flat(told(email("a"), {**OPENED, "then": [tag("x")]}, {"wait": "4d"}, email("b")))

    assert "If not, 3 days after a left (an open after that changes nothing): on to step 3." in text
    assert "own last step above; where there is none, from the end of the 3 days)" in text


def test_an_empty_then_goes_on_at_the_moment_of_the_click():
    fork = {"on": "clicked", "within": "2d", "else": [tag("x")]}

    text = flat(told(email("a"), fork, {"wait": "1d"}, email("b")))

    assert "clicks a link in a within 2 days of its leaving: on to step 3." in text
    assert "where there is none, from the click)" in text


def test_ways_that_are_empty_deep_inside_are_counted_too():
    inner = {"if": {"tag": "t"}, "then": [tag("y")]}
    text = flat(told(email("a"), {**OPENED, "then": [inner]}, {"wait": "1d"}, tag("z")))

    assert "where there is none, from the check or the end of the 3 days)" in text
    assert "If no: on to step 3." in text


def test_a_way_that_ends_the_sequence_says_so():
    assert "If no: nothing more." in told({"if": {"tag": "x"}, "then": [tag("y")]})


def test_a_listener_never_closes():
    lines = story(email("a"), {"on": "replied", "then": [tag("x")]}, email("b"))

    text = flat("\n".join(lines))
    assert "2. The first time that the contact replies to a (Mautic must read" in text
    assert "however late, and while the steps after this one go on: 2.1 The tag x is added." in text
    assert "3. Directly after that: the email b" not in text
    assert "3. Directly after step 1: the email b" in text


def test_a_check_is_made_once_at_its_time():
    steps = (email("a"), {"wait": "4d"}, {"if": {"tag": "c"}, "then": [{"stop": True}]}, email("b"))

    assert story(*steps)[1:] == [
        "2. 4 days later, one check: does the contact have the tag c?",
        "   If yes:",
        "   2.1 The contact leaves the sequence.",
        "   If no: on to step 3.",
        "Then, for everybody who is still in:",
        '3. The email b goes out, "About b".',
    ]


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ({"tag": ["a", "b"]}, "does the contact have one of the tags a or b?"),
        ({"segment": "s"}, "is the contact in the segment s?"),
        ({"field": "city", "empty": True}, "is the field city empty?"),
        ({"field": "city", "empty": False}, "is the field city filled in?"),
        ({"field": "points", "at_least": 3}, "is it true that the field points is at least 3?"),
        ({"field": "c", "in": ["a", "b"]}, 'is it true that the field c is "a" or "b"?'),
    ],
)
def test_questions_are_asked_in_words(said, question):
    assert check(**said) == question


def test_empty_fields_are_told_apart_as_mautic_tells_them():
    for test in ("not_like", "not_matches", "less_than", "at_most"):
        assert "an empty field counts as no" in check(field="c", **{test: "x"}), test
    assert "an empty field counts as yes" in check(field="c", is_not="x")
    assert "an empty field" not in check(field="c", **{"is": "x"})


def test_every_test_of_a_field_has_words():
    for test in FIELD_TESTS:
        value: Any = {"in": ["x"], "empty": True}.get(test, "x")
        assert check(field="c", **{test: value}).endswith("?")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"add": ["a"]}, "the contact is put into the segment a"),
        ({"remove": ["a", "b"]}, "the contact is taken out of the segments a and b"),
        (
            {"add": ["a"], "remove": ["b"]},
            "the contact is put into the segment a and the contact is taken out of the segment b",
        ),
    ],
)
def test_segments_that_change_are_said(names, words):
    assert phrases.action(model.SegmentStep.model_validate({"segment": names})) == words


def test_tags_that_change_are_said():
    step = model.TagStep.model_validate({"tag": {"add": ["a"], "remove": ["b", "c"]}})

    assert phrases.action(step) == "the tag a is added and the tags b and c are removed"


def test_waits_are_said_from_the_moment_they_count():
    day = durations.Delay(1, "d")

    assert phrases.wait(day, None) == "1 day later"
    assert phrases.wait(durations.NOW, "09:30") == "at the next 09:30"
    assert (
        phrases.wait(day, "09:30", " (x)") == "at the first 09:30 that is at least 1 day later (x)"
    )
    assert phrases.wait(durations.NOW, None) == ""


def test_long_words_and_deep_forks_stay_within_80_columns():
    step: dict[str, Any] = tag("deepest" * 8)
    for n in range(20):
        step = {"if": {"tag": f"t{n}"}, "then": [step], "else": [{"stop": True}]}

    assert max(map(len, told(step, email("a", subject="x" * 200)).split("\n"))) <= 80


@quick
@given(sequences())
def test_every_step_is_told_exactly_once(said):
    sequence_read = model.Sequence.model_validate(said, context={"variables": {}})
    try:
        text = explain.explain(graph.build(sequence_read))
    except graph.Refused:
        return  # more than 300 events

    for name in re.findall(r"'email': '([^']+)'", str(said["steps"])):
        assert len(re.findall(rf"the email {name} goes out", flat(text), re.IGNORECASE)) == 1
    assert len(re.findall(r"leaves the sequence", flat(text))) == str(said).count("'stop': True")
    # `1. ` or `3.1 `: a line that goes on may well begin with `1 day`
    numbers = re.findall(
        r"^ *(\d+(?=\. )|\d+(?:\.\d+)+(?= ))", text.partition("What happens")[2], re.MULTILINE
    )
    assert len(numbers) >= len(said["steps"]) - str(said["steps"]).count("'wait'")
    assert len(set(numbers)) == len(numbers)
    assert max(map(len, text.split("\n"))) <= 80


def test_a_wait_after_a_listener_counts_from_the_line():
    steps = (email("a"), {"on": "replied", "then": [tag("x")]}, {"wait": "1d"}, email("b"))

    assert "3. 1 day later (counted from step 1): the email b" in flat("\n".join(story(*steps)))


def shipped(name: str) -> str:
    path = Path(__file__).parents[2] / "campaigns" / f"{name}.yaml"
    document = parse.parse(path.name, path.read_text(encoding="utf-8"))
    text = explain.explain(graph.build(document.sequence))
    return flat(text.partition("What happens\n")[2])


def test_the_welcome_sequence_is_told_as_it_was_meant():
    text = shipped("welcome")

    for sentence in (
        '1. As soon as a contact is in: the email install goes out, "Harbor is ready to install".',
        "2. At the first 09:30 that is at least 1 day later: the email first-dashboard",
        "3. At the first 09:30 that is at least 3 days later: the email invite-team",
        "4. At the first 09:30 that is at least 4 days later: the email need-a-hand",
        "from Tom from Harbor support <support@mail.example.com>.",
        "5. 2 days later: the tag welcomed is added.",
        "6. Directly after that, one check: is the contact marked as do not contact by email?",
        "7. The contact is put into the segment newsletter.",
    ):
        assert sentence in text
    assert "8." not in text


def test_the_trial_sequence_is_told_as_it_was_meant():
    text = shipped("trial-nudge")

    for sentence in (
        "1. As soon as a contact is in, in the sending hours: the email first-answer goes out",
        "within 3 days of its leaving, at that moment: 2.1 The tag trial-warm is added.",
        "2.2 1 day later, in the sending hours: the email case-study goes out",
        "If not, 3 days after first-answer left (an open after that changes nothing): 2.3 In",
        "2.3 In the sending hours: the email stuck goes out",
        "3. 4 days later (counted from the contact's own last step above), one check: does",
        "does the contact have the tag customer? If yes: 3.1 The contact leaves the sequence.",
        "If no: on to step 4. Then, for everybody who is still in: 4. In the sending hours:",
        "4. In the sending hours: the email trial-end goes out",
        "5. Directly after that, one check: is the contact marked as do not contact by email?",
        "6. The contact is put into the segment cold-trials.",
    ):
        assert sentence in text


def test_the_outbound_sequence_is_told_as_it_was_meant():
    text = shipped("outbound")

    for sentence in (
        "1. As soon as a contact is in, in the sending hours: the email intro goes out",
        "2. 3 days later, in the sending hours: the email numbers goes out",
        "3. 5 days later, in the sending hours: the email last-note goes out",
        "4. 7 days later: the tag outbound-no-answer is added.",
    ):
        assert sentence in text
    assert "5." not in text


def test_a_wait_before_the_first_step_counts_from_the_entry():
    assert flat("\n".join(story({"wait": "2h"}, tag("x")))) == (
        "1. 2 hours later (counted from when the contact came in): the tag x is added."
    )

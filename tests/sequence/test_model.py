"""What the shape of a file allows, and what it refuses although it looks right."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pmctl.sequence import durations, model
from pmctl.sequence.kinds import FIELD_TESTS
from pmctl.sequence.words import PATTERNS, _pattern_of
from tests.sequence.strategies import email, sequence, tag


def made(
    *steps: dict[str, Any], variables: dict[str, str] | None = None, **others: Any
) -> model.Sequence:
    context = {"variables": variables or {}}
    return model.Sequence.model_validate(sequence(*steps, **others), context=context)


def refused(*steps: dict[str, Any], **others: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        made(*steps, **others)
    return str(caught.value)


def test_what_is_left_out_has_a_safe_default():
    found = made(email("a"))

    assert (found.published, found.reentry, found.send.consent) == (True, "never", "marketing")
    assert found.send.window is None
    assert found.steps[0].consent == "marketing"  # type: ignore[union-attr]


def test_a_variable_takes_its_value_and_two_dollars_stand_for_one():
    found = made(email("a", subject="${A} $${B} $5"), variables={"A": "${B}"})

    assert found.steps[0].subject == "${B} ${B} $5"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [("${LOST}", "has no value"), ("${lower}", "no variable"), ("${A", "no variable")],
)
def test_a_variable_without_a_value_or_a_proper_name_is_refused(text, message):
    assert message in refused(email("a", subject=text))


def test_a_value_of_a_variable_is_held_to_the_same_rules():
    with pytest.raises(ValidationError, match="line break"):
        made(email("a", subject="${A}"), variables={"A": "x\nBcc: all"})
    with pytest.raises(ValidationError, match="no length of time"):
        made({"wait": "${A}"}, variables={"A": "soon"})


@pytest.mark.parametrize(
    "address", ["ana", "ana@", "@example.com", "ana@example", "a b@example.com", "a@b@c.de",
                "a@example.com>", "a@example.", "a,b@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    assert "is no email address" in refused(email("a", reply_to=address))


@pytest.mark.parametrize("hour", ["9:00", "24:00", "12:60", "0900", "09:00:00", ""])
def test_what_is_no_time_of_day_is_refused(hour):
    assert "no time of day" in refused(email("a", window={"from": hour, "to": "23:00"}))


def test_a_window_over_midnight_is_refused_because_mautic_turns_it_round():
    assert "goes over midnight" in refused(email("a", window={"from": "22:00", "to": "06:00"}))
    assert "goes over midnight" in refused(email("a", window={"from": "09:00", "to": "09:00"}))


def test_a_wait_is_a_length_a_time_of_day_or_both():
    long, hour, both = made(
        {"wait": "3d"}, {"wait": {"until": "09:30"}}, {"wait": {"for": "1d", "until": "10:00"}}
    ).steps

    assert (long.delay, long.hour) == (durations.Delay(3, "d"), None)  # type: ignore[union-attr]
    assert (hour.delay, hour.hour) == (durations.NOW, "09:30")  # type: ignore[union-attr]
    assert (both.delay, both.hour) == (durations.Delay(1, "d"), "10:00")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"on": "opened", "then": [tag("x")], "url": "https://a"}, "belongs to `on: clicked`"),
        ({"on": "opened", "then": [tag("x")], "else": [tag("y")]}, "`else` needs `within`"),
        ({"on": "opened"}, "`on` needs `then`"),
        ({"if": {}}, "exactly one of tag, segment, field"),
        ({"if": {"tag": "a", "segment": "b"}}, "exactly one of tag, segment, field"),
        ({"if": {"field": "a"}}, "exactly one test"),
        ({"if": {"field": "a", "is": 1, "like": "b"}}, "exactly one test"),
        ({"if": {"tag": "a", "is": 1}}, "`is` belongs to a field"),
        ({"tag": {"add": ["-x"]}}, "cannot begin with -"),
        ({"tag": {"add": ["x,y"]}}, "hold a comma"),
        ({"segment": {"add": ["x"], "remove": ["x"]}}, "added and removed at once"),
    ],
)  # fmt: skip
def test_a_step_that_makes_no_sense_is_refused_in_words(step, message):
    assert message in refused(step)


@pytest.mark.parametrize(
    ("check", "test"),
    [
        ({"is": "x"}, ("=", "x")), ({"is_not": 3}, ("!=", 3)), ({"at_least": 1.5}, ("gte", 1.5)),
        ({"in": ["a", "b"]}, ("in", ["a", "b"])), ({"empty": True}, ("empty", None)),
        ({"empty": False}, ("!empty", None)), ({"not_like": "a%"}, ("!like", "a%")),
    ],
)  # fmt: skip
def test_a_field_test_is_mautics_operator_and_a_value(check, test):
    step = made({"if": {"field": "points", **check}}).steps[0]

    assert step.if_.test == test  # type: ignore[union-attr]


def test_every_test_of_a_field_has_an_operator_and_a_key():
    keys = {info.alias or name for name, info in model.Check.model_fields.items()}

    assert keys == {*model.SUBJECTS, "reason", *FIELD_TESTS}


def test_a_step_is_told_by_its_one_word():
    assert model.kind_of({"wait": "3d", "until": "09:30"}) == "wait"
    assert model.kind_of({"wait": "3d", "stop": True}) is None
    assert model.kind_of({"say": "hi"}) is None
    assert model.kind_of("wait") is None
    assert model.kind_of(made({"stop": True}).steps[0]) == "stop"


def test_every_pattern_of_the_model_is_explained_in_words():
    def patterns(part: Any) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(patterns, part))
        if not isinstance(part, dict):
            return set()
        own = {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
        return own.union(part.get("patternProperties", ()), *map(patterns, part.values()))

    explained = {_pattern_of(owner) for owner in PATTERNS}

    assert patterns(model.Sequence.model_json_schema()) == explained

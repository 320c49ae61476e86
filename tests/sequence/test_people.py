"""Who is where, what a change does to them in words, and how many mails leave soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pmctl.sequence import people as counting
from pmctl.sequence import sends
from pmctl.sequence.compare import compare
from pmctl.sequence.effects import groups
from pmctl.sequence.matching import match
from pmctl.sequence.payload import Desired
from pmctl.sequence.people import People, Sends
from tests.sequence.test_payload import AGAIN, HELLO, compiled, names, sequence
from tests.sequence.test_plan import stored

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPENED = {"on": "opened", "within": "3d", "then": [{"tag": {"add": ["warm"]}}]}
SECOND = [HELLO, {"wait": "1d"}, AGAIN]


def row(event: int, lead: int, **more: str) -> dict[str, str]:
    """A row of the log as /stats shows it: text, and nothing for NULL."""
    base = {"event_id": str(event), "lead_id": str(lead), "is_scheduled": "0"}
    return {**base, "date_triggered": "2026-11-20 00:00:00", **more}


def waits(event: int, lead: int, until: str) -> dict[str, str]:
    return row(event, lead, is_scheduled="1", trigger_date=until)


def test_a_row_is_of_somebody_waiting_past_or_cancelled() -> None:
    rows = [
        waits(401, 1, "2026-11-24 12:30:00"),
        waits(401, 2, "2026-11-24 11:00:00"),
        waits(401, 3, "2026-12-24 11:00:00"),
        row(400, 1),
        row(400, 2, trigger_date="2026-11-19 00:00:00"),  # waited, then ran
        row(400, 3, trigger_date="2026-11-21 00:00:00"),  # cancelled before its date
    ]

    people = counting.count(rows, 9, NOW)

    assert (people.waiting(401), people.due(401), people.at[401].overdue) == (3, 2, 1)
    assert (people.past(400), people.waiting(400)) == (2, 0)
    assert (people.members, people.started(), people.not_begun()) == (9, 3, 6)
    assert people.past(999) == people.waiting(999) == people.due(999) == 0


def test_who_has_been_nowhere_else_begins_again() -> None:
    people = counting.count(
        [row(400, 1), row(400, 2), waits(401, 2, "2027-01-01 00:00:00")], 2, NOW
    )

    assert people.only_at({400}) == 1
    assert people.only_at({400, 401}) == 2
    assert people.only_at(set()) == 0


def test_a_contact_counts_once_however_often_it_was_there() -> None:
    people = counting.count([row(400, 1), row(400, 1)], 1, NOW)

    assert people.past(400) == 1


def _people(*rows: dict[str, str], members: int = 10) -> People:
    return counting.count(rows, members, NOW)


def _said(before: Desired, after: Desired, people: People) -> dict[str, tuple[str, ...]]:
    live = stored(before)
    assert live.campaign is not None
    ids = match(after, live.campaign)
    changes = compare(after, live, "prod", names(after))
    found = groups(after, live.campaign, ids, changes, people)
    return {f"{one.step} {one.path}".strip(): one.effects for one in found}


THREE_WAIT = _people(*(waits(401, lead, "2026-11-25 00:00:00") for lead in (1, 2, 3)), row(400, 1))


@pytest.mark.parametrize(
    ("after", "step", "words"),
    [
        ([HELLO, {"wait": "2d"}, AGAIN], "again main", "3 contacts waiting are put off"),
        ([HELLO, {"wait": "2h"}, AGAIN], "again main", "3 contacts waiting keep their old date"),
        (
            [HELLO, {"wait": "1d"}, {**AGAIN, "window": {"from": "09:00", "to": "17:00"}}],
            "again main",
            "3 contacts waiting are judged by the new window",
        ),
        (
            [HELLO, {"tag": {"add": ["x"]}}, {"wait": "1d"}, AGAIN],
            "tag+x main",
            "3 contacts waiting at the next step go on without it",
        ),
        ([HELLO], "again main", "3 contacts waiting are dropped"),
        ([{"tag": {"add": ["x"]}}, *SECOND], "tag+x main", "7 contacts not begun get it"),
    ],
)
def test_what_happens_is_said_in_words(after: list[Any], step: str, words: str) -> None:
    said = _said(compiled(sequence(*SECOND)), compiled(sequence(*after)), THREE_WAIT)

    assert any(one.startswith(words) for one in said[step]), said


def test_who_is_past_the_end_does_not_get_what_is_put_there() -> None:
    after = compiled(sequence(*SECOND, {"tag": {"add": ["x"]}}, {"tag": {"add": ["y"]}}))
    people = _people(row(400, 1), row(401, 1), row(400, 2))

    said = _said(compiled(sequence(*SECOND)), after, people)

    assert said == {"tag+x main": ("1 contact past the step above do not get it",)}
    assert _said(compiled(sequence(*SECOND)), after, _people()) == {}


def test_a_stop_rule_beside_an_email_is_no_way_on() -> None:
    before = compiled(sequence(*SECOND, stop_on=["reply"]))
    after = compiled(sequence(*SECOND, {"tag": {"add": ["x"]}}, stop_on=["reply"]))
    live = stored(before).campaign
    assert live is not None
    last = next(event.id for event in live.events if event.identity == ("again", "main"))

    said = _said(before, after, _people(row(last, 1)))

    assert said["tag+x main"] == ("1 contact past the step above do not get it",)


def test_a_question_with_a_no_path_fires_for_everybody_past() -> None:
    people = _people(*(row(400, lead) for lead in range(6)))
    asked = {**OPENED, "then": [], "else": [AGAIN]}

    said = _said(compiled(sequence(HELLO)), compiled(sequence(HELLO, asked)), people)

    assert said == {
        "hello.opened main": ("6 contacts who had the email can still set it off",),
        "again main/hello.opened=no": (
            "fires for 6 contacts who passed the email longer ago than its time",
        ),
    }


def test_a_source_that_goes_takes_its_people_along() -> None:
    before = compiled(sequence(HELLO, audience={"segments": ["a", "b"]}))
    after = compiled(sequence(HELLO, audience={"segments": ["b"]}))
    live = stored(before)
    assert live.campaign is not None
    changes = compare(after, live, "prod", names(before))

    (whole,) = groups(after, live.campaign, match(after, live.campaign), changes, _people())

    assert whole.effects == ("up to 10 contacts leave with the source that is taken away",)


def test_switching_it_off_leaves_people_where_they_are() -> None:
    said = _said(
        compiled(sequence(*SECOND)), compiled(sequence(*SECOND, published=False)), THREE_WAIT
    )

    assert said[""] == ("3 contacts waiting stay where they are until it is published again",)


def test_steps_that_do_not_change_are_told_on_request_only() -> None:
    want = compiled(sequence(*SECOND))
    live = stored(want)
    assert live.campaign is not None
    ids = match(want, live.campaign)

    assert groups(want, live.campaign, ids, [], THREE_WAIT) == ()
    every = groups(want, live.campaign, ids, [], THREE_WAIT, every=True)
    assert [(one.step, one.not_yet, one.waiting, one.past) for one in every] == [
        ("hello", 9, 0, 1),
        ("again", 7, 3, 0),
    ]


# How many mails leave.


def test_the_first_mails_are_those_before_the_first_wait() -> None:
    def first(*steps: dict[str, Any]) -> int:
        return sends.first_mails(compiled(sequence(*steps)))

    assert first(HELLO, {"wait": "1d"}, AGAIN) == 1
    assert first(HELLO, AGAIN) == 2
    assert first({"wait": "1d"}, HELLO) == 0
    assert first({"wait": "30m"}, HELLO) == 1
    assert first({"if": {"tag": "x"}, "then": [HELLO], "else": [AGAIN]}) == 1
    assert first(HELLO, {**OPENED, "else": [AGAIN]}) == 1


def _sends(before: Desired, after: Desired, people: People, joining: int | None = 0) -> Sends:
    live = stored(before).campaign
    assert live is not None
    return sends.of_change(after, live, match(after, live), people, joining)


def test_who_is_due_leaves_anyway_and_what_the_change_causes_is_apart() -> None:
    before = compiled(sequence(*SECOND))
    due = _people(waits(401, 1, "2026-11-24 12:30:00"), members=1)

    assert _sends(before, before, due) == Sends(1, 0)
    assert _sends(before, before, due, joining=5) == Sends(1, 5)
    assert _sends(before, before, due, joining=None) == Sends(1, None)
    assert _sends(before, compiled(sequence(*SECOND, published=False)), due) == Sends(0, 0)
    off = compiled(sequence(*SECOND, published=False))
    assert _sends(off, before, due) == Sends(0, 1)  # published again: all of it is caused


def test_a_new_no_path_mails_who_passed() -> None:
    people = _people(*(row(400, lead) for lead in range(6)), members=6)
    asked = {**OPENED, "then": [], "else": [AGAIN]}

    found = _sends(compiled(sequence(HELLO)), compiled(sequence(HELLO, asked)), people)

    assert found == Sends(0, 6)


def test_a_first_step_that_is_replaced_mails_who_begins_again() -> None:
    people = _people(row(400, 1), row(400, 2), members=2)

    found = _sends(
        compiled(sequence(HELLO)), compiled(sequence({"tag": {"add": ["x"]}}, AGAIN)), people
    )

    assert found == Sends(0, 2)

"""The simulator: its time lines are those of the stand-in's engine, and read as they should."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pmctl.sequence.simulate import Act, Entry, Run
from pmctl.sequence.synthetic import Contact
from tests.sequence.agreement import MONDAY, cases, compiled, engine, simulated
from tests.sequence.strategies import email, sequence, tag


@given(cases())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_simulator_and_the_stand_ins_engine_agree(case: dict[str, Any]) -> None:
    one = compiled(case["said"])

    assert simulated(one, case) == engine(one, case)


def lines(said: dict[str, Any], *acts: Act, days: float = 30, **contact: Any) -> list[Entry]:
    someone = Contact(segments={"trials"}, **contact)
    run = Run(compiled(said).graph, someone, MONDAY, acts=acts)
    return run.until(MONDAY + datetime.timedelta(days=days))


def mails(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(f"{one.at:%a %H:%M}", one.step) for one in entries if one.kind == "mail"]


def test_a_mail_waits_for_the_window_in_the_contacts_own_time_zone():
    window = {"days": ["mon", "tue"], "from": "09:00", "to": "17:00"}
    said = sequence(email("offer"), {"wait": "2d"}, email("more"), send={"window": window})

    assert mails(lines(said)) == [("Mon 09:00", "offer"), ("Mon 09:00", "more")]
    assert mails(lines(said, zone="America/New_York")) == [
        ("Mon 14:00", "offer"),
        ("Mon 14:00", "more"),
    ]


@pytest.mark.parametrize(
    ("hours", "then"), [(47, "yes"), (49, "no")], ids=["in time", "after it was closed"]
)
def test_an_open_counts_only_within_its_time(hours: int, then: str):
    fork = {"on": "opened", "within": "2d", "then": [tag("yes")], "else": [tag("no")]}
    opens = Act("opens", datetime.timedelta(hours=hours), "offer")

    someone = Contact(segments={"trials"})
    run = Run(compiled(sequence(email("offer"), fork)).graph, someone, MONDAY, acts=[opens])
    run.until(MONDAY + datetime.timedelta(days=5))

    assert someone.tags == {then}


def test_a_reply_stops_what_was_to_come():
    said = sequence(email("offer"), {"wait": "1d"}, email("more"), stop_on=["reply"])
    reply = Act("replies", datetime.timedelta(hours=2), "offer")

    assert [step for _, step in mails(lines(said, reply))] == ["offer"]
    assert [step for _, step in mails(lines(said))] == ["offer", "more"]


def test_who_unsubscribes_gets_no_more_mail_but_goes_on():
    said = sequence(email("offer"), {"wait": "1d"}, email("more"), tag("end"))
    leaves = Act("unsubscribes", datetime.timedelta(hours=2), "offer")
    entries = lines(said, leaves)

    assert [step for _, step in mails(entries)] == ["offer"]
    assert [one.note for one in entries if one.kind == "skipped"] == ["do not contact"]
    assert entries[-1].kind == "ran"


@pytest.mark.parametrize(
    ("check", "met"),
    [
        ({"field": "country", "is_not": "Spain"}, True),
        ({"field": "country", "not_like": "Spain"}, False),
        ({"field": "country", "empty": True}, True),
        ({"field": "points", "less_than": 1}, True),
    ],
)
def test_an_empty_field_meets_what_it_meets_in_mautic(check: dict[str, Any], met: bool):
    said = sequence({"if": check, "then": [email("yes")], "else": [email("no")]})

    assert [step for _, step in mails(lines(said))] == ["yes" if met else "no"]


FORM = {"segments": ["trials"], "forms": ["sign-up"]}


def sent_form(days: int) -> Act:
    return Act("submits", datetime.timedelta(days=days, minutes=1), form="sign-up")


def test_a_form_lets_in_who_left_although_reentry_is_never():
    said = sequence(email("offer"), {"stop": True}, audience=FORM)
    entries = [(one.kind, one.note) for one in lines(said, sent_form(1), days=3)]

    once = [("ran", ""), ("left", "stop")]
    assert entries == [
        *[("joined", ""), ("mail", ""), *once],
        *[("act", "submits"), ("joined", "again"), ("skipped", "got it already"), *once],
    ]


def test_no_segment_takes_out_who_came_in_by_a_form():
    said = sequence({"wait": "2d"}, email("late"), audience={**FORM, "segments": ["others"]})

    assert [one.kind for one in lines(said, sent_form(0), days=4)] == ["act", "joined", "mail"]


def test_two_acts_of_one_moment_come_in_the_order_they_were_planned():
    minutes = [datetime.timedelta(minutes=number) for number in (1, 61, 31)]
    said = sequence({"wait": "30m"}, email("offer"))
    acts = [Act("visits", minutes[0]), Act("visits", minutes[1]), Act("opens", minutes[2], "offer")]

    done = [(f"{one.at:%H:%M}", one.note) for one in lines(said, *acts) if one.kind == "act"]
    assert done == [("08:01", "visits"), ("09:01", "visits"), ("09:01", "opens")]

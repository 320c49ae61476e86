"""/sandbox/: the clock, the cron and people, from another process and without a login."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.replay import ask


def _post(flow, path, body=None):
    raw = json.dumps(body or {}).encode()
    headers = {"Content-Type": "application/json"}
    status, _, answer = ask(flow.sandbox, "POST", f"/sandbox/{path}", raw, headers)
    return status, answer


def _get(flow, path):
    status, _, answer = ask(flow.sandbox, "GET", f"/sandbox/{path}", None, {})
    return status, answer


def test_a_whole_sequence_is_played_over_http(flow):
    from tests.sandbox.flow import step

    flow.campaign(
        {**flow.mail("first"), "description": "pmctl step=offer path=main"},
        step("opened", "email.open", "first"),
        flow.mail("thanks", "opened", "yes"),
        flow.mail("nudge", "opened", "no", wait="3h"),
    )

    assert _post(flow, "cron")[1]["sent"] == 3
    opening = {"contact": "c0@example.org", "email": "offer"}
    assert _post(flow, "open", opening) == (200, {"sent": 1})
    assert _post(flow, "clock", {"hours": 3})[1] == {"now": "2026-11-23T03:24:00+00:00"}
    assert _post(flow, "cron")[1]["sent"] == 2

    for wrong in ("path", "main", "off"):
        assert _post(flow, "open", {**opening, "email": wrong})[0] == 404
    _, answer = _get(flow, "sent")
    assert [one["contact"] for one in answer["sent"]] == [*flow.contacts, *flow.contacts]
    assert answer["sent"][-1]["at"] == "2026-11-23T03:24:00+00:00"


def test_the_clock_is_read_set_and_let_go(flow):
    assert _get(flow, "clock") == (200, {"now": "2026-11-23T00:24:00+00:00"})
    assert _post(flow, "clock", {"set": "2027-01-01T00:00:00", "minutes": 5})[1] == {
        "now": "2027-01-01T00:05:00+00:00"
    }
    assert _post(flow, "clock", {"run": True})[0] == 200


def test_clicks_replies_visits_forms_and_downloads_are_taken(flow):
    flow.campaign(flow.mail("offer"))
    _post(flow, "cron")
    who = {"contact": flow.contacts[0]}

    for path, more in (
        ("click", {"email": "offer", "url": "https://example.com/a"}),
        ("reply", {"email": "offer"}),
        ("visit", {"url": "https://example.com/b"}),
        ("submit", {"form": "Sign up"}),
        ("download", {"asset": 1}),
    ):
        assert _post(flow, path, {**who, **more}) == (200, {"sent": 0})
    assert _post(flow, "reject", {"address": "a@example.org"})[0] == 200

    assert [hit["url"] for hit in flow.sandbox.store.hits] == [
        "https://example.com/a",
        "https://example.com/b",
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("clock", {"weeks": 1}, 400, "the clock knows no weeks"),
        ("clock", {"hours": "many"}, 400, "could not convert"),
        ("clock", {"days": 9_000_000}, 400, "out of range"),
        ("clock", {"set": "noon"}, 400, "Invalid isoformat"),
        ("open", {"contact": "c0@example.org"}, 400, "email is missing"),
        ("open", {"contact": "x@example.org", "email": 1}, 404, "there is no contact x@"),
        ("open", {"contact": "c0@example.org", "email": 1}, 404, "never got the mail 1"),
        ("submit", {"contact": "c0@example.org", "form": "No"}, 404, "there is no form No"),
        ("dance", {}, 404, "there is no POST /sandbox/dance"),
    ],
)
def test_what_cannot_be_done_is_said(flow, path, body, status, words):
    answered, answer = _post(flow, path, body)

    assert answered == status
    assert words in answer["errors"][0]["message"]


def test_a_cron_that_died_says_why(flow):
    flow.campaign(flow.mail("odd", wait="1h", triggerRestrictedDaysOfWeek=[-1]))

    status, answer = _post(flow, "cron")

    assert status == 500
    assert "campaigns:trigger died at campaign 1" in answer["errors"][0]["message"]

"""From a live campaign to a file that says exactly this campaign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pmctl.sequence import live
from pmctl.sequence.compare import compare
from pmctl.sequence.compile import compile_text
from pmctl.sequence.decompile import Unpullable
from pmctl.sequence.fmt import fmt
from pmctl.sequence.payload import Names
from pmctl.sequence.pull import Exact, pull, real
from tests.sequence.lives import ENV, Held, compiled
from tests.sequence.strategies import email, sequence, sequences, tag

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RECORDED = Path(__file__).parents[1] / "data" / "mautic" / "recorded"
# Why Mautic itself can do nothing with some of what its API believed.
REASONS = (
    "it has no first event", "events that lead in a circle", "lets Mautic's cron run for ever",
    "an audience needs at least one segment or form", "email.send needs `email`",
    "a tag is given by its name", "Mautic compares it as a number", "Mautic's cron stops at it",
)  # fmt: skip


def of(held: Held, key: str = "random") -> Exact:
    found = pull(held.campaign, held.mails, held.names, key, ENV)
    assert fmt(found.text) == found.text
    return found


def pulled(*steps: dict[str, Any], **others: Any) -> str:
    """The file that comes back of a sequence."""
    made = compiled(sequence(*steps, **others))
    assert made
    return of(Held(made.desired), "trial").text


def recorded() -> list[tuple[str, dict[str, Any]]]:
    """Every campaign in an answer that Mautic 5.1.1 gave."""
    found = []
    for path in sorted(RECORDED.glob("*.json")):
        answer = json.loads(path.read_text())
        found += [(path.stem, raw) for raw in _campaigns(answer) if raw.get("id")]
    return found


def _campaigns(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        if "canvasSettings" in value and "events" in value:
            return [value]
        return [found for item in value.values() for found in _campaigns(item)]
    return (
        [found for item in value for found in _campaigns(item)] if isinstance(value, list) else []
    )


def _some_mail(number: int) -> Mapping[str, Any]:
    link = '<a href="https://x.test/?e={contactfield=email}">x</a>'
    html = f"<p>Hi {{contactfield=firstname|there}} {link}"
    return {
        "id": number, "name": f"Mail {number}", "subject": f"About {number} {{{{",
        "customHtml": html,
        "plainText": None, "fromName": "Only a name", "fromAddress": None, "replyToAddress": None,
        "isPublished": number % 2 == 0, "language": "en", "utmTags": [], "headers": [],
    }  # fmt: skip


def test_every_recorded_campaign_becomes_a_file_that_says_it_or_the_reason_is_told():
    reasons = []
    said = 0
    for name, raw in recorded():
        campaign = live.campaign(raw)
        known = Names({"segment": {f"segment-{n}": n for n in range(1, 300)}})
        ids = [str(e.properties.get("email")) for e in campaign.events if e.type == "email.send"]
        mails = {int(i): _some_mail(int(i)) for i in ids if i.isdecimal()}
        try:
            found = pull(campaign, mails, known, "old", ENV)
        except Unpullable as exc:
            reasons.append((name, str(exc)))
            continue
        said += 1
        want = compile_text("old.yaml", found.text, found.bodies.__getitem__, {}).desired
        assert real(compare(want, found.live, ENV, found.names(known))) == [], name
        assert len(want.events) == len(campaign.events), name
    assert said > 60
    assert [one for one in reasons if not any(reason in one[1] for reason in REASONS)] == []


@few
@given(sequences())
def test_what_was_applied_comes_back_as_a_file_that_says_the_same(said):
    made = compiled(said)
    if made is None:
        return
    held = Held(made.desired)

    found = of(held)

    assert real(compare(found.compiled.desired, found.live, ENV, found.names(held.names))) == []
    assert fmt(found.text) == found.text
    ours = replace(found.live, campaign=held.campaign)  # under the names that Mautic has
    left = compare(found.compiled.desired, ours, ENV, found.names(held.names))
    assert {change.op for change in left} <= {"update"} or len(left) < len(made.desired.events)


def test_a_line_of_steps_comes_back_as_it_was_written():
    steps = [
        email("a"),
        {"wait": "3d"},
        tag("x"),
        {"wait": {"for": "1d", "until": "09:30"}},
        email("b"),
    ]

    assert pulled(*steps).split("steps:\n")[1] == (
        "  - email: a\n"
        "    subject: About a\n"
        "    body: {file: bodies/trial-a.html, verbatim: true}\n"
        "    text: {file: bodies/trial-a.txt}\n"
        "  - wait: 3d\n"
        "  - tag: {add: [x]}\n"
        '  - wait: {for: 1d, until: "09:30"}\n'
        "  - email: b\n"
        "    subject: About b\n"
        "    body: {file: bodies/trial-b.html, verbatim: true}\n"
        "    text: {file: bodies/trial-b.txt}\n"
    )


def test_steps_after_a_fork_are_said_once():
    fork = {"on": "opened", "within": "2d", "then": [tag("warm")], "else": [{"stop": True}]}

    text = pulled(email("a"), fork, {"wait": "4d"}, email("b"), tag("end"))

    assert text.count("email: b") == 1
    assert text.index("stop: true") < text.index("email: b")


def test_stop_rules_and_windows_are_said_at_the_head():
    window = {"days": ["mon", "fri"], "from": "09:00", "to": "17:00"}

    text = pulled(
        email("a"), email("b", window="anytime"), email("c"),
        send={"window": window}, stop_on=["reply", {"click": "https://example.com/x*"}],
    )  # fmt: skip

    assert 'send: {window: {days: [mon, fri], from: "09:00", to: "17:00"}}' in text
    assert text.count("window:") == 2
    assert 'stop_on: [reply, {click: "https://example.com/x*"}]' in text
    assert "raw:" not in text


def test_what_runs_side_by_side_is_said_with_also():
    held = Held(compiled(sequence(email("a"), tag("x"))).desired)  # type: ignore[union-attr]
    events = held.raw["events"]
    events.append({**events[1], "id": "new9", "name": "Beside", "description": None,
                   "properties": {"add_tags": ["y"]}})  # fmt: skip
    canvas = held.raw["canvasSettings"]
    first = str(events[0]["id"])
    canvas["nodes"].append({"id": "new9", "positionX": "1", "positionY": "1"})
    canvas["connections"].append(
        {"sourceId": first, "targetId": "new9", "anchors": {"source": "bottom", "target": "top"}}
    )
    held.edit(events=events, canvasSettings=canvas)

    text = of(held, "trial").text

    assert "  - also:\n      - tag: {add: [x]}\n  - tag: {add: [y]}\n" in text


def test_what_our_words_cannot_say_stands_in_those_of_mautic():
    held = Held(compiled(sequence(email("a"), tag("x"))).desired)  # type: ignore[union-attr]
    events = held.raw["events"]
    events[1] |= {"triggerMode": "interval", "triggerInterval": 2, "triggerIntervalUnit": "d",
                  "triggerHour": "09:30"}  # fmt: skip
    held.edit(events=events)

    text = of(held, "trial").text

    assert 'trigger: {mode: interval, interval: 2, unit: d, hour: "09:30"}' in text
    assert "type: lead.changetags" in text


def test_a_campaign_in_a_circle_cannot_be_said():
    held = Held(compiled(sequence(email("a"), tag("x"))).desired)  # type: ignore[union-attr]
    raw = held.raw
    raw["events"][0]["parent"] = {"id": raw["events"][1]["id"]}

    with pytest.raises(Unpullable, match="no first event"):
        pull(live.campaign(raw), held.mails, held.names, "trial", ENV)

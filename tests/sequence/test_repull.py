"""What changed in Mautic comes into the author's own file; the rest of it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.sandbox import mail as emails
from pmctl.sequence import terms
from pmctl.sequence.compare import compare
from pmctl.sequence.compile import compile_text
from pmctl.sequence.decompile import Unpullable
from pmctl.sequence.pull import pull, real
from pmctl.sequence.repull import Into, brought_up
from tests.sequence.lives import ENV, Held, compiled, no_file
from tests.sequence.strategies import sequences

FILE = """\
# Who owns this: the growth team
version: 1
key: nudge      # for ever
name: Nudge
audience: {segments: [trials]}

send:
  from: {name: Ana, address: ana@mail.example.com}
steps:
  # the first mail
  - email: offer
    subject: 'A question'   # short
    body: |
      Hello {{ firstname | there }}

  # three days are enough
  - on: opened
    within: 3d
    then:
      - tag: {add: [warm]}   # for sales
    else:
      # once more
      - wait: 1d
      - email: resend
        subject: Again
        body: {markdown: "Hello *again*"}
      - tag: {add: [cold]}
  - wait: 2 weeks
  - email: last
    subject: Bye
    body: Bye
"""


def pulled(text: str, held: Held, key: str = "nudge") -> tuple[str, Mapping[str, str]]:
    """The file after a pull, and the bodies that come beside it."""
    before = compile_text("f", text, no_file, {})
    found = pull(held.campaign, held.mails, held.names, key, ENV)
    names = found.names(held.names)
    after = brought_up(Into("f", text, before, no_file, {}), found, names, ENV)
    if after is None:
        return text, {}
    new = compile_text("f", after[0], after[1].__getitem__, {}).desired
    assert real(compare(new, found.live, ENV, names)) == [], after[0]
    return after


@pytest.fixture
def held() -> Held:
    return Held(compile_text("f", FILE, no_file, {}).desired)


def edited(held: Held, name: str, **fields: Any) -> None:
    """Change the events of that name in the builder."""
    events = held.raw["events"]
    for event in events:
        if event["name"] == name:
            event.update(fields)
    held.edit(events=events)


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.split("\n") if line not in before.split("\n")]


def test_a_file_that_says_what_is_live_is_left_alone(held):
    assert pulled(FILE, held) == (FILE, {})


def test_another_subject_changes_one_line(held):
    emails.edit(held.store, min(held.store.emails), {"subject": "Another question"}, "PATCH")

    after, bodies = pulled(FILE, held)

    assert changed_lines(FILE, after) == ["    subject: Another question"]
    assert len(after.split("\n")) == len(FILE.split("\n"))
    assert bodies == {}


def test_another_body_comes_as_it_is_and_the_other_emails_keep_theirs(held):
    said = {"customHtml": "<p>New ✓</p>", "plainText": "New"}
    emails.edit(held.store, min(held.store.emails), said, "PATCH")

    after, bodies = pulled(FILE, held)

    assert bodies == {"bodies/nudge-offer.html": "<p>New ✓</p>", "bodies/nudge-offer.txt": "New"}
    assert "body: {file: bodies/nudge-offer.html, verbatim: true}" in after
    assert 'body: {markdown: "Hello *again*"}' in after
    assert "# the first mail" in after
    assert "# short" in after


def test_another_delay_changes_the_wait_and_what_stands_around_it_stays(held):
    edited(held, "Bye", triggerInterval=20)

    after, _ = pulled(FILE, held)

    assert changed_lines(FILE, after) == ["  - wait: 20d"]


def test_another_tag_changes_that_step_alone(held):
    edited(held, "Tag +warm", properties={"add_tags": ["hot"], "remove_tags": []})

    after, _ = pulled(FILE, held)

    assert changed_lines(FILE, after) == ["      - tag: {add: [hot]}"]
    assert "# once more" in after


def test_what_it_is_called_is_the_files_business_and_whether_it_runs_is_mautics(held):
    held.edit(name="Nudge, again", isPublished=False)

    after, _ = pulled(FILE, held)

    assert changed_lines(FILE, after) == ["published: false"]


def test_a_step_that_was_added_in_the_builder_comes_in_and_comments_stay(held):
    events = held.raw["events"]
    warm = next(one for one in events if one["name"] == "Tag +warm")
    canvas = held.raw["canvasSettings"]
    new = {**warm, "id": "new77", "name": "Points", "type": "lead.changepoints",
           "properties": {"points": 5}, "description": None}  # fmt: skip
    for connection in canvas["connections"]:
        if connection["sourceId"] == str(warm["id"]):
            connection["sourceId"] = "new77"
    canvas["nodes"].append({"id": "new77", "positionX": "9", "positionY": "9"})
    canvas["connections"].append(
        {"sourceId": str(warm["id"]), "targetId": "new77",
         "anchors": {"source": "bottom", "target": "top"}}
    )  # fmt: skip
    held.edit(events=[*events, new], canvasSettings=canvas)

    after, _ = pulled(FILE, held)

    assert "- points: {add: 5}" in after
    for comment in ("# the first mail", "# short", "# three days are enough", "# for ever"):
        assert comment in after


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequences(), st.data())
def test_after_any_change_in_the_builder_the_file_says_what_is_live(said, data):
    made = compiled({**said, "moved": [], "on_removed": "refuse"})
    if made is None:
        return
    held = Held(made.desired)
    events = held.raw["events"]
    for event in events:
        waits = event["triggerMode"] == "interval" and event["triggerInterval"]
        if waits and event["decisionPath"] != "no" and data.draw(st.booleans()):
            event["triggerInterval"] += data.draw(st.integers(1, 3))
        if event["type"] == "lead.changetags" and data.draw(st.booleans()):
            event["properties"] = {"add_tags": ["other"], "remove_tags": []}
    held.edit(events=events)

    try:
        pulled(made.document.text, held, "random")
    except Unpullable:  # then nothing is written
        # what is said once and stands in several places was changed in one of them
        assert terms.copies(made.graph)


SHARED = """\
version: 1
key: shared
name: Shared
audience: {segments: [trials]}
steps:
  - if: {tag: [warm]}
    then:
      - wait: 4h
      # who looks at prices
      - on: visited
        url: ["https://example.com/pricing*"]
        within: 36h
        then: []
        else:
          - tag: {add: [cold]}
          - email: offer   # the only mail
            subject: Offer
            body: Hello
  - wait: 1d
  - goto: offer
"""


@pytest.mark.parametrize("number", [1, 2, 4, 5, 7])
def test_what_several_ways_share_can_be_changed_on_each_of_them_alone(number):
    made = compile_text("f", SHARED, no_file, {})
    held = Held(made.desired)
    events = held.raw["events"]
    if events[number]["type"] == "lead.changetags":
        events[number]["properties"] = {"add_tags": ["other"], "remove_tags": []}
    else:
        events[number]["triggerInterval"] += 2
    held.edit(events=events)

    after, _ = pulled(SHARED, held, "shared")  # which compiles it and compares

    assert after != SHARED
    assert "body: Hello" in after  # as the author had it: in the file

"""A sequence file for the tests of the `campaign` commands, and what a stand-in saw of them."""

from __future__ import annotations

from typing import Any

from pmctl.sandbox.server import MauticSandbox
from tests.sandboxes import campaigns_in, emails_in

NUDGE = """\
version: 1
key: nudge
name: Nudge
description: After two days
audience: {segments: [trial-day-2]}
stop_on: [reply]
steps:
  - email: offer
    subject: A question
    body: Hello
  - on: opened
    within: 3d
    then:
      - tag: {add: [warm]}
    else:
      - email: resend
        subject: Again
        body: Hello again
"""
OTHER = """\
version: 1
key: other
name: Other
published: false
audience: {segments: [newsletter]}
steps:
  - email: news
    subject: News
    body: Read this
"""


def written(sandbox: MauticSandbox) -> list[str]:
    """The writes that the stand-in saw, in their order: `PUT /api/campaigns/1/edit`."""
    return [
        f"{seen.method} {seen.path}"
        for seen in sandbox.requests
        if seen.method != "GET" and "token" not in seen.path
    ]


def event_ids(sandbox: MauticSandbox) -> dict[str, int]:
    """The ids of the only campaign's events, by their markers, without what is noted beside."""
    (campaign,) = [one for one in campaigns_in(sandbox) if one["events"]]
    return {marker_of(event): event["id"] for event in campaign["events"]}


def marker_of(event: dict[str, Any]) -> str:
    """The marker in an event's description, without what is noted beside it."""
    return " ".join(str(event["description"]).split(" ")[:3])


def mail_ids(sandbox: MauticSandbox) -> dict[str, int]:
    """The ids of the emails by the step in their marker."""
    return {mail["name"].rpartition("/")[2].strip("]"): mail["id"] for mail in emails_in(sandbox)}


def in_two_lines(err: str) -> str:
    """Return an error's words, if it is what every error is: one line and a hint, no traceback."""
    lines = err.strip().split("\n")
    assert [line.split(": ")[0] for line in lines] == ["error", "hint"], err
    return lines[0].removeprefix("error: ")


SPLIT = """\
version: 1
key: split
name: Split
audience: {segments: [trial-day-2]}
steps:
  - email: offer
    variants:
      - {id: a, subject: A question, body: Hello}
      - {id: b, weight: 30, subject: "Two minutes?", body: Hello B}
      - {id: c, weight: 20, subject: Short, body: Hello C}
"""

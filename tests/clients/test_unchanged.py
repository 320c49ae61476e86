"""A campaign that somebody changes in Mautic while pmctl is at it is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients import campaign_apply
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from pmctl.sandbox.store import Store
from tests.campaigns import NUDGE, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import Do, answering

CHANGED = NUDGE.replace("A question", "Another question").replace("within: 3d", "within: 2d")
Edit = Callable[[Store], Any]


def _event(store: Store) -> None:
    """As the builder does: within the same second, an event and nothing else."""
    store.campaigns[1]["events"][0]["name"] = "Renamed in the builder"


def _email(store: Store) -> None:
    store.emails[1].update(subject="By hand", revision=store.emails[1]["revision"] + 1)


# who edits what, and the request of ours before which it happens
RACES: dict[str, tuple[Edit, str, list[str], str]] = {
    "an event after the plan": (_event, "plan", [], "nudge was changed in Mautic after"),
    "an email after the plan": (_email, "plan", [], "nudge was changed in Mautic after"),
    "a segment after the plan": (
        lambda store: store.segments.pop(2), "plan", [], "nudge was changed in Mautic after",
    ),
    "an email before its write": (_email, "GET /api/emails/1", [], "email 1 (step offer) was"),
    "an email that is deleted before its write": (
        lambda store: store.emails.pop(1), "GET /api/emails/1", [], "email 1 (step offer) was del",
    ),
    "an event before the campaign's write": (
        _event, "PATCH /api/emails/1/edit", ["PATCH /api/emails/1/edit"], "campaign 1 was changed",
    ),
    "a switch before the campaign's write": (
        lambda store: store.campaigns[1].update(isPublished=False),
        "PATCH /api/emails/1/edit", ["PATCH /api/emails/1/edit"], "campaign 1 was changed",
    ),
    "the campaign deleted before its write": (
        lambda store: store.campaigns.pop(1),
        "PATCH /api/emails/1/edit", ["PATCH /api/emails/1/edit"], "campaign 1 was deleted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("race", sorted(RACES))
def test_what_changes_meanwhile_is_not_overwritten(
    race: str, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, when, done, words = RACES[race]
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(CHANGED)
    sandbox.reset_requests()
    edited: list[bool] = []
    real = campaign_apply.apply

    def after_the_plan(*given: Any, **more: Any) -> Any:
        if when == "plan":
            edit(sandbox.store)
            edited.append(True)
        return real(*given, **more)

    def meanwhile(request: Request, do: Do) -> Answer:
        if edited or when != f"{request.method} {request.path}":
            return do(request)
        edited.append(True)
        answer = do(request) if request.method != "GET" else None
        edit(sandbox.store)
        return answer or do(request)

    answering(sandbox, meanwhile)
    monkeypatch.setattr(campaign_apply, "apply", after_the_plan)

    code, _, err = pmctl("campaign", "apply", file)

    assert edited
    assert code == 5, err
    assert words in in_two_lines(err)
    assert written(sandbox) == done


def test_the_next_apply_finishes_what_an_edit_stopped(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(CHANGED)
    edited: list[bool] = []

    def meanwhile(request: Request, do: Do) -> Answer:
        answer = do(request)
        if request.method == "PATCH" and not edited:
            edited.append(True)
            _event(sandbox.store)
        return answer

    answering(sandbox, meanwhile)
    assert pmctl("campaign", "apply", file)[0] == 5

    code, out, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert "when: after 3 d → after 2 d" in out
    assert pmctl("campaign", "diff", file)[:2] == (0, "")


def test_an_event_of_a_type_without_a_word_is_shown_and_may_be_removed(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    events = sandbox.store.campaigns[1]["events"]
    strange = {"id": 99, "type": "plugin.leadpush", "name": "To the CRM", "description": None}
    events.append({**events[0], **strange, "parentId": events[0]["id"]})

    code, out, _ = pmctl("campaign", "diff", file)
    assert code == 2
    assert "'To the CRM' (made in the builder)" in out

    assert pmctl("campaign", "apply", file)[0] == 0
    assert pmctl("campaign", "diff", file)[:2] == (0, "")

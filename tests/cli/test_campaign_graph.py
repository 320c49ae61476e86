"""`campaign graph --live` and `--changes`: the file beside the campaign that people are in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, written
from tests.conftest import Run

TRIALS = 2  # the segment of the sequence; every stand-in has it
HEAD = NUDGE[: NUDGE.index("steps:")]


def _mail(name: str, after: str = "2d", subject: str = "") -> str:
    wait = f"  - wait: {after}\n" if after else ""
    return f"{wait}  - email: {name}\n    subject: {subject or name}\n    body: Hello\n"


BEFORE = f"{HEAD}steps:\n{_mail('first', '')}{_mail('second')}{_mail('third', '3d')}"
AFTER = f"{HEAD}steps:\n{_mail('first', '', 'News')}{_mail('third', '5d')}{_mail('last')}"
PICTURES = ("tree", "svg", "html")
FORMS = (*PICTURES, "mermaid", "dot")


@pytest.fixture
def running(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """Two people past the first step, who wait at the second."""
    file.write_text(BEFORE)
    assert pmctl("campaign", "apply", file)[0] == 0
    for contact in (1, 2):
        sandbox.store.contacts[contact]["segments"].append(TRIALS)
    sandbox.cron()
    sandbox.reset_requests()
    return sandbox


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("named", ["file", "key"])
def test_live_shows_who_is_where_in_every_format(
    named: str, form: str, file: Path, pmctl: Run, running: MauticSandbox
) -> None:
    code, out, err = pmctl("campaign", "graph", file if named == "file" else "nudge", "--live",
                           "-o", form)  # fmt: skip

    assert (code, err) == (0, "")
    assert ("2 members, 2 waiting" in out) == (form in PICTURES)
    assert "2 waiting" in out
    assert "2 passed" in out or form in PICTURES
    assert written(running) == []
    assert len(running.requests) <= 12


def test_live_as_json_has_the_numbers(file: Path, pmctl: Run, running: MauticSandbox) -> None:
    said = json.loads(pmctl("campaign", "graph", file, "--live", "-o", "json")[1])

    nodes = {node["step"]: node for node in said["nodes"]}
    assert (nodes["first"]["waiting"], nodes["first"]["past"]) == (0, 2)
    assert (nodes["second"]["waiting"], nodes["second"]["past"]) == (2, 0)


@pytest.mark.parametrize("form", FORMS)
def test_changes_are_marked_by_a_sign_and_in_words(
    form: str, file: Path, pmctl: Run, running: MauticSandbox
) -> None:
    file.write_text(AFTER)

    code, out, err = pmctl("campaign", "graph", file, "--changes", "--live", "-o", form)

    assert (code, err) == (0, "")
    assert written(running) == []
    for word in ("new", "changed", "removed", "second", "last"):
        assert word in out, word
    assert ("against Mautic:" in out) == (form in PICTURES)


def test_nothing_is_marked_when_nothing_differs(
    file: Path, pmctl: Run, running: MauticSandbox
) -> None:
    assert "against Mautic: no step differs" in pmctl("campaign", "graph", file, "--changes")[1]


def test_a_sequence_that_is_not_in_mautic_has_nobody_to_count(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, err = pmctl("campaign", "graph", file, "--live")

    assert (code, out) == (3, "")
    assert "nudge is not in Mautic yet: nobody can be counted" in err
    assert "not in Mautic yet" in pmctl("campaign", "graph", file, "--changes")[1]


def test_a_key_has_no_changes(pmctl: Run, running: MauticSandbox) -> None:
    code, out, err = pmctl("campaign", "graph", "nudge", "--changes")

    assert (code, out) == (64, "")
    assert "--changes compares a file with Mautic" in err


def test_steps_that_only_mautic_has_are_told(
    file: Path, pmctl: Run, running: MauticSandbox
) -> None:
    file.write_text(f"{HEAD}steps:\n{_mail('first', '')}")

    err = pmctl("campaign", "graph", file, "--live")[2]

    assert "that the file has not; --changes shows them" in err


def test_the_comment_of_a_plan_draws_what_changes(
    file: Path, pmctl: Run, running: MauticSandbox
) -> None:
    file.write_text(AFTER)
    comment = file.parent / "comment.md"

    code, out, err = pmctl("campaign", "plan", file, "--markdown", comment)

    assert (code, err) == (0, "")
    assert out.endswith("1 campaign: 1 to change\n")
    said = comment.read_text()
    assert said.count("```mermaid\n") == 1
    for words in ("+ new", "~ changed", "− removed", 'subgraph legend["against Mautic"]'):
        assert words in said
    assert written(running) == []

"""A destroy, a purge or a rollback that is cut at any request is finished by the same command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, event_ids, mail_ids
from tests.conftest import Run
from tests.killing import kill_at
from tests.sandboxes import campaigns_in, emails_in, use

# another subject, wait and step, and an email less: a rollback updates, creates and deletes
CHANGED = (
    NUDGE[: NUDGE.index("    else:")]
    .replace("A question", "Another question")
    .replace("{add: [warm]}", "{add: [warm, hot]}")
)
SWITCHED_OFF = "published: false\n" + CHANGED
HOWS = ("cut-before", "cut-after", "500-stored", "hang")
PURGE = ("destroy", "nudge", "--purge", "--purge-emails", "--yes")
YES = ("--yes", "--force", "a test")


@dataclass(frozen=True)
class Case:
    """A command, what there is before it, how many requests it sends, and how it ends well."""

    words: tuple[str, ...]
    texts: tuple[str, ...]
    requests: int
    writes: tuple[int, ...]  # which of them
    whole: Callable[[MauticSandbox, Run, Path], None]
    first: tuple[str, ...] = ()  # another command before

    def prepare(self, pmctl: Run, file: Path) -> None:
        """Bring a stand-in to where the command begins."""
        for text in self.texts:
            file.write_text(text)
            assert pmctl("campaign", "apply", file, "--force", "a test")[0] == 0
        if self.first:
            assert pmctl("campaign", *self.first)[0] == 0


def _retired(sandbox: MauticSandbox, pmctl: Run, file: Path) -> None:
    (campaign,) = campaigns_in(sandbox)
    assert campaign["isPublished"] is False
    assert campaign["description"].count("pmctl:retired") == 1
    assert len(emails_in(sandbox)) == 2


def _purged(sandbox: MauticSandbox, pmctl: Run, file: Path) -> None:
    assert (campaigns_in(sandbox), emails_in(sandbox)) == ([], [])


def _rolled_back(sandbox: MauticSandbox, pmctl: Run, file: Path) -> None:
    """As the first file says; one campaign, no twin of anything."""
    file.write_text(NUDGE)
    code, out, err = pmctl("campaign", "diff", file)
    assert code == 0, out + err
    (campaign,) = campaigns_in(sandbox)
    assert campaign["isPublished"] is True
    events = [event["description"] for event in campaign["events"]]
    assert len(events) == len(set(events)) == 8
    assert sorted(mail_ids(sandbox)) == ["offer", "resend"]
    assert len(emails_in(sandbox)) == 2


CASES = {
    "retire": Case(("destroy", "nudge", "--yes"), (NUDGE,), 8, (8,), _retired),
    "purge": Case(
        ("destroy", "nudge", "--purge", "--purge-emails", "--yes"),
        (NUDGE,),
        13,
        (8, 10, 12, 13),
        _purged,
    ),
    "rollback": Case(
        ("rollback", "nudge", *YES), (NUDGE, SWITCHED_OFF), 22, (13, 15, 19), _rolled_back
    ),
    "rollback of a purge": Case(
        ("rollback", "nudge", *YES),
        (NUDGE,),
        22,
        (13, 14, 15, 19),
        _rolled_back,
        first=PURGE,
    ),
}
WRITES = [(name, number) for name, case in CASES.items() for number in case.writes]
# a read that fails fails in one way: nothing was done
READS = [
    (name, number, HOWS[number % 2])
    for name, case in CASES.items()
    for number in range(1, case.requests + 1)
    if number not in case.writes
]
BROKEN = [(*write, how) for write in WRITES for how in HOWS] + READS


@pytest.mark.parametrize("name", CASES)
def test_the_cuts_below_reach_every_request(
    name: str, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        case.prepare(pmctl, file)
        sandbox.reset_requests()

        code, _, err = pmctl("campaign", *case.words)

        assert code == 0, err
        methods = [seen.method for seen in sandbox.requests]
        case.whole(sandbox, pmctl, file)
    assert len(methods) == case.requests
    assert tuple(n for n, method in enumerate(methods, 1) if method != "GET") == case.writes


@pytest.mark.parametrize(("name", "number", "how"), BROKEN)
def test_what_is_broken_anywhere_is_finished_by_the_same_command(
    name: str, number: int, how: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    case = CASES[name]
    case.prepare(pmctl, file)
    events = event_ids(sandbox) if campaigns_in(sandbox) else {}
    sandbox.fail(f"*:*:{number}:{how}")
    code, _, err = pmctl("campaign", *case.words, "--retries", "0", "--timeout", "0.3")
    sandbox.fail(None)
    assert code in (0, 69, 75), err
    if code:
        assert [line.split(":")[0] for line in err.strip().splitlines()][-2:] == ["error", "hint"]

    again, _, words = pmctl("campaign", *case.words)

    assert again == 0, err + words
    case.whole(sandbox, pmctl, file)
    if campaigns_in(sandbox) and events:
        after = event_ids(sandbox)
        assert {name: after[name] for name in events.keys() & after.keys()} == {
            name: events[name] for name in events.keys() & after.keys()
        }


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(("name", "number"), WRITES)
def test_what_is_killed_at_a_write_is_finished_by_the_same_command(
    name: str, number: int, done: bool, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    case = CASES[name]
    case.prepare(pmctl, file)

    kill_at(sandbox, list(case.words), number, done=done)

    code, _, err = pmctl("campaign", *case.words)
    assert code == 0, err
    case.whole(sandbox, pmctl, file)

"""Each disaster that the guard refuses: refused with a count, and seen to happen with --force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, event_ids, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import call, campaigns_in, use

TRIALS, NEWSLETTER = 2, 5  # ids of segments that every stand-in has
REASON = "the test wants to see it happen"
ONLY_OFFER = NUDGE[: NUDGE.index("  - on:")]
ANOTHER_FIRST = (
    ONLY_OFFER[: ONLY_OFFER.index("  - email:")]
    + "  - tag: {add: [new]}\n  - email: hello\n    subject: Hello\n    body: Hello\n"
)
WAITING = ONLY_OFFER + "  - wait: 2d\n  - email: later\n    subject: Later\n    body: Later\n"
TRANSACTIONAL = ONLY_OFFER.replace(
    "    body: Hello\n", "    body: Hello\n    consent: {transactional: an invoice}\n"
)
MORE_PEOPLE = ONLY_OFFER.replace("[trial-day-2]", "[trial-day-2, newsletter]")
LIMITED = MORE_PEOPLE.replace("steps:", "limits: {force_above_immediate_sends: 1}\nsteps:")

Mails = list[tuple[int, str]]


def _join(sandbox: MauticSandbox, segment: int, *contacts: int) -> None:
    for contact in contacts:
        sandbox.store.contacts[contact]["segments"].append(segment)


def _cron(sandbox: MauticSandbox, **later: float) -> Mails:
    """Let time pass and the cron run; return who got which subject."""
    before = len(sandbox.sent)
    sandbox.clock.move(**later)
    sandbox.cron()
    emails = sandbox.store.emails
    return [(one.contact, emails[one.email]["subject"]) for one in sandbox.sent[before:]]


def _mailed_again(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox) == [(1, "Hello"), (2, "Hello")]


def _dropped(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox, days=9) == []


def _fired_at_all(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox) == [(1, "Again"), (2, "Again")]


def _unsubscribed_are_mailed(sandbox: MauticSandbox) -> None:
    call(sandbox, "contacts/3/dnc/email/add", body={"reason": 1})
    _join(sandbox, TRIALS, 3)
    assert _cron(sandbox) == [(3, "A question")]


def _thrown_out(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox, days=9) == []
    members = campaigns_in(sandbox)[0]["id"]
    rows = sandbox.store.members[members].values()
    assert {row["manually_removed"] for row in rows} == {"1"}


def _burst(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox) == [(3, "A question"), (4, "A question")]


def _go_no_further(sandbox: MauticSandbox) -> None:
    assert _cron(sandbox, days=9) == []


@dataclass(frozen=True)
class Disaster:
    """What a file changes from and to, what then happens, and the words of the refusal."""

    before: str
    after: str
    happens: Callable[[MauticSandbox], None]
    words: str
    days: float = 0  # between the first mails and the change


DISASTERS = {
    "mailed again": Disaster(
        ONLY_OFFER, ANOTHER_FIRST, _mailed_again, "2 contacts start again and are mailed again"
    ),
    "dropped": Disaster(
        WAITING, ONLY_OFFER, _dropped, "2 contacts waiting there are dropped", days=1
    ),
    "fired at all": Disaster(
        ONLY_OFFER, NUDGE, _fired_at_all, "fires at once for 2 contacts past it", days=30
    ),
    "transactional": Disaster(
        ONLY_OFFER,
        TRANSACTIONAL,
        _unsubscribed_are_mailed,
        "2 contacts get it even if they unsubscribed",
    ),
    "another audience": Disaster(
        WAITING,
        WAITING.replace("trial-day-2", "newsletter"),
        _thrown_out,
        "up to 2 contacts leave the campaign",
    ),
    "a burst from a running campaign": Disaster(
        ONLY_OFFER, LIMITED, _burst, "up to 2 mails leave by this change, the limit is 1"
    ),
    "a question that is taken away": Disaster(
        NUDGE,
        ONLY_OFFER,
        _go_no_further,
        "up to 2 contacts still within it go no further",
        days=1,
    ),
}


def _running(disaster: Disaster, file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    """Bring two people into the campaign, and two more into the segment beside it."""
    file.write_text(disaster.before)
    assert pmctl("campaign", "apply", file)[0] == 0
    _join(sandbox, TRIALS, 1, 2)
    assert _cron(sandbox) == [(1, "A question"), (2, "A question")]
    if disaster.days:
        sandbox.clock.move(days=disaster.days)
        sandbox.cron()
    if "burst" in disaster.happens.__name__:
        _join(sandbox, NEWSLETTER, 3, 4)
    file.write_text(disaster.after)
    sandbox.reset_requests()


@pytest.mark.parametrize("name", DISASTERS)
def test_it_happens_when_it_is_forced_and_else_it_is_refused(
    name: str, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    disaster = DISASTERS[name]
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        _running(disaster, file, pmctl, sandbox)

        code, out, err = pmctl("campaign", "apply", file)
        assert (code, out) == (7, "")
        assert disaster.words in in_two_lines(err)
        assert written(sandbox) == []
        assert disaster.words in pmctl("campaign", "plan", file)[1]

        code, _, err = pmctl("campaign", "apply", file, "--force", REASON)
        assert (code, err) == (0, "")
        disaster.happens(sandbox)


def test_without_the_change_the_same_people_go_on(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    """What the disasters above take from them: the tests could not fail otherwise."""
    _running(DISASTERS["dropped"], file, pmctl, sandbox)
    assert _cron(sandbox, days=9) == [(1, "Later"), (2, "Later")]


def test_a_step_that_lost_its_connection_in_the_builder_is_shown_and_not_put_back_in_silence(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(WAITING)
    assert pmctl("campaign", "apply", file)[0] == 0
    later = event_ids(sandbox)["pmctl step=later path=main"]
    (campaign,) = campaigns_in(sandbox)
    canvas = campaign["canvasSettings"]
    canvas["connections"] = [c for c in canvas["connections"] if c["targetId"] != str(later)]
    keys = ("name", "description", "isPublished", "lists", "events", "canvasSettings")
    call(sandbox, "campaigns/1/edit", "PUT", {key: campaign[key] for key in keys})
    _join(sandbox, TRIALS, 1, 2)
    assert _cron(sandbox) == [(1, "A question"), (2, "A question")]
    mailed = _cron(sandbox, days=2)
    assert mailed == [(1, "Later"), (2, "Later")]  # beside the first mail, not after it

    code, out, _ = pmctl("campaign", "plan", file)

    assert code == 0
    assert "~ event later main  (changed in Mautic)" in out
    assert "under: the audience → offer main" in out
    assert "step later moves: 2 contacts who had it come to it again" in out
    assert pmctl("campaign", "apply", file)[0] == 7


def test_the_people_of_a_change_are_counted_and_told_what_happens_to_them(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(WAITING)
    assert pmctl("campaign", "apply", file)[0] == 0
    _join(sandbox, TRIALS, 1, 2)
    _cron(sandbox)
    file.write_text(WAITING.replace("wait: 2d", "wait: 1d").replace("A question", "News"))

    _, out, _ = pmctl("campaign", "plan", file)

    lines = [line.strip() for line in out.splitlines()]
    at_offer = lines.index("people at offer main: 0 not yet there, 0 waiting, 2 past")
    assert lines[at_offer + 1] == "2 contacts past are not mailed again"
    at_later = lines.index("people at later main: 0 not yet there, 2 waiting, 0 past")
    assert lines[at_later + 1] == "2 contacts waiting keep their old date"

    assert pmctl("campaign", "apply", file)[0] == 0
    assert _cron(sandbox, days=1, hours=1) == []  # as was said: they keep their date
    assert _cron(sandbox, days=1) == [(1, "Later"), (2, "Later")]


def test_the_people_of_an_unchanged_campaign_are_counted_on_request(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(WAITING)
    assert pmctl("campaign", "apply", file)[0] == 0
    _join(sandbox, TRIALS, 1, 2)
    _cron(sandbox)

    assert pmctl("campaign", "plan", file)[1] == "1 campaign: 1 up to date\n"
    _, out, _ = pmctl("campaign", "plan", file, "--people")

    assert "people at offer main: 0 not yet there, 0 waiting, 2 past" in out
    assert "people at later main: 0 not yet there, 2 waiting, 0 past" in out
    assert out.endswith("1 campaign: 1 up to date\n")


def test_a_cancelled_wait_is_no_passing(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    file.write_text(WAITING)
    assert pmctl("campaign", "apply", file)[0] == 0
    _join(sandbox, TRIALS, 1, 2)
    _cron(sandbox)
    call(sandbox, "campaigns/1/contact/1/remove")

    _, out, _ = pmctl("campaign", "plan", file, "--people")

    assert "people at later main: 0 not yet there, 1 waiting, 0 past" in out


def _events(sandbox: MauticSandbox) -> dict[str, Any]:
    return {
        event["description"].split(" ")[1]: event for event in campaigns_in(sandbox)[0]["events"]
    }


def test_an_email_step_that_changes_its_email_keeps_its_event_so_that_nobody_is_mailed_again(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(ONLY_OFFER)
    assert pmctl("campaign", "apply", file)[0] == 0
    _join(sandbox, TRIALS, 1, 2)
    _cron(sandbox)
    before = _events(sandbox)["step=offer"]["id"]
    file.write_text(ONLY_OFFER.replace("email: offer", "email: hello"))

    assert pmctl("campaign", "apply", file)[0] == 0

    assert _events(sandbox)["step=hello"]["id"] == before
    assert _cron(sandbox, days=1) == []


REMOVED = ONLY_OFFER.replace("steps:", "on_removed: {0}\nsteps:")


def _wait_at_later(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    _running(DISASTERS["dropped"], file, pmctl, sandbox)


@pytest.mark.parametrize("said", ["exit", "{later: exit}"])
def test_who_waits_at_a_removed_step_may_go_when_the_file_says_so(
    said: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _wait_at_later(file, pmctl, sandbox)
    file.write_text(REMOVED.replace("{0}", said))

    planned = pmctl("campaign", "plan", file)[1]
    assert "2 contacts waiting there leave the sequence" in planned
    assert "dropped" not in planned
    assert pmctl("campaign", "apply", file)[0] == 0
    assert _cron(sandbox, days=9) == []


@pytest.mark.parametrize("said", ["refuse", "continue", "{other: exit}"])
def test_else_they_are_not_dropped(
    said: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _wait_at_later(file, pmctl, sandbox)
    file.write_text(REMOVED.replace("{0}", said))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    assert "2 contacts waiting there are dropped" in in_two_lines(err)
    assert _cron(sandbox, days=9) == [(1, "Later"), (2, "Later")]


def test_a_name_with_braces_is_said_as_it_is(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(WAITING)
    assert pmctl("campaign", "apply", file)[0] == 0
    event = sandbox.store.event(event_ids(sandbox)["pmctl step=later path=main"])[1]
    event.update(name="By {hand} {n}", description=None, type="lead.changetags", properties={})
    sandbox.store.put_waiting(event["id"], 1)

    _, out, _ = pmctl("campaign", "plan", file)

    assert "event 'By {hand} { n }' is deleted: 1 contact waiting there are dropped" in out


def test_who_was_only_at_the_removed_step_does_not_leave_but_begins_again(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _wait_at_later(file, pmctl, sandbox)
    _join(sandbox, TRIALS, 3)
    sandbox.store.put_member(campaigns_in(sandbox)[0]["id"], 3)
    sandbox.store.put_waiting(event_ids(sandbox)["pmctl step=later path=main"], 3)
    file.write_text(REMOVED.replace("{0}", "exit"))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    assert "1 contact have been nowhere but at deleted steps" in in_two_lines(err)
    assert written(sandbox) == []
    assert "leave the sequence" not in pmctl("campaign", "plan", file)[1]
    assert pmctl("campaign", "apply", file, "--force", REASON)[0] == 0
    assert _cron(sandbox) == [(3, "A question")]


GOES_ON = ONLY_OFFER.replace("steps:", "on_removed: continue\nsteps:")


ASKED = "  - wait: 1d\n  - if: {tag: x}\n    then:\n      - tag: {add: [y]}\n"


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("", "no step follows it in the file"),
        (ASKED, "what follows it, if-tag-x, is no action"),
    ],
)
def test_continue_is_refused_with_its_reason_and_nobody_is_lost(
    rest: str, reason: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _running(Disaster(WAITING + rest, GOES_ON + rest, _dropped, "", days=1), file, pmctl, sandbox)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    words = f"2 contacts waiting there are dropped; they cannot continue: {reason}"
    assert words in in_two_lines(err)
    assert written(sandbox) == []
    assert _cron(sandbox, days=2) == [(1, "Later"), (2, "Later")]


def test_five_thousand_who_wait_are_counted_in_two_pages(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _wait_at_later(file, pmctl, sandbox)
    pmctl("campaign", "plan", file)
    few = len(sandbox.requests)
    event = event_ids(sandbox)["pmctl step=later path=main"]
    for number in range(5000):
        sandbox.store.put_waiting(event, 1000 + number)
    sandbox.reset_requests()

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 7
    assert "5002 contacts waiting there are dropped" in in_two_lines(err)
    assert written(sandbox) == []
    log = [seen for seen in sandbox.requests if "campaign_lead_event_log" in seen.path]
    assert len(log) == 2
    sandbox.reset_requests()
    pmctl("campaign", "plan", file)
    assert len(sandbox.requests) == few + 1


@pytest.mark.parametrize("how", ["cut-before", "cut-after", "500", "500-stored", "hang"])
def test_an_exit_that_is_cut_is_finished_by_the_next_apply_and_mails_nobody(
    how: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _wait_at_later(file, pmctl, sandbox)
    file.write_text(REMOVED.replace("{0}", "exit"))
    sandbox.fail(f"PUT:*:1:{how}")
    code, _, _ = pmctl("campaign", "apply", file, "--retries", "0", "--timeout", "0.4")
    sandbox.fail(None)
    there = "pmctl step=later path=main" in event_ids(sandbox)
    assert there is (how not in ("cut-after", "500-stored"))
    assert (code != 0) is there

    assert pmctl("campaign", "apply", file)[0] == 0
    assert pmctl("campaign", "plan", file, "--detailed-exitcode")[0] == 0
    assert _cron(sandbox, days=9) == []

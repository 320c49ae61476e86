"""`on_removed: continue`: who waits at a step that goes gets the next one, once, when due."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from pmctl.sequence.migration import dates
from pmctl.sequence.payload import Event
from tests.campaigns import NUDGE, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import call, campaigns_in, use

TRIALS = 2  # the segment of the sequence; every stand-in has it
PEOPLE = [1, 2, 3, 4]
HEAD = NUDGE[: NUDGE.index("steps:")]


def _mail(name: str, after: str = "2d") -> str:
    wait = f"  - wait: {after}\n" if after else ""
    return f"{wait}  - email: {name}\n    subject: {name}\n    body: Hello\n"


BEFORE = f"{HEAD}steps:\n{_mail('first', '')}{_mail('second')}{_mail('third', '3d')}"
AFTER = f"{HEAD}on_removed: continue\nsteps:\n{_mail('first', '')}{_mail('third', '3d')}"
NEW_ONE = AFTER.replace("  - wait: 3d\n", "  - points: {add: 5}\n")


def _people_wait(sandbox: MauticSandbox, file: Path, pmctl: Run, text: str = BEFORE) -> None:
    """Bring everybody to the second step, due in 2 days."""
    file.write_text(text)
    assert pmctl("campaign", "apply", file)[0] == 0
    for contact in PEOPLE:
        sandbox.store.contacts[contact]["segments"].append(TRIALS)
    sandbox.cron()
    sandbox.clock.move(days=1)


def _mailed(sandbox: MauticSandbox, **later: float) -> list[tuple[int, str]]:
    before = len(sandbox.sent)
    sandbox.clock.move(**later)
    sandbox.cron()
    emails = sandbox.store.emails
    return sorted((one.contact, emails[one.email]["subject"]) for one in sandbox.sent[before:])


def _steps(sandbox: MauticSandbox) -> set[str]:
    (campaign,) = campaigns_in(sandbox)
    return {event["description"].split()[1] for event in campaign["events"]}


@pytest.mark.parametrize("after", [AFTER, NEW_ONE])
def test_who_waits_at_a_removed_step_gets_the_next_once_when_it_was_due(
    after: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    file.write_text(after)
    name = "third" if after == AFTER else "points+5"

    _, out, _ = pmctl("campaign", "plan", file)
    assert f"4 contacts waiting go on at {name}" in out
    assert "conflict" not in out
    code, out, err = pmctl("campaign", "apply", file)

    assert (code, err) == (0, "")
    assert out.startswith("nudge: changed, published (campaign 1)")
    assert "unexpected" not in out
    assert "step=second" not in _steps(sandbox)
    assert campaigns_in(sandbox)[0]["isPublished"]
    assert _mailed(sandbox, hours=20) == []
    assert _mailed(sandbox, hours=6) == [(contact, "third") for contact in PEOPLE]
    assert _mailed(sandbox, days=30) == []
    assert pmctl("campaign", "apply", file)[1] == "1 campaign: 1 up to date\n"


def test_the_same_change_drops_them_when_it_is_forced_without_the_word(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    file.write_text(AFTER.replace("on_removed: continue\n", ""))

    assert pmctl("campaign", "apply", file, "--force", "to see it happen")[0] == 0

    assert _mailed(sandbox, days=30) == []


def test_it_takes_a_request_for_each_and_a_few_more(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    file.write_text(AFTER)
    sandbox.reset_requests()
    assert pmctl("campaign", "apply", file)[0] == 0

    puts = [seen.path for seen in sandbox.requests if seen.method == "PUT"]
    assert puts.count("/api/campaigns/1/edit") == 2
    assert len(puts) == 2 + len(PEOPLE)
    logs = [seen for seen in sandbox.requests if "campaign_lead_event_log" in seen.path]
    assert len(logs) <= 10


def test_who_comes_in_while_an_apply_lies_cut_short_skips_the_step_that_goes(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        _people_wait(sandbox, file, pmctl)
        sandbox.store.contacts[4]["segments"].remove(TRIALS)
        sandbox.cron()
        file.write_text(AFTER)
        sandbox.fail("PUT:/api/campaigns/events/*:*:hang")
        assert pmctl("--timeout", "0.5", "campaign", "apply", file)[0] == 75
        pulled = pmctl("campaign", "pull", "nudge", "--dir", file.parent / "pulled")
        assert (pulled[0], "event second main" in pulled[2]) == (1, True)  # half of a change
        sandbox.store.contacts[5] = {**sandbox.store.contacts[4], "id": 5, "segments": [TRIALS]}

        assert _mailed(sandbox, hours=1) == [(5, "first")]
        # those who waited are due meanwhile: they are not mailed what goes, and not forgotten
        assert _mailed(sandbox, days=2) == []
        assert "step=second" in _steps(sandbox)
        sandbox.fail(None)
        assert pmctl("campaign", "apply", file)[0] == 0
        assert _mailed(sandbox) == [(c, "third") for c in (1, 2, 3)]
        assert _mailed(sandbox, days=1) == [(5, "third")]
        assert _mailed(sandbox, days=40) == []


HOWS = ("cut-before", "cut-after", "500", "500-stored")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("number", range(1, 8))
def test_after_a_fault_at_any_write_the_next_apply_brings_everybody_on_once(
    how: str, number: int, file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        _people_wait(sandbox, file, pmctl)
        file.write_text(AFTER)
        method = "PATCH" if number == 7 else "PUT"  # six PUTs, and publishing
        sandbox.fail(f"{method}:/api/campaigns/*:{number if number < 7 else 1}:{how}")

        first = pmctl("campaign", "apply", file)[0]
        assert first in (0, 1, 69, 75)
        assert _mailed(sandbox) == []
        code, _, err = pmctl("campaign", "apply", file)

        assert code == 0, err
        assert err == "" or number == 7  # by then it is only unpublished
        assert "step=second" not in _steps(sandbox)
        assert Counter(_mailed(sandbox, days=40)) == Counter((c, "third") for c in PEOPLE)
        assert _mailed(sandbox, days=40) == []


def test_a_step_that_was_half_removed_is_not_put_back_under_people_who_moved(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        _people_wait(sandbox, file, pmctl)
        file.write_text(AFTER)
        sandbox.fail("PUT:/api/campaigns/1/edit:2:500")
        assert pmctl("campaign", "apply", file)[0] == 75
        file.write_text(BEFORE)

        code, _, err = pmctl("campaign", "apply", file)

        assert code == 7
        assert "second was being removed: 4 contacts waiting there may be at third as well" in err


def test_a_contact_in_a_second_round_is_counted_and_refused(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    (row,) = [row for row in sandbox.store.log if row["is_scheduled"] == "1"][:1]
    row["rotation"] = "2"
    file.write_text(AFTER)
    sandbox.reset_requests()

    code, out, err = pmctl("campaign", "apply", file)

    assert (code, out, written(sandbox)) == (7, "", [])
    assert "1 contact waiting there cannot continue: they are in a second" in in_two_lines(err)


def test_forced_over_that_the_others_move_and_that_one_is_dropped(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    row = next(row for row in sandbox.store.log if row["is_scheduled"] == "1")
    row["rotation"] = "2"
    file.write_text(AFTER)

    assert pmctl("campaign", "apply", file, "--force", "one of them is a test")[0] == 0

    others = [contact for contact in PEOPLE if contact != int(row["lead_id"])]
    assert _mailed(sandbox, days=30) == [(contact, "third") for contact in others]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (_mail("first", ""), "no step follows it in the file"),
        (
            _mail("first", "") + "  - if: {tag: vip}\n    then:\n      - tag: {add: [x]}\n",
            "is no action",
        ),
    ],
)
def test_where_nobody_can_go_on_it_is_refused_with_what_helps(
    steps: str, words: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl, BEFORE[: BEFORE.index("  - wait: 3d")])
    file.write_text(f"{HEAD}on_removed: continue\nsteps:\n{steps}")
    sandbox.reset_requests()

    code, out, err = pmctl("campaign", "apply", file)

    assert (code, out, written(sandbox)) == (7, "", [])
    assert "4 contacts waiting there are dropped; they cannot continue: " in in_two_lines(err)
    assert words in err
    assert "say `on_removed: exit`" in err


def test_people_at_two_removed_steps_of_one_branch_go_on_at_the_step_below_both(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl, BEFORE + _mail("last", "9d"))
    sandbox.store.contacts[4]["segments"].remove(TRIALS)
    sandbox.cron()
    assert _mailed(sandbox, days=1, hours=1) == [(c, "second") for c in (1, 2, 3)]
    sandbox.store.contacts[4]["segments"].append(TRIALS)
    sandbox.store.contacts[5] = {**sandbox.store.contacts[4], "id": 5, "segments": [TRIALS]}
    assert _mailed(sandbox, hours=1) == [(5, "first")]
    file.write_text(
        f"{HEAD}on_removed: continue\nsteps:\n{_mail('first', '')}{_mail('last', '9d')}"
    )

    code, _, err = pmctl("campaign", "apply", file)

    assert (code, err) == (0, "")
    # the one at `second` was due in 2 days, the three at `third` in 3
    assert _mailed(sandbox, days=2) == [(5, "last")]
    assert _mailed(sandbox, days=1) == [(c, "last") for c in (1, 2, 3)]
    assert _mailed(sandbox, days=40) == []


def test_a_contact_who_leaves_in_the_middle_stops_nothing(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people_wait(sandbox, file, pmctl)
    file.write_text(AFTER)
    call(sandbox, "campaigns/1/contact/2/remove")

    code, _, err = pmctl("campaign", "apply", file)

    assert (code, err) == (0, "")
    assert _mailed(sandbox, days=30) == [(c, "third") for c in PEOPLE if c != 2]


@pytest.mark.parametrize(
    ("mode", "amount", "unit", "begun"),
    [
        ("immediate", 0, None, "2026-03-31 09:00:00"),
        ("interval", 3, "d", "2026-03-28 09:00:00"),
        ("interval", 5, "h", "2026-03-31 04:00:00"),
        ("interval", 90, "i", "2026-03-31 07:30:00"),
        ("interval", 1, "m", "2026-02-28 09:00:00"),
        ("interval", 1, "y", "2025-03-28 09:00:00"),
    ],
)
def test_the_time_that_mautic_computes_from_a_row_is_when_it_was_due_or_before(
    mode: str, amount: int, unit: str | None, begun: str
) -> None:
    trigger = {"triggerMode": mode, "triggerInterval": amount, "triggerIntervalUnit": unit}
    event = Event(
        "a", "main", "a", "email.send", "email", "action", -1, "bottom", {}, trigger, (0, 0)
    )

    found = dates(datetime(2026, 3, 31, 9, tzinfo=UTC), event)

    assert found == {"dateTriggered": begun, "triggerDate": "2026-03-31 09:00:00"}

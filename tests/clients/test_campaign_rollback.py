"""`campaign rollback`: the earlier state comes back in place, and says first what that means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from pmctl.clients import campaign_rollback
from pmctl.sandbox.server import MauticSandbox
from pmctl.sequence.compile import compile_text
from tests.campaigns import NUDGE, event_ids, in_two_lines, mail_ids, written
from tests.conftest import Run
from tests.sandboxes import campaigns_in, emails_in, stock, use
from tests.sequence.strategies import sequences
from tests.shell import PMCTL, typed

CHANGED = NUDGE.replace("A question", "Another question").replace("within: 3d", "within: 2d") + (
    "      - segment: {add: [cold-trials]}\n"
)
SHORTER = NUDGE[: NUDGE.index("    else:")]
RESEND = "pmctl step=resend path=main/offer.opened=no"
OFFER = "pmctl step=offer path=main"


@pytest.fixture
def changed(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A campaign that was applied, and then applied again with changes."""
    return _applied(file, pmctl, sandbox, NUDGE, CHANGED)


def _applied(file: Path, pmctl: Run, sandbox: MauticSandbox, *texts: str) -> MauticSandbox:
    """Apply one text after the other, then put the first one back into the file."""
    for text in texts:
        file.write_text(text)
        code, _, err = pmctl("campaign", "apply", file, "--force", "a test")
        assert code == 0, err
    file.write_text(texts[0])
    sandbox.reset_requests()
    return sandbox


def _as_the_first_file(file: Path, pmctl: Run) -> None:
    assert pmctl("campaign", "diff", file) == (0, "", "")


def test_after_a_rollback_the_plan_of_the_older_file_is_empty(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    events, mails = event_ids(changed), mail_ids(changed)

    code, out, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 0, err
    assert "subject: Another question → A question" in out
    assert "when: after 2 d → after 3 d" in out
    assert "- event segment+cold-trials" in out
    assert err == "mail that was sent and the logs of deleted steps do not come back\n"
    _as_the_first_file(file, pmctl)
    assert mail_ids(changed) == mails
    assert event_ids(changed).items() <= events.items()


def test_a_dry_run_shows_the_plan_and_writes_nothing(changed: MauticSandbox, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "rollback", "nudge", "--dry-run")

    assert code == 0
    assert out.startswith("nudge (campaign 1) will be changed\n")
    assert "subject: Another question → A question" in out
    code, out, _ = pmctl("campaign", "rollback", "nudge", "--dry-run", "-o", "json")
    (plan,) = json.loads(out)
    assert (code, plan["action"], plan["path"][:9]) == (0, "update", "snapshot ")
    assert written(changed) == []


def test_a_rollback_that_is_done_has_nothing_to_do(changed: MauticSandbox, pmctl: Run) -> None:
    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0
    changed.reset_requests()

    code, out, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert (code, out) == (0, "")
    assert err.startswith("nudge is as it was before the apply of 20")
    assert written(changed) == []


def test_a_rollback_can_itself_be_rolled_back_by_its_time(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0
    code, out, _ = pmctl("campaign", "snapshots", "nudge", "-o", "json")
    assert code == 0
    first, second = json.loads(out)
    assert [first["why"], second["why"]] == ["apply", "rollback"]

    assert pmctl("campaign", "rollback", "nudge", "--to", second["time"], "--yes")[0] == 0

    file.write_text(CHANGED)
    _as_the_first_file(file, pmctl)


def test_without_a_terminal_it_needs_a_yes(changed: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "rollback", "nudge")

    assert (code, out) == (64, "")
    assert "no terminal" in in_two_lines(err)
    assert written(changed) == []


@pytest.mark.parametrize(("answer", "writes"), [("y", True), ("n", False), ("", False)])
def test_at_a_terminal_it_asks(answer: str, writes: bool, changed: MauticSandbox) -> None:
    shown = typed([*PMCTL, "campaign", "rollback", "nudge"], f"{answer}\n")

    assert "do not come back; roll back? [y/N]" in shown
    assert bool(written(changed)) is writes


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["other"], 3, "there is no snapshot of other"),
        (["nudge", "--to", "1999"], 3, "no snapshot of nudge is of 1999"),
    ],
)
def test_what_is_not_kept_cannot_come_back(
    words: list[str], code: int, said: str, changed: MauticSandbox, pmctl: Run
) -> None:
    found, _, err = pmctl("campaign", "rollback", *words, "--yes")

    assert found == code
    assert said in in_two_lines(err)
    assert written(changed) == []


def test_snapshots_of_nothing_are_an_empty_list(sandbox: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "snapshots", "nudge", "-o", "json")

    assert (code, out) == (0, "[]\n")
    assert err == "no snapshots of nudge in context default\n"


# People.


def test_a_rollback_that_harms_people_is_refused_until_it_is_forced(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _applied(file, pmctl, sandbox, SHORTER, NUDGE)
    sandbox.store.put_waiting(event_ids(sandbox)[RESEND], 1)

    _, planned, _ = pmctl("campaign", "rollback", "nudge", "--dry-run")
    assert "! step resend is deleted: 1 contact waiting there are dropped" in planned
    (plan,) = json.loads(pmctl("campaign", "rollback", "nudge", "--dry-run", "-o", "json")[1])
    resend = next(group for group in plan["people"] if group["step"] == "resend")
    assert (resend["waiting"], resend["effects"]) == (1, ["1 contact waiting are dropped"])
    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")
    assert code == 7
    assert "1 contact waiting there are dropped" in in_two_lines(err)
    assert written(sandbox) == []

    assert pmctl("campaign", "rollback", "nudge", "--yes", "--force", "meant")[0] == 0
    _as_the_first_file(file, pmctl)


def test_a_deleted_step_comes_back_as_a_new_one_under_the_guard(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _applied(file, pmctl, sandbox, NUDGE, NUDGE[: NUDGE.index("  - on:")])
    kept = event_ids(sandbox)
    assert RESEND not in kept
    sandbox.store.put_passed(kept[OFFER], 1)

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")
    assert code == 7
    assert "fires at once for 1 contact past it" in in_two_lines(err)

    assert pmctl("campaign", "rollback", "nudge", "--yes", "--force", "meant")[0] == 0
    after = event_ids(sandbox)
    assert after.items() >= kept.items()
    assert after[RESEND] > max(kept.values())
    _as_the_first_file(file, pmctl)


# What somebody did by hand.


def test_an_email_that_was_deleted_is_made_anew_and_its_step_sends_it(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    old = mail_ids(changed)["offer"]
    del changed.store.emails[old]

    code, out, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 0, err
    assert "+ email offer" in out
    new = mail_ids(changed)["offer"]
    assert new != old
    sends = [e for e in campaigns_in(changed)[0]["events"] if e["id"] == event_ids(changed)[OFFER]]
    assert sends[0]["properties"]["email"] == new
    _as_the_first_file(file, pmctl)


def test_an_email_that_lost_its_marker_gets_it_back(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    changed.store.emails[1]["name"] = "Renamed by hand"
    before = set(changed.store.emails)

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0

    assert set(changed.store.emails) == before
    _as_the_first_file(file, pmctl)


def test_a_segment_that_was_deleted_is_named_before_anything_is_written(
    changed: MauticSandbox, pmctl: Run
) -> None:
    del changed.store.segments[2]

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 3
    assert "segment trial-day-2 (2) fed the campaign then" in in_two_lines(err)
    assert written(changed) == []


def test_a_segment_that_was_made_again_feeds_it_again(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    del changed.store.segments[2]
    changed.store.add_segment("trial-day-2")

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0
    _as_the_first_file(file, pmctl)


def test_events_of_the_builder_come_back_whatever_their_type(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE)
    assert pmctl("campaign", "apply", file)[0] == 0
    events = sandbox.store.campaigns[1]["events"]
    offer = next(e for e in events if e["id"] == event_ids(sandbox)[OFFER])
    common = {**offer, "description": None, "parentId": offer["id"]}
    push = {"id": 98, "type": "plugin.leadpush", "name": "To the CRM", "order": 2}
    jump = {"id": 99, "type": "campaign.jump_to_event", "name": "Back", "order": 3}
    events += [
        {**common, **push, "properties": {"integration": "Crm", "config": {"a": [1, 2]}},
         "triggerMode": "interval", "triggerInterval": 2, "triggerIntervalUnit": "d",
         "triggerRestrictedDaysOfWeek": [-1], "triggerRestrictedStartHour": "09:00:00",
         "triggerRestrictedStopHour": "17:00:00"},
        {**common, **jump, "parentId": 98, "properties": {"jumpToEvent": 98}},
    ]  # fmt: skip
    assert pmctl("campaign", "apply", file)[0] == 0
    assert len(campaigns_in(sandbox)[0]["events"]) == len(events) - 2

    code, out, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 0, out + err
    after = {event["name"]: event for event in campaigns_in(sandbox)[0]["events"]}
    pushed, back = after["To the CRM"], after["Back"]
    assert pushed["properties"] == {"integration": "Crm", "config": {"a": [1, 2]}}
    assert pushed["triggerRestrictedDaysOfWeek"] == [1, 2, 3, 4, 5]  # -1 stops Mautic's cron
    assert pushed["triggerRestrictedStartHour"].endswith("T09:00:00+00:00")
    assert (pushed["parent"]["id"], back["parent"]["id"]) == (offer["id"], pushed["id"])
    assert back["properties"]["jumpToEvent"] == pushed["id"]
    assert pmctl("campaign", "rollback", "nudge", "--yes")[2].startswith("nudge is as it was")


def test_publication_dates_come_back_in_the_form_that_mautic_takes(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE)
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.store.campaigns[1]["publishUp"] = "2026-12-01T09:00:00+00:00"
    file.write_text(CHANGED)
    assert pmctl("campaign", "apply", file)[0] == 0
    assert campaigns_in(sandbox)[0]["publishUp"] == "2026-12-01T09:00:00+00:00"
    sandbox.store.campaigns[1]["publishUp"] = None

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0

    assert campaigns_in(sandbox)[0]["publishUp"] == "2026-12-01T09:00:00+00:00"


def test_whether_it_is_published_comes_last(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    _applied(file, pmctl, sandbox, NUDGE, "published: false\n" + CHANGED)

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0

    assert written(sandbox) == [
        "PATCH /api/emails/1/edit",
        "PUT /api/campaigns/1/edit",
        "PATCH /api/campaigns/1/edit",
    ]
    assert campaigns_in(sandbox)[0]["isPublished"] is True


def test_what_only_was_switched_on_is_only_switched_off(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    off = "published: false\n" + NUDGE
    _applied(file, pmctl, sandbox, off, off.replace("name: Nudge", "name: Nudge 2"))
    pmctl("campaign", "rollback", "nudge", "--yes")
    assert pmctl("campaign", "publish", "nudge")[0] == 0
    sandbox.reset_requests()

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0

    assert written(sandbox) == ["PATCH /api/campaigns/1/edit"]
    assert campaigns_in(sandbox)[0]["isPublished"] is False


# Gone, another's, changed meanwhile.


def test_a_purged_campaign_is_made_anew_and_says_whom_it_would_begin_with(
    changed: MauticSandbox, file: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes")[0] == 0
    assert (campaigns_in(changed), emails_in(changed)) == ([], [])
    changed.store.contacts[1]["segments"].append(2)

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")
    assert code == 7
    assert "1 contact of its audience begin at the first step again" in in_two_lines(err)

    code, out, _ = pmctl("campaign", "rollback", "nudge", "--yes", "--force", "meant")
    assert (code, out.splitlines()[0]) == (0, "nudge: created, published (campaign 2)")
    file.write_text(CHANGED)
    _as_the_first_file(file, pmctl)


def test_a_campaign_that_is_another_s_now_is_neither_changed_nor_made_twice(
    changed: MauticSandbox, pmctl: Run
) -> None:
    changed.store.campaigns[1]["description"] = "Mine now"

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 5
    assert "carries the marker of nudge no more" in in_two_lines(err)
    assert written(changed) == []


def test_twins_are_refused(changed: MauticSandbox, pmctl: Run) -> None:
    changed.store.campaigns[2] = {**changed.store.campaigns[1], "id": 2}

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 5
    assert "two campaigns of Mautic are marked nudge of default: 1 and 2" in in_two_lines(err)


def test_a_snapshot_of_another_context_stays_there(
    changed: MauticSandbox, home: Path, pmctl: Run
) -> None:
    (path,) = (home / ".local/state/pmctl/snapshots/default/nudge").iterdir()
    path.write_text(path.read_text().replace("env=default", "env=staging"))

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 5
    assert "belongs to context staging" in in_two_lines(err)
    assert written(changed) == []


def test_what_changes_after_the_plan_was_shown_stops_it(
    changed: MauticSandbox, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = campaign_rollback.rollback

    def later(*given: Any, **more: Any) -> Any:
        changed.store.campaigns[1]["events"][0]["name"] = "By hand"
        return real(*given, **more)

    monkeypatch.setattr(campaign_rollback, "rollback", later)
    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 5
    assert "nudge was changed in Mautic after it was planned" in in_two_lines(err)
    assert written(changed) == []


def test_a_step_that_waited_for_a_date_cannot_be_made_anew(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    events = {event["id"]: event for event in sandbox.store.campaigns[1]["events"]}
    resend = events[event_ids(sandbox)[RESEND]]
    resend.update(triggerMode="date", triggerDate="2026-12-24T10:00:00+00:00")
    file.write_text(SHORTER)
    assert pmctl("campaign", "apply", file, "--force", "a test")[0] == 0
    sandbox.reset_requests()

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes")

    assert code == 5
    assert "waited for a date, which Mautic's API cannot write" in in_two_lines(err)
    assert written(sandbox) == []


# Any sequence.


CIRCLE = """\
version: 1
key: nudge
name: Nudge
audience: {segments: [trial-day-2]}
steps:
  - wait: 30m
  - {webhook: {url: "https://example.com/ping"}}
  - {email: offer, subject: A question, body: Hello}
  - if: {tag: warm}
    then: [{points: {add: 1}}]
    else:
      - on: visited
        within: 2d
        then: [{email: resend, subject: Again, body: Hello}, {wait: 1d}, {goto: offer}]
      - wait: 1d
      - goto: resend
"""
SHORT_CIRCLE = (
    CIRCLE[: CIRCLE.index("  - {webhook")]
    + CIRCLE[CIRCLE.index("  - {email: offer") : CIRCLE.index("  - if")]
    + "  - {on: replied, then: [{wait: 1d}, {goto: offer}]}\n"
)


def test_a_jump_that_comes_back_aims_at_its_target_and_at_no_event_called_so_before(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _applied(file, pmctl, sandbox, CIRCLE, SHORT_CIRCLE)

    code, _, err = pmctl("campaign", "rollback", "nudge", "--yes", "--force", "a test")

    assert code == 0, err
    _as_the_first_file(file, pmctl)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=sequences(), second=sequences())
def test_any_change_can_be_rolled_back(
    first: dict[str, Any],
    second: dict[str, Any],
    file: Path,
    home: Path,
    pmctl: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        stock(sandbox)
        monkeypatch.setenv("XDG_STATE_HOME", str(home / sandbox.url[-5:]))  # of this example
        texts = [yaml.safe_dump(one, sort_keys=False) for one in (first, second)]
        _applied(file, pmctl, sandbox, *texts)
        events, mails = set(event_ids(sandbox).items()), set(mail_ids(sandbox).items())

        code, out, err = pmctl("campaign", "rollback", "random", "--yes", "--force", "a test", "-q")

        assert code == 0 or (code == 3 and _hash(texts[0]) == _hash(texts[1])), err
        assert pmctl("campaign", "diff", file, "-q") == (0, "", ""), out + err
        kept = {name for name, _ in events} & set(event_ids(sandbox))
        assert {pair for pair in events if pair[0] in kept} <= set(event_ids(sandbox).items())
        assert mails <= set(mail_ids(sandbox).items())


def _hash(text: str) -> str:
    """What a file comes to in Mautic: an environment of elsewhere, or `moved`, is no part of it."""
    return compile_text("random.yaml", text, lambda _: "", {}).desired.hash

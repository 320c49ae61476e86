"""A saved plan is applied exactly, or refused with a line for each reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, event_ids, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import call

NOTHING = "1 campaign: 1 up to date\n"
CHANGED = NUDGE.replace("A question", "News")


@pytest.fixture
def saved(tmp_path: Path, file: Path, pmctl: Run, sandbox: MauticSandbox) -> Path:
    """The plan of a change to a campaign that is there."""
    assert pmctl("campaign", "apply", file)[0] == 0
    file.write_text(CHANGED)
    place = tmp_path / "plan.json"
    code, _, err = pmctl("campaign", "plan", file, "--out", place)
    assert (code, err) == (
        0,
        f"saved; `pmctl campaign apply {place}` does exactly this, or nothing\n",
    )
    sandbox.reset_requests()
    return place


def test_it_is_applied_and_leaves_nothing_to_do(
    saved: Path, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, out, _ = pmctl("campaign", "apply", saved)

    assert (code, out.splitlines()[-1]) == (0, "1 campaign: 1 changed")
    assert sandbox.store.emails[1]["subject"] == "News"
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_a_new_campaign_is_applied_from_a_plan(
    tmp_path: Path, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    place = tmp_path / "plan.json"
    assert pmctl("campaign", "plan", file, "--out", place)[0] == 0

    assert pmctl("campaign", "apply", place)[0] == 0
    assert pmctl("campaign", "apply", place)[0] == 6  # it is done: the plan is of the past


def test_it_holds_no_password_and_no_text_and_is_for_its_owner_only(
    saved: Path, sandbox: MauticSandbox
) -> None:
    text = saved.read_text()

    assert saved.stat().st_mode & 0o777 == 0o600
    assert sandbox.client_secret not in text
    assert "News" not in text
    record = json.loads(text)
    assert (record["url"], record["context"], record["version"]) == (sandbox.url, "default", 1)
    (one,) = record["campaigns"]
    assert (one["key"], one["action"], one["campaign_id"]) == ("nudge", "update", 1)


def test_only_what_was_planned_is_compiled_and_applied(
    saved: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    (tmp_path / "other.yaml").write_text(OTHER)
    (tmp_path / "broken.yaml").write_text("steps: [")

    assert pmctl("campaign", "apply", saved)[0] == 0
    assert len(sandbox.store.campaigns) == 1


def _stale(saved: Path, pmctl: Run, sandbox: MauticSandbox, *more: str) -> list[str]:
    before = len(written(sandbox))
    code, out, err = pmctl("campaign", "apply", saved, *more)
    assert (code, out) == (6, ""), err
    assert len(written(sandbox)) == before
    *reasons, error, hint = err.splitlines()
    assert in_two_lines(f"{error}\n{hint}") == "the saved plan is stale; nothing was changed"
    assert all(reason.startswith("warning: ") for reason in reasons)
    return [reason.removeprefix("warning: ") for reason in reasons]


def test_a_file_that_changed_makes_it_stale(
    saved: Path, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(CHANGED.replace("within: 3d", "within: 2d"))

    (reason,) = _stale(saved, pmctl, sandbox)

    assert reason.startswith(f"{file} says something else now")


def test_another_limit_in_the_file_makes_it_stale(
    saved: Path, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    limit = "limits: {force_above_immediate_sends: 900}\nsteps:"
    file.write_text(CHANGED.replace("steps:", limit))

    assert len(_stale(saved, pmctl, sandbox)) == 1


def _rename_event(sandbox: MauticSandbox) -> None:
    event = sandbox.store.event(event_ids(sandbox)["pmctl step=offer path=main"])[1]
    event["name"] = "By hand"


def _edit_mail(sandbox: MauticSandbox) -> None:
    call(sandbox, "emails/2/edit", "PATCH", {"subject": "By hand"})


def _save_again(sandbox: MauticSandbox) -> None:
    sandbox.store.campaigns[1]["dateModified"] = "2030-01-01T00:00:00+00:00"


def _unpublish(sandbox: MauticSandbox) -> None:
    call(sandbox, "campaigns/1/edit", "PATCH", {"isPublished": False})


@pytest.mark.parametrize("change", [_rename_event, _edit_mail, _save_again, _unpublish])
def test_a_change_in_mautic_makes_it_stale(
    change: Any, saved: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    change(sandbox)

    assert _stale(saved, pmctl, sandbox) == ["nudge: campaign 1 was changed in Mautic"]


def test_a_campaign_that_is_gone_makes_it_stale(
    saved: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    call(sandbox, "campaigns/1/delete", "DELETE")

    assert _stale(saved, pmctl, sandbox) == ["nudge: it is not in Mautic any more"]


def test_a_change_between_the_last_look_and_the_write_is_stale_too(
    saved: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    offer = event_ids(sandbox)["pmctl step=offer path=main"]
    sandbox.reset_requests()
    real = sandbox.mautic.answer
    looks = 0

    def between(request: Any) -> Any:
        nonlocal looks
        if (request.method, request.path) == ("GET", "/api/campaigns/1"):
            looks += 1
            if looks == 2:  # the plan has looked, apply looks again
                sandbox.store.event(offer)[1]["name"] = "By hand"
        return real(request)

    sandbox.mautic.answer = between  # type: ignore[method-assign]

    assert pmctl("campaign", "apply", saved)[0] == 6
    assert written(sandbox) == []


def test_it_is_for_one_server_and_one_context(
    saved: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_CONTEXT", "staging")
    reasons = _stale(saved, pmctl, sandbox)
    assert reasons == ["it was made in context default, not in staging"]

    monkeypatch.setenv("PMCTL_CONTEXT", "default")
    with MauticSandbox() as other:
        monkeypatch.setenv("PMCTL_MAUTIC_URL", other.url)
        (reason,) = _stale(saved, pmctl, other)
        assert reason == f"it was made for {sandbox.url}, not for {other.url}"


def _resealed(text: str, **fields: Any) -> str:
    """A plan that another pmctl wrote: sealed, but not ours."""
    from pmctl.clients import saved_plan

    record = {**json.loads(text), **fields}
    record["checksum"] = saved_plan._checksum(record)
    return json.dumps(record)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:40], "is damaged: it is no JSON"),
        (lambda text: "", "is damaged: it is no JSON"),
        (lambda text: "[" * 100_000, "is damaged: it is no JSON"),
        (lambda text: "[]", "is no saved plan"),
        (lambda text: '{"kind": "terraform"}', "is no saved plan"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "is a plan of another pmctl"),
        (lambda text: text.replace('"nudge"', '"trick"'), "is damaged: it is not as it was saved"),
        (lambda text: _resealed(text, campaigns=[{}]), "is damaged: it lacks what a plan holds"),
        (lambda text: _resealed(text, campaigns=7), "is damaged: it lacks what a plan holds"),
    ],
)
def test_a_damaged_or_foreign_file_is_bad_input(
    damage: Any, words: str, saved: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    saved.write_text(damage(saved.read_text()))

    code, out, err = pmctl("campaign", "apply", saved)

    assert (code, out) == (65, "")
    assert words in in_two_lines(err)
    assert sandbox.requests == []


def test_a_plan_that_is_not_there_is_bad_input(tmp_path: Path, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "apply", tmp_path / "none.json")

    assert code == 65
    assert "cannot be read" in in_two_lines(err)


def test_a_plan_is_applied_alone(saved: Path, file: Path, pmctl: Run) -> None:
    assert pmctl("campaign", "apply", saved, file)[0] == 64


def test_a_plan_of_stdin_cannot_be_saved(tmp_path: Path, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "plan", "-", "--out", tmp_path / "p.json", stdin=NUDGE)

    assert code == 64
    assert "stdin" in in_two_lines(err)


def test_a_plan_that_cannot_be_written_is_said(
    file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    code, _, err = pmctl("campaign", "plan", file, "--out", tmp_path / "none" / "p.json")

    assert code == 1
    assert "cannot be written" in err


def test_a_dangerous_plan_still_needs_a_reason(
    tmp_path: Path, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    resend = event_ids(sandbox)["pmctl step=resend path=main/offer.opened=no"]
    sandbox.store.put_waiting(resend, 1)
    file.write_text(NUDGE[: NUDGE.index("    else:")])
    place = tmp_path / "plan.json"
    assert pmctl("campaign", "plan", file, "--out", place)[0] == 0

    assert pmctl("campaign", "apply", place)[0] == 7
    assert pmctl("campaign", "apply", "--dry-run", place)[0] == 0
    assert pmctl("campaign", "apply", place, "--force", "nobody minds")[0] == 0


def test_a_taken_over_campaign_is_applied_as_planned(
    tmp_path: Path, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    monkeypatch.setenv("PMCTL_CONTEXT", "other")
    place = tmp_path / "plan.json"
    assert pmctl("campaign", "plan", file, "--takeover", "--out", place)[0] == 0

    assert pmctl("campaign", "apply", place)[0] == 0
    assert "env=other" in sandbox.store.campaigns[1]["description"]

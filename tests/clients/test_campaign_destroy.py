"""`campaign destroy`: says whom it concerns, retires by default, deletes only when told to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients import campaign_destroy
from pmctl.sandbox.answers import Answer
from pmctl.sandbox.request import Request
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, in_two_lines, mail_ids, written
from tests.conftest import Run
from tests.sandboxes import Do, answering, campaigns_in, emails_in
from tests.shell import PMCTL, typed


@pytest.fixture
def live(file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """Campaign 1 is nudge with people inside, campaign 2 is other."""
    assert pmctl("campaign", "apply", file)[0] == 0
    (tmp_path / "other.yaml").write_text(OTHER)
    assert pmctl("campaign", "apply", tmp_path / "other.yaml")[0] == 0
    sandbox.store.put_member(1, 1)
    sandbox.store.put_waiting(sandbox.store.campaigns[1]["events"][0]["id"], 2)
    sandbox.reset_requests()
    return sandbox


def _event(sandbox: MauticSandbox, kind: str, type_: str, properties: dict[str, Any]) -> None:
    """Put an event into the other campaign, as the builder does."""
    events = sandbox.store.campaigns[2]["events"]
    own = {"id": 90 + len(events), "type": type_, "eventType": kind, "name": f"By hand {type_}"}
    events.append({**events[0], **own, "description": None, "properties": properties})


# Retiring.


def test_it_retires_with_one_write_and_deletes_nothing(live: MauticSandbox, pmctl: Run) -> None:
    before = campaigns_in(live)[0]

    code, out, err = pmctl("campaign", "destroy", "nudge", "--yes")

    assert code == 0
    assert out.splitlines()[1].split("\t")[:3] == ["nudge", "retired", "1"]
    assert err == "nudge (campaign 1): 2 members, 1 waiting\n"
    assert written(live) == ["PATCH /api/campaigns/1/edit"]
    after = campaigns_in(live)[0]
    assert after["isPublished"] is False
    assert after["description"].startswith(f"{before['description']}\npmctl:retired 20")
    assert after["events"] == before["events"]
    assert len(emails_in(live)) == 3


def test_a_retired_campaign_is_known_as_such(live: MauticSandbox, pmctl: Run) -> None:
    assert pmctl("campaign", "destroy", "nudge", "--yes")[0] == 0
    live.reset_requests()

    code, out, _ = pmctl("campaign", "destroy", "nudge", "--yes", "-o", "json")
    assert (code, json.loads(out)[0]["action"]) == (0, "nothing")
    rows = json.loads(pmctl("campaign", "list", "--ours", "-o", "json")[1])
    assert [bool(row["retired"]) for row in rows] == [True, False]
    table = [line.split("\t") for line in pmctl("campaign", "list", "--ours")[1].splitlines()]
    assert table[0][-1] == "retired"
    assert [line[-1] for line in table[1:]] == [rows[0]["retired"], ""]
    code, _, err = pmctl("campaign", "publish", "nudge")
    assert code == 5
    assert "nudge was retired 20" in in_two_lines(err)
    assert written(live) == []


def test_an_apply_of_a_retired_campaign_needs_a_reason(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "destroy", "nudge", "--yes")[0] == 0
    live.reset_requests()

    code, out, _ = pmctl("campaign", "diff", file)
    assert code == 2
    assert "! it was retired 20" in out
    code, _, err = pmctl("campaign", "apply", file)
    assert code == 7
    assert "this brings it back" in in_two_lines(err)
    assert written(live) == []

    assert pmctl("campaign", "apply", file, "--force", "it sold well")[0] == 0
    assert campaigns_in(live)[0]["isPublished"] is True
    assert pmctl("campaign", "diff", file)[:2] == (0, "")


def test_a_retired_campaign_without_a_file_is_no_difference(
    live: MauticSandbox, tmp_path: Path, file: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "destroy", "nudge", "--yes")[0] == 0
    file.unlink()

    assert pmctl("campaign", "diff", tmp_path, "--all") == (0, "", "")


def test_a_rollback_brings_a_retired_campaign_back_as_it_was(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    before = campaigns_in(live)[0]
    assert pmctl("campaign", "destroy", "nudge", "--yes")[0] == 0

    assert pmctl("campaign", "rollback", "nudge", "--yes")[0] == 0

    after = campaigns_in(live)[0]
    for campaign in (before, after):
        del campaign["dateModified"], campaign["canvasSettings"]
    assert after == before
    assert pmctl("campaign", "diff", file)[:2] == (0, "")


# Whom it concerns, and the question.


@pytest.mark.parametrize(
    ("kind", "type_", "properties", "words"),
    [
        ("action", "campaign.addremovelead", {"addTo": [1]}, "adds people to it"),
        ("action", "campaign.addremovelead", {"removeFrom": ["1"]}, "removes people from it"),
        ("condition", "lead.campaigns", {"campaigns": [1]}, "asks who is in it"),
    ],
)
def test_campaigns_that_name_it_are_named(
    kind: str, type_: str, properties: dict[str, Any], words: str, live: MauticSandbox, pmctl: Run
) -> None:
    _event(live, kind, type_, properties)

    code, out, err = pmctl("campaign", "destroy", "nudge", "--dry-run")

    assert (code, out) == (0, "")
    assert f"  ! other (campaign 2) {words}: step By hand {type_}" in err
    assert written(live) == []


def test_its_own_events_are_no_dependants(live: MauticSandbox, pmctl: Run) -> None:
    for event in live.store.campaigns[1]["events"]:
        if event["type"] == "campaign.addremovelead":
            event["properties"] = {"addTo": [], "removeFrom": ["this", 1]}

    assert "!" not in pmctl("campaign", "destroy", "nudge", "--dry-run")[2]


def test_without_a_terminal_it_refuses_at_once(live: MauticSandbox, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "destroy", "nudge")

    assert (code, out) == (64, "")
    assert "nobody is there" in err
    assert "--yes" in err
    assert written(live) == []


@pytest.mark.parametrize(("keys", "writes"), [("nudge", 1), ("y", 0), ("", 0), ("Nudge", 0)])
def test_at_a_terminal_the_key_is_typed_back(keys: str, writes: int, live: MauticSandbox) -> None:
    shown = typed([*PMCTL, "campaign", "destroy", "nudge"], f"{keys}\n")

    assert "2 members, 1 waiting" in shown
    assert "type nudge to retire it: " in shown
    assert len(written(live)) == writes


def test_several_are_looked_at_before_anything_is_done(live: MauticSandbox, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "destroy", "nudge", "othre", "--yes")
    assert code == 3
    assert "no campaign othre" in err
    assert written(live) == []

    code, out, err = pmctl("campaign", "destroy", "nudge", "gone", "2", "--if-exists", "--yes")
    assert code == 0, err
    assert [line.split("\t")[0] for line in out.splitlines()[1:]] == ["nudge", "other"]
    assert "gone is not in Mautic" in err
    assert [one["isPublished"] for one in campaigns_in(live)] == [False, False]


def test_what_is_not_ours_is_left_alone(live: MauticSandbox, pmctl: Run) -> None:
    live.store.campaigns[1]["description"] = "By hand"
    text = live.store.campaigns[2]["description"]
    live.store.campaigns[2]["description"] = text.replace("env=default", "env=staging")

    for name, words in (("1", "is none that pmctl made"), ("2", "belongs to context staging")):
        code, _, err = pmctl("campaign", "destroy", name, "--purge", "--yes")
        assert code == 5
        assert words in in_two_lines(err)
    assert pmctl("campaign", "destroy", "other", "--yes")[0] == 3
    assert written(live) == []


def test_what_changes_after_it_was_looked_at_stops_it(
    live: MauticSandbox, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = campaign_destroy.retire

    def later(*given: Any, **more: Any) -> Any:
        live.store.campaigns[1]["name"] = "By hand"
        return real(*given, **more)

    monkeypatch.setattr(campaign_destroy, "retire", later)
    code, _, err = pmctl("campaign", "destroy", "nudge", "--yes")

    assert code == 5
    assert "error: campaign 1 was changed in Mautic meanwhile\n" in err
    assert written(live) == []


# Deleting.


def test_a_purge_deletes_the_campaign_last_and_unpublishes_its_emails(
    live: MauticSandbox, pmctl: Run
) -> None:
    code, out, _ = pmctl("campaign", "destroy", "nudge", "--purge", "--yes", "-o", "json")

    (row,) = json.loads(out)
    assert code == 0
    assert (row["action"], row["emails_unpublished"]) == ("purged", ["offer", "resend"])
    assert written(live) == [
        "PATCH /api/campaigns/1/edit",
        "PATCH /api/emails/1/edit",
        "PATCH /api/emails/2/edit",
        "DELETE /api/campaigns/1/delete",
    ]
    assert [one["isPublished"] for one in emails_in(live)] == [False, False, True]


def test_emails_are_deleted_only_when_told_to(live: MauticSandbox, pmctl: Run) -> None:
    code, out, _ = pmctl(
        "campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes", "-o", "json"
    )

    assert code == 0
    assert json.loads(out)[0]["emails_deleted"] == ["offer", "resend"]
    assert [one["name"] for one in campaigns_in(live)] == ["Other"]
    assert sorted(mail_ids(live)) == ["news"]
    assert pmctl("campaign", "destroy", "nudge", "--purge-emails", "--yes")[0] == 64


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("email.send", {"email": 1, "email_type": "marketing"}),
        ("email.send.to.user", {"useremail": {"email": "1"}, "user_id": [1]}),
    ],
)
def test_an_email_that_another_campaign_sends_stays_as_it_is(
    type_: str, properties: dict[str, Any], live: MauticSandbox, pmctl: Run
) -> None:
    _event(live, "action", type_, properties)

    code, out, err = pmctl(
        "campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes", "-o", "json"
    )

    assert code == 0
    assert "  ! email offer stays: other (campaign 2): step By hand" in err
    assert json.loads(out)[0]["emails_kept"] == ["offer"]
    assert sorted(mail_ids(live)) == ["news", "offer"]
    assert live.store.emails[1]["isPublished"] is True


def test_a_purge_is_known_afterwards(live: MauticSandbox, pmctl: Run) -> None:
    assert pmctl("campaign", "destroy", "nudge", "--purge", "--yes")[0] == 0

    code, out, _ = pmctl("campaign", "destroy", "nudge", "--purge", "--yes", "-o", "json")
    assert (code, json.loads(out)[0]["action"]) == (0, "nothing")
    code, out, _ = pmctl(
        "campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes", "-o", "json"
    )
    assert (code, json.loads(out)[0]["emails_deleted"]) == (0, ["offer", "resend"])
    code, _, err = pmctl("campaign", "destroy", "nudge", "--purge", "--yes")
    assert code == 0
    assert "nudge is not in Mautic (purged 20" in err


@pytest.mark.parametrize("how", ["cut-after", "500-stored"])
def test_a_delete_without_an_answer_that_was_done_is_done(
    how: str, live: MauticSandbox, pmctl: Run
) -> None:
    live.fail(f"DELETE:*:*:{how}")

    code, _, err = pmctl("campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes")

    assert code == 0, err
    assert len(campaigns_in(live)) == 1
    assert written(live).count("DELETE /api/campaigns/1/delete") == 1


def test_what_somebody_deletes_meanwhile_is_what_was_wanted(
    live: MauticSandbox, pmctl: Run
) -> None:
    gone = {
        "/api/emails/1": lambda: live.store.emails.pop(1),
        "/api/emails/2/delete": lambda: live.store.emails.pop(2),
        "/api/campaigns/1/delete": lambda: live.store.campaigns.pop(1),
    }

    def first(request: Request, do: Do) -> Answer:
        gone.pop(request.path, lambda: None)()
        return do(request)

    answering(live, first)

    code, _, err = pmctl("campaign", "destroy", "nudge", "--purge", "--purge-emails", "--yes")

    assert code == 0, err
    assert gone == {}
    assert sorted(mail_ids(live)) == ["news"]


# Status.


def test_status_is_one_line_for_each_campaign_of_the_context(
    live: MauticSandbox, file: Path, pmctl: Run
) -> None:
    live.store.campaigns[9] = {**live.store.campaigns[2], "id": 9, "description": "by hand"}

    code, out, _ = pmctl("campaign", "status")
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0] == ["key", "published", "members", "waiting", "changed", "drift", "retired"]
    assert [line[:4] for line in lines[1:]] == [
        ["nudge", "yes", "2", "1"],
        ["other", "no", "0", "0"],
    ]
    assert {line[5] for line in lines[1:]} == {"unknown"}

    live.store.emails[1].update(subject="By hand", revision=9)
    rows = json.loads(pmctl("campaign", "status", file, "-o", "json")[1])
    assert [row["drift"] for row in rows] == ["yes", "no file"]
    assert pmctl("campaign", "apply", file)[0] == 0
    rows = json.loads(pmctl("campaign", "status", file, "-o", "json")[1])
    assert [row["drift"] for row in rows] == ["no", "no file"]


def test_status_asks_side_by_side_two_small_things_of_each(
    tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    for number in range(12):
        text = NUDGE.replace("nudge", f"n-{number:02}").replace("Nudge", f"N {number}")
        (tmp_path / f"{number:02}.yaml").write_text(text)
    assert pmctl("campaign", "apply", tmp_path)[0] == 0
    sandbox.reset_requests()
    sandbox.latency_ms = 20

    code, out, _ = pmctl("campaign", "status", "-o", "json")

    assert code == 0
    assert len(json.loads(out)) == 12
    stats = [seen for seen in sandbox.requests if "/stats/" in seen.path]
    assert len(stats) == len(sandbox.requests) - 1 == 24
    assert all("limit=0" in seen.path for seen in stats)
    assert 1 < sandbox.most_at_once <= 8


def test_a_status_of_nothing_is_empty(pmctl: Run, sandbox: MauticSandbox) -> None:
    assert pmctl("campaign", "status", "-o", "json") == (
        0,
        "[]\n",
        "no campaigns of context default\n",
    )

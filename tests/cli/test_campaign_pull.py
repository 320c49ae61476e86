"""`campaign pull` and `campaign adopt` as a person uses them, against a stand-in Mautic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox import campaign as campaigns
from pmctl.sandbox import mail as emails
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, OTHER, event_ids, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import campaigns_in, emails_in

NOTHING = "1 campaign: 1 up to date\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pulled"


@pytest.fixture
def applied(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    code, _, err = pmctl("campaign", "apply", file)
    assert code == 0, err
    sandbox.reset_requests()
    return sandbox


def by_hand(sandbox: MauticSandbox, **others: Any) -> int:
    """A campaign as somebody made it in the builder: two beginnings, a score, no marks."""
    store = sandbox.store
    html = '<p>Hi <a href="https://x.test/?e={contactfield=email}">x</a></p>'
    said = {"name": "Spring offer", "subject": "Spring", "isPublished": True, "customHtml": html}
    mail = emails.create(store, said).body["email"]["id"]
    segment = next(key for key, one in store.segments.items() if one["alias"] == "newsletter")

    def event(number: str, type_: str, role: str, properties: Any, **more: Any) -> dict[str, Any]:
        own = {"id": number, "name": f"My {type_}", "type": type_, "eventType": role}
        return {**own, "properties": properties, "triggerMode": "immediate", **more}

    def line(source: str, target: str, anchor: str) -> dict[str, Any]:
        return {
            "sourceId": source,
            "targetId": target,
            "anchors": {"source": anchor, "target": "top"},
        }

    body = {
        "name": "Spring 2027", "description": "<p>Made by <b>hand</b></p>", "isPublished": True,
        "lists": [{"id": segment}], "publishUp": "2027-03-01 08:00",
        "events": [
            event("new1", "email.send", "action", {"email": mail, "email_type": "marketing"}),
            event("new2", "lead.changepoints", "action", {"points": 3}, triggerMode="interval",
                  triggerInterval=2, triggerIntervalUnit="h", triggerHour="09:30"),
            event("new3", "email.open", "decision", {}),
            event("new4", "lead.scorecontactscompanies", "action", {"score": 5}),
            event("new5", "email.send", "action", {"email": mail, "email_type": "marketing"},
                  triggerMode="interval", triggerInterval=3, triggerIntervalUnit="d"),
        ],
        "canvasSettings": {
            "nodes": [{"id": name, "positionX": "1", "positionY": "1"}
                      for name in ("lists", "new1", "new2", "new3", "new4", "new5")],
            "connections": [
                line("lists", "new1", "leadsource"), line("lists", "new2", "leadsource"),
                line("new1", "new3", "bottom"), line("new3", "new4", "yes"),
                line("new3", "new5", "no"),
            ],
        },
        **others,
    }  # fmt: skip
    number: int = campaigns.create(store, body).body["campaign"]["id"]
    sandbox.reset_requests()
    return number


def test_a_lost_file_comes_back_and_the_plan_is_empty(
    applied: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    code, out, err = pmctl("campaign", "pull", "nudge", "--dir", folder, "--no-header")

    assert code == 0, err
    assert out == f"nudge\tcreated\t{folder}/nudge.yaml\n"
    assert sorted(path.name for path in folder.rglob("*.*")) == [
        "nudge-offer.html", "nudge-offer.txt", "nudge-resend.html", "nudge-resend.txt",
        "nudge.yaml",
    ]  # fmt: skip
    assert written(applied) == []
    code, out, err = pmctl("campaign", "plan", folder, "--detailed-exitcode")
    assert (code, out) == (0, NOTHING), err


def test_a_pull_of_what_the_file_says_already_touches_nothing(
    applied: MauticSandbox, file: Path, pmctl: Run
) -> None:
    before = file.read_bytes()

    code, out, _ = pmctl("campaign", "pull", "--all", "--dir", file.parent, "-o", "json")

    assert code == 0
    assert json.loads(out)[0]["action"] == "unchanged"
    assert file.read_bytes() == before
    assert not (file.parent / "bodies").exists()


def test_what_was_changed_in_mautic_comes_into_the_file_beside_its_comments(
    applied: MauticSandbox, file: Path, pmctl: Run
) -> None:
    file.write_text(NUDGE.replace("  - on: opened", "  # this is about them\n  - on: opened"))
    number = next(mail["id"] for mail in emails_in(applied) if mail["subject"] == "Again")
    emails.edit(applied.store, number, {"subject": "Once more"}, "PATCH")

    code, out, err = pmctl("campaign", "pull", "nudge", "--dir", file.parent)

    assert code == 0, err
    assert "changed" in out
    assert file.read_text() == NUDGE.replace(
        "  - on: opened", "  # this is about them\n  - on: opened"
    ).replace("subject: Again", "subject: Once more")
    assert pmctl("campaign", "plan", file)[1] == NOTHING


def test_changes_on_both_sides_are_not_lost_by_a_pull(
    applied: MauticSandbox, file: Path, pmctl: Run
) -> None:
    mine = NUDGE.replace("A question", "My question")
    file.write_text(mine)
    number = next(mail["id"] for mail in emails_in(applied) if mail["subject"] == "Again")
    emails.edit(applied.store, number, {"subject": "Once more"}, "PATCH")

    code, _, err = pmctl("campaign", "pull", "nudge", "--dir", file.parent)
    assert code == 5
    assert "was changed since it was applied" in in_two_lines(err)
    assert file.read_text() == mine

    code, _, err = pmctl("campaign", "pull", "nudge", "--dir", file.parent, "--force")
    assert code == 0, err
    assert "Once more" in file.read_text()
    assert "My question" not in file.read_text()


def test_a_dry_run_writes_no_file(applied: MauticSandbox, folder: Path, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "pull", "nudge", "--dir", folder, "--dry-run", "--no-header")

    assert (code, out) == (0, f"nudge\tcreated\t{folder}/nudge.yaml\n")
    assert not folder.exists()


def test_files_of_something_else_are_not_overwritten(
    applied: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    (folder / "bodies").mkdir(parents=True)
    (folder / "bodies" / "nudge-offer.txt").write_text("mine")

    code, _, err = pmctl("campaign", "pull", "nudge", "--dir", folder)

    assert code == 5
    assert "nudge-offer.txt is there already" in in_two_lines(err)
    assert [path.name for path in folder.rglob("*.*")] == ["nudge-offer.txt"]


def test_one_campaign_that_no_file_can_say_does_not_stop_the_others(
    applied: MauticSandbox, file: Path, folder: Path, pmctl: Run
) -> None:
    other = file.with_name("other.yaml")
    other.write_text(OTHER)
    assert pmctl("campaign", "apply", other)[0] == 0
    broken = next(one for one in applied.store.campaigns.values() if one["name"] == "Other")
    broken["events"] = []

    code, out, err = pmctl("campaign", "pull", "--all", "--dir", folder)

    assert code == 1
    assert "nudge\tcreated" in out
    assert "cannot be said in a file: it has no first event" in in_two_lines(err)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 64, "name campaigns by key, or one by --id, or pass --all"),
        (("nudge", "--all"), 64, "name campaigns by key"),
        (("nudgee",), 3, "no campaign nudgee"),
        (("--all", "--as", "x"), 64, "--as is for one campaign"),
        (("--id", "99"), 3, "not found"),
    ],
)
def test_a_pull_that_makes_no_sense_is_one_error(
    words: tuple[str, ...], code: int, said: str, sandbox: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    found, out, err = pmctl("campaign", "pull", *words, "--dir", folder)

    assert (found, out) == (code, "")
    assert said in err
    assert not folder.exists()


def test_a_campaign_built_by_hand_becomes_a_file_and_ours(
    sandbox: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    number = by_hand(sandbox)
    before = campaigns_in(sandbox)[0]
    code, _, err = pmctl("campaign", "pull", "--id", str(number), "--as", "spring", "--dir", folder)
    assert code == 0, err
    text = (folder / "spring.yaml").read_text()
    assert "also:" in text
    assert 'hour: "09:30"' in text
    assert "type: lead.scorecontactscompanies" in text

    code, _, err = pmctl("campaign", "plan", folder / "spring.yaml")
    assert code == 5
    assert "pmctl did not make" in err

    adopting = ("campaign", "adopt", folder / "spring.yaml", "--id", str(number), "--yes")
    code, out, err = pmctl(*adopting, "--no-header")

    assert code == 0, err
    assert out == f"spring\t{number}\tyes\t{folder}/spring.yaml\n"
    assert pmctl("campaign", "plan", folder)[1] == NOTHING
    after = campaigns_in(sandbox)[0]
    for name in ("lists", "isPublished", "publishUp", "allowRestart", "name"):
        assert after[name] == before[name], name
    told = ("id", "type", "decisionPath", "triggerMode", "triggerInterval", "triggerHour")
    for now, then in zip(after["events"], before["events"], strict=True):
        assert dict(now["properties"]) == {**dict(now["properties"]), **dict(then["properties"])}
    assert [{k: e[k] for k in told} for e in after["events"]] == [
        {k: e[k] for k in told} for e in before["events"]
    ]


def test_adopting_twice_or_with_another_text_is_told(
    sandbox: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    number = str(by_hand(sandbox))
    pmctl("campaign", "pull", "--id", number, "--as", "spring", "--dir", folder)
    path = folder / "spring.yaml"
    text = path.read_text()

    path.write_text(text.replace("points: {add: 3}", "points: {add: 4}").replace(
        "points: 3", "points: 4"))  # fmt: skip
    code, _, err = pmctl("campaign", "adopt", path, "--id", number, "--yes")
    assert code == 5
    assert "says something else than campaign" in in_two_lines(err)
    assert written(sandbox) == []

    path.write_text(text)
    code, _, err = pmctl("campaign", "adopt", path, "--id", number)
    assert code == 64
    assert "--yes" in err
    code, _, err = pmctl("campaign", "adopt", path, "--id", number, "--dry-run")
    assert (code, written(sandbox)) == (0, [])
    assert "1 email and 0 events get their marks (nothing was written)" in err
    assert pmctl("campaign", "adopt", path, "--id", number, "--yes")[0] == 0
    code, _, err = pmctl("campaign", "adopt", path, "--id", number, "--yes")
    assert (code, "already" in err) == (0, True)


@pytest.mark.parametrize("how", ["cut-before", "cut-after", "500", "500-stored"])
@pytest.mark.parametrize("number", range(1, 12))
def test_an_adoption_broken_anywhere_is_finished_by_the_next(
    number: int, how: str, sandbox: MauticSandbox, folder: Path, pmctl: Run
) -> None:
    made = str(by_hand(sandbox))
    pmctl("campaign", "pull", "--id", made, "--as", "spring", "--dir", folder)
    words = ("campaign", "adopt", folder / "spring.yaml", "--id", made, "--yes")
    events = {event["id"] for event in campaigns_in(sandbox)[0]["events"]}
    sandbox.reset_requests()
    sandbox.fail(f"*:*:{number}:{how}")

    code, _, err = pmctl(*words, "--retries", "0", "--timeout", "0.5")
    assert code in (0, 1, 69, 75), err
    sandbox.fail(None)
    code, _, err = pmctl(*words)

    assert code == 0, err
    assert pmctl("campaign", "plan", folder)[1] == NOTHING
    assert set(event_ids(sandbox).values()) == events
    assert len(emails_in(sandbox)) == 1


def test_a_pull_of_many_asks_for_two_things_each(
    sandbox: MauticSandbox, file: Path, folder: Path, pmctl: Run
) -> None:
    for number in range(12):
        text = NUDGE.replace("key: nudge", f"key: nudge-{number}")
        (file.parent / f"{number}.yaml").write_text(text.replace("name: Nudge", f"name: N{number}"))
    file.unlink()
    assert pmctl("campaign", "apply", file.parent)[0] == 0
    sandbox.reset_requests()
    sandbox.latency_ms = 20

    code, out, _ = pmctl("campaign", "pull", "--all", "--dir", folder)

    assert (code, out.count("created")) == (0, 12)
    assert len(sandbox.requests) <= 12 * 2 + 3
    assert sandbox.most_at_once > 2


# What is applied comes back.


def test_every_shipped_example_comes_back_in_our_words_and_has_nothing_to_change(
    pmctl: Run, sandbox: MauticSandbox, folder: Path
) -> None:
    examples = Path(__file__).parents[2] / "campaigns"
    assert pmctl("campaign", "apply", examples, "--yes")[0] == 0

    code, _, err = pmctl("campaign", "pull", "--all", "--dir", folder)

    assert code == 0, err
    files = sorted(folder.glob("*.yaml"))
    assert [path.name for path in files] == [path.name for path in sorted(examples.glob("*.yaml"))]
    assert not [path.name for path in files if "raw:" in path.read_text()]
    count = len(files)
    assert pmctl("campaign", "plan", folder)[1] == f"{count} campaigns: {count} up to date\n"


TOLD = """\
version: 1
key: told
name: Told
audience: {segments: [trials]}
send: {from: {name: Harbor, address: harbor@example.com}, reply_to: answer@example.com}
steps:
  - email: hello
    subject: "Hello {{firstname|you}}, {{  company }}"
    body: Hello
    from: {name: Ana, address: ana@example.com}
  - wait: 1d
  - email: again
    subject: Again
    body: Hello
  - notify: {to: [ops@example.com], subject: "Call {{firstname}}", body: "{{ email }} waits"}
    id: call
"""


def test_senders_of_notices_and_tokens_of_subjects_come_back_however_they_were_spelt(
    pmctl: Run, sandbox: MauticSandbox, file: Path, folder: Path
) -> None:
    file.write_text(TOLD)
    assert pmctl("campaign", "apply", file)[0] == 0

    assert pmctl("campaign", "pull", "told", "--dir", folder)[0] == 0

    text = (folder / "told.yaml").read_text()
    assert "send:" in text
    assert text.count("harbor@example.com") == 1
    assert 'subject: "Hello {{ firstname | you }}, {{ company }}"' in text
    assert "raw:" not in text
    assert pmctl("campaign", "plan", folder)[1] == NOTHING

"""Many files are planned with a few large answers, and nothing is overlooked for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmctl.clients.bulk import FEW
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import in_two_lines
from tests.conftest import Run
from tests.sandboxes import call

ONE = """\
version: 1
key: many-{n}
name: Many {n}
audience: {{segments: [trial-day-2]}}
steps:
  - email: offer
    subject: Offer {n}
    body: Hello
"""
VARIANTS = ONE.replace("    subject: Offer {n}\n    body: Hello\n", "") + (
    "    variants:\n"
    "      - {{id: a, subject: As a, body: Hello}}\n"
    "      - {{id: b, weight: 40, subject: As b, body: Hello}}\n"
)
COUNT = FEW + 4
UP_TO_DATE = f"{COUNT} campaigns: {COUNT} up to date\n"


@pytest.fixture
def many(tmp_path: Path, pmctl: Run, sandbox: MauticSandbox) -> Path:
    """A folder of sequences that Mautic holds; the last one has variants."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(COUNT):
        text = VARIANTS if number == COUNT - 1 else ONE
        (folder / f"{number:02}.yaml").write_text(text.format(n=number))
    code, _, err = pmctl("campaign", "apply", folder, "--quiet")
    assert code == 0, err
    sandbox.reset_requests()
    return folder


def _asked(sandbox: MauticSandbox, path: str) -> int:
    return sum(seen.path.partition("?")[0] == path for seen in sandbox.requests)


def test_the_emails_of_all_are_asked_for_at_once(
    many: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "plan", many, "--quiet")[1] == UP_TO_DATE

    # their total, one page, and those of the sequence with variants, which no listing holds
    assert _asked(sandbox, "/api/emails") == 3
    assert len(sandbox.requests) < 2 * COUNT


def test_what_somebody_changed_is_seen_all_the_same(
    many: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    call(sandbox, "emails/3/edit", "PATCH", {"subject": "By hand"})
    call(sandbox, "emails/5/delete", "DELETE")
    child = next(e["id"] for e in sandbox.store.emails.values() if e["variantParent"])
    call(sandbox, f"emails/{child}/edit", "PATCH", {"plainText": "By hand"})

    _, out, _ = pmctl("campaign", "plan", many, "--quiet")

    assert "~ email offer  (changed in Mautic)\n      subject: By hand → Offer 2" in out
    assert "+ email offer  (changed in Mautic)" in out
    assert "~ email offer~b  (changed in Mautic)" in out
    assert out.endswith(f"{COUNT} campaigns: 3 to change, {COUNT - 3} up to date\n")


def test_an_apply_after_it_restores_what_it_showed(
    many: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    call(sandbox, "emails/3/edit", "PATCH", {"subject": "By hand"})

    assert pmctl("campaign", "apply", many, "--quiet")[0] == 0

    assert sandbox.store.emails[3]["subject"] == "Offer 2"
    assert pmctl("campaign", "plan", many, "--quiet")[1] == UP_TO_DATE


def test_two_emails_of_one_step_are_a_conflict_all_the_same(
    many: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    name = sandbox.store.emails[1]["name"]
    call(sandbox, "emails/new", body={"name": name, "subject": "A twin"})

    code, _, err = pmctl("campaign", "plan", many, "--quiet")

    assert code == 5
    assert "two emails of Mautic are step offer of many-0" in in_two_lines(err)


def test_the_members_of_all_are_asked_for_at_once(
    many: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    for campaign, contact in ((1, 1), (1, 2), (2, 3)):
        sandbox.store.put_member(campaign, contact)
    sandbox.store.put_member(3, 4)
    call(sandbox, "campaigns/3/contact/4/remove")
    sandbox.reset_requests()

    _, out, _ = pmctl("campaign", "plan", many, "--people", "--quiet")

    counts = [line.partition(": ")[2] for line in out.splitlines() if "people at" in line]
    assert counts == ["2 not yet there, 0 waiting, 0 past", "1 not yet there, 0 waiting, 0 past"]
    assert _asked(sandbox, "/api/stats/campaign_leads") == 2
    assert _asked(sandbox, "/api/stats/campaign_lead_event_log") == COUNT


def test_a_few_files_ask_for_their_own_only(many: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    one = many / "00.yaml"

    assert pmctl("campaign", "plan", one)[1] == "1 campaign: 1 up to date\n"
    assert _asked(sandbox, "/api/emails") == 1

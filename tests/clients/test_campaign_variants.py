"""A/B steps against a stand-in Mautic: parent and children, shares, removal, and no twin ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import SPLIT, event_ids, in_two_lines, written
from tests.conftest import Run
from tests.killing import kill_at
from tests.sandboxes import call, campaigns_in, use

NOTHING = "1 campaign: 1 up to date\n"
PLAIN = SPLIT[: SPLIT.index("    variants")] + "    subject: A question\n    body: Hello\n"
WITHOUT_C = SPLIT[: SPLIT.index("      - {id: c")]
SHIFTED = SPLIT.replace("weight: 30", "weight: 75").replace("Hello B", "Hello BB")


@pytest.fixture
def split(file: Path, pmctl: Run, sandbox: MauticSandbox) -> Path:
    """The file of an A/B campaign that the stand-in holds."""
    file.write_text(SPLIT)
    code, _, err = pmctl("campaign", "apply", file)
    assert code == 0, err
    sandbox.reset_requests()
    return file


def _emails(sandbox: MauticSandbox) -> dict[str, dict[str, Any]]:
    """Every email that the stand-in holds, children too, by the end of its name."""
    return {one["name"].rpartition("/")[2].strip("]"): one for one in sandbox.store.emails.values()}


def _shares(sandbox: MauticSandbox) -> dict[str, int]:
    """What Mautic would deal out: the children that are published, by their marks."""
    return {
        name.split("~")[1]: one["variantSettings"]["weight"]
        for name, one in _emails(sandbox).items()
        if one["variantParent"] and one["isPublished"]
    }


def test_the_first_variant_is_the_parent_and_the_others_are_its_children(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    emails = _emails(sandbox)

    assert list(emails) == ["offer", "offer~b~30~opens", "offer~c~20~opens"]
    parent = emails["offer"]["id"]
    assert [one["variantParent"] for one in emails.values()] == [None, parent, parent]
    assert emails["offer~b~30~opens"]["variantSettings"] == {
        "weight": 30, "winnerCriteria": "email.openrate",
    }  # fmt: skip
    (campaign,) = campaigns_in(sandbox)
    assert [e["properties"]["email"] for e in campaign["events"]] == [parent]
    assert pmctl("campaign", "plan", split)[1] == NOTHING


def test_each_winner_is_one_of_mautics_criteria(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(SPLIT + "    winner: {criteria: clicks}\n")

    assert pmctl("campaign", "apply", file)[0] == 0

    child = _emails(sandbox)["offer~b~30~clicks"]
    assert child["variantSettings"]["winnerCriteria"] == "email.clickthrough"


def test_a_changed_share_and_text_are_seen_and_written_to_the_child_alone(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    events = event_ids(sandbox)
    split.write_text(SHIFTED)

    _, out, _ = pmctl("campaign", "plan", split)
    code, _, err = pmctl("campaign", "apply", split)

    assert "share in percent: 30 → 75 (not verifiable: Mautic never shows it)" in out
    assert code == 0, err
    assert written(sandbox) == ["PATCH /api/emails/2/edit", "PUT /api/campaigns/1/edit"]
    assert _shares(sandbox) == {"b": 75, "c": 20}
    assert event_ids(sandbox) == events
    assert pmctl("campaign", "plan", split)[1] == NOTHING


def test_the_children_never_have_more_than_everything_between_two_writes(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    split.write_text(SPLIT.replace("weight: 30", "weight: 90").replace("weight: 20", "weight: 5"))
    sums = []
    real = sandbox.mautic.answer

    def look(request: Any) -> Any:
        answer = real(request)
        sums.append(sum(_shares(sandbox).values()))
        return answer

    sandbox.mautic.answer = look  # type: ignore[method-assign]

    assert pmctl("campaign", "apply", split)[0] == 0
    assert _shares(sandbox) == {"b": 90, "c": 5}
    assert max(sums) == 95


def test_a_text_changed_in_mautic_is_drift_also_in_a_child(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.emails[3]["subject"] = "Changed in the builder"
    sandbox.store.emails[3]["revision"] += 1

    code, out, _ = pmctl("campaign", "plan", split, "--detailed-exitcode")

    assert code == 2
    assert (
        "~ email offer~c  (changed in Mautic)\n      subject: Changed in the builder → Short" in out
    )


def test_a_variant_that_the_file_has_no_more_is_unpublished_and_not_deleted(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    split.write_text(WITHOUT_C)

    _, out, _ = pmctl("campaign", "plan", split)
    code, _, err = pmctl("campaign", "apply", split)

    assert "~ email offer~c\n      published: yes → no" in out
    assert code == 0, err
    assert written(sandbox) == ["PATCH /api/emails/3/edit", "PUT /api/campaigns/1/edit"]
    assert sandbox.store.emails[3]["isPublished"] is False
    assert pmctl("campaign", "plan", split)[1] == NOTHING


def test_a_variant_that_comes_back_is_published_again(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    for text in (WITHOUT_C, SPLIT):
        split.write_text(text)
        assert pmctl("campaign", "apply", split)[0] == 0

    assert len(sandbox.store.emails) == 3
    assert _shares(sandbox) == {"b": 30, "c": 20}


@pytest.mark.parametrize(("before", "after"), [(PLAIN, SPLIT), (SPLIT, PLAIN)])
def test_from_one_text_to_several_and_back_the_event_and_its_email_stay(
    before: str, after: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(before)
    assert pmctl("campaign", "apply", file)[0] == 0
    events, email = event_ids(sandbox), _emails(sandbox)["offer"]["id"]
    file.write_text(after)

    assert pmctl("campaign", "apply", file)[0] == 0

    assert event_ids(sandbox) == events
    assert _emails(sandbox)["offer"]["id"] == email
    assert _shares(sandbox) == ({} if after == PLAIN else {"b": 30, "c": 20})


def test_a_variant_that_somebody_made_in_mautic_is_named_until_it_is_unpublished(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.emails[3]["name"] = "Mine"

    code, _, err = pmctl("campaign", "plan", split)

    assert code == 5
    assert "email 3 ('Mine') is a variant of step offer of split that pmctl did not make" in err
    sandbox.store.emails[3]["isPublished"] = False
    split.write_text(WITHOUT_C)
    assert pmctl("campaign", "plan", split)[1] == NOTHING


def test_two_children_for_one_variant_are_named(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.emails[3]["name"] = sandbox.store.emails[2]["name"]

    code, _, err = pmctl("campaign", "plan", split)

    assert code == 5
    assert "two emails of Mautic are step offer~b of split: 2 and 3" in in_two_lines(err)


def test_an_ab_step_whose_event_is_gone_is_not_made_anew_for_those_inside(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.put_member(1, 1)
    sandbox.store.campaigns[1]["events"][0]["description"] = None
    sandbox.store.campaigns[1]["events"][0]["type"] = "lead.changetags"

    code, _, err = pmctl("campaign", "apply", split)

    assert code == 7
    assert "step offer is made anew: of 1 contact, those who had a variant are mailed again" in err
    assert written(sandbox) == []


def test_a_child_that_becomes_the_first_is_refused_while_people_are_inside(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.put_member(1, 1)
    first = next(line for line in SPLIT.splitlines(keepends=True) if "id: a" in line)
    split.write_text(SPLIT.replace(first, "").replace("weight: 30", "weight: 80"))

    code, _, err = pmctl("campaign", "apply", split)

    assert code == 7
    assert "variant b of offer becomes the first" in err
    assert pmctl("campaign", "apply", split, "--force", "the test is over")[0] == 0
    assert pmctl("campaign", "plan", split)[1] == NOTHING


def _people(sandbox: MauticSandbox, number: int) -> None:
    """Put so many new contacts into the audience."""
    segment = next(k for k, s in sandbox.store.segments.items() if s["alias"] == "trial-day-2")
    for _ in range(number):
        contact = sandbox.store.add_contact(f"c{len(sandbox.store.contacts)}@example.com")
        call(sandbox, f"segments/{segment}/contact/{contact}/add")


def _dealt(sandbox: MauticSandbox) -> dict[str, int]:
    """How many mails left with each variant, after the cron ran."""
    sandbox.cron()
    names = {one["id"]: name.split("~")[1:2] for name, one in _emails(sandbox).items()}
    return dict(Counter((names[one.email] or ["a"])[0] for one in sandbox.sent))


def test_mails_are_dealt_out_as_the_file_says_and_nobody_is_mailed_twice(
    split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    _people(sandbox, 20)
    assert _dealt(sandbox) == {"a": 10, "b": 6, "c": 4}

    split.write_text(WITHOUT_C)
    assert pmctl("campaign", "apply", split)[0] == 0
    _people(sandbox, 20)
    assert _dealt(sandbox)["c"] == 4

    split.write_text(PLAIN)
    assert pmctl("campaign", "apply", split)[0] == 0
    before = _dealt(sandbox)
    _people(sandbox, 5)
    assert _dealt(sandbox) == {**before, "a": before["a"] + 5}
    assert len({one.contact for one in sandbox.sent}) == len(sandbox.sent) == 45


# Cut at any request, and run again.

HOWS = ("cut-before", "cut-after", "500-stored")
CREATE = [(n, how) for n in range(1, 23) for how in HOWS]
CHANGE = [(n, how) for n in range(1, 19) for how in HOWS]


def _broken(sandbox: MauticSandbox, pmctl: Run, file: Path, number: int, how: str) -> None:
    sandbox.reset_requests()
    sandbox.fail(f"*:*:{number}:{how}")
    code, _, err = pmctl("campaign", "apply", file, "--retries", "0", "--timeout", "0.4")
    sandbox.fail(None)
    assert code in (0, 1, 69, 75), err


def _assert_whole(sandbox: MauticSandbox, pmctl: Run, file: Path, shares: dict[str, int]) -> None:
    code, out, err = pmctl("campaign", "apply", file)
    assert code == 0, out + err
    assert pmctl("campaign", "plan", file)[1] == NOTHING
    assert len(sandbox.store.emails) == 3
    assert _shares(sandbox) == shares
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True]


@pytest.mark.parametrize(("number", "how"), CREATE)
def test_a_first_apply_broken_anywhere_makes_no_twin_of_a_variant(
    number: int, how: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(SPLIT)

    _broken(sandbox, pmctl, file, number, how)

    _assert_whole(sandbox, pmctl, file, {"b": 30, "c": 20})


@pytest.mark.parametrize(("number", "how"), CHANGE)
def test_a_test_begun_on_a_plain_email_and_broken_anywhere_is_finished(
    number: int, how: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(PLAIN)
    assert pmctl("campaign", "apply", file)[0] == 0
    events = event_ids(sandbox)
    file.write_text(SPLIT)

    _broken(sandbox, pmctl, file, number, how)

    _assert_whole(sandbox, pmctl, file, {"b": 30, "c": 20})
    assert event_ids(sandbox) == events


def test_the_cuts_above_reach_every_request(
    file: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    with MauticSandbox() as sandbox:
        use(sandbox, monkeypatch)
        for text in (PLAIN, SPLIT):
            file.write_text(text)
            sandbox.reset_requests()
            assert pmctl("campaign", "apply", file)[0] == 0
            counts.append(len(sandbox.requests))
    with MauticSandbox() as fresh:
        use(fresh, monkeypatch)
        assert pmctl("campaign", "apply", file)[0] == 0
        created = len(fresh.requests)

    assert created == max(number for number, _ in CREATE)
    assert counts[1] == max(number for number, _ in CHANGE)


# Killed, and run again.


@pytest.mark.parametrize("number", range(4, 20, 2))
def test_an_apply_of_variants_that_is_killed_is_finished_by_the_next(
    number: int, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(SPLIT)
    assert kill_at(sandbox, ["apply", str(file)], number, done=number % 3 > 0)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 0, err
    assert list(_emails(sandbox)) == ["offer", "offer~b~30~opens", "offer~c~20~opens"]
    assert len(sandbox.store.emails) == 3
    assert _shares(sandbox) == {"b": 30, "c": 20}
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True]
    assert pmctl("campaign", "plan", file)[1] == NOTHING


@pytest.mark.parametrize("number", range(5, 15, 3))
def test_a_shift_of_shares_that_is_killed_is_finished_by_the_next(
    number: int, split: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    split.write_text(SHIFTED)
    events = event_ids(sandbox)
    assert kill_at(sandbox, ["apply", str(split)], number, done=number % 2 > 0)

    code, _, err = pmctl("campaign", "apply", split)

    assert code == 0, err
    assert _shares(sandbox) == {"b": 75, "c": 20}
    assert event_ids(sandbox) == events
    assert pmctl("campaign", "plan", split)[1] == NOTHING

"""Writes to segments that get no clear answer: looked up, never sent twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import in_two_lines, written
from tests.conftest import Run

QUICK = ("--retries", "0", "--timeout", "0.4")
DONE = ("cut-after", "500-stored", "cut-at-40")  # Mautic did it, and said so badly
NOT_DONE = ("cut-before", "500", "503", "html")
ADD = ("campaign", "segment", "add", "warm", "--name", "Warm", "--filter", "city = Lima")


@pytest.mark.parametrize("how", DONE)
def test_a_segment_that_was_made_all_the_same_is_found(
    how: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail(f"POST:/api/segments/new:1:{how}")

    code, _, err = pmctl(*ADD, *QUICK)

    assert code == 0, err
    assert [one["alias"] for one in sandbox.store.segments.values()].count("warm") == 1
    assert written(sandbox) == ["POST /api/segments/new"]


@pytest.mark.parametrize("how", NOT_DONE)
def test_a_segment_that_was_not_made_is_left_to_the_next_run(
    how: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail(f"POST:/api/segments/new:1:{how}")

    code, _, err = pmctl(*ADD, *QUICK)

    assert code == 75
    assert in_two_lines(err).startswith("warm: ")
    assert written(sandbox) == ["POST /api/segments/new"]
    assert pmctl(*ADD)[0] == 0


@pytest.mark.parametrize("how", DONE)
def test_a_change_that_was_stored_is_seen(how: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.fail(f"PATCH:/api/segments/5/edit:1:{how}")

    code = pmctl("campaign", "segment", "edit", "newsletter", "--filter", "city = Lima", *QUICK)[0]

    assert code == 0
    assert sandbox.store.segments[5]["filters"][0]["field"] == "city"
    assert written(sandbox) == ["PATCH /api/segments/5/edit"]


@pytest.mark.parametrize("how", NOT_DONE)
def test_a_change_that_was_not_stored_is_unknown(
    how: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail(f"PATCH:/api/segments/5/edit:1:{how}")
    code = pmctl("campaign", "segment", "edit", "newsletter", "--name", "N", *QUICK)[0]
    assert code == 75
    assert written(sandbox) == ["PATCH /api/segments/5/edit"]


@pytest.mark.parametrize("how", DONE)
def test_a_delete_that_happened_is_seen(how: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.fail(f"DELETE:/api/segments/5/delete:1:{how}")

    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "--yes", *QUICK)

    assert (code, err) == (0, "newsletter is deleted\n")
    assert written(sandbox) == ["DELETE /api/segments/5/delete"]


@pytest.mark.parametrize("how", NOT_DONE)
def test_a_delete_that_may_have_failed_does_not_stop_the_others(
    how: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail(f"DELETE:/api/segments/5/delete:1:{how}")

    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "trials", "--yes", *QUICK)

    assert code == 75
    assert err.startswith("trials is deleted\nerror: newsletter: ")
    assert set(sandbox.store.segments) & {5, 7} == {5}
    assert written(sandbox) == ["DELETE /api/segments/5/delete", "DELETE /api/segments/7/delete"]


def test_a_delete_without_an_answer_in_time_is_unknown(pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.fail("DELETE:/api/segments/5/delete:*:hang")
    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "--yes", *QUICK)
    assert code == 75
    assert in_two_lines(err).startswith("newsletter: ")


def test_somebody_else_deleting_it_is_not_found_or_fine(pmctl: Run, sandbox: MauticSandbox) -> None:
    real = sandbox.mautic.answer

    def answer(request: Any) -> Any:
        if request.method == "DELETE":
            sandbox.store.segments.pop(5, None)
        return real(request)

    sandbox.mautic.answer = answer  # type: ignore[method-assign]
    delete = ("campaign", "segment", "delete", "newsletter", "--yes")
    assert pmctl(*delete)[0] == 3
    sandbox.store.add_segment("newsletter")
    assert pmctl(*delete, "--if-exists")[0] == 0


@pytest.mark.parametrize("how", DONE)
def test_contacts_that_got_in_are_seen(how: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.fail(f"POST:/api/segments/5/contacts/add:1:{how}")

    code, out, _ = pmctl(
        "campaign", "segment", "add-contacts", "newsletter",
        "ana@example.com", "ben@example.com", *QUICK,
    )  # fmt: skip

    assert code == 0
    assert out.count("added") == 2
    assert written(sandbox) == ["POST /api/segments/5/contacts/add"]


@pytest.mark.parametrize("how", NOT_DONE)
def test_contacts_that_did_not_get_in_are_named(
    how: str, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.contacts[2]["segments"] = [5]  # was in it before
    sandbox.fail(f"POST:/api/segments/5/contacts/add:1:{how}")

    code, out, err = pmctl(
        "campaign", "segment", "add-contacts", "newsletter",
        "ana@example.com", "ben@example.com", *QUICK,
    )  # fmt: skip

    assert code == 1
    assert out.splitlines()[1:] == [
        "ana@example.com\t1\tMautic did not add it",
        "ben@example.com\t2\tadded",
    ]
    assert in_two_lines(err) == "not done for ana@example.com"
    assert written(sandbox) == ["POST /api/segments/5/contacts/add"]


@pytest.mark.parametrize("how", [*DONE, *NOT_DONE])
def test_a_removal_is_looked_up(how: str, pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.store.contacts[1]["segments"] = [5]
    sandbox.fail(f"POST:/api/segments/5/contact/1/remove:1:{how}")

    code, out, _ = pmctl(
        "campaign", "segment", "remove-contacts", "newsletter", "ana@example.com", *QUICK
    )

    done = how in DONE
    assert code == (0 if done else 1)
    assert ("removed" in out) is done
    assert (sandbox.store.contacts[1]["segments"] == []) is done
    assert written(sandbox) == ["POST /api/segments/5/contact/1/remove"]


def test_every_write_is_journalled(pmctl: Run, sandbox: MauticSandbox, home: Path) -> None:
    pmctl(*ADD)
    pmctl("campaign", "segment", "add-contacts", "warm", "ana@example.com")
    pmctl("campaign", "segment", "delete", "warm", "--yes")

    lines = (home / ".local/state/pmctl/journal.jsonl").read_text().splitlines()
    noted = [(one["state"], one["method"], one["target"]) for one in map(json.loads, lines)]
    key = max(number for number in range(99) if f"segments/{number}/" in "".join(lines))
    assert noted == [
        (state, method, target)
        for method, target in (
            ("POST", "segments/new"),
            ("POST", f"segments/{key}/contacts/add"),
            ("DELETE", f"segments/{key}/delete"),
        )
        for state in ("begin", "done")
    ]
    assert sandbox.store.contacts[1]["segments"] == []


def test_looking_for_uses_survives_a_mautic_that_fails_at_it(
    pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail("GET:/api/campaigns:*:500")

    code, _, err = pmctl("campaign", "segment", "delete", "newsletter", "--yes", *QUICK)

    assert code == 69  # not known whether it is in use: not deleted
    assert in_two_lines(err)
    assert written(sandbox) == []

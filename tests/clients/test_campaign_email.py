"""A test send that gets no clear answer is looked up, and never sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.answers import Answer
from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import in_two_lines, written
from tests.conftest import Run

QUICK = ("--retries", "0", "--timeout", "0.4")
SEND = ("campaign", "test-send", "nudge/offer", "--yes")
PATH = "/api/emails/1/contact/1/send"


@pytest.fixture
def live(file: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in that holds the campaign of `file`."""
    assert pmctl("campaign", "apply", file)[0] == 0
    sandbox.reset_requests()
    return sandbox


@pytest.mark.parametrize("how", ["cut-after", "500-stored", "cut-at-40"])
@pytest.mark.parametrize("before", [0, 2])
def test_what_was_sent_all_the_same_is_seen_in_the_statistics(
    how: str, before: int, pmctl: Run, live: MauticSandbox
) -> None:
    for _ in range(before):
        live.store.put_sent(1, 1)
    live.fail(f"POST:{PATH}:1:{how}")

    code, out, _ = pmctl(*SEND, "--to", "ana@example.com", *QUICK)

    assert (code, out.splitlines()[1]) == (0, "ana@example.com\t1\t1\tsent")
    assert len(live.store.sent) == before + 1
    assert written(live) == [f"POST {PATH}"]


@pytest.mark.parametrize("how", ["cut-before", "500", "html", "503"])
def test_what_the_statistics_do_not_show_stays_unknown(
    how: str, pmctl: Run, live: MauticSandbox
) -> None:
    live.store.put_sent(1, 1)  # an earlier one is no proof
    live.fail(f"POST:{PATH}:1:{how}")

    code, out, err = pmctl(
        *SEND, "--to", "ana@example.com", "--to", "ben@example.com", "-q", *QUICK
    )

    assert code == 75
    assert out.splitlines()[1:] == [
        "ana@example.com\t1\t1\tunknown",
        "ben@example.com\t2\t1\tsent",
    ]
    assert in_two_lines(err).startswith("ana@example.com: ")
    assert written(live) == [f"POST {PATH}", "POST /api/emails/1/contact/2/send"]


def test_a_user_who_may_not_see_the_statistics_hears_that_it_is_unknown(
    pmctl: Run, live: MauticSandbox
) -> None:
    live.access.forbidden = frozenset({"stats"})
    assert pmctl(*SEND, "--to", "ana@example.com")[0] == 0
    live.fail(f"POST:{PATH}:1:cut-after")
    assert pmctl(*SEND, "--to", "ana@example.com", *QUICK)[0] == 75


@pytest.mark.parametrize(
    "said",
    [{"success": False}, {"success": False, "failed": ["smtp is down"]}, {"success": 0}, []],
)
def test_a_200_that_says_no_is_an_error(said: Any, pmctl: Run, live: MauticSandbox) -> None:
    real = live.mautic.answer

    def answer(request: Any) -> Answer:
        return Answer(200, said) if request.path == PATH else real(request)

    live.mautic.answer = answer  # type: ignore[method-assign]
    code, out, err = pmctl(*SEND, "--to", "ana@example.com", "-q")
    assert (code, out.splitlines()[1]) == (1, "ana@example.com\t1\t1\tnot sent")
    assert in_two_lines(err).startswith("Mautic did not send email 1 to ana@example.com")


@pytest.mark.parametrize("how", ["cut-after", "500-stored"])
def test_a_contact_that_was_made_all_the_same_is_used(
    how: str, pmctl: Run, live: MauticSandbox
) -> None:
    live.fail(f"POST:/api/contacts/new:1:{how}")

    code = pmctl(*SEND, "--to", "me@example.com", "--create-contact", *QUICK)[0]

    assert code == 0
    assert [one["email"] for one in live.store.contacts.values()].count("me@example.com") == 1
    assert [row["lead_id"] for row in live.store.sent] == ["5"]


def test_nobody_is_mailed_when_the_contact_could_not_be_made(
    pmctl: Run, live: MauticSandbox
) -> None:
    live.fail("POST:/api/contacts/new:1:cut-before")
    code, out, _ = pmctl(*SEND, "--to", "me@example.com", "--create-contact", *QUICK)
    assert (code, out.splitlines()[1]) == (75, "me@example.com\t\t1\tunknown")
    assert live.store.sent == []

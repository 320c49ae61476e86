"""`pmctl campaign email` as it is used: listed, read, opened, and sent to oneself."""

from __future__ import annotations

import json
import stat
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import in_two_lines, written
from tests.conftest import Run

HELLO = """\
version: 1
key: hello
name: Hello
audience: {segments: [trial-day-2]}
send:
  from: {name: Ana, address: ana@mail.example.com}
  headers: {X-Kind: nudge}
steps:
  - email: offer
    subject: "A question, {{ firstname | there }}"
    body: |
      Hi {{ firstname | there }},

      see [this](https://example.com/?c={{ company | urlencode }}).

      {unsubscribe_text}
  - wait: 1d
  - email: again
    subject: Again
    body: Hello again
"""
EMAIL = ("campaign", "email")
SEND = ("campaign", "test-send")


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A sequence file with two emails."""
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO)
    return path


@pytest.fixture
def live(hello: Path, pmctl: Run, sandbox: MauticSandbox) -> MauticSandbox:
    """A stand-in that holds it."""
    assert pmctl("campaign", "apply", hello)[0] == 0
    sandbox.reset_requests()
    return sandbox


# What is there.


def test_the_list_says_which_step_an_email_is(pmctl: Run, live: MauticSandbox) -> None:
    foreign = {**live.store.emails[1], "id": 9, "name": "By \x1b[31mhand", "sentCount": 4}
    live.store.emails[9] = foreign

    code, out, _ = pmctl(*EMAIL, "list")

    assert code == 0
    assert out.splitlines() == [
        "id\temail\tsubject\tpublished\tsent\trevision",
        "1\thello/offer\tA question, {contactfield=firstname|there}\tyes\t0\t1",
        "2\thello/again\tAgain\tyes\t0\t1",
        "9\tBy \\x1b[31mhand\tA question, {contactfield=firstname|there}\tyes\t4\t1",
    ]
    rows = json.loads(pmctl(*EMAIL, "list", "--key", "hello", "-o", "json")[1])
    assert [(row["id"], row["env"]) for row in rows] == [(1, "default"), (2, "default")]
    assert (rows[0]["name"], rows[0]["step"]) == ("Hello: offer", "hello/offer")
    code, out, err = pmctl(*EMAIL, "list", "--limit", "1")
    assert (len(out.splitlines()), err) == (2, "showing 1 emails, there are more (--limit)\n")
    assert pmctl(*EMAIL, "list", "--key", "nosuch")[::2] == (0, "no emails\n")


def test_show_takes_a_step_or_an_id(pmctl: Run, live: MauticSandbox) -> None:
    code, out, _ = pmctl(*EMAIL, "show", "hello/offer", "-o", "json")

    shown = json.loads(out)
    assert (code, shown["id"], shown["step"]) == (0, 1, "hello/offer")
    assert (shown["from_name"], shown["headers"]) == ("Ana", {"X-Kind": "nudge"})
    assert "</html>" in shown["html"]
    text = pmctl(*EMAIL, "show", "1")[1]
    assert "headers\tX-Kind: nudge\n" in text
    assert "</html>" not in text


@pytest.mark.parametrize("command", [("email", "show"), ("email", "preview"), ("test-send",)])
def test_an_unknown_step_asks_whether_another_is_meant(
    command: tuple[str, ...], pmctl: Run, live: MauticSandbox
) -> None:
    more = ["--to", "ana@example.com"] if command == ("test-send",) else []

    code, _, err = pmctl("campaign", *command, "hello/ofer", *more)

    assert code == 3
    assert in_two_lines(err) == "Mautic has no email hello/ofer of context default"
    assert "did you mean hello/offer?" in err
    assert pmctl("campaign", *command, "99", *more)[0] == 3
    assert written(live) == []


def test_an_email_of_another_context_is_named(pmctl: Run, live: MauticSandbox) -> None:
    live.store.emails[1]["name"] = "x [[staging/hello/offer]]"
    err = pmctl(*EMAIL, "show", "hello/offer")[2]
    assert "hint: context staging has one: --context staging" in err


def test_two_emails_with_one_marker_are_a_conflict(pmctl: Run, live: MauticSandbox) -> None:
    live.store.emails[2]["name"] = live.store.emails[1]["name"]
    code, _, err = pmctl(*EMAIL, "show", "hello/offer")
    assert (code, in_two_lines(err)) == (5, "two emails of Mautic are hello/offer: 1 and 2")


# What it says.


def test_a_preview_of_a_file_needs_no_server(pmctl: Run, hello: Path) -> None:
    code, out, err = pmctl(*EMAIL, "preview", hello, "offer")

    assert code == 0
    assert out.splitlines()[:5] == [
        "From: Ana <ana@mail.example.com>",
        "Subject: A question, {contactfield=firstname|there}",
        "X-Kind: nudge",
        "",
        "Hi {contactfield=firstname|there},",
    ]
    assert "--contact fills them in" in err
    code, out, err = pmctl(*EMAIL, "preview", hello, "offer", "--contact", "company=A & B")
    assert "Subject: A question, there\n" in out
    assert "https://example.com/?c=A+%26+B" in out
    assert err == "\nMautic fills in {unsubscribe_text}\n"


def test_a_preview_of_what_mautic_has_is_filled_in_for_a_contact(
    pmctl: Run, live: MauticSandbox, hello: Path
) -> None:
    code, out, _ = pmctl(*EMAIL, "preview", "hello/offer", "--contact", "ana@example.com")
    assert (code, out.splitlines()[1]) == (0, "Subject: A question, Ana")
    # what is said on the command line goes before what Mautic has
    both = ("--contact", "firstname=Bo", "--contact", "ana@example.com")
    assert "A question, Bo" in pmctl(*EMAIL, "preview", hello, "offer", *both)[1]
    assert written(live) == []


def test_a_file_and_what_mautic_has_of_it_read_the_same(
    pmctl: Run, live: MauticSandbox, hello: Path
) -> None:
    whom = ("--contact", "firstname=Ana", "-o", "json")
    assert (
        pmctl(*EMAIL, "preview", hello, "offer", *whom)[:2]
        == pmctl(*EMAIL, "preview", "hello/offer", *whom)[:2]
    )


def test_an_email_without_a_text_part_is_read_from_its_html(
    pmctl: Run, live: MauticSandbox
) -> None:
    live.store.emails[1].update(plainText=None, customHtml="<p>One</p><p>Two</p>")
    out = pmctl(*EMAIL, "preview", "1")[1]
    assert out.endswith("\n\nOne\n\nTwo\n")


def test_nothing_of_an_email_or_a_contact_reaches_a_terminal_raw(
    pmctl: Run, live: MauticSandbox
) -> None:
    live.store.emails[1].update(
        subject="a\x1b]0;x\x07\nX-Fake: y", plainText="one\x1b[2J\ntwo \u202e", fromName="\x9b31m"
    )
    out = pmctl(*EMAIL, "preview", "1", "--contact", "firstname=\x1b[31m")[1]
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "Subject: a\\x1b]0;x\\x07\\nX-Fake: y\n" in out


@pytest.mark.parametrize(
    ("said", "code", "why"),
    [
        (("FILE",), 64, "has 2 emails in 1 sequence(s)"),
        (("FILE", "ofer"), 3, "has no email ofer"),
        (("hello/offer", "offer"), 64, "names an email already"),
        (("FILE", "offer", "--contact", "Ana"), 64, "an email, or FIELD=VALUE"),
        (("nosuch.yaml", "offer"), 65, "there is no file or folder nosuch.yaml"),
        (("FILE", "offer", "--contact", "zoe@example.com"), 3, "Mautic has no contact"),
    ],
)
def test_a_preview_that_makes_no_sense_is_refused_in_two_lines(
    said: tuple[str, ...], code: int, why: str, pmctl: Run, sandbox: MauticSandbox, hello: Path
) -> None:
    words = [str(hello) if word == "FILE" else word for word in said]
    got, out, err = pmctl(*EMAIL, "preview", *words)
    assert (got, out) == (code, "")
    assert why in in_two_lines(err)


def test_html_goes_to_stdout_as_it_is(pmctl: Run, hello: Path) -> None:
    whom = ("--contact", "firstname=<b>Ann</b>")
    out = pmctl(*EMAIL, "preview", hello, "offer", "-o", "html", *whom)[1]
    assert out.startswith("<!doctype html>")
    assert "Hi <b>Ann</b>," in out  # as Mautic would send it


def test_a_browser_gets_a_private_file_in_which_no_script_runs(
    pmctl: Run, hello: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []

    def open_(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    code, out, err = pmctl(
        *EMAIL, "preview", hello, "offer", "--browser", "--contact", "firstname=<script>x</script>"
    )

    (url,) = opened
    path = Path(unquote(urlparse(url).path))
    page = path.read_text()
    assert (code, out, err) == (0, "", f"opened {path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    policy, script = page.index("default-src 'none'"), page.index("<script>")
    assert page.lower().startswith("<!doctype html><meta http-equiv=")
    assert policy < script


def test_without_a_browser_the_file_is_taken_away_again(
    pmctl: Run, hello: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = pmctl(*EMAIL, "preview", hello, "offer", "--browser")
    assert (code, in_two_lines(err)) == (1, "there is no browser to open it in")
    assert list(tmp_path.glob("pmctl-preview-*")) == []


# Sent to oneself.


def test_a_test_goes_to_the_contact_named_and_to_nobody_else(
    pmctl: Run, live: MauticSandbox
) -> None:
    code, out, err = pmctl(*SEND, "hello/offer", "--to", "ANA@example.com", "--yes")

    assert (code, out) == (
        0,
        "to\tcontact\temail\tresult\nANA@example.com\t1\t1\tsent\n",
    )
    assert "email 1: A question, {contactfield=firstname|there}\n" in err
    assert [row["lead_id"] for row in live.store.sent] == ["1"]
    assert written(live) == ["POST /api/emails/1/contact/1/send"]
    assert pmctl(*EMAIL, "test-send", "1", "--to", "ana@example.com", "--yes")[0] == 0


def test_it_needs_a_yes_and_a_dry_run_writes_nothing(pmctl: Run, live: MauticSandbox) -> None:
    code, _, err = pmctl(*SEND, "hello/offer", "--to", "ana@example.com")
    assert code == 64
    assert "Send it to ana@example.com?" in err
    code, _, err = pmctl(*SEND, "hello/offer", "--to", "ana@example.com", "--dry-run")
    assert code == 0
    assert err.endswith("  to ana@example.com: contact 1\nnothing was sent (--dry-run)\n")
    assert (written(live), live.store.sent) == ([], [])


def test_a_contact_is_made_only_when_that_is_asked_for(pmctl: Run, live: MauticSandbox) -> None:
    to = ("--to", "me@example.com", "--to", "ana@example.com")

    code, _, err = pmctl(*SEND, "hello/offer", *to, "--yes")
    assert (code, in_two_lines(err)) == (3, "Mautic has no contact me@example.com")
    assert written(live) == []
    code, out, _ = pmctl(*SEND, "hello/offer", *to, "--yes", "--create-contact", "-o", "json")
    assert (code, [row["result"] for row in json.loads(out)]) == (0, ["sent", "sent"])
    assert written(live) == [
        "POST /api/contacts/new",
        "POST /api/emails/1/contact/5/send",
        "POST /api/emails/1/contact/1/send",
    ]


def test_who_unsubscribed_is_said_because_mautic_mails_them_all_the_same(
    pmctl: Run, live: MauticSandbox
) -> None:
    live.store.contacts[1]["dnc"] = {"email": {"reason": 1, "comments": ""}}
    err = pmctl(*SEND, "hello/offer", "--to", "ana@example.com", "--dry-run")[2]
    assert "warning: ana@example.com is blocked (unsubscribed); Mautic mails it all the same" in err


def test_an_email_of_a_file_is_sent_only_if_mautic_has_it_so(
    pmctl: Run, live: MauticSandbox, hello: Path
) -> None:
    send = (*SEND, hello, "offer", "--to", "ana@example.com", "--yes")

    assert pmctl(*send)[0] == 0
    hello.write_text(HELLO.replace("A question", "Another question"))
    code, _, err = pmctl(*send)
    assert code == 5
    assert in_two_lines(err) == f"email 1 of Mautic is not what {hello} says (subject)"
    assert f"`pmctl campaign apply {hello}` first" in err
    hello.write_text(HELLO.replace("email: offer", "email: first"))
    code, _, err = pmctl(*SEND, hello, "first", "--to", "ana@example.com", "--yes")
    assert (code, f"`pmctl campaign apply {hello}` first" in err) == (3, True)
    assert len(live.store.sent) == 1


@pytest.mark.parametrize("to", [(), ("--to", "me"), ("--to", "a@x.example, b@x.example")])
def test_to_whom_is_said_in_plain_addresses(
    to: tuple[str, ...], pmctl: Run, live: MauticSandbox
) -> None:
    code, _, err = pmctl(*SEND, "hello/offer", *to, "--yes")
    assert code == 64
    assert in_two_lines(err)
    assert live.requests == []


def test_an_address_that_two_contacts_have_is_a_conflict(pmctl: Run, live: MauticSandbox) -> None:
    live.store.add_contact("ana@example.com")
    code = pmctl(*SEND, "hello/offer", "--to", "ana@example.com", "--yes")[0]
    assert code == 5
    assert written(live) == []


def test_a_variant_is_found_through_its_parent(
    pmctl: Run, sandbox: MauticSandbox, hello: Path
) -> None:
    variants = """\
    variants:
      - {id: a, subject: One, body: One}
      - {id: b, weight: 40, subject: Two, body: Two}
"""
    start = HELLO.index('    subject: "A question')
    end = HELLO.index("  - wait: 1d")
    hello.write_text(HELLO[:start] + variants + HELLO[end:])
    assert pmctl("campaign", "apply", hello)[0] == 0

    code, out, _ = pmctl(*EMAIL, "preview", "hello/offer~b")
    assert (code, "Subject: Two\n" in out) == (0, True)
    assert (
        pmctl(*EMAIL, "preview", hello, "offer~b", "-o", "json")[:2]
        == pmctl(*EMAIL, "preview", "hello/offer~b", "-o", "json")[:2]
    )
    code, _, err = pmctl(*EMAIL, "show", "hello/offer~c")
    assert (code, "did you mean hello/offer~b?" in err) == (3, True)
    shown: Any = json.loads(pmctl(*EMAIL, "show", "hello/offer", "-o", "json")[1])
    assert len(shown["variants"]) == 1

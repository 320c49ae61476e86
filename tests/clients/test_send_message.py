"""A message is refused with a clear word, or its bytes say what was meant and nothing else."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pmctl.clients.send_address import Mailbox, mailbox_of
from pmctl.clients.send_message import Draft, File, built
from pmctl.errors import UsageError

NOW = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
ANA = Mailbox("Ana Diaz", "ana", "example.com")
BO = Mailbox("", "bo", "example.net")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def draft(**changes: Any) -> Draft:
    return Draft(**{"sender": ANA, "to": (BO,), "subject": "Hello", "text": "Hi\n", **changes})


def raw(**changes: Any) -> bytes:
    return built(draft(**changes), send_id="01hxid", date=NOW)


def parsed(data: bytes) -> EmailMessage:
    """Read it as a receiver would. It has no defect, and no line that a server refuses."""
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def content(part: Any) -> str:
    """A body with line ends as people's files have them."""
    return str(part.get_content()).replace("\r\n", "\n")


def refusal(**changes: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        raw(**changes)
    return caught.value


def test_a_message_has_exactly_the_headers_that_it_needs() -> None:
    data = raw(cc=(Mailbox("Cy", "cy", "example.org"),), reply_to=(BO,))

    wanted = """\
Date: Tue, 24 Nov 2026 20:30:00 +0000
Message-ID: <01hxid@example.com>
From: Ana Diaz <ana@example.com>
To: bo@example.net
Cc: Cy <cy@example.org>
Reply-To: bo@example.net
Subject: Hello
X-Send-ID: 01hxid
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 7bit
MIME-Version: 1.0

Hi
"""
    assert data.decode() == wanted.replace("\n", "\r\n")


def test_text_html_image_and_attachment_stand_where_readers_look_for_them() -> None:
    image = File("logo.png", "image/png", PNG, "logo.png")
    message = parsed(
        raw(
            html='<p>Hi</p><img src="cid:logo.png">',
            images=(image,),
            attachments=(
                File("Rechnung für Ana.pdf", "application/pdf", PNG),
                File("a.txt", "text/plain", b"x\n"),
            ),
        )
    )
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
        "text/html", "image/png", "application/pdf", "text/plain",
    ]  # fmt: skip
    attached = list(message.iter_attachments())
    assert [part.get_filename() for part in attached] == ["Rechnung für Ana.pdf", "a.txt"]
    assert attached[0].get_payload(decode=True) == PNG
    inline = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert inline["Content-ID"] == "<logo.png>"
    assert inline.get_content_disposition() == "inline"
    assert inline.get_payload(decode=True) == PNG


def test_html_alone_is_html_alone() -> None:
    message = parsed(raw(text="", html="<p>Grüße</p>"))
    assert message.get_content_type() == "text/html"
    assert content(message) == "<p>Grüße</p>\n"


def test_one_click_needs_two_headers_and_https() -> None:
    message = parsed(raw(unsubscribe="https://example.com/u?id=1&k=2"))
    assert message["List-Unsubscribe"] == "<https://example.com/u?id=1&k=2>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    by_mail = parsed(raw(unsubscribe="mailto:leave@example.com?subject=leave"))
    assert by_mail["List-Unsubscribe"] == "<mailto:leave@example.com?subject=leave>"
    assert by_mail["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize(
    "url",
    ["http://example.com/u", "example.com/u", "https://", "https://x/ y", "https://x/>,<y",
     "https://x/ü", "mailto:", "https://x/\r\nBcc: eve@example.com"],
)  # fmt: skip
def test_another_address_to_unsubscribe_at_is_refused(url: str) -> None:
    assert "--unsubscribe" in refusal(unsubscribe=url).message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("From", "--from sets it"), ("BCC", "writes it"), ("Content-Type", "writes it"),
        ("X-Send-Id", "writes it"), ("Return-Path", "writes it"), ("X Y", "X-Team"),
        ("X:", "X-Team"), ("", "X-Team"), ("Ü", "X-Team"), ("X\r\nBcc", "X-Team"),
    ],
)  # fmt: skip
def test_a_header_that_is_not_the_persons_to_set_is_refused(name: str, words: str) -> None:
    assert words in refusal(headers=((name, "x"),)).hint


def test_the_same_header_may_stand_there_twice() -> None:
    message = parsed(raw(headers=(("X-Team", "a"), ("X-Team", "b"))))
    assert message.get_all("X-Team") == ["a", "b"]


def test_an_unsubscribe_header_by_hand_beside_the_flag_is_refused() -> None:
    error = refusal(headers=(("List-Unsubscribe", "<x>"),), unsubscribe="https://example.com/u")
    assert "already" in error.message


INJECTIONS = ["a\r\nBcc: eve@example.com", "a\nX: y", "a\rX: y", "a\x0bb", "a\x85X: y",
              "a\u2028X: y", "a\x00b", "a\udcff"]  # fmt: skip


@pytest.mark.parametrize("value", INJECTIONS)
def test_no_value_can_bring_a_header_of_its_own(value: str) -> None:
    for changes in (
        {"subject": value},
        {"sender": Mailbox(value, "ana", "example.com")},
        {"headers": (("X-Team", value),)},
        {"attachments": (File(value, "text/plain", b"x"),)},
    ):
        assert "line end" in refusal(**changes).message or "control" in refusal(**changes).message


def test_a_message_without_a_body_is_refused() -> None:
    assert "--text or --html" in refusal(text=" \n").hint


def test_an_image_that_the_html_does_not_show_is_refused() -> None:
    image = File("logo.png", "image/png", PNG, "logo.png")
    assert "does not show" in refusal(html="cid:logo.png2", images=(image,)).message
    assert "needs --html" in refusal(images=(image,)).message


def test_a_message_over_the_size_is_refused_and_one_below_is_not() -> None:
    big = File("big.bin", "application/octet-stream", bytes(15 * 1024 * 1024))
    assert "bytes, more than" in refusal(attachments=(big,)).message


def test_an_address_beyond_ascii_makes_the_message_utf8_and_nothing_else_does() -> None:
    jose = Mailbox("José", "josé", "xn--mller-kva.example")
    data = raw(to=(jose,), text="Grüße\n", html="<p>ü</p>", subject="Grüße")
    assert draft(to=(jose,)).needs_utf8
    assert "<josé@xn--mller-kva.example>".encode() in data
    said = parsed(data)["To"].addresses[0].addr_spec  # the library reads bytes as ASCII first
    assert said.encode("ascii", "surrogateescape").decode() == "josé@xn--mller-kva.example"
    assert raw(text="Grüße\n", subject="Grüße").isascii()


@pytest.mark.parametrize("line", ["x" * 5000, "ü" * 3000, "=" * 2000, ".", "From x", "a \t"])
def test_a_body_arrives_as_it_was(line: str) -> None:
    assert content(parsed(raw(text=f"{line}\nend\n"))) == f"{line}\nend\n"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[31m", "a\ud800"])
def test_a_body_that_is_no_text_is_refused_with_its_line(text: str) -> None:
    assert "in line 2" in refusal(text=f"first\n{text}").message


# --- whatever is given ---

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120) | st.text(
    'aä =?_"\\,;:<>()@.\r\n😀', max_size=120
)
NAMES = TEXT
FILES = st.builds(File, TEXT, st.sampled_from(["text/plain", "image/png"]), st.binary(max_size=80))


def shown(value: str) -> str:
    return value.strip()


@settings(max_examples=300)
@given(TEXT, NAMES, NAMES, TEXT, TEXT, st.lists(FILES, max_size=2))
@example("=?utf-8?q?x?=", "a, b", 'x"y\\', "=?x", "t", [])
@example("a  b", " a  b ", "(c)", "x " * 60, "\n", [])
def test_whatever_is_given_is_refused_or_arrives(
    subject: str, own: str, other: str, header: str, text: str, files: list[File]
) -> None:
    sender, to = Mailbox(own, "ana", "example.com"), Mailbox(other, "bo", "example.net")
    made = draft(
        sender=sender, to=(to, ANA), subject=subject, headers=(("X-Team", header),),
        text=text, attachments=tuple(files),
    )  # fmt: skip
    try:
        data = built(made, send_id="01hxid", date=NOW)
    except UsageError:
        return
    message = parsed(data)

    assert data.isascii()
    assert message["Subject"] == shown(subject)
    assert message["X-Team"] == shown(header)
    [said] = message["From"].addresses
    assert (said.display_name, said.addr_spec) == (shown(own), "ana@example.com")
    first, second = message["To"].addresses
    assert (first.display_name, first.addr_spec) == (shown(other), "bo@example.net")
    assert (second.display_name, second.addr_spec) == ("Ana Diaz", "ana@example.com")
    known = {"Date", "Message-ID", "From", "To", "Subject", "X-Send-ID", "X-Team", "MIME-Version",
             "Content-Type", "Content-Transfer-Encoding"}  # fmt: skip
    assert set(message.keys()) <= known
    body = message.get_body(("plain",))
    assert body is not None
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    assert content(body).rstrip("\n") == wanted.rstrip("\n")
    attached = list(message.iter_attachments())
    assert [part.get_payload(decode=True) for part in attached] == [file.data for file in files]
    assert [part.get_filename() or "" for part in attached] == [shown(f.name) for f in files]


# --- addresses ---


@pytest.mark.parametrize(
    ("word", "name", "address"),
    [
        ("ana@example.com", "", "ana@example.com"),
        (" Ana Diaz  <ana@example.com> ", "Ana Diaz", "ana@example.com"),
        ('"Diaz, Ana \\"A\\"" <ana@example.com>', 'Diaz, Ana "A"', "ana@example.com"),
        ("<ana@example.com>", "", "ana@example.com"),
        ("ana+x@Example.COM", "", "ana+x@example.com"),
        ("ana@müller.example", "", "ana@xn--mller-kva.example"),
        ("ana@straße.example", "", "ana@xn--strae-oqa.example"),
        ("ana@ｅxample.com", "", "ana@example.com"),
        ("josé@example.com", "", "josé@example.com"),
    ],
)
def test_an_address_is_read_with_its_name(word: str, name: str, address: str) -> None:
    one = mailbox_of(word, "--to")
    assert (one.name, one.address) == (name, address)


@pytest.mark.parametrize(
    "word",
    ["", "ana", "@example.com", "ana@", "ana@example", "a b@example.com", "ana@exa mple.com",
     "ana@@example.com", ".ana@example.com", "a..b@example.com", "ana@-x.com", "ana@x..com",
     "ana@example.com.", "ana@[192.0.2.1]", '"a b"@example.com', "ana@example.com, bo@example.com",
     "Ana <ana@example.com> <bo@example.com>", "Ana <>", "a" * 65 + "@example.com",
     "ana@" + "x" * 64 + ".com", "ana@" + "x." * 130 + "com", "ana@exam\r\nple.com",
     "ana\x00@x.com",
     "ana@x_y.com", "ana@\u202eexample.com", "a\u200bna@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_the_name_of_its_option(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        mailbox_of(word, "--to")
    assert "--to" in caught.value.message


@settings(max_examples=300)
@given(st.text('aZ9.@<>" ,\\ü-_\r\n;', max_size=24) | TEXT)
def test_whatever_is_read_as_an_address_is_one(word: str) -> None:
    try:
        one = mailbox_of(word, "--to")
    except UsageError:
        return
    local, at, domain = one.address.rpartition("@")
    assert local
    assert at
    assert domain.isascii()
    assert not set(one.address) & set('\r\n <>,;"')

"""A message made from its parts: the bytes of RFC 5322 that go out; no I/O.

Headers are encoded here and not by the library: its folding changes some of them (CPython 3.11
moves commas of a name into encoded words and back). Bodies and attachments are the library's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import policy, utils
from email.message import EmailMessage
from urllib.parse import urlsplit

from pmctl.clients.send_address import Mailbox, safe_line
from pmctl.errors import UsageError

MOST_BYTES = 20 * 1024 * 1024  # what KumoMTA takes over SMTP, and most receivers at all
LINE = 76
_SEND_ID = "X-Send-ID"
# Ours alone. Return-Path is written by the last server, Bcc would show whom it hides.
_OURS = {
    "from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version",
    "return-path", "received", _SEND_ID.lower(), "x-kumoref",
}  # fmt: skip
_OPTIONS = {"from": "--from", "to": "--to", "cc": "--cc", "reply-to": "--reply-to",
            "subject": "--subject"}  # fmt: skip


@dataclass(frozen=True)
class File:
    """An attachment, or with a `cid` an image inside of the HTML (`<img src="cid:…">`)."""

    name: str
    type: str  # image/png
    data: bytes
    cid: str = ""


@dataclass(frozen=True)
class Draft:
    """What a message says. Texts are as they are shown: nothing is filled in any more."""

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[File, ...] = ()
    images: tuple[File, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    unsubscribe: str = ""  # an https address (one click) or a mailto

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """Everybody who gets it."""
        return self.to + self.cc

    @property
    def needs_utf8(self) -> bool:
        """Whether an address can only be written with SMTPUTF8."""
        return any(one.needs_utf8 for one in (self.sender, *self.recipients, *self.reply_to))


def built(draft: Draft, *, send_id: str, date: datetime) -> bytes:
    """Return the message, ASCII unless an address needs UTF-8; lines end in CR LF.

    Raises UsageError for what cannot be said in a message: a line end in a header, a header that
    pmctl writes itself, no body, an image that the HTML does not name, over 20 MiB.
    """
    rules = policy.SMTP.clone(cte_type="7bit", refold_source="none", utf8=draft.needs_utf8)
    message = EmailMessage(rules)
    for name, value in _headers(draft, send_id, date):
        # already encoded and folded: the library keeps it as it is
        message.set_raw(name, value)
    _write_bodies(message, draft)
    data = message.as_bytes()
    if len(data) > MOST_BYTES:
        raise UsageError(
            f"the message has {len(data):,} bytes, more than {MOST_BYTES:,}",
            hint="send a link instead of the attachment",
        )
    return data


def _headers(draft: Draft, send_id: str, date: datetime) -> Iterable[tuple[str, str]]:
    yield "Date", utils.format_datetime(date)
    yield "Message-ID", f"<{send_id}@{draft.sender.domain}>"
    yield "From", addresses([draft.sender])
    for name, boxes in (("To", draft.to), ("Cc", draft.cc), ("Reply-To", draft.reply_to)):
        if boxes:
            yield name, addresses(boxes)
    subject = safe_line(draft.subject, "the subject")
    yield "Subject", unstructured("Subject", subject)
    yield _SEND_ID, safe_line(send_id, "the id")
    yield from _unsubscribing(draft.unsubscribe)
    for name, value in draft.headers:
        yield name, unstructured(name, _own_header(name, value, draft.unsubscribe))


def _unsubscribing(url: str) -> Iterable[tuple[str, str]]:
    """One click is RFC 8058: both headers, https, and a POST without a question."""
    if not url:
        return
    parts = urlsplit(safe_line(url, "--unsubscribe"))
    good = (parts.scheme == "https" and parts.hostname) or (parts.scheme == "mailto" and parts.path)
    if not good or not re.fullmatch(r"[!-;=?-~]+", url):
        raise UsageError(
            f"--unsubscribe {url!r} is neither an https address nor a mailto",
            hint="one click needs https://…; signs beyond ASCII and blanks as %20",
        )
    yield "List-Unsubscribe", f"<{url}>"
    if parts.scheme == "https":
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _own_header(name: str, value: str, unsubscribe: str) -> str:
    """Return the value of a header of the person's own. Raises UsageError when it cannot be one."""
    low = name.lower()
    if not re.fullmatch(r"[!-9;-~]{1,76}", name):
        raise UsageError(f"--header: {name!r} is no name of a header", hint="like 'X-Team: ops'")
    if low in _OURS or low.startswith("content-"):
        hint = f"{_OPTIONS[low]} sets it" if low in _OPTIONS else "pmctl writes it itself"
        raise UsageError(f"--header: {name} cannot be set like that", hint=hint)
    if unsubscribe and low in ("list-unsubscribe", "list-unsubscribe-post"):
        raise UsageError(f"--header: {name} is there already", hint="--unsubscribe writes it")
    line = safe_line(value, f"--header {name}")
    if not line:
        raise UsageError(f"--header {name} is empty", hint="leave it out")
    return line


def addresses(boxes: Iterable[Mailbox]) -> str:
    """Return the value of a header with addresses, each on a line of its own."""
    return ",\r\n ".join(_one_address(box) for box in boxes)


def _one_address(box: Mailbox) -> str:
    name = safe_line(box.name, "a name")
    if not name:
        return box.address
    if name.isascii() and len(name) <= LINE and "=?" not in name:
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        shown = f'"{escaped}"' if re.search(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]", name) else name
        shown = f'"{escaped}"' if "  " in name else shown
        return f"{shown} <{box.address}>"
    return f"{words(name)}\r\n <{box.address}>"


def unstructured(name: str, value: str) -> str:
    """Return a value as it stands in a header: folded where long, encoded where it must be."""
    plain = value.isascii() and "=?" not in value
    if plain and len(name) + 2 + len(value) <= LINE:
        return value
    if plain and max(map(len, value.split(" ")), default=0) <= LINE and "  " not in value:
        return _folded(value, len(name) + 2)
    return words(value)


def _folded(value: str, used: int) -> str:
    """Return a line folded at blanks; unfolding it gives it back as it was."""
    lines = [""]
    for word in value.split(" "):
        if lines[-1] and used + len(lines[-1]) + 1 + len(word) > LINE:
            lines.append(word)
            used = 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def words(text: str) -> str:
    """Return encoded words (RFC 2047), none with half a character, one a line."""
    chunks, size = [""], 0
    for sign in text:
        length = len(sign.encode())
        if size + length > 36:  # 48 signs of base64, so a line keeps within 76 beside its name
            chunks.append("")
            size = 0
        chunks[-1] += sign
        size += length
    encoded = (base64.b64encode(chunk.encode()).decode() for chunk in chunks)
    return "\r\n ".join(f"=?utf-8?B?{one}?=" for one in encoded)


def _write_bodies(message: EmailMessage, draft: Draft) -> None:
    """Text first and HTML after it, with its images beside it; attachments around them."""
    text, html = body_of(draft.text, "the text"), body_of(draft.html, "the HTML")
    if not text.strip() and not html.strip():
        raise UsageError("the message has neither text nor HTML", hint="--text or --html")
    if draft.images and not html:
        raise UsageError("--inline-image needs --html", hint="--attach for what stands beside")
    if text:
        message.set_content(text)
    if html:
        _write_html(message, draft, html, alone=not text)
    for file in draft.attachments:
        _attach(message, file)


def _write_html(message: EmailMessage, draft: Draft, html: str, *, alone: bool) -> None:
    if alone:
        message.set_content(html, subtype="html")
        part = message
    else:
        message.add_alternative(html, subtype="html")
        part = list(message.iter_parts())[-1]  # type: ignore[assignment]
    for image in draft.images:
        if not re.search(rf"cid:{re.escape(image.cid)}(?![\w.@-])", html):
            raise UsageError(
                f"the HTML does not show {image.name}",
                hint=f'<img src="cid:{image.cid}"> does; --attach is for what stands beside',
            )
        main, _, sub = image.type.partition("/")
        part.add_related(
            image.data, main, sub, cid=f"<{image.cid}>", disposition="inline",
            filename=safe_line(image.name, "the name of an image"),
        )  # fmt: skip


def _attach(message: EmailMessage, file: File) -> None:
    name = safe_line(file.name, "the name of an attachment")
    main, _, sub = file.type.partition("/")
    message.add_attachment(file.data, main, sub, filename=name)


def body_of(text: str, what: str) -> str:
    """Return a body with `\\n` as its line ends. Raises UsageError for what is no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    wrong = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text)
    if wrong:
        line = text.count("\n", 0, wrong.start()) + 1
        raise UsageError(f"{what} holds a control character in line {line}", hint="is it text?")
    return text

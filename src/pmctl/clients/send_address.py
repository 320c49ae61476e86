"""Addresses of mail as people write them: checked, domains as DNS has them; no I/O.

Narrower than RFC 5321 allows: no quoted local part, no literal like `[192.0.2.1]`, and a domain
with a dot in it. What is left out is a typing mistake far more often than an address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pmctl.clients.domain_idn import ascii_of
from pmctl.errors import UsageError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAMED = re.compile(r"(?P<name>[^<>]*|\"(?:[^\"\\]|\\.)*\"\s*)<(?P<address>[^<>]*)>\s*")


@dataclass(frozen=True)
class Mailbox:
    """A name, "" for none, and an address; the domain is in ASCII (`xn--…`)."""

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """`local@domain`, as it goes into the envelope."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether every server on the way must know SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()


def mailbox_of(word: str, option: str) -> Mailbox:
    """Return `ana@example.com` or `Ana Diaz <ana@example.com>` as a Mailbox.

    Raises UsageError that names `option` for anything else.
    """
    text = safe_line(word, option)
    found = _NAMED.fullmatch(text)
    name, address = (_unquoted(found["name"]), found["address"]) if found else ("", text)
    local, at, domain = address.strip().rpartition("@")
    wrong = _wrong(local, domain) if at else "has no @"
    if wrong:
        hint = "several are given one by one" if "," in text else "like ana@example.com or "
        hint += "" if "," in text else "'Ana Diaz <ana@example.com>'"
        raise UsageError(f"{option}: {text!r} {wrong}", hint=hint)
    return Mailbox(name, unicodedata.normalize("NFC", local), domain_of(domain))


def mailboxes_of(words: Iterable[str] | None, option: str) -> tuple[Mailbox, ...]:
    """Return each word as a Mailbox. Raises UsageError for an address that is there twice."""
    found: dict[str, Mailbox] = {}
    for word in words or ():
        one = mailbox_of(word, option)
        if one.address.lower() in found:
            raise UsageError(f"{option}: {one.address} is there twice", hint="name it once")
        found[one.address.lower()] = one
    return tuple(found.values())


def domain_of(text: str) -> str:
    """Return a domain as DNS has it: small letters, what is beyond ASCII as `xn--…`."""
    return ascii_of(unicodedata.normalize("NFKC", text))


def safe_line(text: str, what: str) -> str:
    """Return `text` without blanks around it. Raises UsageError when it is not one safe line.

    A line end in a value would begin another header: somebody else's words in our message.
    """
    for sign in text:
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            kind = "a line end" if sign in "\r\n\x85\u2028\u2029" else "a control character"
            raise UsageError(f"{what} holds {kind}: {text[:60]!r}", hint="nothing was sent")
    return text.strip()


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name.strip()


def _wrong(local: str, domain: str) -> str:
    """Return what is wrong with an address, "" when nothing is."""
    if not _LOCAL.fullmatch(local) or any(unicodedata.category(s)[0] in "CZ" for s in local):
        return "is no address: what stands before the @ is not usable"
    if len(local.encode()) > 64:
        return "is no address: more than 64 bytes before the @"
    if "." not in domain:
        return "is no address: the domain has no dot"
    text = unicodedata.normalize("NFKC", domain)
    if any(unicodedata.category(sign)[0] not in "LMN" and sign not in "-." for sign in text):
        return "is no address: the domain holds a sign that none can"
    name = domain_of(domain)
    if len(name) > 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        return "is no address: the domain is not usable"
    return ""

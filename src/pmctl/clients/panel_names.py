"""Names as HestiaCP has them: domains, mailboxes, quotas, checked here before anything is sent.

The panel lowers domains and account names and takes `www.` away, so a name is brought into that
form first; then it is the one that lists show. As seen on HestiaCP 1.9.9.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pmctl.errors import UsageError

LONGEST_NAME = 64  # of a mailbox or an alias, before the @
_NAME = re.compile(r"[a-z0-9]|[a-z0-9_.-]{2,64}")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?")
_FORWARD = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\.(?:xn--[A-Za-z0-9-]+|[A-Za-z]{2,63})"
)
BLACKHOLE = ":blackhole:"


@dataclass(frozen=True, order=True)
class Address:
    """A mailbox by its domain and the name before the @."""

    domain: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}@{self.domain}"


def domain_name(text: str) -> str:
    """Return a domain as the panel keeps it. Raises UsageError for what is none."""
    domain = unicodedata.normalize("NFC", text.strip()).lower().strip(".").removeprefix("www.")
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise UsageError(f"{text!r} is no domain", hint="a domain is for instance example.com")
    if domain.replace(".", "").isdigit():
        raise UsageError(f"{text!r} is an address of a machine, no domain")
    return domain


def address(text: str) -> Address:
    """Return a mailbox's address as the panel keeps it. Raises UsageError for what is none."""
    name, at, domain = text.strip().rpartition("@")
    if not at or not name:
        raise UsageError(
            f"{text!r} is no address", hint="a mailbox is for instance ana@example.com"
        )
    return Address(domain_name(domain), account_name(name))


def account_name(text: str) -> str:
    """Return the name of a mailbox or an alias, without a domain. Raises UsageError."""
    name = text.lower()
    if "+" in name:
        raise UsageError(
            f"{text!r}: HestiaCP takes no + in a mailbox's name",
            hint=f"{name.partition('+')[0]}+anything@ reaches the mailbox without it anyway",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{text!r} is no name of a mailbox",
            hint=f"letters a-z, digits, dot, _ and -, at most {LONGEST_NAME} of them",
        )
    return name


def alias_name(text: str, domain: str) -> str:
    """Return an alias as the panel keeps it: given alone, or with the mailbox's own domain."""
    name, at, there = text.strip().rpartition("@")
    if at and domain_name(there) != domain:
        raise UsageError(
            f"the alias {text!r} is of another domain than {domain}",
            hint=f"an alias is a second name in {domain}; --forward sends mail elsewhere",
        )
    return account_name(name if at else there)


def forward_address(text: str) -> str:
    """Return where mail is forwarded to, an IDN in ASCII. Raises UsageError for what is none."""
    given = text.strip()
    if given.lower() == BLACKHOLE:
        return BLACKHOLE
    name, _, domain = given.rpartition("@")
    try:
        ascii_domain = domain.lower() if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    found = f"{name}@{ascii_domain}"
    if not _FORWARD.fullmatch(found) or ".." in found:
        raise UsageError(
            f"{text!r} is no address to forward to",
            hint=f"for instance ana@example.org, or {BLACKHOLE} to throw mail away",
        )
    return found


def quota_mb(text: str) -> int | None:
    """Return a quota in MB, None for unlimited. Raises UsageError for what is neither."""
    given = text.strip().lower()
    if given == "unlimited":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise UsageError(
            f"{text!r} is no quota", hint="a number of megabytes, for instance 2048, or unlimited"
        )
    if int(given) == 0:
        raise UsageError("a quota of 0 means unlimited to HestiaCP", hint="say unlimited")
    return int(given)

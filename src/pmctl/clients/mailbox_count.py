"""How many mailboxes there are: by the panel's counters, and by its lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pmctl.clients import mailbox, panel_owner
from pmctl.clients.mailbox import Trouble

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel


@dataclass(frozen=True)
class UserCount:
    """The mailboxes of a user.

    The package's limit holds for each domain; it is None for unlimited, or where it cannot be seen.
    """

    user: str
    domains: int
    mailboxes: int
    limit_each_domain: int | None
    listed: int | None = None  # what the lists hold, when they were read


@dataclass(frozen=True)
class DomainCount:
    """The mailboxes of a domain."""

    domain: str
    user: str
    mailboxes: int
    listed: int | None = None


def of_users(panel: Panel, trouble: Trouble) -> list[UserCount]:
    """Return the count of every user; one read, or two where the login sees one user alone."""
    rows = panel_owner.user_rows(panel)
    if rows is not None:
        return [_of_row(user, row) for user, row in sorted(rows.items())]
    counts: dict[str, list[int]] = {user: [] for user in panel_owner.users(panel)}
    for one in mailbox.domains(panel, counts, trouble):
        counts[one.user].append(one.mailboxes)
    return [UserCount(user, len(all_), sum(all_), None) for user, all_ in counts.items()]


def of_domains(panel: Panel, users: Iterable[str], trouble: Trouble) -> list[DomainCount]:
    """Return the count of each mail domain of some users."""
    found = mailbox.domains(panel, users, trouble)
    return [DomainCount(one.domain, one.user, one.mailboxes) for one in found]


def verified_users(panel: Panel, counts: list[UserCount], trouble: Trouble) -> list[UserCount]:
    """Return the counts with what the lists hold beside them."""
    listed = Counter(box.user for box in _boxes(panel, (one.user for one in counts), trouble))
    return [replace(one, listed=listed[one.user]) for one in counts]


def verified_domains(
    panel: Panel, counts: list[DomainCount], trouble: Trouble
) -> list[DomainCount]:
    """Return the counts with what the lists hold beside them."""
    users = dict.fromkeys(one.user for one in counts)
    if len(counts) == 1:
        boxes = mailbox.of_domain(panel, counts[0].user, counts[0].domain, trouble)
        return [replace(counts[0], listed=len(boxes))]
    listed = Counter(box.address.rpartition("@")[2] for box in _boxes(panel, users, trouble))
    return [replace(one, listed=listed[one.domain]) for one in counts]


def _boxes(panel: Panel, users: Iterable[str], trouble: Trouble) -> Iterable[mailbox.Mailbox]:
    return mailbox.of_users(panel, users, trouble)


def _of_row(user: str, row: dict[str, Any]) -> UserCount:
    used, text = mailbox.number(row.get("U_MAIL_ACCOUNTS")), str(row.get("MAIL_ACCOUNTS") or "")
    limit = int(text) if text.isdigit() else None
    return UserCount(user, mailbox.number(row.get("U_MAIL_DOMAINS")), used, limit)

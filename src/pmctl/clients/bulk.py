"""Asking once for many: when a plan has many files, a few large answers instead of many small ones.

Mautic has no request for several campaigns at a time, but its listings hold what tells whether an
email was touched, and who is a member of which campaign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import Condition, where
from pmctl.parallel import side_by_side
from pmctl.sequence import live as live_shape
from pmctl.sequence.payload import read_mail_marker

if TYPE_CHECKING:
    from pmctl.backends.mautic import Mautic
    from pmctl.sequence.live import LiveMail

FEW = 16  # files; below that each is asked for alone
MAILS, ROWS = 200, 5000  # a page
IN_SERVICE: Condition = ("manually_removed", "eq", 0)


@dataclass
class Bulk:
    """What was asked for once. `mails` are without their texts, by key; None: ask for each."""

    mails: dict[str, list[LiveMail]] | None = None
    members: Counter[int] | None = None
    varied: set[str] = field(default_factory=set)  # keys whose emails have variants

    def mails_of(self, key: str) -> tuple[LiveMail, ...] | None:
        """Return the emails of a sequence, None when that cannot be told from here."""
        if self.mails is None or key in self.varied:
            return None
        found = self.mails.get(key, [])
        return tuple(found) if len({mail.step for mail in found}) == len(found) else None


def ask(mautic: Mautic, env: str, files: int, *, people: bool) -> Bulk:
    """Ask for what `files` plans need, where that takes fewer requests than one for each."""
    bulk = Bulk()
    if files < FEW:
        return bulk
    params = [*where(("name", "like", f"%[[{env}/%")), ("orderBy", "id")]
    total = mautic.total("emails", "emails", params)
    if total / MAILS < files / 2:
        bulk.mails = {}
        for row in _mails(mautic, params, total):
            _note(bulk, row, env)
    if people and mautic.stats_total("campaign_leads", [IN_SERVICE]) / ROWS < files / 2:
        rows = mautic.stats("campaign_leads", [IN_SERVICE], order="campaign_id", page=ROWS)
        bulk.members = Counter(int(row["campaign_id"]) for row in rows)
    return bulk


def _mails(mautic: Mautic, params: list[Any], total: int) -> Iterator[dict[str, Any]]:
    """Yield the emails of a listing, several pages at a time, each once."""

    def page(start: int) -> list[dict[str, Any]]:
        found = mautic.page("emails", "emails", [*params, ("start", start), ("limit", MAILS)])
        return [{name: row.get(name) for name in _KEPT} for row in found]

    seen: set[int] = set()
    for rows in side_by_side(page, range(0, total, MAILS)):
        for row in rows:
            if row["id"] not in seen:
                seen.add(row["id"])
                yield row


_KEPT = ("id", "name", "isPublished", "revision", "variantChildren")


def _note(bulk: Bulk, row: dict[str, Any], env: str) -> None:
    mail = live_shape.mail({name: row[name] for name in _KEPT[:-1]})
    marker = read_mail_marker(str(row["name"]))
    if mail is None or marker is None or marker[0] != env or bulk.mails is None:
        return
    if row["variantChildren"]:
        bulk.varied.add(marker[1])
    bulk.mails.setdefault(marker[1], []).append(mail)

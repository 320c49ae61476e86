"""The DKIM key of a domain as DNS is to have it. The private key is never asked for.

v-list-mail-domain-dkim would answer with it, so it is not used; v-list-mail-domain-dkim-dns has
the public one, between single quotes that are not part of it (seen on HestiaCP 1.9.9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pmctl.backends.hestia_errors import EXISTS, NOT_EXIST, HestiaError
from pmctl.clients import domain_dns
from pmctl.clients.domain import Domain, number, text
from pmctl.clients.domain_idn import ascii_of
from pmctl.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmctl.clients.domain_record import Record
    from pmctl.clients.panel import Panel

InZone = Literal["same", "other", "missing", "no zone"]

SELECTOR = "mail"
HOST = f"{SELECTOR}._domainkey"
_OFF = "DKIM-SUPPORT-IS-NOT-ACTIVATED"


@dataclass(frozen=True)
class Dkim:
    """The key of a domain. `value` is the TXT to be published, "" where DKIM is off.

    `in_zone` says whether the panel's own zone has that same record.
    """

    domain: str
    owner: str
    enabled: bool
    selector: str
    name: str
    value: str
    public_key: str
    ttl_seconds: int | None
    in_zone: InZone


def read(panel: Panel, found: Domain) -> Dkim:
    """Return the key of a domain. Raises NotFound when it has no mail part."""
    if found.mail is None:
        raise NotFound(
            f"{found.domain} of {found.owner} has no mail part, so it has no DKIM key",
            hint=f"`pmctl domain add {found.domain} --user {found.owner} --mail` adds one",
        )
    ttl, value = published(panel, found)
    key = re.search(r"(?:^|;)\s*p=([^;]*)", value)
    zone = domain_dns.read(panel, found).records if found.dns else None
    return Dkim(
        domain=found.domain,
        owner=found.owner,
        enabled=bool(value),
        selector=SELECTOR,
        name=f"{HOST}.{ascii_of(found.domain)}",
        value=value,
        public_key=key[1].strip() if key else "",
        ttl_seconds=ttl,
        in_zone="no zone" if zone is None else in_zone(zone, value),
    )


def published(panel: Panel, found: Domain) -> tuple[int | None, str]:
    """Return the TTL and the TXT of a domain's key; "" where DKIM is off."""
    row = panel.hestia.row("v-list-mail-domain-dkim-dns", found.owner, found.domain)
    value = text(row, "TXT").strip().strip("'\"").strip()
    return number(row, "TTL"), "" if _OFF in value else value


def in_zone(records: Iterable[Record], value: str) -> InZone:
    """Return whether a zone has the record of a key."""
    there = [r.value for r in records if (r.record, r.type) == (HOST, "TXT") and not r.suspended]
    if not there:
        return "missing"
    return "same" if all(_bare(one) == _bare(value) for one in there) else "other"


def turn(panel: Panel, found: Domain, *, on: bool) -> bool:
    """Make a key for a domain, or throw it away; return False when it was so already.

    Where the panel has the zone it changes the record too.
    """

    def so() -> bool:
        return bool(published(panel, found)[1]) is on

    if so():
        return False
    command = "v-add-mail-domain-dkim" if on else "v-delete-mail-domain-dkim"
    try:
        panel.write(command, found.owner, found.domain, target=f"{found.domain} (DKIM)", done=so)
    except HestiaError as exc:
        if exc.code in (EXISTS, NOT_EXIST) and so():  # somebody else was first
            return False
        raise
    return True


def _bare(value: str) -> str:
    return "".join(value.replace('"', "").split())

"""The addresses of the panel that a domain's records point to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.backends.hestia_errors import HestiaError
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain
    from pmctl.clients.panel import Panel


def addresses(panel: Panel, found: Domain) -> list[str]:
    """Return where a domain may be reached, as seen from outside, the best first.

    Those of its user behind whatever translates them, then those of its own parts; none where the
    panel does not say any.
    """
    try:
        rows = panel.hestia.rows("v-list-user-ips", found.owner).rows
    except HestiaError:  # the key may not, and the parts know theirs
        rows = {}
    outer = [str(row.get("NAT") or address) for address, row in rows.items()]
    own = [found.web.ip, found.web.ip6] if found.web else []
    return list(dict.fromkeys(filter(None, [*outer, *own, *([found.dns.ip] if found.dns else [])])))


def address(panel: Panel, found: Domain) -> str:
    """Return the address that records of a domain point to. Raises UsageError without any."""
    for one in addresses(panel, found):
        return one
    raise UsageError(
        f"HestiaCP does not say at which address {found.domain} is to be", hint="--ip ADDRESS"
    )

"""`pmctl domain records`: what must be in DNS for a domain, ready to copy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.domain import Name
from pmctl.cli.panel_words import User, odd, panel_of

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain
    from pmctl.clients.domain_records import Needs
    from pmctl.clients.panel import Panel

app = group("What must be in DNS.")

_WIDE = 36  # characters of a value that stand in a table of 80 columns
_COLUMNS = ["host", "type", "priority", "value", "purpose"]


@app.command("records", cls=Printing)
def records(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    zone: Annotated[
        bool, typer.Option("--zone", help="As a zone file for BIND, or for import elsewhere.")
    ] = False,
    ip: Annotated[
        str, typer.Option("--ip", metavar="ADDRESS", help="Where the panel is seen from outside.")
    ] = "",
) -> None:
    """Say what must be in DNS for a domain, ready to copy.

    Examples:
      pmctl domain records example.com
      pmctl domain records example.com --zone > example.com.zone
      pmctl domain records example.com -o json

    It is what the panel's own zone has, where it has one; else what follows from the domain's web
    and mail parts: addresses, MX, SPF, DKIM, DMARC, the webmail and what mail clients look for.
    The records of purpose `delegation` are the name servers to set where the domain is registered,
    when the panel is to answer for it; all the others belong to another provider's zone. --zone
    splits long texts such as DKIM keys as DNS wants it. What mail would suffer from is warned of.
    """
    from pmctl.clients.domain import locate
    from pmctl.clients.domain_record import checked_address
    from pmctl.clients.domain_records import zone_file

    checked_address(ip)
    with panel_of(ctx) as panel:
        needs = _needs(panel, locate(panel, name, user), ip)
    for warning in needs.warnings:
        output.warn(f"{needs.domain}: {warning}")
    if zone:
        text = zone_file(needs)
        output.show_text(text, lambda: {"domain": needs.domain, "zone": text})
    elif output.asked() or not sys.stdout.isatty():
        output.show(needs.records, _COLUMNS)
    else:
        _to_copy(needs)


def _to_copy(needs: Needs) -> None:
    """Show records to a person: what a table would break into pieces stands whole below it."""
    rows = [output.plain(one) for one in needs.records]
    long = [row for row in rows if len(row["value"]) > _WIDE]
    below = [f"\n{row['host']} {row['type']}\n{row['value']}" for row in long]
    for row in long:
        row["value"] = f"{row['value'][: _WIDE - 12]}... (below)"
    output.show(rows, _COLUMNS)
    output.show_text("\n".join(output.clean(line) for line in "\n".join(below).split("\n")), dict)


def _needs(panel: Panel, found: Domain, ip: str) -> Needs:
    """Return what a domain needs, by the panel's zone or, where there is none, by its facts."""
    from pmctl.clients import domain_dkim, domain_dns
    from pmctl.clients.domain_addresses import address
    from pmctl.clients.domain_records import of_facts, of_zone

    dkim = domain_dkim.published(panel, found)[1] if found.mail and found.mail.dkim else ""
    if found.dns and not ip:
        zone = domain_dns.read(panel, found)
        odd(f"records of {found.domain}", zone.odd)
        return of_zone(found, zone.records, dkim)
    return of_facts(found, ip or address(panel, found), dkim)

"""`pmctl domain dkim`: the DKIM record of a domain, and its key made or thrown away."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Printing, group
from pmctl.cli.domain import Name
from pmctl.cli.panel_words import DryRun, User, Yes, panel_of
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain
    from pmctl.clients.domain_dkim import Dkim
    from pmctl.clients.panel import Panel

app = group("DKIM of a domain.")

_ZONES = {
    "missing": "the panel's zone lacks this record: `pmctl domain dns add` puts it there",
    "other": "the panel's zone has another key in this record: mails fail DKIM there",
    "no zone": "the panel has no zone of this domain: publish it where its name servers are",
}


@app.command("dkim", cls=Printing)
def dkim(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    enable: Annotated[bool, typer.Option("--enable", help="Make a key, and sign with it.")] = False,
    disable: Annotated[
        bool, typer.Option("--disable", help="Throw the key away, and sign no more.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Show the DKIM record of a domain as it is to be published.

    Examples:
      pmctl domain dkim example.com
      pmctl domain dkim example.com --enable
      pmctl domain dkim example.com -o json

    The selector of HestiaCP is `mail`. The value is one text, without quotes; `pmctl domain
    records NAME --zone` splits it for a zone file. The private key is never asked for. --disable
    throws the key away: another --enable makes a new one, with another record.
    """
    from pmctl.clients.domain import locate
    from pmctl.clients.domain_dkim import read

    if enable and disable:
        raise UsageError("--enable and --disable exclude each other", hint="leave one out")
    with panel_of(ctx) as panel:
        found = locate(panel, name, user)
        key = read(panel, found)
        if enable or disable:
            if not _turned(panel, found, key, on=enable, yes=yes, dry_run=dry_run):
                return
            key = read(panel, found)
    if output.asked() or not sys.stdout.isatty():
        output.show_one(key)
    else:  # a line to copy: a table would break it into pieces
        facts = {name: getattr(key, name) for name in ("name", "enabled", "ttl_seconds", "in_zone")}
        output.show_one({"type": "TXT", **facts})
        output.show_text(f"\n{output.clean(key.value)}" if key.value else "", dict)
    if not key.enabled and not disable:
        output.note(f"DKIM is off: `pmctl domain dkim {found.domain} --enable` makes a key")
    elif key.enabled and key.in_zone in _ZONES:
        output.note(_ZONES[key.in_zone])


def _turned(panel: Panel, found: Domain, key: Dkim, *, on: bool, yes: bool, dry_run: bool) -> bool:
    """Switch DKIM; return False when nothing more is to be shown."""
    from pmctl.clients.domain_dkim import turn

    word = "on" if on else "off"
    if key.enabled is on:
        output.note(f"DKIM of {found.domain} is {word} already")
        return True
    if dry_run:
        output.note(f"DKIM of {found.domain} would be switched {word}; nothing was changed")
        return False
    if not on:
        agreed(f"Throw the DKIM key of {found.domain} away?", yes=yes)
    turn(panel, found, on=on)
    return True

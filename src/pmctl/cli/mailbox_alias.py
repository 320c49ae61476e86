"""`pmctl mailbox alias`: second names of a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from pmctl import output
from pmctl.cli import panel_many
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import OneAddress, owned
from pmctl.cli.panel_many import Done
from pmctl.cli.panel_words import DryRun, User, panel_of

app = group(
    "Second names of a mailbox in its own domain.\n\n"
    "Examples:\n"
    "  pmctl mailbox alias add ana@example.com sales info\n"
    "  pmctl mailbox alias list ana@example.com"
)

Names = Annotated[
    list[str], typer.Argument(metavar="ALIAS...", help="Names, with or without the domain.")
]


@dataclass(frozen=True)
class Alias:
    """A second name of a mailbox."""

    alias: str
    address: str


@app.command(cls=Printing)
def add(
    ctx: typer.Context,
    address: OneAddress,
    aliases: Names,
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Give a mailbox second names. One that it has already is fine.

    Examples:
      pmctl mailbox alias add ana@example.com sales info
    """
    _change(ctx, address, aliases, user, there=True, dry_run=dry_run)


@app.command(cls=Printing)
def delete(
    ctx: typer.Context,
    address: OneAddress,
    aliases: Names,
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Take second names away. One that is not there is fine.

    Examples:
      pmctl mailbox alias delete ana@example.com sales
    """
    _change(ctx, address, aliases, user, there=False, dry_run=dry_run)


@app.command("list", cls=Printing)
def list_(ctx: typer.Context, address: OneAddress, user: User = "") -> None:
    """List the second names of a mailbox.

    Examples:
      pmctl mailbox alias list ana@example.com
    """
    from pmctl.clients import mailbox

    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        box = mailbox.look(panel, owner[one], one)
    output.show([Alias(f"{name}@{one.domain}", str(one)) for name in box.aliases], ["alias"])


def _change(
    ctx: typer.Context,
    address: str,
    aliases: list[str],
    user: str,
    *,
    there: bool,
    dry_run: bool,
) -> None:
    from pmctl.clients import mailbox, mailbox_change
    from pmctl.clients.panel_names import alias_name

    did, so = ("added", "is there already") if there else ("deleted", "is not there")
    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        wanted = [alias_name(word, one.domain) for word in panel_many.named(aliases, "alias")]
        box = mailbox.look(panel, owner[one], one)
        change = mailbox_change.add_alias if there else mailbox_change.delete_alias

        def one_of(name: str) -> Done:
            full = f"{name}@{one.domain}"
            if (name in box.aliases) == there:
                return Done(full, so)
            if dry_run:
                return Done(full, f"would be {did}")
            return Done(full, did if change(panel, owner[one], one, name) else so)

        panel_many.do_each("aliases", list(dict.fromkeys(wanted)), one_of, column="alias")

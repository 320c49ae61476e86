"""`pmctl db delete|suspend|unsuspend`: databases that go, or whose users are shut out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names
from pmctl.cli.ask import agreed
from pmctl.cli.common import Printing, group
from pmctl.cli.db_list import KEPT
from pmctl.cli.panel_many import Done, do_each, named
from pmctl.cli.panel_words import DryRun, User, Yes, panel_of
from pmctl.errors import NotFound

if TYPE_CHECKING:
    from pmctl.clients.db import Database

app = group("Deleting databases, and shutting their users out.")

Names = Annotated[
    list[str],
    typer.Argument(metavar="DATABASE...", help="Their whole names, or the short ones; - for stdin.",
                   autocompletion=names.completing(KEPT)),
]  # fmt: skip
_OWNER = ("owner",)


@app.command("delete", cls=Printing)
def delete(
    ctx: typer.Context,
    databases: Names,
    user: User = "",
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="One that is not there is no error.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete databases and their users.

    Examples:
      pmctl db delete alice_blog
      pmctl db delete blog shop --user alice --yes --if-exists
    """
    from pmctl.clients.db import Databases

    with panel_of(ctx) as panel:
        client = Databases(panel)
        found: dict[str, Database | None] = {}
        for name in named(databases, "database"):
            try:
                one = client.find(name, user)
            except NotFound:
                if not if_exists:
                    raise
                found[name] = None
            else:
                found[one.database] = one
        said = ", ".join(f"{one.database} ({one.disk_mb:,} MB)" for one in found.values() if one)
        if said and not dry_run:
            agreed(f"Delete {said}, with all data?", yes=yes)

        def work(name: str) -> Done:
            one = found[name]
            if one is None:
                return Done(name, "is not there", more={"owner": user or None})
            if not dry_run:
                client.delete(one)
            result = "would be deleted" if dry_run else "deleted"
            return Done(name, result, more={"owner": one.owner})

        do_each("deleting", list(found), work, column="database", more=_OWNER)


@app.command("suspend", cls=Printing)
def suspend(ctx: typer.Context, databases: Names, user: User = "", dry_run: DryRun = False) -> None:
    """Shut the users of databases out.

    Examples:
      pmctl db suspend alice_blog
    """
    _switch(ctx, databases, user, suspended=True, dry_run=dry_run)


@app.command("unsuspend", cls=Printing)
def unsuspend(
    ctx: typer.Context, databases: Names, user: User = "", dry_run: DryRun = False
) -> None:
    """Let the users of databases in again.

    Examples:
      pmctl db unsuspend alice_blog
    """
    _switch(ctx, databases, user, suspended=False, dry_run=dry_run)


def _switch(
    ctx: typer.Context, databases: list[str], user: str, *, suspended: bool, dry_run: bool
) -> None:
    from pmctl.clients.db import Databases

    word = "suspended" if suspended else "unsuspended"
    with panel_of(ctx) as panel:
        client = Databases(panel)

        def work(name: str) -> Done:
            one = client.find(name, user)
            if one.suspended == suspended:
                result = "already so"
            elif dry_run:
                result = f"would be {word}"
            else:
                changed = client.suspend(one) if suspended else client.unsuspend(one)
                result = word if changed else "already so"
            return Done(one.database, result, more={"owner": one.owner})

        label = "suspending" if suspended else "unsuspending"
        do_each(label, named(databases, "database"), work, column="database", more=_OWNER)

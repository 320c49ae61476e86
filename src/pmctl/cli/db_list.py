"""`pmctl db list|show`: databases and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import panel_words
from pmctl.cli.common import Printing, group
from pmctl.cli.panel_words import AllUsers, User, panel_of
from pmctl.errors import PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.db import Database, Databases

app = group("Databases and whose they are.")

KEPT = "databases"  # names kept for completion
Name = Annotated[
    str,
    typer.Argument(metavar="DATABASE", help="Its whole name, or the short one.",
                   autocompletion=names.completing(KEPT)),
]  # fmt: skip
COLUMNS = ["database", "owner", "type", "db_user", "disk_mb", "suspended"]


@app.command("list", cls=Printing)
def list_(ctx: typer.Context, user: User = "", all_users: AllUsers = False) -> None:
    """List the databases of a user, or of all.

    Examples:
      pmctl db list --user alice
      pmctl db list --all-users -o csv --columns database,owner,disk_mb
      pmctl db list -o json

    Without --user those of all users are listed. A user whose databases cannot be read is named,
    and the exit code is 1; the others are shown. PostgreSQL's charset is shown as the panel wrote
    it down: UTF8MB4 there is MySQL's, which its default puts for both.
    """
    from pmctl.clients.db import Databases

    if user and all_users:
        raise UsageError("--user and --all-users exclude each other")
    failed: list[str] = []
    found: list[Database] = []
    with panel_of(ctx) as panel:
        client = Databases(panel)
        output.show(_rows(client, user, found, failed), COLUMNS)
    names.remember(KEPT, (one.database for one in found))
    panel_words.odd("list of databases", (one.database for one in found if one.odd))
    if failed:
        raise PmctlError(
            f"the databases of {', '.join(failed)} could not be read",
            hint="the others are listed; the warnings say why",
        )


def _rows(
    client: Databases, user: str, found: list[Database], failed: list[str]
) -> Iterator[Database]:
    """Yield databases as they come; note them, and the users whose could not be read."""
    if user:
        found += client.of(user)
        yield from found
        return
    with output.progress("reading", len(client.users)) as advance:
        for part in client.each_user():
            if part.failed:
                failed.append(part.user)
                output.warn(f"{part.user}: {part.failed.message}")
            found += part.rows
            yield from part.rows
            advance()


@app.command("show", cls=Printing)
def show(ctx: typer.Context, database: Name, user: User = "") -> None:
    """Show a database.

    Examples:
      pmctl db show alice_blog
      pmctl db show blog --user alice -o json
    """
    from pmctl.clients.db import Databases

    with panel_of(ctx) as panel:
        found = Databases(panel).find(database, user)
    output.show_one(found)
    panel_words.odd("list of databases", [found.database] if found.odd else [])

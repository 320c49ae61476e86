"""`pmctl db add|passwd`: databases that are made, and the passwords of their users."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.db_list import Name
from pmctl.cli.panel_words import DryRun, User, panel_of
from pmctl.cli.passwords import (
    GeneratePassword,
    PasswordFileOut,
    Passwords,
    PasswordStdin,
    telling,
)
from pmctl.errors import Conflict

if TYPE_CHECKING:
    from pmctl.clients.db import Database, New

app = group("Making databases, and the passwords of their users.")

_COLUMNS = ["database", "owner", "type", "db_user", "result"]


class Type(StrEnum):
    """What a database can be."""

    mysql = "mysql"
    pgsql = "pgsql"


@app.command("add", cls=Printing)
def add(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name, with or without the owner's prefix.")
    ],
    user: User = "",
    db_user: Annotated[
        str, typer.Option("--db-user", metavar="NAME", help="Its user; called as it without.")
    ] = "",
    type_: Annotated[Type, typer.Option("--type", help="mysql (or MariaDB), or pgsql.")] = (
        Type.mysql
    ),
    charset: Annotated[
        str, typer.Option(metavar="NAME", help="UTF8MB4, for pgsql UTF8, without.")
    ] = "",
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="One that is there already is fine.")
    ] = False,
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    dry_run: DryRun = False,
) -> None:
    """Create a database and its user.

    Examples:
      pmctl db add blog --user alice --generate-password
      pmctl db add alice_blog --type pgsql --generate-password
      pass show db/blog | pmctl db add blog --user alice --password-stdin

    HestiaCP puts the owner before both names: `blog` of alice is `alice_blog`, and `alice_blog` is
    understood as that. The whole name is printed; it is what programs connect with. PostgreSQL's
    names are lowered.
    """
    from pmctl.clients import db

    with panel_of(ctx) as panel:
        client = db.Databases(panel)
        owner = user or client.owner_for(name)
        wanted = db.new(owner, name, db_user=db_user, type_=type_.value, charset=charset)
        there = client.look(owner, wanted.database)
        if there:
            output.show([_exists(there, wanted, accepted=if_not_exists)], _COLUMNS)
            return
        row = {"database": wanted.database, "owner": owner, "type": wanted.type,
               "db_user": wanted.db_user}  # fmt: skip
        if dry_run:
            output.show([{**row, "result": "would be created"}], _COLUMNS)
            return
        given = Passwords(
            [wanted.database],
            stdin=password_stdin,
            generate=generate_password,
            file_out=password_file_out,
        ).of(wanted.database)
        with telling(row, "created", given, _COLUMNS):
            client.add(wanted, given.value)


@app.command("passwd", cls=Printing)
def passwd(
    ctx: typer.Context,
    database: Name,
    user: User = "",
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    dry_run: DryRun = False,
) -> None:
    """Give the user of a database another password.

    Examples:
      pmctl db passwd alice_blog --generate-password
      pass show db/blog | pmctl db passwd blog --user alice --password-stdin
    """
    from pmctl.clients.db import Databases

    with panel_of(ctx) as panel:
        client = Databases(panel)
        found = client.find(database, user)
        row = _row(found)
        if dry_run:
            output.show([{**row, "result": "would get a new password"}], _COLUMNS)
            return
        given = Passwords(
            [found.database],
            stdin=password_stdin,
            generate=generate_password,
            file_out=password_file_out,
        ).of(found.database)
        with telling(row, "new password", given, _COLUMNS):
            client.password(found, given.value)


def _exists(there: Database, wanted: New, *, accepted: bool) -> dict[str, Any]:
    """Return the row of a database that is there. Raises Conflict when that is not accepted."""
    if not accepted:
        raise Conflict(
            f"HestiaCP has a database {there.database} already",
            hint="nothing was changed; --if-not-exists accepts that",
        )
    if (there.type, there.db_user) != (wanted.type, wanted.db_user):
        output.warn(f"{there.database} is of type {there.type} with the user {there.db_user}, "
                    f"not {wanted.type} with {wanted.db_user}")  # fmt: skip
    return {**_row(there), "result": "exists already"}


def _row(one: Database) -> dict[str, Any]:
    return {"database": one.database, "owner": one.owner, "type": one.type, "db_user": one.db_user}

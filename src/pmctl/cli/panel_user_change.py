"""`pmctl panel-user add|passwd|contact|package`: what is made, or changed about a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.panel_user_list import Name
from pmctl.cli.panel_words import DryRun, panel_of
from pmctl.cli.passwords import (
    GeneratePassword,
    PasswordFileOut,
    Passwords,
    PasswordStdin,
    telling,
)
from pmctl.errors import Conflict

if TYPE_CHECKING:
    from pmctl.clients.panel_user import PanelUser
    from pmctl.clients.panel_user_usage import Usage

app = group("Making users and changing them.")

_FORCE = "nothing was changed; --force gives it nevertheless"
_UNSEEN = (
    "the key may not read packages, so what the limits mean is not shown; the panel refuses one "
    "that does not cover the domains and databases that are there"
)
_COLUMNS = ["user", "contact", "package", "result"]


@app.command("add", cls=Printing)
def add(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The name; case counts.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where the panel writes to.")],
    package: Annotated[
        str, typer.Option(metavar="PACKAGE", help="Its limits; `packages` lists them.")
    ] = "default",
    name: Annotated[str, typer.Option(metavar="NAME", help="The person's first name.")] = "",
    lastname: Annotated[str, typer.Option(metavar="NAME", help="The last name.")] = "",
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="A user who is there already is fine.")
    ] = False,
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    dry_run: DryRun = False,
) -> None:
    """Create a user of the panel.

    Examples:
      pmctl panel-user add alice alice@example.com --generate-password
      pmctl panel-user add alice a@example.com --package small --name Alice
      pass show alice | pmctl panel-user add alice a@example.com --password-stdin

    The password is asked for at a terminal, read from stdin, or made up and printed once.
    """
    from pmctl.clients.panel_user import PanelUsers
    from pmctl.clients.panel_user_names import checked_email, checked_name, checked_person

    person = checked_person(" ".join(filter(None, (name, lastname))))
    checked_name(user)
    checked_email(email)
    row = {"user": user, "contact": email, "package": package}
    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        there = client.look(user)
        if there:
            output.show([_exists(there, row, accepted=if_not_exists)], _COLUMNS)
            return
        if dry_run:
            client.package_row(package)
            output.show([{**row, "result": "would be created"}], _COLUMNS)
            return
        given = Passwords(
            [user], stdin=password_stdin, generate=generate_password, file_out=password_file_out
        ).of(user)
        with telling(row, "created", given, _COLUMNS):
            client.add(user, given.value, email, package=package, person=person)


@app.command("passwd", cls=Printing)
def passwd(
    ctx: typer.Context,
    user: Name,
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    dry_run: DryRun = False,
) -> None:
    """Give a user another password.

    Examples:
      pmctl panel-user passwd alice --generate-password
      pass show panel/alice | pmctl panel-user passwd alice --password-stdin
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        if dry_run:
            row = _row(client.get(user))
            output.show([{**row, "result": "would get a new password"}], _COLUMNS)
            return
        given = Passwords(
            [user], stdin=password_stdin, generate=generate_password, file_out=password_file_out
        ).of(user)
        row = {"user": user}
        with telling(row, "new password", given, _COLUMNS):
            row.update(_row(client.password(user, given.value)))


@app.command("contact", cls=Printing)
def contact(
    ctx: typer.Context,
    user: Name,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The new address.")],
    dry_run: DryRun = False,
) -> None:
    """Change the address that the panel writes to.

    Examples:
      pmctl panel-user contact alice alice@example.net
    """
    from pmctl.clients.panel_user import PanelUsers
    from pmctl.clients.panel_user_names import checked_email

    checked_email(email)
    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        found = client.get(user)
        row = {**_row(found), "contact": email}
        if found.contact == email:
            result = "already so"
        elif dry_run:
            result = f"would change from {found.contact}"
        else:
            client.contact(found, email)
            result = f"changed from {found.contact}"
    output.show([{**row, "result": result}], _COLUMNS)


@app.command("package", cls=Printing)
def package(
    ctx: typer.Context,
    user: Name,
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help="The new package.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also when it does not cover what is used.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Give a user another package; shows first what that means.

    Examples:
      pmctl panel-user package alice small --dry-run
      pmctl panel-user package alice small --force

    What is over a limit stays as it is; the panel only refuses more of it. Without --force a
    package that does not cover what is used is refused.
    """
    from pmctl.clients.panel_user import PanelUsers
    from pmctl.clients.panel_user_usage import against

    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        found = client.get(user)
        limits = client.package_row(package)
        new = against(found.usage, limits) if limits is not None else found.usage
        if limits is None:
            output.warn(_UNSEEN)
        row = {**_row(found), "package": package}
        same = found.package == package and not found.damaged
        for line in _meaning(found.usage, new):
            output.note(line)
        over = [one for one in new if one.over and limits is not None]
        if over and not force and not same:
            raise Conflict(_too_small(package, user, over), hint=_FORCE)
        if same and found.usage == new:
            result = "already so"
        elif dry_run:
            result = f"would change from {found.package}"
        else:
            client.change_package(found, package, force=force)
            result = f"changed from {found.package}"
    output.show([{**row, "result": result}], _COLUMNS)


def _too_small(package: str, user: str, over: list[Usage]) -> str:
    used = (f"{one.counter.name.replace('_', ' ')} {one.used} of {one.limit}" for one in over)
    return f"{package} does not cover what {user} uses: {', '.join(used)}"


def _meaning(old: tuple[Usage, ...], new: tuple[Usage, ...]) -> list[str]:
    """Return a line for each limit that changes."""

    def said(limit: int | None) -> str:
        return "unlimited" if limit is None else f"{limit:,}"

    lines = []
    for was, one in zip(old, new, strict=True):
        if was.limit == one.limit:
            continue
        name = one.counter.used_key.replace("_", " ").replace(" mb", " (MB)")
        each = " in each domain" * one.counter.each_domain
        full = "" if one.percent is None else f" ({one.percent:g}%)"
        mark = "! " if one.over else "  "
        change = f"{said(was.limit)} -> {said(one.limit)}{each}"
        lines.append(f"{mark}{name}: {change}, {one.used:,} used{full}")
    return lines


def _exists(there: PanelUser, wanted: dict[str, Any], *, accepted: bool) -> dict[str, Any]:
    """Return the row of a user who is there. Raises Conflict when that is not accepted."""
    if not accepted:
        raise Conflict(
            f"HestiaCP has a user {there.user} already",
            hint="nothing was changed; --if-not-exists accepts that",
        )
    row = _row(there)
    for name in ("contact", "package"):
        if row[name] != wanted[name]:
            output.warn(f"{there.user} has the {name} {row[name]}, not {wanted[name]}; "
                        f"`pmctl panel-user {name}` changes it")  # fmt: skip
    return {**row, "result": "exists already"}


def _row(user: PanelUser) -> dict[str, Any]:
    return {"user": user.user, "contact": user.contact, "package": user.package}

"""`pmctl panel-user delete|suspend|unsuspend`: users who go, or are shut out for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli.ask import agreed, typed_back
from pmctl.cli.common import Printing, group
from pmctl.cli.panel_many import Done, do_each, named
from pmctl.cli.panel_words import USERS, DryRun, Yes, panel_of
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.panel_user import Belongings, PanelUser, PanelUsers

app = group("Deleting users, and shutting them out.")

Names = Annotated[
    list[str],
    typer.Argument(metavar="USER...", help="Users of the panel; - for stdin.",
                   autocompletion=names.completing(USERS)),
]  # fmt: skip
_SHOWN = 5  # names of each kind


@app.command("delete", cls=Printing)
def delete(
    ctx: typer.Context,
    users: Names,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="One who is not there is no error.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete users with all that is theirs.

    Examples:
      pmctl panel-user delete alice --dry-run
      pmctl panel-user delete alice
      pmctl panel-user delete alice bob --yes --if-exists

    Says what goes: domains, mailboxes with their mail, databases. Wants the name typed back, or
    --yes. The root user of the panel is never deleted.
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        wanted = named(users, "user")
        for name in wanted:
            client.not_root(name, "deleted")
        # everybody is looked at before anything is done
        found = {name: client.look(name) if if_exists else client.get(name) for name in wanted}
        for user in found.values():
            if user:
                _tell(user, client.belongings(user))
        for user in found.values():
            if user and not dry_run:
                typed_back(user.user, "delete it with all that", yes=yes)

        def one(name: str) -> Done:
            user = found[name]
            if user and not dry_run:
                client.delete(user)
            done = "would be deleted" if dry_run else "deleted"
            return Done(name, done if user else "is not there")

        do_each("deleting", wanted, one, column="user")


@app.command("suspend", cls=Printing)
def suspend(ctx: typer.Context, users: Names, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Shut users out, with their domains, mailboxes and databases.

    Examples:
      pmctl panel-user suspend alice
      pmctl panel-user suspend alice bob --yes

    Their websites, mail and databases stop until `unsuspend`. This takes the panel up to half a
    minute for each.
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        client = PanelUsers(panel)
        wanted = named(users, "user")
        for name in wanted:
            client.not_root(name, "suspended")
        if not dry_run:
            agreed(f"Suspend {', '.join(wanted)}, with websites, mail and databases?", yes=yes)
        _switch(client, wanted, suspended=True, dry_run=dry_run)


@app.command("unsuspend", cls=Printing)
def unsuspend(ctx: typer.Context, users: Names, dry_run: DryRun = False) -> None:
    """Let users in again.

    Examples:
      pmctl panel-user unsuspend alice bob
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        _switch(PanelUsers(panel), named(users, "user"), suspended=False, dry_run=dry_run)


def _switch(client: PanelUsers, users: list[str], *, suspended: bool, dry_run: bool) -> None:
    word = "suspended" if suspended else "unsuspended"

    def one(name: str) -> Done:
        if dry_run:
            changes = client.get(name).suspended != suspended
            return Done(name, f"would be {word}" if changes else "already so")
        if len(users) == 1:  # else there is a bar
            output.note(f"{name}: this may take the panel half a minute")
        changed = client.suspend(name) if suspended else client.unsuspend(name)
        return Done(name, word if changed else "already so")

    label = "suspending" if suspended else "unsuspending"
    do_each(label, users, one, column="user")


def _tell(user: PanelUser, goods: Belongings) -> None:
    """Say what goes with a user."""
    who = f"{user.user} ({user.name})" if user.name else user.user
    output.note(f"{who}, {user.contact}, package {user.package}")
    if user.role != "user":
        output.warn(f"{user.user} is an {user.role} of the panel")
    for what, used in goods.counted.items():
        if used:
            output.note(f"  - {what.replace('_mb', ' (MB)').replace('_', ' ')}: {used:,}")
    if goods.counted:
        return
    kinds = {
        "web domain": goods.web_domains, "mail domain": goods.mail_domains,
        "DNS domain": goods.dns_domains, "database": goods.databases,
    }  # fmt: skip
    for kind, found in kinds.items():
        if found:
            output.note(f"  - {counted(len(found), kind)}: {_first(found)}")
    if goods.mailboxes:
        boxes = "mailbox with its" if goods.mailboxes == 1 else "mailboxes with their"
        output.note(f"  - {goods.mailboxes:,} {boxes} mail")
    if goods.cron_jobs:
        output.note(f"  - {counted(goods.cron_jobs, 'cron job')}")
    output.note(f"  - {goods.disk_mb:,} MB on the disk")


def _first(found: tuple[str, ...]) -> str:
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

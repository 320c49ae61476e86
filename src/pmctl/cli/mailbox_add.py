"""`pmctl mailbox add` and `passwd`: what needs passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import panel_many
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import Addresses, owned
from pmctl.cli.panel_many import Done
from pmctl.cli.panel_words import DryRun, User, panel_of
from pmctl.cli.passwords import GeneratePassword, PasswordFileOut, Passwords, PasswordStdin
from pmctl.errors import Conflict, OutcomeUnknown, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_names import Address

app = group("Mailboxes and their passwords.")


@app.command(cls=Printing)
def add(
    ctx: typer.Context,
    addresses: Addresses,
    quota: Annotated[
        str, typer.Option("--quota", metavar="MB|unlimited", help="In megabytes.")
    ] = "unlimited",
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="NAME", help="A second name; repeatable.")
    ] = None,
    forward: Annotated[
        list[str] | None,
        typer.Option("--forward", metavar="ADDRESS", help="Send mail on to; repeatable."),
    ] = None,
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    user: User = "",
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Leave one that exists as it is; no error.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add mailboxes, with a password for each.

    Examples:
      pmctl mailbox add ana@example.com --quota 2048
      pmctl mailbox add ana@example.com bo@example.com --generate-password
      pass show ana | pmctl mailbox add ana@example.com --password-stdin
      pmctl mailbox add - --generate-password --password-file-out pw.csv < names

    Without an option the password is asked for twice. The domain must have mail on the panel.
    """
    from pmctl.clients import mailbox
    from pmctl.clients.panel_names import alias_name, forward_address, quota_mb

    limit = quota_mb(quota)
    forwards = [forward_address(word) for word in forward or ()]
    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)
        if alias and len(wanted) > 1:
            raise UsageError("--alias is for one mailbox", hint="`pmctl mailbox alias add` later")
        aliases = [alias_name(word, wanted[0].domain) for word in alias or ()]
        made: dict[Address, str] = {}
        given = None if dry_run else Passwords(
            list(map(str, wanted)), stdin=password_stdin, generate=generate_password,
            file_out=password_file_out,
        )  # fmt: skip

        def one_of(one: Address) -> Done:
            if mailbox.exists(panel, owner[one], one):
                if not if_not_exists:
                    raise Conflict(
                        f"HestiaCP has the mailbox {one} already",
                        hint="--if-not-exists accepts it; `pmctl mailbox passwd` sets its password",
                    )
                return Done(str(one), "exists already")
            if given is None:
                mailbox.check_domain(panel, owner[one], one.domain)
                return Done(str(one), "would be created")
            password = given.of(str(one))
            _create(panel, owner[one], one, password.value, limit, password.shown, made)
            _extras(panel, owner[one], one, aliases, forwards)
            return Done(str(one), "created", password.shown)

        panel_many.do_each(
            "adding", wanted, one_of, column="address", lost=lambda one: made.get(one, "")
        )
        if given is not None:
            given.close()


def _create(
    panel: Panel,
    user: str,
    one: Address,
    password: str,
    limit: int | None,
    shown: str,
    made: dict[Address, str],
) -> None:
    """Make a mailbox; into `made` goes a password to be shown of one that is or may be there."""
    from pmctl.clients import mailbox_change

    try:
        mailbox_change.add(panel, user, one, password, limit)
    except OutcomeUnknown:
        made[one] = shown
        raise
    made[one] = shown


def _extras(panel: Panel, user: str, one: Address, aliases: list[str], forwards: list[str]) -> None:
    """Add second names and forwards. Raises PmctlError that says that the mailbox is there."""
    from pmctl.clients import mailbox_change

    try:
        for name in aliases:
            mailbox_change.add_alias(panel, user, one, name)
        for to in forwards:
            mailbox_change.add_forward(panel, user, one, to)
    except PmctlError as exc:
        exc.message = f"{one} was created, but not all of it: {exc.message}"
        raise


@app.command(cls=Printing)
def passwd(
    ctx: typer.Context,
    addresses: Addresses,
    password_stdin: PasswordStdin = False,
    generate_password: GeneratePassword = False,
    password_file_out: PasswordFileOut = "",
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Give mailboxes another password.

    Examples:
      pmctl mailbox passwd ana@example.com
      pmctl mailbox passwd ana@example.com bo@example.com --generate-password
    """
    from pmctl.clients import mailbox, mailbox_change

    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)
        unsure: dict[Address, str] = {}
        given = None if dry_run else Passwords(
            list(map(str, wanted)), stdin=password_stdin, generate=generate_password,
            file_out=password_file_out,
        )  # fmt: skip

        def one_of(one: Address) -> Done:
            box = mailbox.look(panel, owner[one], one)
            if box.suspended:
                raise Conflict(
                    f"{one} is suspended: its password cannot be changed",
                    hint=f"`pmctl mailbox unsuspend {one}` first",
                )
            if given is None:
                return Done(str(one), "would get another password")
            password = given.of(str(one))
            try:
                mailbox_change.set_password(panel, owner[one], one, password.value)
            except OutcomeUnknown as exc:
                unsure[one] = password.shown
                exc.hint = "set it again: twice the same password does no harm"
                raise
            return Done(str(one), "has another password", password.shown)

        panel_many.do_each(
            "setting passwords", wanted, one_of, column="address",
            lost=lambda one: unsure.get(one, ""),
        )  # fmt: skip
        if given is not None:
            given.close()
        if dry_run:
            output.note("nothing was changed (--dry-run)")

"""`pmctl mailbox`: the mailboxes of a HestiaCP."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import ask, panel_many
from pmctl.cli.common import Lazy, Printing, group
from pmctl.cli.panel_many import Done
from pmctl.cli.panel_words import AllUsers, DryRun, User, Yes, odd, panel_of, unlimited
from pmctl.errors import PmctlError, UsageError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.mailbox import Mailbox, Trouble
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_names import Address

KIND = "mailboxes"  # of names kept for completion
DOMAINS = "mail-domains"


class MailboxGroup(Lazy):
    """The commands below, and what lies in modules of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "add": ("pmctl.cli.mailbox_add", "Add mailboxes, with a password for each."),
        "passwd": ("pmctl.cli.mailbox_add", "Give mailboxes another password."),
        "alias": ("pmctl.cli.mailbox_alias", "Second names of a mailbox in its own domain."),
        "forward": ("pmctl.cli.mailbox_forward", "Where a mailbox sends its mail on to."),
        "autoreply": ("pmctl.cli.mailbox_autoreply", "What a mailbox answers by itself."),
        "import": ("pmctl.cli.mailbox_import", "Add the mailboxes of a CSV file, one by one."),
        "export": (
            "pmctl.cli.mailbox_import",
            "Print mailboxes in the columns that `import` reads, without passwords.",
        ),
        "count": ("pmctl.cli.mailbox_count", "Count mailboxes by user or domain."),
    }


app = group(
    "Mailboxes on HestiaCP: list, add, forward, import.\n\n"
    "Examples:\n"
    "  pmctl mailbox list example.com\n"
    "  pmctl mailbox add ana@example.com --quota 2048 --generate-password\n"
    "  pmctl mailbox forward add ana@example.com ana@example.org\n"
    "  pmctl mailbox autoreply set ana@example.com --file away.txt",
    cls=MailboxGroup,
)

Addresses = Annotated[
    list[str],
    typer.Argument(
        metavar="ADDRESS...",
        help="Mailboxes, or - for stdin, one a line.",
        autocompletion=names.completing(KIND),
    ),
]
OneAddress = Annotated[
    str,
    typer.Argument(metavar="ADDRESS", help="The mailbox.", autocompletion=names.completing(KIND)),
]
OptionalDomain = Annotated[
    str,
    typer.Argument(
        metavar="[DOMAIN]",
        help="Only this domain.",
        show_default=False,
        autocompletion=names.completing(DOMAINS),
    ),
]


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    domain: OptionalDomain = "",
    user: User = "",
    all_users: AllUsers = False,
    suspended: Annotated[
        bool, typer.Option("--suspended", help="Only those that are suspended.")
    ] = False,
) -> None:
    """List mailboxes: of a domain, of a user, or of all users.

    Examples:
      pmctl mailbox list example.com
      pmctl mailbox list --user alice
      pmctl mailbox list --all-users -o csv > mailboxes.csv
      pmctl mailbox list --suspended

    Usage and quota are in megabytes. A domain that cannot be read is named at the end, the others
    are shown, and the exit code is 1.
    """
    from pmctl.clients.mailbox import Trouble

    scope(domain, user, all_users=all_users)
    trouble = Trouble()
    with panel_of(ctx) as panel:
        found = boxes_of(panel, domain, user, trouble)
        owner = [] if domain or user else ["user"]
        kept = _remembered(box for box in found if box.suspended or not suspended)
        if output.asked() is None and sys.stdout.isatty() and not output.style.columns:
            columns = ["address", *owner, "usage_mb", "aliases", "forwards", "state"]
            output.show(map(_narrow, kept), columns)
        else:
            columns = ["address", *owner, "used_mb", "quota_mb", "used_percent", "alias_count",
                       "forward_count", "suspended"]  # fmt: skip
            output.show(unlimited(kept, "quota_mb"), columns)
    told(trouble)


def _narrow(box: Mailbox) -> dict[str, object]:
    """Return a mailbox for a terminal of 80 columns."""
    usage = str(box.used_mb)
    if box.quota_mb is not None:
        usage = f"{box.used_mb} of {box.quota_mb} ({box.used_percent:.0f}%)"
    return {
        "address": box.address,
        "user": box.user,
        "usage_mb": usage,
        "aliases": box.alias_count or "",
        "forwards": f"{box.forward_count or ''}{' only' if box.forward_only else ''}",
        "state": "suspended" if box.suspended else "",
    }


def scope(domain: str, user: str, *, all_users: bool) -> None:
    """Raise UsageError for a domain or user beside --all-users."""
    if all_users and (domain or user):
        raise UsageError("--all-users is all there are", hint="leave the domain and --user out")


def boxes_of(panel: Panel, domain: str, user: str, trouble: Trouble) -> Iterable[Mailbox]:
    """Return the mailboxes of a domain, of a user, or of every user that the login may see."""
    from pmctl.clients import mailbox, panel_owner
    from pmctl.clients.panel_names import domain_name

    if domain:
        name = domain_name(domain)
        return mailbox.of_domain(panel, user or panel_owner.owner_of(panel, name), name, trouble)
    users = [user] if user else panel_owner.users(panel)
    return mailbox.of_users(panel, users, trouble)


def told(trouble: Trouble) -> None:
    """Say what was odd. Raises PmctlError when something could not be read."""
    odd("listing", trouble.odd)
    for name, exc in trouble.failed:
        output.warn(f"{name}: {exc.message}")
    if trouble.failed:
        failed = ", ".join(name for name, _ in trouble.failed[:5])
        raise PmctlError(
            f"the list is not whole: {len(trouble.failed)} could not be read: {failed}",
            hint="the rest is shown; run it again, --trace shows the answers",
        )


def _remembered(boxes: Iterable[Mailbox]) -> Iterable[Mailbox]:
    """Yield the mailboxes; keep their names for completion."""
    seen = []
    for box in boxes:
        seen.append(box.address)
        yield box
    names.remember(KIND, {*names.remembered(KIND), *seen})
    domains = {name.rpartition("@")[2] for name in seen}
    names.remember(DOMAINS, {*names.remembered(DOMAINS), *domains})


@app.command(cls=Printing)
def show(ctx: typer.Context, address: OneAddress, user: User = "") -> None:
    """Show a mailbox: quota, aliases, forwards, automatic reply, webmail.

    Examples:
      pmctl mailbox show ana@example.com
      pmctl mailbox show ana@example.com -o json
    """
    from pmctl.clients import mailbox

    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        shown = next(unlimited([mailbox.detail(panel, owner[one], one)], "quota_mb"))
    if output.asked() is None and not output.style.columns:
        del shown["alias_count"], shown["forward_count"]  # they stand there by name
    output.show_one(shown)


@app.command(cls=Printing)
def delete(
    ctx: typer.Context,
    addresses: Addresses,
    user: User = "",
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="One that is not there is no error.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete mailboxes with all their mail.

    Examples:
      pmctl mailbox delete ana@example.com
      pmctl mailbox delete - --yes --if-exists < gone.txt
    """
    from pmctl.clients import mailbox, mailbox_change

    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)
        there = {one for one, found in zip(wanted, panel.each(
            lambda one: mailbox.exists(panel, owner[one], one), wanted), strict=True) if found
        }  # fmt: skip
        if there and not dry_run:
            first = ", ".join(str(one) for one in wanted[:3] if one in there)
            ask.agreed(f"Delete {counted_boxes(len(there))} ({first}) with all mail?", yes=yes)

        def one_of(one: Address) -> Done:
            if one not in there:
                if not if_exists:
                    mailbox.look(panel, owner[one], one)  # raises with the nearest name
                return Done(str(one), "is not there")
            if dry_run:
                return Done(str(one), "would be deleted")
            mailbox_change.delete(panel, owner[one], one)
            return Done(str(one), "deleted")

        panel_many.do_each("deleting", wanted, one_of, column="address")


@app.command(cls=Printing)
def quota(
    ctx: typer.Context,
    addresses: Addresses,
    size: Annotated[
        str, typer.Option("--set", metavar="MB|unlimited", help="The new quota, in megabytes.")
    ],
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Set how much mail a mailbox may hold.

    Examples:
      pmctl mailbox quota ana@example.com --set 4096
      pmctl mailbox quota ana@example.com bo@example.com --set unlimited
    """
    from pmctl.clients import mailbox, mailbox_change
    from pmctl.clients.panel_names import quota_mb

    limit = quota_mb(size)
    said = "unlimited" if limit is None else f"{limit:,} MB"
    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)

        def one_of(one: Address) -> Done:
            if dry_run:
                same = mailbox.look(panel, owner[one], one).quota_mb == limit
                return Done(str(one), f"{'is' if same else 'would be'} {said}")
            new = mailbox_change.set_quota(panel, owner[one], one, limit)
            return Done(str(one), said if new else f"{said} already")

        panel_many.do_each("setting quotas", wanted, one_of, column="address")


@app.command(cls=Printing)
def suspend(
    ctx: typer.Context, addresses: Addresses, user: User = "", dry_run: DryRun = False
) -> None:
    """Shut mailboxes: nobody can log in; nothing is deleted.

    Examples:
      pmctl mailbox suspend ana@example.com
    """
    _suspend(ctx, addresses, user, suspended=True, dry_run=dry_run)


@app.command(cls=Printing)
def unsuspend(
    ctx: typer.Context, addresses: Addresses, user: User = "", dry_run: DryRun = False
) -> None:
    """Open mailboxes again.

    Examples:
      pmctl mailbox unsuspend ana@example.com
    """
    _suspend(ctx, addresses, user, suspended=False, dry_run=dry_run)


def _suspend(
    ctx: typer.Context, addresses: list[str], user: str, *, suspended: bool, dry_run: bool
) -> None:
    from pmctl.clients import mailbox, mailbox_change

    said = "suspended" if suspended else "active"
    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)

        def one_of(one: Address) -> Done:
            if dry_run:
                same = mailbox.look(panel, owner[one], one).suspended == suspended
                return Done(str(one), f"{'is' if same else 'would be'} {said}")
            new = mailbox_change.suspend(panel, owner[one], one, suspended)
            return Done(str(one), said if new else f"{said} already")

        panel_many.do_each("working", wanted, one_of, column="address")


def owned(panel: Panel, words: list[str], user: str) -> tuple[list[Address], dict[Address, str]]:
    """Return the addresses that are named and whose each is; one read for each domain."""
    from pmctl.clients import mailbox
    from pmctl.clients.panel_names import address

    wanted = list(dict.fromkeys(address(word) for word in panel_many.named(words, "mailbox")))
    owner = mailbox.owners(panel, wanted, user)
    return wanted, {one: owner[one.domain] for one in wanted}


def counted_boxes(number: int) -> str:
    """Return `1 mailbox`, `2 mailboxes`."""
    return counted(number, "mailbox").replace("boxs", "boxes")

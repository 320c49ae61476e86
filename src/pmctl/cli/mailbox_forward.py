"""`pmctl mailbox forward`: where a mailbox sends its mail on to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import panel_many
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import OneAddress, owned
from pmctl.cli.panel_many import Done
from pmctl.cli.panel_words import DryRun, User, panel_of
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.clients.mailbox import Mailbox
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_names import Address

app = group(
    "Where a mailbox sends its mail on to.\n\n"
    "Examples:\n"
    "  pmctl mailbox forward add ana@example.com ana@example.org\n"
    "  pmctl mailbox forward add ana@example.com ana@example.org --only"
)

Targets = Annotated[
    list[str], typer.Argument(metavar="TO...", help="Addresses; :blackhole: throws mail away.")
]
Only = Annotated[bool, typer.Option("--only", help="Keep nothing in the mailbox itself.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep mail in the mailbox too.")]


@dataclass(frozen=True)
class Forward:
    """An address that mail is sent on to; `kept`: it stays in the mailbox too."""

    to: str
    address: str
    kept: bool


@app.command(cls=Printing)
def add(
    ctx: typer.Context,
    address: OneAddress,
    targets: Targets,
    only: Only = False,
    keep: Keep = False,
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Send the mail of a mailbox on. What is so already is fine.

    Examples:
      pmctl mailbox forward add ana@example.com ana@example.org bo@example.org
      pmctl mailbox forward add old@example.com new@example.com --only
    """
    _change(ctx, address, targets, user, there=True, dry_run=dry_run, only=_only(only, keep))


@app.command(cls=Printing)
def delete(
    ctx: typer.Context,
    address: OneAddress,
    targets: Targets,
    keep: Keep = False,
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Send mail on no longer. Without any forward left, mail is kept in the mailbox again.

    Examples:
      pmctl mailbox forward delete ana@example.com ana@example.org
    """
    _change(ctx, address, targets, user, there=False, dry_run=dry_run, only=_only(False, keep))


@app.command("list", cls=Printing)
def list_(ctx: typer.Context, address: OneAddress, user: User = "") -> None:
    """List where a mailbox sends its mail on to.

    Examples:
      pmctl mailbox forward list ana@example.com
    """
    from pmctl.clients import mailbox

    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        box = mailbox.look(panel, owner[one], one)
    kept = not box.forward_only
    output.show([Forward(to, str(one), kept) for to in box.forwards], ["to", "kept"])


def _only(only: bool, keep: bool) -> bool | None:
    """Return what is asked for of the mailbox itself, None for nothing."""
    if only and keep:
        raise UsageError("--only and --keep exclude each other")
    return True if only else False if keep else None


def _change(
    ctx: typer.Context,
    address: str,
    targets: list[str],
    user: str,
    *,
    there: bool,
    dry_run: bool,
    only: bool | None,
) -> None:
    from pmctl.clients import mailbox, mailbox_change
    from pmctl.clients.panel_names import forward_address

    wanted = list(dict.fromkeys(forward_address(word) for word in targets))
    did, so = ("added", "is there already") if there else ("deleted", "is not there")
    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        box = mailbox.look(panel, owner[one], one)
        change = mailbox_change.add_forward if there else mailbox_change.delete_forward
        if not there and box.forward_only and not set(box.forwards) - set(wanted):
            # before the last forward is gone: with none and forward-only set, mail would be lost
            only = False
        before = [] if there else [_set_only(panel, owner[one], box, one, only, dry_run=dry_run)]

        def one_of(to: str) -> Done:
            if (to in box.forwards) == there:
                return Done(to, so)
            if dry_run:
                return Done(to, f"would be {did}")
            return Done(to, did if change(panel, owner[one], one, to) else so)

        panel_many.do_each("forwards", wanted, one_of, column="to")
        after = [_set_only(panel, owner[one], box, one, only, dry_run=dry_run)] if there else []
        for said in filter(None, [*before, *after]):
            output.note(said)


def _set_only(
    panel: Panel, user: str, box: Mailbox, one: Address, only: bool | None, *, dry_run: bool
) -> str:
    """Keep mail in the mailbox, or not; return what is to be said of it."""
    from pmctl.clients import mailbox_change

    if only is None or box.forward_only == only:
        return ""
    if not dry_run:
        mailbox_change.forward_only(panel, user, one, only=only)
    would = "would be" if dry_run else "is"
    return f"mail of {one} {would} {'sent on only, not kept' if only else 'kept in the mailbox'}"

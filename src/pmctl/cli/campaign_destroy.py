"""`pmctl campaign destroy`: out of service, or out of Mautic; says first whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import ask
from pmctl.cli.campaign import DryRun, LockTimeout, Yes
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import NotFound, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.campaign_destroy import Destroyed, Target

app = group("Taking campaigns out of service.")


@dataclass(frozen=True)
class _How:
    """What was asked for."""

    purge: bool
    emails: bool
    lock_timeout: float


@app.command("destroy", cls=Printing)
def destroy(
    ctx: typer.Context,
    keys: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY...",
            help="The campaigns' keys, or their ids.",
            autocompletion=names.completing("campaigns"),
        ),
    ],
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete the campaign; unpublish its emails.")
    ] = False,
    purge_emails: Annotated[
        bool, typer.Option("--purge-emails", help="With --purge: delete its emails too.")
    ] = False,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="A campaign that is not there is fine.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    lock_timeout: LockTimeout = 0,
) -> None:
    """Take campaigns out of service; delete them only with --purge.

    Examples:
      pmctl campaign destroy trial-nudge
      pmctl campaign destroy trial-nudge --dry-run
      pmctl campaign destroy trial-nudge --purge --purge-emails --yes

    Without --purge it is unpublished and marked as retired. It says first how many people are in
    the campaign and wait there, and which other campaigns name it, and wants the key typed back,
    or --yes. An apply of a retired campaign's file is refused until --force REASON. `campaign
    rollback` brings a retired campaign back as it was; a purged one only without its people and
    logs. An email that another campaign sends is never touched. Run it again after a crash or a
    time-out: it finishes.
    """
    if purge_emails and not purge:
        raise UsageError("--purge-emails is for --purge", hint="add --purge, or leave it out")
    how = _How(purge, purge_emails, lock_timeout)
    client = context_of(ctx).campaign
    targets = _targets(client, keys, how, if_exists=if_exists)
    for target in targets:
        _tell(target, how)
    if not yes and not dry_run:
        for target in targets:
            _typed_back(target, how)
    if dry_run:
        output.note("nothing was changed (--dry-run)")
        return
    _destroy(client, targets, how)


def _targets(client: Campaigns, keys: list[str], how: _How, *, if_exists: bool) -> list[Target]:
    """Look at everything before anything is done."""
    from pmctl.clients import campaign_destroy

    found = []
    uses = None
    for key in dict.fromkeys(keys):
        try:
            listed = campaign_destroy.find(client, key, purge=how.purge)
        except NotFound:
            gone = campaign_destroy.purged(client, key)
            if not if_exists and not gone:
                raise
            when = f" (purged {gone})" if gone else ""
            output.note(f"{key} is not in Mautic{when}; nothing to do")
            continue
        uses = uses or campaign_destroy.uses(client)
        found.append(campaign_destroy.look(client, key, listed, uses))
    return found


def _tell(target: Target, how: _How) -> None:
    """Say whom and what it concerns."""
    where = f"campaign {target.campaign.id}" if target.campaign else "only emails are left"
    output.note(f"{target.key} ({where}): {target.members} members, {target.waiting} waiting")
    for who in target.dependants:
        output.note(f"  ! {who}")
    for mail in target.mails:
        if how.purge and mail.id in target.shared:
            output.note(f"  ! email {mail.step} stays: {target.shared[mail.id]} sends it")


def _typed_back(target: Target, how: _How) -> None:
    what = "delete it from Mautic" if how.purge else "retire it"
    ask.typed_back(target.key, what, yes=False)


def _destroy(client: Campaigns, targets: list[Target], how: _How) -> None:
    from pmctl.clients import campaign_destroy

    done: list[Destroyed] = []
    try:
        for target in targets:
            if how.purge:
                outcome = campaign_destroy.purge(
                    client, target, emails=how.emails, wait_seconds=how.lock_timeout
                )
            else:
                outcome = campaign_destroy.retire(client, target, wait_seconds=how.lock_timeout)
            done.append(outcome)
    except PmctlError:
        if done:
            _show(done)
        raise
    _show(done)


def _show(done: list[Destroyed]) -> None:
    output.show(done, ["key", "action", "campaign_id", "emails_unpublished", "emails_deleted"])

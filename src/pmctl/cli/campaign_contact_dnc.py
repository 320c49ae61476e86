"""`pmctl campaign contact dnc`: whom Mautic must not mail, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pmctl import output
from pmctl.cli import ask
from pmctl.cli.campaign_contact_many import DryRun, Emails, Yes, do_each, finish, look_up
from pmctl.cli.common import Printing, context_of, group
from pmctl.text import counted

app = group(
    "Whom Mautic must not mail (do not contact).\n\n"
    "Examples:\n"
    "  pmctl campaign contact dnc add ana@example.com --reason unsubscribed\n"
    "  pmctl campaign contact dnc remove ana@example.com"
)


class Reason(StrEnum):
    """Why a contact must not be mailed."""

    unsubscribed = "unsubscribed"
    bounced = "bounced"
    manual = "manual"


@app.command(cls=Printing)
def add(
    ctx: typer.Context,
    emails: Emails,
    reason: Annotated[Reason, typer.Option("--reason", help="Why.")] = Reason.manual,
    comment: Annotated[
        str, typer.Option("--comment", metavar="TEXT", help="Kept beside the reason.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Block contacts: no marketing email reaches them.

    Examples:
      pmctl campaign contact dnc add ana@example.com --comment "by phone"
      pmctl campaign contact dnc add - --reason bounced < bounced.txt

    Mautic keeps one reason: a new one takes the place of the old one, which is told.
    """
    from pmctl.clients import campaign_contact_dnc as dnc
    from pmctl.clients.campaign_contact import Done

    client = context_of(ctx).contacts
    people = look_up(client, emails)
    for one in people.found:
        before = dnc.overwritten(one, reason.value)
        if before:
            said = f" ({before.comment})" if before.comment else ""
            output.warn(
                f"{one.name}: the reason {before.reason}{said} is overwritten by {reason.value}"
            )
    if dry_run:
        rows = [Done(one.name, one.id, f"would be blocked: {reason}") for one in people.found]
        finish(rows, people.missing)
        return
    done = do_each(
        "blocking", people.found, lambda one: dnc.add(client, one, reason.value, comment)
    )
    finish(done, people.missing)


@app.command(cls=Printing)
def remove(ctx: typer.Context, emails: Emails, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Let contacts be mailed again. Asks for those who unsubscribed.

    Examples:
      pmctl campaign contact dnc remove ana@example.com
    """
    from pmctl.clients import campaign_contact_dnc as dnc
    from pmctl.clients.campaign_contact import Done

    client = context_of(ctx).contacts
    people = look_up(client, emails)
    if dry_run:
        rows = [Done(one.name, one.id, "would be unblocked") for one in people.found]
        finish(rows, people.missing)
        return
    left = [
        one.name
        for one in people.found
        if (blocked := one.blocked()) and blocked.reason == "unsubscribed"
    ]
    if left:
        who = counted(len(left), "contact")
        ask.agreed(f"{who} unsubscribed ({', '.join(left[:3])}). Mail them again?", yes=yes)
    finish(do_each("unblocking", people.found, lambda one: dnc.remove(client, one)), people.missing)

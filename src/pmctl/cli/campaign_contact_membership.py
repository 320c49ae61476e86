"""`pmctl campaign contact enroll` and `remove`: people in campaigns, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import ask
from pmctl.cli.campaign_contact_many import DryRun, Emails, Yes, do_each, finish, look_up
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import Unsafe
from pmctl.parallel import side_by_side
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.cli.campaign_contact_many import People
    from pmctl.clients.campaign import Listed
    from pmctl.clients.campaign_contact import Contacts
    from pmctl.clients.campaign_contact_membership import Place

app = group("Contacts in campaigns.")

Campaign = Annotated[
    str,
    typer.Argument(
        metavar="CAMPAIGN",
        help="The campaign's key, or its id.",
        autocompletion=names.completing("campaigns"),
    ),
]


@app.command(cls=Printing)
def enroll(
    ctx: typer.Context,
    campaign: Campaign,
    emails: Emails,
    again: Annotated[
        bool, typer.Option("--again", help="Also who was in it before: it begins anew for them.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Put contacts into a campaign.

    Examples:
      pmctl campaign contact enroll welcome ana@example.com
      pmctl campaign contact enroll 12 - < emails.txt

    For a contact that was removed, Mautic begins the campaign anew, and its first mail goes
    again. That is refused (exit code 7), for all of them, without --again.
    """
    from pmctl.clients import campaign_contact_membership as membership
    from pmctl.clients.campaign_contact import Done

    client = context_of(ctx).contacts
    found = client.campaigns.get(campaign)
    people = look_up(client, emails)
    places = _places(client, found, people)
    restarted = [place for place in places if membership.would_restart(place)]
    if restarted and not again:
        who = ", ".join(place.contact.name for place in restarted[:5])
        more = f" and {len(restarted) - 5} more" if len(restarted) > 5 else ""
        raise Unsafe(
            f"{counted(len(restarted), 'contact')} would begin {_called(found)} anew and get its "
            f"first mail again: {who}{more}",
            hint="nobody was enrolled; leave them out, or --again does it",
        )
    if not found.published:
        output.note(f"{_called(found)} is not published: nothing is sent until it is")
    if dry_run:
        rows = [Done(p.contact.name, p.contact.id, _would(p)) for p in places]
        finish(rows, people.missing)
        return
    done = do_each("enrolling", places, lambda place: membership.enroll(client, found, place))
    finish(done, people.missing)


@app.command(cls=Printing)
def remove(
    ctx: typer.Context,
    campaign: Campaign,
    emails: Emails,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Take contacts out of a campaign.

    Examples:
      pmctl campaign contact remove welcome ana@example.com

    What is scheduled for them there is cancelled; it says how much that is, and asks.
    """
    from pmctl.clients import campaign_contact_membership as membership
    from pmctl.clients.campaign_contact import Done

    client = context_of(ctx).contacts
    found = client.campaigns.get(campaign)
    people = look_up(client, emails)
    places = _places(client, found, people)
    members = [place for place in places if place.state == membership.MEMBER]
    if dry_run:
        rows = [
            Done(p.contact.name, p.contact.id, f"would be removed, {p.scheduled} scheduled")
            for p in members
        ]
        finish(rows, people.missing)
        return
    if members:
        steps = counted(sum(place.scheduled for place in members), "scheduled step")
        who = counted(len(members), "contact")
        ask.agreed(f"Remove {who} from {_called(found)}? {steps} will be cancelled.", yes=yes)
    done = do_each("removing", places, lambda place: membership.remove(client, found, place))
    finish(done, people.missing)


def _places(client: Contacts, campaign: Listed, people: People) -> list[Place]:
    from pmctl.clients import campaign_contact_membership as membership

    return list(side_by_side(lambda one: membership.look(client, campaign, one), people.found))


def _would(place: Place) -> str:
    from pmctl.clients import campaign_contact_membership as membership

    if place.state == membership.MEMBER:
        return "is a member already"
    return "would begin anew" if membership.would_restart(place) else "would be enrolled"


def _called(campaign: Listed) -> str:
    return campaign.key or f"campaign {campaign.id}"

"""`pmctl campaign contact`: the people in Mautic."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli import ask
from pmctl.cli.campaign_contact_many import (
    DryRun,
    Emails,
    Yes,
    do_each,
    finish,
    look_up,
)
from pmctl.cli.common import Lazy, Printing, context_of, group
from pmctl.errors import Conflict, NotFound, PmctlError, UsageError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contact, Shown


class ContactGroup(Lazy):
    """The commands below, and what lies in modules of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "upsert": (
            "pmctl.cli.campaign_contact_upsert",
            "Create or change the contacts of a CSV or JSON lines file, by email.",
        ),
        "edit": (
            "pmctl.cli.campaign_contact_edit",
            "Change fields of contacts that are there; what is not named stays.",
        ),
        "enroll": ("pmctl.cli.campaign_contact_membership", "Put contacts into a campaign."),
        "remove": ("pmctl.cli.campaign_contact_membership", "Take contacts out of a campaign."),
        "dnc": ("pmctl.cli.campaign_contact_dnc", "Whom Mautic must not mail (do not contact)."),
    }


app = group(
    "Contacts: find, import, tag, block, enroll.\n\n"
    "Examples:\n"
    "  pmctl campaign contact list --tag vip\n"
    "  pmctl campaign contact show ana@example.com\n"
    "  pmctl campaign contact upsert people.csv\n"
    "  pmctl campaign contact enroll welcome ana@example.com",
    cls=ContactGroup,
)

Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="ALIAS=VALUE", help="A field, by its alias; repeatable."),
]


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="In emails and names, as Mautic finds.")
    ] = "",
    segment: Annotated[
        str, typer.Option("--segment", metavar="ALIAS", help="Only who is in this segment.")
    ] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="Only who has this tag.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N contacts.")
    ] = None,
) -> None:
    """List contacts, by id; every page of them.

    Examples:
      pmctl campaign contact list --segment new-signups
      pmctl campaign contact list --tag vip -o jsonl --columns email,points
    """
    every = context_of(ctx).contacts.all(search=search, segment=segment, tag=tag)
    columns = ["id", "email", "firstname", "lastname", "points", "tags", "last_active"]
    output.show(_cut(every, limit), columns)


def _cut(every: Iterator[Contact], limit: int | None) -> Iterator[Contact]:
    if limit is None:
        yield from every
        return
    yield from itertools.islice(every, limit)
    if next(every, None) is not None:
        output.note(f"showing the first {counted(limit, 'contact')} (--limit)")


@app.command(cls=Printing)
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="EMAIL", help="The contact's email, or its id.")],
) -> None:
    """Show a contact: fields, tags, segments, campaigns, and whether it may be mailed.

    Examples:
      pmctl campaign contact show ana@example.com
      pmctl campaign contact show 12 -o json
    """
    shown = context_of(ctx).contacts.show(name)
    document = _document(shown)
    if output.asked() is not None:
        output.show_one(document)
        return
    plain = ("fields", "dnc", "campaigns")
    facts = {key: value for key, value in document.items() if key not in plain}
    more = {key: value for key, value in shown.contact.fields.items() if key not in facts}
    output.show_one({**facts, **more})
    for rows, columns in (
        (shown.campaigns, ["id", "name", "state", "since", "by_hand"]),
        (shown.contact.dnc, ["channel", "reason", "comment"]),
    ):
        if rows:
            output.note("")
            output.show(rows, columns)


def _document(shown: Shown) -> dict[str, Any]:
    parts = {"segments": shown.segments, "campaigns": shown.campaigns}
    return {**vars(shown.contact), **parts}


@app.command(cls=Printing)
def add(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The new contact's email.")],
    field: Fields = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; repeatable.")
    ] = None,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Leave one that exists as it is; no error.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add a contact. One that exists is not touched: `upsert` changes it.

    Examples:
      pmctl campaign contact add ana@example.com --field firstname=Ana --tag vip
      pmctl campaign contact add ana@example.com --if-not-exists
    """
    from pmctl.clients import campaign_contact_upsert
    from pmctl.clients.campaign_contact import Contact, Done
    from pmctl.clients.campaign_contact_rows import row_of

    client = context_of(ctx).contacts
    given: dict[str, Any] = {"email": email, "tags": list(tag or ()), **fields_of(field or [])}
    row = row_of(given, client.known_fields())
    there = client.looked_up(row.email)
    if isinstance(there, Contact):
        if not if_not_exists:
            raise Conflict(
                f"Mautic has the contact {row.email} already ({there.id})",
                hint="--if-not-exists accepts it; `pmctl campaign contact upsert` changes it",
            )
        finish([Done(row.email, there.id, "exists already")])
        return
    if not isinstance(there, NotFound):
        raise there
    if dry_run:
        finish([Done(row.email, None, "would be created")])
        return
    made = campaign_contact_upsert.create(client, row)
    if made.id is None:
        raise PmctlError(
            f"Mautic did not add {row.email}: {made.reason}",
            hint="`pmctl campaign contact show` tells whether it is there",
        )
    finish([Done(row.email, made.id, made.outcome)])


def fields_of(given: list[str]) -> dict[str, str]:
    """Return alias -> value of `--field`. Raises UsageError for what is none."""
    found = {}
    for word in given:
        alias, equals, value = word.partition("=")
        if not equals or not alias or alias in ("email", "tags"):
            raise UsageError(
                f"--field {word!r} is not ALIAS=VALUE", hint="for instance --field firstname=Ana"
            )
        found[alias] = value
    return found


@app.command(cls=Printing)
def delete(
    ctx: typer.Context,
    emails: Emails,
    yes: Yes = False,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="One that is not there is no error.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete contacts and their history.

    Examples:
      pmctl campaign contact delete ana@example.com
      pmctl campaign contact delete - --yes --if-exists < gone.txt
    """
    from pmctl.clients.campaign_contact import Done

    client = context_of(ctx).contacts
    try:
        people = look_up(client, emails)
    except NotFound:
        if not if_exists:
            raise
        finish([Done(emails[0], None, "is not there")])
        return
    gone = [Done(name, None, "is not there") for name, exc in people.missing
            if if_exists and isinstance(exc, NotFound)]  # fmt: skip
    missing = [] if if_exists else people.missing
    if dry_run:
        finish([*(Done(c.name, c.id, "would be deleted") for c in people.found), *gone], missing)
        return
    if people.found:
        who = counted(len(people.found), "contact")
        ask.agreed(f"Delete {who} ({people.said}) with their history?", yes=yes)
    finish([*do_each("deleting", people.found, client.delete), *gone], missing)


@app.command(cls=Printing)
def tag(
    ctx: typer.Context,
    emails: Emails,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="TAG", help="Add a tag; repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Take a tag away.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Add tags to contacts and take them away.

    Examples:
      pmctl campaign contact tag ana@example.com 12 --add vip --remove trial
    """
    from pmctl.clients.campaign_contact import Done
    from pmctl.clients.campaign_contact_rows import row_of

    wanted = [*(add or ()), *(f"-{name}" for name in remove or ())]
    if not wanted or set(add or ()) & set(remove or ()):
        raise UsageError("no tag to add or remove, or one that is both", hint="--add vip")
    row_of({"email": "ana@example.com", "tags": wanted}, None)  # raises for what is no tag
    client = context_of(ctx).contacts
    people = look_up(client, emails)
    if dry_run:
        said = f"would get {' '.join(wanted)}"
        finish([Done(one.name, one.id, said) for one in people.found], people.missing)
        return
    done = do_each("tagging", people.found, lambda one: client.tag(one, add or [], remove or []))
    finish(done, people.missing)

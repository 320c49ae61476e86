"""`pmctl campaign contact edit`: fields of contacts that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl.cli.campaign_contact import Fields, fields_of
from pmctl.cli.campaign_contact_many import DryRun, Emails, do_each, finish, look_up
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contact
    from pmctl.clients.campaign_contact_rows import Row

app = group("Change fields of contacts that are there; what is not named stays.")


@app.command(cls=Printing)
def edit(
    ctx: typer.Context,
    emails: Emails,
    field: Fields = None,
    email: Annotated[
        str, typer.Option("--email", metavar="NEW", help="A new address, for one contact.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Change fields of contacts that are there; what is not named stays.

    Examples:
      pmctl campaign contact edit ana@example.com --field city=Lima --field phone=
      pmctl campaign contact edit ana@example.com --email ana@example.org
      pmctl campaign contact edit - --field company=Acme < people.txt

    An empty value empties the field. What a contact has already is not sent.
    """
    from pmctl.clients import campaign_contact_edit
    from pmctl.clients.campaign_contact import Done
    from pmctl.clients.campaign_contact_rows import row_of

    wanted: dict[str, Any] = fields_of(field or [])
    if not wanted and not email:
        raise UsageError("no field to change", hint="for instance --field city=Lima")
    if email and (len(emails) > 1 or "-" in emails):
        raise UsageError("--email is for one contact", hint="an address belongs to one contact")
    client = context_of(ctx).contacts
    checked = row_of({"email": email or "ana@example.com", **wanted}, client.known_fields())
    people = look_up(client, emails)

    def row(one: Contact) -> Row:
        from dataclasses import replace

        return replace(checked, email=email or one.email)

    if dry_run:
        done = []
        for one in people.found:
            changed = campaign_contact_edit.changes(one, row(one))
            said = f"would get {campaign_contact_edit.said(changed)}" if changed else (
                "has them already")  # fmt: skip
            done.append(Done(one.name, one.id, said))
        finish(done, people.missing)
        return
    done = do_each(
        "editing", people.found, lambda one: campaign_contact_edit.edit(client, one, row(one))
    )
    finish(done, people.missing)

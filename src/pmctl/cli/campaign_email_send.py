"""`pmctl campaign test-send`: one email to the contacts named, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.ask import agreed
from pmctl.cli.campaign_email_source import (
    Step,
    What,
    client_of,
    is_file,
    mail_of,
    only_of_a_file,
)
from pmctl.cli.campaign_values import Variables, VarsFiles, values
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import Conflict, NotFound, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contact
    from pmctl.clients.campaign_email import Emails
    from pmctl.sequence.environments import Values

app = group("Send an email to oneself.")


@app.command("test-send", cls=Printing)
def send_test(
    ctx: typer.Context,
    email: What,
    step: Step = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="EMAIL", help="To whom; may be repeated."),
    ] = None,
    create_contact: Annotated[
        bool, typer.Option("--create-contact", help="Make the contact if there is none.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send and make nothing.")] = False,
    variables: Variables = None,
    vars_files: VarsFiles = None,
) -> None:
    """Send an email as Mautic has it to the contacts named, and to nobody else.

    Examples:
      pmctl campaign test-send welcome/install --to me@example.com
      pmctl campaign test-send welcome.yaml install --to me@example.com
      pmctl campaign test-send 7 --to me@example.com --to ana@example.com --dry-run

    Mautic sends to contacts only. It sends also to those who unsubscribed, and counts it: a
    campaign does not send the same marketing email to that contact again. A contact made for it
    may enter segments by their filters, and campaigns with them.
    """
    addresses = _addresses(to)
    client = client_of(context_of(ctx))
    row = _live_row(client, email, step, lambda: values(ctx, variables, vars_files))
    found = [(address, _contact(client, address)) for address in addresses]
    missing = [address for address, contact in found if contact is None]
    if missing and not create_contact:
        raise NotFound(
            f"Mautic has no contact {', '.join(missing)}",
            hint="--create-contact makes it; Mautic sends to contacts only",
        )
    _announce(row, found)
    if dry_run:
        output.note("nothing was sent (--dry-run)")
        return
    agreed(f"Send it to {', '.join(addresses)}?", yes=yes)
    failed: list[PmctlError] = []
    output.show(_sent(client, int(row["id"]), found, failed), ["to", "contact", "email", "result"])
    for error in failed[:-1]:
        output.error(error)
    if failed:
        raise failed[-1]


def _sent(
    client: Emails,
    email_id: int,
    found: list[tuple[str, Contact | None]],
    failed: list[PmctlError],
) -> Iterator[dict[str, Any]]:
    """Send to one after the other; what failed is kept, and does not stop the others."""
    for address, known in found:
        result = {"to": address, "contact": known.id if known else None, "email": email_id}
        try:
            contact = known or client.create_contact(address)
            result["contact"] = contact.id
            client.send(email_id, contact)
        except PmctlError as exc:
            if exc.exit_code not in (1, 3, 75):
                raise  # the next one would meet the same
            failed.append(exc)
            yield {**result, "result": "unknown" if exc.exit_code == 75 else "not sent"}
        else:
            yield {**result, "result": "sent"}


def _announce(row: Mapping[str, Any], found: list[tuple[str, Contact | None]]) -> None:
    output.note(f"email {row['id']}: {row.get('subject')}")
    for address, contact in found:
        if contact is None:
            output.note(f"  to {address}: a new contact is made")
            continue
        output.note(f"  to {address}: contact {contact.id}")
        blocked = contact.blocked()
        if blocked:
            output.warn(f"{address} is blocked ({blocked.reason}); Mautic mails it all the same")


def _contact(client: Emails, address: str) -> Contact | None:
    try:
        return client.contacts.find(address)
    except NotFound:
        return None


def _addresses(to: list[str] | None) -> list[str]:
    if not to:
        raise UsageError("to whom?", hint="--to me@example.com")
    for address in to:
        local, at, domain = address.rpartition("@")
        plain = address.isprintable() and not set(address) & set(" ,;<>\"'")
        if not (local and at and domain and plain):
            raise UsageError(f"--to {address!r} is no email address", hint="--to me@example.com")
    return list({address.lower(): address for address in to}.values())


def _live_row(
    client: Emails, email: str, step: str | None, asked: Callable[[], Values]
) -> dict[str, Any]:
    """Return the email in Mautic; one of a file must be there as the file has it."""
    if not is_file(email):
        only_of_a_file(email, step)
        return client.get(email)
    from pmctl.sequence.alike import alike
    from pmctl.sequence.payload import mail_body

    want, mail = mail_of(email, step, asked())
    again = f"`pmctl campaign apply {email}` first: Mautic sends what it has"
    try:
        row = client.get(f"{want.key}/{mail.step}")
    except NotFound as exc:
        raise NotFound(exc.message, hint=again) from exc
    body = mail_body(want, mail, client.client.env)
    fields = ("subject", "customHtml", "plainText", "fromName", "fromAddress", "replyToAddress")
    other = [name for name in fields if not alike(name, body[name], row.get(name))]
    if other:
        raise Conflict(
            f"email {row['id']} of Mautic is not what {email} says ({', '.join(other)})", hint=again
        )
    return row

"""`pmctl campaign segment members`, `add-contacts` and `remove-contacts`: who is in a segment."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.campaign_segment_words import Alias, DryRun, Limit, client_of
from pmctl.cli.common import Printing, group
from pmctl.errors import BadInput, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_segment import Listed, Segments
    from pmctl.clients.campaign_segment_people import Done

app = group("Who is in a segment.")

Emails = Annotated[
    list[str], typer.Argument(metavar="EMAIL...", help="Emails, or - for lines on stdin.")
]


@app.command("members", cls=Printing)
def members(ctx: typer.Context, alias: Alias, limit: Limit = None) -> None:
    """List who is in a segment.

    Examples:
      pmctl campaign segment members trial-day-2
      pmctl campaign segment members customers -o jsonl | wc -l
    """
    client = client_of(ctx)
    output.show(
        _people(client, client.find(alias), limit), ["email", "firstname", "lastname", "id"]
    )


def _people(client: Segments, segment: Listed, limit: int | None) -> Iterator[dict[str, Any]]:
    shown = 0
    for row in client.members(segment):
        if shown == limit:
            output.note(f"showing {limit} members, there are more (--limit)")
            return
        shown += 1
        values = (row.get("fields") or {}).get("all") or {}
        named = {name: values.get(name) or "" for name in ("email", "firstname", "lastname")}
        yield {"id": int(row["id"]), **named}
    if not shown:
        output.note("nobody is in it")


@app.command("add-contacts", cls=Printing)
def add_contacts(ctx: typer.Context, alias: Alias, emails: Emails, dry_run: DryRun = False) -> None:
    """Put contacts into a segment, by email.

    Examples:
      pmctl campaign segment add-contacts guests ana@example.com ben@example.com
      cut -d, -f1 guests.csv | pmctl campaign segment add-contacts guests -

    Who is in it stays in it. An email that no contact has is named, and ends with 1.
    """
    from pmctl.clients import campaign_segment_people as people

    client, wanted = client_of(ctx), _emails(emails)
    segment = client.find(alias)
    _results(people.look(client, wanted) if dry_run else people.add(client, segment, wanted))


@app.command("remove-contacts", cls=Printing)
def remove_contacts(
    ctx: typer.Context, alias: Alias, emails: Emails, dry_run: DryRun = False
) -> None:
    """Take contacts out of a segment, by email; they stay contacts.

    Examples:
      pmctl campaign segment remove-contacts guests ana@example.com

    Whoever leaves the segment also leaves the campaigns it feeds, at Mautic's next look, and
    filters do not bring them back in.
    """
    from pmctl.clients import campaign_segment_people as people

    client, wanted = client_of(ctx), _emails(emails)
    segment = client.find(alias)
    _results(people.look(client, wanted) if dry_run else people.remove(client, segment, wanted))


def _results(found: Iterable[Done]) -> None:
    """Show each result as it comes. Raises PmctlError when some were not done."""
    failed: list[str] = []

    def rows() -> Iterator[dict[str, Any]]:
        for one in found:
            if not one.ok:
                failed.append(one.email)
            yield {"email": one.email, "id": one.id, "result": one.result}

    output.show(rows(), ["email", "id", "result"])
    if failed:
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        raise PmctlError(
            f"not done for {', '.join(failed[:3])}{more}",
            hint="the column `result` says why; the others are done",
        )


def _emails(said: Sequence[str]) -> list[str]:
    """Return the emails of the command line and of stdin. Raises for what is no email."""
    found: list[str] = []
    for word in said:
        if word != "-":
            if not _is_email(word):
                raise UsageError(f"{word!r} is no email address", hint="name contacts by email")
            found.append(word)
            continue
        for number, line in enumerate(sys.stdin, 1):
            email = line.strip()
            if email and not _is_email(email):
                raise BadInput(
                    f"<stdin>:{number}:1: {email[:80]!r} is no email address",
                    hint="one email a line; nothing was changed",
                )
            found += [email] if email else []
    return found


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and text.isprintable() and not set(text) & set(" ,;<>\"'")

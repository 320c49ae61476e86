"""Fields of contacts that are there: only what differs is sent, by PATCH; the rest stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pmctl.clients.campaign_contact import Done, contact
from pmctl.clients.writes import once

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contact, Contacts
    from pmctl.clients.campaign_contact_rows import Row


def changes(one: Contact, row: Row) -> dict[str, Any]:
    """Return the fields of `row` that a contact has otherwise; "" empties one."""
    wanted = {**row.values, "email": row.email}
    return {name: value for name, value in wanted.items() if not _same(one.fields, name, value)}


def said(changed: Mapping[str, Any]) -> str:
    """Return changes as people write them: `city=Lima zipcode=`."""
    return " ".join(f"{name}={value}" for name, value in changed.items())


def edit(client: Contacts, one: Contact, row: Row) -> Done:
    """Give a contact the fields of `row`. What it has already is not sent.

    A value that Mautic took without a word but did not keep is a failure of this contact.
    Raises OutcomeUnknown when there was no answer and the contact does not have them.
    """
    changed = changes(one, row)
    if not changed:
        return Done(one.name, one.id, "has them already")

    def found() -> dict[str, Any] | None:
        seen = client.read(one.id)
        return None if changes(contact(seen), row) else seen

    # without the flag an empty value would leave the field as it is
    body = {**changed, "overwriteWithBlank": True} if "" in changed.values() else changed
    path = f"contacts/{one.id}/edit"
    after = contact(once(client.campaigns, "PATCH", path, body, "contact", found, one.name))
    kept = [name for name in changed if after.fields.get(name) == one.fields.get(name)]
    if kept:
        return Done(one.name, one.id, f"Mautic did not take {', '.join(kept)}", ok=False)
    return Done(one.name, one.id, said(changed))


def _same(fields: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether a field holds a value, in the type that Mautic gives it."""
    there = fields.get(name, "")
    if isinstance(there, list):
        there = "|".join(map(str, there))
    if isinstance(there, bool):
        there = int(there)
    return str(there) == str(value)

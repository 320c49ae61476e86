"""Contacts in Mautic: finding them, what is known of them, and changing one.

A contact is read by `fields.all` and `value` only: the rest of `fields` has other types after a
create than later. PUT is never used: it blanks every field it does not name (Mautic 5.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import where
from pmctl.backends.mautic_errors import MauticFailed, MauticNotFound
from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotAllowed, NotFound, PmctlError
from pmctl.sequence.live import items
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns

# Mautic's numbers (LeadBundle/Entity/DoNotContact.php); 3 is what a person sets by hand
REASONS = {1: "unsubscribed", 2: "bounced", 3: "manual"}


@dataclass(frozen=True)
class Blocked:
    """One channel on which a contact must not be contacted. `reason` is a word of REASONS."""

    channel: str
    reason: str
    comment: str


@dataclass(frozen=True)
class Contact:
    """A contact; `fields` are those that are not empty, `last_active` is a time or ""."""

    id: int
    email: str
    firstname: str
    lastname: str
    points: int
    tags: list[str]
    last_active: str
    added: str
    modified: str
    fields: Mapping[str, Any]
    dnc: list[Blocked]

    @property
    def name(self) -> str:
        """What people call it: its email, or its number."""
        return self.email or f"contact {self.id}"

    def blocked(self, channel: str = "email") -> Blocked | None:
        """Return why it must not be contacted on a channel, None if it may."""
        return next((one for one in self.dnc if one.channel == channel), None)


@dataclass(frozen=True)
class Membership:
    """A campaign that a contact is or was in. `by_hand`: not through a segment."""

    id: int
    name: str
    state: str  # member, removed
    since: str
    by_hand: bool


@dataclass(frozen=True)
class Shown:
    """A contact with everything that Mautic has of it."""

    contact: Contact
    segments: list[str]
    campaigns: list[Membership]


@dataclass(frozen=True)
class Done:
    """What became of one contact. `id` is None when there is no such contact."""

    email: str
    id: int | None
    result: str
    ok: bool = True


class Contacts:
    """The contacts of one Mautic."""

    def __init__(self, campaigns: Campaigns) -> None:
        self.mautic = campaigns.mautic
        self.campaigns = campaigns

    def all(self, *, search: str = "", segment: str = "", tag: str = "") -> Iterator[Contact]:
        """Yield the contacts that meet every condition, by id, page after page.

        Raises NotFound for a segment that Mautic lacks: its search would find nobody.
        """
        if segment:
            self._known_segment(segment)
        words = [search, segment and f"segment:{segment}", tag and f"tag:{_quoted(tag)}"]
        params: list[tuple[str, str | int]] = [("orderBy", "id"), ("orderByDir", "asc")]
        text = " ".join(filter(None, words))
        if text:
            params.append(("search", text))
        for row in self.mautic.rows("contacts", "contacts", params, page=200):
            found = contact(row)
            if not tag or tag in found.tags:
                yield found

    def _known_segment(self, alias: str) -> None:
        rows = self.mautic.rows("segments", "lists", [("minimal", 1), ("orderBy", "id")])
        aliases = [str(row.get("alias") or "") for row in rows]
        if alias not in aliases:
            hint = did_you_mean(alias, aliases, "`pmctl campaign segment list` shows them")
            raise NotFound(f"Mautic has no segment with the alias {alias}", hint=hint)

    def find(self, name: str) -> Contact:
        """Return the contact with an email or an id. Raises NotFound; Conflict for two."""
        if name.isascii() and name.isdecimal():
            try:
                return contact(self.mautic.get(f"contacts/{name}")["contact"])
            except MauticNotFound as exc:
                raise _nobody(name) from exc
        found = self._with_email(name)
        if not found:
            raise _nobody(name)
        if len(found) > 1:
            ids = " and ".join(str(one.id) for one in found)
            raise Conflict(
                f"two contacts of Mautic have the email {name}: {ids}",
                hint="name one by its id; Mautic can merge them",
            )
        return found[0]

    def _with_email(self, email: str) -> list[Contact]:
        """Return who has an email; to Mautic's database its case does not matter."""
        rows = self.mautic.rows("contacts", "contacts", where(("email", "eq", email)))
        found = [contact(row) for row in rows]
        return [one for one in found if one.email.lower() == email.lower()]

    def looked_up(self, name: str) -> Contact | PmctlError:
        """Return what `find` returns or raises of this one name; raise what concerns all."""
        try:
            return self.find(name)
        except (NotFound, Conflict) as exc:
            return exc

    def show(self, name: str) -> Shown:
        """Return everything of one contact: three requests."""
        found = self.find(name)
        lists = self.mautic.get(f"contacts/{found.id}/segments")
        memberships = self.mautic.get(f"contacts/{found.id}/campaigns")
        return Shown(
            found,
            [str(row.get("alias") or row.get("name")) for row in items(lists.get("lists"))],
            [_membership(row) for row in items(memberships.get("campaigns"))],
        )

    def known_fields(self) -> dict[str, str] | None:
        """Return alias -> type of the contact fields; None when this user may not read them."""
        try:
            rows = list(self.mautic.rows("fields/contact", "fields", page=200))
        except (NotAllowed, MauticNotFound, MauticFailed):
            return None
        return {
            str(row["alias"]): str(row.get("type") or "")
            for row in rows
            # an answer of another version may lack the flag: then the field counts
            if row.get("alias") and row.get("isPublished", True)
        } or None

    def tag(self, one: Contact, add: Sequence[str], remove: Sequence[str]) -> Done:
        """Add and remove tags of a contact; what it has or lacks already is not sent."""
        new = [tag for tag in add if tag not in one.tags]
        old = [tag for tag in remove if tag in one.tags]
        if not new and not old:
            return Done(one.name, one.id, "has them already" if add else "has none of them")

        def found() -> dict[str, Any] | None:
            row = self.read(one.id)
            tags = contact(row).tags
            done = set(new) <= set(tags) and not set(old) & set(tags)
            return row if done else None

        body = {"tags": [*new, *(f"-{tag}" for tag in old)]}
        path = f"contacts/{one.id}/edit"
        once(self.campaigns, "PATCH", path, body, "contact", found, one.name)
        return Done(one.name, one.id, " ".join([*(f"+{t}" for t in new), *(f"-{t}" for t in old)]))

    def delete(self, one: Contact) -> Done:
        """Delete a contact, and with it its history. One that is gone already is no error."""

        def found() -> dict[str, Any] | None:
            return {} if isinstance(self.looked_up(str(one.id)), NotFound) else None

        path = f"contacts/{one.id}/delete"
        try:
            once(self.campaigns, "DELETE", path, None, "contact", found, one.name)
        except MauticNotFound:
            return Done(one.name, one.id, "was gone already")
        return Done(one.name, one.id, "deleted")

    def read(self, contact_id: int) -> dict[str, Any]:
        """Return a contact as Mautic has it now."""
        row: dict[str, Any] = self.mautic.get(f"contacts/{contact_id}")["contact"]
        return row


def contact(row: Mapping[str, Any]) -> Contact:
    """Return a contact from any of the shapes in which Mautic shows one."""
    fields = row.get("fields")
    every = fields.get("all") if isinstance(fields, dict) else None
    values = dict(every) if isinstance(every, dict) else {}
    values.pop("id", None)
    return Contact(
        id=int(row["id"]),
        email=str(values.get("email") or row.get("email") or ""),
        firstname=str(values.get("firstname") or ""),
        lastname=str(values.get("lastname") or ""),
        points=int(row.get("points") or 0),
        tags=[str(tag.get("tag")) for tag in items(row.get("tags"))],
        last_active=str(row.get("lastActive") or values.get("last_active") or ""),
        added=str(row.get("dateAdded") or ""),
        modified=str(row.get("dateModified") or ""),
        fields={name: value for name, value in values.items() if value not in (None, "", [])},
        dnc=[_blocked(one) for one in items(row.get("doNotContact"))],
    )


def _blocked(row: Mapping[str, Any]) -> Blocked:
    number = int(row.get("reason") or 0)
    reason = REASONS.get(number, f"reason {number}")
    return Blocked(str(row.get("channel") or ""), reason, str(row.get("comments") or ""))


def _membership(row: Mapping[str, Any]) -> Membership:
    return Membership(
        id=int(row["id"]),
        name=str(row.get("name") or ""),
        state="removed" if row.get("manuallyRemoved") else "member",
        since=str(row.get("dateAdded") or ""),
        by_hand=bool(row.get("manuallyAdded")),
    )


def _nobody(name: str) -> NotFound:
    hint = "`pmctl campaign contact list --search TEXT` looks for parts of names and emails"
    return NotFound(f"Mautic has no contact {name}", hint=hint)


def _quoted(text: str) -> str:
    """Return a value for Mautic's search; a quote cannot be said there."""
    plain = text.replace('"', "")
    return f'"{plain}"' if " " in plain else plain

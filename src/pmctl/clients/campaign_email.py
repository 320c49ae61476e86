"""Emails in Mautic: what is there, what one says, and sending one to somebody as a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import where
from pmctl.clients.campaign_contact import Contact, Contacts, contact
from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotAllowed, NotFound, OutcomeUnknown, PmctlError
from pmctl.sequence.live import items
from pmctl.sequence.payload import read_mail_marker
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns


@dataclass(frozen=True)
class Listed:
    """An email in a listing; `step` is `key/step`, it and `env` are empty if it is not pmctl's."""

    id: int
    name: str
    step: str
    env: str
    subject: str
    published: bool
    sent: int
    revision: int


@dataclass(frozen=True)
class Shown:
    """An email in full. `variants` are the ids of the others in its A/B test."""

    id: int
    name: str
    step: str
    env: str
    subject: str
    published: bool
    type: str
    sent: int
    read: int
    revision: int
    language: str
    from_name: str
    from_address: str
    reply_to: str
    headers: dict[str, str]
    utm: dict[str, str]
    variants: list[int]
    text: str
    html: str


class Emails:
    """The emails of one Mautic; KEY/STEP means those of this context."""

    def __init__(self, campaigns: Campaigns) -> None:
        self.client = campaigns
        self.mautic = campaigns.mautic
        self.contacts = Contacts(campaigns)

    def all(self, key: str = "") -> Iterator[Listed]:
        """Yield every email (not the variants), by id; only those of one sequence with `key`."""
        marker = [("name", "like", f"%[[{self.client.env}/{key}/%")] if key else []
        params = [*where(*marker), ("orderBy", "id")]
        for row in self.mautic.rows("emails", "emails", params, page=200):
            one = _listed(row)
            if not key or (one.env, one.step.partition("/")[0]) == (self.client.env, key):
                yield one

    def get(self, name: str) -> dict[str, Any]:
        """Return an email by id or KEY/STEP, as Mautic has it. Raises NotFound, Conflict."""
        if name.isascii() and name.isdecimal():
            row: dict[str, Any] = self.mautic.get(f"emails/{name}")["email"]
            return row
        parent, variant, _ = name.partition("~")
        if variant:  # a listing has the parents only
            return self._variant(self.get(parent), name)
        key, _, step = name.partition("/")
        marker = f"[[{self.client.env}/{key}/{step}]]"
        params = [*where(("name", "like", f"%{marker}")), ("orderBy", "id")]
        # LIKE is not exact: `_` stands for any character
        rows = self.mautic.rows("emails", "emails", params)
        found = [row for row in rows if str(row.get("name") or "").endswith(marker)]
        if len(found) > 1:
            ids = " and ".join(str(row["id"]) for row in found)
            raise Conflict(f"two emails of Mautic are {name}: {ids}", hint="name one by its id")
        if not found:
            raise self._none(name)
        return found[0]

    def _variant(self, parent: Mapping[str, Any], name: str) -> dict[str, Any]:
        children = items(parent.get("variantChildren"))
        steps = {_marked(str(one.get("name") or "")): int(one["id"]) for one in children}
        found = steps.get((name, self.client.env))
        if found is None:
            known = [step for step, _ in steps]
            raise NotFound(f"Mautic has no email {name}", hint=did_you_mean(name, known))
        return self.get(str(found))

    def _none(self, name: str) -> NotFound:
        params = [*where(("name", "like", "%[[%")), ("minimal", 1), ("orderBy", "id")]
        listed = [
            _marked(str(row.get("name") or ""))
            for row in self.mautic.rows("emails", "emails", params)
        ]
        known = [step for step, env in listed if env == self.client.env]
        elsewhere = [env for step, env in listed if step == name]
        hint = f"context {elsewhere[0]} has one: --context {elsewhere[0]}" if elsewhere else ""
        return NotFound(
            f"Mautic has no email {name} of context {self.client.env}",
            hint=hint or did_you_mean(name, known, "`pmctl campaign email list` shows them"),
        )

    def create_contact(self, email: str) -> Contact:
        """Make a contact to send to. An email that somebody has by now gives that contact."""

        def found() -> dict[str, Any] | None:
            try:
                return self.contacts.read(self.contacts.find(email).id)
            except NotFound:
                return None

        body = {"email": email}
        return contact(once(self.client, "POST", "contacts/new", body, "contact", found, email))

    def send(self, email_id: int, to: Contact) -> None:
        """Send an email to a contact, at once and also if it unsubscribed. Never sent twice.

        Raises OutcomeUnknown when Mautic's statistics do not show what became of it, PmctlError
        when Mautic says that it did not send.
        """
        before = self._sent(email_id, to)
        path = f"emails/{email_id}/contact/{to.id}/send"
        try:
            with self.client.journal.write("POST", path, what=to.name):
                said = self.mautic.post(path, None)
        except OutcomeUnknown as exc:
            after = self._sent(email_id, to)
            if before is not None and after is not None and after > before:
                return
            raise OutcomeUnknown(
                f"{to.name}: {exc.message}",
                hint="Mautic's statistics do not show it; look into the mailbox before "
                "sending again",
            ) from exc
        if not isinstance(said, Mapping) or not said.get("success") or said.get("failed"):
            why = said.get("failed") if isinstance(said, Mapping) else None
            raise PmctlError(
                f"Mautic did not send email {email_id} to {to.name}" + (f": {why}" if why else ""),
                hint="the cause is in Mautic's var/logs; is its mailer set up?",
            )

    def _sent(self, email_id: int, to: Contact) -> int | None:
        """Return how often the contact was sent this email; None when this user may not see it."""
        try:
            rows = [("email_id", "eq", email_id), ("lead_id", "eq", to.id)]
            return self.mautic.stats_total("email_stats", rows)
        except NotAllowed:
            return None


def shown(row: Mapping[str, Any]) -> Shown:
    """Return an email in full."""
    one = _listed(row)
    others = [*items(row.get("variantChildren"))]
    parent = row.get("variantParent")
    if isinstance(parent, Mapping):
        others.insert(0, parent)
    return Shown(
        **vars(one),
        type=str(row.get("emailType") or ""),
        read=int(row.get("readCount") or 0),
        language=str(row.get("language") or ""),
        from_name=str(row.get("fromName") or ""),
        from_address=str(row.get("fromAddress") or ""),
        reply_to=str(row.get("replyToAddress") or ""),
        headers=_texts(row.get("headers")),
        utm=_texts(row.get("utmTags")),
        variants=[int(other["id"]) for other in others],
        text=str(row.get("plainText") or ""),
        html=str(row.get("customHtml") or ""),
    )


def _texts(shape: Any) -> dict[str, str]:
    """An empty object comes back as `[]`."""
    found = shape if isinstance(shape, Mapping) else {}
    return {str(name): str(value) for name, value in found.items() if value not in (None, "")}


def _marked(name: str) -> tuple[str, str]:
    """Return (key/step, env) of an email's name."""
    env, key, step = read_mail_marker(name) or ("", "", "")
    return (f"{key}/{step}" if key else "", env)


def _listed(row: Mapping[str, Any]) -> Listed:
    name = str(row.get("name") or "")
    step, env = _marked(name)
    return Listed(
        id=int(row["id"]),
        name=name[: name.rindex("[[")].rstrip() if step else name,
        step=step,
        env=env,
        subject=str(row.get("subject") or ""),
        published=bool(row.get("isPublished")),
        sent=int(row.get("sentCount") or 0),
        revision=int(row.get("revision") or 0),
    )

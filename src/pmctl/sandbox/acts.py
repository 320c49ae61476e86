"""Words for tests and tours: let somebody open a mail, let the cron run, let days pass."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from pmctl.sandbox import cron, decisions, hook_sender
from pmctl.sandbox.clock import Clock, from_sql
from pmctl.sandbox.hook_items import AGENT
from pmctl.sandbox.sending import family
from pmctl.sandbox.store import Entity, Store

Who = int | str
What = int | str
LINK = "https://example.com/"


class Mail(NamedTuple):
    """One mail that left."""

    contact: int
    email: int
    event: int | None  # the campaign event that sent it
    at: datetime.datetime  # UTC


class Acts:
    """What happens around Mautic, on one store.

    A contact is an id or an email address. A mail is the id of an email, its name, its subject,
    the name of the step that sends it, or a word of the step's description: after an apply by
    pmctl the id of the step in its file.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        store.listener = hook_sender.heard

    @property
    def clock(self) -> Clock:
        """The clock that all dates come from."""
        return self.store.clock

    @property
    def sent(self) -> list[Mail]:
        """The mails that left, in their order."""
        with self.store.lock:
            return [_mail(row) for row in self.store.sent if row["is_failed"] == "0"]

    def cron(self) -> None:
        """segments:update, campaigns:update and campaigns:trigger. Raises CronDiedError.

        Queued webhooks wait for `process_webhooks`.
        """
        try:
            cron.cron(self.store)
        finally:
            hook_sender.flush(self.store)

    def process_webhooks(self) -> int:
        """`mautic:webhooks:process`; return how many events left the queue."""
        return hook_sender.process(self.store)

    def open(self, contact: Who, mail: What, *, agent: str = AGENT) -> None:
        """Load the tracking pixel of the last such mail. Raises LookupError if there is none.

        Like everything a contact does it raises FatalError or GivenUpError where the page would
        have been an error of the server.
        """
        decisions.opened(self.store, self.stat(contact, mail), agent)
        hook_sender.flush(self.store)

    def click(self, contact: Who, mail: What, url: str = LINK, *, agent: str = AGENT) -> None:
        """Follow a link of the last such mail; also an open, if there was none."""
        decisions.clicked(self.store, self.stat(contact, mail), url, agent)
        hook_sender.flush(self.store)

    def reply(self, contact: Who, mail: What) -> None:
        """Reply to the last such mail."""
        decisions.replied(self.store, self.stat(contact, mail))
        hook_sender.flush(self.store)

    def visit(self, contact: Who, url: str, *, page: int | None = None) -> None:
        """Look at a tracked page."""
        decisions.visited(self.store, self.contact(contact), url, page=page)
        hook_sender.flush(self.store)

    def submit(self, contact: Who, form: int | str) -> None:
        """Send a form, named by id, name or alias."""
        with self.store.lock:
            forms = self.store.forms.values()
            known = [one["id"] for one in forms if form in (one["id"], one["name"], one["alias"])]
        if not known:
            raise LookupError(f"there is no form {form}")
        decisions.submitted(self.store, self.contact(contact), known[0])
        hook_sender.flush(self.store)

    def download(self, contact: Who, asset: int) -> None:
        """Fetch an asset."""
        decisions.downloaded(self.store, self.contact(contact), asset)
        hook_sender.flush(self.store)

    def reject(self, address: str) -> None:
        """Let the mail server refuse every mail to an address from now on (550)."""
        with self.store.lock:
            self.store.rejected.add(address.lower())

    def contact(self, who: Who) -> int:
        """Return the id of a contact. Raises LookupError."""
        with self.store.lock:
            for key, contact in self.store.contacts.items():
                if who in (key, contact["email"]):
                    return key
        raise LookupError(f"there is no contact {who}")

    def stat(self, who: Who, mail: What) -> Entity:
        """Return the row of email_stats of the last such mail to a contact. Raises LookupError."""
        key = self.contact(who)
        with self.store.lock:
            for row in reversed(self.store.sent):
                if row["lead_id"] == str(key) and self._is(row, mail):
                    return row
        raise LookupError(f"contact {who} never got the mail {mail}")

    def _is(self, row: Entity, mail: What) -> bool:
        key = int(row["email_id"])
        if isinstance(mail, int):
            return key in family(self.store, mail)
        email: dict[str, Any] = self.store.emails.get(key) or {}
        if mail in (email.get("name"), email.get("subject")):
            return True
        return any(mail in _words(text) for text in self._step_texts(row))

    def _step_texts(self, row: Entity) -> list[str]:
        for campaign in self.store.campaigns.values():
            for event in campaign["events"]:
                if str(event["id"]) == row["source_id"]:
                    return [str(event["name"] or ""), str(event["description"] or "")]
        return []


def _words(text: str) -> list[str]:
    return [text, *(word.removeprefix("step=") for word in text.split())]


def _mail(row: Entity) -> Mail:
    event = None if row["source_id"] is None else int(row["source_id"])
    return Mail(int(row["lead_id"]), int(row["email_id"]), event, from_sql(row["date_sent"]))

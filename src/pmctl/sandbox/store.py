"""Everything the stand-in remembers, and ways for a test to put people into steps."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pmctl.sandbox.answers import not_found
from pmctl.sandbox.clock import Clock, iso, sql
from pmctl.sandbox.fields import FIRST_CUSTOM, Field, choices

Entity = dict[str, Any]

SEGMENTS = (
    "new-signups",
    "trial-day-2",
    "outbound-prospects",
    "customers",
    "newsletter",
    "cold-trials",
    "trials",
    "churned",
    "webinar-guests",
    "beta-testers",
    "partners",
    "seed-list",
)
FORMS = ("Sign up", "Book a call")
PEOPLE = (("Ana", "Ruiz"), ("Ben", "Okafor"), ("Chloé", "Martin"), ("Dan", "Weber"))


@dataclass(frozen=True)
class Author:
    """Who writes; with a bearer token Mautic knows only the name of the client."""

    id: int | None = 1
    name: str = "Sandbox Admin"


@dataclass
class Store:
    """The entities by kind and id, and the rows of the tables that /stats shows.

    Hold `lock` while reading or writing; the methods named `put_*` and `add_*` take it themselves.
    """

    segments: dict[int, Entity] = field(default_factory=dict)
    forms: dict[int, Entity] = field(default_factory=dict)
    emails: dict[int, Entity] = field(default_factory=dict)
    campaigns: dict[int, Entity] = field(default_factory=dict)
    contacts: dict[int, Entity] = field(default_factory=dict)
    stages: dict[int, Entity] = field(default_factory=dict)
    users: dict[int, Entity] = field(default_factory=dict)
    companies: dict[int, Entity] = field(default_factory=dict)
    assets: dict[int, Entity] = field(default_factory=dict)
    tags: dict[int, Entity] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)  # those of contacts that a person added
    log: list[Entity] = field(default_factory=list)  # campaign_lead_event_log
    members: dict[int, dict[int, Entity]] = field(default_factory=dict)  # by campaign and contact
    sent: list[Entity] = field(default_factory=list)  # email_stats
    replies: list[Entity] = field(default_factory=list)  # email_stat_replies
    hits: list[Entity] = field(default_factory=list)  # page_hits
    submissions: list[Entity] = field(default_factory=list)  # form_submissions
    notices: list[Entity] = field(default_factory=list)  # mails to users
    webhooks: list[Entity] = field(default_factory=list)  # calls that a step would have made
    hooks: dict[int, Entity] = field(default_factory=dict)  # those of /api/hooks
    hook_queue: list[Entity] = field(default_factory=list)  # events that wait for the cron
    hook_log: list[Entity] = field(default_factory=list)  # webhook_logs
    outbox: list[Entity] = field(default_factory=list)  # events to send before the answer
    queue_mode: str = "immediate_process"  # or command_process
    site_url: str = "http://127.0.0.1"
    listener: Callable[[Store, str, Entity], None] | None = field(default=None, repr=False)
    dnc_dates: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)
    opens: dict[str, list[Entity]] = field(default_factory=dict)  # open_details by stat
    rejected: set[str] = field(default_factory=set)  # addresses that the mail server refuses
    failures: dict[int, set[int]] = field(default_factory=dict)  # contacts by event
    clock: Clock = field(default_factory=Clock)
    author: Author = field(default_factory=Author)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _last: dict[str, int] = field(default_factory=dict, repr=False)
    _emails: dict[str, int] = field(default_factory=dict, repr=False)

    def next_id(self, kind: str) -> int:
        """Return a new id; ids are never used twice, as with AUTO_INCREMENT."""
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]

    def start_ids(self, kind: str, last: int) -> None:
        """Let the next id of a kind be `last + 1`."""
        self._last[kind] = last

    def tell(self, kind: str, **what: Any) -> None:
        """Let webhooks know of an event, as things are now; `kind` is Mautic's name for it."""
        if self.hooks and self.listener:
            self.listener(self, kind, what)

    def stamp(self) -> Entity:
        """Return the fields every entity begins with."""
        moment, author = iso(self.clock.now()), self.author
        return {
            "isPublished": True,
            "dateAdded": moment,
            "dateModified": None,
            "createdBy": author.id,
            "createdByUser": author.name,
            "modifiedBy": None,
            "modifiedByUser": None,
        }

    def touch(self, entity: Entity) -> None:
        """Note that the author changed an entity now."""
        modified = {"modifiedBy": self.author.id, "modifiedByUser": self.author.name}
        entity.update(modified, dateModified=iso(self.clock.now()))

    def add_segment(self, alias: str, name: str = "") -> int:
        """Put a segment without filters there; return its id."""
        with self.lock:
            key = self.next_id("segments")
            title = name or alias.replace("-", " ").capitalize()
            self.segments[key] = {
                **self.stamp(),
                "id": key,
                "name": title,
                "publicName": title,
                "alias": alias,
                "description": None,
                "category": None,
                "filters": [],
                "isGlobal": True,
                "isPreferenceCenter": False,
            }
            return key

    def add_form(self, name: str) -> int:
        """Put a form there; return its id."""
        with self.lock:
            key = self.next_id("forms")
            alias = name.lower().replace(" ", "")[:10]
            more = {"id": key, "name": name, "alias": alias, "category": None, "description": None}
            self.forms[key] = {**self.stamp(), **more}
            return key

    def add_contact(self, email: str, **values: Any) -> int:
        """Put a contact there; return its id."""
        with self.lock:
            key = self.next_id("contacts")
            own = {"id": key, "email": email, "values": {"email": email, **values}}
            none: Entity = {"tags": [], "dnc": {}, "segments": [], "companies": []}
            self.contacts[key] = {**self.stamp(), **own, **none, "owner": None, "stage": None}
            self.set_email(key, email)
            return key

    def set_email(self, contact_id: int, email: str) -> None:
        """Give a contact an email, so that `with_email` finds it."""
        self.contacts[contact_id]["email"] = email
        self._emails[email.lower()] = contact_id

    def with_email(self, email: str) -> int | None:
        """Return the id of the contact that has an email; case does not matter."""
        key = self._emails.get(email.lower())
        known = self.contacts.get(key) if key is not None and email else None
        return key if known and known["email"].lower() == email.lower() else None

    def add_field(
        self, alias: str, kind: str = "text", label: str = "", values: Iterable[str] = ()
    ) -> Field:
        """Add a contact field; a select has `values` to choose from."""
        with self.lock:
            number = FIRST_CUSTOM + len(self.fields)
            title = label or alias.replace("_", " ").capitalize()
            added = Field(
                number, "core", alias, kind, title, choices(values), iso(self.clock.now())
            )
            self.fields.append(added)
            return added

    def event(self, event_id: int) -> tuple[Entity, Entity]:
        """Return the campaign and the event of that id. Raise the 404 if there is none."""
        for campaign in self.campaigns.values():
            for event in campaign["events"]:
                if event["id"] == event_id:
                    return campaign, event
        raise not_found()

    def put_waiting(
        self, event_id: int, contact_id: int, *, due: datetime.datetime | None = None
    ) -> int:
        """Let a contact wait at a step until `due` (in a day); return the id of the log row."""
        start = self.clock.now()
        until = due or start + datetime.timedelta(days=1)
        return self._put_log(event_id, contact_id, "1", sql(start), sql(until))

    def put_passed(self, event_id: int, contact_id: int) -> int:
        """Let a contact have passed a step just now; return the id of the log row."""
        return self._put_log(event_id, contact_id, "0", sql(self.clock.now()), None)

    def put_member(self, campaign_id: int, contact_id: int, *, manually: bool = False) -> None:
        """Make a contact a member of a campaign, again if it was removed (next rotation)."""
        with self.lock:
            row = self.member(campaign_id, contact_id)
            if row is None:
                self.new_member(campaign_id, contact_id, manually=manually)
            elif row["manually_removed"] == "1":
                rotation = str(int(row["rotation"]) + 1)
                row.update(manually_removed="0", date_last_exited=None, rotation=rotation)

    def new_member(self, campaign_id: int, contact_id: int, *, manually: bool) -> Entity:
        """Add the row of a contact that was never in a campaign; return it."""
        row = {
            "campaign_id": str(campaign_id),
            "lead_id": str(contact_id),
            "date_added": sql(self.clock.now()),
            "manually_removed": "0",
            "manually_added": str(int(manually)),
            "date_last_exited": None,
            "rotation": "1",
        }
        self.members.setdefault(campaign_id, {})[contact_id] = row
        return row

    def put_sent(self, email_id: int, contact_id: int, event_id: int | None = None) -> int:
        """Let an email have been sent just now; return the id of the email_stats row."""
        with self.lock:
            key = self.next_id("sent")
            self.sent.append(
                {
                    "id": str(key),
                    "email_id": str(email_id),
                    "lead_id": str(contact_id),
                    "ip_id": "1",
                    "email_address": self.contacts[contact_id]["email"],
                    "date_sent": sql(self.clock.now()),
                    "is_read": "0",
                    "is_failed": "0",
                    "viewed_in_browser": "0",
                    "date_read": None,
                    "tracking_hash": self.tracking_hash(key),
                    "retry_count": "0",
                    "source": None if event_id is None else "campaign.event",
                    "source_id": None if event_id is None else str(event_id),
                    "open_count": "0",
                    "open_details": "a:0:{}",
                }
            )
            self.emails[email_id]["sentCount"] += 1
            return key

    def tracking_hash(self, key: int) -> str:
        """Return what names a mail to a contact; it begins with the second, as PHP's uniqid."""
        return f"{int(self.clock.now().timestamp()):08x}{key:014x}"

    def member(self, campaign_id: int, contact_id: int) -> Entity | None:
        """Return the row of a contact in a campaign, removed or not."""
        return self.members.get(campaign_id, {}).get(contact_id)

    def forget_contact(self, contact_id: int) -> None:
        """Delete a contact with its memberships and its log."""
        del self.contacts[contact_id]
        for inside in self.members.values():
            inside.pop(contact_id, None)
        self.log[:] = [row for row in self.log if row["lead_id"] != str(contact_id)]

    def drop_log(self, event_ids: Iterable[int]) -> None:
        """Delete the log of events, and so everyone's scheduled steps there."""
        gone = {str(event_id) for event_id in event_ids}
        self.log[:] = [row for row in self.log if row["event_id"] not in gone]

    def _put_log(
        self, event_id: int, contact_id: int, scheduled: str, triggered: str, due: str | None
    ) -> int:
        with self.lock:
            campaign, _ = self.event(event_id)
            self.put_member(campaign["id"], contact_id)
            rotation = self.members[campaign["id"]][contact_id]["rotation"]
            key = self.next_id("log")
            self.log.append(
                {
                    "id": str(key),
                    "event_id": str(event_id),
                    "lead_id": str(contact_id),
                    "campaign_id": str(campaign["id"]),
                    "rotation": rotation,
                    "date_triggered": triggered,
                    "is_scheduled": scheduled,
                    "trigger_date": due,
                    "system_triggered": "0",
                    "metadata": "a:0:{}",
                    "channel": None,
                    "channel_id": None,
                    "non_action_path_taken": "0",
                }
            )
            return key


def seeded(segments: Iterable[str] = ()) -> Store:
    """Return a store with a dozen segments (and `segments`), two forms and four contacts."""
    store = Store()
    for alias in dict.fromkeys([*SEGMENTS, *segments]):
        store.add_segment(alias)
    for name in FORMS:
        store.add_form(name)
    for first, last in PEOPLE:
        store.add_contact(f"{first[:3].lower()}@example.com", firstname=first, lastname=last)
    return store

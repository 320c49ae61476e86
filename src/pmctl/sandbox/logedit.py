"""/api/campaigns/events/…/edit: rows of the log written from outside, with what Mautic lies about.

Every row that is written is a scheduled one, whatever was asked: nothing can be marked as done.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from pmctl.sandbox import event as steps
from pmctl.sandbox.answers import Answer, RefusalError, crash, not_found, refusal
from pmctl.sandbox.clock import sql
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.people_batch import php_array
from pmctl.sandbox.store import Entity, Store

_MISSING = "contactId and/or eventId are misssing from this item's parameters."
_DATES = {"dateTriggered": "date_triggered", "triggerDate": "trigger_date"}


def edit_one(store: Store, event_id: int, contact_id: int, given: dict[str, Any]) -> Answer:
    """PUT /campaigns/events/EVENT/contact/CONTACT/edit: 201 for a new row, 200 for a change."""
    if contact_id not in store.contacts:
        raise not_found("Contact")
    campaign, event = store.event(event_id)
    row, new, shown = _Edit(store).write(campaign, event, contact_id, given)
    whole = {**_event(event), "campaign": _campaign(campaign, event)}
    whole["contactLog"] = [_log(row, shown)]
    return Answer(201 if new else 200, {"event": whole})


def edit_many(store: Store, given: Any) -> Answer:
    """PUT /campaigns/events/batch/edit: errors are inside a 200, by the place of their item.

    Of several items for one event only the first is stored: the others are said to have been
    executed. An item that lacks an id breaks the whole request.
    """
    items = given if isinstance(given, dict) else dict(enumerate(given))
    for item in items.values():
        if isinstance(item, dict) and not {"eventId", "contactId"} <= set(item):
            raise crash()
    asked = [item["eventId"] if isinstance(item, dict) else item for item in items.values()]
    known = {one["id"]: (of, one) for of in store.campaigns.values() for one in of["events"]}
    logs: dict[int, list[Entity]] = {int(key): [] for key in asked if int(key) in known}
    edit, errors = _Edit(store), {}
    for place, item in items.items():
        try:
            if not isinstance(item, dict) or int(item["eventId"]) not in logs:
                raise refusal(404, _MISSING)
            if int(item["contactId"]) not in store.contacts:
                raise refusal(404, _MISSING)
            key = int(item["eventId"])
            row, _, shown = edit.write(*known[key], int(item["contactId"]), item)
            logs[key].append(_log(row, shown))
        except RefusalError as refused:
            if refused.answer.status >= 500:
                raise
            errors[place] = {**refused.answer.body["errors"][0], "type": None}
    events = {str(key): {**_event(known[key][1]), "contactLog": rows} for key, rows in logs.items()}
    body: dict[str, Any] = {"events": events or []}
    if errors:
        body["errors"] = php_array(errors)
    return Answer(200, body)


@dataclass
class _Edit:
    """One request. It takes the first row it wrote for an event for that of every contact."""

    store: Store
    written: dict[int, Entity] = field(default_factory=dict)

    def write(
        self, campaign: Entity, event: Entity, contact: int, given: dict[str, Any]
    ) -> tuple[Entity, bool, dict[str, str]]:
        """Return the row, whether it is new, and its dates as the answer shows them."""
        names = {"event": event["id"], "campaign": campaign["id"], "contact": contact}
        member = self.store.member(campaign["id"], contact)
        if member is None or member["manually_removed"] == "1":
            text = "The contact {contact} is not in the campaign {campaign}."
            raise refusal(409, text.format(**names))
        old = self._row(campaign, event, contact)
        if old is not None and old["date_triggered"]:
            text = (
                "The event {event} in the campaign {campaign} has already been executed at "
                "{date} for the contact {contact}."
            )
            date = f"{old['date_triggered'].replace(' ', 'T')}+00:00"
            raise refusal(409, text.format(**names, date=date))
        if old is None and not any(given.get(name) for name in _DATES):
            text = (
                "The event {event} in the campaign {campaign} must be scheduled or marked as "
                "complete as the contact {contact} does not have a log entry yet."
            )
            raise refusal(409, text.format(**names))
        if "triggerDate" in given and event["eventType"] == "decision":
            text = (
                "The event {event} in the campaign {campaign} is a decision and cannot be "
                "scheduled for the contact {contact}."
            )
            raise refusal(409, text.format(**names))
        dates = {name: _date(given[name]) for name in _DATES if given.get(name)}
        dates.setdefault("triggerDate", self.store.clock.now())
        stored = {_DATES[name]: sql(moment) for name, moment in dates.items()}
        row = old
        if row is None:
            journal = Journal(self.store, contact)
            nothing = {"date_triggered": None, "system_triggered": "0", "rotation": "1"}
            row = journal.write(event, member, **nothing)
        row.update(is_scheduled="1", **stored)
        self.written.setdefault(event["id"], row)
        shown = {name: moment.isoformat(timespec="seconds") for name, moment in dates.items()}
        return row, old is None, shown

    def _row(self, campaign: Entity, event: Entity, contact: int) -> Entity | None:
        if event["id"] in self.written:
            return self.written[event["id"]]
        rows = Journal(self.store, contact).of_contact(campaign["id"], contact)
        return next((row for row in rows if row["event_id"] == str(event["id"])), None)


def _date(value: Any) -> datetime.datetime:
    """Read `Y-m-d H:i:s`, which is UTC, or ISO 8601. Anything else is a 500."""
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise crash() from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _event(event: Entity) -> Entity:
    parent = event["parentId"]
    return {
        **_shown(event),
        "parent": None if parent is None else {"id": parent},
    }


def _shown(event: Entity) -> Entity:
    return {name: event[name] for name in steps.SCALARS if name != "properties"}


def _campaign(campaign: Entity, but: Entity) -> Entity:
    names = ("id", "name", "category", "description", "allowRestart", "publishUp", "publishDown")
    others = [one for one in campaign["events"] if one is not but]
    shown = [
        {**_shown(one), "contactLog": []}
        for one in sorted(others, key=lambda one: (one["order"], one["id"]))
    ]
    return {**{name: campaign[name] for name in names}, "events": shown, "deleted": None}


def _log(row: Entity, dates: dict[str, str]) -> Entity:
    return {
        "ipAddress": None,
        "dateTriggered": dates.get("dateTriggered"),
        "isScheduled": True,
        "triggerDate": dates["triggerDate"],
        "metadata": [],
        "nonActionPathTaken": False,
        "channel": None,
        "channelId": None,
        "rotation": int(row["rotation"]),
    }

"""Which event and email of today each one of an earlier state is, and its ids put across."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pmctl.sequence.live import LiveCampaign, LiveEvent, LiveMail, listed
from pmctl.sequence.plan import Live

NEW_MAIL = -1  # the id of an email that is to be made anew, until it has one
MAIL_RECORD = re.compile(r" mail=([0-9a-f]+)\.(\d+)")
DAYS = "triggerRestrictedDaysOfWeek"
_WEEKDAYS = [1, 2, 3, 4, 5]


@dataclass(frozen=True)
class Pairs:
    """What of the earlier state lives today: earlier id -> today's id."""

    events: Mapping[int, int]
    mails: Mapping[int, int]
    sources: Mapping[tuple[str, int], int] = field(default_factory=dict)  # ("lists", 8) -> 9


def pair(then: Live, now: Live) -> tuple[dict[int, int], dict[int, int]]:
    """Return the ids of today of earlier events and emails; what is gone is left out.

    By id; else by marker and type, for what a rollback that was cut, or an apply, made anew; a
    step of the builder by its name and place.
    """
    mails = {mail.id: mail.id for mail in then.mails if mail.id in {m.id for m in now.mails}}
    by_step = {mail.step: mail.id for mail in now.mails}
    for mail in then.mails:
        if mail.id not in mails and mail.step in by_step:
            mails[mail.id] = by_step[mail.step]
    events: dict[int, int] = {}
    if then.campaign and now.campaign:
        _pair_events(then.campaign, now.campaign, events)
    return events, mails


def _pair_events(then: LiveCampaign, now: LiveCampaign, found: dict[int, int]) -> None:
    today = {event.id: event for event in now.events}
    found.update({e.id: e.id for e in then.events if e.id in today})
    free = [event for event in now.events if event.id not in found]
    for event in from_the_top(then.events):
        if event.id in found:
            continue
        for other in free:
            if _same(event, other, found):
                found[event.id] = other.id
                free.remove(other)
                break


def _same(then: LiveEvent, now: LiveEvent, found: Mapping[int, int]) -> bool:
    if then.type != now.type or then.identity != now.identity:
        return False
    if then.identity is not None:
        return True
    above = None if then.parent is None else found.get(then.parent, -1)
    return (then.name, above, then.anchor) == (now.name, now.parent, now.anchor)


def from_the_top(events: Iterable[LiveEvent]) -> list[LiveEvent]:
    """Return events so that each comes after its parent."""
    left = {event.id: event for event in events}
    done: dict[int | None, None] = {None: None}
    ordered = []
    while left:
        ready = [event for event in left.values() if event.parent in done]
        for event in ready or list(left.values()):  # a parent that is not there
            ordered.append(left.pop(event.id))
            done[event.id] = None
    return ordered


def parent_of(mail: LiveMail) -> int | None:
    """Return the id of the email whose variant this one is."""
    parent = mail.fields.get("variantParent")
    number = parent.get("id") if isinstance(parent, Mapping) else parent
    return int(number) if number else None


def remapped(event: LiveEvent, pairs: Pairs) -> dict[str, Any]:
    """Return an event's properties with the ids of today for emails and events."""
    properties = dict(event.properties)
    if event.type == "email.send" and properties.get("email"):
        properties["email"] = mail_id(properties["email"], pairs)
    user = properties.get("useremail")
    if isinstance(user, Mapping) and user.get("email"):
        properties["useremail"] = {**user, "email": mail_id(user["email"], pairs)}
    target = properties.get("jumpToEvent")
    if target and int(target) in pairs.events:
        properties["jumpToEvent"] = pairs.events[int(target)]
    return properties


def mail_id(said: Any, pairs: Pairs | None) -> int:
    """Return the id of today of an email."""
    return pairs.mails.get(int(said), int(said)) if pairs else int(said)


def moment(value: Any) -> str | None:
    """Return `2026-12-01 09:00:00` of what Mautic reads out as ISO 8601: so it is written."""
    return str(value).replace("T", " ")[:19] if value else None


def description_of(event: LiveEvent) -> str:
    """Return the whole description of an event, marker and all."""
    return str(event.trigger.get("description") or "")  # `trigger` is the whole event


def days_of(event: LiveEvent) -> list[int]:
    """Return the days as they may be written: 0 is Sunday."""
    days = [int(day) for day in listed(event.trigger.get(DAYS))]
    # -1, the builder's word for weekdays, lets Mautic's cron run for ever
    return _WEEKDAYS if -1 in days else days


def mapping(shape: Any) -> dict[str, Any]:
    """Return an object of Mautic's, which is a list when it is empty."""
    return dict(shape) if isinstance(shape, Mapping) else {}

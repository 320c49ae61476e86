"""An earlier state of a campaign against the one of today: what differs, and how to write it back.

Both sides are Mautic's own JSON, so any event is understood, also one that has no word in our
files. Events and emails that still live keep their ids; those that are gone are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pmctl.sequence import split
from pmctl.sequence.alike import level
from pmctl.sequence.compare import differences
from pmctl.sequence.facts import Facts
from pmctl.sequence.live import (
    MAIL_FIELDS,
    LiveCampaign,
    LiveEvent,
    LiveMail,
    clock,
    items,
    listed,
    when,
)
from pmctl.sequence.payload import Desired, Event, read_share, temporary_id
from pmctl.sequence.plan import Change, Live

NEW_MAIL = -1  # the id of an email that is to be made anew, until it has one
_MAIL_RECORD = re.compile(r" mail=([0-9a-f]+)\.(\d+)")
_WEEKDAYS = [1, 2, 3, 4, 5]
DAYS = "triggerRestrictedDaysOfWeek"


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
    for event in _from_the_top(then.events):
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


def _from_the_top(events: Iterable[LiveEvent]) -> list[LiveEvent]:
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


def changes(then: Live, now: Live, pairs: Pairs) -> list[Change]:
    """Return what putting the earlier state back changes; empty when all is as it was."""
    names = _names(then)
    wanted = _facts(then, names, pairs)
    today = {pairs.events[old]: name for old, name in names.items() if old in pairs.events}
    have = _facts(now, today, None)
    wanted.update({subject: {"isPublished": False} for subject in _resting(now, pairs)})
    steps = {pairs.mails[mail.id]: mail.step for mail in then.mails if mail.id in pairs.mails}
    for mail in now.mails:  # a renamed one still counts as the step that it was
        if mail.id in steps and steps[mail.id] != mail.step and ("email", mail.step) in have:
            have["email", steps[mail.id]] = have.pop(("email", mail.step))
    kept = set(pairs.events.values())
    gone = [e for e in now.campaign.events if e.id not in kept] if now.campaign else []
    return differences(wanted, have) + [
        Change("delete", "event", _called(event), live_id=event.id) for event in gone
    ]


def _resting(now: Live, pairs: Pairs) -> list[tuple[str, str]]:
    """Return the variants that came later: unpublished they get no share of the mails."""
    kept = set(pairs.mails.values())
    return [
        ("email", mail.step)
        for mail in now.mails
        if mail.id not in kept and mail.published and split.parent_of(mail.step)
    ]


def parent_of(mail: LiveMail) -> int | None:
    """Return the id of the email whose variant this one is."""
    parent = mail.fields.get("variantParent")
    number = parent.get("id") if isinstance(parent, Mapping) else parent
    return int(number) if number else None


def _names(then: Live) -> dict[int, str]:
    """Return what each earlier event is called; no two alike."""
    return {e.id: _called(e) for e in then.campaign.events} if then.campaign else {}


def _called(event: LiveEvent) -> str:
    if event.identity is not None:
        return " ".join(event.identity)
    return f"{event.name!r} (made in the builder, {event.id})"


def _facts(live: Live, names: Mapping[int, str], pairs: Pairs | None) -> Facts:
    """Return a state as facts, the earlier one in the ids of today (`pairs`)."""
    facts: Facts = {}
    if live.campaign:
        facts["campaign", ""] = _campaign_facts(live.campaign, pairs)
        for event in live.campaign.events:
            if event.id in names:
                facts["event", names[event.id]] = _event_facts(event, names, pairs)
    for mail in live.mails:
        facts["email", mail.step] = {
            **({"id": mail.id} if pairs is None else {}),
            **{name: mail.fields.get(name) for name in MAIL_FIELDS},
            "utmTags": {k: v for k, v in _map(mail.fields.get("utmTags")).items() if v},
            "headers": _map(mail.fields.get("headers")),
        }
        parent = parent_of(mail)
        if parent is not None:
            facts["email", mail.step]["variantParent"] = _mail_id(parent, pairs)
    return facts


def _campaign_facts(live: LiveCampaign, pairs: Pairs | None) -> dict[str, Any]:
    raw = live.raw
    sources = {
        name: sorted(
            pairs.sources.get((key, number), number) if pairs else number for number in ids
        )
        for name, key, ids in (("segments", "lists", live.segments), ("forms", "forms", live.forms))
    }
    own = {"id": live.id} if pairs is None else {}
    return {
        **own,
        "name": live.name,
        "description": live.description,
        "marker": _settled(str(raw.get("description") or "")),
        "retired": live.retired,
        "published": live.published,
        "reentry": live.restart,
        "from": moment(raw.get("publishUp")),
        "until": moment(raw.get("publishDown")),
        **sources,
    }


def _event_facts(event: LiveEvent, names: Mapping[int, str], pairs: Pairs | None) -> dict[str, Any]:
    under = "the audience" if event.parent is None else names.get(event.parent, f"#{event.parent}")
    properties = event.properties if pairs is None else remapped(event, pairs)
    return {
        **({"id": event.id} if pairs is None else {}),
        "name": event.name,
        "type": event.type,
        "under": under,
        "path": event.anchor,
        "when": when(event.trigger if pairs is None else {**event.trigger, DAYS: _days(event)}),
        "marker": _settled(_MAIL_RECORD.sub(r" mail=\1", _description(event))),
        **{f"properties.{k}": level(v) for k, v in properties.items()},
    }


def _settled(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _description(event: LiveEvent) -> str:
    return str(event.trigger.get("description") or "")  # `trigger` is the whole event


def remapped(event: LiveEvent, pairs: Pairs) -> dict[str, Any]:
    """Return an event's properties with the ids of today for emails and events."""
    properties = dict(event.properties)
    if event.type == "email.send" and properties.get("email"):
        properties["email"] = _mail_id(properties["email"], pairs)
    user = properties.get("useremail")
    if isinstance(user, Mapping) and user.get("email"):
        properties["useremail"] = {**user, "email": _mail_id(user["email"], pairs)}
    target = properties.get("jumpToEvent")
    if target and int(target) in pairs.events:
        properties["jumpToEvent"] = pairs.events[int(target)]
    return properties


def _mail_id(said: Any, pairs: Pairs | None) -> int:
    return pairs.mails.get(int(said), int(said)) if pairs else int(said)


def moment(value: Any) -> str | None:
    """Return `2026-12-01 09:00:00` of what Mautic reads out as ISO 8601: so it is written."""
    return str(value).replace("T", " ")[:19] if value else None


def wanted(then: Live, key: str) -> Desired:
    """Return the earlier state as a sequence, for the guard: whom does it harm?"""
    campaign = then.campaign
    assert campaign is not None
    ordered = _from_the_top(campaign.events)
    place = {event.id: number for number, event in enumerate(ordered)}
    return Desired(
        path="",
        key=key,
        name=campaign.name,
        description=campaign.description,
        published=campaign.published,
        restart=campaign.restart,
        segments=(),
        forms=(),
        mails=(),
        events=tuple(_event(event, place) for event in ordered),
        sources={},
        hash=campaign.hash,
        most_at_once=None,
        place=lambda _, name: name,
    )


def _event(event: LiveEvent, place: Mapping[int, int]) -> Event:
    step, path = event.identity or (event.name, f"#{event.id}")
    role = str(event.trigger.get("eventType") or "action")
    return Event(
        step=step,
        path=path,
        name=event.name,
        type=event.type,
        kind=f"raw-{role}",
        role=role,
        parent=-1 if event.parent is None else place.get(event.parent, -1),
        anchor=event.anchor,
        properties=event.properties,
        trigger=event.trigger,
        position=(0, 0),
    )


def identity(event: LiveEvent) -> tuple[str, str]:
    """Return what `wanted` calls an earlier event."""
    return event.identity or (event.name, f"#{event.id}")


# What is written.


def mail_body(mail: LiveMail, pairs: Pairs, fields: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the body that gives an email its earlier content: all of it, or only `fields`.

    Of a variant it always says what makes it one: Mautic's form asks for that.
    """
    raw = mail.fields
    headers = [{"label": k, "value": v} for k, v in _map(raw.get("headers")).items()]
    body = {
        **{name: raw.get(name) if raw.get(name) is not None else "" for name in MAIL_FIELDS},
        "isPublished": mail.published,
        "utmTags": {name: value or "" for name, value in _map(raw.get("utmTags")).items()},
        "headers": {"list": headers},
    }
    share, parent = read_share(mail.name), parent_of(mail)
    always = split.settings(share, _mail_id(parent, pairs)) if share and parent else {}
    if fields is None:
        kind = {"emailType": raw.get("emailType") or "template"}
        return {**body, **kind, **always, "template": raw.get("template") or "blank"}
    names = set(fields)
    if names & {"fromName", "fromAddress"}:
        names |= {"fromName", "fromAddress"}  # Mautic ignores one without the other
    return {**{name: value for name, value in body.items() if name in names}, **always}


def writing_order(then: Live, now: Live) -> list[LiveMail]:
    """Return the earlier emails in the order in which to write them.

    A variant needs its parent's id; and those that give away some of their share come before
    those that get it, so that together they never have more than 100 percent.
    """
    shares = {mail.step: read_share(mail.name) for mail in now.mails if mail.published}
    today = {step: share.weight for step, share in shares.items() if share}

    def place(mail: LiveMail) -> tuple[bool, bool]:
        share = read_share(mail.name)
        weight = share.weight if share and mail.published else 0
        return parent_of(mail) is not None, weight >= today.get(mail.step, 0)

    return sorted(then.mails, key=place)


def campaign_body(
    then: LiveCampaign,
    pairs: Pairs,
    revisions: Mapping[int, tuple[int, int]],
    *,
    published: bool,
    live: Collection[int] = (),
) -> dict[str, Any]:
    """Return the body of the campaign's PUT or POST. `live` are the ids of all events of today.

    `revisions` are the emails' earlier and present revision, by their earlier id: a step's record
    of the revision that it saw follows. Events without a number of today are new.
    """
    refs: dict[int, int | str] = {
        event.id: pairs.events.get(event.id) or temporary_id(live, event.id)
        for event in then.events
    }
    raw = then.raw
    category = raw.get("category")
    return {
        "name": then.name,
        "description": raw.get("description"),
        "isPublished": published,
        "allowRestart": then.restart,
        "publishUp": moment(raw.get("publishUp")),
        "publishDown": moment(raw.get("publishDown")),
        "category": category.get("id") if isinstance(category, Mapping) else None,
        "lists": [{"id": pairs.sources.get(("lists", n), n)} for n in then.segments],
        "forms": [{"id": pairs.sources.get(("forms", n), n)} for n in then.forms],
        "events": [
            _event_body(event, refs, pairs, revisions, number)
            for number, event in enumerate(then.events)
        ],
        "canvasSettings": _canvas(then, refs),
    }


def _event_body(
    event: LiveEvent,
    refs: Mapping[int, int | str],
    pairs: Pairs,
    revisions: Mapping[int, tuple[int, int]],
    number: int,
) -> dict[str, Any]:
    raw = event.trigger
    properties = remapped(event, pairs)
    target = event.properties.get("jumpToEvent")
    if target and int(target) in refs:
        properties["jumpToEvent"] = refs[int(target)]
    return {
        "id": refs[event.id],
        "name": event.name,
        "description": _record(event, revisions),
        "type": event.type,
        "eventType": raw.get("eventType"),
        "order": number + 1,
        "properties": properties,
        "triggerMode": raw.get("triggerMode"),
        "triggerInterval": raw.get("triggerInterval") or 0,
        "triggerIntervalUnit": raw.get("triggerIntervalUnit"),
        "triggerHour": clock(raw.get("triggerHour")),
        "triggerRestrictedStartHour": clock(raw.get("triggerRestrictedStartHour")),
        "triggerRestrictedStopHour": clock(raw.get("triggerRestrictedStopHour")),
        DAYS: _days(event),
    }


def _days(event: LiveEvent) -> list[int]:
    """Return the days as they may be written: 0 is Sunday."""
    days = [int(day) for day in listed(event.trigger.get(DAYS))]
    # -1, the builder's word for weekdays, lets Mautic's cron run for ever
    return _WEEKDAYS if -1 in days else days


def _record(event: LiveEvent, revisions: Mapping[int, tuple[int, int]]) -> str | None:
    """Return the description; where it says the email's revision of then, that of today."""
    text = event.trigger.get("description")
    known = revisions.get(int(event.properties.get("email") or 0))
    found = _MAIL_RECORD.search(text or "")
    if not text or not known or not found or int(found[2]) != known[0]:
        return text
    return f"{text[: found.start()]} mail={found[1]}.{known[1]}{text[found.end() :]}"


def record_differs(
    then: LiveCampaign, now: LiveCampaign, pairs: Pairs, revisions: Mapping[int, tuple[int, int]]
) -> bool:
    """Whether a live step notes another revision of its email than it should."""
    today = {event.id: event for event in now.events}
    return any(
        _noted(_record(event, revisions)) != _noted(_description(today[pairs.events[event.id]]))
        for event in then.events
        if pairs.events.get(event.id) in today
    )


def _noted(text: str | None) -> str | None:
    found = _MAIL_RECORD.search(text or "")
    return found[2] if found else None


def _canvas(then: LiveCampaign, refs: Mapping[int, int | str]) -> dict[str, Any]:
    """The tree as the events say it, the places as the canvas has them."""
    kept = then.raw.get("canvasSettings")
    nodes = items(kept.get("nodes")) if isinstance(kept, Mapping) else []
    called = {str(number): str(ref) for number, ref in refs.items()}
    sources = [name for name, ids in (("lists", then.segments), ("forms", then.forms)) if ids]
    called.update({name: name for name in sources})
    places = {
        called[str(node["id"])]: (str(node.get("positionX") or 0), str(node.get("positionY") or 0))
        for node in nodes
        if str(node.get("id")) in called
    }
    wires = []
    for event in then.events:
        above = [called[str(event.parent)]] if str(event.parent) in called else sources
        anchor = event.anchor if str(event.parent) in called else "leadsource"
        wires += [
            {
                "sourceId": source,
                "targetId": called[str(event.id)],
                "anchors": {"source": anchor, "target": "top"},
            }
            for source in above
        ]
    return {
        "nodes": [
            {"id": name, "positionX": places.get(name, ("0", "0"))[0],
             "positionY": places.get(name, ("0", "0"))[1]}
            for name in called.values()
        ],
        "connections": wires,
    }  # fmt: skip


def _map(shape: Any) -> dict[str, Any]:
    return dict(shape) if isinstance(shape, Mapping) else {}

"""An earlier state of a campaign as the bodies of the requests that put it back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pmctl.sequence import split
from pmctl.sequence.live import MAIL_FIELDS, LiveCampaign, LiveEvent, LiveMail, clock, items
from pmctl.sequence.payload import read_share, temporary_id
from pmctl.sequence.plan import Live
from pmctl.sequence.restore_pairs import (
    DAYS,
    MAIL_RECORD,
    Pairs,
    days_of,
    description_of,
    mail_id,
    mapping,
    moment,
    parent_of,
    remapped,
)


def mail_body(mail: LiveMail, pairs: Pairs, fields: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the body that gives an email its earlier content: all of it, or only `fields`.

    Of a variant it always says what makes it one: Mautic's form asks for that.
    """
    raw = mail.fields
    headers = [{"label": k, "value": v} for k, v in mapping(raw.get("headers")).items()]
    body = {
        **{name: raw.get(name) if raw.get(name) is not None else "" for name in MAIL_FIELDS},
        "isPublished": mail.published,
        "utmTags": {name: value or "" for name, value in mapping(raw.get("utmTags")).items()},
        "headers": {"list": headers},
    }
    share, parent = read_share(mail.name), parent_of(mail)
    always = split.settings(share, mail_id(parent, pairs)) if share and parent else {}
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
        DAYS: days_of(event),
    }


def _record(event: LiveEvent, revisions: Mapping[int, tuple[int, int]]) -> str | None:
    """Return the description; where it says the email's revision of then, that of today."""
    text = event.trigger.get("description")
    known = revisions.get(int(event.properties.get("email") or 0))
    found = MAIL_RECORD.search(text or "")
    if not text or not known or not found or int(found[2]) != known[0]:
        return text
    return f"{text[: found.start()]} mail={found[1]}.{known[1]}{text[found.end() :]}"


def record_differs(
    then: LiveCampaign, now: LiveCampaign, pairs: Pairs, revisions: Mapping[int, tuple[int, int]]
) -> bool:
    """Whether a live step notes another revision of its email than it should."""
    today = {event.id: event for event in now.events}
    return any(
        _noted(_record(event, revisions)) != _noted(description_of(today[pairs.events[event.id]]))
        for event in then.events
        if pairs.events.get(event.id) in today
    )


def _noted(text: str | None) -> str | None:
    found = MAIL_RECORD.search(text or "")
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

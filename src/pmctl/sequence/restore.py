"""An earlier state of a campaign against the one of today: what differs, and whom it would harm.

Both sides are Mautic's own JSON, so any event is understood, also one that has no word in our
files. Events and emails that still live keep their ids; those that are gone are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmctl.sequence import split
from pmctl.sequence.alike import level
from pmctl.sequence.compare import differences
from pmctl.sequence.facts import Facts
from pmctl.sequence.live import MAIL_FIELDS, LiveCampaign, LiveEvent, when
from pmctl.sequence.payload import Desired, Event
from pmctl.sequence.plan import Change, Live
from pmctl.sequence.restore_pairs import (
    DAYS,
    MAIL_RECORD,
    Pairs,
    days_of,
    description_of,
    from_the_top,
    mail_id,
    mapping,
    moment,
    parent_of,
    remapped,
)


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
            "utmTags": {k: v for k, v in mapping(mail.fields.get("utmTags")).items() if v},
            "headers": mapping(mail.fields.get("headers")),
        }
        parent = parent_of(mail)
        if parent is not None:
            facts["email", mail.step]["variantParent"] = mail_id(parent, pairs)
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
        "when": when(event.trigger if pairs is None else {**event.trigger, DAYS: days_of(event)}),
        "marker": _settled(MAIL_RECORD.sub(r" mail=\1", description_of(event))),
        **{f"properties.{k}": level(v) for k, v in properties.items()},
    }


def _settled(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def wanted(then: Live, key: str) -> Desired:
    """Return the earlier state as a sequence, for the guard: whom does it harm?"""
    campaign = then.campaign
    assert campaign is not None
    ordered = from_the_top(campaign.events)
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

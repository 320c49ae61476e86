"""Both sides of a comparison in the same words: what the file says, and what Mautic holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmctl.sequence import kinds, split_plan, threeway
from pmctl.sequence.alike import level
from pmctl.sequence.live import DEFAULTS, LiveEvent, mail_fields, properties_of, when
from pmctl.sequence.payload import NEW, Desired, Event, Names, mail_body, resolved
from pmctl.sequence.plan import Live

Subject = tuple[str, str]  # ("campaign", ""), ("email", step), ("event", "step path")
Facts = dict[Subject, dict[str, Any]]


def wanted(want: Desired, env: str, names: Names, skip: frozenset[str] = frozenset()) -> Facts:
    """Return what the file says, as facts, but for the emails of `skip`.

    NEW stands for what is not there yet.
    """
    known = names.plus("email", {mail.step: NEW["email"] for mail in want.mails})
    known = known.plus("event", {" ".join(e.identity): NEW["event"] for e in want.events})
    facts: Facts = {
        ("campaign", ""): {
            "name": want.name,
            "description": want.description,
            "owner": f"{want.key} {env}",
            "published": want.published,
            "retired": "",
            "reentry": want.restart,
            "segments": names.numbers("segment", want.segments),
            "forms": names.numbers("form", want.forms),
        }
    }
    for mail in want.mails:
        if mail.step in skip:
            continue
        body = mail_body(want, mail, env)
        del body["emailType"], body["template"]
        body["headers"] = dict(mail.headers)
        body["utmTags"] = dict(mail.utm)
        facts["email", mail.step] = {
            **body,
            **split_plan.wanted(mail, body["name"], known.ids["email"]),
        }
    for event in want.events:
        parent = want.events[event.parent].identity if event.parent >= 0 else None
        facts["event", " ".join(event.identity)] = {
            **_name(event),
            "type": event.type,
            "under": " ".join(parent) if parent else "the audience",
            "path": event.anchor,
            "when": when(event.trigger),
            "marker": event.marker,
            **{f"properties.{k}": level(v) for k, v in resolved(event, known).items()},
        }
    return facts


def held(live: Live, want: Desired, ids: Mapping[tuple[str, str], LiveEvent]) -> Facts:
    """Return what Mautic holds, as facts under the names of the file."""
    facts: Facts = {}
    if live.campaign:
        facts["campaign", ""] = {
            "id": live.campaign.id,
            "name": live.campaign.name,
            "description": live.campaign.description,
            "owner": f"{live.campaign.key} {live.campaign.env}",
            "published": live.campaign.published,
            "retired": live.campaign.retired,
            "reentry": live.campaign.restart,
            "segments": list(live.campaign.segments),
            "forms": list(live.campaign.forms),
        }
    for mail in live.mails:
        facts["email", mail.step] = {
            "id": mail.id,
            **mail_fields(mail.fields),
            **split_plan.held(mail),
        }
    called = {e.id: " ".join(e.identity) for e in _events(live) if e.identity}
    called |= {event.id: " ".join(identity) for identity, event in ids.items()}
    for event in want.events:
        now = ids.get(event.identity)
        if now is None:
            continue
        under = "the audience" if now.parent is None else called.get(now.parent, f"#{now.parent}")
        facts["event", " ".join(event.identity)] = held_event(now, under)
    return facts


def _events(live: Live) -> tuple[LiveEvent, ...]:
    return live.campaign.events if live.campaign else ()


def left_over(want: Desired, facts: Facts, have: Facts) -> Facts:
    """Return the facts with `nothing` for what the file no longer says of an event.

    Only where each property is a wish of its own: a field to set, a property of a raw event.
    """
    found = dict(facts)
    for event in want.events:
        subject = ("event", " ".join(event.identity))
        if event.kind not in kinds.WHOLE or subject not in have:
            continue
        unsaid = {f"properties.{name}" for name in DEFAULTS.get(event.type, ())}
        gone = {
            name: None
            for name, value in have[subject].items()
            if name.startswith("properties.") and name not in {*facts[subject], *unsaid}
            if value is not None
        }
        found[subject] = {**facts[subject], **gone}
    return found


def _name(event: Event | LiveEvent) -> dict[str, str]:
    """What an event is called; that of an email is the email's subject, which is compared there."""
    return {} if event.type == "email.send" else {"name": event.name}


def held_event(event: LiveEvent, under: str) -> dict[str, Any]:
    marker = "pmctl step={} path={}".format(*event.identity) if event.identity else ""
    properties = {k: v for k, v in properties_of(event).items() if k not in threeway.FORM}
    return {
        "id": event.id,
        **_name(event),
        "type": event.type,
        "under": under,
        "path": event.anchor,
        "when": when(event.trigger),
        "marker": marker,
        **{f"properties.{k}": level(v) for k, v in properties.items()},
    }


def called(event: LiveEvent) -> str:
    return " ".join(event.identity) if event.identity else f"{event.name!r} (made in the builder)"

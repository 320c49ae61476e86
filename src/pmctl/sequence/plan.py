"""Desired against live -> Plan, a value: what differs, in both directions, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pmctl.sequence import split_plan
from pmctl.sequence.alike import alike
from pmctl.sequence.live import LiveCampaign, LiveEvent, LiveMail, level, when
from pmctl.sequence.payload import Desired, Event, Names, mail_body, resolved

Op = Literal["create", "update", "delete"]
Subject = tuple[str, str]  # ("campaign", ""), ("email", step), ("event", "step path")
Facts = dict[Subject, dict[str, Any]]


@dataclass(frozen=True)
class FieldChange:
    """One field that is not as the file says."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One object that is not as the file says."""

    op: Op
    kind: str  # campaign email event
    name: str
    fields: tuple[FieldChange, ...] = ()
    live_id: int | None = None


@dataclass(frozen=True)
class Live:
    """What Mautic holds of one sequence: the campaign, if there is one, and its emails."""

    campaign: LiveCampaign | None
    mails: tuple[LiveMail, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What apply would do to one campaign; nothing when `changes` is empty."""

    key: str
    name: str
    path: str
    campaign_id: int | None
    changes: tuple[Change, ...]
    dangers: tuple[str, ...] = ()
    seen: str = ""  # what Mautic held when it was made, "" when nothing is to do

    @property
    def action(self) -> Literal["create", "update", "nothing"]:
        """In one word."""
        if not self.changes:
            return "nothing"
        return "update" if self.campaign_id else "create"


def match(want: Desired, live: LiveCampaign) -> dict[tuple[str, str], LiveEvent]:
    """Return the live event of each desired one that has one.

    First by marker; then, for what is left, the same step on another path (a fork was put above
    it or taken away); then one of the same type that hangs in the same place. Updating an event
    in place keeps its log and those who wait at it, and nobody is mailed twice.
    """
    by_identity = {event.identity: event for event in live.events if event.identity}
    found = {
        event.identity: by_identity[event.identity]
        for event in want.events
        if event.identity in by_identity and by_identity[event.identity].type == event.type
    }
    taken = {event.id for event in found.values()}
    for event in want.events:
        if event.identity not in found:
            _take(event, found, taken, _same_step(event, live))
    for event in want.events:
        if event.identity in found:
            continue
        parent = _live_parent(want, event, found)
        place = (parent, event.anchor)
        _take(event, found, taken, (e for e in live.events if (e.parent, e.anchor) == place))
    return found


def _same_step(event: Event, live: LiveCampaign) -> Iterator[LiveEvent]:
    return (e for e in live.events if e.identity and e.identity[0] == event.step)


def _take(
    event: Event,
    found: dict[tuple[str, str], LiveEvent],
    taken: set[int],
    candidates: Iterable[LiveEvent],
) -> None:
    """Let the event have the first candidate of its type that nobody has."""
    for candidate in candidates:
        if candidate.id not in taken and candidate.type == event.type:
            found[event.identity] = candidate
            taken.add(candidate.id)
            return


def _live_parent(
    want: Desired, event: Event, found: Mapping[tuple[str, str], LiveEvent]
) -> int | None:
    if event.parent < 0:
        return None
    parent = found.get(want.events[event.parent].identity)
    return parent.id if parent else -1  # -1: a parent that does not live yet has no live children


def compare(want: Desired, live: Live, env: str, names: Names) -> list[Change]:
    """Return every difference; empty when Mautic holds what the file says."""
    ids = match(want, live.campaign) if live.campaign else {}
    facts = wanted(want, env, names) | split_plan.resting(want, live.mails)
    changes = differences(facts, held(live, want, ids))
    kept = {event.id for event in ids.values()}
    gone = [e for e in live.campaign.events if e.id not in kept] if live.campaign else []
    return changes + [Change("delete", "event", _called(e), live_id=e.id) for e in gone]


def _called(event: LiveEvent) -> str:
    return " ".join(event.identity) if event.identity else f"{event.name!r} (made in the builder)"


def differences(facts: Facts, have: Facts) -> list[Change]:
    """Return what is not as `facts` say, in their order."""
    changes = []
    for (kind, name), want in facts.items():
        now = have.get((kind, name))
        if now is None:
            changes.append(Change("create", kind, name))
            continue
        fields = tuple(
            FieldChange(field, now.get(field), value)
            for field, value in want.items()
            if not alike(field, value, now.get(field))
        )
        if fields:
            changes.append(Change("update", kind, name, fields, now.get("id")))
    return changes


def wanted(want: Desired, env: str, names: Names) -> Facts:
    """Return what the file says, as facts. An email that is not there yet counts as id -1."""
    known = Names(names.segments, names.forms, {m.step: -1 for m in want.mails} | {**names.emails})
    facts: Facts = {
        ("campaign", ""): {
            "name": want.name,
            "description": want.description,
            "owner": f"{want.key} {env}",
            "published": want.published,
            "retired": "",
            "reentry": want.restart,
            "segments": sorted(names.segments[alias] for alias in want.segments),
            "forms": sorted(names.forms[alias] for alias in want.forms),
        }
    }
    for mail in want.mails:
        body = mail_body(want, mail, env)
        del body["emailType"], body["template"]
        body["headers"] = dict(mail.headers)
        body["utmTags"] = dict(mail.utm)
        facts["email", mail.step] = {**body, **split_plan.wanted(mail, body["name"], known.emails)}
    for event in want.events:
        parent = want.events[event.parent].identity if event.parent >= 0 else None
        facts["event", " ".join(event.identity)] = {
            "name": event.name,
            "type": event.type,
            "under": " ".join(parent) if parent else "the audience",
            "path": event.anchor,
            "when": when(event.trigger),
            "marker": event.marker,
            **{f"properties.{k}": level(v) for k, v in resolved(event, known).items()},
        }
    return facts


MAIL_FIELDS = (
    "name", "subject", "language", "customHtml", "plainText", "fromName", "fromAddress",
    "replyToAddress", "isPublished",
)  # fmt: skip


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
        raw = mail.fields
        facts["email", mail.step] = {
            "id": mail.id,
            **{field: raw.get(field) for field in MAIL_FIELDS},
            "utmTags": {k: v for k, v in _map(raw.get("utmTags")).items() if v},
            "headers": _map(raw.get("headers")),
            **split_plan.held(mail),
        }
    called = {event.id: " ".join(identity) for identity, event in ids.items()}
    for event in want.events:
        now = ids.get(event.identity)
        if now is None:
            continue
        under = "the audience" if now.parent is None else called.get(now.parent, f"#{now.parent}")
        facts["event", " ".join(event.identity)] = {
            "id": now.id,
            "name": now.name,
            "type": now.type,
            "under": under,
            "path": now.anchor,
            "when": when(now.trigger),
            "marker": f"pmctl step={now.identity[0]} path={now.identity[1]}"
            if now.identity
            else "",
            **{f"properties.{k}": level(v) for k, v in now.properties.items()},
        }
    return facts


def _map(shape: Any) -> dict[str, Any]:
    return dict(shape) if isinstance(shape, Mapping) else {}

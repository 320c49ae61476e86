"""Mautic's JSON -> what a campaign and its emails are now, in the words of the compiler.

What Mautic writes differently from what it was sent (seen on 5.1.1) is levelled here: hours come
back as dates, empty objects as lists, headers as a map, ids in the canvas as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pmctl.sequence.payload import (
    read_event_marker,
    read_mail_marker,
    read_marker,
    read_records,
    read_retired,
    without_marker,
)


@dataclass(frozen=True)
class LiveEvent:
    """A campaign event as it is; `identity` is None for one that pmctl did not make."""

    id: int
    identity: tuple[str, str] | None
    name: str
    type: str
    parent: int | None  # event id
    anchor: str
    properties: Mapping[str, Any]
    trigger: Mapping[str, Any]
    records: Mapping[str, str] = field(default_factory=dict)  # was, mail; none in older markers


@dataclass(frozen=True)
class LiveMail:
    """An email as it is."""

    id: int
    step: str
    name: str
    published: bool
    fields: Mapping[str, Any]

    @property
    def revision(self) -> int:
        """Mautic's count of the writes to it; sending leaves it alone."""
        return int(self.fields.get("revision") or 0)


@dataclass(frozen=True)
class LiveCampaign:
    """A campaign as it is."""

    id: int
    key: str
    env: str
    hash: str
    name: str
    description: str  # without the marker line
    published: bool
    restart: bool
    segments: tuple[int, ...]
    forms: tuple[int, ...]
    events: tuple[LiveEvent, ...]
    modified: str
    retired: str = ""  # since when it is out of service
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    records: Mapping[str, str] = field(default_factory=dict)  # own


def campaign(raw: Mapping[str, Any]) -> LiveCampaign:
    """Return the campaign that Mautic's `GET /campaigns/ID` answer holds."""
    description = str(raw.get("description") or "")
    key, env, digest = read_marker(description) or ("", "", "")
    return LiveCampaign(
        id=int(raw["id"]),
        key=key,
        env=env,
        hash=digest,
        name=str(raw.get("name") or ""),
        description=without_marker(description),
        published=bool(raw.get("isPublished")),
        restart=bool(raw.get("allowRestart")),
        segments=_ids(raw.get("lists")),
        forms=_ids(raw.get("forms")),
        events=tuple(_event(item) for item in items(raw.get("events"))),
        modified=str(raw.get("dateModified") or ""),
        retired=read_retired(description),
        raw=raw,
        records=read_records(description) if key else {},
    )


def kept(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a PUT would empty and a sequence file does not say, as it is to be sent.

    Times are read as ISO 8601 and taken as `Y-m-d H:i` only (seen on 5.1.1).
    """
    said = {name: raw.get(name) for name in ("publishUp", "publishDown")}
    found = {name: str(value)[:16].replace("T", " ") for name, value in said.items() if value}
    category = raw.get("category")
    return found | ({"category": category["id"]} if isinstance(category, Mapping) else {})


def items(shape: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list or of an object keyed by id: Mautic answers with both."""
    values = shape.values() if isinstance(shape, Mapping) else shape or []
    return [value for value in values if isinstance(value, Mapping)]


def listed(shape: Any) -> list[Any]:
    """Return the values of a list or of an object by index: PHP writes a list with gaps so."""
    return list(shape.values()) if isinstance(shape, Mapping) else list(shape or [])


def _ids(shape: Any) -> tuple[int, ...]:
    return tuple(sorted(int(item["id"]) for item in items(shape)))


def _event(raw: Mapping[str, Any]) -> LiveEvent:
    parent = raw.get("parent")
    description = str(raw.get("description") or "")
    has_parent = isinstance(parent, Mapping) and parent.get("id") is not None
    return LiveEvent(
        id=int(raw["id"]),
        identity=read_event_marker(description),
        name=str(raw.get("name") or ""),
        type=str(raw.get("type") or ""),
        parent=int(parent["id"]) if has_parent and isinstance(parent, Mapping) else None,
        anchor=str(raw.get("decisionPath") or ("bottom" if has_parent else "leadsource")),
        properties=_mapping(raw.get("properties")),
        trigger=raw,
        records=read_records(description),
    )


def _mapping(shape: Any) -> Mapping[str, Any]:
    """An empty object comes back as `[]`."""
    return shape if isinstance(shape, Mapping) else {}


# What Mautic takes where an event does not say it.
DEFAULTS = {"email.send": {"email_type": "transactional", "priority": 2, "attempts": 3}}


def properties_of(event: LiveEvent) -> dict[str, Any]:
    """Return the properties of an event, those included that it does not say."""
    return {**DEFAULTS.get(event.type, {}), **event.properties}


MAIL_FIELDS = (
    "name", "subject", "language", "customHtml", "plainText", "fromName", "fromAddress",
    "replyToAddress", "isPublished",
)  # fmt: skip


def mail_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an email says, with what Mautic leaves out or ignores levelled."""
    fields = {name: raw.get(name) for name in MAIL_FIELDS}
    if not fields["fromAddress"]:
        fields["fromName"] = None  # ignored without the address
    return {
        **fields,
        "utmTags": {k: v for k, v in _mapping(raw.get("utmTags")).items() if v},
        "headers": dict(_mapping(raw.get("headers"))),
    }


def mail(raw: Mapping[str, Any]) -> LiveMail | None:
    """Return an email that carries a pmctl marker in its name, else None."""
    name = str(raw.get("name") or "")
    marker = read_mail_marker(name)
    if marker is None:
        return None
    return LiveMail(int(raw["id"]), marker[2], name, bool(raw.get("isPublished")), raw)


def when(trigger: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the trigger fields in one form, so that what was sent equals what comes back."""
    if (trigger.get("triggerMode") or "immediate") == "immediate":
        return ("immediate",)  # Mautic ignores interval, hours and days then
    days = trigger.get("triggerRestrictedDaysOfWeek") or []
    held_back = any(trigger.get(name) for name in _HOLDING) or days
    if trigger["triggerMode"] == "interval" and not held_back:
        return ("immediate",)
    return (
        trigger["triggerMode"],
        int(trigger.get("triggerInterval") or 0),
        trigger.get("triggerIntervalUnit") or "d",
        clock(trigger.get("triggerHour")),
        clock(trigger.get("triggerRestrictedStartHour")),
        clock(trigger.get("triggerRestrictedStopHour")),
        tuple(sorted(int(day) for day in (days.values() if isinstance(days, Mapping) else days))),
    )


_HOLDING = (
    "triggerInterval", "triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour",
)  # fmt: skip


def when_words(fields: Sequence[Any]) -> str:
    """Return `after 3 d, 09:00-17:00, Mon Fri` for what `when` returned."""
    mode, *rest = fields
    if mode != "interval":
        return "at once"
    amount, unit, hour, start, stop, days = rest
    names = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    parts = [f"after {amount} {unit}"] if amount else []
    if hour:
        parts.append(f"at {hour}")
    if start and stop:
        parts.append(f"{start}-{stop}")
    if days and len(days) < 7:
        parts.append(" ".join(names[day % 7] for day in days))
    return ", ".join(parts) or "at once"


def clock(value: Any) -> str | None:
    """Return `09:30` of `09:30`, `09:30:00` or `1970-01-01T09:30:00+00:00`."""
    if not value:
        return None
    return str(value).rpartition("T")[2][:5]

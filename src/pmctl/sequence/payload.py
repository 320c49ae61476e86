"""Graph -> what Mautic shall hold: events with their canvas, and the bodies of the requests.

Every rule is one of Mautic 5.1.1, seen on a running one: only `canvasSettings.connections` makes
the tree, ids of new events begin with `new`, `isPublished` is always said, sources are `{"id": N}`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmctl.sequence import kinds, moved, split

if TYPE_CHECKING:  # the markers are read without the compiler and its pydantic
    from pmctl.sequence.emails import Mail
    from pmctl.sequence.graph import Graph, Node, Times
    from pmctl.sequence.layout import Layout
    from pmctl.sequence.model import Sequence

_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_RETIRED = re.compile(r"pmctl:retired (\S+?)(?=<|\s|$)")
# The builder's rich-text editor wraps lines into tags and writes some spaces as entities.
_START, _SPACE, _WORD = r"(?<![^\s>;])", r"(?:[ \u00a0]|&nbsp;)+", r"[^\s<>&;]+"
_RECORDS = rf"((?:{_SPACE}[a-z]+={_WORD})*)"
_MARKER = re.compile(
    rf"{_START}pmctl:v1{_SPACE}key=({_WORD}){_SPACE}env=({_WORD}){_SPACE}hash=([0-9a-f]{{12}}){_RECORDS}",
    re.MULTILINE,
)
_MAIL_MARKER = re.compile(r"\[\[([^\[\]/]+)/([^\[\]/]+)/([^\[\]/]+)\]\]$")
_EVENT_MARKER = re.compile(
    rf"{_START}pmctl{_SPACE}step=({_WORD}){_SPACE}path=({_WORD}){_RECORDS}", re.MULTILINE
)
# noted at an event that is to go: the step and path at which who waits at it goes on
LEAVING = "to"
_RECORD = re.compile(rf"([a-z]+)=({_WORD})")
UTM = ("utmSource", "utmMedium", "utmCampaign", "utmContent")
LONGEST_NAME = 191  # characters; Mautic's column size


@dataclass(frozen=True)
class Names:
    """What names mean in one Mautic: kind -> name -> id.

    Kinds are segment, form, stage, user, company, asset, campaign (by key), email (by step) and
    event (by `step path`). In a plan, words like NEW stand for the id of what is not there yet.
    """

    ids: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)

    def id(self, kind: str, name: str) -> int | str:
        """Return the id of a name. Raises KeyError when there is none."""
        return self.ids[kind][name]

    def numbers(self, kind: str, names: Iterable[str]) -> list[int]:
        """Return the ids of things that pmctl does not make, in order of the ids."""
        return sorted(int(self.id(kind, name)) for name in names)

    def name(self, kind: str, number: int | str) -> str:
        """Return the name of an id, which may come as text. Raises KeyError when there is none."""
        for name, one in self.ids.get(kind, {}).items():
            if str(one) == str(number):
                return name
        raise KeyError(number)

    def plus(self, kind: str, ids: Mapping[str, int | str]) -> Names:
        """Return the same with the names of one kind; those that are known already go first."""
        return Names({**self.ids, kind: {**ids, **self.ids.get(kind, {})}})


NEW = {"email": "a new email", "event": "a new step", "campaign": "a new campaign"}


@dataclass(frozen=True)
class Records:
    """What is noted beside the markers at each write: digests of what was asked for.

    `own` is of the campaign's own fields; `events` holds the notes of each event by identity.
    """

    own: str = ""
    events: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One campaign event; `parent` is an index into the events, -1 for the sources."""

    step: str
    path: str
    name: str
    type: str
    kind: str  # as in kinds.KINDS
    role: str  # action decision condition
    parent: int
    anchor: str  # leadsource bottom yes no
    properties: Mapping[str, Any]  # names where ids will be
    trigger: Mapping[str, Any]
    position: tuple[int, int]  # left, top in px

    @property
    def identity(self) -> tuple[str, str]:
        """What a live event is recognised by."""
        return (self.step, self.path)

    @property
    def marker(self) -> str:
        """The description by which a live event is recognised."""
        return f"pmctl step={self.step} path={self.path}"


@dataclass(frozen=True)
class Desired:
    """A compiled sequence: all that Mautic shall hold of it, free of ids."""

    path: str  # of its file
    key: str
    name: str
    description: str
    published: bool
    restart: bool
    segments: tuple[str, ...]
    forms: tuple[str, ...]
    mails: tuple[Mail, ...]
    events: tuple[Event, ...]
    sources: Mapping[str, tuple[int, int]]  # "lists", "forms" -> left, top
    hash: str
    most_at_once: int | None  # immediate sends from which on a reason is needed
    place: Callable[[str, str], str] = field(compare=False)  # kind, name -> path:line:column
    # kind -> names that Mautic must know; not its own emails
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)  # a step's id before -> now
    # what becomes of those who wait at a removed step: one word for all, or by the step's id
    on_removed: str | Mapping[str, str] = "refuse"

    def removal(self, step: str) -> str:
        """Return refuse, continue or exit for a step that the file has no more."""
        if isinstance(self.on_removed, str):
            return self.on_removed
        return self.on_removed.get(step, "refuse")

    @property
    def fingerprint(self) -> str:
        """16 hex digits of all that the file asks for, its own limits included."""
        said = [self.key, self.hash, self.most_at_once, self.on_removed]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def marker(self, env: str) -> str:
        """The line of the campaign's description that says whose it is."""
        return f"pmctl:v1 key={self.key} env={env} hash={self.hash}"

    def full_description(self, env: str, own: str = "") -> str:
        """The human text with the marker below it, and beside that what is noted of it."""
        return "\n".join(filter(None, (self.description, self.marker(env) + own)))


def read_marker(description: str) -> tuple[str, str, str] | None:
    """Return (key, env, hash) of the marker line in a campaign's description, if it has one."""
    match = _MARKER.search(description)
    return (match[1], match[2], match[3]) if match else None


def retired_line(time: str) -> str:
    """Return the line of a campaign's description that says since when it is out of service."""
    return f"pmctl:retired {time}"


def read_retired(description: str) -> str:
    """Return since when a campaign is retired, "" for one in service."""
    match = _RETIRED.search(description)
    return match[1] if match else ""


def read_records(description: str) -> dict[str, str]:
    """Return what is noted beside the marker of a campaign (own) or event (was, mail)."""
    match = _MARKER.search(description) or _EVENT_MARKER.search(description)
    return dict(_RECORD.findall(match[match.re.groups])) if match else {}


def without_marker(description: str) -> str:
    """Return the human text of a campaign's description: no marker, no tags of an editor."""
    found = _MARKER.search(description)
    if found:
        description = (
            f"{description[: found.start()].rstrip()}\n{description[found.end() :].lstrip()}"
        )
    description = _RETIRED.sub("", description)
    breaks = re.sub(r"<(?:br|/p|/div|/li)\b[^>]*>", "\n", description)
    lines = (line.strip() for line in re.sub("<[^>]*>", "", breaks).splitlines())
    return "\n".join(lines).strip()


def read_mail_marker(name: str) -> tuple[str, str, str] | None:
    """Return (env, key, step) from the end of an email's name, if it has it.

    `step` is `offer~b` for the email of a variant; its share is not in it, see `read_share`.
    """
    match = _MAIL_MARKER.search(name)
    return (match[1], match[2], split.read_mark(match[3])[0]) if match else None


def read_share(name: str) -> split.Share | None:
    """Return the weight and criteria that the name of a variant's email says."""
    match = _MAIL_MARKER.search(name)
    return split.read_mark(match[3])[1] if match else None


def read_event_marker(description: str) -> tuple[str, str] | None:
    """Return (step, path) from an event's description, if it has it."""
    match = _EVENT_MARKER.search(description)
    return (match[1], match[2]) if match else None


def desired(
    path: str, graph: Graph, layout: Layout, mails: list[Mail], place: Callable[[str, str], str]
) -> Desired:
    """Return what Mautic shall hold; same input, same value."""
    sequence = graph.sequence
    nodes = graph.nodes()
    numbers = {id(node): number for number, node in enumerate(nodes)}
    parents = {id(child): numbers[id(node)] for node in nodes for child in node.children}
    events = tuple(
        _event(node, parents.get(id(node), -1), layout.nodes[node.identity]) for node in nodes
    )
    description = (sequence.description or "").strip()
    content = (
        sequence.key, sequence.name, description, sequence.published, sequence.reentry,
        sorted(sequence.audience.segments), sorted(sequence.audience.forms),
        [mail.said() for mail in mails],
        [[e.identity, e.name, e.type, e.parent, e.anchor, e.properties, e.trigger] for e in events],
    )  # fmt: skip
    return Desired(
        path=path,
        key=sequence.key,
        name=sequence.name,
        description=description,
        published=sequence.published,
        restart=sequence.reentry == "allowed",
        segments=tuple(dict.fromkeys(sequence.audience.segments)),
        forms=tuple(dict.fromkeys(sequence.audience.forms)),
        mails=tuple(mails),
        events=events,
        sources=layout.sources,
        hash=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12],
        most_at_once=sequence.limits.force_above_immediate_sends,
        needs=_needs(sequence, events),
        moved=moved.chains(sequence.moved),
        on_removed=sequence.on_removed,
        place=place,
    )


def _needs(sequence: Sequence, events: tuple[Event, ...]) -> dict[str, tuple[str, ...]]:
    found = {"segment": set(sequence.audience.segments), "form": set(sequence.audience.forms)}
    for event in events:
        for kind, name in kinds.named(event.kind, event.properties):
            if kind not in ("email", "event"):  # its own
                found.setdefault(kind, set()).add(name)
    return {kind: tuple(sorted(names)) for kind, names in found.items() if names}


def _event(node: Node, parent: int, position: tuple[int, int]) -> Event:
    return Event(
        step=node.step,
        path=node.path,
        name=_short(node.title),
        type=kinds.event_type(node.kind, node.data),
        kind=node.kind,
        role=node.role,
        parent=parent,
        anchor=node.anchor,
        properties=kinds.properties(node.kind, node.data),
        trigger=node.data.get("trigger") or trigger(node.times),
        position=position,
    )


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_NAME else title[: LONGEST_NAME - 1] + "…"


def trigger(times: Times) -> dict[str, Any]:
    """Return the trigger fields of an event, all of them: one left out would keep its old value."""
    window = times.window
    days = sorted(_DAYS[day] for day in window.days) if window else []
    delay = times.delay
    start, stop = (window.from_, window.to) if window else (None, None)
    if times.hour:
        # Never Mautic's own triggerHour: a cron run a minute late moves it to the next day.
        start, stop = times.hour, an_hour_later(times.hour)
    return {
        "triggerMode": "immediate" if times.at_once else "interval",
        "triggerInterval": delay.amount if delay else 0,
        "triggerIntervalUnit": delay.unit if delay else None,
        "triggerHour": None,
        "triggerRestrictedStartHour": start,
        "triggerRestrictedStopHour": stop,
        "triggerRestrictedDaysOfWeek": days,
    }


def an_hour_later(clock: str) -> str:
    """Return the end of the hour that begins at `09:30`."""
    hours, minutes = clock.split(":")
    return f"{int(hours) + 1:02}:{minutes}" if hours != "23" else "23:59"


def resolved(event: Event, names: Names) -> dict[str, Any]:
    """Return an event's properties with ids in place of names. KeyError: a name is unknown."""
    return kinds.resolved(event.kind, event.properties, names)


def mail_name(want: Desired, mail: Mail, env: str) -> str:
    """Return the name of an email in Mautic; its end says whose it is."""
    marker = f" [[{env}/{want.key}/{mail.mark}]]"
    return f"{want.name}: {mail.step}"[: LONGEST_NAME - len(marker)].rstrip() + marker


def mail_body(want: Desired, mail: Mail, env: str) -> dict[str, Any]:
    """Return the body of `POST /emails/new`; a PATCH takes some of its fields."""
    return {
        "name": mail_name(want, mail, env),
        "subject": mail.subject,
        "emailType": "template",
        "isPublished": mail.published,
        "language": mail.language,
        "template": "blank",
        "customHtml": mail.html,
        "plainText": mail.text,
        "fromName": mail.from_name or "",
        "fromAddress": mail.from_address or "",
        "replyToAddress": mail.reply_to or "",
        "utmTags": {name: dict(mail.utm).get(name, "") for name in UTM},
        "headers": {"list": [{"label": k, "value": v} for k, v in mail.headers]},
    }


def temporary_id(live: Iterable[int], number: int) -> str:
    """Return the id under which a new event is sent to a campaign that has these `live` events.

    No two writes may use the same one: Mautic keeps those that begin with `new`, and a jump would
    find the older event by it. `number` tells the new events of one write apart.
    """
    newest = max(live, default=0)
    return f"new{newest}_{number}" if newest else f"new{number}"


def campaign_body(
    want: Desired,
    env: str,
    names: Names,
    *,
    ids: Mapping[tuple[str, str], int],
    published: bool,
    records: Records = Records(),
    live: Collection[int] = (),
) -> dict[str, Any]:
    """Return the body of a campaign's POST or PUT; `ids` are the numeric ids of events that live.

    Never leave an id out of it for an event that exists: Mautic would make it anew and mail
    everybody again. `live` are the ids of all its events, also of those that go.
    """
    refs: list[int | str] = [
        ids.get(event.identity) or temporary_id(live, number)
        for number, event in enumerate(want.events)
    ]
    own = {" ".join(event.identity): ref for event, ref in zip(want.events, refs, strict=True)}
    names = names.plus("event", own)
    return {
        "name": want.name,
        "description": want.full_description(env, records.own),
        "isPublished": published,
        "allowRestart": want.restart,
        "lists": [{"id": names.id("segment", alias)} for alias in want.segments],
        "forms": [{"id": names.id("form", alias)} for alias in want.forms],
        "events": [
            {
                "id": refs[number],
                "name": event.name,
                "description": event.marker + records.events.get(event.identity, ""),
                "type": event.type,
                "eventType": event.role,
                "order": number + 1,
                "properties": resolved(event, names),
                **event.trigger,
            }
            for number, event in enumerate(want.events)
        ],
        "canvasSettings": _canvas(want, refs),
    }


def _canvas(want: Desired, refs: list[int | str]) -> dict[str, Any]:
    nodes = [(name, place) for name, place in want.sources.items()]
    nodes += [(str(refs[n]), event.position) for n, event in enumerate(want.events)]
    connections = []
    for number, event in enumerate(want.events):
        sources = [str(refs[event.parent])] if event.parent >= 0 else list(want.sources)
        connections += [
            {
                "sourceId": source,
                "targetId": str(refs[number]),
                "anchors": {"source": event.anchor, "target": "top"},
            }
            for source in sources
        ]
    return {
        "nodes": [
            {"id": name, "positionX": str(left), "positionY": str(top)}
            for name, (left, top) in nodes
        ],
        "connections": connections,
    }

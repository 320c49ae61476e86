"""Who changed it: the file, somebody in Mautic, or both. Stateless, from what is noted in Mautic.

At each write a short digest of what was asked for is left beside each marker:

    pmctl:v1 key=… env=… hash=… own=<own fields>.<which events there are>
    pmctl step=… path=… was=<event> mail=<source>.<revision>.<content>

A digest says little of a single field, but of the fields that differ now each was, at the last
write, as the file says or as Mautic says. So the digest is sought among those mixtures: the one
that has it tells for each field who moved. When none has it, a field was changed on both sides.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pmctl.sequence.alike import canonical

if TYPE_CHECKING:
    from pmctl.sequence.emails import Mail
    from pmctl.sequence.live import LiveCampaign, LiveEvent, LiveMail
    from pmctl.sequence.payload import Desired

By = Literal["you", "builder", "both", "mautic", "unknown"]
Fields = Mapping[str, Any]
Names = Mapping[Any, str]  # event or email -> how it is called in a digest

MOST_FIELDS = 10  # that differ; with more only all of one side is tried
SENDING = ("email.send", "email.send.to.user")  # events with an email of their own
RENDERING = 1  # goes up when the same body renders to another mail than before

# What the builder's form leaves in an event's properties beside them: no property of the step.
FORM = frozenset({
    "canvasSettings", "name", "triggerMode", "triggerDate", "triggerInterval",
    "triggerIntervalUnit", "triggerHour", "triggerRestrictedStartHour",
    "triggerRestrictedStopHour", "triggerRestrictedDaysOfWeek", "anchor", "properties", "type",
    "eventType", "anchorEventType", "campaignId", "_token", "buttons", "tempId", "id",
})  # fmt: skip


def digest(fields: Fields) -> str:
    """Return 8 hex digits of fields in one spelling; what is empty counts as not there."""
    return _digest({name: _part(name, value) for name, value in fields.items()})


def _part(name: str, value: Any) -> str:
    """Return a value in a form to compare; "" for every kind of nothing."""
    level = canonical(name, value)
    return "" if level is None else json.dumps(level, sort_keys=True, ensure_ascii=False)


def _digest(parts: Mapping[str, str]) -> str:
    kept = sorted((name, part) for name, part in parts.items() if part)
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:8]


def who(was: str, mine: Fields, theirs: Fields, differing: Iterable[str]) -> dict[str, By]:
    """Return for each differing field who changed it since `was` was noted.

    `mine` are the fields as the file says, `theirs` as Mautic says; `theirs` may hold more.
    """
    wanted = list(differing)
    if not was:
        return dict.fromkeys(wanted, "unknown")
    for names in (list(mine), list(dict.fromkeys([*mine, *theirs]))):
        ours = {name: _part(name, mine.get(name)) for name in names}
        have = {name: _part(name, theirs.get(name)) for name in names}
        found = _mixture(was, ours, have)
        if found is not None:
            return {name: found.get(name, "you") for name in wanted}  # "you": the marker itself
    return dict.fromkeys(wanted, "both")


def _mixture(
    was: str, mine: Mapping[str, str], theirs: Mapping[str, str]
) -> dict[str, Literal["you", "builder"]] | None:
    """Return for each field that differs which side left the noted state, if a mixture fits."""
    apart = [name for name in mine if mine[name] != theirs[name]]
    for moved in _choices(len(apart)):
        mixed = dict(mine)
        mixed.update({n: theirs[n] for n, by in zip(apart, moved, strict=True) if by == "you"})
        if _digest(mixed) == was:
            return dict(zip(apart, moved, strict=True))
    return None


def _choices(count: int) -> Iterator[tuple[Literal["you", "builder"], ...]]:
    sides: tuple[Literal["you", "builder"], ...] = ("you", "builder")
    if count <= MOST_FIELDS:
        yield from itertools.product(sides, repeat=count)
    else:
        yield from ((side,) * count for side in sides)


def together(found: Iterable[By]) -> By:
    """Return who changed an object, from who changed its fields."""
    sides = set(found)
    if len(sides) == 1:
        return sides.pop()
    if "unknown" in sides or not sides:
        return "unknown"
    return "both" if sides & {"both", "you"} else "builder"


def present(events: Iterable[tuple[str, str]]) -> str:
    """Return the digest of which events there are."""
    return _digest({" ".join(identity): "1" for identity in events})


def lost(noted: str, want: Iterable[tuple[str, str]], have: Iterable[tuple[str, str]]) -> By | None:
    """Say why events of the file are not in Mautic: new in the file, or deleted in the builder.

    None: some are this and some that; ask `lost_one` of each.
    """
    live, missing = set(have), set(want)
    if not noted:
        return "unknown"
    if present(live) == noted:
        return "you"
    return "builder" if present(live | missing) == noted else None


def lost_ones(
    noted: str, want: Iterable[tuple[str, str]], have: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], By]:
    """Return for each event of the file that Mautic lacks who is behind it."""
    live, missing = set(have), list(dict.fromkeys(want))
    whole = lost(noted, missing, live)
    if whole is not None:
        return dict.fromkeys(missing, whole)
    for count in range(1, len(missing)) if len(missing) <= MOST_FIELDS else ():
        for deleted in itertools.combinations(missing, count):
            if present({*live, *deleted}) == noted:
                return {one: "builder" if one in deleted else "you" for one in missing}
    return dict.fromkeys(missing, "unknown")


def source(want: Desired, mail: Mail, env: str) -> str:
    """Return the digest of all that the file says of an email; nothing is rendered for it."""
    said = [RENDERING, want.name, want.key, env, *mail.said()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]


def mail_note(step: str, origin: str, revision: int, content: str) -> str:
    """Return what is noted of an email beside its event; that of a variant begins with its id."""
    return f"{_variant(step)}{origin}.{revision}.{content}"


def _variant(step: str) -> str:
    return f"{step.partition('~')[2]}:" if "~" in step else ""


def noted_mail(live: LiveCampaign | None, step: str) -> tuple[str, int, str]:
    """Return (source, revision, content) as noted at the last write; ("", 0, "") when it is not."""
    owner, prefix = step.partition("~")[0], _variant(step)
    for event in live.events if live else ():
        if event.identity and event.identity[0] == owner:
            for note in event.records.get("mail", "").split(","):
                variant, colon, figures = note.rpartition(":")
                parts = figures.split(".")
                if variant + colon == prefix and len(parts) == 3 and parts[1].isdecimal():
                    return parts[0], int(parts[1]), parts[2]
    return "", 0, ""


def settled(
    want: Desired, live: LiveCampaign | None, mails: Iterable[LiveMail], env: str
) -> frozenset[str]:
    """Return the email steps that neither side touched since the last write: no look needed."""
    by_step = {mail.step: mail for mail in mails}
    found = set()
    for mail in want.mails:
        now = by_step.get(mail.step)
        origin, revision, _ = noted_mail(live, mail.step)
        if now is None or not origin or revision != now.revision or not now.published:
            continue
        if origin == source(want, mail, env):
            found.add(mail.step)
    return frozenset(found)


def email_of(fields: Fields) -> Any:
    """Return the id of the email that an event sends, to the contact or to users."""
    inner = fields.get("properties.useremail")
    return inner.get("email") if isinstance(inner, Mapping) else fields.get("properties.email")


def spoken(fields: Fields, parents: Names, emails: Names, jumps: Names) -> dict[str, Any]:
    """Return an event's fields as they go into its digest: emails and events by their names.

    Ids would call it a change of the file when an email was deleted and made again.
    """
    said = {name: value for name, value in fields.items() if name not in ("id", "marker")}
    said["under"] = parents.get(said.get("under"), said.get("under"))
    email = email_of(said)
    if said.get("type") in SENDING and email is not None:
        word = "email" if said["type"] == "email.send" else "useremail"
        said[f"properties.{word}"] = emails.get(email, f"#{email}")
    target = said.get("properties.jumpToEvent")
    if target is not None:
        said["properties.jumpToEvent"] = jumps.get(target, target)
    return said


def removed(event: LiveEvent, now: Fields) -> By:
    """Say who is behind an event that goes: you took it out, or you did and the builder moved."""
    if event.identity is None:
        return "builder"
    was = event.records.get("was")
    if not was:
        return "unknown"
    return "you" if digest(now) == was else "both"

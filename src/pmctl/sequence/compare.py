"""Desired against live: what differs, in both directions, field by field, and who is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pmctl.sequence import split_plan, threeway
from pmctl.sequence.alike import alike
from pmctl.sequence.facts import Facts, Subject, called, held, held_event, left_over, wanted
from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.matching import match
from pmctl.sequence.payload import LEAVING, Desired, Names
from pmctl.sequence.plan import Change, FieldChange, Live
from pmctl.sequence.threeway import By


def compare(
    want: Desired, live: Live, env: str, names: Names, *, trust: bool = True
) -> list[Change]:
    """Return every difference; empty when Mautic holds what the file says.

    An email that neither side touched since the last write is not rendered and not compared,
    unless there is no `trust` in what was noted then.
    """
    ids = match(want, live.campaign) if live.campaign else {}
    skip = frozenset[str]()
    if trust:
        skip = threeway.settled(want, live.campaign, live.mails, env)
    own = {" ".join(identity): event.id for identity, event in ids.items()}
    facts = wanted(want, env, names.plus("event", own), skip) | split_plan.resting(want, live.mails)
    have = held(live, want, ids)
    facts = left_over(want, facts, have)
    changes = differences(facts, have)
    if not changes and live.campaign and len(ids) == len(live.campaign.events):
        return []
    return _Authors(want, live, ids, facts, have).name(changes)


class _Authors:
    """Tells of each difference of one campaign who is behind it."""

    def __init__(
        self,
        want: Desired,
        live: Live,
        ids: Mapping[tuple[str, str], LiveEvent],
        facts: Facts,
        have: Facts,
    ) -> None:
        self.want, self.live, self.ids, self.facts, self.have = want, live, ids, facts, have
        self.events = {" ".join(identity): event for identity, event in ids.items()}
        in_force = {name: called(event) for name, event in self.events.items()}
        # the names that were in force when the digests were made
        self.parents = in_force
        self.emails = {mail.id: mail.step for mail in live.mails}
        self.jumps = {event.id: in_force[name] for name, event in self.events.items()}

    def name(self, changes: list[Change]) -> list[Change]:
        """Return the changes with their authors, and the events that would go."""
        campaign = self.live.campaign
        if campaign is None:
            return [replace(change, by="you") for change in changes]
        said = [self._updated(one) if one.op == "update" else one for one in changes]
        fresh = {one.name for one in said if (one.op, one.kind) == ("create", "event")}
        lost = self._lost(campaign, fresh)
        named = [replace(one, by=lost[one.kind, one.name]) if one.op == "create" else one
                 for one in said]  # fmt: skip
        kept = {event.id for event in self.ids.values()}
        gone = [event for event in campaign.events if event.id not in kept]
        return named + [
            Change("delete", "event", called(e), live_id=e.id, by=self._removed(e)) for e in gone
        ]

    def _updated(self, change: Change) -> Change:
        was, mine, theirs = self._sides(change.kind, change.name)
        found = threeway.who(was, mine, theirs, (field.field for field in change.fields))
        fields = tuple(replace(field, by=found[field.field]) for field in change.fields)
        return replace(change, fields=fields, by=threeway.together(found.values()))

    def _sides(self, kind: str, name: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return what was noted of an object, and both sides of it in the words of a digest."""
        campaign = self.live.campaign
        mine, theirs = self.facts[kind, name], self.have[kind, name]
        if kind == "event":
            event = self.events[name]
            ours = {threeway.email_of(mine): name.partition(" ")[0]}
            return (
                event.records.get("was", ""),
                threeway.spoken(mine, self.parents, ours, self.jumps),
                threeway.spoken(theirs, self.parents, self.emails, self.jumps),
            )
        theirs = {field: value for field, value in theirs.items() if field != "id"}
        if kind == "email":
            return threeway.noted_mail(campaign, name)[2], dict(mine), theirs
        noted = campaign.records.get("own", "") if campaign else ""
        return noted.partition(".")[0], dict(mine), theirs

    def _lost(self, campaign: LiveCampaign, fresh: set[str]) -> dict[Subject, By]:
        """Return who is behind each object that the file has and Mautic lacks."""
        missing = [e.identity for e in self.want.events if " ".join(e.identity) in fresh]
        noted = campaign.records.get("own", "").partition(".")[2]
        have = [event.identity for event in campaign.events if event.identity]
        events = threeway.lost_ones(noted, missing, have)
        found: dict[Subject, By] = {("event", " ".join(one)): by for one, by in events.items()}
        for mail in self.want.mails:
            origin, _, _ = threeway.noted_mail(campaign, mail.step)
            known = bool(campaign.records.get("own"))
            found["email", mail.step] = "builder" if origin else "you" if known else "unknown"
        return found

    def _removed(self, event: LiveEvent) -> By:
        if LEAVING in event.records:
            return "you"
        under = "the audience" if event.parent is None else self._name_of(event.parent)
        now = threeway.spoken(held_event(event, under), {}, self.emails, self.jumps)
        return threeway.removed(event, now)

    def _name_of(self, event_id: int) -> str:
        campaign = self.live.campaign
        found = [e for e in campaign.events if e.id == event_id] if campaign else []
        return called(found[0]) if found else f"#{event_id}"


def differences(facts: Facts, have: Facts) -> list[Change]:
    """Return what is not as `facts` say, in their order; nobody is named yet."""
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

"""What a change would do to the people already inside: the reasons to refuse it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pmctl.sequence.live import LiveCampaign, LiveEvent, properties_of
from pmctl.sequence.migration import moves, obstacle
from pmctl.sequence.payload import LEAVING, Desired, Event
from pmctl.sequence.people import People


@dataclass(frozen=True)
class Risk:
    """Something a change does; it matters when `count` of the people concerned is not 0.

    `people` says whom to count: the campaign's members, those who wait at or passed an event, or
    those who have been nowhere but at the events that go, or those who wait at an event in a
    second or later round through the campaign.
    """

    message: str  # with {n} for the count
    people: Literal["members", "waiting", "passed", "only-there", "again"]
    event_id: int = 0
    gone: frozenset[int] = frozenset()
    moving: frozenset[int] = frozenset()  # of those that go: who waits there goes on elsewhere


CANNOT_MOVE = "cannot continue"


Count = Callable[[Risk], int]


def counted(people: People) -> Count:
    """Return how to count the people of a risk."""

    def number(risk: Risk) -> int:
        if risk.people == "members":
            return people.members
        if risk.people == "only-there":
            return people.only_at(set(risk.gone), set(risk.moving))
        if risk.people == "again":
            return people.again(risk.event_id)
        return (people.waiting if risk.people == "waiting" else people.past)(risk.event_id)

    return number


def risks(
    want: Desired,
    live: LiveCampaign,
    ids: Mapping[tuple[str, str], LiveEvent],
    sources: tuple[set[int], set[int]],
) -> list[Risk]:
    """Return what the change could do to people, before anybody is counted.

    `sources` are the ids of the segments and of the forms that shall feed the campaign.
    """
    kept = {event.id for event in ids.values()}
    moving = frozenset(move.gone.id for move in moves(want, live, ids))
    found = [*_first_step(want, live, kept, moving), *_audience(live, sources)]
    for gone in live.events:
        if gone.id not in kept:
            found += _removed(gone, want, live, ids)
    found += _only_there(want, live, kept)
    found += _lost_questions(live, kept)
    for event in want.events:
        found += _new_no_path(want, live, event, ids)
        found += _moved(want, live, event, ids)
        found += _wanted_again(event, ids)
        found += _transactional(event, ids)
    return found


def dangers(found: list[Risk], count: Count) -> tuple[str, ...]:
    """Return one line for each risk that concerns somebody."""
    counted = ((risk, count(risk)) for risk in found)
    return tuple(risk.message.replace("{n}", _people(number)) for risk, number in counted if number)


def _people(number: int) -> str:
    return "1 contact" if number == 1 else f"{number} contacts"


def _name(event: LiveEvent) -> str:
    if event.identity:
        return f"step {event.identity[0]}"
    called = event.name.replace("{n}", "{ n }")  # which is where the count goes
    return f"event {called!r}"


def _removed(
    event: LiveEvent, want: Desired, live: LiveCampaign, ids: Mapping[tuple[str, str], LiveEvent]
) -> list[Risk]:
    """Who waits at a step that goes is dropped, unless the file says that this is meant."""
    removal = want.removal(event.identity[0] if event.identity else "")
    if removal == "exit":
        return []
    message = f"{_name(event)} is deleted: {{n}} waiting there are dropped"
    if removal == "continue":
        why = obstacle(event, want, live, ids)
        if not why:
            return [_second_round(event)]
        message += f"; they {CANNOT_MOVE}: {why}"
    return [Risk(message, "waiting", event.id)]


def _wanted_again(event: Event, ids: Mapping[tuple[str, str], LiveEvent]) -> list[Risk]:
    """A step that an apply, cut short, was taking out: some of its people are elsewhere as well."""
    now = ids.get(event.identity)
    if now is None or LEAVING not in now.records:
        return []
    to = now.records[LEAVING].partition("|")[0]
    message = f"step {event.step} was being removed: {{n}} waiting there may be at {to} as well"
    return [Risk(message, "waiting", now.id)]


def _second_round(event: LiveEvent) -> Risk:
    """A row that is written from outside is one of the first round, whoever it is for."""
    message = f"{_name(event)} is deleted: {{n}} waiting there {CANNOT_MOVE}: they are in a second "
    return Risk(message + "or later round through the campaign", "again", event.id)


def _only_there(want: Desired, live: LiveCampaign, kept: set[int]) -> list[Risk]:
    """Who was put at a step by hand and nowhere else does not exit with it: Mautic begins again."""
    gone = [event for event in live.events if event.id not in kept]
    exits = any(event.identity and want.removal(event.identity[0]) == "exit" for event in gone)
    if not exits or any(event.parent is None for event in gone):
        return []  # the latter: `_first_step` counts them
    message = "{n} have been nowhere but at deleted steps: they start again and are mailed again"
    return [Risk(message, "only-there", gone=frozenset(event.id for event in gone))]


def _first_step(
    want: Desired, live: LiveCampaign, kept: set[int], moving: frozenset[int]
) -> list[Risk]:
    """Mautic lets in every member without a row in the log; the rows of an event go with it."""
    gone = frozenset(event.id for event in live.events) - kept
    first = next((e for e in live.events if e.parent is None and e.id in gone), None)
    if first is None or not want.events:
        return []
    message = f"the first step ({_name(first)}) is replaced: {{n}} start again and are mailed again"
    return [Risk(message, "only-there", gone=gone, moving=moving)]


def _audience(live: LiveCampaign, sources: tuple[set[int], set[int]]) -> list[Risk]:
    segments, forms = sources
    gone = len(set(live.segments) - segments) + len(set(live.forms) - forms)
    if not gone:
        return []
    return [Risk("the audience loses a source: up to {n} leave the campaign", "members")]


def _moved(
    want: Desired, live: LiveCampaign, event: Event, ids: Mapping[tuple[str, str], LiveEvent]
) -> list[Risk]:
    """A step put under one that came after it: who had it comes to it again.

    Mautic's log is unique for an event and a contact, so its cron breaks off there.
    """
    now = ids.get(event.identity)
    above = ids.get(want.events[event.parent].identity) if event.parent >= 0 else None
    if now is None or above is None or now.parent == above.id:
        return []
    parents = {one.id: one.parent for one in live.events}
    before = now.parent
    while before is not None and before != above.id:
        before = parents.get(before)
    if before is not None:
        return []  # it moves up its own line: who had it is past its new parent as well
    message = f"step {event.step} moves: {{n}} who had it come to it again and break Mautic's cron"
    return [Risk(message, "passed", now.id)]


def _lost_questions(live: LiveCampaign, kept: set[int]) -> list[Risk]:
    """Who is still within a question has no row of its own: it goes no further without it."""
    return [
        Risk(
            f"{_name(event)} is deleted: up to {{n}} still within it go no further",
            "passed",
            event.parent,
        )
        for event in live.events
        if event.id not in kept
        and event.parent is not None
        and any(child.parent == event.id and child.anchor == "no" for child in live.events)
    ]


def _new_no_path(
    want: Desired, live: LiveCampaign, event: Event, ids: Mapping[tuple[str, str], LiveEvent]
) -> list[Risk]:
    """A no-path fires at once for everybody who passed the email longer ago than its interval."""
    if event.anchor != "no" or event.identity in ids or event.parent < 0:
        return []
    fork = want.events[event.parent]
    email = want.events[fork.parent] if fork.parent >= 0 else None
    if fork.role != "decision" or email is None or email.identity not in ids:
        return []
    old = ids.get(fork.identity)
    if old is not None and any(e.anchor == "no" and e.parent == old.id for e in live.events):
        return []
    message = f"a new path for those who did not ({fork.step}): fires at once for {{n}} past it"
    return [Risk(message, "passed", ids[email.identity].id)]


def _transactional(event: Event, ids: Mapping[tuple[str, str], LiveEvent]) -> list[Risk]:
    now = ids.get(event.identity)
    if now is None or event.properties.get("email_type") != "transactional":
        return []
    if properties_of(now).get("email_type") == "transactional":
        return []
    message = f"step {event.step} becomes transactional: {{n}} get it even if they unsubscribed"
    return [Risk(message, "members")]

"""What a change does to the people in a running campaign, in words: before, at, and past a step.

The rules are Mautic's (5.1.1, seen on a running one): it looks at a waiting contact again when
its date has come, never before; it never goes back; a no-path looks at everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.migration import moves
from pmctl.sequence.payload import Desired, Event
from pmctl.sequence.people import Group, People
from pmctl.sequence.plan import Change

_MINUTES = {"i": 1, "h": 60, "d": 1440, "m": 43_200, "y": 525_600}
Ids = Mapping[tuple[str, str], LiveEvent]


def groups(
    want: Desired,
    live: LiveCampaign,
    ids: Ids,
    changes: Iterable[Change],
    people: People,
    *,
    every: bool = False,
) -> tuple[Group, ...]:
    """Return the people at each step that the changes touch (at `every` step when asked)."""
    changes = list(changes)
    by_event = {change.name: change for change in changes if change.kind == "event"}
    mails = {change.name for change in changes if change.kind == "email" and change.op == "update"}
    found = []
    for event in want.events:
        name = " ".join(event.identity)
        now = ids.get(event.identity)
        group = people.group(*event.identity, now.id if now else None)
        said: list[str] = []
        if event.type == "email.send" and event.step in mails:
            said += _content(group)
        change = by_event.get(name)
        if change is not None and change.op == "create":
            said += _new(want, event, live, ids, people)
        elif change is not None:
            said += _changed(change, group)
        if said or every or (change is not None and change.fields):
            found.append(replace(group, effects=tuple(said)))
    kept = {event.id for event in ids.values()}
    gone = [event for event in live.events if event.id not in kept]
    moving = {move.gone.id: move.to for move in moves(want, live, ids)}
    again = people.only_at({event.id for event in gone}, moving)
    found += [_gone(event, people, want, again, moving) for event in gone]
    return (*_campaign(changes, people), *found)


def _n(number: int) -> str:
    return "1 contact" if number == 1 else f"{number} contacts"


def _content(group: Group) -> list[str]:
    said = [f"{_n(group.waiting)} waiting get the new content"] if group.waiting else []
    return said + ([f"{_n(group.past)} past are not mailed again"] if group.past else [])


def _changed(change: Change, group: Group) -> list[str]:
    said: list[str] = []
    fields = {field.field: field for field in change.fields}
    if "when" in fields:
        said += _waits(fields["when"].before, fields["when"].after, group.waiting)
    if fields.keys() & {"under", "path"}:
        said.append("who comes from now on takes the new way")
        if group.waiting:
            said.append(f"{_n(group.waiting)} waiting stay scheduled")
    if "properties.email" in fields:
        said.append(f"{_n(group.waiting)} waiting get the other email, past are not mailed again")
    if any(name.startswith("properties.") for name in fields.keys() - {"properties.email"}):
        said.append(f"{_n(group.waiting)} waiting and all to come get it as it is now")
    return said


def _waits(before: Any, after: Any, waiting: int) -> list[str]:
    said = []
    old, new = _minutes(before), _minutes(after)
    if new > old:
        said.append(f"{_n(waiting)} waiting are put off when their old date comes")
    elif new < old:
        said.append(f"{_n(waiting)} waiting keep their old date")
    if _window(before) != _window(after):
        said.append(f"{_n(waiting)} waiting are judged by the new window when their date comes")
    return said if waiting else ["who comes from now on waits by the new rule"]


def _minutes(when: Any) -> int:
    if not when or when[0] != "interval":
        return 0
    return int(when[1]) * _MINUTES.get(str(when[2]), 0)


def _window(when: Any) -> tuple[Any, ...]:
    return tuple(when[3:]) if when and when[0] == "interval" else ()


def _new(want: Desired, event: Event, live: LiveCampaign, ids: Ids, people: People) -> list[str]:
    if event.parent < 0:
        return [f"{_n(people.not_begun())} not begun get it, {_n(people.started())} inside do not"]
    fork = want.events[event.parent]
    parent = ids.get(fork.identity)
    if event.anchor == "no" and fork.role == "decision" and fork.parent >= 0:
        email = ids.get(want.events[fork.parent].identity)
        if email is not None:
            number = people.undecided(email.id, parent.id if parent else None)
            return [f"fires for {_n(number)} who passed the email longer ago than its time"]
    if parent is None:
        return []  # nobody is at a step that is new
    if event.role == "decision":
        return [f"{_n(people.past(parent.id))} who had the email can still set it off"]
    go_on = {e.parent for e in live.events if e.trigger.get("eventType") != "decision"}
    moved = [ids[e.identity] for e in want.events if e.identity in ids and _under(want, e, event)]
    if moved:
        waiting = sum(people.waiting(one.id) for one in moved)
        return [f"{_n(waiting)} waiting at the next step go on without it"]
    if not people.past(parent.id):
        return []
    word = "go on without it" if parent.id in go_on else "do not get it"
    return [f"{_n(people.past(parent.id))} past the step above {word}"]


def _under(want: Desired, event: Event, parent: Event) -> bool:
    return event.parent >= 0 and want.events[event.parent] is parent


def _gone(
    event: LiveEvent, people: People, want: Desired, restart: int, moving: Mapping[int, Event]
) -> Group:
    step, path = event.identity or (event.name, "made in the builder")
    group = people.group(step, path, event.id)
    said = []
    if group.waiting and event.id in moving:
        verb = "goes" if group.waiting == 1 else "go"
        said.append(f"{_n(group.waiting)} waiting {verb} on at {moving[event.id].step}")
    elif group.waiting:
        # who has been nowhere else begins again, so nobody can be said to leave where some did not
        leaves = event.identity and want.removal(step) == "exit" and not restart
        leave = "leaves" if group.waiting == 1 else "leave"
        word = f"there {leave} the sequence" if leaves else "are dropped"
        said.append(f"{_n(group.waiting)} waiting {word}")
    if group.past:
        said.append(f"the log of {_n(group.past)} past is deleted")
    again = people.only_at({event.id}, moving)
    if event.parent is None and again:
        said.append(f"{_n(again)} have been nowhere else and begin again")
    return replace(group, effects=tuple(said or ["nobody is there"]))


def _campaign(changes: Iterable[Change], people: People) -> list[Group]:
    fields = {f.field: f for c in changes if c.kind == "campaign" for f in c.fields}
    said = []
    for name in ("segments", "forms"):
        if name in fields:
            before, after = set(fields[name].before or ()), set(fields[name].after or ())
            if before - after:
                said.append(f"up to {_n(people.members)} leave with the source that is taken away")
            if after - before:
                said.append("the contacts of the new source come in")
    if "published" in fields:
        waiting = sum(len(one.waiting) for one in people.at.values())
        late = sum(one.overdue for one in people.at.values())
        if fields["published"].after:
            said.append(f"{_n(late)} overdue go on at Mautic's next cron run")
        else:
            said.append(f"{_n(waiting)} waiting stay where they are until it is published again")
    if not said:
        return []
    began = people.started()
    return [Group("", "", None, people.not_begun(), 0, began, tuple(said))]

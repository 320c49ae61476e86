"""What is known beside a file: who is where in its campaign, and what is not as in Mautic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pmctl.sequence import ghosts, split
from pmctl.sequence.graph import Graph
from pmctl.sequence.people import People as Counted
from pmctl.sequence.plan import Change, Plan

Identity = tuple[str, str]
Mark = Literal["", "new", "changed", "moved", "removed"]
# Said beside the colour everywhere: not everybody tells red from green.
SIGNS: dict[Mark, str] = {"new": "+", "changed": "~", "moved": "↕", "removed": "−"}
_PLACE = {"under", "path"}


@dataclass(frozen=True)
class People:
    """How many contacts wait at an event, and how many are past it."""

    waiting: int
    past: int


@dataclass(frozen=True)
class Overlay:
    """People per event, how the events differ from others, and lines of text about the whole."""

    people: Mapping[Identity, People] = field(default_factory=dict)
    marks: Mapping[Identity, Mark] = field(default_factory=dict)
    compared: bool = False
    said: Mapping[Identity, str] = field(default_factory=dict)  # which fields changed
    facts: tuple[str, ...] = ()


PLAIN = Overlay()


def of_people(counted: Counted, events: Mapping[Identity, int]) -> Overlay:
    """Return the people of a live campaign at its events; `events` are their ids."""
    people = {
        identity: People(counted.waiting(number), counted.past(number))
        for identity, number in events.items()
    }
    waiting = sum(len(one.waiting) for one in counted.at.values())
    return Overlay(people=people, facts=(f"{_members(counted.members)}, {waiting:,} waiting",))


def of_plan(plan: Plan, graph: Graph, *, people: bool = False) -> tuple[Graph, Overlay]:
    """Return the graph with the steps that would go, and what an apply changes marked in it.

    With `people`, those that the plan has counted stand at their steps.
    """
    graph = ghosts.haunted(graph, plan.gone)
    named = {" ".join(node.identity): node.identity for node in graph.nodes()}
    emails = {node.identity: node.step for node in graph.nodes() if node.kind == "email"}
    marks: dict[Identity, Mark] = {ghosts.identity(gone.event): "removed" for gone in plan.gone}
    said: dict[Identity, list[str]] = {}
    for change in plan.changes:
        if change.kind == "event" and change.op != "delete" and change.name in named:
            marks[named[change.name]] = _mark(change)
            said.setdefault(named[change.name], []).extend(_fields(change))
    for identity, step in emails.items():
        if identity in marks and marks[identity] in ("new", "removed"):
            continue
        for change in plan.changes:
            if change.kind == "email" and change.name.partition(split.SIGN)[0] == step:
                marks[identity] = "changed"
                said.setdefault(identity, []).extend(_fields(change) or [f"email {change.op}"])
    return graph, Overlay(
        people=_counted(plan) if people else {},
        marks=marks,
        compared=True,
        said={identity: ", ".join(dict.fromkeys(words)) for identity, words in said.items()},
        facts=tuple(_facts(plan, marks)),
    )


def _mark(change: Change) -> Mark:
    if change.op == "create":
        return "new"
    fields = {one.field for one in change.fields} - {"marker"}
    return "moved" if fields and fields <= _PLACE else "changed"


def _fields(change: Change) -> list[str]:
    names = [one.field.removeprefix("properties.") for one in change.fields]
    return [name for name in names if name != "marker"]


def _facts(plan: Plan, marks: Mapping[Identity, Mark]) -> Iterator[str]:
    counts = Counter(marks.values())
    steps = ", ".join(f"{counts[mark]} {mark}" for mark in SIGNS if counts[mark])
    where = "against Mautic" if plan.campaign_id else "not in Mautic yet"
    yield f"{where}: {steps or 'no step differs'}"
    whole = [name for one in plan.changes if one.kind == "campaign" for name in _fields(one)]
    if whole:
        yield f"the campaign itself changes: {', '.join(whole)}"


def _counted(plan: Plan) -> dict[Identity, People]:
    gone = {one.event.id: ghosts.identity(one.event) for one in plan.gone}
    return {
        gone.get(group.event_id or 0, (group.step, group.path)): People(group.waiting, group.past)
        for group in plan.people
        if group.event_id is not None
    }


def _members(number: int) -> str:
    return "1 member" if number == 1 else f"{number:,} members"


def legend(marks: Iterable[Mark]) -> list[tuple[Mark, str]]:
    """Return each mark that is used with its sign, in the order of SIGNS."""
    used = set(marks)
    return [(mark, sign) for mark, sign in SIGNS.items() if mark in used]

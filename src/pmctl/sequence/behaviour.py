"""What is said of a synthetic contact on the command line: `offer@+2h`, `country=Spain`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pmctl.errors import UsageError
from pmctl.sequence import durations, schedule
from pmctl.sequence.kinds import RAW
from pmctl.sequence.simulate import Act
from pmctl.sequence.synthetic import Contact
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.sequence.graph import Graph

_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_SINGLE = ("email", "zone", "stage", "owner")


def acts(kind: str, said: Iterable[str], steps: Iterable[str]) -> list[Act]:
    """Read `step@+2h` and, of clicks, `step@+2h:url`. Raises UsageError with a hint."""
    return [_act(kind, one, list(steps)) for one in said]


def _act(kind: str, said: str, steps: list[str]) -> Act:
    step, _, rest = said.partition("@+")
    length, _, url = rest.partition(":")
    if step not in steps:
        hint = did_you_mean(step, steps)
        raise UsageError(f"--{kind} {said}: no email step is named {step}", hint=hint)
    after = _after(kind, said, step, length)
    return Act(kind, after, step, url) if url else Act(kind, after, step)


def _after(kind: str, said: str, name: str, length: str) -> datetime.timedelta:
    try:
        after = schedule.after(_START, durations.parse(length)) - _START if length else None
    except ValueError as exc:
        raise UsageError(f"--{kind} {said}: {exc}", hint=f"--{kind} {name}@+2h") from None
    return after or datetime.timedelta(minutes=1)


def visits(said: Iterable[str]) -> list[Act]:
    """Read `https://example.com/price@+1d`, counted from the start. Raises UsageError."""
    acts = []
    for one in said:
        url, found, length = one.rpartition("@+")
        url = url if found else one
        acts.append(Act("visits", _after("visits", one, url, length if found else ""), url=url))
    return acts


def submits(said: Iterable[str], graph: Graph) -> list[Act]:
    """Read `Demo request@+1d`, counted from the start. Raises UsageError with a hint.

    A form is one that a step waits for, or one of the audience, which lets the contact in.
    """
    asked = [node.data["names"] for node in graph.nodes() if node.kind == "submitted"]
    lets_in = graph.sequence.audience.forms
    known = list(dict.fromkeys([*(name for names in asked for name in names), *lets_in]))
    acts = []
    for one in said:
        form, _, length = one.partition("@+")
        if form not in known and all(asked):
            hint = did_you_mean(form, known) or "no step of this sequence waits for a form"
            raise UsageError(f"--submits {one}: no step waits for the form {form}", hint=hint)
        acts.append(Act("submits", _after("submits", one, form, length), form=form))
    return acts


def entering(graph: Graph, does: Iterable[Act]) -> list[Act]:
    """Return what lets a contact in: its first form at the start, where only forms do so.

    Nothing where a segment of the audience has it, or where it sends such a form by itself.
    """
    audience = graph.sequence.audience
    if audience.segments or any(act.form in audience.forms for act in does):
        return []
    return [Act("submits", datetime.timedelta(), form=audience.forms[0])]


def assumed(said: Iterable[str], graph: Graph) -> dict[str, bool]:
    """Read `is-vip=yes`: the way of raw conditions by step. Raises UsageError with a hint."""
    raw = [n.step for n in graph.nodes() if n.role == "condition" and n.kind in RAW]
    ways = {}
    for one in said:
        step, _, way = one.rpartition("=")
        if way not in ("yes", "no") or not step:
            raise UsageError(f"--assume {one}: say yes or no", hint="--assume STEP=yes")
        if step not in raw:
            hint = did_you_mean(step, dict.fromkeys(raw)) or "this sequence has none"
            raise UsageError(f"--assume {one}: no raw condition is named {step}", hint=hint)
        ways[step] = way == "yes"
    return ways


def contact(said: Iterable[str], segments: Iterable[str]) -> Contact:
    """Read `tag=warm`, `segment=trials`, `points=3`, `country=Spain`. Raises UsageError."""
    someone = Contact(segments=set(segments))
    for pair in said:
        name, found, value = pair.partition("=")
        if not found or not name:
            raise UsageError(f"--contact {pair}: write it as name=value", hint="--contact tag=warm")
        if name == "points":
            if not value.removeprefix("-").isdecimal():
                raise UsageError(f"--contact {pair}: points are a whole number")
            someone.points = int(value)
        elif name in _SINGLE:
            setattr(someone, name, value)
        elif name in ("tag", "segment", "campaign"):
            getattr(someone, f"{name}s").add(value)
        else:
            someone.fields[name] = value
    return someone

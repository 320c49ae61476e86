"""What is said of a synthetic contact on the command line: `offer@+2h`, `country=Spain`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from pmctl.errors import UsageError
from pmctl.sequence import durations, schedule
from pmctl.sequence.simulate import Act
from pmctl.sequence.synthetic import Contact
from pmctl.text import did_you_mean

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
    try:
        after = schedule.after(_START, durations.parse(length)) - _START if rest else None
    except ValueError as exc:
        raise UsageError(f"--{kind} {said}: {exc}", hint=f"--{kind} {step}@+2h") from None
    after = after or datetime.timedelta(minutes=1)
    return Act(kind, after, step, url) if url else Act(kind, after, step)


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

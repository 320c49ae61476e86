"""`moved`: a step that has another id now keeps its event, its email and who waits there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.sequence.graph import Issue
    from pmctl.sequence.live import LiveMail
    from pmctl.sequence.model import Sequence

Identity = tuple[str, str]


def issues(sequence: Sequence, steps: set[str]) -> list[Issue]:
    """Return what is wrong with `moved` and `on_removed`; `steps` are the ids of all steps."""
    from pmctl.sequence.graph import Issue

    found: list[Issue] = []
    before = {one.from_ for one in sequence.moved}
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(sequence.moved):
        at = ("moved", number)
        if one.from_ in steps:
            message = f"{one.from_} was moved to {one.to}, but a step has that id still"
            found.append(Issue((*at, "from"), message, "leave one of the two out"))
        if one.to not in steps and one.to not in before:
            hint = did_you_mean(one.to, sorted(steps))
            found.append(Issue((*at, "to"), f"no step is named {one.to}", hint))
        for word, name in (("from", one.from_), ("to", one.to)):
            if (word, name) in seen:
                found.append(Issue((*at, word), f"{name} is moved twice"))
            seen.add((word, name))
    if isinstance(sequence.on_removed, dict):
        for name in sequence.on_removed:
            if name in steps:
                message = f"{name} is a step of this sequence, so it is not removed"
                found.append(Issue(("on_removed", name), message))
    return found


def chains(said: Iterable[Any]) -> dict[str, str]:
    """Return the id of each step that was moved -> its id now, over all its renames."""
    next_id = {one.from_: one.to for one in said}
    found = {}
    for first in next_id:
        now, seen = first, {first}
        while now in next_id and next_id[now] not in seen:
            now = next_id[now]
            seen.add(now)
        found[first] = now
    return found


def identity(live: Identity, moved: Mapping[str, str], steps: set[str]) -> Identity:
    """Return what a live event is called now; `steps` are the names of all steps that are wanted.

    The ids of forks stand in the path, and names that pmctl makes begin with an email's id
    (`offer.opened`, `offer:stop-replied`), so both follow.
    """
    if not moved:
        return live
    step, path = live
    parts = [part.rpartition("=") for part in path.split("/")]
    told = [f"{_now(fork, moved, steps)}={way}" if fork else way for fork, _, way in parts]
    return _now(step, moved, steps), "/".join(told)


def _now(name: str, moved: Mapping[str, str], steps: set[str]) -> str:
    if name in steps:
        return name
    if name in moved:
        return moved[name]
    for old, new in moved.items():
        for sign in (":", "."):
            if name.startswith(old + sign) and new + name[len(old) :] in steps:
                return new + name[len(old) :]
    return name


def mails(live: Iterable[LiveMail], moved: Mapping[str, str]) -> tuple[LiveMail, ...]:
    """Return the emails under the ids that their steps have now; their names in Mautic follow.

    One that has its new name already goes before one that still has the old.
    """
    found = {mail.step: mail for mail in live}
    for old, new in moved.items():
        if old in found and new not in found:
            found[new] = replace(found.pop(old), step=new)
    return tuple(found.values())

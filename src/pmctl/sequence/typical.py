"""The contacts that every sequence is tried with, and what is worth knowing of their time lines."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pmctl.sequence.simulate import Act, Entry, Run

if TYPE_CHECKING:
    from pmctl.sequence.graph import Graph

SOON = datetime.timedelta(hours=2)
_WEEK = datetime.timedelta(days=7)
_HOUR = datetime.timedelta(hours=1)
_RAN = ("mail", "skipped", "ran")
_EVERY = {"never opens": "", "opens": "opens", "clicks": "clicks"}
_FIRST = {"replies": "replies", "unsubscribes": "unsubscribes"}

Lines = Mapping[str, list[Entry]]


def lines(graph: Graph, run: Callable[[list[Act]], Run], end: datetime.datetime) -> Lines:
    """Return the time lines of the typical contacts by name; `run` makes a fresh contact's."""
    found = {}
    for name, kind in _EVERY.items():
        found[name] = run([Act(kind, SOON, step) for step in graph.emails if kind]).until(end)
    first = [entry.step for entry in found["never opens"] if entry.kind == "mail"][:1]
    for name, kind in _FIRST.items():
        found[name] = run([Act(kind, SOON, step) for step in first]).until(end)
    return found


def summary(graph: Graph, found: Lines, start: datetime.datetime) -> dict[str, Any]:
    """Return what the time lines say together, as JSON types.

    `unreachable`: steps that nobody came to · `most_mails_in_7_days`: contact -> number ·
    `last_mail_after_days`: None without mail · `closer_than_an_hour`: contact, steps, minutes.
    """
    reached = {one.step for some in found.values() for one in some if one.kind in _RAN}
    mails = {name: [one for one in some if one.kind == "mail"] for name, some in found.items()}
    last = max((some[-1].at for some in mails.values() if some), default=None)
    return {
        "unreachable": [
            step for step in dict.fromkeys(n.step for n in graph.nodes()) if step not in reached
        ],
        "most_mails_in_7_days": {
            name: _most(one.at for one in some) for name, some in mails.items()
        },
        "last_mail_after_days": None
        if last is None
        else round((last - start).total_seconds() / 86400, 1),
        "closer_than_an_hour": [one for name, some in mails.items() for one in _close(name, some)],
    }


def _most(moments: Iterable[datetime.datetime]) -> int:
    """Return the most moments that lie in any seven days."""
    most, window = 0, list[datetime.datetime]()
    for moment in moments:
        window = [one for one in window if moment - one < _WEEK] + [moment]
        most = max(most, len(window))
    return most


def _close(name: str, mails: list[Entry]) -> Iterable[dict[str, Any]]:
    for one, two in pairwise(mails):
        if two.at - one.at < _HOUR:
            minutes = int((two.at - one.at).total_seconds() // 60)
            yield {"contact": name, "steps": [one.step, two.step], "minutes": minutes}

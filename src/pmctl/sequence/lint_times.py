"""When things happen at the earliest: minutes since a contact entered, and its mails in a row."""

from __future__ import annotations

from collections.abc import Iterator

from pmctl.sequence.graph import Node, Times
from pmctl.sequence.lint_look import Look

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY
_UNITS = {"i": 1, "h": HOUR, "d": DAY, "m": 30 * DAY, "y": 365 * DAY}

Journey = list[tuple[int, Node]]  # (minutes since entry, email event), in the order of time


def minutes(times: Times) -> int:
    """Return how many minutes an event waits at least; a month counts as 30 days."""
    delay = times.delay
    return delay.amount * _UNITS[delay.unit] if delay else 0


def earliest(look: Look) -> dict[int, int]:
    """Return for id() of each node the minutes from entry to when it can happen first."""
    found: dict[int, int] = {}
    for node in look.nodes:
        parent = look.parents.get(id(node))
        found[id(node)] = minutes(node.times) + (found[id(parent)] if parent else 0)
    return found


def journeys(look: Look) -> Iterator[Journey]:
    """Yield the mails of each way through the sequence, with those of what listens beside it."""
    at = earliest(look)
    beside = _fullest(look, at)
    for leaf in look.nodes:
        if not all(child.listens for child in leaf.children):
            continue
        line = list(look.line(leaf))
        on_line = {id(node) for node in line}
        mails: Journey = [(at[id(node)], node) for node in line if node.kind == "email"]
        for node in line:
            for child in node.children:
                if child.listens and id(child) not in on_line:
                    mails += beside[id(child)]
        yield sorted(mails, key=lambda mail: mail[0])


def _fullest(look: Look, at: dict[int, int]) -> dict[int, Journey]:
    """Return for id() of each node the most mails that can follow from it."""
    most: dict[int, Journey] = {}
    for node in reversed(look.nodes):
        own: Journey = [(at[id(node)], node)] if node.kind == "email" else []
        ways: dict[str, Journey] = {"yes": [], "no": []}
        for child in node.children:
            if child.anchor in ways:
                ways[child.anchor] = [*ways[child.anchor], *most[id(child)]]
            else:
                own += most[id(child)]
        most[id(node)] = own + max(ways.values(), key=len)
    return most

"""What pictures and explanations share: times, windows and kinds as a person says them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from pmctl.sequence import model, split
from pmctl.sequence.graph import Graph, Node

DAY_NAMES = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday",
    "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip


def kind_word(node: Node) -> str:
    """Return the word of the file that made this event: email, on, if, tag, …"""
    if node.kind.startswith("raw-"):
        return "raw"
    if node.role == "action":
        return node.kind.partition("-")[0]
    return "if" if node.role == "condition" else "on"


def shares(node: Node) -> str:
    """Return `A/B 60/40` for an email with variants, else nothing."""
    percents = node.data.get("shares")
    return split.words(percents) if percents else ""


def title(node: Node) -> str:
    """Return what an event does, in its title's words."""
    begins = node.kind == "pass" and node.anchor == "no"
    return "the no-path begins" if begins else node.title


def joined(names: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def days(said: Iterable[str], *, short: bool = False) -> str:
    """Return `Monday to Wednesday and Friday`, or `Mon–Wed, Fri`."""
    week, chosen = list(get_args(model.Day)), set(said)
    if len(chosen) == len(week):
        return "daily" if short else "every day"
    runs: list[list[str]] = [[]]
    for day in week:
        if day in chosen:
            runs[-1].append(day)
        else:
            runs.append([])
    parts: list[str] = []
    for run in runs:
        names = [day.capitalize() if short else DAY_NAMES[day] for day in run]
        if len(run) > 2:
            parts.append(f"{names[0]}{'–' if short else ' to '}{names[-1]}")
        else:
            parts.extend(names)
    return ", ".join(parts) if short else joined(parts)


def window(said: model.Window) -> str:
    """Return a window in short: `Mon–Fri 09:00–17:00`."""
    return f"{days(said.days, short=True)} {said.from_}–{said.to}"


def timing(graph: Graph, node: Node) -> list[str]:
    """Return what holds an event back, in short: `1 day later`, `at 09:30`, its own window.

    The window that every email of the sequence has is not repeated.
    """
    times = node.times
    parts = []
    if times.delay and times.delay.amount:
        parts.append(f"{times.delay.words()} later")
    if times.hour:
        parts.append(f"at {times.hour}")
    usual = graph.sequence.send.window
    if times.window and times.window != usual:
        parts.append(window(times.window))
    elif node.kind == "email" and usual and not times.window:
        parts.append("at any time")
    return parts


def sources(sequence: model.Sequence) -> str:
    """Return who enters, in short: `segments a, b · form c`."""
    parts = []
    for word, names in (
        ("segment", sequence.audience.segments),
        ("form", sequence.audience.forms),
    ):
        if names:
            parts.append(f"{word}{'s' if len(names) > 1 else ''} {', '.join(names)}")
    return " · ".join(parts)


def stop_rules(sequence: model.Sequence) -> list[str]:
    """Return what takes a contact out at any time, in short: `reply`, `click on https://…`.

    `unsubscribe` and `bounce` are no such rules: they end marketing mail, not the sequence.
    """
    rules = []
    for rule in sequence.stop_on:
        if isinstance(rule, model.StopOnClick):
            urls = [rule.click] if isinstance(rule.click, str) else rule.click
            rules.append(f"click on {joined(urls, 'or')}")
        elif rule not in ("unsubscribe", "bounce"):
            rules.append(rule)
    return list(dict.fromkeys(rules))


def of_stop_rule(node: Node) -> bool:
    """Whether `stop_on` made this event, and not a step."""
    return node.loc[0] == "stop_on"


def gone(node: Node) -> bool:
    """Whether this is a step that Mautic has and the file has no longer."""
    return node.loc[0] == "removed"


def copies(graph: Graph) -> set[tuple[str, str]]:
    """Return the identities of events whose step stands further up already."""
    seen: set[str] = set()
    found = set()
    for node in graph.nodes():
        if gone(node):
            continue
        if node.step in seen:
            found.add(node.identity)
        seen.add(node.step)
    return found

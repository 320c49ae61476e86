"""`goto`: which event a jump aims at, and the jumps that Mautic cannot make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.sequence.graph import Issue, Node
    from pmctl.sequence.model import Limits


def aim(nodes: list[Node], steps: Iterable[str], limits: Limits) -> list[Issue]:
    """Give every jump its target; return what is wrong with them.

    Of a step that stands in several branches, the copy nearest to the jump is meant.
    """
    from pmctl.sequence.graph import Issue

    jumps = [node for node in nodes if node.kind == "goto"]
    names = list(dict.fromkeys(steps))
    issues: list[Issue] = []
    targets: dict[int, Node] = {}
    for jump in jumps:
        loc, name = (*jump.loc, "goto"), jump.data["step"]
        found = [node for node in nodes if node.step == name]
        if not found:
            hint = did_you_mean(name, names)
            issues.append(Issue(loc, f"no step is named {name}", hint))
            continue
        target = max(found, key=lambda node: _shared(node.path, jump.path))
        if target.role == "decision":
            hint = "name the step above or below it"
            issues.append(Issue(loc, f"Mautic cannot jump to what it waits for: {name}", hint))
        elif target.kind == "goto":
            message = "Mautic cannot jump to a jump" if target is not jump else "it jumps to itself"
            issues.append(Issue(loc, message, "name the step that it leads to"))
        else:
            jump.data["to"] = " ".join(target.identity)
            targets[id(jump)] = target
    if not issues:
        issues += _endless(jumps, targets)
        issues += _unlimited(jumps, targets, limits)
    return issues


def _shared(one: str, other: str) -> int:
    """How many parts two paths have in common from the start; 0 when `one` is another branch."""
    parts, others = one.split("/"), other.split("/")
    same = 0
    for part, beside in zip(parts, others, strict=False):
        if part != beside:
            break
        same += 1
    return same


def _endless(jumps: list[Node], targets: dict[int, Node]) -> Iterator[Issue]:
    """Find the jumps that go round without any wait: Mautic's cron would never come back."""
    from pmctl.sequence.graph import Issue

    for jump in jumps:
        seen: set[int] = set()
        waiting = [jump]
        while waiting:
            node = waiting.pop()
            follow = [targets[id(node)]] if node.kind == "goto" else _at_once(node)
            for one in follow:
                if one is jump and not _waits(jump):
                    hint = "put a `wait` somewhere between the two"
                    yield Issue((*jump.loc, "goto"), "a circle without a wait never ends", hint)
                    return
                if id(one) not in seen and not _waits(one):
                    seen.add(id(one))
                    waiting.append(one)


def _at_once(node: Node) -> list[Node]:
    """What follows in the same run; what a contact must do first is no part of it."""
    if node.role == "decision":
        return []
    return node.children


def _waits(node: Node) -> bool:
    return node.times.delay is not None and node.times.delay.amount > 0


def _unlimited(jumps: list[Node], targets: dict[int, Node], limits: Limits) -> Iterator[Issue]:
    """Nobody gets a marketing email twice; a transactional one comes with every round."""
    from pmctl.sequence.graph import Issue

    if limits.max_emails_per_contact is None:
        return
    for jump in jumps:
        target = targets[id(jump)]
        below = {id(node) for node in target.walk()}
        if id(jump) not in below:
            continue
        for node in target.walk():
            onward = any(one is jump for one in node.walk())
            if node.kind == "email" and node.data["transactional"] and onward:
                message = f"{node.step} goes out again at every round of `goto: {target.step}`"
                hint = "transactional mail in a circle has no limit"
                yield Issue(("limits", "max_emails_per_contact"), message, hint)

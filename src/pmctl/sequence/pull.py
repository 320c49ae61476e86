"""A live campaign -> a file that compiles to exactly that campaign, or why there is none.

A first attempt is compiled and compared with what is live; events for which it is not exact are
said in Mautic's own words in the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from pmctl.errors import InputProblems
from pmctl.sequence import yaml_nodes
from pmctl.sequence.compare import compare
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.decompile import Pulled, Unpullable, again, decompile, mail_steps
from pmctl.sequence.labels import labelled
from pmctl.sequence.live import LiveCampaign, LiveMail
from pmctl.sequence.model.types import STEP_NAME
from pmctl.sequence.payload import Names
from pmctl.sequence.plan import Change, Live
from pmctl.sequence.yaml_write import written

ATTEMPTS = 8
_MAY_BE_SAID = re.compile(STEP_NAME)
# What tells whose something is, and what pmctl calls it: no difference in what it does.
BOOKKEEPING = {
    "campaign": {"name", "description", "owner", "retired"},
    "email": {"name"},
    "event": {"name", "marker"},
}
_STEP_LISTS = ("steps", "then", "else", "also", "below")


@dataclass(frozen=True)
class Exact:
    """A file that says what is live, and what is live under the names of the file."""

    text: str
    data: Mapping[str, Any]
    bodies: Mapping[str, str]
    compiled: Compiled
    live: Live

    def names(self, known: Names) -> Names:
        """Return the names with those of the emails."""
        return known.plus("email", {mail.step: mail.id for mail in self.live.mails})


def pull(
    campaign: LiveCampaign,
    mails: Mapping[int, Mapping[str, Any]],
    names: Names,
    key: str,
    env: str,
) -> Exact:
    """Return the file. Raises Unpullable with the reason in words."""
    in_own_words: set[int] = set()
    called: dict[int, str] = {}
    best: Exact | None = None
    reason = ""
    for _ in range(ATTEMPTS):
        pulled = decompile(campaign, mails, names, key, in_own_words, called)
        before = len(in_own_words)
        twice = again(pulled)
        if best is not None and twice:
            break
        if twice:  # an email is a step once; elsewhere its event names it
            in_own_words |= twice
            continue
        text = written(pulled.data)
        try:
            compiled = compile_text("<pulled>", text, pulled.bodies.__getitem__, {})
        except InputProblems as exc:
            reason = "; ".join(problem.message for problem in exc.problems)
            in_own_words |= {_event_at(pulled, text, one.line) for one in exc.problems} - {0}
        else:
            found = _beside(pulled, text, compiled, campaign, mails)
            wrong = real(compare(compiled.desired, found.live, env, found.names(names)))
            if not wrong:
                renamed = _misnamed(found, campaign, pulled, key) if not called else {}
                if not renamed:
                    return found
                best, called = found, renamed  # it says the same, but for some names of steps
                continue
            reason = "; ".join(map(_words, wrong))
            in_own_words |= {c.live_id or 0 for c in wrong if c.kind == "event"} - {0}
            in_own_words |= _senders(found, {c.name for c in wrong if c.kind == "email"})
        if best is not None:
            break
        if len(in_own_words) == before:
            break
    if best is not None:
        return best
    raise Unpullable(reason)


def _beside(
    pulled: Pulled,
    text: str,
    compiled: Compiled,
    campaign: LiveCampaign,
    mails: Mapping[int, Mapping[str, Any]],
) -> Exact:
    """Put what is live beside the file, under the file's own names."""
    steps = mail_steps(mails, compiled.desired.key)
    used = {mail.step for mail in compiled.desired.mails}
    live_mails = tuple(
        LiveMail(number, steps[number], str(row.get("name") or ""), bool(row["isPublished"]), row)
        for number, row in mails.items()
        if steps.get(number) in used
    )
    live = Live(labelled(campaign, compiled.graph, pulled), live_mails)
    return Exact(text, pulled.data, pulled.bodies, compiled, live)


def _misnamed(found: Exact, campaign: LiveCampaign, pulled: Pulled, key: str) -> dict[int, str]:
    """The steps of ours that would get another name than they have, and those names."""
    if campaign.key != key or found.live.campaign is None:
        return {}
    named = {event.id: event.identity for event in found.live.campaign.events}
    own = set(pulled.events.values())
    wanted = Counter(event.identity[0] for event in campaign.events if event.identity)
    return {
        event.id: event.identity[0]
        for event in campaign.events
        if event.id in own
        and event.type not in ("email.send", "email.send.to.user")
        and event.identity
        and wanted[event.identity[0]] == 1
        and event.identity[0] != (named[event.id] or ("",))[0]
        and _MAY_BE_SAID.fullmatch(event.identity[0])
    }


def _senders(found: Exact, steps: set[str]) -> set[int]:
    """The events that send an email which the file cannot say exactly."""
    campaign = found.live.campaign
    events = campaign.events if campaign else ()
    return {event.id for event in events if event.identity and event.identity[0] in steps}


def real(changes: list[Change]) -> list[Change]:
    """Return the changes without mere bookkeeping."""
    found = []
    for change in changes:
        fields = tuple(f for f in change.fields if f.field not in BOOKKEEPING[change.kind])
        if fields or change.op != "update":
            found.append(replace(change, fields=fields))
    return found


def _words(change: Change) -> str:
    fields = ", ".join(field.field for field in change.fields)
    return f"{change.kind} {change.name}: {fields or change.op}"


def _event_at(pulled: Pulled, text: str, line: int) -> int:
    """The event whose step stands at a line, 0 when there is none."""
    found = 0
    root = yaml_nodes.compose(text)
    waiting: list[tuple[Any, Node]] = [(pulled.data, root)]
    while waiting:
        data, node = waiting.pop()
        if not isinstance(node, MappingNode):
            continue
        for key, value in node.value:
            if key.value not in _STEP_LISTS or not isinstance(value, SequenceNode):
                continue
            for step, item in zip(data[key.value], value.value, strict=True):
                if item.start_mark.line < line <= max(item.end_mark.line, item.start_mark.line + 1):
                    found = pulled.events.get(id(step), found)
                    waiting.append((step, item))
    return found

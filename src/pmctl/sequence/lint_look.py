"""What the rules of `lint` look at: a compiled sequence, its mails as read, its lines of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pmctl.sequence import mail_reading, model, split
from pmctl.sequence.compile import Compiled
from pmctl.sequence.emails import Mail
from pmctl.sequence.findings import About, Severity
from pmctl.sequence.graph import Graph, Issue, Loc, Node


@dataclass(frozen=True)
class Letter:
    """An email as its step says it and as Mautic will send it; read once, whoever asks."""

    loc: Loc  # of the step
    step: model.Email
    place: Loc  # of the text: the step, or one of its variants
    said: model.Email | model.Variant
    mail: Mail

    @property
    def marketing(self) -> bool:
        """Whether people who unsubscribed are left alone."""
        return isinstance(self.step.consent, str)

    @cached_property
    def html(self) -> str:
        """The HTML part, with Mautic's tokens."""
        return self.mail.html

    @cached_property
    def text(self) -> str:
        """The plain-text part, with Mautic's tokens."""
        return self.mail.text

    @cached_property
    def reading(self) -> mail_reading.Reading:
        """What is in the HTML part."""
        return mail_reading.read(self.html)

    def at(self, key: str, message: str, hint: str = "") -> Issue:
        """Return an issue with one key of the text or the step, or with those who lack the key."""
        place = self.place if key in split.OWN else self.loc
        return Issue((*place, key), message, hint)

    def in_body(self, message: str, snippet: str = "", hint: str = "") -> Issue:
        """Return an issue with the body; it says the line of the body that holds `snippet`."""
        source = self.mail.content.source
        at = source.find(snippet) if snippet else -1
        line = source.count("\n", 0, at) + 1 if at >= 0 else 0
        body = self.said.body
        if isinstance(body, model.FromFile):
            message = f"{body.file}{f':{line}' if line else ''}: {message}"
        elif line:
            message = f"line {line} of the body: {message}"
        return self.at("body", message, hint)


class Look:
    """One compiled sequence, as the rules see it."""

    def __init__(self, compiled: Compiled) -> None:
        self.graph: Graph = compiled.graph
        self.sequence = compiled.graph.sequence
        self.nodes = compiled.graph.nodes()
        self.parents = {id(child): node for node in self.nodes for child in node.children}
        self.letters = list(_letters(self.graph, compiled.desired.mails))

    def above(self, node: Node) -> Iterator[Node]:
        """Yield what leads to a node, the nearest first."""
        found = self.parents.get(id(node))
        while found is not None:
            yield found
            found = self.parents.get(id(found))

    def line(self, node: Node) -> Iterator[Node]:
        """Yield a node and what leads to it, the nearest first."""
        yield node
        yield from self.above(node)


def _letters(graph: Graph, mails: Iterable[Mail]) -> Iterator[Letter]:
    locs = {node.step: node.loc for node in graph.nodes() if node.kind == "email"}
    for mail in mails:
        name = mail.parent or mail.step
        if name not in graph.emails:
            continue  # a note to colleagues, who are asked for no consent
        step, loc = graph.emails[name], locs[name]
        texts = {variant.id: number for number, variant in enumerate(step.variants)}
        if mail.variant:
            number = texts[mail.variant]
            yield Letter(loc, step, (*loc, "variants", number), step.variants[number], mail)
        else:
            yield Letter(loc, step, loc, step, mail)


Check = Callable[[Look], Iterator[Issue]]


@dataclass(frozen=True)
class Rule:
    """A rule: what it is called and why it is there, and the function that finds its breaches.

    An issue without a hint of its own gets the rule's.
    """

    id: str
    severity: Severity
    why: str
    hint: str
    check: Check

    @property
    def about(self) -> About:
        """The rule as reports name it."""
        return About(self.id, self.severity, self.why, self.hint)

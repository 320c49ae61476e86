"""Rules about consent: who may be mailed, and how they say that it is enough."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pmctl.sequence.graph import Issue, Node
from pmctl.sequence.lint_look import Look, Rule
from pmctl.sequence.lint_times import DAY, minutes

# {dnc_url} takes the contact out of everything: app/bundles/EmailBundle/EventListener/
# BuilderSubscriber.php of mautic/mautic.
WAYS_OUT = ("{unsubscribe_url}", "{unsubscribe_text}", "{dnc_url}")


def no_unsubscribe(look: Look) -> Iterator[Issue]:
    """Find marketing mail without a way out in its HTML part."""
    for letter in look.letters:
        if letter.marketing and not any(token in letter.html for token in WAYS_OUT):
            yield letter.in_body("marketing mail without an unsubscribe link")


def text_unsubscribe(look: Look) -> Iterator[Issue]:
    """Find a plain-text part that lacks the way out that the HTML part has."""
    for letter in look.letters:
        here, there = (
            any(token in part for token in WAYS_OUT) for part in (letter.text, letter.html)
        )
        if letter.marketing and there and not here:
            key = "text" if letter.said.text is not None else "body"
            yield letter.at(key, "the plain-text part has no unsubscribe link")


def transactional_unasked(look: Look) -> Iterator[Issue]:
    """Find transactional mail that answers nothing the contact did."""
    transactional = {letter.step.email for letter in look.letters if not letter.marketing}
    for node in look.nodes:
        if node.step in transactional and node.kind == "email" and not _asked_for(look, node):
            yield Issue((*node.loc, "consent"), "transactional mail that nobody has asked for")


def _asked_for(look: Look, node: Node) -> bool:
    """Whether a click, a reply or a form led here; opening a mail asks for nothing."""
    line = list(look.line(node))
    for child, parent in pairwise(line):
        if parent.role == "decision" and parent.kind != "opened" and child.anchor == "yes":
            return True
    audience = look.sequence.audience
    came_by_form = bool(audience.forms) and not audience.segments
    return came_by_form and sum(minutes(one.times) for one in line) <= DAY


def transactional_marketing(look: Look) -> Iterator[Issue]:
    """Find transactional mail that bears the marks of a campaign."""
    for letter in look.letters:
        if letter.marketing:
            continue
        if letter.mail.utm:
            yield letter.at("consent", "transactional mail with campaign tracking (utm)")
        elif look.sequence.stop_on:
            yield letter.at("consent", "transactional mail that `stop_on` may hold back")


def transactional_promise(look: Look) -> Iterator[Issue]:
    """Find an unsubscribe link in mail that goes out to the unsubscribed as well."""
    for letter in look.letters:
        token = next((token for token in WAYS_OUT if token in letter.html), None)
        if token and not letter.marketing:
            yield letter.in_body(f"{token} in transactional mail, which ignores it", token)


RULES = (
    Rule(
        "no-unsubscribe", "error",
        "Marketing mail needs a visible way out: by law, and because the other one is `spam`.",
        "put {unsubscribe_text} or [Unsubscribe]({unsubscribe_url}) at its end",
        no_unsubscribe,
    ),
    Rule(
        "text-unsubscribe", "warning",
        "Who reads the plain-text part needs the way out as well.",
        "put {unsubscribe_url} into the text",
        text_unsubscribe,
    ),
    Rule(
        "transactional-unasked", "warning",
        "Transactional mail goes to people who unsubscribed, so it must answer what they did.",
        "put it under `on: clicked` or the like, or make it marketing",
        transactional_unasked,
    ),
    Rule(
        "transactional-marketing", "warning",
        "Transactional mail with tracking or a stop rule is marketing under another name.",
        "leave utm and stop_on to a sequence of marketing mails",
        transactional_marketing,
    ),
    Rule(
        "transactional-promise", "warning",
        "Transactional mail keeps coming after a click on `unsubscribe`: the link would lie.",
        "leave the link out, or make it marketing mail",
        transactional_promise,
    ),
)  # fmt: skip

"""Who enters a sequence and what holds for all of its steps, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmctl.sequence import model, phrases, terms
from pmctl.sequence.graph import Graph


def entry(sequence: model.Sequence) -> Iterator[str]:
    """Yield who enters, how often, and whether the campaign runs at all."""
    segments, forms = sequence.audience.segments, sequence.audience.forms
    if forms:
        yield f"Every contact who submits {phrases.any_of('form', forms)}."
    if segments:
        yield f"Every contact in {phrases.any_of('segment', segments)}, also who is in it already."
        yield (
            "Who came in through a segment and leaves it is taken out of the sequence at "
            "Mautic's next look."
        )
    if sequence.reentry == "never":
        yield "Once in a lifetime: who leaves and comes back does not start again."
    else:
        yield (
            "Who leaves and comes back starts again at step 1. Marketing emails that the contact "
            "has had are not sent a second time."
        )
    if sequence.published:
        yield "The campaign is published: it runs."
    else:
        yield "The campaign is not published: nobody enters and nothing is sent until it is."


def rules(graph: Graph) -> Iterator[str]:
    """Yield what holds at every step: cron, sending hours, consent, what ends it."""
    sequence = graph.sequence
    yield (
        "Mautic's cron does what is due. So a step happens at its first run after the time said "
        "here; what comes directly after it happens in the same run."
    )
    yield from _window_rules(graph)
    marketing = [e for e in graph.emails.values() if isinstance(e.consent, str)]
    if marketing:
        yield (
            "Contacts who unsubscribed, whose address bounced or who are marked as do not contact "
            "get no marketing email. They stay in and go through the other steps, like somebody "
            "who opens nothing. Nobody gets the same marketing email twice."
        )
    for email in graph.emails.values():
        if not isinstance(email.consent, str):
            yield (
                f"The email {email.email} is transactional: it goes out even to contacts who "
                f'unsubscribed. Reason given: "{email.consent.transactional}".'
            )
    for email in graph.emails.values():
        if email.variants:
            ranked = email.winner.criteria if email.winner else "opens"
            yield (
                f"The email {email.email} is an A/B test: Mautic deals its texts out by their "
                f"shares and ranks them by {ranked}; it goes on until the file says otherwise."
            )
    if any(node.kind in ("visited", "submitted", "downloaded") for node in graph.nodes()):
        yield (
            "Mautic sees a visit, a submitted form or a download only of contacts whom it knows: "
            "by a link in an email or a form before, in the same browser."
        )
    if graph.gotos:
        yield (
            "Who goes back to a step goes through what follows it again. Marketing emails that the "
            "contact has had are not sent a second time, and what it had not yet done by then, "
            "an open or a click of an email before, no longer counts."
        )
    stops = list(dict.fromkeys(_stops(sequence)))
    if stops:
        yield (
            f"A contact is taken out at once, whatever it waits for, when {_or(stops)}. That holds "
            "for each email of this sequence from the moment it left, however long ago. No later "
            "step happens then."
        )


def _or(parts: list[str]) -> str:
    return terms.joined(parts, "or when")


def _window_rules(graph: Graph) -> Iterator[str]:
    usual = graph.sequence.send.window
    if usual:
        yield f"Sending hours: {window(usual)}."
    if any(isinstance(window_of(graph.sequence, e), model.Window) for e in graph.emails.values()):
        yield (
            "The hours are those of the contact's time zone, or of Mautic's where the contact has "
            "none. An email that is due too early in the day waits for the first hour, one that "
            "is due too late for the first hour of the next day; when that day is not allowed it "
            "leaves at the same time of the next day that is. Steps that send nothing do not wait "
            "for sending hours."
        )
    if _tells_hour(graph.sequence.steps):
        yield (
            "A time of day to wait for is that of the contact's time zone, or of Mautic's where "
            "the contact has none. It stands for the hour that begins then: who comes by within "
            "that hour goes on at once."
        )


def window(said: model.Window) -> str:
    """Return `Monday to Friday, from 09:00 until 17:00`."""
    return f"{terms.days(said.days)}, from {said.from_} until {said.to}"


def window_of(sequence: model.Sequence, step: model.Email) -> model.Window | None:
    """Return the window of an email: its own, or that of the sequence, or none."""
    said = sequence.send.window if step.window is None else step.window
    return said if isinstance(said, model.Window) else None


def _tells_hour(steps: list[Any]) -> bool:
    for step in steps:
        if isinstance(step, model.Wait) and step.hour:
            return True
        if any(_tells_hour(inner) for _, inner in model.inside(step)):
            return True
    return False


def _stops(sequence: model.Sequence) -> Iterator[str]:
    for rule in sequence.stop_on:
        if isinstance(rule, model.StopOnClick):
            yield phrases.happening("clicked", "an email", rule.click)
        elif rule in ("reply", "open", "click"):
            kind = {"reply": "replied", "open": "opened", "click": "clicked"}[rule]
            yield phrases.happening(kind, "an email")

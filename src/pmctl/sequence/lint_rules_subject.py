"""Rules about what an inbox shows: subject and preheader."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.sequence.graph import Issue
from pmctl.sequence.lint_look import Look, Rule

_FIELD = re.compile(r"\{contactfield=[^{}|]*(?:\|([^{}]*))?\}")
_REPLY = re.compile(r"\s*(?:re|aw|fwd?|wg|antw)\s*:", re.IGNORECASE)
LONGEST = 70  # characters; phones show about 40, mail programs of desktops 60 to 70
_SHOUT = 8  # letters: shorter ones may be a name or an abbreviation


def shown(subject: str) -> str:
    """Return a subject as a contact sees it of whom nothing is known."""
    return _FIELD.sub(lambda token: token[1] or "", subject).strip()


def subject_empty(look: Look) -> Iterator[Issue]:
    """Find subjects that are nothing but fields without a fallback."""
    for letter in look.letters:
        if not any(sign.isalnum() for sign in shown(letter.mail.subject)):
            yield letter.at("subject", "the subject is empty when the contact's field is")


def subject_long(look: Look) -> Iterator[Issue]:
    """Find subjects that most inboxes cut."""
    for letter in look.letters:
        length = len(shown(letter.mail.subject))
        if length > LONGEST:
            yield letter.at("subject", f"a subject of {length} characters is cut")


def subject_shouts(look: Look) -> Iterator[Issue]:
    """Find subjects in capitals or with heaps of exclamation marks."""
    for letter in look.letters:
        text = shown(letter.mail.subject)
        letters = [sign for sign in text if sign.isalpha()]
        if len(letters) >= _SHOUT and " " in text and text == text.upper() != text.lower():
            yield letter.at("subject", "the subject is all capitals")
        elif re.search(r"[!?]{3}|!.*!|[$€£]{2}", text):
            yield letter.at("subject", "the subject shouts")


def subject_reply(look: Look) -> Iterator[Issue]:
    """Find subjects that play an answer."""
    for letter in look.letters:
        found = _REPLY.match(letter.mail.subject)
        if found:
            yield letter.at("subject", f"`{found[0].strip()}` in front of what is no answer")


def subject_twice(look: Look) -> Iterator[Issue]:
    """Find two mails of one sequence with the same subject."""
    seen: dict[str, str] = {}
    for letter in look.letters:
        first = seen.setdefault(letter.mail.subject.casefold(), letter.step.email)
        if first != letter.step.email:  # variants of one mail go to different people
            yield letter.at("subject", f"the same subject as {first}")


def no_preheader(look: Look) -> Iterator[Issue]:
    """Find mails without a preheader."""
    for letter in look.letters:
        if letter.said.preheader is None:
            yield Issue(letter.place, f"{letter.mail.step} has no preheader")


def preheader_repeats(look: Look) -> Iterator[Issue]:
    """Find preheaders that say what the subject has said."""
    for letter in look.letters:
        said = letter.said.preheader
        if said is not None and said.strip(" .!?").casefold() in letter.said.subject.casefold():
            yield letter.at("preheader", "the preheader repeats the subject")


def same_variants(look: Look) -> Iterator[Issue]:
    """Find variants of one mail that say the same."""
    seen: dict[tuple[object, ...], str] = {}
    for letter in look.letters:
        content = letter.mail.content
        said = (letter.mail.subject, content.preheader, content.source, content.given_text)
        first = seen.setdefault((letter.step.email, *said), letter.mail.variant)
        if first != letter.mail.variant:
            yield Issue(letter.place, f"variant {letter.mail.variant} says the same as {first}")


RULES = (
    Rule(
        "subject-empty", "error",
        "A mail without a subject looks like a mistake, and spam filters think so too.",
        'give the field a fallback: "{{ firstname | there }}"',
        subject_empty,
    ),
    Rule(
        "subject-long", "info",
        "Inboxes show about 40 to 70 characters; what matters must be among them.",
        f"keep it below {LONGEST} characters, the important words first",
        subject_long,
    ),
    Rule(
        "subject-shouts", "warning",
        "Capitals and rows of exclamation marks are what spam filters and people look for.",
        "write it as you would say it",
        subject_shouts,
    ),
    Rule(
        "subject-reply", "warning",
        "A made-up `Re:` costs trust, is against the law in places, and spam filters know it.",
        "leave it out",
        subject_reply,
    ),
    Rule(
        "subject-twice", "warning",
        "Two mails with one subject look like the same mail sent twice, and are hidden as such.",
        "say what is new in the second one",
        subject_twice,
    ),
    Rule(
        "no-preheader", "info",
        "Without a preheader the inbox shows the first words of the body after the subject.",
        "preheader: one line that goes on where the subject ends",
        no_preheader,
    ),
    Rule(
        "preheader-repeats", "info",
        "The preheader is a second line to win a reader; a repetition wastes it.",
        "go on where the subject ends",
        preheader_repeats,
    ),
    Rule(
        "same-variants", "warning",
        "Two variants that say the same test nothing; their figures differ by chance.",
        "change one thing, or leave the variants out",
        same_variants,
    ),
)  # fmt: skip

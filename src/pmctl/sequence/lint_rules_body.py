"""Rules about what is in a mail: size, pictures, text, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.sequence.graph import Issue
from pmctl.sequence.lint_look import Letter, Look, Rule

CLIPPED = 102 * 1024  # bytes of HTML; Gmail hides what comes after, the unsubscribe link too
_TRACKED = 330  # bytes: how much longer a link becomes when Mautic tracks it (seen on 5.1.1)
FEWEST_WORDS = 20  # beside a picture
_WORD = re.compile(r"\w{2,}")
_FIELD = re.compile(r"\{contactfield=([a-z0-9_]+)(?:\|([^{}]*))?\}")
_ALWAYS_THERE = ("email", "id")  # fields that no contact lacks when it is mailed

# What Mautic 5 replaces in a mail: the BuilderSubscriber, TokenSubscriber and DateTimeToken-
# Subscriber of app/bundles/*/EventListener and MailHelper of mautic/mautic.
_TOKENS = frozenset((
    "unsubscribe_text", "unsubscribe_url", "dnc_url", "webview_text", "webview_url", "signature",
    "subject", "today", "tracking_pixel", "contactfield=", "ownerfield=", "pagelink=",
    "assetlink=", "dynamiccontent=", "dwc=", "form=", "focus=", "custom-object=",
))  # fmt: skip
_BRACED = re.compile(r"\{([A-Za-z][A-Za-z_]*=?)[^{}\n]*\}")
_FOREIGN = re.compile(r"\*\|\w+\|\*|%%\w+%%|%[A-Z_]{3,}%|\{%[^%{}\n]*%\}|\[\[\w+\]\]")


def mail_size(look: Look) -> Iterator[Issue]:
    """Find mails that Gmail cuts."""
    for letter in look.letters:
        size = len(letter.html.encode()) + _TRACKED * len(letter.reading.links)
        if size > CLIPPED:
            yield letter.in_body(f"about {size // 1024} KB of HTML with tracked links")


def _words(letter: Letter) -> int:
    return len(_WORD.findall(_FIELD.sub("", letter.reading.shown + letter.reading.verbatim)))


def image_only(look: Look) -> Iterator[Issue]:
    """Find mails that are hardly more than a picture."""
    for letter in look.letters:
        pictures = [image for image in letter.reading.images if not image.tiny]
        words = _words(letter)
        if pictures and words < FEWEST_WORDS:
            yield letter.in_body(f"a picture and {words} words")


def no_text(look: Look) -> Iterator[Issue]:
    """Find mails whose plain-text part has no words."""
    for letter in look.letters:
        if not _WORD.search(_BRACED.sub("", letter.text)):
            key = "text" if letter.said.text is not None else "body"
            yield letter.at(key, "the plain-text part says nothing")


def no_alt(look: Look) -> Iterator[Issue]:
    """Find pictures without words for those who do not see them."""
    for letter in look.letters:
        for image in letter.reading.images:
            if image.alt is None and not image.tiny:
                yield letter.in_body("a picture without alt text", image.src)
        for link in letter.reading.links:
            if not link.text.strip():
                yield letter.in_body("a link that shows no words", link.href)


def active_content(look: Look) -> Iterator[Issue]:
    """Find elements that mail programs take out."""
    for letter in look.letters:
        for tag in dict.fromkeys(letter.reading.active):
            yield letter.in_body(f"<{tag}> in a mail", f"<{tag}")


def no_fallback(look: Look) -> Iterator[Issue]:
    """Find fields without a fallback in what a reader reads."""
    for letter in look.letters:
        for key, text in (("subject", letter.mail.subject), ("body", letter.reading.shown)):
            for field, order in dict.fromkeys(_FIELD.findall(text)):
                if not order and field not in _ALWAYS_THERE:
                    message = f"a gap where the contact has no {field}"
                    issue = letter.in_body(message, field)
                    yield issue if key == "body" else letter.at(key, message)


def encoded_text(look: Look) -> Iterator[Issue]:
    """Find URL-encoded fields outside of links."""
    for letter in look.letters:
        for key, text in (("subject", letter.mail.subject), ("body", letter.reading.shown)):
            for field, order in dict.fromkeys(_FIELD.findall(text)):
                if order == "true":
                    message = f"{field} is URL-encoded in text that people read"
                    issue = letter.in_body(message, field)
                    yield issue if key == "body" else letter.at(key, message)


def unknown_token(look: Look) -> Iterator[Issue]:
    """Find what looks like a token and is none of Mautic's."""
    for letter in look.letters:
        addresses = [link.href for link in letter.reading.links]
        body = "\n".join([letter.reading.shown, *addresses])
        for key, text in (("subject", letter.mail.subject), ("body", body)):
            for token in dict.fromkeys(_strangers(text)):
                message = f"{token} is no token of Mautic: it is sent as it stands"
                yield letter.in_body(message, token) if key == "body" else letter.at(key, message)


def _strangers(text: str) -> Iterator[str]:
    for found in _BRACED.finditer(text):
        if found[1] not in _TOKENS:
            yield found[0]
    yield from (found[0] for found in _FOREIGN.finditer(text))


RULES = (
    Rule(
        "mail-size", "warning",
        "Gmail hides what comes after 102 KB of HTML, the unsubscribe link among it.",
        "take out styles and parts that nobody reads",
        mail_size,
    ),
    Rule(
        "image-only", "warning",
        "Pictures are often blocked, and a mail of pictures is what spam filters expect of spam.",
        "say in words what the picture says",
        image_only,
    ),
    Rule(
        "no-text", "warning",
        "Some read the plain-text part, and spam filters compare it with the other.",
        "give the mail a `text:`, or words in its body",
        no_text,
    ),
    Rule(
        "no-alt", "warning",
        "Who does not see a picture, or hears the mail, gets its alt text.",
        'alt="what it shows"; alt="" for what is mere ornament',
        no_alt,
    ),
    Rule(
        "active-content", "warning",
        "Mail programs take out scripts, forms, frames and players, and trust such mail less.",
        "link to a page that has it",
        active_content,
    ),
    Rule(
        "no-fallback", "warning",
        "A contact without the field reads `Hi ,`.",
        "{{ field | what to say instead }}",
        no_fallback,
    ),
    Rule(
        "encoded-text", "warning",
        "`urlencode` is for the query of a link: in text it turns blanks into `+`.",
        "leave urlencode out, or move it into a link",
        encoded_text,
    ),
    Rule(
        "unknown-token", "warning",
        "Mautic leaves what it does not know as it is, for the contact to read.",
        "a contact's field is {{ firstname | there }}; \\{{ is a plain {{",
        unknown_token,
    ),
)  # fmt: skip

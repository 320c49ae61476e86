"""Rules about addresses: where links lead, and whether they fit the sender."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.sequence.graph import Issue
from pmctl.sequence.lint_look import Letter, Look, Rule

MOST_LINKS = 20
_FREE = frozenset((
    "gmail.com", "googlemail.com", "yahoo.com", "outlook.com", "hotmail.com", "live.com",
    "aol.com", "icloud.com", "gmx.de", "gmx.net", "web.de", "mail.ru", "yandex.ru",
))  # fmt: skip
_SHORT = frozenset((
    "bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rb.gy", "cutt.ly",
))  # fmt: skip
_SECOND_LEVEL = frozenset(("co", "com", "org", "net", "gov", "ac", "edu", "or", "ne"))
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)
_HERE = re.compile(r"localhost|127\.[\d.]+|0\.0\.0\.0|10\.[\d.]+|192\.168\.[\d.]+|[^.]+\.local")
_WHOLE = re.compile(r"(?:https?://[^/\s]|mailto:.|tel:.|sms:.|cid:.|\{|#.)", re.IGNORECASE)


def host(address: str) -> str:
    """Return the host of a web address in lower case, or nothing when it is none."""
    found = _HOST.match(address)
    return found[1].lower() if found and "{" not in found[1] else ""


def site(domain: str) -> str:
    """Return the domain that somebody registered, as far as the name alone tells."""
    labels = domain.lower().rstrip(".").split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if country else -2 :])


def _of(address: str | None) -> str:
    return (address or "").rpartition("@")[2].lower()


def _targets(letter: Letter) -> Iterator[tuple[str, str]]:
    """Yield (what it is, address) of every link and picture."""
    yield from (("link", link.href) for link in letter.reading.links)
    yield from (("picture", image.src) for image in letter.reading.images)


def dead_link(look: Look) -> Iterator[Issue]:
    """Find addresses that lead nowhere from within a mail."""
    for letter in look.letters:
        for what, address in _targets(letter):
            if address in ("", "#"):
                yield letter.in_body(f"a {what} without an address")
            elif not _WHOLE.match(address):
                yield letter.in_body(f"the {what} {address[:60]} leads nowhere", address)
            elif _HERE.fullmatch(host(address)):
                yield letter.in_body(
                    f"the {what} {address[:60]} leads to no public server", address
                )


def http_link(look: Look) -> Iterator[Issue]:
    """Find addresses without TLS."""
    for letter in look.letters:
        for what, address in _targets(letter):
            if address.lower().startswith("http://") and not _HERE.fullmatch(host(address)):
                yield letter.in_body(f"the {what} {address[:60]} is not encrypted", address)


def link_shortener(look: Look) -> Iterator[Issue]:
    """Find links that hide where they lead."""
    for letter in look.letters:
        for link in letter.reading.links:
            if host(link.href).removeprefix("www.") in _SHORT:
                yield letter.in_body(f"{link.href} hides where it leads", link.href)


def many_links(look: Look) -> Iterator[Issue]:
    """Find mails with very many links."""
    for letter in look.letters:
        count = len(letter.reading.links)
        if count > MOST_LINKS:
            yield letter.in_body(f"{count} links")


def links_elsewhere(look: Look) -> Iterator[Issue]:
    """Find mails in which no link leads to the sender's own site."""
    for letter in look.letters:
        sender = _of(letter.mail.from_address)
        own = {site(_of(one)) for one in (letter.mail.from_address, letter.mail.reply_to) if one}
        hosts = {host(link.href) for link in letter.reading.links} - {""}
        there = {site(one) for one in hosts if not _HERE.fullmatch(one)}
        if sender and sender not in _FREE and there and not own & there:
            yield letter.in_body(f"from {sender}, but links lead to {min(there)}")


def reply_elsewhere(look: Look) -> Iterator[Issue]:
    """Find a reply address at another site than the sender's."""
    for letter in look.letters:
        sender, reply = _of(letter.mail.from_address), _of(letter.mail.reply_to)
        if sender and reply and site(sender) != site(reply):
            loc = letter.loc if letter.step.reply_to else ("send",)
            yield Issue((*loc, "reply_to"), f"from {sender}, but replies go to {reply}")


def freemail_from(look: Look) -> Iterator[Issue]:
    """Find senders at a free mail provider."""
    for letter in look.letters:
        sender = _of(letter.mail.from_address)
        if sender in _FREE:
            loc = letter.loc if letter.step.from_ else ("send",)
            yield Issue((*loc, "from"), f"mail from {sender} that {sender} has not sent")


def http_webhook(look: Look) -> Iterator[Issue]:
    """Find webhooks that send what they know of a contact in clear."""
    for node in look.nodes:
        url = str(node.data.get("url", "")) if node.kind == "webhook" else ""
        if url.lower().startswith("http://") and not _HERE.fullmatch(host(url)):
            yield Issue((*node.loc, "webhook", "url"), f"{host(url)} gets it unencrypted")


RULES = (
    Rule(
        "dead-link", "error",
        "A mail has no page around it: only a whole address leads anywhere.",
        "write the whole address, https://… with its host",
        dead_link,
    ),
    Rule(
        "http-link", "warning",
        "Browsers warn of pages without TLS, and spam filters count them.",
        "https://…",
        http_link,
    ),
    Rule(
        "link-shortener", "warning",
        "Block lists hold the shorteners, as spammers use them; Mautic tracks clicks by itself.",
        "link to the page itself",
        link_shortener,
    ),
    Rule(
        "http-webhook", "warning",
        "What a webhook says of a contact can be read, and changed, on its way without TLS.",
        "https://…",
        http_webhook,
    ),
    Rule(
        "many-links", "info",
        f"More than {MOST_LINKS} links and nobody knows what to do; spam filters count them too.",
        "one mail, one thing to do",
        many_links,
    ),
    Rule(
        "links-elsewhere", "warning",
        "A sender whose links all lead to somebody else's site is what phishing looks like.",
        "send from a domain of the site that you link to",
        links_elsewhere,
    ),
    Rule(
        "reply-elsewhere", "warning",
        "Replies that go to another site than the sender's are what phishing looks like.",
        "reply to an address at the sender's domain, or at one above or below it",
        reply_elsewhere,
    ),
    Rule(
        "freemail-from", "error",
        "Free mail providers tell the world (DMARC) to refuse mail in their name from others.",
        "send from a domain of your own",
        freemail_from,
    ),
)  # fmt: skip

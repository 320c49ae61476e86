"""`{{ field | fallback }}` -> Mautic's `{contactfield=field|fallback}`; tokens kept from harm."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Mautic reads these words as orders: `true` URL-encodes, the others format a date (seen on 5.1.1).
RESERVED = ("true", "date", "time", "datetime")

_OURS = re.compile(r"\\\{\{|\{\{([^{}\n]*)\}\}|\{\{|\{leadfield=")
_TOKEN = re.compile(r"\{[A-Za-z][\w.:-]*(?:=[^{}\n]*)?\}")
_THEIRS = re.compile(r"\{contactfield=([a-z0-9_]+)(?:\|([^{}|\n]*))?\}")
_ALIAS = re.compile(r"[a-z0-9_]+")
_TAG = re.compile(r"""<[A-Za-z](?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_LINK_QUERY = re.compile(r"""\bhref\s*=\s*(?:"[^"?]*\?[^"]*|'[^'?]*\?[^']*)\Z""", re.IGNORECASE)
_CONTACT = "{contactfield="
# Noncharacters: no text for people holds them, and Markdown takes them for letters.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_HIDDEN = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


class BodyError(ValueError):
    """What is wrong with a body; `line` and `column` count from 1 within it, 0 when unknown."""

    def __init__(self, message: str, text: str = "", at: int = -1) -> None:
        super().__init__(message)
        self.line = text.count("\n", 0, at) + 1 if at >= 0 else 0
        self.column = at - text.rfind("\n", 0, at) if at >= 0 else 0


def tokens(text: str) -> str:
    r"""Return `text` with `{{ field | fallback }}` as Mautic's tokens; `\{{` is a plain `{{`.

    Mautic's own tokens stay as they are. Raises BodyError for what Mautic would not understand.
    """
    return _OURS.sub(_converted, text) if "{" in text else text


def _converted(match: re.Match[str]) -> str:
    if match[0].startswith("\\"):
        return "{{"

    def wrong(message: str) -> BodyError:
        return BodyError(message, match.string, match.start())

    if match[0] == "{leadfield=":
        raise wrong("{leadfield=…} stays as it is in Mautic 5; write {{ field | fallback }}")
    if match[1] is None:
        raise wrong(r"`{{` without its `}}` on this line; write \{{ for a plain {{")
    field, bar, fallback = (part.strip() for part in match[1].partition("|"))
    if not _ALIAS.fullmatch(field):
        raise wrong(f"{match[0]}: {field!r} is no field alias (a-z, 0-9 and _)")
    if not bar:
        return f"{_CONTACT}{field}}}"
    if fallback == "urlencode":
        return f"{_CONTACT}{field}|true}}"
    if not fallback or "|" in fallback:
        raise wrong(f"{match[0]}: one fallback, in words, belongs after the bar")
    if fallback.lower() in RESERVED:
        raise wrong(f"{match[0]}: Mautic takes {fallback!r} for an order, not for a fallback")
    return f"{_CONTACT}{field}|{fallback}}}"


def ours(text: str) -> str:
    """Return a line of Mautic's with its tokens as ours: the inverse of `tokens`.

    A token that has no word of ours stays as it is.
    """
    plain = text.replace("{{", "\\{{")
    said = _THEIRS.sub(_said, plain)
    try:
        return said if tokens(said) == text else plain
    except BodyError:
        return plain


def in_one_way(text: str) -> str:
    """Return a line of ours with its tokens spelt as `ours` spells them."""
    try:
        return ours(tokens(text))
    except BodyError:
        return text  # who checks the line says what is wrong with it


def _said(match: re.Match[str]) -> str:
    field, fallback = match[1], match[2]
    if fallback is None:
        return f"{{{{ {field} }}}}"
    return f"{{{{ {field} | {'urlencode' if fallback == 'true' else fallback} }}}}"


def hide(text: str) -> tuple[str, list[str]]:
    """Return the text with a stand-in for each token, which Markdown leaves alone, and the tokens.

    Raises BodyError for a text that holds the characters of a stand-in.
    """
    for sign in (_OPEN, _CLOSE):
        if sign in text:
            message = f"the character U+{ord(sign):04X} has no place in a text"
            raise BodyError(message, text, text.index(sign))
    hidden: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"{_OPEN}{len(hidden) - 1}{_CLOSE}"

    return (_TOKEN.sub(stand_in, text) if "{" in text else text), hidden


def pieces(text: str) -> list[str]:
    """Return the text cut at its stand-ins: text, stand-in, text, …, text."""
    return re.split(f"({_OPEN}[0-9]+{_CLOSE})", text)


def show(html: str, hidden: list[str]) -> str:
    """Return `html` with the tokens back in the place of their stand-ins, escaped for HTML."""
    return show_raw(html, [escape(token) for token in hidden])


def show_raw(text: str, hidden: list[str]) -> str:
    """Return `text` with the tokens back as they were."""

    def token(match: re.Match[str]) -> str:
        number = int(match[1]) if len(match[1]) < 8 else len(hidden)
        return hidden[number] if number < len(hidden) else ""

    return _HIDDEN.sub(token, text) if hidden else text


def escape(text: str) -> str:
    """Return `text` safe in HTML text and in attributes within double quotes."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
    )  # fmt: skip


def refuse_in_attributes(html: str) -> None:
    """Raise BodyError for a contact's field in an HTML attribute: Mautic does not escape values.

    `{{ field | urlencode }}` in the query of a link is safe.
    """
    if _CONTACT not in html:
        return
    for at in _in_tags(html):
        token = html[at : html.find("}", at) + 1]
        message = f"{token} stands in an HTML attribute, where Mautic does not escape it"
        raise BodyError(f"{message}; in a link's query write {{{{ field | urlencode }}}}", html, at)


def _in_tags(html: str) -> Iterator[int]:
    for tag in _TAG.finditer(html):
        text = tag[0]
        at = text.find(_CONTACT)
        while at >= 0:
            encoded = text[at : text.find("}", at)].endswith("|true")
            if not (encoded and _LINK_QUERY.search(text, 0, at)):
                yield tag.start() + at
            at = text.find(_CONTACT, at + 1)

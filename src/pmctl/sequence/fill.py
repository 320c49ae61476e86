"""What Mautic makes of `{contactfield=alias|fallback}` for one contact, as seen on Mautic 5.1.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote_plus

from pmctl.sequence.body_tokens import RESERVED

# In a link's address the braces of a token may be encoded.
_FIELD = re.compile(
    r"(?:\{|%7B)contactfield=([a-z0-9_]+)(?:(?:\||%7C)([^{}\n]*?))?(?:\}|%7D)", re.IGNORECASE
)
_OTHER = re.compile(r"\{(?!contactfield=)[a-z][\w.:-]*(?:=[^{}\n]*)?\}", re.IGNORECASE)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with the fields of a contact filled in; what it lacks counts as empty.

    An empty field gives its fallback, `|true` URL-encodes the value. Values are not escaped for
    HTML, because Mautic does not either. Dates stay as they are stored: how `|date` writes them
    is a setting of that Mautic.
    """

    def value(match: re.Match[str]) -> str:
        known, fallback = values.get(match[1].lower(), ""), match[2] or ""
        if fallback == "true":
            return quote_plus(known)
        return known or ("" if fallback in RESERVED else fallback)

    return _FIELD.sub(value, text)


def has_fields(text: str) -> bool:
    """Whether a contact is needed to fill the text in."""
    return _FIELD.search(text) is not None


def others(text: str) -> list[str]:
    """Return the tokens that only Mautic can fill in, such as {unsubscribe_url}, each once."""
    return list(dict.fromkeys(match[0] for match in _OTHER.finditer(text)))

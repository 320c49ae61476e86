"""Names of domains beyond ASCII: as the panel keeps them, and as DNS has them."""

from __future__ import annotations

import unicodedata

from pmctl.clients.panel_names import domain_name


def ascii_of(name: str) -> str:
    """Return a name as DNS has it: labels beyond ASCII as `xn--…` (RFC 3492), small letters."""
    text = unicodedata.normalize("NFC", name).lower()
    return ".".join(_ascii(label) for label in text.split("."))


def forms(name: str) -> list[str]:
    """Return what the panel may call a domain: the name with umlauts first, then with `xn--`.

    Raises UsageError for what is no name of a domain.
    """
    text = ".".join(_unicode(label) for label in domain_name(name).split("."))
    return list(dict.fromkeys((text, ascii_of(text))))


def _ascii(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        text = label[4:].encode().decode("punycode")
    except UnicodeError:  # looks encoded, and is not
        return label
    return text if _ascii(text) == label else label

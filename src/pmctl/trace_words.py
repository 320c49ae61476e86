"""What --trace shows: addresses, headers and bodies with the secrets out of them."""

from __future__ import annotations

import json as jsonlib
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from pmctl.errors import redact

TRACED_CHARS = 4096

_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|key|credential|twofa|qrcode|^hash$|^pem$",
    re.IGNORECASE,
)
_SECRET_PAIR = re.compile(
    # a campaign's `pmctl:v1 key=…` is a name
    r"""(?<!pmctl:v1 )(\b[\w.\[\]-]*(?:token|secret|passw|key|twofa|qrcode)[\w.\[\]-]*["']?"""
    r"""\s*[:=]\s*["']?)"""
    r"""[^"'&\s,;<>]+""",
    re.IGNORECASE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL
)
_USERINFO = re.compile(r"//[^/@\s]*@")


def url_shown(text: str) -> str:
    """Return a URL, or text with URLs in it, readable and without its secrets."""
    address, mark, query = _USERINFO.sub("//***@", text).partition("?")
    pairs = pairs_shown(query) if "=" in query else query
    return redact(unquote(address)) + mark + pairs


def pairs_shown(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    return "&".join(f"{name}={shown(name, value)}" for name, value in pairs)


def shown(name: str, value: Any) -> Any:
    """Return `value`, masked where its name or the names within it speak of a secret."""
    if _SECRET_NAME.search(name):
        return "***"
    if isinstance(value, dict):
        return {inner: shown(inner, part) for inner, part in value.items()}
    if isinstance(value, list):
        return [shown("", part) for part in value]
    if isinstance(value, str):
        value = _PRIVATE_KEY.sub("***", redact(_USERINFO.sub("//***@", value)))
        return _SECRET_PAIR.sub(r"\1***", value[:TRACED_CHARS])
    return value


def body_shown(body: str, content_type: str) -> str:
    if content_type.startswith("application/x-www-form-urlencoded"):
        text = pairs_shown(body)
    else:
        try:
            text = jsonlib.dumps(shown("", jsonlib.loads(body)), ensure_ascii=False)
        except (ValueError, RecursionError):
            text = shown("", redact(body))
    cut = len(text) > TRACED_CHARS or (len(body) > TRACED_CHARS and len(text) == TRACED_CHARS)
    return f"{text[:TRACED_CHARS]}… ({len(body)} characters)" if cut else text


def escaped(text: str) -> str:
    """Return `text` with control characters, line ends and bidi marks written out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )

"""How Mautic signs a webhook: the HMAC-SHA256 of its bytes, in base64. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable


def verify(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Tell whether `signature` is the HMAC-SHA256 of these bytes with one of the secrets.

    Mautic writes base64; hex and a leading `sha256=` are taken too. Every secret is tried in the
    same time whatever was sent.
    """
    given = _digest(signature)
    found = False
    for secret in secrets:
        if secret:
            right = hmac.digest(secret.encode(), body, "sha256")
            found |= hmac.compare_digest(right, given)
    return found


def sign(body: bytes, secret: str) -> str:
    """Return the signature as Mautic writes it."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def _digest(signature: str) -> bytes:
    text = signature.strip().removeprefix("sha256=")
    try:
        if len(text) == 64:
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""

"""Trust in one certificate by its fingerprint: for panels that signed their own."""

from __future__ import annotations

import hashlib
import ssl
from typing import Any, Never


def pinned(fingerprint: str) -> ssl.SSLContext:
    """Return a context that accepts the certificate with this SHA-256 and no other.

    It is looked at before a byte of the request is sent. Names and dates do not matter then.
    """
    context = _Pinned(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.fingerprint = fingerprint
    return context


class _Pinned(ssl.SSLContext):
    fingerprint = ""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Return the socket after its handshake. Raises SSLCertVerificationError."""
        wrapped = super().wrap_socket(*args, **kwargs)
        seen = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
        if seen != self.fingerprint:
            wrapped.close()
            error = ssl.SSLCertVerificationError("the certificate is not the pinned one")
            error.verify_code = 0
            error.verify_message = f"is not the pinned one: its SHA-256 is {seen}"
            raise error
        return wrapped

    def wrap_bio(self, *_args: Any, **_kwargs: Any) -> Never:
        """Refuse: the handshake would come later, unseen (TLS inside of TLS, by a proxy)."""
        raise ssl.SSLError("a pinned certificate cannot be checked through an HTTPS proxy")

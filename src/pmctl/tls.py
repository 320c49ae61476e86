"""TLS against the system's trust store; what its failures mean in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.errors import ConfigError

if TYPE_CHECKING:
    import ssl

# X509_V_ERR_* of OpenSSL, include/openssl/x509_vfy.h
CERTIFICATE_WORDS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "comes from an authority that this machine does not trust",
    20: "comes from an authority that this machine does not trust",
    62: "is for another host name",
    64: "is for another address",
}


def context(ca_file: str | None, *, insecure: bool, fingerprint: str = "") -> ssl.SSLContext:
    """Return a context that trusts the system's store, SSL_CERT_FILE and `ca_file`.

    With `fingerprint` (SHA-256, hexadecimal) it trusts that one certificate and no other.
    """
    import os
    import ssl

    import truststore

    if fingerprint:
        from pmctl.tls_pin import pinned

        return pinned(fingerprint)
    if insecure:
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        return unchecked
    trusting = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    files = {"--ca-file": ca_file, "SSL_CERT_FILE": os.environ.get("SSL_CERT_FILE")}
    for origin, file in files.items():
        try:
            if file:
                trusting.load_verify_locations(cafile=file)
        except OSError as exc:  # SSLError, for a file without certificates, is one too
            raise ConfigError(
                f"cannot read the CA file {file} ({origin}): {exc.strerror or exc}",
                hint="it must be a readable PEM file with at least one certificate",
            ) from exc
    return trusting

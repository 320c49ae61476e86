"""Addresses as KumoMTA reads them: of an envelope, and of a header.

What its parser says is known for one case (no @ where one must be); other texts have that shape.
"""

from __future__ import annotations

import re

from pmctl.sandbox.kumomta_refusal import RejectedError

_ATOM = re.compile(r"[^\s@<>(),;:\\\"\[\]]+")
_QUOTED = re.compile(r'"(?:[^"\\\r\n]|\\.)*"')
_DOMAIN = re.compile(
    r"(?:[^\s@<>(),;:\\\"\[\].]+)(?:\.[^\s@<>(),;:\\\"\[\].]+)*|\[[0-9A-Za-z:.]+\]"
)


def local_and_domain(address: str) -> tuple[str, str]:
    """Return both parts. Raises RejectedError with the words of the parser."""
    found = _QUOTED.match(address) or _ATOM.match(address)
    end = found.end() if found else 0
    end += len(address[end:]) - len(address[end:].lstrip(" "))
    if not found or address[end : end + 1] != "@":
        raise _unexpected(address, end, '"@"' if found else "addr_spec")
    domain = address[end + 1 :]
    if not _DOMAIN.fullmatch(domain):
        raise _unexpected(address, end + 1, "domain")
    return address[: found.end()], domain


def of_envelope(address: str) -> tuple[str, str]:
    """Return both parts of a sender or recipient; two empty ones for the null sender."""
    if address in {"", "<>"}:
        return "", ""
    return local_and_domain(address)


def _unexpected(address: str, at: int, wanted: str) -> RejectedError:
    there = f'"{address[at]}"' if at < len(address) else "end of input"
    marks = " " * at + "^" + "_" * max(0, len(address) - at - 1)
    return RejectedError(
        f"invalid header: Error at line 1, expected {wanted} but found {there}:\n"
        f"{address}\n{marks}\n\nwhile parsing addr_spec\n"
    )

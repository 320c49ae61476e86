"""The message that KumoMTA makes of the parts of a request, or of a ready one."""

from __future__ import annotations

import base64
import quopri
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.header import Header
from email.utils import formatdate
from typing import Any

from pmctl.sandbox.kumomta_refusal import Refused

_LINE = 998  # octets that a line of a mail may have


@dataclass(frozen=True)
class Part:
    """One part: its headers, without a line end behind the last, and its encoded body."""

    headers: str
    body: bytes

    @property
    def whole(self) -> bytes:
        """The part with an empty line between."""
        return self.headers.encode() + b"\r\n\r\n" + self.body


def crlf(message: str) -> bytes:
    """Return a message with CRLF at the end of every line."""
    return re.sub(r"\r\n|\r|\n", "\r\n", message).encode("utf-8", "surrogatepass")


def ready(message: str) -> bytes:
    """Return a ready message as it is sent: CRLF, and Mime-Version if it has none."""
    data = crlf(message)
    head = data.partition(b"\r\n\r\n")[0]
    if re.search(rb"(?im)^mime-version:", head):
        return data
    start, blank, rest = data.partition(b"\r\n\r\n")
    return start + b"\r\nMime-Version: 1.0" + (blank or b"\r\n\r\n") + rest


def attachments(given: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Return the parts of attachments, once for all recipients. Raises Refused for bad base64."""
    return [_attached(one) for one in given]


def build(
    headers: Iterable[tuple[str, str]], bodies: Mapping[str, str], attached: list[Part]
) -> bytes:
    """Return a message of texts (by type) and attachments, with Date and Mime-Version."""
    part = _joined("alternative", [text(kind, body) for kind, body in bodies.items()])
    inline = [one for one in attached if "\r\nContent-ID:" in one.headers]
    part = _joined("related", [part, *inline])
    part = _joined("mixed", [part, *(one for one in attached if one not in inline)])
    lines = [f"{name}: {encoded(value)}" for name, value in headers]
    names = {name.lower() for name, _ in headers}
    if "date" not in names:
        lines.append(f"Date: {formatdate()}")
    if "mime-version" not in names:
        lines.append("Mime-Version: 1.0")
    return Part("\r\n".join([*lines, part.headers]), part.body).whole


def text(kind: str, body: str) -> Part:
    """Return a text part: as it is when it is plain ASCII in short lines, else quoted-printable."""
    data = crlf(body if body.endswith("\n") else f"{body}\n")
    if data.isascii() and max(map(len, data.split(b"\r\n"))) < _LINE:
        return Part(f'Content-Type: {kind};\r\n\tcharset="us-ascii"', data)
    folded = quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    how = "Content-Transfer-Encoding: quoted-printable"
    return Part(f'Content-Type: {kind};\r\n\tcharset="utf-8"\r\n{how}', folded)


def encoded(value: str) -> str:
    """Return the value of a header: RFC 2047 for what is not ASCII. Line ends in it stay."""
    return (
        value if value.isascii() else Header(value, "utf-8", maxlinelen=70).encode(linesep="\r\n")
    )


def mailbox(email: str, name: str | None) -> str:
    """Return `"name" <email>`, or the address alone."""
    if not name:
        return email
    shown = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}" <{email}>' if name.isascii() else f"{encoded(name)} <{email}>"


def _attached(given: Mapping[str, Any]) -> Part:
    data = given["data"].encode()
    if given["base64"]:
        try:
            data = base64.b64decode(data, validate=True)
        except ValueError as exc:
            raise Refused(422, f"Error: {exc}") from None
    place = "inline" if given["content_id"] is not None else "attachment"
    named = _parameter("filename", given["file_name"]) if given["file_name"] else ""
    lines = [
        f"Content-Disposition: {place}{named}",
        f"Content-Type: {given['content_type']}"
        + (_parameter("name", given["file_name"]) if given["file_name"] else ""),
        "Content-Transfer-Encoding: base64",
    ]
    if given["content_id"] is not None:
        lines.append(f"Content-ID: <{given['content_id']}>")
    return Part("\r\n".join(lines), base64.encodebytes(data).replace(b"\n", b"\r\n"))


def _parameter(name: str, value: str) -> str:
    if value.isascii():
        shown = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n\t{name}="{shown}"'
    return f";\r\n\t{name}*=UTF-8''{''.join(f'%{byte:02X}' for byte in value.encode())}"


def _joined(kind: str, parts: list[Part]) -> Part:
    """Return parts as one; a single one stays what it is."""
    if len(parts) == 1:
        return parts[0]
    mark = f"kumo-{secrets.token_hex(12)}"
    inner = b"".join(f"--{mark}\r\n".encode() + one.whole + b"\r\n" for one in parts)
    return Part(
        f'Content-Type: multipart/{kind};\r\n\tboundary="{mark}"',
        inner + f"--{mark}--\r\n".encode(),
    )

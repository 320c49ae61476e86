"""What a request to the stand-in HestiaCP asks for, read as PHP reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from urllib.parse import parse_qsl

from pmctl.sandbox.request import Request

BLANKS = " \t\n\r\0\x0b"  # what PHP's trim takes away
LIST = "[\0]"  # stands for a list where a text must be: PHP dies of it as of a NUL byte
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Asked:
    """What a request asks for. `data` is None when it cannot be read."""

    data: Mapping[str, str] | None
    command: str = ""
    args: tuple[tuple[int, str], ...] = ()

    @property
    def by_key(self) -> bool:
        """Tell whether it comes with an access key; else the old contract holds."""
        return self.data is not None and {"access_key", "secret_key"} <= self.data.keys()

    @property
    def wants_code(self) -> bool:
        """Tell whether the answer's body shall be the exit code."""
        return self.data is not None and self.data.get("returncode") == "yes"

    @property
    def given(self) -> list[str]:
        """The arguments as the command gets them: missing ones leave no gap."""
        return [value for _, value in self.args]


def read(request: Request) -> Asked:
    """Return what a request asks for: the last of equal fields wins, blanks around it go."""
    data = _data(request)
    if data is None:
        return Asked(None)
    args = tuple(
        (number, data[f"arg{number}"].strip(BLANKS))
        for number in range(1, 14)
        if f"arg{number}" in data
    )
    return Asked(data, data.get("cmd", "").strip(BLANKS), args)


def _data(request: Request) -> Mapping[str, str] | None:
    form = _form(request) if request.method == "POST" else {}
    if form.keys() & {"access_key", "user", "hash"}:
        return _split_hash(form)
    try:
        given = json.loads(request.body)
    except ValueError:
        return None
    if not isinstance(given, dict) or not given:
        return None
    return _split_hash({key: _text(value) for key, value in given.items() if value is not None})


def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; bytes that are no UTF-8 are kept as surrogates."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        whole = f"Content-Type: {kind}\r\n\r\n".encode() + request.body
        parts = BytesParser().parsebytes(whole).walk()
        pairs = [_part(one) for one in parts if not one.is_multipart()]
    elif kind.startswith(FORM):
        text = request.body.decode("utf-8", "surrogateescape")
        pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    else:
        return {}
    fields = {}
    for name, value in pairs:
        base, bracket, _ = name.partition("[")
        fields[base] = LIST if bracket else value
    return fields


def _part(part: Message) -> tuple[str, str]:
    name = str(part.get_param("name", header="content-disposition"))
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "surrogateescape") if isinstance(payload, bytes) else ""
    return name, text


def _text(value: object) -> str:
    """Return a JSON value as PHP makes it a text."""
    if isinstance(value, bool):
        return "1" if value else ""
    return LIST if isinstance(value, list | dict) else str(value)


def _split_hash(data: dict[str, str]) -> dict[str, str]:
    """Take `hash=KEY:SECRET`, 20 and 40 characters, for an access key."""
    found = re.fullmatch(r"([^:]{20}):([^:]{40})", data.get("hash", ""))
    if "access_key" in data or not found:
        return data
    rest = {name: value for name, value in data.items() if name != "hash"}
    return {**rest, "access_key": found[1], "secret_key": found[2]}

"""The request of an injection as KumoMTA takes it: unknown fields and wrong types are a 422.

The refusals are worded as serde words them. The column at their end is that of the last byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pmctl.sandbox.kumomta_refusal import Refused

Check = Callable[[Any, str], Any]
_END = b"\n"
DIALECTS = ("Jinja", "Static", "Handlebars")


class WrongError(Exception):
    """A value that does not fit; `path` says where."""

    def __init__(self, path: str, words: str) -> None:
        super().__init__(words)
        self.path = path


@dataclass(frozen=True)
class Field:
    """One field of an object; without a default it is required."""

    check: Check
    default: Callable[[], Any] | None = None


def unexpected(value: Any) -> str:
    """Say a JSON value as serde does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    return "sequence" if isinstance(value, list) else "map"


def wrong(value: Any, path: str, expected: str) -> NoReturn:
    """Raise the WrongError of a type."""
    raise WrongError(path, f"invalid type: {unexpected(value)}, expected {expected}")


def text(value: Any, path: str) -> str:
    """Check a string."""
    return value if isinstance(value, str) else wrong(value, path, "a string")


def flag(value: Any, path: str) -> bool:
    """Check a boolean."""
    return value if isinstance(value, bool) else wrong(value, path, "a boolean")


def anything(value: Any, _path: str) -> Any:
    """Take any JSON."""
    return value


def maybe(check: Check) -> Check:
    """Take null too."""
    return lambda value, path: None if value is None else check(value, path)


def many(check: Check) -> Check:
    """Check every item of a list."""

    def checked(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            wrong(value, path, "a sequence")
        return [check(one, f"{path}[{number}]") for number, one in enumerate(value)]

    return checked


def mapping(check: Check) -> Check:
    """Check every value of an object with any keys."""

    def checked(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            wrong(value, path, "a map")
        return {key: check(one, f"{path}.{key}") for key, one in value.items()}

    return checked


def struct(name: str, fields: Mapping[str, Field], *, strict: bool = True) -> Check:
    """Check an object with these fields and, if `strict`, no other."""

    def checked(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            wrong(value, path, f"struct {name}")
        given = {}
        for key, one in value.items():
            where = f"{path}.{key}" if path else key
            if key in fields:
                given[key] = fields[key].check(one, where)
            elif strict:
                raise WrongError(where, f"unknown field `{key}`, {_one_of(fields)}")
        for key, known in fields.items():
            if key not in given:
                if known.default is None:
                    raise WrongError(path, f"missing field `{key}`")
                given[key] = known.default()
        return given

    return checked


def _one_of(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 3:
        return f"expected {' or '.join(quoted)}"
    return f"expected one of {', '.join(quoted)}"


def _nothing() -> None:
    return None


def _no() -> bool:
    return False


OPTIONAL = Field(maybe(text), _nothing)
_PERSON = struct("FromHeader", {"email": Field(text), "name": OPTIONAL})
_ATTACHMENT = struct("Attachment", {
    "data": Field(text), "content_type": Field(text), "content_id": OPTIONAL,
    "file_name": OPTIONAL, "base64": Field(flag, _no),
})  # fmt: skip
_BUILDER = struct("Content", {
    "text_body": OPTIONAL, "html_body": OPTIONAL, "amp_html_body": OPTIONAL,
    "attachments": Field(many(_ATTACHMENT), list), "headers": Field(mapping(text), dict),
    "from": Field(maybe(_PERSON), _nothing), "subject": OPTIONAL,
    "reply_to": Field(maybe(_PERSON), _nothing),
})  # fmt: skip
_RECIPIENT = struct("Recipient", {
    "email": Field(text), "name": OPTIONAL, "substitutions": Field(mapping(anything), dict),
    "metadata": Field(mapping(anything), dict),
})  # fmt: skip


@dataclass(frozen=True)
class Trace:
    """Which headers of its own KumoMTA adds. An absent object is this; a partial one is not:
    there `received_header` is true if it is left out."""

    received_header: bool = False
    supplemental_header: bool = True
    header_name: str = "X-KumoRef"
    include_meta_names: list[str] = field(default_factory=list)


def _yes() -> bool:
    return True


_TRACE = struct("HttpTraceHeaders", {
    "received_header": Field(flag, _yes), "supplemental_header": Field(flag, _yes),
    "header_name": Field(text, lambda: "X-KumoRef"),
    "include_meta_names": Field(many(text), list),
})  # fmt: skip


def _trace(value: Any, path: str) -> Trace:
    return Trace(**_TRACE(value, path))


def _content(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return value
    try:
        return _BUILDER(value, "")
    except WrongError:
        words = "data did not match any variant of untagged enum Content"
        raise WrongError(path, words) from None


def _dialect(value: Any, path: str) -> str:
    if not isinstance(value, str):
        wrong(value, path, "string or map")
    if value not in DIALECTS:
        raise WrongError(path, f"unknown variant `{value}`, {_one_of(DIALECTS)}")
    return value


INJECTION = struct("InjectV1Request", {
    "envelope_sender": Field(text), "recipients": Field(many(_RECIPIENT)),
    "content": Field(_content), "substitutions": Field(mapping(anything), dict),
    "deferred_spool": Field(flag, _no), "deferred_generation": Field(flag, _no),
    "trace_headers": Field(_trace, Trace), "template_dialect": Field(_dialect, lambda: "Jinja"),
})  # fmt: skip


def read(body: bytes, check: Check) -> Any:
    """Return the checked JSON of a body. Raises Refused: 400 for no JSON, 422 for what is wrong."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise Refused(
            400, f"Failed to parse the request body as JSON: {_syntax(body, exc)}"
        ) from None
    try:
        return check(value, "")
    except WrongError as exc:
        where = f"{exc.path}: " if exc.path else ""
        words = f"{where}{exc} at {_place(body, len(body))}"
        raise Refused(
            422, f"Failed to deserialize the JSON body into the target type: {words}"
        ) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _syntax(body: bytes, exc: Exception) -> str:
    """Say where JSON ends too soon, or that it is none."""
    try:
        whole = body.decode()
    except UnicodeDecodeError as bad:
        return f"invalid unicode code point at line 1 column {bad.start + 1}"
    at = exc.pos if isinstance(exc, json.JSONDecodeError) else len(whole)
    if str(exc).startswith("Unterminated string"):
        return f"EOF while parsing a string at {_place(body, len(body))}"
    if at < len(whole.rstrip()):
        return f"expected value at {_place(body, len(whole[: at + 1].encode()))}"
    key = re.search(r'"(\w+)"\s*:\s*$', whole)
    return f"{key[1] + ': ' if key else ''}EOF while parsing a value at {_place(body, len(body))}"


def _place(body: bytes, end: int) -> str:
    """Say line and column of the byte before `end`, from 1."""
    line = body.count(b"\n", 0, end) + 1
    return f"line {line} column {end - body.rfind(_END, 0, end) - 1}"

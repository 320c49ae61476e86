"""The rows of a contact file: bytes in, rows and problems out; no server, no file here.

CSV has field aliases in its first line, JSON lines have them as keys. A row is checked whole
before anything is sent: Mautic ignores unknown fields without a word, makes an empty contact of
an empty row, and its database refuses what is too long with a 500.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pmctl.errors import Problem, UsageError
from pmctl.text import counted, did_you_mean

TAGS = "tags"
_EMAIL = re.compile(
    r"[^\s@,;:<>()\[\]\\\"]{1,64}@(?:[^\s@.,;:<>()\[\]\\\"]+\.)+[^\s@.,;:<>()\[\]\\\"]{2,}"
)
# the columns of contacts are VARCHAR(191) but for those of long text
LONG = frozenset({"textarea", "html", "multiselect"})
LONGEST, LONGEST_TEXT = 191, 65_535
_MOST_EMAIL = 191
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Row:
    """One contact of the file. `values` are its fields, "" for what is empty, email apart.

    `tags` are added, those with a leading `-` removed.
    """

    line: int
    email: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def body(self, *, blank: bool = False) -> dict[str, Any]:
        """Return what is sent. An empty value is left out, so that it empties nothing.

        With `blank` it is sent: `overwriteWithBlank` lets Mautic take it over.
        """
        given = {n: v for n, v in self.values.items() if blank or v not in ("", [])}
        body: dict[str, Any] = {"email": self.email, **given}
        if self.tags:
            body[TAGS] = list(self.tags)
        return {**body, "overwriteWithBlank": True} if blank else body


class _Flaw(Exception):
    """What is wrong with the file at a line; `fatal` when nothing after it can be read."""

    def __init__(self, message: str, *, line: int = 0, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.at, self.column, self.hint = line, column, hint


def kind_of(name: str, start: bytes) -> str:
    """Return `jsonl` or `csv`, by the file's name, else by how it begins."""
    lower = name.lower()
    for kind, endings in (("jsonl", (".jsonl", ".ndjson", ".json")), ("csv", (".csv", ".tsv"))):
        if lower.endswith(endings):
            return kind
    return "jsonl" if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "csv"


def read(
    lines: Iterable[bytes], name: str, kind: str, known: Mapping[str, str] | None
) -> Iterator[Row | Problem]:
    """Yield each row, or what is wrong with it, in the order of the file.

    `known` is alias -> type of the contact fields, None when they could not be read.
    """
    reader = _Jsonl(name, known) if kind == "jsonl" else _Csv(name, known)
    try:
        yield from reader.rows(_decoded(lines))
    except _Flaw as flaw:
        yield reader.problem(flaw, flaw.at)


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        data = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        try:
            yield data.decode()
        except UnicodeDecodeError as exc:
            hint = "save the file as UTF-8; spreadsheets offer `CSV UTF-8`"
            raise _Flaw("not UTF-8 text", line=number, column=exc.start + 1, hint=hint) from exc


class _Rules:
    """What a row must be, and the words for one that is not."""

    def __init__(self, name: str, known: Mapping[str, str] | None) -> None:
        self.name = name
        self.known = known

    def problem(self, flaw: _Flaw, line: int) -> Problem:
        return Problem(self.name, flaw.at or line, flaw.column, str(flaw), hint=flaw.hint)

    def row(self, line: int, given: Mapping[str, Any]) -> Row:
        """Return a row. Raise _Flaw for the first thing that is wrong with it."""
        email = given.get("email")
        if not isinstance(email, str) or not email.strip():
            raise _Flaw("no email", hint="every contact needs one: Mautic finds contacts by it")
        email = email.strip()
        if len(email) > _MOST_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable():
            raise _Flaw(f"{email!r} is no email address")
        values = {
            name: self._value(name, value)
            for name, value in given.items()
            if name not in ("email", TAGS)
        }
        return Row(line, email, values, tags_of(given.get(TAGS)))

    def _value(self, name: str, value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        if isinstance(value, str):
            _check_text(name, value)
            most = self._longest(name)
            if len(value) > most:
                raise _Flaw(f"{name} has {len(value):,} characters, {most:,} fit")
        elif isinstance(value, list) and all(isinstance(one, str | int) for one in value):
            for one in value:
                _check_text(name, str(one))
        elif not isinstance(value, bool | int | float):
            raise _Flaw(f"{name} is an object; a field is text, a number or a list of texts")
        return value

    def _longest(self, name: str) -> int:
        kind = self.known.get(name, "") if self.known is not None else "html"
        return LONGEST_TEXT if kind in LONG else LONGEST

    def check_names(self, names: Iterable[str]) -> None:
        """Raise _Flaw for a field that Mautic does not have: it would be lost without a word."""
        if self.known is None:
            return
        for name in names:
            if name not in self.known and name != TAGS:
                hint = did_you_mean(name, self.known, "fields are named by their alias in Mautic")
                raise _Flaw(f"Mautic has no contact field {name!r}", hint=hint)


class _Reader(_Rules, ABC):
    @abstractmethod
    def rows(self, lines: Iterator[str]) -> Iterator[Row | Problem]:
        """Yield the contacts of a file, or what is wrong with them."""


class _Csv(_Reader):
    def rows(self, lines: Iterator[str]) -> Iterator[Row | Problem]:
        first = next(lines, "")
        reader = csv.reader(_chain(first, lines), delimiter=_separator(first), strict=True)
        header: list[str] | None = None
        line = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as exc:
                hint = 'a quote inside a cell is written twice: "say ""hello"""'
                raise _Flaw(f"not CSV: {exc}", line=line, hint=hint) from exc
            if cells is None:
                break
            if not cells:
                pass  # an empty line
            elif header is None:
                header = self._header(cells)
            else:
                yield self._record(line, header, cells)
            line = reader.line_num + 1
        if header is None:
            raise _Flaw("the file is empty", line=0, hint="its first line names the fields")

    def _header(self, cells: list[str]) -> list[str]:
        names = [cell.strip().lower() for cell in cells]
        if "email" not in names:
            raise _Flaw(
                "the first line names no field `email`",
                line=1,
                hint="it has the aliases of the fields: email,firstname,tags",
            )
        for place, name in enumerate(names):
            if not name or name in names[:place]:
                what = f"the field {name!r} is there twice" if name else "a column has no name"
                raise _Flaw(what, line=1)
        try:
            self.check_names(names)
        except _Flaw as flaw:
            flaw.at = 1
            raise
        return names

    def _record(self, line: int, header: list[str], cells: list[str]) -> Row | Problem:
        try:
            if len(cells) != len(header):
                raise _Flaw(
                    f"{counted(len(cells), 'cell')}, but the first line names {len(header)}",
                    hint="a comma inside a cell needs quotes around the cell",
                )
            return self.row(line, dict(zip(header, cells, strict=True)))
        except _Flaw as flaw:
            return self.problem(flaw, line)


class _Jsonl(_Reader):
    def rows(self, lines: Iterator[str]) -> Iterator[Row | Problem]:
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                given = _object(text)
                self.check_names(name for name in given if name != "email")
                yield self.row(number, given)
            except _Flaw as flaw:
                yield self.problem(flaw, number)


def row_of(given: Mapping[str, Any], known: Mapping[str, str] | None) -> Row:
    """Return the row of a command line. Raises UsageError for what `read` calls a problem."""
    rules = _Rules("", known)
    try:
        rules.check_names(name for name in given if name != "email")
        return rules.row(0, given)
    except _Flaw as flaw:
        raise UsageError(str(flaw), hint=flaw.hint) from flaw


def _object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number)
    except json.JSONDecodeError as exc:
        raise _Flaw(f"not JSON: {exc.msg}", column=exc.colno) from exc
    except (ValueError, RecursionError) as exc:
        raise _Flaw(f"not JSON: {exc}") from exc
    if not isinstance(given, dict):
        raise _Flaw("a line is no JSON object", hint='each line is one: {"email": "a@example.org"}')
    return given


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def tags_of(value: Any) -> tuple[str, ...]:
    """Return the tags of a cell, `a,b|-c`, or of a list. Raise _Flaw for what is no tag."""
    if value is None:
        return ()
    parts = re.split(r"[,|]", value) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise _Flaw("tags are text or a list of texts")
    tags = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    for tag in tags:
        _check_text(TAGS, tag)
        if not tag.removeprefix("-").strip() or len(tag) > LONGEST or "\n" in tag:
            raise _Flaw(f"{tag!r} is no tag")
    return tags


def _check_text(name: str, value: str) -> None:
    for char in value if not value.isprintable() else "":
        if char not in "\n\r\t" and unicodedata.category(char) in ("Cc", "Cs"):
            raise _Flaw(f"{name} holds a control character (U+{ord(char):04X})")


def _separator(header: str) -> str:
    """Return what separates the cells: spreadsheets of many countries write semicolons."""
    return max(_SEPARATORS, key=header.count)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest

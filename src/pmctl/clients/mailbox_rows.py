"""The rows of a file of mailboxes: text in, rows and problems out; no server, no file here.

The first line of the CSV names the columns: email, password, quota, alias, forward, forward_only;
only email must be there. Each row is checked whole, and each mistake has its line and column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pmctl.clients import panel_names
from pmctl.clients.panel_names import Address
from pmctl.clients.panel_passwords import flaw
from pmctl.errors import Problem, UsageError
from pmctl.text import counted, did_you_mean

COLUMNS = ("email", "password", "quota", "alias", "forward", "forward_only")
GENERATED = "generated"
_SEPARATORS = (",", ";", "\t")
_SPELT = {"address": "email", "quota_mb": "quota", "aliases": "alias", "forwards": "forward"}
_YES_NO = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}


@dataclass(frozen=True, repr=False)
class Row:
    """One mailbox of the file. `password` is None where one is to be made up."""

    line: int
    address: Address
    password: str | None
    quota_mb: int | None = None
    aliases: tuple[str, ...] = ()
    forwards: tuple[str, ...] = ()
    forward_only: bool = False

    @property
    def names(self) -> list[str]:
        """Every address that it takes."""
        return [str(self.address), *(f"{one}@{self.address.domain}" for one in self.aliases)]


class _Flaw(Exception):
    """What is wrong in the cell of a column, None for the whole line."""

    def __init__(self, message: str, cell: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.cell, self.hint = cell, hint


def read(lines: Iterable[bytes], name: str, *, generate: bool) -> Iterator[Row | Problem]:
    """Yield each row, or what is wrong with it, in the order of the file.

    With `generate` a row may lack a password, or say `generated`: one is made up for it.
    """
    yield from _Reader(name, generate).rows(lines)


class _Reader:
    def __init__(self, name: str, generate: bool) -> None:
        self._name = name
        self._generate = generate
        self._raw = ""  # the lines of the record that is being read
        self._separator = ","

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | Problem]:
        begins, header = 1, None
        texts = self._kept(lines)
        try:
            first = next(texts, "")
            self._separator = max(_SEPARATORS, key=first.count)
            reader = csv.reader(_chain(first, texts), delimiter=self._separator, strict=True)
            for cells in reader:
                line, raw = begins, self._raw
                begins, self._raw = reader.line_num + 1, ""
                if not any(cell.strip() for cell in cells):
                    continue
                if header is None:
                    header = self._header(cells)
                else:
                    yield self._record(line, raw, header, cells)
        except csv.Error as exc:
            hint = 'a quote inside a cell is written twice: "say ""hello"""'
            yield Problem(self._name, begins, 1, f"not CSV: {exc}", hint=hint)
            return
        except UnicodeDecodeError as exc:
            hint = "save the file as UTF-8; spreadsheets offer `CSV UTF-8`"
            yield Problem(self._name, begins, exc.start + 1, "not UTF-8 text", hint=hint)
            return
        except _Flaw as found:
            yield Problem(self._name, 1, 1, str(found), hint=found.hint)
            return
        if header is None:
            hint = f"its first line names the columns: {','.join(COLUMNS[:5])}"
            yield Problem(self._name, 0, 0, "the file is empty", hint=hint)

    def _kept(self, lines: Iterable[bytes]) -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).decode()
            self._raw += text
            yield text

    def _header(self, cells: list[str]) -> list[str]:
        given = [cell.strip().lower() for cell in cells]
        names = [_SPELT.get(one, one) for one in given]
        for place, one in enumerate(names):
            if one not in COLUMNS:
                raise _Flaw(f"there is no column {one!r}", hint=did_you_mean(one, COLUMNS))
            if one in names[:place]:
                raise _Flaw(f"the column {one} is there twice")
        if "email" not in names:
            raise _Flaw("the first line names no column `email`", hint=",".join(COLUMNS[:5]))
        return names

    def _record(self, line: int, raw: str, header: list[str], cells: list[str]) -> Row | Problem:
        try:
            if len(cells) != len(header):
                raise _Flaw(
                    f"{counted(len(cells), 'cell')}, but the first line names {len(header)}",
                    hint="a separator inside a cell needs quotes around the cell",
                )
            given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            if "password" in header:
                given["password"] = cells[header.index("password")]  # blanks in it are told
            return self._row(line, given)
        except _Flaw as found:
            column = 1
            if found.cell in header:
                column = _column(raw, self._separator, header.index(found.cell))
            return Problem(self._name, line, column, str(found), hint=found.hint)

    def _row(self, line: int, given: Mapping[str, str]) -> Row:
        with _told("email"):
            address = panel_names.address(given["email"])
        with _told("quota"):
            quota = panel_names.quota_mb(given["quota"]) if given.get("quota") else None
        with _told("alias"):
            aliases = [panel_names.alias_name(one, address.domain)
                       for one in _split(given.get("alias", ""))]  # fmt: skip
        with _told("forward"):
            forwards = [panel_names.forward_address(one)
                        for one in _split(given.get("forward", ""))]  # fmt: skip
        if address.name in aliases:
            raise _Flaw(f"the alias {address.name} is the mailbox itself", "alias")
        only = given.get("forward_only", "").lower()
        if only not in _YES_NO:
            raise _Flaw(f"forward_only is yes or no, not {only!r}", "forward_only")
        if _YES_NO[only] and not forwards:
            raise _Flaw("forward_only without a forward: mail would be lost", "forward_only")
        return Row(
            line, address, self._password(given.get("password", "")), quota,
            tuple(dict.fromkeys(aliases)), tuple(dict.fromkeys(forwards)), _YES_NO[only],
        )  # fmt: skip

    def _password(self, cell: str) -> str | None:
        if cell.strip() in ("", GENERATED):
            if self._generate:
                return None
            what = "no password" if not cell.strip() else "the password is to be made up"
            raise _Flaw(what, "password", hint="--generate-passwords FILE makes them up, into FILE")
        if wrong := flaw(cell):
            raise _Flaw(f"the password {wrong}", "password")
        return cell


class _told:  # noqa: N801  reads like a function
    """Turn a UsageError about a cell into a flaw of its column."""

    def __init__(self, cell: str) -> None:
        self._cell = cell

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, UsageError):
            raise _Flaw(exc.message, self._cell, exc.hint) from exc


def _split(cell: str) -> list[str]:
    return [one for one in re.split(r"[,;|\s]+", cell) if one]


def _column(raw: str, separator: str, place: int) -> int:
    """Return where the n-th cell of a line begins, counting from 1."""
    quoted, seen = False, 0
    for at, sign in enumerate(raw):
        if seen == place:
            return at + 1
        if sign == '"':
            quoted = not quoted
        elif sign == separator and not quoted:
            seen += 1
    return len(raw.rstrip("\r\n")) + 1 if seen == place else 1


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest

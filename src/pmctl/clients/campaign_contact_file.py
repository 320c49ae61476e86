"""A contact file on disk or on stdin: copied once, then read twice, so that it cannot change.

The first reading checks every row, the second sends them; memory is flat in both.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

from pmctl.clients.campaign_contact_rows import Row, kind_of, read
from pmctl.errors import BadInput, InputProblems, Problem

LONGEST_LINE = 1024 * 1024  # bytes
MOST_PROBLEMS = 100  # are shown; who has more of them mends the first and runs again
_CHUNK = 256 * 1024


class ContactFile:
    """The rows of one file; use it with `with`. `digest` tells its content from any other."""

    def __init__(self, path: str) -> None:
        self.name = "<stdin>" if path == "-" else path
        self._copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        seen = hashlib.sha256()
        try:
            with _opened(path) as source:
                while chunk := source.read(_CHUNK):
                    data = chunk if isinstance(chunk, bytes) else chunk.encode(errors="replace")
                    seen.update(data)
                    self._copy.write(data)
        except OSError as exc:
            self._copy.close()
            hint = "check its name and its mode, and the space for temporary files"
            raise BadInput(f"{self.name} cannot be read: {exc.strerror}", hint=hint) from exc
        self.digest = seen.hexdigest()
        self._copy.seek(0)
        self._kind = kind_of(self.name, self._copy.read(512))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.close()

    def check(self, known: Mapping[str, str] | None) -> int:
        """Return how many rows there are. Raises InputProblems with what is wrong in the file.

        An email that is there twice is a mistake: rows are sent side by side, so none is last.
        """
        problems: list[Problem] = []
        more = 0
        emails = array("q")  # 8 bytes a row; a dictionary would take 100
        for row in self._read(known):
            if isinstance(row, Row):
                emails.append(hash(row.email.lower()))
            elif len(problems) < MOST_PROBLEMS:
                problems.append(row)
            else:
                more += 1
        twice = _repeated(emails)
        if twice:
            problems = sorted(problems + self._twins(known, twice), key=lambda one: one.line)
        if more:
            problems.append(Problem(self.name, 0, 0, f"{more:,} more problems"))
        if problems:
            raise InputProblems(problems)
        return len(emails)

    def _twins(self, known: Mapping[str, str] | None, hashes: set[int]) -> list[Problem]:
        found: list[Problem] = []
        first: dict[str, int] = {}
        for row in self._read(known):
            if not isinstance(row, Row) or hash(row.email.lower()) not in hashes:
                continue
            line = first.setdefault(row.email.lower(), row.line)
            if line != row.line and len(found) < MOST_PROBLEMS:
                hint = "keep one of the two; to Mautic they are one contact"
                message = f"{row.email} is in line {line} already"
                found.append(Problem(self.name, row.line, 1, message, hint=hint))
        return found

    def rows(self, known: Mapping[str, str] | None) -> Iterator[Row]:
        """Yield the rows of a file that was checked."""
        for row in self._read(known):
            if isinstance(row, Row):
                yield row

    def _read(self, known: Mapping[str, str] | None) -> Iterator[Row | Problem]:
        self._copy.seek(0)
        return read(self._lines(), self.name, self._kind, known)

    def _lines(self) -> Iterator[bytes]:
        for number in itertools.count(1):
            line = self._copy.readline(LONGEST_LINE)
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise BadInput(
                    f"{self.name}:{number}:1: a line of more than 1 MiB",
                    hint="is it a CSV file, or one JSON object a line?",
                )
            yield line


def _repeated(hashes: array[int]) -> set[int]:
    """Return what is there more than once, sorting a sixteenth at a time to save memory."""
    found: set[int] = set()
    for part in range(16):
        ordered = sorted(one for one in hashes if one & 15 == part)
        found.update(one for one, other in itertools.pairwise(ordered) if one == other)
    return found


def _opened(path: str) -> Any:
    if path != "-":
        return Path(path).open("rb")
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    return _Borrowed(stream)


class _Borrowed:
    """A stream that is not ours to close."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __enter__(self) -> Any:
        return self._stream

    def __exit__(self, *_: object) -> None:
        """Leave it open."""

"""A contact file on disk or on stdin: copied once, then read twice, so that it cannot change.

The first reading checks every row, the second sends them; memory is flat in both.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping

from pmctl.clients.campaign_contact_rows import Row, kind_of, read
from pmctl.clients.copied_file import CopiedFile, repeated
from pmctl.errors import InputProblems, Problem

MOST_PROBLEMS = 100  # are shown; who has more of them mends the first and runs again


class ContactFile(CopiedFile):
    """The rows of one file; use it with `with`. `digest` tells its content from any other."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._kind = kind_of(self.name, self.start(512))

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
        twice = repeated(emails)
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
        return read(self.lines(), self.name, self._kind, known)

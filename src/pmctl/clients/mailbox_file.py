"""A file of mailboxes: every row is checked before the first is used; memory is flat."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from pmctl.clients.copied_file import CopiedFile, repeated
from pmctl.clients.mailbox_rows import Row, read
from pmctl.errors import InputProblems, Problem

MOST_PROBLEMS = 100  # are shown; who has more of them mends the first and runs again


class MailboxFile(CopiedFile):
    """The rows of one file. With `generate` passwords may be missing: they are made up."""

    def __init__(self, path: str, *, generate: bool) -> None:
        super().__init__(path)
        self._generate = generate

    def check(self) -> int:
        """Return how many rows there are. Raises InputProblems with what is wrong in the file.

        An address that is there twice, also as an alias, is a mistake: the panel has it once.
        """
        problems: list[Problem] = []
        names = array("q")  # 8 bytes each; a dictionary would take 100
        count = more = 0
        for row in self._read():
            if isinstance(row, Row):
                count += 1
                names.extend(map(hash, row.names))
            elif len(problems) < MOST_PROBLEMS:
                problems.append(row)
            else:
                more += 1
        if twice := repeated(names):
            problems = sorted(problems + self._twins(twice), key=lambda one: one.line)
        if more:
            problems.append(Problem(self.name, 0, 0, f"{more:,} more problems"))
        if problems:
            raise InputProblems(problems)
        return count

    def rows(self) -> Iterator[Row]:
        """Yield the rows of a file that was checked."""
        for row in self._read():
            if isinstance(row, Row):
                yield row

    def _read(self) -> Iterator[Row | Problem]:
        return read(self.lines(), self.name, generate=self._generate)

    def _twins(self, hashes: set[int]) -> list[Problem]:
        found: list[Problem] = []
        first: dict[str, int] = {}
        for row in self.rows():
            for name in row.names:
                if hash(name) not in hashes:
                    continue
                line = first.setdefault(name, row.line)
                if line != row.line and len(found) < MOST_PROBLEMS:
                    message = f"{name} is in line {line} already"
                    found.append(Problem(self.name, row.line, 1, message, hint="keep one of them"))
        return found

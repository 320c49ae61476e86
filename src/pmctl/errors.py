"""PmctlError and the few kinds of it that callers treat differently; the exit codes; redaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EXIT_CODES: dict[int, str] = {
    0: "done; nothing to do; empty list",
    1: "the operation failed, or some of its items did (each is named)",
    2: "changes or drift found, only where asked for (diff, --detailed-exitcode, fmt --check)",
    3: "not found",
    4: "not allowed (authentication, permission)",
    5: "exists already, or conflicts",
    6: "the saved plan is stale",
    7: "refused as unsafe (a plan's safety guard)",
    64: "wrong usage",
    65: "bad input file",
    69: "a backend could not be reached",
    70: "a bug in pmctl",
    75: "temporary, try again",
    78: "configuration",
    130: "interrupted (Ctrl-C)",
    141: "the reader of stdout went away (broken pipe)",
    143: "terminated (SIGTERM)",
}


class PmctlError(Exception):
    """Something the person can act on: two lines on stderr and an exit code."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class NotFound(PmctlError):
    """The thing named does not exist there."""

    exit_code = 3


class NotAllowed(PmctlError):
    """Wrong password, missing permission, or an API that is switched off."""

    exit_code = 4


class Conflict(PmctlError):
    """It exists already, or is not ours to change."""

    exit_code = 5


class Unsafe(PmctlError):
    """The safety guard of a plan refuses; --force REASON overrides."""

    exit_code = 7


class UsageError(PmctlError):
    """Options or arguments that make no sense together."""

    exit_code = 64


class BadInput(PmctlError):
    """An input file is wrong."""

    exit_code = 65


class Unreachable(PmctlError):
    """A backend gave no usable answer; a read or a write that surely did not happen."""

    exit_code = 69


class Temporary(PmctlError):
    """Trying again later may help."""

    exit_code = 75


class OutcomeUnknown(Temporary):
    """A write that may or may not have happened: look it up, never repeat it blindly."""


class ConfigError(PmctlError):
    """The configuration lacks something or cannot be read."""

    exit_code = 78


@dataclass(frozen=True)
class Problem:
    """One mistake in an input file. Line and column count from 1; 0 means the whole file."""

    path: str
    line: int
    column: int
    message: str
    source: str = ""  # the text of that line, for showing
    hint: str = ""

    @property
    def where(self) -> str:
        """`path:line:column`, as editors and compilers write it."""
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


class InputProblems(BadInput):
    """Every mistake of the files read, at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        count, files = len(problems), len({problem.path for problem in problems})
        noun = "problem" if count == 1 else "problems"
        where = problems[0].path if files == 1 else f"{files} files"
        super().__init__(f"{count} {noun} in {where}", hint="mend and run again")
        self.problems = tuple(problems)


_hidden: set[str] = set()
# passwords of a thousand mailboxes are not all looked for in each line that is written
_passing: deque[str] = deque(maxlen=16)


def hide(values: Iterable[str], *, passing: bool = False) -> None:
    """Remember secret values: `redact` replaces them from now on.

    Those that are `passing` give way to later ones: of many, only the last few are in the talk.
    """
    known = [value for value in values if len(value) >= 4]
    if passing:
        _passing.extend(value for value in known if value not in _passing)
    else:
        _hidden.update(known)


def redact(text: str) -> str:
    """Return `text` with every secret seen so far replaced by `***`."""
    for value in sorted({*_hidden, *_passing}, key=len, reverse=True):
        text = text.replace(value, "***")
    return text

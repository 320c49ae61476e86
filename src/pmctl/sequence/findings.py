"""What a check of files found, as one value that every report is written from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pmctl.errors import Problem

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")  # the worst first


@dataclass(frozen=True)
class About:
    """A rule as reports name it: `why` says in a line what it is for, `hint` what to do."""

    id: str
    severity: Severity
    why: str
    hint: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule says of one place in a file."""

    rule: str
    severity: Severity
    problem: Problem


@dataclass(frozen=True)
class Checked:
    """All that one run of a command found.

    `files` are the paths as they were named, `rules` those that could have found something, and
    `fails_at` the mildest severity that makes the command fail.
    """

    command: str  # validate lint fmt
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    rules: tuple[About, ...]
    fails_at: Severity = "error"

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that make the command fail."""
        worst = SEVERITIES[: SEVERITIES.index(self.fails_at) + 1]
        return tuple(finding for finding in self.findings if finding.severity in worst)

    def summary(self) -> str:
        """Return `3 files: 1 error, 2 warnings`."""
        counts = [(self.count(severity), _NOUNS[severity]) for severity in SEVERITIES]
        found = ", ".join(counted(number, noun) for number, noun in counts if number)
        return f"{counted(len(self.files), 'file')}: {found or 'nothing found'}"


_NOUNS = {"error": "error", "warning": "warning", "info": "remark"}


def counted(number: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


INVALID = About(
    "invalid",
    "error",
    "The file says something that pmctl does not know or that Mautic cannot do.",
    "mend it: nothing of the file is applied until it compiles",
)
UNWIELDY = About(
    "unwieldy",
    "warning",
    "The campaign works, but it is hard to survey in Mautic's builder.",
    "split the sequence, or let branches end with stop",
)
COMPILER = (INVALID, UNWIELDY)


def of_problems(about: About, problems: Iterable[Problem]) -> list[Finding]:
    """Return problems of the compiler as findings of one rule."""
    return [Finding(about.id, about.severity, problem) for problem in problems]

"""For people: a line for each finding, as compilers and editors write it, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from pmctl.sequence.findings import Checked, Finding
from pmctl.text import clean

Paint = Callable[[str, str], str]  # (text, SGR code) -> text
_CODES = {"error": "1;31", "warning": "33", "info": "36"}


def report(checked: Checked, paint: Paint = lambda text, _code: text) -> str:
    """Return `path:line:column: severity: message [rule]` for each, its hint indented below."""
    return "".join(_finding(finding, paint) for finding in checked.findings)


def _finding(finding: Finding, paint: Paint) -> str:
    problem = finding.problem
    severity = paint(finding.severity, _CODES[finding.severity])
    where = paint(clean(problem.where), "1")
    line = f"{where}: {severity}: {clean(problem.message)} {paint(f'[{finding.rule}]', '2')}\n"
    return f"{line}    {clean(problem.hint)}\n" if problem.hint else line

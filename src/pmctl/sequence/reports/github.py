"""For GitHub Actions: workflow commands, which it shows beside the lines of a pull request.

The form and what must be escaped: actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from pmctl.sequence.findings import SEVERITIES, Checked, Finding
from pmctl.text import clean

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def report(checked: Checked) -> str:
    """Return `::error file=…,line=…,col=…,title=…::message`, the worst first.

    GitHub shows ten errors and ten warnings of a step at most, so their order matters.
    """
    found = sorted(checked.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return "".join(_command(finding) for finding in found)


def _command(finding: Finding) -> str:
    problem = finding.problem
    named = {"file": problem.path}
    if problem.line:
        named |= {"line": str(problem.line), "col": str(problem.column)}
    named["title"] = finding.rule
    properties = ",".join(f"{name}={_property(value)}" for name, value in named.items())
    message = "%0A".join(_data(text) for text in (problem.message, problem.hint) if text)
    return f"::{_COMMANDS[finding.severity]} {properties}::{message}\n"


def _data(text: str) -> str:
    # `clean` spells line breaks out, so that no text can begin a command of its own.
    return clean(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

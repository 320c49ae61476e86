"""For code scanning: SARIF 2.1.0 (OASIS), as GitHub, GitLab and editors read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pmctl import __version__
from pmctl.sequence.findings import About, Checked, Finding
from pmctl.sequence.reports.json_report import dumped

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def report(checked: Checked) -> str:
    """Return a log with one run: every rule with its help, every finding with its region."""
    numbers = {rule.id: number for number, rule in enumerate(checked.rules)}
    run = {
        "tool": {
            "driver": {
                "name": "pmctl",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in checked.rules],
            }
        },
        "automationDetails": {"id": f"pmctl/campaign/{checked.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, numbers) for finding in checked.findings],
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: About) -> dict[str, Any]:
    hint = f" What to do: {rule.hint}." if rule.hint else ""
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.why},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}{hint}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Any]:
    problem = finding.problem
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column}
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: str) -> str:
    """Return a path as a URI reference; an absolute one names its scheme."""
    return ("file://" if path.startswith("/") else "") + quote(path.removeprefix("./"))

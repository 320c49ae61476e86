"""For programs: one JSON document; fields are only ever added while `version` is 1."""

from __future__ import annotations

import json
from typing import Any

from pmctl.sequence.findings import SEVERITIES, Checked, Finding


def report(checked: Checked) -> str:
    """Return the document; its fields are described in the README under `In CI`."""
    failed = {id(finding) for finding in checked.failed}
    counts: dict[str, int] = {severity: checked.count(severity) for severity in SEVERITIES}
    document = {
        "version": 1,
        "command": checked.command,
        "ok": not failed,
        "summary": {"files": len(checked.files), **counts},
        "files": list(checked.files),
        "findings": [_finding(one, fails=id(one) in failed) for one in checked.findings],
    }
    return dumped(document)


def dumped(document: Any) -> str:
    """Return JSON in ASCII, safe on any terminal and in any encoding."""
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


def _finding(finding: Finding, *, fails: bool) -> dict[str, Any]:
    problem = finding.problem
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "fails": fails,
        "path": problem.path,
        "line": problem.line or None,
        "column": problem.column or None,
        "message": problem.message,
        "hint": problem.hint,
    }

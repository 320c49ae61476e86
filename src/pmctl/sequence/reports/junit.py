"""For test reports: JUnit XML, a test case a file, as GitLab and Jenkins read it."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.sax.saxutils import escape

from pmctl.sequence.findings import Checked, Finding, counted
from pmctl.sequence.reports import text
from pmctl.text import clean

# XML 1.0 has no place for these, not even escaped.
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(checked: Checked) -> str:
    """Return a suite with a case for each file; what does not fail it is its output."""
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in checked.findings:
        found[finding.problem.path].append(finding)
    failed = {id(finding) for finding in checked.failed}
    paths = list(dict.fromkeys([*checked.files, *found]))
    bad = sum(any(id(one) in failed for one in found[path]) for path in paths)
    head = f'name={_quoted(f"pmctl campaign {checked.command}")} tests="{len(paths)}"'
    head += f' failures="{bad}" errors="0" skipped="0"'
    cases = "".join(_case(path, found[path], failed) for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {head}>\n<testsuite {head}>\n{cases}</testsuite>\n</testsuites>\n"
    )


def _case(path: str, findings: list[Finding], failed: set[int]) -> str:
    said = _quoted(path)
    inner = ""
    wrong = [one for one in findings if id(one) in failed]
    if wrong:
        rules = ", ".join(dict.fromkeys(one.rule for one in wrong))
        title = f"{counted(len(wrong), 'problem')}: {rules}"
        body = _text(wrong)
        inner += f'<failure type="{wrong[0].severity}" message={_quoted(title)}>{body}</failure>\n'
    rest = [one for one in findings if id(one) not in failed]
    if rest:
        inner += f"<system-out>{_text(rest)}</system-out>\n"
    return f"<testcase classname={said} name={said} file={said}>\n{inner}</testcase>\n"


def _text(findings: list[Finding]) -> str:
    lines = text.report(Checked("", (), tuple(findings), ()))
    return escape(_NO_XML.sub("\ufffd", lines))


def _quoted(value: str) -> str:
    said = escape(_NO_XML.sub("\ufffd", clean(value)), {'"': "&quot;"})
    return f'"{said}"'

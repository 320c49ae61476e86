"""What `validate`, `lint` and `fmt --check` found, as a report for a machine: `--report`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.clients import sources
from pmctl.errors import BadInput, InputProblems, Problem, UsageError, redact

if TYPE_CHECKING:
    from pmctl.clients.sources import Source
    from pmctl.sequence.compile import Compiled
    from pmctl.sequence.findings import Checked, Finding


class Form(StrEnum):
    """What `--report` may be."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"
    junit = "junit"


ReportForm = Annotated[
    Form | None, typer.Option("--report", help="Write a report for people or machines.")
]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report-file", metavar="FILE", help="Write the report there, not to stdout."),
]


def settled(form: Form | None, file: Path | None) -> Form | None:
    """Return the form of the report. Raises UsageError for options that exclude each other."""
    if form is None:
        if file is not None:
            raise UsageError(
                "--report-file needs --report", hint=f"--report json --report-file {file}"
            )
    elif output.asked() is not None or output.style.columns:
        raise UsageError("--report and --output exclude each other", hint="leave one of them out")
    return form


def compiled(
    found: list[Source], variables: Mapping[str, str], findings: list[Finding]
) -> Iterator[Compiled]:
    """Compile one after the other; what is wrong with a file becomes a finding."""
    from pmctl.sequence.findings import INVALID, of_problems

    with output.progress("checking", len(found)) as advance:
        try:
            for _, one in sources.compile_all(found, variables):
                yield one
                advance()
        except InputProblems as exc:
            findings += of_problems(INVALID, exc.problems)


def in_order(findings: list[Finding], files: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return the findings in the order of the files, and of the lines of each."""
    places = {path: number for number, path in enumerate(files)}

    def place(finding: Finding) -> tuple[int, int, int]:
        problem = finding.problem
        return places.get(problem.path, len(places)), problem.line, problem.column

    return tuple(sorted(findings, key=place))


def write(checked: Checked, form: Form, file: Path | None) -> None:
    """Write the report, whole or not at all. Raises PmctlError when the file cannot be written."""
    from pmctl.files import save
    from pmctl.sequence.reports import FORMATS, text

    if file is None and form is Form.text:
        sys.stdout.write(redact(text.report(checked, output.paint)))
        return
    report = redact(FORMATS[form.value](checked))
    if file is None:
        sys.stdout.write(report)
        return
    save(file, report, hint="does its folder exist, and is it yours?")


def refuse_invalid(checked: Checked) -> None:
    """Raise BadInput, without the problems that the report has told, when a file is invalid."""
    from pmctl.sequence.findings import INVALID

    problems = [one.problem for one in checked.findings if one.rule == INVALID.id]
    if problems:
        told = InputProblems(problems)
        raise BadInput(told.message, hint=told.hint)


def validate(paths: list[str], variables: Mapping[str, str], form: Form, file: Path | None) -> None:
    """Compile everything and report what is wrong. Raises BadInput when something is."""
    from pmctl.sequence.findings import COMPILER, UNWIELDY, Checked, of_problems

    found = sources.find(paths)
    files = tuple(source.path for source in found)
    findings: list[Finding] = []
    for one in compiled(found, variables, findings):
        findings += of_problems(UNWIELDY, one.warnings)
    checked = Checked("validate", files, in_order(findings, files), COMPILER)
    write(checked, form, file)
    output.note(checked.summary())
    refuse_invalid(checked)


def fmt(paths: list[str], form: Form, file: Path | None) -> None:
    """Report the files that `fmt` would change: exit 2 when there are any, 65 for invalid ones."""
    from pmctl.sequence.findings import INVALID, About, Checked, Finding, of_problems
    from pmctl.sequence.fmt import fmt as canonical

    about = About(
        "fmt", "error", "The file is not in the one canonical form.", "pmctl campaign fmt"
    )
    found = sources.find(paths)
    files = tuple(source.path for source in found)
    findings: list[Finding] = []
    for source in found:
        try:
            before = source.read()
            after = canonical(before, source.path)
        except InputProblems as exc:
            findings += of_problems(INVALID, exc.problems)
            continue
        if after != before:
            line = _first_difference(before, after)
            problem = Problem(
                source.path, line, 1, "not in canonical form from here on", "", about.hint
            )
            findings.append(Finding(about.id, about.severity, problem))
    checked = Checked("fmt", files, in_order(findings, files), (INVALID, about))
    write(checked, form, file)
    refuse_invalid(checked)
    if checked.failed:
        raise typer.Exit(2)


def _first_difference(before: str, after: str) -> int:
    lines = before.split("\n")
    pairs = enumerate(zip(lines, after.split("\n"), strict=False), 1)
    return next((number for number, (one, other) in pairs if one != other), len(lines))

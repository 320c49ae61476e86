"""`pmctl campaign lint`: what is unwise in sequence files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import campaign_reports as reports
from pmctl.cli.campaign_reports import Form, ReportFile, ReportForm
from pmctl.cli.campaign_values import Env, Variables, VarsFiles, values
from pmctl.cli.common import Printing, group
from pmctl.clients import sources
from pmctl.errors import PmctlError, UsageError
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.sequence.findings import Checked, Finding

app = group("What is unwise in sequence files.")


class FailOn(StrEnum):
    """The mildest finding that makes `lint` fail."""

    error = "error"
    warning = "warning"


@app.command("lint", cls=Printing)
def lint(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILES...", help="Sequence files, folders of them, or - for stdin."),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="End with 1 from this severity on.")
    ] = FailOn.error,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="RULE", help="Only these rules: A,B.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="RULE", help="Not these rules: A,B.")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and why.")] = False,
    report: ReportForm = None,
    report_file: ReportFile = None,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Say what is unwise in sequence files, offline.

    Examples:
      pmctl campaign lint campaigns/
      pmctl campaign lint campaigns/ --fail-on warning --skip no-preheader
      pmctl campaign lint campaigns/ --report sarif --report-file lint.sarif
      pmctl campaign lint --rules

    `validate` refuses what is wrong, lint names what is unwise: a way out that is missing, a mail
    that Gmail cuts, too many mails a week. Exit code 1 when there is a finding of --fail-on or
    worse, 65 for a file that is invalid. What is meant so is said in the file, with its reason,
    on the step or on top: `# lint: skip RULE why it is meant`.
    """
    form = reports.settled(report, report_file)
    if rules:
        _rules()
        return
    if not paths:
        raise UsageError("which files?", hint="pmctl campaign lint campaigns/")
    chosen = _chosen(only, skip)
    checked = _checked(paths, values(ctx, variables, vars_files, env), chosen, fail_on)
    if form is None and output.asked() is not None:
        output.show(_rows(checked), ["path", "line", "column", "severity", "rule", "message"])
    else:
        reports.write(checked, form or Form.text, report_file)
    output.note(checked.summary())
    reports.refuse_invalid(checked)
    if checked.failed:
        from pmctl.sequence.findings import counted

        raise PmctlError(
            f"{counted(len(checked.failed), 'finding')} to mend",
            hint="mend them, or say why they are meant: # lint: skip RULE reason",
        )


def _rules() -> None:
    from pmctl.sequence.lint import ABOUT

    rows = [
        {"rule": one.id, "severity": one.severity, "why": one.why, "hint": one.hint}
        for one in ABOUT
    ]
    output.show(rows, ["rule", "severity", "why"])


def _chosen(only: list[str] | None, skip: list[str] | None) -> set[str]:
    """Return the rules to be used. Raises UsageError for a name that is none."""
    from pmctl.sequence.lint import NAMES

    chosen = set(_names(only)) or set(NAMES)
    unknown = sorted((chosen | set(_names(skip))) - NAMES)
    if unknown:
        hint = did_you_mean(unknown[0], sorted(NAMES), "`pmctl campaign lint --rules` lists them")
        raise UsageError(f"there is no lint rule {unknown[0]}", hint=hint)
    return chosen - set(_names(skip))


def _names(said: list[str] | None) -> Iterable[str]:
    return (name.strip() for names in said or () for name in names.split(",") if name.strip())


def _checked(
    paths: list[str], variables: Mapping[str, str], chosen: set[str], fail_on: FailOn
) -> Checked:
    from pmctl.sequence import lint as linter
    from pmctl.sequence.findings import INVALID, Checked

    found = sources.find(paths)
    names = tuple(source.path for source in found)
    findings: list[Finding] = []
    for one in reports.compiled(found, variables, findings):
        findings += linter.lint(one, chosen)
    return Checked(
        "lint",
        names,
        reports.in_order(findings, names),
        (INVALID, *(about for about in linter.ABOUT if about.id in chosen)),
        fail_on.value,
    )


def _rows(checked: Checked) -> list[dict[str, object]]:
    return [
        {
            "path": one.problem.path,
            "line": one.problem.line or None,
            "column": one.problem.column or None,
            "severity": one.severity,
            "rule": one.rule,
            "message": one.problem.message,
            "hint": one.problem.hint,
        }
        for one in checked.findings
    ]

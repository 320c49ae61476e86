"""Reports for machines and people: one module a format, each a pure function of `Checked`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pmctl.sequence.findings import Checked
from pmctl.sequence.reports import github, json_report, junit, sarif, text

FORMATS: Mapping[str, Callable[[Checked], str]] = {
    "text": text.report,
    "json": json_report.report,
    "github": github.report,
    "sarif": sarif.report,
    "junit": junit.report,
}

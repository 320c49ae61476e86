"""`--report` of validate and fmt: the report on stdout or in a file, the exit code as without."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from tests.campaigns import NUDGE, OTHER
from tests.conftest import Run
from tests.sequence.sarif import SCHEMA

FORMS = ("text", "json", "github", "sarif", "junit")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, one of them with a slip of the pen."""
    (tmp_path / "nudge.yaml").write_text(NUDGE)
    (tmp_path / "other.yaml").write_text(OTHER.replace("subject:", "subjekt:"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", FORMS)
def test_the_exit_code_of_validate_is_that_without_a_report(
    form: str, folder: Path, pmctl: Run
) -> None:
    assert pmctl("campaign", "validate", ".", "--report", form)[0] == 65
    assert pmctl("campaign", "validate", "nudge.yaml", "--report", form)[0] == 0


def test_the_problems_are_told_once(folder: Path, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "validate", ".", "--report", "text")

    assert code == 65
    assert "other.yaml:8:5: error: unknown key `subjekt`" in out
    assert "subjekt" not in err
    assert err.splitlines() == [
        "2 files: 1 error",
        "error: 1 problem in other.yaml",
        "hint: mend and run again",
    ]


def test_each_machine_form_of_validate_names_the_place(folder: Path, pmctl: Run) -> None:
    def reported(form: str) -> str:
        return pmctl("campaign", "validate", ".", "--report", form)[1]

    found = json.loads(reported("json"))["findings"]
    assert ("other.yaml", 8, 5) in {(one["path"], one["line"], one["column"]) for one in found}
    assert "::error file=other.yaml,line=8,col=5,title=invalid::" in reported("github")
    log = json.loads(reported("sarif"))
    jsonschema.validate(log, SCHEMA)
    assert {result["ruleId"] for result in log["runs"][0]["results"]} == {"invalid"}
    cases = ET.fromstring(reported("junit"))[0]
    assert [(case.get("name"), len(case)) for case in cases] == [
        ("nudge.yaml", 0), ("other.yaml", 1),
    ]  # fmt: skip


def test_a_report_file_holds_what_stdout_would(folder: Path, pmctl: Run) -> None:
    report = folder / "report.xml"
    _, shown, _ = pmctl("campaign", "validate", ".", "--report", "junit")

    code, out, _ = pmctl("campaign", "validate", ".", "--report", "junit", "--report-file", report)

    assert (code, out) == (65, "")
    assert report.read_text() == shown
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        "nudge.yaml", "other.yaml", "report.xml",
    ]  # fmt: skip


def test_a_report_that_cannot_be_written_is_one_clear_error(folder: Path, pmctl: Run) -> None:
    code, out, err = pmctl(
        "campaign", "validate", ".", "--report", "json", "--report-file", "no/such/report.json"
    )

    assert (code, out) == (1, "")
    assert "error: no/such/report.json cannot be written: No such file or directory\nhint:" in err


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "--report-file", "x.json"),
        ("validate", "--report", "json", "-o", "json"),
        ("validate", "--report", "html"),
        ("fmt", "--report", "json"),
    ],
)
def test_options_that_make_no_sense_together_are_wrong_usage(
    words: tuple[str, ...], folder: Path, pmctl: Run
) -> None:
    code, out, err = pmctl("campaign", *words, "nudge.yaml")

    assert (code, out) == (64, "")
    assert "hint" in err
    assert (folder / "nudge.yaml").read_text() == NUDGE


def test_fmt_reports_the_first_line_that_it_would_change(folder: Path, pmctl: Run) -> None:
    (folder / "other.yaml").write_text(OTHER.replace("name: Other", "name:   Other"))
    pmctl("campaign", "fmt", "nudge.yaml")

    code, out, _ = pmctl("campaign", "fmt", "--check", "--report", "github", ".")

    assert code == 2
    assert out.splitlines()[-1].startswith("::error file=other.yaml,line=")
    assert "nudge.yaml" not in out
    assert pmctl("campaign", "fmt", "--check", "--report", "json", "nudge.yaml")[0] == 0


def test_fmt_reports_an_invalid_file_and_ends_as_without(folder: Path, pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "fmt", "--check", "--report", "json", ".")

    assert code == pmctl("campaign", "fmt", "--check", ".")[0] == 65
    assert "invalid" in {found["rule"] for found in json.loads(out)["findings"]}


def test_a_value_that_looks_like_a_command_stays_a_value(folder: Path, pmctl: Run) -> None:
    (folder / "nudge.yaml").write_text(NUDGE.replace("within: 3d", 'within: "3d\\n::error::x"'))

    _, out, _ = pmctl("campaign", "validate", "nudge.yaml", "--report", "github")

    assert [line.split(" ")[0] for line in out.splitlines()] == ["::error"]

"""`campaign lint` as it is used: exit codes, choices of rules, reports, flat memory."""

from __future__ import annotations

import json
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pmctl.clients import sources
from pmctl.sequence.lint import ABOUT
from tests.campaigns import NUDGE
from tests.conftest import Run
from tests.sequence.lint_cases import mail, sequence
from tests.sequence.sarif import SCHEMA
from tests.shell import ROOT

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a sequence of steps into a file of the current folder; return its name."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, *steps: Any, **others: Any) -> str:
        data = sequence(*steps, **{"key": name, "name": name, **others})
        (tmp_path / f"{name}.yaml").write_text(json.dumps(data, indent=1))
        return f"{name}.yaml"

    return written


def test_a_clean_file_says_so_and_ends_with_0(write: Write, pmctl: Run) -> None:
    assert pmctl("campaign", "lint", write("good", mail())) == (0, "", "1 file: nothing found\n")


def test_the_examples_lint_clean(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "lint", ROOT / "campaigns", "--fail-on", "warning")

    assert (code, "warning" in out) == (0, False)


def test_an_error_is_told_with_its_place_and_ends_with_1(write: Write, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "lint", write("bad", mail(body="Hello")))

    assert code == 1
    first, hint, *more = out.splitlines()
    assert first.startswith("bad.yaml:33:")
    assert first.endswith(": error: marketing mail without an unsubscribe link [no-unsubscribe]")
    assert "{unsubscribe_text}" in hint
    assert not more
    assert err.splitlines()[:2] == ["1 file: 1 error", "error: 1 finding to mend"]


def test_a_warning_fails_only_where_asked_for(write: Write, pmctl: Run) -> None:
    name = write("loud", mail(subject="READ THIS NOW"))

    assert pmctl("campaign", "lint", name)[0] == 0
    assert pmctl("campaign", "lint", name, "--fail-on", "warning")[0] == 1


def test_a_remark_never_fails(write: Write, pmctl: Run) -> None:
    name = write("brief", mail(preheader=None))

    code, out, _ = pmctl("campaign", "lint", name, "--fail-on", "warning")

    assert (code, "[no-preheader]" in out) == (0, True)


def test_an_invalid_file_ends_with_65_and_the_others_are_linted(write: Write, pmctl: Run) -> None:
    write("bad", mail(body="Hello"))
    Path("broken.yaml").write_text(NUDGE.replace("within", "wihtin"))

    code, out, err = pmctl("campaign", "lint", ".")

    assert code == 65
    assert "[no-unsubscribe]" in out
    assert "broken.yaml:12:5: error: unknown key `wihtin`" in out
    assert err.count("wihtin") == 0


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ([], {"no-preheader", "subject-shouts"}),
        (["--only", "no-preheader"], {"no-preheader"}),
        (["--only", "no-preheader,subject-shouts"], {"no-preheader", "subject-shouts"}),
        (["--only", "no-preheader", "--only", "mail-size"], {"no-preheader"}),
        (["--skip", "no-preheader"], {"subject-shouts"}),
        (["--only", "no-preheader", "--skip", "no-preheader"], set()),
    ],
)
def test_rules_are_chosen_and_left_out(
    options: list[str], rules: set[str], write: Write, pmctl: Run
) -> None:
    name = write("loud", mail(subject="READ THIS NOW", preheader=None))

    _, out, _ = pmctl("campaign", "lint", name, "-o", "json", *options)

    assert {row["rule"] for row in json.loads(out)} == rules


def test_a_rule_that_is_none_is_wrong_usage(write: Write, pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "lint", write("good", mail()), "--skip", "no-preheder")

    assert (code, out) == (64, "")
    assert err == "error: there is no lint rule no-preheder\nhint: did you mean no-preheader?\n"


def test_no_files_is_wrong_usage(pmctl: Run) -> None:
    code, out, err = pmctl("campaign", "lint")

    assert (code, out) == (64, "")
    assert "hint: pmctl campaign lint campaigns/" in err


def test_every_rule_is_listed_with_its_reason(pmctl: Run) -> None:
    code, out, _ = pmctl("campaign", "lint", "--rules")

    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()[1:]] == [one.id for one in ABOUT]


def test_rows_for_programs(write: Write, pmctl: Run) -> None:
    _, out, _ = pmctl("campaign", "lint", write("bad", mail(body="Hello")), "-o", "json")

    (row,) = json.loads(out)
    assert {"path": "bad.yaml", "line": 33, "rule": "no-unsubscribe"}.items() <= row.items()


def test_each_report_names_rule_and_place(write: Write, pmctl: Run) -> None:
    write("bad", mail(body="Hello"))
    write("good", mail())

    def reported(form: str) -> str:
        code, out, _ = pmctl("campaign", "lint", ".", "--report", form)
        assert code == 1
        return out

    document = json.loads(reported("json"))
    assert (document["version"], document["command"], document["ok"]) == (1, "lint", False)
    assert reported("github").startswith("::error file=bad.yaml,line=33,col=")
    log = json.loads(reported("sarif"))
    jsonschema.validate(log, SCHEMA)
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["no-unsubscribe"]
    suite = ET.fromstring(reported("junit"))[0]
    assert [(case.get("name"), len(case)) for case in suite] == [("bad.yaml", 1), ("good.yaml", 0)]


def test_a_skip_in_the_file_counts_with_every_option(write: Write, pmctl: Run) -> None:
    name = write("bad", mail(body="Hello"))
    text = Path(name).read_text()
    Path(name).write_text(f"# lint: skip no-unsubscribe it goes to colleagues only\n{text}")

    assert pmctl("campaign", "lint", name) == (0, "", "1 file: nothing found\n")


def test_each_file_is_compiled_once_and_forgotten(
    write: Write, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "word " * 4_000
    for number in range(60):
        write(f"good-{number}", mail(more=text))
    seen: list[int] = []
    compile_one = sources.Source.compile

    def counted(self: sources.Source, variables: dict[str, str]) -> Any:
        seen.append(tracemalloc.get_traced_memory()[0])
        return compile_one(self, variables)

    monkeypatch.setattr(sources.Source, "compile", counted)
    tracemalloc.start()
    try:
        assert pmctl("campaign", "lint", ".")[0] == 0
    finally:
        tracemalloc.stop()

    assert len(seen) == 60
    # each file is some 60 KB with its parts; kept, they would come to megabytes
    assert seen[-1] - seen[10] < 500_000

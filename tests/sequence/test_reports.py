"""Every form of a report holds every finding, whatever its words are, and parses."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.errors import Problem
from pmctl.sequence.findings import SEVERITIES, About, Checked, Finding, Severity
from pmctl.sequence.reports import FORMATS
from tests.sequence.sarif import SCHEMA

RULES = (
    About("dead-link", "error", "A link that leads nowhere.", "write the whole address"),
    About("no-alt", "warning", "A picture without words."),
)


def problem(path: str = "a.yaml", line: int = 3, message: str = "wrong", hint: str = "") -> Problem:
    return Problem(path, line, 5 if line else 0, message, "", hint)


def checked(*findings: Finding, files: tuple[str, ...] = ("a.yaml", "b.yaml")) -> Checked:
    return Checked("lint", files, findings, RULES)


def one(severity: Severity = "error", rule: str = "dead-link", **words: str | int) -> Finding:
    return Finding(rule, severity, problem(**words))  # type: ignore[arg-type]


def test_text_is_a_line_for_each_finding_and_its_hint_below():
    found = one(message="a link to nowhere", hint="write the whole address")

    assert FORMATS["text"](checked(found)) == (
        "a.yaml:3:5: error: a link to nowhere [dead-link]\n    write the whole address\n"
    )


def test_a_github_command_escapes_what_would_end_it():
    found = one("info", path="a,b:c.yaml", message="100%\n::error::x", hint="then: this")

    assert FORMATS["github"](checked(found)) == (
        "::notice file=a%2Cb%3Ac.yaml,line=3,col=5,title=dead-link::"
        "100%25\\n::error::x%0Athen: this\n"
    )


def test_github_gets_the_worst_first_for_it_shows_ten_of_each():
    found = [one(severity) for severity in ("info", "warning", "error", "info")]

    lines = FORMATS["github"](checked(*found)).splitlines()

    assert [line.split()[0] for line in lines] == ["::error", "::warning", "::notice", "::notice"]


def test_a_finding_of_a_whole_file_has_no_line():
    found = checked(one(line=0))

    assert "line=" not in FORMATS["github"](found)
    assert json.loads(FORMATS["json"](found))["findings"][0]["line"] is None
    (result,) = json.loads(FORMATS["sarif"](found))["runs"][0]["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_json_says_what_fails_and_counts():
    document = json.loads(FORMATS["json"](checked(one(), one("warning", "no-alt"))))

    assert (document["version"], document["command"], document["ok"]) == (1, "lint", False)
    assert document["summary"] == {"files": 2, "error": 1, "warning": 1, "info": 0}
    assert [found["fails"] for found in document["findings"]] == [True, False]


def test_sarif_names_each_rule_with_its_help():
    (run,) = json.loads(FORMATS["sarif"](checked(one("warning", "no-alt"))))["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["dead-link", "no-alt"]
    assert "write the whole address" in rules[0]["help"]["text"]
    (result,) = run["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "no-alt"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("campaigns/a.yaml", "campaigns/a.yaml"),
        ("./a.yaml", "a.yaml"),
        ("größe 100%.yaml", "gr%C3%B6%C3%9Fe%20100%25.yaml"),
        ("/home/ana/a.yaml", "file:///home/ana/a.yaml"),
    ],
)
def test_a_path_in_sarif_is_a_uri(path: str, uri: str):
    (run,) = json.loads(FORMATS["sarif"](checked(one(path=path))))["runs"]

    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == uri


def test_junit_has_a_case_for_each_file_and_fails_only_what_fails():
    found = checked(one(), one(message="again"), one("warning", "no-alt", path="b.yaml"))

    suite = ET.fromstring(FORMATS["junit"](found))[0]

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failing, passing = suite
    failure = failing.find("failure")
    assert failure is not None
    assert failure.get("message") == "2 problems: dead-link"
    assert "again" in (failure.text or "")
    assert passing.find("failure") is None
    assert "no-alt" in (passing.findtext("system-out") or "")


texts = st.text(max_size=30)
findings = st.builds(
    Finding,
    st.sampled_from([rule.id for rule in RULES]),
    st.sampled_from(SEVERITIES),
    st.builds(
        lambda path, line, message, hint: problem(path, line, message or "x", hint),
        texts.filter(bool), st.integers(0, 9), texts, texts,
    ),
)  # fmt: skip


@given(st.lists(findings, max_size=4), st.sampled_from(SEVERITIES))
def test_every_form_parses_whatever_the_words_are(found: list[Finding], fails_at: Severity):
    whole = Checked("lint", ("a.yaml",), tuple(found), RULES, fails_at)

    document = json.loads(FORMATS["json"](whole))
    assert [one["message"] for one in document["findings"]] == [f.problem.message for f in found]

    log = json.loads(FORMATS["sarif"](whole))
    jsonschema.validate(log, SCHEMA)
    assert len(log["runs"][0]["results"]) == len(found)

    suites = ET.fromstring(FORMATS["junit"](whole))
    assert len(suites[0]) == len({"a.yaml", *(one.problem.path for one in found)})
    assert len(suites.findall(".//failure")) == len({one.problem.path for one in whole.failed})

    lines = FORMATS["github"](whole).splitlines()
    assert len(lines) == len(found)
    assert all(re.match(r"::(error|warning|notice) file=[^:]*::", line) for line in lines)

    for text in (FORMATS[form](whole) for form in FORMATS):
        assert "\x1b" not in text


@given(st.text(max_size=30))
def test_a_github_property_is_read_back_as_it_was(path: str):
    (line,) = FORMATS["github"](checked(one(path=path.replace("\\", "")))).splitlines()

    said = re.match(r"::error file=([^,]*),", line)
    assert said
    # what cannot be printed is spelt out before
    if path.isprintable():
        assert unquote(said[1]) == path.replace("\\", "")

"""The workflow files that the README shows: they parse, and every command in them exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pmctl.main import root
from tests.conftest import Run
from tests.shell import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## In CI") : README.index("\n## Output")]
GITHUB, GITLAB = (
    block
    for block in re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    if "pmctl campaign" in block
)


def workflow(text: str) -> dict[str, Any]:
    """A workflow file; its `on` is a word here, as for the services that read it."""
    data = yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
    assert isinstance(data, dict)
    return data


def scripts(data: Any) -> Iterator[str]:
    """Every text that a shell will run."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "run":
                yield value
            elif key in ("script", "before_script"):
                yield from value
            else:
                yield from scripts(value)
    elif isinstance(data, list):
        for value in data:
            yield from scripts(value)


def commands(text: str) -> list[list[str]]:
    """The arguments of every pmctl in the workflow, as a shell would cut them."""
    whole = "\n".join(scripts(workflow(text)))
    found = re.findall(r"(?:^|[{;])\s*pmctl ([^;|>\n]*)", whole, re.MULTILINE)
    return [shlex.split(words) for words in found]


def parsed(words: list[str]) -> str:
    """Let the command tree parse the words, run nothing; return the path of the command."""
    command: Any = root()
    path = ["pmctl"]
    words = list(words)
    context = command.make_context("pmctl", words, obj={})
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        path.append(name)
        context = command.make_context(name, words, parent=context)
    return " ".join(path)


@pytest.mark.parametrize("text", [GITHUB, GITLAB], ids=["github", "gitlab"])
def test_every_command_of_a_workflow_is_one(text: str) -> None:
    used = [parsed(words) for words in commands(text)]

    needed = ("fmt", "lint", "plan", "apply", "diff")
    assert set(used) == {f"pmctl campaign {name}" for name in needed}


def test_a_slip_in_a_workflow_would_be_found() -> None:
    wrong = GITHUB.replace("--fail-on warning", "--fail-at warning")

    with pytest.raises(Exception, match="--fail-at"):
        [parsed(words) for words in commands(wrong)]


def test_the_workflows_have_what_their_services_ask_for() -> None:
    github, gitlab = workflow(GITHUB), workflow(GITLAB)

    assert set(github["on"]) == {"pull_request", "push", "schedule"}
    for job in github["jobs"].values():
        assert job["runs-on"]
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    jobs = {name: job for name, job in gitlab.items() if "script" in job}
    assert set(jobs) == {"lint", "plan", "apply", "nightly"}
    assert all(job["stage"] in gitlab["stages"] and job["rules"] for job in jobs.values())


def test_secrets_come_from_the_environment_alone() -> None:
    github = workflow(GITHUB)
    for text in [*scripts(github), *scripts(workflow(GITLAB))]:
        assert "secrets." not in text
        assert "CLIENT_SECRET" not in text
    checks = [s for s in github["jobs"]["check"]["steps"] if "pmctl" in s.get("run", "")]
    # what a request from a fork runs has no secret at hand
    assert [bool(step.get("env")) for step in checks] == [False, False, False, True]
    assert "head.repo.full_name == github.repository" in checks[-1]["if"]


def test_the_commands_of_the_checks_run_as_they_stand(
    pmctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaigns").symlink_to(ROOT / "campaigns")

    for words in [*commands(GITHUB), *commands(GITLAB)]:
        if words[1] in ("fmt", "lint"):
            assert pmctl(*words)[0] == 0, words
    assert (tmp_path / "lint.xml").exists()


def test_no_service_of_others_is_named() -> None:
    hosts = set(re.findall(r"https?://([\w.-]+)", SECTION))

    assert hosts == set()

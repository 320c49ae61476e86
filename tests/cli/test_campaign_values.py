"""--var, --vars and --env on the command line, and the environment that is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.sandboxes import campaigns_in

TEXT = """\
version: 1
key: trial
name: Trial ${CITY}
audience: {segments: [trial-day-2]}
environments:
  staging: {name: Trial on staging, audience: {segments: [seed-list]}, published: false}
steps:
  - tag: {add: [warm]}
"""


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """A sequence file with one environment and one variable."""
    path = tmp_path / "trial.yaml"
    path.write_text(TEXT)
    return path


def _config(home: Path, *contexts: str, default: str) -> None:
    folder = home / ".config" / "pmctl"
    folder.mkdir(parents=True)
    tables = "".join(f"[contexts.{name}]\n" for name in contexts)
    (folder / "config.toml").write_text(f'default_context = "{default}"\n{tables}')


def _first_line(pmctl: Run, *more: str | Path) -> str:
    code, out, err = pmctl("campaign", "graph", *more)
    assert code == 0, err
    return out.split("\n")[0]


def test_var_beats_the_last_vars_file_which_beats_the_environment(
    trial: Path, tmp_path: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.env").write_text("CITY=A\n")
    (tmp_path / "b.yaml").write_text("CITY: B\n")
    files = ("--vars", tmp_path / "a.env", "--vars", tmp_path / "b.yaml")
    monkeypatch.setenv("CITY", "E")

    assert _first_line(pmctl, trial) == "Trial E  trial"
    assert _first_line(pmctl, trial, *files) == "Trial B  trial"
    assert _first_line(pmctl, trial, *files[2:], *files[:2]) == "Trial A  trial"
    assert _first_line(pmctl, trial, *files, "--var", "CITY=V") == "Trial V  trial"


@pytest.mark.parametrize("command", ["validate", "explain", "graph", "plan", "apply", "diff"])
def test_every_command_that_takes_values_takes_files_of_them(
    command: str, trial: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    (tmp_path / "values").write_text("CITY=Lisbon\n")

    code, _, err = pmctl("campaign", command, trial, "--vars", tmp_path / "values")

    assert code == (2 if command == "diff" else 0), err


def test_a_secret_of_pmctl_is_no_value_from_anywhere(
    trial: Path, tmp_path: Path, pmctl: Run
) -> None:
    (tmp_path / "v").write_text("PMCTL_MAUTIC_PASSWORD=sesame-sesame\n")

    code, out, err = pmctl("campaign", "validate", trial, "--vars", tmp_path / "v")
    again, _, said = pmctl("campaign", "validate", trial, "--var", "PMCTL_X=y")

    assert (code, again) == (65, 64)
    assert f"{tmp_path}/v:1:1: PMCTL_MAUTIC_PASSWORD is one of pmctl's own" in err
    assert "--var PMCTL_X: PMCTL_X is one of pmctl's own" in said
    assert out == ""


def test_a_file_of_values_that_is_not_there_is_named(trial: Path, pmctl: Run) -> None:
    code, _, err = pmctl("campaign", "validate", trial, "--vars", "nowhere.yaml")

    assert code == 65
    assert "error: --vars nowhere.yaml: cannot be read: No such file or directory" in err


def test_the_environment_is_the_one_named_or_that_of_the_context_in_force(
    trial: Path, home: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY", "Lisbon")

    assert _first_line(pmctl, trial) == "Trial Lisbon  trial"
    assert _first_line(pmctl, trial, "--env", "staging").startswith("Trial on staging")

    _config(home, "staging", "production", default="staging")
    assert _first_line(pmctl, trial).startswith("Trial on staging")
    assert _first_line(pmctl, trial, "--context", "production") == "Trial Lisbon  trial"
    assert _first_line(pmctl, trial, "--env", "production") == "Trial Lisbon  trial"
    monkeypatch.setenv("PMCTL_CONTEXT", "production")
    assert _first_line(pmctl, trial) == "Trial Lisbon  trial"


def test_an_unreadable_configuration_stops_no_offline_command(
    trial: Path, home: Path, pmctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY", "Lisbon")
    _config(home, "a", default="nowhere")

    assert _first_line(pmctl, trial) == "Trial Lisbon  trial"
    assert pmctl("campaign", "validate", trial, "--context", "b")[0] == 78


def test_names_that_are_no_context_are_warned_of_and_named_environments_too(
    trial: Path, home: Path, pmctl: Run
) -> None:
    _config(home, "stagging", default="stagging")

    code, _, err = pmctl("campaign", "validate", trial, "--var", "CITY=x", "--env", "stagin")

    assert code == 0
    assert f"{trial}:6:3: there is no environment stagin here; did you mean staging?" in err
    assert "the configuration has no context staging; did you mean stagging?" in err


def test_apply_writes_what_the_context_in_force_says(
    trial: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY", "Lisbon")
    for context in ("staging", "production"):
        monkeypatch.setenv("PMCTL_CONTEXT", context)
        code, _, err = pmctl("campaign", "apply", trial, *["--takeover"] * (context != "staging"))
        assert code == 0, err
        (campaign,) = campaigns_in(sandbox)
        segments = [one["alias"] for one in campaign["lists"]]
        if context == "staging":
            expected = ("Trial on staging", False, ["seed-list"])
        else:
            expected = ("Trial Lisbon", True, ["trial-day-2"])
        assert (campaign["name"], campaign["isPublished"], segments) == expected
        assert pmctl("campaign", "plan", trial)[1] == "1 campaign: 1 up to date\n"

"""The README shows what really happens: its tour is run, and its output compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmctl.errors import EXIT_CODES
from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _shown() -> list[tuple[str, str]]:
    """Every `$ pmctl campaign …` of the tour with the output below it."""
    parts = [
        part for block in BLOCKS for part in re.split(r"^\$ pmctl ", block, flags=re.MULTILINE)[1:]
    ]
    pairs = [part.partition("\n") for part in parts if part.startswith("campaign")]
    return [(command, output.strip()) for command, _, output in pairs]


def test_the_tour_prints_what_the_readme_shows(
    pmctl: Run,
    sandbox: MauticSandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sequence = next(block for block in BLOCKS if block.startswith("version: 1"))
    (tmp_path / "nudge.yaml").write_text(sequence)
    (tmp_path / "slip.yaml").write_text(sequence.replace("within", "wihtin"))
    monkeypatch.chdir(tmp_path)
    shown = _shown()
    assert len(shown) >= 5

    for command, expected in shown:
        _, out, err = pmctl(*command.split())
        assert f"{err}{out}".strip() == expected, command


def test_the_table_of_exit_codes_is_whole() -> None:
    table = README[README.index("## Exit codes") : README.index("## How a command runs")]
    named = {
        int(code)
        for code in re.findall(r"\d+", re.sub(r"\|[^|]*\|$", "", table, flags=re.MULTILINE))
    }

    assert set(EXIT_CODES) <= named


def test_every_group_is_in_the_table() -> None:
    from pmctl.main import GROUPS

    assert [name for name in GROUPS if f"| `{name}` |" not in README] == []


def test_the_test_command_of_the_readme_is_what_ci_runs() -> None:
    script = (Path(__file__).parents[1] / ".ci" / "run").read_text(encoding="utf-8")
    command = script.strip().splitlines()[-1]

    assert command in README

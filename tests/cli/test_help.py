from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pmctl.cli.help import tree
from pmctl.errors import EXIT_CODES
from pmctl.main import GROUPS, root


def below(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield command
    for child in command.get("commands", ()):
        yield from below(child)


def test_the_whole_tree_is_printed_as_json(pmctl):
    code, out, err = pmctl("help", "--json")

    assert (code, err) == (0, "")
    described = json.loads(out)
    assert described["path"] == "pmctl"
    assert [group["name"] for group in described["commands"]] == list(GROUPS)
    paths = [command["path"] for command in below(described)]
    assert "pmctl help exit-codes" in paths
    assert len(paths) == len(set(paths))


def test_a_parameter_is_described_well_enough_to_build_a_form():
    described = {c["path"]: c for c in below(tree(root()))}
    options = {p["name"]: p for p in described["pmctl config list"]["parameters"]}

    assert options["output"] == {
        "name": "output",
        "kind": "option",
        "flags": ["--output", "-o"],
        "metavar": None,
        "takes_value": True,
        "choices": ["table", "json", "jsonl", "yaml", "csv"],
        "required": False,
        "several": False,
        "help": "How results are written.",
    }
    assert options["no_header"]["takes_value"] is False


def test_every_command_and_every_parameter_is_explained():
    for command in below(tree(root())):
        assert command["summary"].endswith("."), command["path"]
        assert command["examples"], f"{command['path']} has no example"
        for parameter in command["parameters"]:
            assert parameter["help"], f"{command['path']}: {parameter['name']} has no help"


def test_every_example_is_a_command_line_that_exists():
    known = {command["path"]: command for command in below(tree(root()))}
    flags = {path: {f for p in c["parameters"] for f in p["flags"]} for path, c in known.items()}
    for command in known.values():
        for line in command["examples"]:
            words = line.partition("pmctl ")[2].partition("  ")[0].split()
            words = words[: next((n for n, word in enumerate(words) if word in "|>&&"), None)]
            path = "pmctl"
            for word in words:
                if f"{path} {word}" in known:
                    path = f"{path} {word}"
            said = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert path != "pmctl" or "--" in line, f"{command['path']}: {line}"
            assert said - {"--help"} <= flags[path] | flags["pmctl"], f"{command['path']}: {line}"


def test_no_line_of_help_is_wider_than_a_small_terminal(pmctl, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for command in below(tree(root())):
        code, out, err = pmctl(*command["path"].split()[1:], "--help")
        assert (code, err) == (0, "")
        wide = [line for line in out.splitlines() if len(line) > 80]
        assert not wide, f"{command['path']}: {wide}"


def test_help_without_a_word_is_the_help_of_pmctl(pmctl):
    assert pmctl("help") == pmctl("--help")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_needs_no_configuration(flag, pmctl, tmp_path, monkeypatch):
    (tmp_path / "broken.toml").write_text("= broken")
    monkeypatch.setenv("PMCTL_CONFIG", str(tmp_path / "broken.toml"))
    assert pmctl("config", "get", flag)[0] == 0


def test_exit_codes_are_listed_with_their_meaning(pmctl):
    code, out, _ = pmctl("help", "exit-codes")

    assert code == 0
    assert [int(line.split()[0]) for line in out.splitlines()] == list(EXIT_CODES)
    assert "  78  configuration" in out.splitlines()


def test_help_of_a_group_or_command_may_be_asked_for_in_either_order(pmctl):
    assert pmctl("help", "campaign", "apply")[1] == pmctl("campaign", "apply", "--help")[1]
    assert pmctl("help", "config")[1] == pmctl("config", "--help")[1]


def test_help_of_what_does_not_exist_names_the_nearest(pmctl):
    assert pmctl("help", "campain")[::2] == (
        64, "error: no such command 'campain'\nhint: did you mean campaign?\n",
    )  # fmt: skip
    assert "did you mean apply?" in pmctl("help", "campaign", "aply")[2]
    assert pmctl("help", "config", "set", "x")[0] == 64

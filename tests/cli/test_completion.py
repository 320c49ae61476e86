from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmctl import names
from pmctl.cli.completion import BASH, FISH, ZSH, answers, asked_words, files
from pmctl.main import GROUPS, root
from tests.shell import PMCTL, ROOT, run


def offered(*words: str) -> list[str]:
    *before, incomplete = words
    return [item.value for item in answers(root(), before, incomplete)]


@pytest.fixture
def contexts(home: Path) -> None:
    folder = home / ".config/pmctl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[contexts.production]\n[contexts.test]\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], list(GROUPS)),
        (["co"], ["config", "completion"]),
        (["--col"], ["--color"]),
        (["completion", ""], ["bash", "zsh", "fish", "write"]),
        (["completion", "b"], ["bash"]),
        (["completion", "--ver"], ["--version"]),
        (["config", "list", "--out"], ["--output"]),
        (["config", "list", "-o", "j"], ["json", "jsonl"]),
        (["config", "list", "--output", "=", "c"], ["csv"]),
        (["config", "list", "--output", "="], ["table", "json", "jsonl", "yaml", "csv"]),
        (["config", "list", "--output=y"], ["yaml"]),
        (["--color", "a"], ["auto", "always"]),
        (["--color", "never", "hel"], ["help"]),
        (["--context", "zzz", "completion", "f"], ["fish"]),
        (["-q", "completion", "z"], ["zsh"]),
        (["nonsense", ""], []),
        (["nonsense", "--out"], []),
        (["completion", "write", ""], []),
        (["completion", "bash", "too", ""], []),
        (["help", "--j"], ["--json"]),
        (["webhook", "trigger", "mautic.email_"], ["mautic.email_on_send", "mautic.email_on_open"]),
    ],
)
def test_what_is_offered(words, expected):
    assert offered(*words) == expected


def test_contexts_come_from_the_configuration_file(contexts):
    assert offered("--context", "") == ["production", "test"]
    assert offered("config", "list", "--context", "t") == ["test"]
    assert offered("--context=p") == ["production"]
    assert offered("config", "use", "p") == ["production"]


def test_campaigns_come_from_the_last_answer_and_no_server_is_asked(home):
    names.remember("campaigns", ["welcome", "trial-nudge"])

    assert offered("campaign", "show", "w") == ["welcome"]
    assert offered("campaign", "unpublish", "") == ["trial-nudge", "welcome"]


def test_a_broken_configuration_offers_no_context(home):
    folder = home / ".config/pmctl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("= broken")
    assert offered("--context", "") == []


def test_a_hidden_command_is_not_offered_but_every_other_one_is():
    top = root()
    for group in GROUPS:
        visible = [name for name, _ in top.child(group).summaries(None)]
        assert offered(group, "") == visible


def test_words_come_one_a_line_and_may_hold_blanks():
    said = {"COMP_WORDS": "pmctl\n--config\n'my file'\nconf", "COMP_CWORD": "3"}
    assert asked_words(said) == (["--config", "my file"], "conf")
    assert asked_words({"COMP_WORDS": "pmctl", "COMP_CWORD": "1"}) == ([], "")
    assert asked_words({"COMP_WORDS": "pmctl\n\nx", "COMP_CWORD": "1"}) == ([], "")


def asking(shell: str, *words: str) -> subprocess.CompletedProcess[str]:
    lines = "\n".join(["pmctl", *words])
    return run(
        *PMCTL,
        _PMCTL_COMPLETE=f"complete_{shell}", COMP_WORDS=lines, COMP_CWORD=str(len(words)),
    )  # fmt: skip


def test_zsh_and_fish_get_the_help_beside_the_word():
    assert asking("zsh", "completion", "z").stdout == "zsh:Print the completion script of zsh.\n"
    assert asking("fish", "completion", "z").stdout == "zsh\tPrint the completion script of zsh.\n"
    assert asking("fish", "config", "list", "-o", "c").stdout == "csv\n"


def test_an_unknown_shell_gets_no_answer():
    done = asking("tcsh", "")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_nonsense_from_a_shell_is_answered_by_silence():
    done = run(*PMCTL, _PMCTL_COMPLETE="complete_bash", COMP_WORDS="pmctl", COMP_CWORD="x")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_completion_loads_no_other_group_and_nothing_heavy():
    done = run(
        sys.executable, "-X", "importtime", "-m", "pmctl",
        _PMCTL_COMPLETE="complete_bash", COMP_WORDS="pmctl\ncompletion\n", COMP_CWORD="2",
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.stdout.split() == ["bash", "zsh", "fish", "write"]
    assert "pmctl.cli.completion" in loaded
    assert not loaded & {"pmctl.cli.config", "rich", "httpx", "yaml", "pydantic", "keyring", "ssl"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with `pmctl` in it."""
    program = tmp_path / "bin" / "pmctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pmctl "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def in_bash(path: str, *words: str) -> list[str]:
    """What a real bash offers for the last word."""
    assert shutil.which("bash")
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"source {ROOT}/completions/pmctl.bash\n"
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        "$(complete -p pmctl | sed 's/.*-F \\([^ ]*\\).*/\\1/') pmctl\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = run("bash", "--norc", "-euc", script, PATH=path)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_real_bash_completes_groups_options_and_choices(path, contexts):
    assert in_bash(path, "pmctl", "") == list(GROUPS)
    assert in_bash(path, "pmctl", "completion", "") == ["bash", "zsh", "fish", "write"]
    assert in_bash(path, "pmctl", "config", "list", "-o", "js") == ["json", "jsonl"]
    assert in_bash(path, "pmctl", "config", "list", "--output", "=", "js") == ["json", "jsonl"]
    assert in_bash(path, "pmctl", "--context", "") == ["production", "test"]


def test_the_scripts_are_valid_for_their_shells(tmp_path):
    for shell, script in (("bash", BASH), ("zsh", ZSH), ("fish", FISH)):
        assert f"_PMCTL_COMPLETE{' ' if shell == 'fish' else '='}complete_{shell}" in script
        (tmp_path / shell).write_text(script)
        if shutil.which(shell):  # bash is everywhere that we test
            done = subprocess.run([shell, "-n", tmp_path / shell], capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, b""), shell


@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_the_script_of_each_shell_is_printed(shell, script, pmctl):
    assert pmctl("completion", shell) == (0, script, "")


def test_what_is_checked_in_is_what_would_be_generated(monkeypatch):
    folder = ROOT / "completions"
    checked_in = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert checked_in == files(root()), "run `pmctl completion write completions`"


def test_the_files_are_written_where_asked(pmctl, tmp_path):
    code, out, err = pmctl("completion", "write", tmp_path / "new")

    assert (code, out) == (0, "")
    assert err.count("wrote ") == len(files(root())) >= 4 + len(GROUPS)
    assert (tmp_path / "new/man/pmctl-config.1").read_text().startswith('.TH "PMCTL-CONFIG" 1')


def test_a_folder_that_cannot_be_written_is_one_clear_error(pmctl, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = pmctl("completion", "write", tmp_path / "file")
    assert (code, out) == (1, "")
    assert err.startswith(f"error: cannot write {tmp_path}/file/")
    assert len(err.splitlines()) == 2

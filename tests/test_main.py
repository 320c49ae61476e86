from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import types
from pathlib import Path
from typing import Annotated

import pytest
import typer

from pmctl import main as shell
from pmctl import output
from pmctl.cli.common import Command, Group, Printing, context_of, group
from pmctl.errors import NotFound, PmctlError, hide
from tests.shell import PMCTL, at_a_terminal, environment, run

app = group("A group for tests.\n\nExamples:\n  pmctl probe rows")


@app.command("rows", cls=Printing)
def rows(count: int = 3) -> None:
    """Print rows.

    Examples:
      pmctl probe rows
    """
    output.show(({"name": f"row {number}"} for number in range(count)), ["name"])


@app.command("fail", cls=Printing)
def fail(how: Annotated[str, typer.Argument()], text: str = "") -> None:
    """Fail in some way.

    Examples:
      pmctl probe fail bug
    """
    kinds = {
        "bug": ZeroDivisionError(text),
        "missing": NotFound(f"no {text}", hint="list them"),
        "exit": SystemExit(9),
        "exit-nothing": SystemExit(None),
        "exit-words": SystemExit("words"),
        "typer": typer.Exit(2),
        "abort": typer.Abort(),
        "ctrl-c": KeyboardInterrupt(),
        "pipe": BrokenPipeError(32, "Broken pipe"),
        "full": OSError(28, "No space left on device"),
    }
    raise kinds[how]


@app.command("options", cls=Command)
def options(ctx: typer.Context) -> None:
    """Print the shared options.

    Examples:
      pmctl probe options
    """
    said = context_of(ctx).options
    sys.stdout.write(json.dumps(said))


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of our own in the table, loaded as every other one."""
    module = types.ModuleType("pmctl.cli.probe")
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pmctl.cli.probe", module)
    monkeypatch.setitem(shell.PARTS, "probe", ("pmctl.cli.probe", "A group for tests."))


PROBE = """
import sys, types
sys.path.insert(0, {tests!r})
import test_main
from pmctl import main as shell
module = types.ModuleType("pmctl.cli.probe"); module.app = test_main.app
sys.modules["pmctl.cli.probe"] = module
shell.PARTS["probe"] = ("pmctl.cli.probe", "A group for tests.")
{before}
sys.exit(shell.main(sys.argv[1:]))
"""


def probing(*arguments: str, before: str = "") -> list[str]:
    script = PROBE.format(tests=str(Path(__file__).parent), before=before)
    return [sys.executable, "-c", script, *arguments]


def process(script: str, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which "$@" is pmctl with the group for tests."""
    changes = {"PYTHONPATH": f"{environment()['PYTHONPATH']}:{Path.cwd()}", **changes}
    return run("bash", "-c", script, "bash", *probing(*arguments), **changes)


def test_without_arguments_it_prints_its_help(pmctl):
    assert pmctl() == pmctl("--help")
    assert pmctl()[0] == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["--version"],
        ["probe", "--version"],
        ["probe", "rows", "--version"],
        ["--color", "never", "--version"],
        ["--version", "nonsense"],
        ["probe", "fail", "--version"],
    ],
)
def test_the_version_is_told_in_every_position(argv, pmctl):
    code, out, err = pmctl(*argv)
    assert (code, err) == (0, "")
    assert out.startswith("pmctl 0.")


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["prob"], "no such command 'prob'", "did you mean 'probe'?"),
        (["probe", "rws"], "no such command 'rws'", "did you mean 'rows'?"),
        (["probe", "zzz"], "no such command 'zzz'", "`pmctl probe --help` shows how"),
        (["probe"], "pmctl probe needs a command", "`pmctl probe --help` lists them"),
        (["probe", "rows", "--coun", "3"], "no such option: --coun", "did you mean"),
        (["--colr", "x"], "no such option: --colr", "did you mean --color?"),
        (["probe", "fail"], "missing argument 'how'", "`pmctl probe fail --help` shows how"),
        (["probe", "rows", "--count", "x"], "'x' is not a valid int", "--help` shows how"),
        (["probe", "rows", "-o", "xml"], "'xml' is not one of", "--help` shows how"),
        (["probe", "rows", "--columns", "a"], "there is no column 'a'", "columns: name"),
        (["probe", "rows", "extra"], "unexpected extra argument", "--help` shows how"),
    ],
)
def test_wrong_usage_is_two_lines_and_64(argv, message, hint, pmctl):
    code, out, err = pmctl(*argv)

    assert (code, out) == (64, "")
    first, second = err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert hint in second


@pytest.mark.parametrize("flags", [["-o", "json"], ["-ojson"], ["--output=json"], ["-o", "jsonl"]])
def test_errors_are_objects_when_json_is_asked_for_even_for_wrong_usage(flags, pmctl):
    for argv, code in ((["missing", "--text", "box"], 3), (["missing", "--colr"], 64)):
        assert pmctl("probe", "fail", *argv)[2].startswith("error: ")
        got, out, err = pmctl("probe", "fail", *argv, *flags)
        assert (got, out) == (code, "")
        error = json.loads(err)["error"]
        assert error["exit_code"] == code
        assert set(error) == {"message", "hint", "exit_code"}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("missing", 3),
        ("typer", 2),
        ("exit", 9),
        ("exit-nothing", 0),
        ("exit-words", 1),
        ("abort", 130),
        ("ctrl-c", 130),
        ("pipe", 141),
        ("full", 1),
        ("bug", 70),
    ],
)
def test_whatever_happens_main_returns_a_code(how, code, pmctl):
    got, _, err = pmctl("probe", "fail", how)
    assert got == code
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "argv",
    [
        ["--context", "one", "-q", "probe", "options"],
        ["probe", "--context", "one", "-q", "options"],
        ["probe", "options", "--context", "one", "-q"],
        ["--context", "two", "probe", "--context", "three", "-q", "options", "--context", "one"],
    ],
)
def test_shared_options_may_stand_anywhere_and_the_last_wins(argv, pmctl):
    code, out, _ = pmctl(*argv)
    assert code == 0
    assert json.loads(out) == {"argv": argv, "context": "one", "quiet": True}


def test_a_bug_is_reported_in_a_file_for_us_alone_without_secrets(pmctl, home):
    hide(["bug-canary"])

    code, out, err = pmctl("probe", "fail", "bug", "--text", "bug-canary")

    (report,) = (home / ".local/state/pmctl").glob("bug-*.txt")
    assert (code, out) == (70, "")
    assert str(report) in err
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "test_main.py" in text
    assert "bug-canary" not in text + err


def test_a_bug_report_goes_to_the_temporary_folder_when_the_home_is_unusable(
    pmctl, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    code, _, err = pmctl("probe", "fail", "bug")

    (report,) = tmp_path.glob("bug-*.txt")
    assert code == 70
    assert str(report) in err


def test_a_bug_is_reported_even_where_no_file_can_be_written(pmctl, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))

    code, _, err = pmctl("probe", "fail", "bug")

    assert code == 70
    assert "no file (No such file or directory)" in err


def test_the_reader_of_a_long_list_may_go_away():
    done = process('"$@" | head -1; exit ${PIPESTATUS[0]}', "probe", "rows", "--count", "200000")
    assert (done.returncode, done.stdout, done.stderr) == (141, "name\n", "")


def test_the_reader_may_be_gone_when_the_last_bytes_are_flushed():
    script = '{ sleep 1; "$@"; echo $? >&2; } | true'
    assert process(script, "probe", "rows").stderr == "141\n"


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["completion", "bash"]])
@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_what_cannot_be_written_is_one_error_and_not_success(argv, target):
    done = run("bash", "-c", f'"$@" {target}', "bash", *PMCTL, *argv)

    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("error: cannot write the results: ")
    assert second.startswith("hint: ")


def test_a_full_disk_is_one_error_for_a_long_list_too():
    done = process('"$@" >/dev/full', "probe", "rows", "--count", "100000")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "No space left" in done.stderr


def test_errors_nobody_can_read_still_have_their_code():
    assert process('"$@" 2>&-', "probe", "fail", "missing").returncode == 3
    assert process('"$@" 2>/dev/full', "probe", "fail", "missing").returncode == 3


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_cleans_up_and_ends_quietly(number, code, tmp_path):
    sign = tmp_path / "cleaned up"
    before = (
        "import pathlib, time\n"
        "@test_main.app.command('wait')\n"
        "def wait(sign: str) -> None:\n"
        "    try:\n"
        "        print('waiting', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        pathlib.Path(sign).touch()\n"
    )
    started = subprocess.Popen(
        probing("probe", "wait", str(sign), before=before),
        env=environment(PYTHONPATH=f"{environment()['PYTHONPATH']}:{Path.cwd()}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == "waiting\n"
        started.send_signal(number)
        _, err = started.communicate(timeout=30)

    assert (started.returncode, err) == (code, "")
    assert sign.exists()


def test_ctrl_c_while_importing_is_quiet_too(monkeypatch):
    from pmctl import __main__

    def interrupted(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(shell, "main", interrupted)
    monkeypatch.setattr(sys, "argv", ["pmctl", "help"])
    with pytest.raises(SystemExit) as caught:
        __main__.run()
    assert caught.value.code == 130


def test_the_handler_of_sigterm_is_put_back(pmctl):
    before = signal.getsignal(signal.SIGTERM)
    pmctl("--help")
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_the_group_in_use_is_imported():
    script = (
        "import sys; from pmctl.main import main; main(['help', 'exit-codes']); "
        "print(sorted(n for n in sys.modules if n.startswith('pmctl.cli.')))"
    )
    loaded = run(sys.executable, "-c", script).stdout.splitlines()[-1]
    assert loaded == "['pmctl.cli.common', 'pmctl.cli.help']"


def test_every_group_of_the_table_has_a_module_and_the_same_summary(monkeypatch):
    monkeypatch.delitem(shell.PARTS, "probe")
    top = shell.root()
    for name, summary in shell.GROUPS.items():
        assert isinstance(top.child(name), Group), name
        assert top.child(name).help.startswith(summary), name


def test_help_at_a_terminal_has_bold_titles_and_none_with_color_never():
    assert "\x1b[1mUsage:\x1b[0m pmctl" in at_a_terminal(*PMCTL, "--help")
    assert "\x1b" not in at_a_terminal(*PMCTL, "--help", "--color", "never")
    assert "\x1b" not in at_a_terminal(*PMCTL, "--help", NO_COLOR="1")
    assert "\x1b" not in run(*PMCTL, "--help").stdout
    assert "\x1b[1m" in run(*PMCTL, "--help", CLICOLOR_FORCE="1").stdout


def test_help_with_colours_says_the_same_as_without():
    colored = run(*PMCTL, "completion", "bash", "--help", "--color=always").stdout
    assert colored.replace("\x1b[1m", "").replace("\x1b[0m", "") == (
        run(*PMCTL, "completion", "bash", "--help").stdout
    )


def test_an_error_at_a_terminal_is_red_unless_colours_are_off():
    assert at_a_terminal(*PMCTL, "hlp").startswith("\x1b[1;31merror:\x1b[0m no such")
    assert at_a_terminal(*PMCTL, "--color", "never", "hlp").startswith("error: no such")


def test_a_failure_after_output_keeps_the_order_of_what_was_written():
    before = (
        "@test_main.app.command('half')\n"
        "def half() -> None:\n"
        "    print('first')\n"
        "    raise test_main.PmctlError('second')\n"
    )
    done = run(
        "bash", "-c", '"$@" 2>&1', "bash", *probing("probe", "half", before=before),
        PYTHONPATH=f"{environment()['PYTHONPATH']}:{Path.cwd()}",
    )  # fmt: skip
    assert done.stdout == "first\nerror: second\n"
    assert done.returncode == PmctlError.exit_code

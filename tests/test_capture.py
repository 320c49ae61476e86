"""Programs that print a secret, and those that do not."""

import signal
import sys
import time
from pathlib import Path

import pytest

from pmctl.capture import capture
from pmctl.errors import ConfigError


def python(code, seconds=10.0, largest=65536):
    return capture([sys.executable, "-c", code], "x_command", seconds, largest)


def test_what_a_program_prints_comes_back():
    assert python("print('secret')") == b"secret\n"


def test_there_is_no_shell(tmp_path):
    assert capture(["echo", "$HOME;", "ls"], "x_command", 10, 100) == b"$HOME; ls\n"


def test_a_program_that_reads_stdin_finds_its_end():
    assert python("import sys; print(repr(sys.stdin.read()))") == b"''\n"


def test_what_a_failing_program_says_is_kept_on_one_line():
    with pytest.raises(ConfigError) as caught:
        python("import sys; print('is\\nlocked', file=sys.stderr); print('out'); sys.exit(3)")

    assert caught.value.message == "x_command ended with 3: is locked"
    assert "out" not in caught.value.hint


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="no-such-program: No such file"):
        capture(["no-such-program"], "x_command", 10, 100)


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path):
    pid_file = tmp_path / "pid"
    child = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "time.sleep(60)"
    )

    with pytest.raises(ConfigError, match="did not end within"):
        python(code, seconds=1.5)

    for _ in range(500):
        if not running(int(pid_file.read_text())):
            return
        time.sleep(0.01)
    pytest.fail("the child still runs")


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_no_more_is_kept_than_one_byte_over_the_limit():
    assert python("print('x' * 1_000_000)", largest=100) == b"x" * 101


def test_an_interrupt_ends_the_program_too(monkeypatch):
    started = []

    def interrupted(process, end, largest):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr("pmctl.capture._drain", interrupted)

    with pytest.raises(KeyboardInterrupt):
        python("import time; time.sleep(60)")

    assert started[0].returncode == -signal.SIGKILL

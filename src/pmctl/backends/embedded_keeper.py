"""The keeper of pmctl's own PostgreSQL: starts it, again when it dies, and ends it with its users.

Runs as `python -m pmctl.backends.embedded_keeper LOCK DATA BIN VERSION` with nothing but the
standard library; LOCK is an open file that is locked for as long as the keeper lives. What it and
the server have to say goes to `pg18.log`.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmctl.backends.embedded import USER, Place, Programs

STOP_SECONDS = 20
TRIES = 5  # a server that ends this often, each time soon, is given up
SOON_SECONDS = 10
OPTIONS = (
    "listen_addresses=", "unix_socket_permissions=0700", "max_connections=50",
    "wal_level=minimal", "max_wal_senders=0", "timezone=UTC", "log_timezone=UTC", "jit=off",
    # the log must not hold what is in the rows
    "log_min_error_statement=panic", "log_error_verbosity=terse",
)  # fmt: skip
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1}


@dataclass(frozen=True)
class Account:
    """Who the server is: ourselves, or another one where we are root, as PostgreSQL demands."""

    user: int
    group: int

    @property
    def options(self) -> dict[str, Any]:
        """The options of subprocess that change to it."""
        if os.geteuid():
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def may_pass(self, path: Path) -> bool:
        """Whether every folder above `path` lets it through."""
        if not os.geteuid():
            return all(self._enters(parent) for parent in path.parents)
        return True

    def _enters(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.user:
            return bool(found.st_mode & 0o100)
        return bool(found.st_mode & (0o010 if found.st_gid == self.group else 0o001))

    def own(self, folder: Path) -> None:
        """Make a folder that only this account may enter, or check that it is one."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid not in (os.geteuid(), self.user) or folder.is_symlink():
            raise Failed(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        if not os.geteuid():
            os.chown(folder, self.user, self.group)


class Failed(Exception):
    """The server cannot be run; the words go to the log."""


def main(argv: list[str]) -> int:
    """Keep the server until nobody uses it any more; return 1 when it cannot be kept."""
    _lock, data, bin_, version = argv
    if os.fork():
        return 0  # whoever asked goes on; the lock stays with the child
    os.setsid()
    place = Place(Path(data))
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        account = _account(place)
        programs = _reachable(Programs(Path(bin_), version), account, place)
        if not (place.data / "PG_VERSION").exists():
            _init(place, programs, account)
        account.own(place.socket_folder)
        _wait_for_the_last(place.beside("users"))
        _keep(place, programs, account)
        place.socket_folder.rmdir()  # empty once the server has ended
    except (Failed, OSError, subprocess.CalledProcessError) as exc:
        sys.stderr.write(f"pmctl: error: {exc}\n")
        return 1
    return 0


def _account(place: Place) -> Account:
    """Return who owns the data; for new data of root's: pmctl, postgres or nobody."""
    if place.data.exists():
        found = place.data.stat()
        return Account(found.st_uid, found.st_gid)
    if os.geteuid():
        return Account(os.geteuid(), os.getegid())
    for name in ("pmctl", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Failed("PostgreSQL does not run as root: make a user named pmctl for it")


def _reachable(programs: Programs, account: Account, place: Place) -> Programs:
    """Return the programs where the account can run them: copied when they are root's alone."""
    if not account.may_pass(place.data):
        raise Failed(f"could not let {account.user} pass to {place.data}: set XDG_DATA_HOME "
                     "to a folder that others may enter")  # fmt: skip
    if account.may_pass(programs.bin / "postgres"):
        return programs
    copy = place.data.with_name(f"postgresql-{programs.version}")
    if not copy.exists():
        half = copy.with_suffix(".tmp")
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(programs.bin.parent, half, symlinks=True)
        half.chmod(0o755)
        half.rename(copy)
    return Programs(copy / "bin", programs.version)


def _init(place: Place, programs: Programs, account: Account) -> None:
    """Make the cluster, whole or not at all: it gets its name when all of it is on the disk."""
    half = place.beside("tmp")
    shutil.rmtree(half, ignore_errors=True)
    account.own(half)
    subprocess.run(  # noqa: S603
        [programs.bin / "initdb", "-D", half, "-U", USER, "--auth=trust", "-E", "UTF8",
         "--locale=C", "--no-sync", "--no-instructions"],
        check=True, cwd="/", stdout=subprocess.DEVNULL, **account.options,
    )  # fmt: skip
    _sync(half)
    half.rename(place.data)
    _sync(place.data.parent)


def _sync(folder: Path) -> None:
    """Write everything of that file system to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        syncfs = getattr(ctypes.CDLL(None), "syncfs", None)  # Linux
        if syncfs is None or syncfs(opened):
            os.sync()
    finally:
        os.close(opened)


def _wait_for_the_last(users: Path) -> None:
    """Have a thread wait until nobody else holds the lock, and tell it by SIGUSR1.

    From then on the lock is ours: who comes now waits until we are gone.
    """
    opened = os.open(users, os.O_RDWR)

    def wait() -> None:
        fcntl.flock(opened, fcntl.LOCK_EX)
        os.kill(os.getpid(), signal.SIGUSR1)

    threading.Thread(target=wait, daemon=True).start()


def _keep(place: Place, programs: Programs, account: Account) -> None:
    """Run the server, again whenever it dies, until a signal says that it is over."""
    failed = 0
    while True:
        _end_stray(place)
        begun = time.monotonic()
        server = _start(place, programs, account)
        while server.poll() is None:
            if signal.sigwait(_SIGNALS) != signal.SIGCHLD:
                _stop(server)
                return
        failed = failed + 1 if time.monotonic() - begun < SOON_SECONDS else 1
        if failed >= TRIES:
            raise Failed(f"PostgreSQL ended {TRIES} times in a row, the last time with "
                         f"{server.returncode}")  # fmt: skip
        if signal.sigtimedwait(_SIGNALS - {signal.SIGCHLD}, 0.05 * 2**failed):
            return


def _start(place: Place, programs: Programs, account: Account) -> subprocess.Popen[bytes]:
    words = [str(programs.bin / "postgres"), "-D", str(place.data)]
    words += ["-k", str(place.socket_folder)]
    words += [word for option in OPTIONS for word in ("-c", option)]
    return subprocess.Popen(  # noqa: S603
        words,
        cwd="/",
        preexec_fn=_end_with_us(),
        **account.options,
    )


def _end_with_us() -> Callable[[], None]:
    """Return what a child does before it runs: ask the kernel for SIGINT when we die."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def before() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        if prctl is not None:
            prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG

    return before


def _end_stray(place: Place) -> None:
    """End a server that has lost its keeper, where the kernel did not do it."""
    if place.host():
        process = int((place.data / "postmaster.pid").read_text().split()[0])
        os.kill(process, signal.SIGINT)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End it, whoever is connected; harder each time that it does not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

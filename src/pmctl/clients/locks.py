"""One change of a campaign at a time: who holds it, and what the second one is told.

`Locks` is what the clients need of a lock. `FileLocks` keeps them on this machine, for one user;
a lock that several machines share has the same two words.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pmctl.errors import PmctlError, Temporary

POLL_SECONDS = 0.1


class Locked(Temporary):
    """Somebody else changes this campaign at the moment."""


class LockLost(Temporary):
    """The lock could not be kept until the work was done."""


class Locks(Protocol):
    """Locks by the key of a campaign, each held for one change."""

    def hold(self, key: str, doing: str, wait_seconds: float = 0) -> AbstractContextManager[None]:
        """Hold the lock of `key` inside of `with`; `doing` is what others are told.

        Raises Locked, naming the holder, when it is not free within `wait_seconds`.
        """
        ...

    def check(self) -> None:
        """Raise LockLost when a lock held here may be another's by now; before each write."""
        ...


class FileLocks:
    """Locks of one server as files. The kernel frees them when the process ends, however it ends.

    The files stay where they are: one that is deleted could be locked twice.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server

    @contextmanager
    def hold(self, key: str, doing: str, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the lock of `key`. Raises Locked, or PmctlError when there can be no lock."""
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise _unusable(path, exc) from exc
        try:
            _lock(handle, path, key, wait_seconds)
            _write(handle, {"key": key, "server": self._server, "doing": doing, **_holding()})
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(handle, 0)  # ours still, or it was never ours and stays as it is
            os.close(handle)

    def check(self) -> None:
        """Return: what the kernel keeps is not lost."""

    def _path(self, key: str) -> Path:
        # a key that somebody wrote into Mautic by hand may be any text
        name = hashlib.sha256(f"{self._server}\n{key}".encode()).hexdigest()[:24]
        return self._folder / f"{name}.lock"


def _lock(handle: int, path: Path, key: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Locked(
                    f"{key} is being changed: {_holder(path)}",
                    hint="wait for it, or let --lock-timeout SECONDS wait",
                ) from None
        except OSError as exc:
            raise _unusable(path, exc) from exc
        time.sleep(POLL_SECONDS)


def me() -> str:
    """Return who runs this, as others are told: `ana@host`."""
    import pwd

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container often has no name for its user
        user = str(os.getuid())
    return f"{user}@{os.uname().nodename}"


def _holding() -> dict[str, str | int]:
    return {
        "who": me(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def _write(handle: int, holder: dict[str, str | int]) -> None:
    """Say who holds it. It is for people: a full disk does not make the lock less of a lock."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)


def _holder(path: Path) -> str:
    """Return `apply by ana@host (process 71) since 2026-11-24T09:00:00Z`."""
    try:
        said = json.loads(path.read_text())
        return f"{said['doing']} by {said['who']} (process {said['pid']}) since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another pmctl just began"


def _unusable(path: Path, exc: OSError) -> PmctlError:
    return PmctlError(
        f"the lock {path} cannot be used: {exc.strerror}",
        hint="nothing was sent; free some space, or set XDG_STATE_HOME to a folder of yours",
    )

"""What a password must be; a file of generated ones, each on disk before it is used.

Two columns of CSV, name and password; mode 0600. A name that is in the file keeps its password,
so a run that was cut off goes on with those it had made up.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

from pmctl.errors import PmctlError, UsageError, hide

SHORTEST = 8


def flaw(password: str) -> str:
    """Return what is wrong with a password, "" when nothing is."""
    if len(password) < SHORTEST:
        return f"has less than {SHORTEST} characters"
    if not password.isprintable():
        return "holds a control character"
    if password != password.strip():
        return "begins or ends with a blank, which HestiaCP cuts off"
    if password.startswith("/tmp/"):  # noqa: S108  a prefix, no file
        return "begins with /tmp/, which HestiaCP reads as the name of a file"
    return ""


class PasswordFile:
    """Passwords by name. Raises UsageError for a file that is not ours alone."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._handle = os.open(self.path, flags, 0o600)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        status = os.fstat(self._handle)
        if status.st_mode & 0o077 or status.st_uid != os.getuid():
            os.close(self._handle)
            raise UsageError(
                f"{path} can be read by others", hint=f"chmod 600 {path}, or name another file"
            )
        self._known = self._read()

    def of(self, name: str, make: Callable[[], str]) -> str:
        """Return the password of a name, from the file or a new one that is in it by then."""
        if name not in self._known:
            value = make()
            self._append(name, value)
            self._known[name] = value
        hide([self._known[name]], passing=True)
        return self._known[name]

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _read(self) -> dict[str, str]:
        with os.fdopen(os.dup(self._handle), encoding="utf-8", newline="") as file:
            file.seek(0)
            text = file.read()
        if not text.endswith("\n"):
            whole, _, torn = text.rpartition("\n")
            if torn:  # a crash left half a line; its password was never used
                os.ftruncate(self._handle, len((whole + "\n" if whole else "").encode()))
            text = whole
        rows = list(csv.reader(io.StringIO(text)))
        if any(len(row) != 2 for row in rows):
            raise UsageError(
                f"{self.path} is no file of passwords that pmctl wrote",
                hint="name a file that is not there yet",
            )
        return {name: value for name, value in rows}  # noqa: C416  mypy sees no pairs in lists

    def _append(self, name: str, value: str) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([name, value])
        data = line.getvalue().encode()
        try:
            if os.write(self._handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._handle)
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _unwritable(self, exc: OSError) -> PmctlError:
        return PmctlError(
            f"{self.path} cannot be written: {exc.strerror}",
            hint="the password would be lost, so nothing was sent for it",
        )

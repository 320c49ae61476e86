"""Where a password comes from: environment, file, command, keyring or prompt; never argv.

A `Secret` is looked up at its first use and never shows in a repr, a log line or an error.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pmctl import errors
from pmctl.errors import ConfigError
from pmctl.paths import is_there

COMMAND_SECONDS = 10.0
KEYRING_SECONDS = 2.0
_LARGEST = 64 * 1024  # bytes; anything longer is no password


@dataclass(frozen=True)
class Place:
    """One place where a secret may be. `take` returns None when there is none."""

    label: str
    has: Callable[[], bool]  # looks without revealing, running commands or asking
    take: Callable[[], str | None]


class Secret:
    """A secret that is found when it is first needed. `name` is like "mautic.password"."""

    def __init__(
        self,
        name: str,
        *,
        context: str = "default",
        command: Sequence[str] = (),
        file: Path | None = None,
    ) -> None:
        self.name = name
        self._context = context
        self._command = tuple(command)
        self._file = file
        self._keyring_says = ""
        self._typed = False

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """Return the secret and have it redacted from now on.

        Raises ConfigError when it is nowhere, or when the first place that has it is unusable.
        """
        return self._value

    def forget(self) -> None:
        """Look for it anew at its next use; what somebody typed is not asked for twice."""
        if not self._typed:
            self.__dict__.pop("_value", None)

    @cached_property
    def _value(self) -> str:
        looked: list[str] = []
        for place in self.places():
            value = place.take()
            if value is not None:
                # hidden before it is checked: nothing may show it, least of all that error
                errors.hide([value])
                self._typed = place.label == "prompt"
                return usable(value, self.name, place.label)
            looked.append(place.label)
        raise self._nowhere(looked)

    def _nowhere(self, looked: Sequence[str]) -> ConfigError:
        places = ", ".join(looked).replace("keyring", f"keyring{self._keyring_says}")
        return ConfigError(
            f"{self.name} is nowhere to be found; looked at: {places}",
            hint=f"`pmctl config set-secret {self.name}` keeps it in the keyring or a file",
        )

    def places(self) -> list[Place]:
        """Return the places in the order in which they are looked at."""
        variable = "PMCTL_" + self.name.replace(".", "_").upper()
        places = [
            Place(variable, lambda: variable in os.environ, lambda: os.environ.get(variable)),
            _file_place(f"{variable}_FILE", _path_in(f"{variable}_FILE")),
            self._credential(),
        ]
        if self._command:
            label = f"{self.name}_command ({self._command[0]})"
            places.append(Place(label, lambda: True, self._run))
        if self._file:
            places.append(_file_place(f"{self.name}_file", self._file))
        places.append(Place("keyring", lambda: self._keyring() is not None, self._keyring))
        if sys.stdin.isatty() and sys.stderr.isatty():
            places.append(Place("prompt", lambda: False, lambda: ask(f"{self.name}: ")))
        return places

    def _keyring(self) -> str | None:
        from pmctl import keychain

        try:
            return keychain.get(account(self._context, self.name), KEYRING_SECONDS)
        except keychain.Unavailable as exc:
            self._keyring_says = f" ({exc})"  # most servers have none: only worth a word at the end
            return None

    def _credential(self) -> Place:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / self.name if folder else None
        # systemd guards that folder itself, and shows group bits where it uses ACLs.
        return Place(
            "$CREDENTIALS_DIRECTORY",
            lambda: path is not None and is_there(path),
            lambda: read_file(path, guarded=True) if path and is_there(path) else None,
        )

    def _run(self) -> str:
        from pmctl.capture import capture

        output = capture(self._command, f"{self.name}_command", COMMAND_SECONDS, _LARGEST)
        return _decoded(output, f"{self.name}_command")


def where(secret: Secret) -> str:
    """Return the place that has the secret, "" if none; runs no command, asks nobody.

    Raises ConfigError for a secret file that must not be used.
    """
    return next((place.label for place in secret.places() if place.has()), "")


def account(context: str, name: str) -> str:
    """Return the user name under which the keyring keeps a secret."""
    return f"{context}/{name}"


def ask(question: str) -> str:
    """Read a secret from the terminal without showing it. Raises ConfigError without one."""
    import getpass

    try:
        return getpass.getpass(question)
    except EOFError:
        raise ConfigError(
            "nothing was typed at the prompt", hint="run it again in a terminal"
        ) from None


def _file_place(label: str, path: Path | None) -> Place:
    if path is None:
        return Place(label, lambda: False, lambda: None)
    return Place(label, lambda: _opens(path), lambda: read_file(path))


def _path_in(variable: str) -> Path | None:
    return Path(os.environ[variable]) if os.environ.get(variable) else None


def _opens(path: Path) -> bool:
    os.close(_open(path, guarded=False))
    return True


def read_file(path: Path, *, guarded: bool = False) -> str:
    """Return the secret in a file. `guarded`: somebody else has seen to its mode.

    Raises ConfigError unless it is a regular file, ours or root's, and closed to others.
    """
    handle = _open(path, guarded=guarded)
    with os.fdopen(handle, "rb") as file:
        return _decoded(file.read(_LARGEST + 1), str(path))


def _open(path: Path, *, guarded: bool) -> int:
    """Open, then look at what was opened: the file cannot be swapped in between."""
    try:
        # NONBLOCK: a FIFO without a writer would hang here
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise ConfigError(
            f"cannot read the secret file {path}: {reason}", hint="does it exist, and is it yours?"
        ) from None
    try:
        _check_mode(os.fstat(handle), path, guarded=guarded)
    except ConfigError:
        os.close(handle)
        raise
    return handle


def _check_mode(status: os.stat_result, path: Path, *, guarded: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"the secret file {path} is not a regular file", hint="name a file")
    if guarded:
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"the secret file {path} belongs to somebody else", hint=f"chown it: `ls -l {path}`"
        )
    if status.st_mode & 0o077:
        raise ConfigError(
            f"others may use the secret file {path} (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"chmod 600 {path}",
        )


def _decoded(data: bytes, label: str) -> str:
    """Return bytes as text without one newline at the end."""
    if len(data) > _LARGEST:
        raise ConfigError(f"{label} gives too much for a secret", hint="at most 64 KiB")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{label} is not UTF-8 text", hint="store the secret as text") from None
    return text.removesuffix("\n").removesuffix("\r")


def usable(value: str, name: str, label: str) -> str:
    """Return a secret that is one line of text. Raises ConfigError."""
    if not value:
        raise ConfigError(
            f"{name} is empty in {label}", hint="remove that place, or put the secret there"
        )
    if any(char in value for char in "\0\r\n"):
        raise ConfigError(
            f"{name} in {label} is more than one line of text",
            hint="only the secret itself may stand there",
        )
    if not value.isascii() and any("\udc80" <= char <= "\udcff" for char in value):
        raise ConfigError(f"{name} in {label} is not UTF-8 text", hint="store the secret as text")
    return value

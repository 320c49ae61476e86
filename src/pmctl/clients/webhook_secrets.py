"""The secret that webhooks are signed with, the one before it, and when each was last used.

`webhook register` and `rotate-secret` write them; a running receiver reads them again when they
change, and writes down which of them the bodies come with.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from pmctl.errors import ConfigError
from pmctl.files import write_atomic

QUIET_SECONDS = 600.0
"""So long must the new secret be in use, and the old one not, before the old one is dropped: a run
of `mautic:webhooks:process` that began before a rotation signs with the old one to its end."""


class Secrets(Protocol):
    """Where the secret that Mautic is to sign with is kept."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def read(self) -> str:
        """Return the secret in force; empty when there is none yet."""

    def known(self) -> set[str]:
        """Return all that are kept: that one, and the one before it."""

    def keep(self, secret: str) -> None:
        """Take a secret, and keep the one before it valid. The same one again changes nothing."""

    def retire(self, signing: Collection[str], /) -> str:
        """Drop the one before where nobody needs it; `signing`: those that webhooks sign with.

        Returns why it is kept, or "".
        """


class GivenSecret:
    """The one that the setting webhook.secret has: no file, and only a person changes it."""

    def __init__(self, reveal: Callable[[], str], place: str) -> None:
        self.place = f"webhook.secret ({place})"
        self.read = reveal

    def known(self) -> set[str]:
        """Return the one."""
        return {self.read()}

    def keep(self, secret: str) -> None:
        """Raises ConfigError for any other."""
        if secret != self.read():
            raise ConfigError(
                f"the receiver believes {self.place}, and would refuse another secret",
                hint="take that setting away: then a file is kept here that `webhook serve` reads",
            )

    def retire(self, _signing: Collection[str], /) -> str:
        """Nothing is kept here that could be dropped."""
        return ""


class SecretFiles:
    """Both in files for us alone: `ENV.secret` and `ENV.previous-secret`."""

    def __init__(self, folder: Path, env: str) -> None:
        self.current = folder / f"{env}.secret"
        self.previous = folder / f"{env}.previous-secret"
        self._uses = folder / f"{env}.secret-uses.json"

    @property
    def place(self) -> str:
        """The file of the secret in force."""
        return str(self.current)

    def read(self) -> str:
        """Return the secret in force; empty when there is none yet."""
        return _read(self.current)

    def known(self) -> set[str]:
        """Return both, or the one that there is."""
        return {self.read(), _read(self.previous)} - {""}

    def keep(self, secret: str) -> None:
        """Take a secret, and keep the one before it valid. The same one again changes nothing."""
        before = self.read()
        if before == secret:
            return
        self.current.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if before:
            write_atomic(self.previous, f"{before}\n", 0o600)
        write_atomic(self.current, f"{secret}\n", 0o600)

    def stamp(self) -> tuple[object, ...]:
        """Return what changes whenever one of the two files does."""
        return (_stamp(self.current), _stamp(self.previous))

    def note_use(self, secret: str) -> None:
        """Write down that a body came with a secret. A disk that takes nothing is passed over."""
        now = time.time()
        # workers of a receiver do it side by side: none must write over what another just noted
        with contextlib.suppress(OSError), self._uses.with_suffix(".lock").open("a") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            first, _ = self.uses(secret) or (now, now)
            known = {_name(one): times for one in self.known() if (times := self.uses(one))}
            write_atomic(self._uses, json.dumps({**known, _name(secret): (first, now)}))

    def uses(self, secret: str) -> tuple[float, float] | None:
        """Return when a body first and last came with a secret, seconds since 1970, or None."""
        try:
            first, last = json.loads(self._uses.read_text(encoding="utf-8"))[_name(secret)]
            return float(first), float(last)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def retire(self, signing: Collection[str], /) -> str:
        """Drop the previous secret once bodies come with the new one alone; return why not yet."""
        before = _read(self.previous)
        if not before:
            return ""
        if why := self._needed(before, signing):
            return why
        self.previous.unlink(missing_ok=True)
        return ""

    def _needed(self, before: str, signing: Collection[str]) -> str:
        current, now = self.read(), time.time()
        if before == current:
            return ""
        if before in signing:
            return "a webhook in Mautic still signs with it"
        minutes = int(QUIET_SECONDS // 60)
        new, old = self.uses(current), self.uses(before)
        if new is None:
            return "nothing has come with the new one yet"
        if now - new[0] < QUIET_SECONDS:
            return f"the new one has been in use for less than {minutes} minutes"
        if old and now - old[1] < QUIET_SECONDS:
            return f"something came with it in the last {minutes} minutes"
        return ""


def _name(secret: str) -> str:
    """Return what a secret is called where its uses are noted; says nothing of it."""
    return hashlib.sha256(b"pmctl webhook " + secret.encode()).hexdigest()[:16]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ino, found.st_size

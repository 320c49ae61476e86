"""Passwords to HestiaCP by way of a file, because the server logs every argument.

sudo writes each command line into auth.log and the journal (seen on HestiaCP 1.9.9). A password
is therefore put into a file of the server's /tmp by `v-make-tmp-file`, which passes no script,
and the command gets the file's name. The file is emptied afterwards: it cannot be deleted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl.backends.hestia_errors import FORBIDDEN, PASSWORD, HestiaNotAllowed
from pmctl.errors import OutcomeUnknown, PmctlError
from pmctl.files import write_atomic

if TYPE_CHECKING:
    from pmctl.backends.hestia import Argument, Hestia

NAMED = "pmctl-"
LOGGED = "the key may not use v-make-tmp-file: HestiaCP writes the password into its auth.log"


class Handover:
    """How passwords get to one HestiaCP.

    `refused` is a file that remembers a key without the permission: each refusal is counted by
    the server's fail2ban, so it is not asked for again while the file is there.
    """

    def __init__(self, hestia: Hestia, refused: Path | None) -> None:
        self._hestia = hestia
        self._refused = refused
        self._logged = refused is not None and refused.exists()
        self._left: list[str] = []  # files of commands that may still be about to read them
        self._shut = False  # the login is refused: nothing more is asked for
        self._used = False  # whether `one` holds a password
        self.one = ""  # the file that many passwords go through, "" for a new one each time

    @contextmanager
    def of(self, args: Sequence[Argument], texts: list[str]) -> Iterator[list[str]]:
        """Yield the arguments to be sent, passwords among them as names of files."""
        from pmctl.backends.hestia import Password

        names: dict[int, str] = {}
        given = list(texts)
        one = self.one
        try:
            for place, arg in enumerate(args):
                if isinstance(arg, Password) and not self._logged:
                    name = one or new_name()
                    names[place] = name
                    if not self._made(name, texts[place]):
                        names.clear()
                        break
                    given[place] = f"/tmp/{name}"  # noqa: S108  on the server
            if self._logged and any(isinstance(arg, Password) for arg in args):
                self._warn(LOGGED)
            yield given
        except OutcomeUnknown:
            self._left += names.values()
            self.one = new_name() if one else ""
            self._used = False
            names.clear()
            raise
        except HestiaNotAllowed as exc:
            self._shut = exc.code == PASSWORD
            if given == texts:
                names.clear()  # the file itself was refused
            raise
        finally:
            for name in names.values():
                if name != one:
                    self._emptied(name)

    @contextmanager
    def through_one(self) -> Iterator[None]:
        """Let passwords go through one file meanwhile, each over the one before: a call less."""
        self.one, self._used = new_name(), False
        try:
            yield
        finally:
            name, self.one = self.one, ""
            if self._used:
                self._emptied(name)

    def tidy(self, *, done: bool) -> None:
        """Empty the files of a command without an answer, after it was looked for.

        One that is not `done` may still come to read its file. Empty, it would make a mailbox that
        anybody opens, for HestiaCP takes an empty password; so it finds one that nobody knows.
        """
        left, self._left = self._left, []
        for name in left:
            self._emptied(name, "" if done else secrets.token_hex(16))

    def _made(self, name: str, content: str) -> bool:
        before, self._used = self._used, True
        try:
            self._hestia.make_file(name, content)
        except HestiaNotAllowed as exc:
            self._used = before
            if exc.code != FORBIDDEN or "permission" not in exc.said:
                raise
            self._logged = True
            if self._refused is not None:
                with suppress(OSError):  # then the next run asks again
                    self._refused.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    write_atomic(self._refused, LOGGED)
            return False
        return True

    def _emptied(self, name: str, content: str = "") -> None:
        if self._shut:
            self._warn(f"a password is left in /tmp/{name} on the server: the login was refused")
            return
        try:
            self._hestia.make_file(name, content)
        except PmctlError as exc:
            self._warn(f"a password is left in /tmp/{name} on the server: {exc.message}")

    def _warn(self, text: str) -> None:
        if text not in self._hestia.warnings:
            self._hestia.warnings.append(text)


def new_name() -> str:
    """Return the name of a file that is not there."""
    return f"{NAMED}{secrets.token_hex(16)}"

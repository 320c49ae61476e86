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

from pmctl.backends.hestia_errors import FORBIDDEN, HestiaNotAllowed
from pmctl.errors import PmctlError
from pmctl.files import write_atomic

if TYPE_CHECKING:
    from pmctl.backends.hestia import Argument, Hestia

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

    @contextmanager
    def of(self, args: Sequence[Argument], texts: list[str]) -> Iterator[list[str]]:
        """Yield the arguments to be sent, passwords among them as names of files."""
        from pmctl.backends.hestia import Password

        names: dict[int, str] = {}
        given = list(texts)
        try:
            for place, arg in enumerate(args):
                if isinstance(arg, Password) and not self._logged:
                    name = f"pmctl-{secrets.token_hex(16)}"
                    names[place] = name
                    if not self._made(name, texts[place]):
                        names.clear()
                        break
                    given[place] = f"/tmp/{name}"  # noqa: S108  on the server
            if self._logged and any(isinstance(arg, Password) for arg in args):
                self._warn(LOGGED)
            yield given
        finally:
            for name in names.values():
                self._emptied(name)

    def _made(self, name: str, content: str) -> bool:
        try:
            self._hestia.make_file(name, content)
        except HestiaNotAllowed as exc:
            if exc.code != FORBIDDEN or "permission" not in exc.said:
                raise
            self._logged = True
            if self._refused is not None:
                with suppress(OSError):  # then the next run asks again
                    self._refused.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    write_atomic(self._refused, LOGGED)
            return False
        return True

    def _emptied(self, name: str) -> None:
        try:
            self._hestia.make_file(name, "")
        except PmctlError as exc:
            self._warn(f"a password is left in /tmp/{name} on the server: {exc.message}")

    def _warn(self, text: str) -> None:
        if text not in self._hestia.warnings:
            self._hestia.warnings.append(text)

"""The mailbox that an import was at, noted before it is sent: for the run after one that died.

A panel goes on with a command whose client is gone, and has no lock: the same command sent again
meanwhile could make the mailbox twice. So the next run waits for that one mailbox a little.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection
from typing import Self

from pmctl.clients.panel_names import Address
from pmctl.errors import PmctlError
from pmctl.paths import state_home

SECONDS = 8.0  # the panel makes a mailbox in half a second; a busy one takes a few
POLL_SECONDS = 0.5


class Begun:
    """The note of one panel; use it with `with`. Raises PmctlError when it cannot be written."""

    def __init__(self, url: str) -> None:
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        self.path = state_home() / "mailboxes" / f"{name}.json"
        self._handle = -1

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._handle = os.open(self.path, flags, 0o600)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            os.ftruncate(self._handle, 0)  # ended as it should: nothing is under way
        os.close(self._handle)

    def note(self, address: Address, file: str = "") -> None:
        """Note that a mailbox is about to be made. The kernel keeps it when we are killed.

        `file` is the one of the server's /tmp that its password goes through.
        """
        record = {"address": [address.domain, address.name], "at": time.time(), "file": file}
        data = json.dumps(record).encode()
        try:
            os.pwrite(self._handle, data, 0)
            os.ftruncate(self._handle, len(data))
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def settle(self, exists: Callable[[Address], bool], domains: Collection[str]) -> str:
        """Wait until what an earlier run was at is there, or will not come any more.

        Return the file of the server that still holds its password, "" for none.
        """
        try:
            kept = json.loads(os.pread(self._handle, 4096, 0))
            address, until = Address(*kept["address"]), float(kept["at"]) + SECONDS
            file = str(kept["file"])
        except (ValueError, TypeError, KeyError):
            return ""
        if address.domain not in domains:
            return file
        until = min(until, time.time() + SECONDS)  # a clock that was set back
        while time.time() < until and not exists(address):
            time.sleep(POLL_SECONDS)
        return file

    def _unwritable(self, exc: OSError) -> PmctlError:
        return PmctlError(
            f"the note {self.path} cannot be written: {exc.strerror}",
            hint="nothing was sent; free some space or set XDG_STATE_HOME",
        )

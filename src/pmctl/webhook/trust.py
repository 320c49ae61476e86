"""Whom the receiver believes: the secret in force and the one before it, also as they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from pmctl.errors import PmctlError
from pmctl.webhook.signature import verify

NOTE_SECONDS = 60.0  # how often the use of the same secret is written down


class Trust:
    """Tells whether a body is signed with one of our secrets.

    `read` returns them, the one in force first. They are read again when what `stamp` returns
    has changed, or after `again`; when that fails, `say` is told and those of before stay. `used`
    is told, in a thread of its own, which secret a body came with, now and then.

    Raises what `read` raises, when it is made.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[str]],
        *,
        stamp: Callable[[], object] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
        used: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._read, self._stamp, self._say, self._used = read, stamp, say, used
        self._again = False
        self._noting = threading.Lock()
        self._noted: dict[str, float] = {}
        self._seen = stamp()  # before reading: what changes in between is read once more
        self._secrets = tuple(read())

    def again(self) -> None:
        """Read the secrets before the next body; may be called by a signal handler."""
        self._again = True

    def believes(self, body: bytes, signature: str) -> bool:
        """Tell whether the signature of these bytes is made with one of the secrets."""
        self._fresh()
        right = [secret for secret in self._secrets if verify(body, signature, [secret])]
        if right:
            self._note(right[0])
        return bool(right)

    def _fresh(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen and not self._again:
            return
        self._seen, self._again = stamp, False
        try:
            self._secrets = tuple(self._read())
        except PmctlError as exc:
            with suppress(OSError, ValueError):  # a log that is full or closed
                self._say(f"the secrets stay as they were: {exc.message}")

    def _note(self, secret: str) -> None:
        now = time.monotonic()
        if now - self._noted.get(secret, -NOTE_SECONDS) < NOTE_SECONDS:
            return
        self._noted[secret] = now
        # not in the way of the answer: it is written to the disk
        with suppress(RuntimeError):  # no thread to be had
            threading.Thread(target=self._written, args=(secret,), daemon=True).start()

    def _written(self, secret: str) -> None:
        with self._noting:
            self._used(secret)

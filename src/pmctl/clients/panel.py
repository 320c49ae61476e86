"""HestiaCP as the clients of its groups use it: reads side by side, a write noted and settled.

The panel has no lock: writes side by side lost counters and whole lines of a user's settings
(seen on HestiaCP 1.9.9). So one write at a time goes out from this machine, whoever sends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from pmctl.backends.hestia import READS_AT_ONCE, SLOW
from pmctl.clients.locks import Locked
from pmctl.errors import OutcomeUnknown, PmctlError
from pmctl.parallel import side_by_side

if TYPE_CHECKING:
    from pmctl.backends.hestia import Argument, Hestia
    from pmctl.clients.journal import Journal
    from pmctl.clients.locks import Locks

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCK_SECONDS = 300.0  # the slowest command took half a minute
# seconds before each look for a write without an answer: the server goes on when we hang up
PAUSES = (0.0, 1.0, 3.0, 8.0)
LOOK = "look at what the panel shows before you do it again; nothing was repeated"
AGAIN = "the panel shows nothing of it; nothing was repeated, doing the same again does no harm"


class Panel:
    """One HestiaCP, its journal, and the lock of this machine. Threads may share it."""

    def __init__(self, hestia: Hestia, journal: Journal, locks: Locks) -> None:
        self.hestia = hestia
        self.journal = journal
        self._locks = locks

    def each(self, read: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `read(item)` in order, as many side by side as the panel has workers."""
        return side_by_side(read, items, READS_AT_ONCE)

    def write(
        self,
        command: str,
        *args: Argument,
        target: str,
        done: Callable[[], bool] | None,
        verify: bool = False,
    ) -> None:
        """Run a command that changes something, once; `target` is how people call the thing.

        `done` reads whether it has happened: asked when the answer did not come, and with
        `verify` also when it was good, for commands that say 204 and do nothing. It is None for
        what cannot be read, such as a password: then nothing is waited for. Raises
        OutcomeUnknown, HestiaError with `target` in its words, PmctlError when it was not done.
        """
        try:
            with self._locks.hold(f"HestiaCP {self.hestia.url}", command, LOCK_SECONDS):
                self._sent(command, args, target, done)
        except Locked as exc:
            exc.hint = "the panel loses data when two change it at once; wait for the other"
            raise
        if verify and done is not None and not done():
            raise PmctlError(
                f"{target}: HestiaCP said that {command} was done, but nothing changed",
                hint="the panel does so for its root user; look at it in the panel",
            )

    def _sent(
        self,
        command: str,
        args: tuple[Argument, ...],
        target: str,
        done: Callable[[], bool] | None,
    ) -> None:
        try:
            with self.journal.write(command, target):
                self.hestia.write(command, *args)
        except OutcomeUnknown as exc:
            settled = done is not None and self._settled(command, done)
            self.hestia.handover.tidy(done=settled)
            if not settled:
                hint = AGAIN if done is None else LOOK
                raise OutcomeUnknown(f"{target}: {exc.message}", hint=hint) from exc
        except PmctlError as exc:
            exc.message = f"{target}: {exc.message}"
            raise

    def _settled(self, command: str, done: Callable[[], bool]) -> bool:
        """Look until it is done; False when it is not, or cannot be seen.

        A command that takes half a minute is looked for three times as long as another.
        """
        for pause in PAUSES * (3 if command in SLOW else 1):
            time.sleep(pause)
            try:
                if done():
                    return True
            except PmctlError:
                continue  # what cannot be read may still be there
        return False

"""A receiver as it runs on a machine: workers that answer, and a process that drains their spools.

The workers share one address; each has a spool of its own, and none waits for the database, nor
for the interpreter of the process that works with it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pmctl.errors import PmctlError
from pmctl.webhook.app import Receiver
from pmctl.webhook.drain import Drain
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.processes import Processes
from pmctl.webhook.server import serve
from pmctl.webhook.spools import Spools, numbers, spool_at

if TYPE_CHECKING:
    import socket

    from pmctl.backends.niledb import Niledb
    from pmctl.webhook.trust import Trust

CHECK_SECONDS = 10.0  # a look at the database, before anybody is answered
NICE = 5  # where the processors are busy, who sends is answered first: the spool can wait
STOP_SECONDS = 8.0  # for the statements under way


@dataclass(frozen=True)
class Database:
    """`get` returns it, `look` why it cannot be used now or raises what somebody must mend first,
    and `close` ends what both opened."""

    get: Callable[[], Niledb]
    look: Callable[[], PmctlError | None]
    close: Callable[[], None]


class Whole:
    """All processes of a receiver. What they share is made here, what each works with in it.

    Raises ConfigError for a spool that cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        socks: Sequence[socket.socket],
        trust: Trust | None,
        database: Database,
        *,
        keep_seconds: float = 7 * 86_400,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder, self._socks, self._trust, self._database = folder, socks, trust, database
        workers = self._workers = len(socks)  # one that ends leaves its own open here: they wait
        self._keep_seconds, self._say = keep_seconds, say
        # none is open when processes are made; one that cannot be opened is said now
        Spools(folder, keep_seconds=keep_seconds, workers=workers).close()
        self._numbers = numbers(folder, workers)
        # rows: this process, the workers, and a drain for each spool
        self._metrics = Metrics(1 + workers + len(self._numbers))
        self._processes = Processes(
            say=say,
            restarted=lambda: self._metrics.add("restarts"),
            ailing=self._metrics.say,
            hung_up=trust.again if trust else lambda: None,
        )
        self._woken, self._wakes = os.pipe()
        os.set_blocking(self._wakes, False)

    def run(self, ready: Callable[[], None]) -> NoReturn:
        """Receive until this thread is interrupted; `ready` is called when that begins.

        Raises what the look at the database raises, before anybody is answered.
        """
        ours, theirs = Pipe(duplex=False)
        try:
            self._processes.start("drain", lambda: self._drain(theirs))
            theirs.close()
            with suppress(EOFError):
                if ours.poll(CHECK_SECONDS + 1) and isinstance(found := ours.recv(), Exception):
                    raise found
            for number in range(1, self._workers + 1):
                name = f"worker {number}" if self._workers > 1 else "worker"
                self._processes.start(name, lambda number=number: self._work(number))  # type: ignore[misc]
            ready()
            self._processes.keep()
        finally:
            ours.close()
            self._processes.end()
            os.close(self._woken)
            os.close(self._wakes)

    def _row(self, row: int) -> Metrics:
        """Return the row of a process that begins: what was wrong with the one before is over."""
        metrics = self._metrics.at(row)
        metrics.say("")
        return metrics

    def _work(self, number: int) -> None:
        spool = spool_at(self._folder, number, keep_seconds=self._keep_seconds)
        whole = Spools(self._folder, keep_seconds=self._keep_seconds, workers=self._workers)
        try:
            receiver = Receiver(spool, self._trust, self._row(number), came=self._came, whole=whole)
            serve(receiver, self._socks[number - 1])
        finally:
            whole.close()
            spool.close()

    def _came(self) -> None:
        with suppress(BlockingIOError):  # it has been told often enough
            os.write(self._wakes, b".")

    def _drain(self, first: Connection) -> None:
        for sock in self._socks:
            sock.close()
        away, refused = None, None
        try:
            away = self._database.look()
        except PmctlError as exc:
            away = refused = exc
        with suppress(OSError):  # when it is started again nobody asks any more
            first.send(refused)
            first.close()
        os.nice(NICE)  # after the look: a server of our own that it started is not meant
        say = _Once(self._say)
        drains = []
        for row, number in enumerate(self._numbers, 1 + self._workers):
            spool = spool_at(self._folder, number, keep_seconds=self._keep_seconds, appends=False)
            drains.append(Drain(spool, self._database.get, self._row(row), say=say))
        try:
            for drain in drains:
                if away:
                    drain.failed(away)
                drain.start()
            while os.read(self._woken, 4096):
                for drain in drains:
                    drain.came()
        finally:
            stopping = [
                threading.Thread(target=drain.stop, args=(STOP_SECONDS,)) for drain in drains
            ]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()
            self._database.close()


class _Once:
    """Says what several drains of one database have to say, once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._last = say, ""
        self._lock = threading.Lock()

    def __call__(self, text: str) -> None:
        with self._lock:
            if text != self._last:
                self._say(text)
            self._last = text

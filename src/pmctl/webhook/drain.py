"""Spool to database: batches of events, tried until they are stored, the bad ones put aside.

A batch that the database refuses, or at which something unforeseen happens, is halved until the
event is found that it cannot hold. While the database is away a batch waits with growing pauses;
what is in the spool is never given up.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from pmctl.backends.niledb import BadRow
from pmctl.backends.niledb_events import Added, add_events
from pmctl.errors import PmctlError, Temporary, Unreachable
from pmctl.webhook.agents import all_at_once
from pmctl.webhook.events import Event, body_of, parse, rows
from pmctl.webhook.spool import Buried

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.webhook.metrics import Metrics
    from pmctl.webhook.spool import Spool, Waiting

BATCH = 1000  # events in one statement
BODIES = 1000  # read at once, where the spool gives as many
SMALL = 200  # bodies; after fewer it waits a little for more: a statement costs like 30 events
PACE_SECONDS = 0.05
PAUSES_SECONDS = (0.05, 5.0)  # the first after a failure, and the longest
IDLE_SECONDS = 0.2  # when nobody says that something came


@dataclass
class _Batch:
    ids: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    dead: list[Buried] = field(default_factory=list)
    bodies: dict[UUID, int] = field(default_factory=dict)  # which one an event came in


class Drain:
    """Two threads that empty a spool. `database` is asked for it until it has one.

    `say` is told when events begin to wait, why, and when they do so no longer.
    """

    def __init__(
        self,
        spool: Spool,
        database: Callable[[], Niledb],
        metrics: Metrics,
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._spool, self._database, self._metrics = spool, database, metrics
        self._say, self._saying = say, threading.Lock()
        self._taking = threading.Lock()
        self._taken = 0  # the highest id that a thread has in hand or done
        self._stop, self._came = threading.Event(), threading.Event()
        self.trouble = ""  # why the last try failed
        self.wrong = ""  # the same, where waiting does not help: somebody must mend it
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(2)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def came(self) -> None:
        """Say that something is in the spool."""
        self._came.set()

    def stop(self, seconds: float = 10) -> None:
        """Finish the statements under way. What is not stored stays in the spool."""
        self._stop.set()
        self._came.set()
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def failed(self, exc: Exception) -> None:
        """Note why events wait, and say it when that is new."""
        text = exc.message if isinstance(exc, PmctlError) else _place(exc)
        wrong = "" if isinstance(exc, Temporary | Unreachable) else text
        with self._saying:
            if not self.trouble or wrong != self.wrong:
                hint = exc.hint if wrong and isinstance(exc, PmctlError) else ""
                self._tell(f"events wait in the spool: {text}" + f" ({hint})" * bool(hint))
            self.trouble = text
            if wrong != self.wrong:
                self.wrong = wrong
                self._metrics.say(wrong)

    def _worked(self) -> None:
        with self._saying:
            if self.trouble:
                self._tell("events reach the database again")
            if self.wrong:
                self._metrics.say("")
            self.trouble = self.wrong = ""

    def _tell(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a log that is full or closed must not end the drain
            self._say(text)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                bodies = self._take()
                for batch in _batches(bodies):
                    self._store(batch)
                if bodies:
                    if len(bodies) < SMALL:
                        self._stop.wait(PACE_SECONDS)
                    continue
                self._spool.forget()
                if self.trouble and not self._mended():
                    self._came.wait(PAUSES_SECONDS[1])
            except Exception as exc:
                self.failed(exc)
                with self._taking:  # else a look of the other thread would write over it
                    self._taken = 0  # from the start: what is stored already adds nothing
                self._stop.wait(PAUSES_SECONDS[1])
            self._came.wait(IDLE_SECONDS)
            self._came.clear()

    def _take(self) -> list[Waiting]:
        with self._taking:
            bodies = self._spool.waiting(self._taken, BODIES)
            self._taken = bodies[-1].id if bodies else self._taken
            return bodies

    def _store(self, batch: _Batch) -> None:
        """Store what can be, and mark the bodies done; give up only at the end."""
        for start in range(0, len(batch.events), BATCH):
            if not self._add(batch.events[start : start + BATCH], batch):
                return
        pause, longest = PAUSES_SECONDS
        while not self._stop.is_set():
            try:
                self._spool.done(batch.ids, batch.dead)
            except PmctlError as exc:
                self.failed(exc)
                self._stop.wait(pause)
                pause = min(longest, pause * 2)
            else:
                self._worked()
                self._metrics.add("dead", len(batch.dead))
                return

    def _add(self, events: list[Event], batch: _Batch) -> bool:
        """Return False when it was told to stop before all of them were stored or put aside."""
        try:
            added = self._tried(events)
        except Exception as exc:  # BadRow, what nobody foresaw, or too much at once
            if len(events) == 1:
                body = body_of(events[0].source_type, events[0].payload)
                of, received_at = batch.bodies[events[0].id], events[0].received_at.timestamp()
                batch.dead.append(Buried(of, received_at, _reason(exc), body))
                return True
            half = len(events) // 2
            return self._add(events[:half], batch) and self._add(events[half:], batch)
        if added is None:
            return False
        self._metrics.add("drained", added.new)
        self._metrics.add("duplicates", added.duplicates)
        return True

    def _tried(self, events: list[Event]) -> Added | None:
        """Try until it is stored; return None when it was told to stop.

        Raises BadRow, and what nobody foresaw when it comes twice while the database takes a
        batch of nothing: then it is these events that cause it. Of many events also raises what
        comes twice of a connection that was there: fewer may be stored in the time there is.
        """
        pause, longest = PAUSES_SECONDS
        unforeseen = cut = 0
        while not self._stop.is_set():
            try:
                added = add_events(self._database(), rows(events))
            except BadRow:
                raise
            except Temporary as exc:
                self.failed(exc)
                cut += 1
                if cut > 1 and len(events) > 1:
                    raise
            except (PmctlError, OSError, MemoryError) as exc:
                self.failed(exc)
            except Exception as exc:
                unforeseen += 1
                if unforeseen > 1 and self._takes_nothing():
                    raise
                self.failed(exc)
            else:
                self._worked()
                return added
            self._stop.wait(pause)
            pause = min(longest, pause * 2)
        return None

    def _mended(self) -> bool:
        """Whether what was wrong is over, asked where no event waits that will show it."""
        mended = self._spool.backlog()[0] == 0 and self._takes_nothing()
        if mended:
            self._worked()
        return mended

    def _takes_nothing(self) -> bool:
        """Whether a batch of nothing goes all the way."""
        try:
            add_events(self._database(), b"[]")
        except Exception:
            return False
        return True


def _batches(bodies: list[Waiting]) -> list[_Batch]:
    """Return one batch of all; more when one must be put aside, as something unforeseen."""
    try:
        return [_batch(bodies)] if bodies else []
    except MemoryError:
        raise
    except Exception as exc:
        if len(bodies) > 1:
            half = len(bodies) // 2
            return _batches(bodies[:half]) + _batches(bodies[half:])
        (one,) = bodies
        dead = Buried(one.id, one.received_at, _reason(exc), one.body)
        return [_Batch(ids=[one.id], dead=[dead])]


def _reason(exc: Exception) -> str:
    return exc.message if isinstance(exc, BadRow) else f"unforeseen: {_place(exc)}"


def _place(exc: Exception) -> str:
    """Return what kind of error it is and where it was: its words may hold the data of people."""
    frames = traceback.extract_tb(exc.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(exc).__name__}{where}"


def _batch(bodies: list[Waiting]) -> _Batch:
    batch = _Batch()
    for one in bodies:
        parsed = parse(one.body, datetime.fromtimestamp(one.received_at, UTC))
        batch.ids.append(one.id)
        batch.events += parsed.events
        batch.bodies |= {event.id: one.id for event in parsed.events}
        batch.dead += [Buried(one.id, one.received_at, d.reason, d.body) for d in parsed.dead]
    batch.events = all_at_once(batch.events)
    return batch

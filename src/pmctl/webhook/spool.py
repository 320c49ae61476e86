"""What was received, on this machine's disk before it is answered. SQLite in WAL mode.

Every append is one transaction with synchronous=FULL: what `append` returned from survives a kill
and a power cut. A body that is done is kept for `keep_seconds`, so that it can be replayed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from pmctl.errors import ConfigError, Temporary

LOW_WATER_BYTES = 256 << 20  # free on the disk; less turns readiness red
STOP_BYTES = 32 << 20  # less takes nothing more
READ_BYTES = 16 << 20  # of bodies at once, or a single larger one
PAGES = 4000  # in the WAL before they go into the file: who drains does that first, if any does
MARK = 100  # bodies in one transaction: who receives waits for it
MARK_PAUSE_SECONDS = 0.002  # SQLite looks again after one, two, five, … milliseconds
DEAD = 500  # dead letters read at once, without their bodies
FORGET = 1000  # bodies in one transaction: what is deleted takes room in the WAL first
_TABLES = """
create table if not exists bodies (
  id integer primary key autoincrement, received_at real not null, body blob not null,
  done_at real);
create index if not exists bodies_waiting on bodies (id) where done_at is null;
create index if not exists bodies_done on bodies (done_at) where done_at is not null;
create table if not exists dead (
  id integer primary key autoincrement, received_at real not null, reason text not null,
  body blob not null);
create index if not exists dead_received on dead (received_at, id);
"""
# the dead letters of several spools are told apart by their numbers
_NUMBERS = (
    "insert into sqlite_sequence (name, seq) select 'dead', ? "
    "where not exists (select 1 from sqlite_sequence where name = 'dead')"
)
# Two receivers may have the same body in hand: the first that is done with it buries its dead.
_BURY = (
    "insert into dead (received_at, reason, body) select ?, ?, ? "
    "where exists (select 1 from bodies where id = ? and done_at is null)"
)
_REVIVE = "insert into bodies (received_at, body) select received_at, body from dead where id = ?"

_LETTER = "select id, received_at, reason, length(body) from dead"  # reads no body
_DEAD = f"{_LETTER} where (received_at, id) > (?, ?) order by received_at, id limit ?"
_FORGET = "delete from bodies where id in (select id from bodies where done_at < ? limit ?)"
_DONE_BETWEEN = "from bodies where done_at is not null and received_at >= ? and received_at < ?"
# What waits again gets a new number: whoever drains is beyond the old one. It is moved, so that the
# file does not grow; one of them that is done meanwhile is not taken again, it is beyond the last.
_DONE_AFTER = f"select id, length(body) {_DONE_BETWEEN} and id > ? and id <= ? order by id limit ?"
_AGAIN = (
    "insert into bodies (received_at, body) select received_at, body from bodies "
    "where id = ? and done_at is not null"
)
_GONE = "delete from bodies where id = ? and done_at is not null"


class SpoolFull(Temporary):
    """The disk takes no more: nothing of the append is kept."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A body that is not in the database yet. `received_at`: seconds since 1970."""

    id: int
    received_at: float
    body: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is known of a body that cannot be stored, of so many `bytes`; see `dead_body`."""

    id: int
    received_at: float
    reason: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Buried:
    """What of the body with the id `of` cannot be stored, and why."""

    of: int
    received_at: float
    reason: str
    body: bytes


class Spool:
    """One file; threads may share it. Raises SpoolFull where it says so, and ConfigError at first.

    Room is what is free on the disk and within the file. When it gets low, what is done is not
    kept any longer: what comes is worth more than what could be replayed. The numbers of its dead
    letters come after `first_dead`. Without `appends` nothing is written but what may be lost when
    the power fails, as it is found out again: the disk is not waited for, nor others kept from it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_seconds: float = 7 * 86_400,
        first_dead: int = 0,
        appends: bool = True,
    ) -> None:
        self.folder = folder
        self._keep_seconds = keep_seconds
        self._lock, self._asking = threading.Lock(), threading.Lock()
        self._failed = ""  # why the last write was not possible
        with _usable(folder):
            self._sql, self._ask = _connected(folder), _connected(folder)
            self._sql.execute("pragma journal_mode=wal")
            self._sql.execute(f"pragma synchronous={'full' if appends else 'normal'}")
            self._sql.execute(f"pragma wal_autocheckpoint={PAGES if appends else PAGES // 4}")
            self._sql.executescript(_TABLES)
            if first_dead:
                self._sql.execute(_NUMBERS, (first_dead,))

    def append(self, bodies: Sequence[tuple[float, bytes]]) -> None:
        """Keep bodies with their times; durable on return, or SpoolFull and none is kept."""
        if self.free_bytes() < LOW_WATER_BYTES:
            with suppress(SpoolFull):
                self._forget(0.0)
        if self.free_bytes() < STOP_BYTES:
            raise SpoolFull(f"less than {STOP_BYTES >> 20} MiB are free for the spool")
        self._write([("insert into bodies (received_at, body) values (?, ?)", bodies)])

    def waiting(self, after: int, limit: int) -> list[Waiting]:
        """Return the oldest bodies beyond the id `after` that are not done, READ_BYTES at most."""
        bodies: list[Waiting] = []
        size = 0
        with self._lock:
            found = self._sql.execute(
                "select id, received_at, body from bodies where done_at is null and id > ? "
                "order by id limit ?", (after, limit),
            )  # fmt: skip
            for row in found:
                bodies.append(Waiting(*row))
                size += len(bodies[-1].body)
                if size >= READ_BYTES:
                    break
            found.close()
        return bodies

    def done(self, ids: Sequence[int], dead: Sequence[Buried] = ()) -> None:
        """Mark bodies as stored, and keep what of them could not be, with its reason.

        Once: the dead of a body that another receiver was done with are there already.
        """
        now = time.time()
        for start in range(0, len(ids), MARK):
            some = set(ids[start : start + MARK])
            buried = [(d.received_at, d.reason, d.body, d.of) for d in dead if d.of in some]
            self._write(
                [
                    (_BURY, buried),
                    ("update bodies set done_at = ? where id = ?", [(now, one) for one in some]),
                ]
            )
            if len(some) == MARK:
                time.sleep(MARK_PAUSE_SECONDS)

    def forget(self) -> int:
        """Delete what was done longer ago than it is to be kept; return how many bodies."""
        forgotten = 0
        while count := self._forget(self._keep_seconds):
            forgotten += count
        return forgotten

    def _forget(self, kept_seconds: float) -> int:
        return self._changed(_FORGET, (time.time() - kept_seconds, FORGET))

    def backlog(self) -> tuple[int, float]:
        """Return how many bodies wait, and how many seconds the oldest has waited.

        An index answers both, and nobody who writes waits for it.
        """
        with self._asking:
            ((count,),) = self._ask.execute("select count(*) from bodies where done_at is null")
            oldest = self._ask.execute(
                "select received_at from bodies where done_at is null order by id limit 1"
            ).fetchone()
        return count, max(0.0, time.time() - oldest[0]) if oldest else 0.0

    def dead_count(self) -> int:
        """Return how many dead letters there are."""
        with self._asking:
            ((count,),) = self._ask.execute("select count(*) from dead")
        return int(count)

    def dead(self) -> Iterator[DeadLetter]:
        """Yield the dead letters, oldest first, read a page at a time."""
        after = (0.0, 0)
        while True:
            with self._asking:
                rows = self._ask.execute(_DEAD, (*after, DEAD)).fetchall()
            yield from (DeadLetter(*row) for row in rows)
            if len(rows) < DEAD:
                return
            after = rows[-1][1], rows[-1][0]

    def dead_letter(self, number: int) -> DeadLetter | None:
        """Return the dead letter with this number, or None."""
        with self._asking:
            row = self._ask.execute(f"{_LETTER} where id = ?", (number,)).fetchone()
        return DeadLetter(*row) if row else None

    def dead_body(self, number: int) -> bytes:
        """Return the body of a dead letter, nothing when it is there no more."""
        with self._asking:
            row = self._ask.execute("select body from dead where id = ?", (number,)).fetchone()
        return bytes(row[0]) if row else b""

    def retry(self, ids: Sequence[int]) -> None:
        """Let dead letters wait again."""
        given = [(one,) for one in ids]
        self._write(
            [
                (_REVIVE, given),
                ("delete from dead where id = ?", given),
            ]
        )  # fmt: skip

    def purge(self, ids: Sequence[int]) -> None:
        """Delete dead letters for good."""
        self._write([("delete from dead where id = ?", [(one,) for one in ids])])

    def kept(self, since: float, until: float) -> int:
        """Return how many bodies `replay` would let wait again."""
        with self._lock:
            found = self._sql.execute(f"select count(*) {_DONE_BETWEEN}", (since, until))
            return int(found.fetchone()[0])

    def replay(self, since: float, until: float) -> int:
        """Let what was received in that time, and is still kept, wait again; return how much.

        A few at a time, since who receives waits for each. Raises SpoolFull, with some of them
        waiting: those are stored once, also when all are replayed again.
        """
        with self._lock:
            ((last,),) = self._sql.execute("select coalesce(max(id), 0) from bodies")
        count = at = 0
        while ids := self._done_after(at, last, since, until):
            at = ids[-1]
            self._write([(_AGAIN, [(one,) for one in ids]), (_GONE, [(one,) for one in ids])])
            count += len(ids)
            time.sleep(MARK_PAUSE_SECONDS)
        return count

    def _done_after(self, at: int, last: int, since: float, until: float) -> list[int]:
        """Return the ids beyond `at` of the next MARK bodies, of READ_BYTES or a larger one."""
        with self._lock:
            found = self._sql.execute(_DONE_AFTER, (since, until, at, last, MARK)).fetchall()
        sums = accumulate(size for _, size in found)
        return [
            one for (one, size), sum_ in zip(found, sums, strict=True)
            if sum_ <= READ_BYTES or sum_ == size
        ]  # fmt: skip

    def free_bytes(self) -> int:
        """Return the room that is left: on the spool's disk, and where that is low in its file."""
        free = shutil.disk_usage(self.folder).free
        if free >= LOW_WATER_BYTES:
            return free
        with self._lock:
            ((pages,),) = self._sql.execute("pragma freelist_count")
            ((size,),) = self._sql.execute("pragma page_size")
        return free + int(pages) * int(size)

    def trouble(self) -> str:
        """Return why the spool should get no more, or nothing."""
        try:
            if self.free_bytes() < LOW_WATER_BYTES:
                return f"less than {LOW_WATER_BYTES >> 20} MiB are free for the spool"
        except (OSError, sqlite3.Error) as exc:
            return f"the spool cannot be looked at: {_said(exc)}"
        if self._failed:
            with suppress(SpoolFull):  # nothing may be sent here until it works again: see for us
                self._write([("insert into bodies (received_at, body, done_at) values (0, ?, 0)",
                              [(bytes(4096),)])])  # fmt: skip
                self._write([("delete from bodies where done_at = 0", [()])])
        return self._failed

    def close(self) -> None:
        """Write what is in the WAL into the file, and close it."""
        with self._asking, self._lock:
            self._ask.close()
            self._sql.close()

    def _write(self, statements: Sequence[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
        with self._transaction() as sql:
            for statement, rows in statements:
                sql.executemany(statement, rows)

    def _changed(self, statement: str, params: tuple[object, ...]) -> int:
        with self._transaction() as sql:
            return sql.execute(statement, params).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All that the block does, durable, or SpoolFull and nothing of it."""
        with self._lock:
            try:
                self._sql.execute("begin immediate")
                yield self._sql
                self._sql.execute("commit")
            except sqlite3.Error as exc:
                self._failed = f"the spool takes nothing: {exc}"
                raise SpoolFull(self._failed) from None
            finally:
                if self._sql.in_transaction:
                    self._sql.execute("rollback")
            self._failed = ""


def _connected(folder: Path) -> sqlite3.Connection:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "spool.sqlite3"
    # One that is there is not opened: a process that closes a file loses all locks that it has of
    # it (sqlite.org/howtocorrupt.html, 2.2). Others then take themselves for the last ones there,
    # and delete the log that is written here.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # SQLite's other files take its mode
    path.chmod(0o600)
    return sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)


def _said(exc: OSError | sqlite3.Error) -> str:
    return (isinstance(exc, OSError) and exc.strerror) or str(exc)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as exc:
        raise ConfigError(
            f"the spool in {folder} cannot be used: {_said(exc)}",
            hint="webhook.spool names another folder; what is in this one is kept",
        ) from None

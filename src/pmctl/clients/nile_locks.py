"""Locks that every machine sees: one row a lock in the database, held as a lease.

Whoever ends without a word loses the lock when the lease is over; a living holder renews it from
a thread. All times are the database's own. Each statement may be sent twice: a row belongs to the
token of its holder, so a repetition finds what the first one did.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID, uuid4

from pmctl.clients.locks import Locked, LockLost, me
from pmctl.errors import NotFound, OutcomeUnknown, PmctlError, Unreachable

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb

POLL_SECONDS = 1.0  # each look costs a statement of a metered database
ATTEMPTS = 3

TABLE: LiteralString = """
create table if not exists pmctl_locks (
  tenant_id uuid not null, name text not null, owner uuid not null, doing text not null,
  who text not null, pid integer not null, taken_at timestamptz not null,
  expires_at timestamptz not null, primary key (tenant_id, name)
)"""
TAKE: LiteralString = """
insert into pmctl_locks (tenant_id, name, owner, doing, who, pid, taken_at, expires_at)
values (%s, %s, %s, %s, %s, %s, now(), now() + %s * interval '1 second')
on conflict (tenant_id, name) do update set owner = excluded.owner, doing = excluded.doing,
  who = excluded.who, pid = excluded.pid, taken_at = excluded.taken_at,
  expires_at = excluded.expires_at
where pmctl_locks.expires_at < now() or pmctl_locks.owner = excluded.owner
returning owner"""
HOLDER: LiteralString = """
select doing, who, pid, taken_at, expires_at, now() from pmctl_locks
where tenant_id = %s and name = %s"""
RENEW: LiteralString = """
update pmctl_locks set expires_at = now() + %s * interval '1 second'
where tenant_id = %s and name = %s and owner = %s returning owner"""
RELEASE: LiteralString = """
delete from pmctl_locks where tenant_id = %s and name = %s and owner = %s"""


@dataclass
class _Lease:
    """A lock that is held here. `renewed` is when the last renewal that succeeded was sent."""

    key: str
    name: str
    owner: UUID = field(default_factory=uuid4)
    renewed: float = 0.0
    trouble: str = ""  # why the last renewal failed
    gone: bool = False  # somebody else has it


class NileLocks:
    """Locks of one Mautic, named by its address and the key of a campaign."""

    def __init__(
        self, database: Callable[[], Niledb], server: str, lease_seconds: float = 60
    ) -> None:
        self._database = database
        self._server = server
        self._seconds = lease_seconds
        self._held: list[_Lease] = []

    @contextmanager
    def hold(self, key: str, doing: str, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the lock of `key` for as long as the block runs, the database willing.

        Raises Locked, naming the holder, and what the database's `execute` raises when there can
        be no lock.
        """
        lease = _Lease(key, f"{self._server} {key}")
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(lease, over), daemon=True)
        try:
            self._take(lease, doing, wait_seconds)
        except (Locked, Unreachable):
            raise
        except BaseException:  # Ctrl-C, or no answer: it may be ours all the same
            self._release(lease)
            raise
        keeper.start()
        self._held.append(lease)
        try:
            yield
        finally:
            over.set()
            keeper.join()
            self._held.remove(lease)
            if not lease.gone:
                self._release(lease)

    def check(self) -> None:
        """Raise LockLost when a lock is another's, or was not renewed for half of its lease.

        The other half is for the write that may be under way.
        """
        for lease in self._held:
            if lease.gone:
                why = "somebody else has taken it"
            elif _now() - lease.renewed > self._seconds / 2:
                why = lease.trouble or "pmctl was stopped for longer than the lock is kept"
            else:
                continue
            raise LockLost(
                f"the lock of {lease.key} could not be kept: {why}",
                hint="stopped before the next write; run the same command again: it looks first "
                "and finishes what is missing",
            )

    def _take(self, lease: _Lease, doing: str, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        while True:
            lease.renewed = _now()
            values = (lease.owner, doing, me(), os.getpid(), self._seconds)
            if self._ask(TAKE, lease.name, *values):
                return
            rows = self._ask(HOLDER, lease.name)
            left = deadline - time.monotonic()
            if left <= 0 and rows:
                raise _locked(lease.key, rows[0])
            if rows:  # without, it has just been released
                time.sleep(min(POLL_SECONDS, left))

    def _keep(self, lease: _Lease, over: threading.Event) -> None:
        while not over.wait(self._seconds / 6):
            begun = _now()
            try:
                rows = self._renew(lease)
            except PmctlError as exc:
                lease.trouble = exc.message
                continue
            if not rows:
                lease.gone = True
                return
            lease.renewed = begun

    def _renew(self, lease: _Lease) -> list[tuple[Any, ...]]:
        database = self._database()
        values = (self._seconds, database.tenant, lease.name, lease.owner)
        return database.execute(RENEW, values, within=self._seconds / 6)

    def _release(self, lease: _Lease) -> None:
        """Give it back; where that fails it is over with its lease."""
        with suppress(PmctlError):
            self._ask(RELEASE, lease.name, lease.owner)

    def _ask(self, statement: LiteralString, name: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; makes the table where there is none yet."""
        database = self._database()
        for left in reversed(range(ATTEMPTS)):
            try:
                return database.execute(
                    statement, (database.tenant, name, *values), within=self._seconds / 6
                )
            except NotFound:
                if not left:
                    raise
                database.define(TABLE)
            except OutcomeUnknown:
                if not left:
                    raise
        raise AssertionError("unreachable")


def _now() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts those."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _locked(key: str, row: tuple[Any, ...]) -> Locked:
    doing, who, pid, taken_at, expires_at, now = row
    since = taken_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Locked(
        f"{key} is being changed: {doing} by {who} (process {pid}) since {since}",
        hint="wait for it, or let --lock-timeout SECONDS wait; "
        f"if it died, its lock is over in {_seconds_until(expires_at, now)} s",
    )


def _seconds_until(expires_at: datetime, now: datetime) -> int:
    return max(1, round((expires_at - now).total_seconds()))

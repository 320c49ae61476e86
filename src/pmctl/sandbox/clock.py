"""The stand-in's clock: the system's time until somebody moves it, so that days pass in a test."""

from __future__ import annotations

import datetime
import threading

UTC = datetime.UTC


class Clock:
    """Whole seconds, UTC. It runs with the system's time until `set` makes it stand still."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = datetime.timedelta()
        self._standing: datetime.datetime | None = None

    def now(self) -> datetime.datetime:
        """The time, aware, in UTC, without fractions of a second."""
        with self._lock:
            return self._now()

    def _now(self) -> datetime.datetime:
        if self._standing is not None:
            return self._standing
        return (datetime.datetime.now(UTC) + self._ahead).replace(microsecond=0)

    def move(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime.datetime:
        """Let time pass (also backwards, with negative numbers); return the time it is then.

        Raises OverflowError beyond the year 9999.
        """
        by = datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        with self._lock:
            if self._standing is not None:
                self._standing = (self._standing + by).replace(microsecond=0)
            else:
                _ = self._now() + by  # a time that does not exist changes nothing
                self._ahead += by
            return self._now()

    def set(self, moment: datetime.datetime) -> None:
        """Stop the clock at a moment; one without a zone is UTC. `move` goes on from there."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        with self._lock:
            self._standing = aware.astimezone(UTC).replace(microsecond=0)

    def run(self) -> None:
        """Let a clock that stands still go on, from the time it shows."""
        with self._lock:
            if self._standing is not None:
                self._ahead = self._standing - datetime.datetime.now(UTC)
                self._standing = None


def sql(moment: datetime.datetime) -> str:
    """A time as a /stats column has it: UTC, without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def from_sql(text: str) -> datetime.datetime:
    """Read what `sql` wrote."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def iso(moment: datetime.datetime) -> str:
    """A time as an entity shows it: ISO 8601, UTC, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")

"""Figures of a running receiver, in Prometheus' words, of all its processes together.

They stand in memory that the processes share, a row for each: who counts writes into its own row
only, and who answers adds up. A process that is started again goes on counting in its row.
"""

from __future__ import annotations

import mmap
import threading

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)  # seconds of a sync
REASONS = ("busy", "method", "content type", "content encoding", "no signature", "signature",
           "size", "slow", "disconnected", "memory", "spool", "unforeseen")  # fmt: skip
COUNTERS = ("received", "spooled", "drained", "duplicates", "dead", "restarts")
_NAMES = (*COUNTERS, *(f'refused{{reason="{reason}"}}' for reason in REASONS))
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_SYNCS = len(_NAMES)  # where the buckets begin, the last without a limit; then microseconds
_MICROSECONDS = _SYNCS + len(BUCKETS) + 1
_WHICH = _MICROSECONDS + 1  # of the two texts
_CELLS = _WHICH + 1
_TEXT_BYTES = 1024
_ROW_BYTES = _CELLS * 8 + 2 * _TEXT_BYTES


class Metrics:
    """The row of one process; its threads may share it. Processes that are forked share `rows`."""

    def __init__(self, rows: int = 1, *, row: int = 0, memory: mmap.mmap | None = None) -> None:
        self._memory = memory or mmap.mmap(-1, rows * _ROW_BYTES)
        self._row = row
        self._lock = threading.Lock()
        self._cells = [
            memoryview(self._memory)[start : start + _CELLS * 8].cast("q")
            for start in range(0, len(self._memory), _ROW_BYTES)
        ]
        self._own = self._cells[row]

    def at(self, row: int) -> Metrics:
        """Return another row of the same memory: no two processes may count in one."""
        return Metrics(row=row, memory=self._memory)

    def add(self, name: str, count: int = 1) -> None:
        """Count one of COUNTERS, or refused{reason="…"} with one of REASONS."""
        with self._lock:
            self._own[_PLACES[name]] += count

    def get(self, name: str) -> int:
        """Return a count."""
        return self._sum(_PLACES[name])

    def sync(self, seconds: float) -> None:
        """Count one group commit and how long it took."""
        bucket = next((at for at, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))
        with self._lock:
            self._own[_SYNCS + bucket] += 1
            self._own[_MICROSECONDS] += round(seconds * 1e6)

    def trouble(self) -> str:
        """Return why one of the processes cannot do its work, or nothing."""
        return next(filter(None, map(self._text, range(len(self._cells)))), "")

    def say(self, trouble: str) -> None:
        """Note why this process cannot do its work; nothing takes it back.

        Nobody reads half of it: it is written beside the one in force, and then becomes it.
        """
        text = trouble.encode()[:_TEXT_BYTES].decode(errors="ignore").encode()
        with self._lock:
            which = 1 - self._own[_WHICH]
            start = self._place_of_text(self._row, which)
            self._memory[start : start + _TEXT_BYTES] = text.ljust(_TEXT_BYTES, b"\0")
            self._own[_WHICH] = which

    def _text(self, row: int) -> str:
        start = self._place_of_text(row, self._cells[row][_WHICH])
        held = self._memory[start : start + _TEXT_BYTES].rstrip(b"\0")
        return held.decode(errors="replace")

    @staticmethod
    def _place_of_text(row: int, which: int) -> int:
        return row * _ROW_BYTES + _CELLS * 8 + which * _TEXT_BYTES

    def _sum(self, place: int) -> int:
        return sum(cells[place] for cells in self._cells)

    def text(self, waiting: int, lag_seconds: float) -> str:
        """Return everything in Prometheus' text format."""
        lines = []
        for name in COUNTERS:
            lines += [f"# TYPE pmctl_webhook_{name}_total counter",
                      f"pmctl_webhook_{name}_total {self.get(name)}"]  # fmt: skip
        lines.append("# TYPE pmctl_webhook_refused_total counter")
        for name in sorted(_NAMES[len(COUNTERS) :]):
            if count := self.get(name):
                lines.append(f"pmctl_webhook_refused_total{name[7:]} {count}")
        for name, value in (("waiting", waiting), ("lag_seconds", round(lag_seconds, 3))):
            lines += [f"# TYPE pmctl_webhook_{name} gauge", f"pmctl_webhook_{name} {value}"]
        lines.append("# TYPE pmctl_webhook_sync_seconds histogram")
        total = 0
        for at, limit in enumerate((*BUCKETS, "+Inf")):
            total += self._sum(_SYNCS + at)
            lines.append(f'pmctl_webhook_sync_seconds_bucket{{le="{limit}"}} {total}')
        lines += [f"pmctl_webhook_sync_seconds_sum {self._sum(_MICROSECONDS) / 1e6:.6f}",
                  f"pmctl_webhook_sync_seconds_count {total}"]  # fmt: skip
        return "\n".join(lines) + "\n"

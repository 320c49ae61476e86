"""Figures of a running receiver, in Prometheus' words."""

from __future__ import annotations

import threading
from collections import Counter

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)  # seconds of a sync


class Metrics:
    """Counters by name; threads may share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._syncs: Counter[float] = Counter()
        self._sync_seconds = 0.0

    def add(self, name: str, count: int = 1) -> None:
        """Count: received, spooled, drained, duplicates, dead, or refused{reason="…"}."""
        with self._lock:
            self._counts[name] += count

    def get(self, name: str) -> int:
        """Return a count."""
        return self._counts[name]

    def sync(self, seconds: float) -> None:
        """Count one group commit and how long it took."""
        bucket = next((limit for limit in BUCKETS if seconds <= limit), float("inf"))
        with self._lock:
            self._syncs[bucket] += 1
            self._sync_seconds += seconds

    def text(self, waiting: int, lag_seconds: float) -> str:
        """Return everything in Prometheus' text format."""
        with self._lock:
            lines = []
            for name in ("received", "spooled", "drained", "duplicates", "dead"):
                lines += [f"# TYPE pmctl_webhook_{name}_total counter",
                          f"pmctl_webhook_{name}_total {self._counts[name]}"]  # fmt: skip
            lines.append("# TYPE pmctl_webhook_refused_total counter")
            for key, count in sorted(self._counts.items()):
                if key.startswith("refused"):
                    lines.append(f"pmctl_webhook_refused_total{key[7:]} {count}")
            for name, value in (("waiting", waiting), ("lag_seconds", round(lag_seconds, 3))):
                lines += [f"# TYPE pmctl_webhook_{name} gauge", f"pmctl_webhook_{name} {value}"]
            lines.append("# TYPE pmctl_webhook_sync_seconds histogram")
            total = 0
            for limit in (*BUCKETS, float("inf")):
                total += self._syncs[limit]
                word = "+Inf" if limit == float("inf") else str(limit)
                lines.append(f'pmctl_webhook_sync_seconds_bucket{{le="{word}"}} {total}')
            lines += [f"pmctl_webhook_sync_seconds_sum {self._sync_seconds:.6f}",
                      f"pmctl_webhook_sync_seconds_count {total}"]  # fmt: skip
        return "\n".join(lines) + "\n"

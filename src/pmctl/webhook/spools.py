"""The spools of all workers: the first one's in the folder itself, the others' in folders below.

Each worker writes into its own. A folder that is there belongs to the whole even when no worker
uses it any more: a receiver that was started again with fewer workers drains it all the same.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl.webhook.spool import Spool

if TYPE_CHECKING:
    from pmctl.webhook.spool import DeadLetter

_SHARE = 10**9  # numbers of dead letters that each spool has for itself
_NAME = re.compile(r"worker-([1-9]\d{0,5})")


def numbers(folder: Path, workers: int = 1) -> list[int]:
    """Return the number of each spool that is there, or is made for so many workers."""
    names = (_NAME.fullmatch(path.parent.name) for path in folder.glob("worker-*/spool.sqlite3"))
    return sorted({*range(1, workers + 1), *(int(name[1]) for name in names if name)})


def spool_at(
    folder: Path, number: int, *, keep_seconds: float = 7 * 86_400, appends: bool = True
) -> Spool:
    """Return the spool with this number, made when it is not there."""
    place = folder if number == 1 else folder / f"worker-{number}"
    first_dead = (number - 1) * _SHARE
    return Spool(place, keep_seconds=keep_seconds, first_dead=first_dead, appends=appends)


class Spools:
    """All spools below a folder; the one of the first worker is made when it is not there."""

    def __init__(self, folder: Path, *, keep_seconds: float = 7 * 86_400, workers: int = 1) -> None:
        self.folder = folder
        self._each = {
            number: spool_at(folder, number, keep_seconds=keep_seconds)
            for number in numbers(folder, workers)
        }

    def __iter__(self) -> Iterator[Spool]:
        return iter(self._each.values())

    def backlog(self) -> tuple[int, float]:
        """Return how many bodies wait, and how many seconds the oldest has waited."""
        found = [spool.backlog() for spool in self]
        return sum(count for count, _ in found), max(lag for _, lag in found)

    def dead_count(self) -> int:
        """Return how many dead letters there are."""
        return sum(spool.dead_count() for spool in self)

    def dead(self) -> Iterator[DeadLetter]:
        """Yield the dead letters, each with a number of its own, oldest first, page by page."""
        return heapq.merge(
            *(spool.dead() for spool in self), key=lambda one: (one.received_at, one.id)
        )

    def dead_letter(self, number: int) -> DeadLetter | None:
        """Return the dead letter with this number, or None."""
        return next((spool.dead_letter(own) for spool, (own,) in self._of([number])), None)

    def dead_body(self, number: int) -> bytes:
        """Return the body of a dead letter, nothing when it is there no more."""
        return next((spool.dead_body(own) for spool, (own,) in self._of([number])), b"")

    def retry(self, ids: Sequence[int]) -> None:
        """Let dead letters wait again."""
        for spool, own in self._of(ids):
            spool.retry(own)

    def purge(self, ids: Sequence[int]) -> None:
        """Delete dead letters for good."""
        for spool, own in self._of(ids):
            spool.purge(own)

    def kept(self, since: float, until: float) -> int:
        """Return how many bodies `replay` would let wait again."""
        return sum(spool.kept(since, until) for spool in self)

    def replay(self, since: float, until: float) -> int:
        """Let what was received in that time, and is still kept, wait again; return how much."""
        return sum(spool.replay(since, until) for spool in self)

    def free_bytes(self) -> int:
        """Return the room that is left."""
        return min(spool.free_bytes() for spool in self)

    def trouble(self) -> str:
        """Return why one of the spools should get no more, or nothing."""
        return next(filter(None, (spool.trouble() for spool in self)), "")

    def close(self) -> None:
        """Close all."""
        for spool in self:
            spool.close()

    def _of(self, ids: Sequence[int]) -> Iterator[tuple[Spool, list[int]]]:
        for number, spool in self._each.items():
            if own := [one for one in ids if (one - 1) // _SHARE == number - 1]:
                yield spool, own

"""What became of the batches of a contact file, on disk, so that a run that was cut can go on.

One file for each Mautic, context and content, under the state folder. A batch is noted before it
is sent and after it was answered, each note on disk before the next step. A batch with no answer
may be stored or not: it is sent again, which is safe, for contacts merge by email.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Sequence
from typing import Any, Self

from pmctl.clients.campaign_contact_batch import UNKNOWN, Result
from pmctl.clients.campaign_contact_rows import Row
from pmctl.errors import Conflict, PmctlError
from pmctl.paths import state_home

KEPT_DAYS = 90


class Notes:
    """The notes of one upload; use them with `with`. Threads may share them."""

    def __init__(self, *, url: str, context: str, digest: str, blank: bool) -> None:
        key = json.dumps([url, context, digest, blank]).encode()
        self.path = state_home() / "contacts" / f"{hashlib.sha256(key).hexdigest()[:32]}.jsonl"
        self._lock = threading.Lock()
        self._handle = -1
        self._answered: dict[int, tuple[int, int]] = {}  # batch -> place and length of its note

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._handle = os.open(self.path, flags, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._handle)
            hint = "wait for it to end; two at once would only be slower"
            raise Conflict("this file is being sent by another pmctl now", hint=hint) from exc
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._read()
        self._tidy()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def _read(self) -> None:
        place = 0
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(0)
            for line in file:
                number = _answered(line)
                if number is not None:
                    self._answered[number] = (place, len(line))
                place += len(line)
        if place and not line.endswith(b"\n"):
            self._append(b"\n")  # a crash left half a line: do not glue the next one to it

    def _tidy(self) -> None:
        """Delete notes that are so old that nobody goes on there."""
        oldest = time.time() - KEPT_DAYS * 24 * 3600
        with contextlib.suppress(OSError):
            for other in self.path.parent.glob("*.jsonl"):
                if other != self.path and other.stat().st_mtime < oldest:
                    other.unlink()

    @property
    def count(self) -> int:
        """How many batches were answered for good."""
        return len(self._answered)

    def forget(self) -> None:
        """Begin anew."""
        os.ftruncate(self._handle, 0)
        self._answered.clear()

    def begin(self, number: int) -> None:
        """Note that a batch is about to be sent. Raises PmctlError, then nothing may be sent."""
        try:
            self._append(_line({"batch": number, "state": "begin"}))
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def done(self, number: int, results: Sequence[Result]) -> None:
        """Note what became of a batch. One with an unknown outcome stays open.

        A full disk is not told: without the note the batch is sent again, which does no harm.
        """
        clear = all(one.outcome != UNKNOWN for one in results)
        kept = [[one.outcome, one.id, one.reason] for one in results] if clear else None
        line = _line({"batch": number, "state": "done" if clear else "open", "rows": kept})
        try:
            place = self._append(line)
        except OSError:
            return
        if clear:
            with self._lock:
                self._answered[number] = (place, len(line))

    def answered(self, number: int, rows: Sequence[Row]) -> list[Result] | None:
        """Return what became of a batch in an earlier run; None when it is to be sent."""
        place = self._answered.get(number)
        if place is None:
            return None
        kept = json.loads(os.pread(self._handle, place[1], place[0]))["rows"]
        if not isinstance(kept, list) or len(kept) != len(rows):
            return None
        return [
            Result(row.line, row.email, key, str(outcome), str(reason))
            for row, (outcome, key, reason) in zip(rows, kept, strict=True)
        ]

    def _append(self, data: bytes) -> int:
        with self._lock:
            place = os.lseek(self._handle, 0, os.SEEK_END)
            if os.write(self._handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._handle)
            return place

    def _unwritable(self, exc: OSError) -> PmctlError:
        return PmctlError(
            f"the notes {self.path} cannot be written: {exc.strerror}",
            hint="nothing was sent; free some space or set XDG_STATE_HOME",
        )


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _answered(line: bytes) -> int | None:
    """Return the number of the batch that a line tells the end of; None for any other line."""
    try:
        record = json.loads(line)
        done = record["state"] == "done" and isinstance(record["rows"], list)
        return int(record["batch"]) if done else None
    except (ValueError, TypeError, KeyError):
        return None  # torn

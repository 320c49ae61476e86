"""The journal: every write to a server is noted before it is sent and after it was answered.

It is for people after a crash. pmctl itself never trusts it: the server is the truth.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pmctl.errors import OutcomeUnknown, PmctlError

Outcome = Literal["ok", "failed", "unknown"]
Audit = Callable[[str, Outcome], None]  # target, outcome


class Journal:
    """Appends to one file; each line is on disk before the call returns."""

    def __init__(self, path: Path, audit: Audit) -> None:
        self._path = path
        self._audit = audit

    @contextmanager
    def write(self, method: str, target: str, **detail: Any) -> Iterator[None]:
        """Note a write around its doing. An unknown outcome is noted as such and raised."""
        self._line("begin", method, target, detail)
        try:
            yield
        except PmctlError as exc:
            outcome: Outcome = "unknown" if isinstance(exc, OutcomeUnknown) else "failed"
            self._line(outcome, method, target, {"error": exc.message})
            self._audit(f"{method} {target}", outcome)
            raise
        self._line("done", method, target, detail)
        self._audit(f"{method} {target}", "ok")

    def _line(self, state: str, method: str, target: str, detail: dict[str, Any]) -> None:
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "pid": os.getpid(),
            "state": state,
            "method": method,
            "target": target,
            **detail,
        }
        data = (json.dumps(record, ensure_ascii=False) + "\n").encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(handle, data) != len(data):  # the disk is full
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(handle)
            finally:
                with suppress(OSError):
                    os.close(handle)
        except OSError as exc:
            if state != "begin":
                return  # the write is done or not done; a full disk must not change what is said
            raise PmctlError(
                f"the journal {self._path} cannot be written: {exc.strerror}",
                hint="nothing was sent; free some space or set XDG_STATE_HOME",
            ) from exc

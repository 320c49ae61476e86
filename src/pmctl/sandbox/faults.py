"""Faults on request: `METHOD:PATH:N:how`, for instance `POST:/api/campaigns/new:2:cut-after`."""

from __future__ import annotations

import fnmatch
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

HOWS = (
    "500, 500-stored, another status, cut-before, cut-after, cut-at-BYTES, hang, hang-after, html, "
    "slow-SECONDS, exit-CODE (of a command of HestiaCP)"
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "*")
_HOW = re.compile(
    r"(?P<status>[1-5]\d\d)|500-stored|cut-before|cut-after|hang|hang-after|html"
    r"|cut-at-(?P<bytes>\d+)|slow-(?P<seconds>\d+(\.\d+)?)|exit-(?P<exit>-?\d+)"
)


@dataclass
class Fault:
    """What happens to the `nth` request (None: to every) of a method to a path."""

    method: str  # upper case, or *
    path: str  # a beginning, or a pattern with *
    nth: int | None
    how: str
    status: int | None = None  # answered instead of the work
    cut_at: int | None = None  # bytes of the answer that are still sent
    seconds: float = 0.0
    exit_code: int | None = None  # of a command that fails instead of the work
    seen: int = field(default=0, compare=False)

    @property
    def prevents(self) -> bool:
        """Tell whether the work of the request is not done."""
        answered = self.status is not None or self.exit_code is not None
        return answered or self.how in {"hang", "cut-before", "html"}

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the fault concerns a request; the path is without its query."""
        if self.method not in {"*", method}:
            return False
        pattern = self.path if "*" in self.path else f"{self.path}*"
        return fnmatch.fnmatchcase(path, pattern)


class Faults:
    """The faults of one server, counted; safe to ask from several threads."""

    def __init__(self, given: Iterable[str | Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._all = [parse(one) if isinstance(one, str) else one for one in given]

    def add(self, fault: str) -> None:
        """Add a fault; its count begins now. Raises ValueError for a wrong text."""
        parsed = parse(fault)
        with self._lock:
            self._all.append(parsed)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._all.clear()

    def of(self, method: str, path: str) -> Fault | None:
        """Count a request; return the first fault that it meets."""
        hit: Fault | None = None
        with self._lock:
            for fault in self._all:
                if fault.matches(method, path):
                    fault.seen += 1
                    if hit is None and fault.nth in {None, fault.seen}:
                        hit = fault
        return hit


def parse(text: str) -> Fault:
    """Return the fault that `METHOD:PATH:N:how` says. Raises ValueError with what is wrong."""
    parts = text.split(":")
    if len(parts) < 4:
        raise ValueError(f"{text!r} is not METHOD:PATH:N:how")
    method, path, nth, how = parts[0].upper(), ":".join(parts[1:-2]), parts[-2], parts[-1]
    if method not in METHODS:
        raise ValueError(f"{text!r}: {parts[0]!r} is no method; one of {', '.join(METHODS)}")
    if not path.startswith(("/", "*")):
        raise ValueError(f"{text!r}: the path {path!r} must begin with / or *")
    if nth != "*" and not (nth.isdecimal() and int(nth)):
        raise ValueError(f"{text!r}: {nth!r} is no count; a number from 1, or * for every request")
    found = _HOW.fullmatch(how)
    if not found:
        raise ValueError(f"{text!r}: cannot fail with {how!r}; one of {HOWS}")
    if found["exit"] and not path.startswith(("/api/v-", "*", "/api/*")):
        raise ValueError(f"{text!r}: {how} is for a command of HestiaCP, a path like /api/v-...")
    cut = {"cut-after": 0}.get(how) if found["bytes"] is None else int(found["bytes"])
    return Fault(
        method,
        path,
        None if nth == "*" else int(nth),
        how,
        status=int(found["status"]) if found["status"] else None,
        cut_at=cut,
        seconds=float(found["seconds"] or 0),
        exit_code=int(found["exit"]) if found["exit"] else None,
    )

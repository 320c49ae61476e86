"""The audit log: one JSON line for every write that pmctl makes; no secrets in it."""

from __future__ import annotations

import errno
import json
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pmctl.errors import redact
from pmctl.paths import state_home

Outcome = Literal["ok", "failed", "unknown"]

_SECRET_NAME = re.compile(r"pass|secret|token|credential|api-?key|auth", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """Who did what, where and when, and how it ended. `time` is ISO 8601 in UTC."""

    time: str
    user: str
    host: str
    pid: int
    context: str
    command: list[str]
    target: str
    outcome: str
    sudo_user: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def path() -> Path:
    """Return where the log is."""
    return state_home() / "audit.jsonl"


def record(
    context: str, command: Sequence[str], target: str, outcome: Outcome, **detail: Any
) -> None:
    """Add one entry. A log that cannot be written is a note on stderr, never an error."""
    from pmctl import output
    from pmctl.errors import PmctlError

    try:
        _append(_line(context, command, target, outcome, detail))
    except (OSError, PmctlError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        output.warn(f"the audit log was not written: {reason}")


def entries(limit: int | None = None) -> Iterator[Entry]:
    """Yield the last `limit` entries, newest last; lines that are torn or not ours are skipped."""
    try:
        with path().open("rb") as file:
            yield from deque(_parsed(file), maxlen=limit) if limit is not None else _parsed(file)
    except FileNotFoundError:
        return


def without_secrets(words: Sequence[str]) -> list[str]:
    """Return argv with what looks like a secret as `***`: `--password x`, `--token=x`."""
    shown: list[str] = []
    hide_next = False
    for word in words:
        name, equals, _ = word.partition("=")
        secret = bool(_SECRET_NAME.search(name)) and name.startswith("-")
        if hide_next and not word.startswith("-"):
            shown.append("***")
        elif secret and equals:
            shown.append(f"{name}=***")
        else:
            shown.append(word)
        hide_next = secret and not equals and not name.endswith(("-stdin", "-file"))
    return shown


def _line(
    context: str, command: Sequence[str], target: str, outcome: Outcome, detail: dict[str, Any]
) -> bytes:
    from datetime import UTC, datetime

    entry = Entry(
        time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        user=_user(),
        host=os.uname().nodename,
        pid=os.getpid(),
        context=context,
        command=without_secrets(command),
        target=target,
        outcome=outcome,
        sudo_user=os.environ.get("SUDO_USER", ""),
        detail=detail,
    )
    text = json.dumps(_redacted(asdict(entry)), ensure_ascii=False, default=str)
    return text.encode(errors="backslashreplace") + b"\n"


def _redacted(value: Any) -> Any:
    """Redact before JSON escapes a quote or a backslash of the secret."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(name)): _redacted(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container often has no name for its user
        return str(os.getuid())


def _append(line: bytes) -> None:
    """Add a line by one write: lines of processes that run side by side never mix."""
    log = path()
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(
        log, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        size = os.fstat(handle).st_size
        # A disk that was full left half a line: do not glue this one to it.
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = b"\n" + line if torn else line
        if os.write(handle, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _parsed(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue

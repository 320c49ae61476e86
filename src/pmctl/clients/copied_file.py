"""A file on disk or on stdin: copied once, so that it cannot change between two readings."""

from __future__ import annotations

import hashlib
import itertools
import sys
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

from pmctl.errors import BadInput

LONGEST_LINE = 1024 * 1024  # bytes
_CHUNK = 256 * 1024


class CopiedFile:
    """One file; use it with `with`. `digest` tells its content from any other."""

    def __init__(self, path: str) -> None:
        self.name = "<stdin>" if path == "-" else path
        self._copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        seen = hashlib.sha256()
        try:
            with _opened(path) as source:
                while chunk := source.read(_CHUNK):
                    data = chunk if isinstance(chunk, bytes) else chunk.encode(errors="replace")
                    seen.update(data)
                    self._copy.write(data)
        except OSError as exc:
            self._copy.close()
            hint = "check its name and its mode, and the space for temporary files"
            raise BadInput(f"{self.name} cannot be read: {exc.strerror}", hint=hint) from exc
        self.digest = seen.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.close()

    def start(self, size: int) -> bytes:
        """Return the first bytes."""
        self._copy.seek(0)
        return self._copy.read(size)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines from the beginning. Raises BadInput for one that is too long."""
        self._copy.seek(0)
        for number in itertools.count(1):
            line = self._copy.readline(LONGEST_LINE)
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise BadInput(
                    f"{self.name}:{number}:1: a line of more than 1 MiB",
                    hint="is it a CSV file, or one JSON object a line?",
                )
            yield line


def repeated(hashes: array[int]) -> set[int]:
    """Return what is there more than once, sorting a sixteenth at a time to save memory."""
    found: set[int] = set()
    for part in range(16):
        ordered = sorted(one for one in hashes if one & 15 == part)
        found.update(one for one, other in itertools.pairwise(ordered) if one == other)
    return found


def _opened(path: str) -> Any:
    if path != "-":
        return Path(path).open("rb")
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    return _Borrowed(stream)


class _Borrowed:
    """A stream that is not ours to close."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __enter__(self) -> Any:
        return self._stream

    def __exit__(self, *_: object) -> None:
        """Leave it open."""

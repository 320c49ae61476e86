"""Files that are either the old or the new one, never half of each."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pmctl.errors import PmctlError


def write_atomic(path: Path, data: bytes | str, mode: int = 0o600) -> None:
    """Replace `path` by `data`; it survives a power cut. Raises OSError, then `path` is untouched.

    A symbolic link stays one: the file that it points to is replaced.
    """
    _sync_folder(_replaced(path, data, mode))


def write_several(files: Iterable[tuple[Path, bytes | str, int]]) -> None:
    """Write files (path, data, mode) one after another, each as `write_atomic` does.

    Their folders are synced once, at the end: with a disk that takes its time for each sync,
    a dozen files take half as long. Raises OSError; the files before that one are whole.
    """
    folders: set[Path] = set()
    try:
        for path, data, mode in files:
            folders.add(_replaced(path, data, mode))
    finally:
        for folder in folders:
            _sync_folder(folder)


def _replaced(path: Path, data: bytes | str, mode: int) -> Path:
    """Put `data` in the place of `path`; return the folder that is to be synced."""
    target = path.resolve()
    content = data.encode() if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return target.parent


def save(path: Path, data: bytes | str, *, hint: str, mode: int = 0o644) -> None:
    """Write a file that somebody asked for, whole or not at all. Raises PmctlError."""
    try:
        write_atomic(path, data, mode)
    except OSError as exc:
        raise PmctlError(f"{path} cannot be written: {exc.strerror}", hint=hint) from exc


def _sync_folder(folder: Path) -> None:
    # Without this the rename itself may be lost; some network file systems cannot do it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

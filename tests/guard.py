"""No test may touch the machine's own folders of pmctl: each attempt is an error where it is made.

A test that did would write into the database of whoever runs the tests, and as root leave one
behind in /var/lib.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATHS = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.scandir",
    "os.listdir",
    "sqlite3.connect",
}
_OWN_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
FORBIDDEN = (
    Path("/var/lib/pmctl"),
    *(_OWN_HOME / below / "pmctl" for below in (
        ".config", ".local/state", ".local/share", ".cache")),
)  # fmt: skip
_BEGINNINGS = tuple(str(path) for path in FORBIDDEN)


def install() -> None:
    """Watch this process, and what it starts, until it ends."""
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in _PATHS:
        for path in args[:2]:
            if isinstance(path, str | bytes | os.PathLike) and _is_own(os.fsdecode(path)):
                raise PermissionError(f"a test touches the machine's own {os.fsdecode(path)}")
    elif event == "subprocess.Popen":
        _, words, _, env = args
        check_start(words, os.environ if env is None else env)


def check_start(words: Any, environment: Mapping[Any, Any]) -> None:
    """Raise PermissionError for a pmctl that would use folders of the machine."""
    if isinstance(words, list | tuple) and "pmctl" in words:
        place = environment.get("XDG_DATA_HOME", "")
        if not place or _is_own(f"{place}/pmctl"):
            raise PermissionError("a test starts pmctl with the machine's own XDG_DATA_HOME")


def _is_own(path: str) -> bool:
    return path.startswith(_BEGINNINGS) and any(
        path == own or path.startswith(f"{own}/") for own in _BEGINNINGS
    )

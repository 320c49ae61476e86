"""Names that the servers had when last asked, kept for shell completion, which never waits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from pmctl.errors import ConfigError
from pmctl.paths import cache_home

_MOST = 10_000  # names of one kind; nobody completes among more


def remember(kind: str, names: Iterable[str]) -> None:
    """Keep the names of one kind, such as "campaigns", for completion. Never fails a command."""
    from pmctl.files import write_atomic

    usable = sorted({name for name in names if name.isprintable() and name})[:_MOST]
    if usable == remembered(kind):
        return
    with contextlib.suppress(OSError, ConfigError):
        folder = cache_home() / "names"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(folder / kind, "".join(f"{name}\n" for name in usable))


def remembered(kind: str) -> list[str]:
    """Return the names kept for one kind; none when there is no cache or it cannot be read."""
    with contextlib.suppress(OSError, UnicodeError, ConfigError):
        return (cache_home() / "names" / kind).read_text(encoding="utf-8").splitlines()
    return []


def completing(kind: str) -> Callable[[str], list[str]]:
    """Return an `autocompletion` for an option or argument that takes names of one kind."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in remembered(kind) if name.startswith(incomplete)]

    return complete

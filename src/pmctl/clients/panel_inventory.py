"""The same listing of several panel users, four side by side; one that fails hides no other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pmctl.errors import NotAllowed, PmctlError

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

Row = TypeVar("Row")


@dataclass(frozen=True)
class Part(Generic[Row]):
    """What one user has. `failed` is why that could not be read."""

    user: str
    rows: list[Row]
    failed: PmctlError | None = None


def inventory(
    panel: Panel, users: Iterable[str], read: Callable[[str], list[Row]]
) -> Iterator[Part[Row]]:
    """Yield each user's rows in order.

    A refusal (exit code 4) is raised, not collected: it would meet the others too, and the
    server's fail2ban counts each. So the first user is asked alone.
    """

    def one(user: str) -> Part[Row]:
        try:
            return Part(user, read(user))
        except NotAllowed:
            raise
        except PmctlError as exc:
            return Part(user, [], exc)

    rest = iter(users)
    yield from map(one, itertools.islice(rest, 1))
    yield from panel.each(one, rest)

"""The same listing of several users: one that fails hides no other, a refusal ends it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from pmctl.clients.panel_inventory import inventory
from pmctl.errors import NotAllowed, PmctlError
from pmctl.parallel import side_by_side


class Reads:
    """A panel of which only the reading side by side is used; notes who was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def each(self, read: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Read four at once, as the panel does."""
        return side_by_side(read, items, 4)


def test_one_that_fails_hides_no_other() -> None:
    def read(user: str) -> list[str]:
        if user == "bob":
            raise PmctlError("the load is too high")
        return [f"{user}_shop"]

    parts = list(inventory(Reads(), ["alice", "bob", "carol"], read))  # type: ignore[arg-type]

    assert [(part.user, part.rows) for part in parts] == [
        ("alice", ["alice_shop"]), ("bob", []), ("carol", ["carol_shop"]),
    ]  # fmt: skip
    assert [part.failed and part.failed.message for part in parts] == [
        None, "the load is too high", None,
    ]  # fmt: skip


def test_a_refusal_is_met_by_one_request_alone() -> None:
    panel = Reads()

    def read(user: str) -> list[str]:
        panel.asked.append(user)
        raise NotAllowed("no permission")

    with pytest.raises(NotAllowed):
        list(inventory(panel, [f"user{n}" for n in range(20)], read))  # type: ignore[arg-type]

    assert panel.asked == ["user0"]


def test_nobody_is_nothing() -> None:
    assert list(inventory(Reads(), [], list)) == []  # type: ignore[arg-type]

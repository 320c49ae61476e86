"""`event_counts` and `event_firsts` against a recount: what differs, and that put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.backends import niledb_verify

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.backends.niledb_verify import Difference

__all__ = ["Difference", "differences", "repair"]


def differences(database: Niledb) -> list[Difference]:
    """Return what a recount has otherwise; nothing is changed."""
    return niledb_verify.differences(database)


def repair(database: Niledb) -> list[Difference]:
    """Put the recount in place of what differs, in one transaction; return what differed."""
    return niledb_verify.repair(database)

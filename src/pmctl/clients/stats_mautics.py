"""Events of no Mautic in a database that several share, and taking them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.backends import niledb_mautics

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb


def nameless(database: Niledb) -> int:
    """Return how many events are of no Mautic."""
    return niledb_mautics.nameless(database)


def adopt(database: Niledb) -> int:
    """Take them over, all or none, for the Mautic of `database`; return how many."""
    return niledb_mautics.adopt(database)

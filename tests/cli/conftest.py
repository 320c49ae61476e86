"""A database for the commands that read events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from tests.backends.test_niledb import at
from tests.postgres import Server


@pytest.fixture
def niledb(server: Server, database: str, statements: list[str]) -> Iterator[Niledb]:
    """A database of its own with all tables; every statement is one that NileDB takes."""
    made = at(server, database=database)
    niledb_schema.prepare(made)
    yield made
    made.close()

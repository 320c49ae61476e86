"""A spool and a database for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.webhook.spool import Spool
from tests.backends.test_niledb import at
from tests.postgres import Server


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


@pytest.fixture
def niledb(server: Server, database: str) -> Iterator[Niledb]:
    made = at(server, database=database, connections=4)
    niledb_schema.prepare(made)
    yield made
    made.close()

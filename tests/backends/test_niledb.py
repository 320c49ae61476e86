"""The connection to NileDB against a real PostgreSQL, and against none."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, LiteralString

import pytest

from pmctl.backends.niledb import NO_TENANT, Niledb
from pmctl.errors import (
    ConfigError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PmctlError,
    Temporary,
    Unreachable,
)
from tests.nile_dialect import Dialect
from tests.postgres import PASSWORD, TENANT, Server

TABLE: LiteralString = """
create table if not exists words (
  tenant_id uuid not null, word text not null, primary key (tenant_id, word)
)"""
ADD = "insert into words (tenant_id, word) values (%s, %s) returning word"


@pytest.fixture
def niledb(server: Server, database: str) -> Iterator[Niledb]:
    made = at(server, database=database)
    yield made
    made.close()


def at(server: Server, **changes: Any) -> Niledb:
    settings: dict[str, Any] = {
        "host": str(server.folder), "port": 5432, "database": "postgres", "user": "ana",
        "password": lambda: PASSWORD, "tenant_id": TENANT, "timeout_seconds": 10,
    }  # fmt: skip
    return Niledb(**settings | changes)


def test_rows_come_back_and_the_tenant_is_said_first(niledb: Niledb, statements: list[str]) -> None:
    niledb.define(TABLE)

    assert niledb.execute(ADD, (niledb.tenant, "héllo")) == [("héllo",)]
    found = niledb.execute("select word from words where tenant_id = %s", (niledb.tenant,))
    assert found == [("héllo",)]
    assert statements[1:4] == ["begin", f"set local nile.tenant_id = '{TENANT}'", ADD]


def test_an_error_leaves_a_connection_that_works(niledb: Niledb, statements: list[str]) -> None:
    with pytest.raises(NotFound, match='relation "words" does not exist'):
        niledb.execute(ADD, (niledb.tenant, "a"))
    niledb.define(TABLE)
    niledb.execute(ADD, (niledb.tenant, "a"))
    with pytest.raises(Temporary, match="duplicate key") as caught:
        niledb.execute(ADD, (niledb.tenant, "a"))
    with pytest.raises(PmctlError, match="null value"):
        niledb.execute(ADD, (None, "a"))

    assert TENANT not in caught.value.message  # the details hold what is in the rows
    assert niledb.execute(ADD, (niledb.tenant, "b")) == [("b",)]


def test_a_plain_postgresql_is_told_of_no_tenant(server: Server, database: str) -> None:
    niledb = at(server, database=database, tenant_id="")

    niledb.define(TABLE)
    niledb.execute(ADD, (niledb.tenant, "a"))

    said = niledb.execute("select current_setting('nile.tenant_id', true)")
    niledb.close()
    assert (niledb.tenant, said) == (NO_TENANT, [(None,)])


def test_nile_itself_is_nothing_without_a_tenant(server: Server) -> None:
    with pytest.raises(ConfigError, match=r"niledb.tenant_id is not set"):
        at(server, host="us-west-2.db.thenile.dev", tenant_id="")


def test_a_wrong_password_is_not_allowed_and_not_shown(server: Server) -> None:
    with pytest.raises(NotAllowed, match="authentication failed") as caught:
        at(server, password=lambda: "papageienkuchen").execute("select 1")

    assert caught.value.exit_code == 4
    assert "papageien" not in repr((caught.value, caught.value.__cause__, caught.value.hint))


def test_what_is_not_there_is_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='database "nowhere" does not exist'):
        at(server, database="nowhere").execute("select 1")
    with pytest.raises(Unreachable, match="No such file") as caught:
        at(server, host=str(tmp_path)).execute("select 1")
    assert caught.value.exit_code == 69


def test_a_server_without_tls_gets_no_password_over_the_net() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        niledb = Niledb(
            host="127.0.0.1", port=listening.getsockname()[1], database="x", user="ana",
            password=lambda: PASSWORD, timeout_seconds=5,
        )  # fmt: skip
        heard: list[bytes] = []

        def refuse() -> None:
            wire, _ = listening.accept()
            with wire:
                heard.append(wire.recv(100))
                wire.sendall(b"N")  # no TLS here
                heard.append(wire.recv(100))

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(Unreachable, match="SSL"):
            niledb.execute("select 1")
        thread.join()

    assert heard[1] == b""


def test_a_server_that_hangs_is_left_after_the_time_out(niledb: Niledb) -> None:
    ((process,),) = niledb.execute("select pg_backend_pid()")
    os.kill(process, signal.SIGSTOP)
    try:
        with pytest.raises(OutcomeUnknown):
            niledb.execute("select 1", within=0.2)
    finally:
        os.kill(process, signal.SIGCONT)

    assert niledb.execute("select 1") == [(1,)]  # connects again


def test_a_connection_that_was_cut_is_made_anew(niledb: Niledb, server: Server) -> None:
    niledb.define(TABLE)
    cut(server)

    with pytest.raises(OutcomeUnknown):
        niledb.execute(ADD, (niledb.tenant, "a"))

    assert niledb.execute(ADD, (niledb.tenant, "a")) == [("a",)]


def cut(server: Server) -> None:
    with server.connect() as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name = 'pmctl'"
        )


def test_a_transaction_is_all_or_nothing(niledb: Niledb, statements: list[str]) -> None:
    niledb.define(TABLE)
    count = "select count(*) from words where tenant_id = %s"

    def add(*words: str) -> None:
        with niledb.transaction() as execute:
            for word in words:
                execute(ADD, (niledb.tenant, word or 1 / len(word)))

    with pytest.raises(ZeroDivisionError):
        add("a", "")
    with pytest.raises(Temporary, match="duplicate key"):
        add("b", "b")
    assert niledb.execute(count, (niledb.tenant,)) == [(0,)]

    with niledb.transaction() as execute:
        execute(ADD, (niledb.tenant, "a"))
        assert execute(count, (niledb.tenant,)) == [(1,)]
    assert niledb.execute(count, (niledb.tenant,)) == [(1,)]


def test_two_statements_are_under_way_at_once(niledb: Niledb) -> None:
    niledb.define(TABLE)
    with niledb.transaction() as execute:
        execute(ADD, (niledb.tenant, "a"))
        assert niledb.execute("select count(*) from words where tenant_id = %s",
                              (niledb.tenant,), within=2) == [(0,)]  # fmt: skip


def test_threads_wait_in_line(niledb: Niledb) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: niledb.execute("select %s::int", (n,)), range(40)))

    assert found == [[(n,)] for n in range(40)]


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (id uuid primary key)",
        "create table t (tenant_id uuid, id serial, primary key (tenant_id, id))",
        "select pg_advisory_lock(1) from t where tenant_id = %s",
        "begin; delete from t where tenant_id = %s",
        "begin; set local nile.tenant_id = %s",
        "begin; select set_config('nile.tenant_id', 'x', true)",
        "delete from t where id = %s",
        "explain select 1 from t where tenant_id = %s",
        "savepoint s",
    ],
)
def test_the_check_of_the_dialect_finds_what_nile_refuses(statement: str) -> None:
    dialect = Dialect(tenant=False)
    dialect.statements(statement)
    assert dialect.wrong

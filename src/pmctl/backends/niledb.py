"""NileDB, or any PostgreSQL: one connection, one statement a transaction, errors in our kinds.

What NileDB takes is less than what PostgreSQL takes: each statement names one tenant and no other,
`set local nile.tenant_id` comes first in a transaction and as literal text, tables are defined
outside of a tenant. With a tenant configured the server counts as NileDB.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from pmctl.errors import (
    ConfigError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PmctlError,
    Temporary,
    Unreachable,
    redact,
)

Connection = psycopg.Connection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]

NO_TENANT = UUID(int=0)  # stands in the tenant_id columns of a plain PostgreSQL
NILE = ".thenile.dev"
DEFINE_ATTEMPTS = 5  # NileDB defines on all databases at once, with a short lock time-out

_NOT_ALLOWED = ("28", "42501")
_BUSY = ("40", "53", "55P03", "57014")
_MADE_MEANWHILE = ("23505", "42710", "42P07")  # by another `create table if not exists`


class Niledb:
    """One database, connected at first use. Threads may share it; statements wait in line."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        database: str,
        user: str,
        password: Callable[[], str],
        tenant_id: str = "",
        sslmode: str = "require",
        ca_file: Path | None = None,
        timeout_seconds: float = 30,
    ) -> None:
        if f".{host}".endswith(NILE) and not tenant_id:
            raise ConfigError(
                "niledb.tenant_id is not set",
                hint="`pmctl config set niledb.tenant_id UUID`; the console of NileDB lists them",
            )
        self._where: dict[str, Any] = {
            "host": host, "port": port, "dbname": database, "user": user, "sslmode": sslmode,
        }  # fmt: skip
        if sslmode == "verify-full":
            self._where["sslrootcert"] = str(ca_file or "system")
        self._name = f"the database {database} at {host}"
        self._password = password
        self._timeout_seconds = timeout_seconds
        self._is_nile = bool(tenant_id)
        self._in_line = threading.Lock()
        self._connection: Connection | None = None
        self.tenant = UUID(tenant_id) if tenant_id else NO_TENANT

    def execute(
        self, statement: LiteralString, params: Sequence[Any] = (), *, within: float | None = None
    ) -> Rows:
        """Carry out one statement in a transaction of its own; return its rows.

        The statement names the tenant itself, as one of `params`. `within`: seconds, in place of
        the configured time-out. Raises NotFound for a table that is not there, OutcomeUnknown
        when the connection broke, Unreachable when there was none, NotAllowed, Temporary,
        ConfigError for an unknown tenant, else PmctlError.
        """
        return self._ask(statement, params, within, tenant=self._is_nile)

    def define(self, statement: LiteralString) -> None:
        """Carry out `create … if not exists` and the like; again when others lock the tables.

        Raises what `execute` raises.
        """
        for left in reversed(range(DEFINE_ATTEMPTS)):
            try:
                self._ask(statement, (), None, tenant=False)
                return
            except Temporary:
                if not left:
                    raise

    def close(self) -> None:
        """End the connection; a later call connects again."""
        with self._in_line:
            self._drop()

    def _ask(
        self, statement: LiteralString, params: Sequence[Any], within: float | None, *, tenant: bool
    ) -> Rows:
        seconds = self._timeout_seconds if within is None else within
        with self._in_line:
            connection = self._connected(seconds)
            try:
                with _cut_after(seconds, connection):
                    return self._transaction(connection, statement, params, tenant=tenant)
            except psycopg.Error as exc:
                raise self._error(exc, connection) from None
            except BaseException:
                self._drop()  # Ctrl-C in the middle of an answer
                raise

    def _transaction(
        self,
        connection: Connection,
        statement: LiteralString,
        params: Sequence[Any],
        *,
        tenant: bool,
    ) -> Rows:
        try:
            if tenant:
                first = sql.SQL("begin; set local nile.tenant_id = {}")
                connection.execute(first.format(sql.Literal(str(self.tenant))))
            cursor = connection.execute(statement, params or None)
            rows = cursor.fetchall() if cursor.description else []
            if tenant:
                connection.execute("commit")
        except psycopg.Error:
            with suppress(psycopg.Error):
                connection.rollback()
            raise
        return rows

    def _connected(self, seconds: float) -> Connection:
        if self._connection is not None and not self._connection.broken:
            return self._connection
        self._drop()
        password = self._password()
        try:
            self._connection = psycopg.connect(
                **self._where,
                password=password,
                application_name="pmctl",
                client_encoding="utf8",
                connect_timeout=max(2, round(seconds)),
                tcp_user_timeout=round(seconds * 1000),
                autocommit=True,
                prepare_threshold=None,  # named ones may not survive the gateway of NileDB
            )
        except psycopg.Error as exc:
            raise self._no_connection(exc) from None
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _no_connection(self, exc: psycopg.Error) -> PmctlError:
        """Return the error of a failed login: libpq tells it by its words only."""
        words = _words(exc)
        text = f"{self._name} cannot be used: {words}"
        if "authentication failed" in words or "pg_hba.conf" in words:
            return NotAllowed(text, hint="check niledb.user, its password and niledb.sslmode")
        if words.endswith("does not exist"):
            return ConfigError(text, hint="check niledb.database and niledb.user")
        return Unreachable(text, hint="check niledb.host, niledb.port and niledb.sslmode")

    def _error(self, exc: psycopg.Error, connection: Connection) -> PmctlError:
        state = exc.sqlstate or ""
        text = f"{self._name}: {_words(exc)}"
        if connection.broken or state.startswith(("08", "57P")):
            self._drop()
            return OutcomeUnknown(text, hint="the connection to the database broke; try again")
        if state == "42P01":
            return NotFound(text)
        if state.startswith(_NOT_ALLOWED):
            return NotAllowed(text, hint="that user of the database lacks the right to do it")
        if state.startswith(_BUSY) or state in _MADE_MEANWHILE:
            return Temporary(text, hint="try again")
        if state == "22023" and "tenant" in text:
            return ConfigError(text, hint="check niledb.tenant_id")
        return PmctlError(text)


@contextmanager
def _cut_after(seconds: float, connection: Connection) -> Iterator[None]:
    """Shut the connection when the block takes longer: a server may hang with its host alive."""
    wire = socket.socket(fileno=os.dup(connection.fileno()))

    def cut() -> None:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        wire.close()


def _words(exc: psycopg.Error) -> str:
    """Return the last line that matters; details of PostgreSQL's may hold the data of rows."""
    said = exc.diag.message_primary or str(exc)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "FATAL:" in line), lines[0] if lines else "no words")
    return redact(first.rpartition("FATAL:")[2].strip())

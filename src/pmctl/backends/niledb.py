"""NileDB, or any PostgreSQL: one connection, one statement a transaction, errors in our kinds.

What NileDB takes is less than what PostgreSQL takes: each statement names one tenant and no other,
`set local nile.tenant_id` comes first in a transaction and as literal text, tables are defined
outside of a tenant. With a tenant configured the server counts as NileDB.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import Any, LiteralString, Protocol, Self
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import psycopg
from psycopg.pq import TransactionStatus

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
Params = Sequence[Any]


class Execute(Protocol):
    """Carries out one statement of a transaction and returns its rows."""

    def __call__(self, statement: LiteralString, params: Params = ()) -> Rows: ...


NO_TENANT = UUID(int=0)  # stands in the tenant_id columns of a plain PostgreSQL
NILE = ".thenile.dev"
_MAUTICS = UUID("0b8f4b0e-8d6c-5c0a-9a51-5a0b7d0f3c6e")  # of `of_mautic`; never to change
DEFINE_ATTEMPTS = 5  # NileDB defines on all databases at once, with a short lock time-out
START_ATTEMPTS = 3  # a server of our own that just dies may still take a connection
CLOSE_SECONDS = 5.0
DEFINE_PAUSE_SECONDS = 0.05  # before the second attempt; doubled before each further one

_NOT_ALLOWED = ("28", "42501")
_BUSY = ("40", "53", "55P03", "57014")
_BAD_ROW = ("22", "23", "54")
_REFUSED = ("0A000", "42601", "42883", "42P10")
_VALUE = re.compile(r'".*"', re.DOTALL)  # such words of PostgreSQL's quote the data of rows
_MADE_MEANWHILE = ("23505", "42710", "42P07")  # by another `create table if not exists`


class BadRow(PmctlError):
    """The server cannot hold what a row says: the rows without it would be taken."""

    exit_code = 65


class Refused(PmctlError):
    """The server knows no such statement, or does not take it."""


class Niledb:
    """One database, connected at first use. Threads may share it.

    `connections`: how many statements may be under way at once; the others wait in line.
    `start`: called before each connection, it sees to it that the server runs, and returns its
    host. `forget`: called when the server refused the password, so that the next connection asks
    for it anew.
    """

    def __init__(
        self,
        *,
        host: str = "",
        port: int = 5432,
        database: str,
        user: str,
        password: Callable[[], str] = str,
        forget: Callable[[], None] = lambda: None,
        tenant_id: str = "",
        sslmode: str = "require",
        ca_file: Path | None = None,
        timeout_seconds: float = 30,
        connections: int = 2,
        start: Callable[[], str] | None = None,
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
        self._name = f"the database {database} at {host}" if host else "pmctl's own database"
        self._start = start
        self._password, self._forget = password, forget
        self._timeout_seconds = timeout_seconds
        self._slots = threading.BoundedSemaphore(connections)
        self._slots_count = connections
        self._closing = threading.Lock()
        self._idle: list[Connection] = []
        self.tenant = UUID(tenant_id) if tenant_id else NO_TENANT
        self._begin = f"begin; set local nile.tenant_id = '{self.tenant}'" if tenant_id else ""
        self.form = 0  # which way of writing events this server takes; see niledb_events
        self.mautic = ""  # the address of whose rows these are, where no tenant says it

    @property
    def has_tenant(self) -> bool:
        """Whether one is configured: then the server counts as NileDB, and shows no other."""
        return bool(self._begin)

    def of_mautic(self, url: str) -> Self:
        """Return this database as the place of one Mautic's rows; the connections are shared.

        Ids of Mautic's begin anew in each one, so two of them in a database are kept apart by
        `tenant`: the one configured, else one made from the address. http or https and a `/` at
        the end make no difference. Without an address they are of NO_TENANT.
        """
        parts = urlsplit(url.strip())
        if self._begin or not parts.hostname:
            return self
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
        found = copy(self)
        found.mautic = f"{parts.hostname}{port}{parts.path.rstrip('/')}"
        found.tenant = uuid5(_MAUTICS, found.mautic)
        return found

    def execute(
        self, statement: LiteralString, params: Params = (), *, within: float | None = None
    ) -> Rows:
        """Carry out one statement in a transaction of its own, in one trip; return its rows.

        The statement names the tenant itself, as one of `params`. `within`: seconds, in place of
        the configured time-out. Raises NotFound for a table that is not there, OutcomeUnknown
        when the connection broke, Unreachable when there was none, BadRow for a value that the
        server cannot hold, Refused for what this server does not know, NotAllowed, Temporary,
        ConfigError for an unknown tenant, else PmctlError.
        """
        text = f"{self._begin}; {statement}; commit" if self._begin else statement
        with self._connection(within) as connection:
            return _rows(connection, text, params)

    @contextmanager
    def transaction(self, *, within: float | None = None) -> Iterator[Execute]:
        """Yield what carries out statements, all of them or, when the block raises, none.

        `within`: seconds for the whole block. Raises what `execute` raises.
        """
        with self._connection(within) as connection:
            _rows(connection, self._begin or "begin", ())
            yield lambda statement, params=(): _rows(connection, statement, params)
            _rows(connection, "commit", ())

    def define(self, statement: LiteralString) -> None:
        """Carry out `create … if not exists` and the like; again when others lock the tables.

        Raises what `execute` raises.
        """
        for attempt in range(DEFINE_ATTEMPTS):
            try:
                with self._connection(None) as connection:
                    _rows(connection, statement, ())
                return
            except OutcomeUnknown:
                raise
            except Temporary:
                if attempt == DEFINE_ATTEMPTS - 1:
                    raise
                time.sleep(DEFINE_PAUSE_SECONDS * 2**attempt)

    def close(self) -> None:
        """End the connections when their statements are over; a later call connects again.

        One that hangs is left to the end of the program after CLOSE_SECONDS.
        """
        until = time.monotonic() + CLOSE_SECONDS
        with self._closing:
            slots = sum(
                self._slots.acquire(timeout=max(0.0, until - time.monotonic()))
                for _ in range(self._slots_count)
            )
            while self._idle:
                _end(self._idle.pop())
            if slots:
                self._slots.release(slots)

    @contextmanager
    def _connection(self, within: float | None) -> Iterator[Connection]:
        """Lend a connection for `within` seconds. What psycopg raises leaves as our kinds."""
        seconds = self._timeout_seconds if within is None else within
        with self._slots:
            connection = self._connected(seconds)
            try:
                with _cut_after(seconds, connection):
                    yield connection
            except psycopg.Error as exc:
                with suppress(psycopg.Error):
                    if connection.info.transaction_status != TransactionStatus.IDLE:
                        connection.rollback()
                raise self._error(exc, connection) from None
            except BaseException:
                _end(connection)  # Ctrl-C in the middle of an answer
                raise
            finally:
                if connection.closed or connection.broken:
                    _end(connection)
                else:
                    self._idle.append(connection)

    def _connected(self, seconds: float) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.broken:
                return connection
            _end(connection)
        for left in reversed(range(START_ATTEMPTS if self._start else 1)):
            where = self._where | ({"host": self._start()} if self._start else {})
            try:
                return self._connect(where, seconds)
            except psycopg.Error as exc:
                if not left:
                    raise self._no_connection(exc) from None
        raise AssertionError("unreachable")

    def _connect(self, where: dict[str, Any], seconds: float) -> Connection:
        return psycopg.connect(
            **where,
            password=self._password(),
            application_name="pmctl",
            client_encoding="utf8",
            connect_timeout=max(2, round(seconds)),
            tcp_user_timeout=round(seconds * 1000),
            autocommit=True,
            prepare_threshold=None,  # named ones may not survive the gateway of NileDB
            # values go as literals: a transaction is one text and one trip, the way that
            # NileDB's own server sends its statements
            cursor_factory=psycopg.ClientCursor,
        )

    def _no_connection(self, exc: psycopg.Error) -> PmctlError:
        """Return the error of a failed login: libpq tells it by its words only."""
        words = _words(exc)
        text = f"{self._name} cannot be used: {words}"
        if "authentication failed" in words:
            self._forget()
        if "authentication failed" in words or "pg_hba.conf" in words:
            return NotAllowed(text, hint="check niledb.user, its password and niledb.sslmode")
        if words.endswith("does not exist"):
            return ConfigError(text, hint="check niledb.database and niledb.user")
        return Unreachable(text, hint="check niledb.host, niledb.port and niledb.sslmode")

    def _error(self, exc: psycopg.Error, connection: Connection) -> PmctlError:
        state = exc.sqlstate or ""
        text = f"{self._name}: {_words(exc)}"
        if connection.broken or state.startswith(("08", "57P")):
            _end(connection)
            return OutcomeUnknown(text, hint="the connection to the database broke; try again")
        if state == "42P01":
            return NotFound(text)
        if state.startswith(_NOT_ALLOWED):
            return NotAllowed(text, hint="that user of the database lacks the right to do it")
        if state.startswith(_BUSY) or state in _MADE_MEANWHILE:
            return Temporary(text, hint="try again")
        if state == "22023" and "tenant" in text:
            return ConfigError(text, hint="check niledb.tenant_id")
        if state.startswith(_BAD_ROW) or (not state and isinstance(exc, psycopg.DataError)):
            return BadRow(text)
        if state in _REFUSED:
            return Refused(text)
        return PmctlError(text)


def _rows(connection: Connection, text: LiteralString, params: Params) -> Rows:
    """Send a text of one statement or more; return the rows of the one that has some."""
    cursor = connection.execute(text, params or None)
    rows: Rows = []
    while True:
        if cursor.description:
            rows = cursor.fetchall()
        if not cursor.nextset():
            return rows


def _end(connection: Connection) -> None:
    with suppress(psycopg.Error):
        connection.close()


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
    if (exc.sqlstate or "").startswith("22"):
        said = _VALUE.sub("…", said)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "FATAL:" in line), lines[0] if lines else "no words")
    return redact(first.rpartition("FATAL:")[2].strip())

"""Context: the configuration in force and its clients, each made at first use."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pmctl import output

if TYPE_CHECKING:
    from pmctl.audit import Outcome
    from pmctl.backends.embedded import Embedded
    from pmctl.backends.hestia import Hestia
    from pmctl.backends.kumomta import Kumomta
    from pmctl.backends.mautic import Mautic
    from pmctl.backends.niledb import Niledb
    from pmctl.backends.niledb_mautics import Standing
    from pmctl.backends.receiver import Receiver
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.campaign_contact import Contacts
    from pmctl.clients.journal import Journal
    from pmctl.clients.locks import Locks
    from pmctl.clients.panel import Panel
    from pmctl.config import Config
    from pmctl.http import Http, HttpOptions


class Context:
    """What one run of a command works with. Close it (or use `with`) to close connections."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self._words: tuple[str, ...] = tuple(options.get("argv", ()))
        self._open: list[Http | Niledb | Embedded | Receiver] = []
        self._preparing = threading.Lock()
        self.besides: Standing | None = None  # in the database, besides the events of our Mautic

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Take the options said on the command line; configures the output too."""
        columns = options.get("columns") or ""
        format_ = options.get("output")  # text: the enums of Typer are made for callbacks only
        color = options.get("color")
        output.configure(
            output.Style(
                format=output.Format(format_) if format_ else None,
                columns=tuple(filter(None, (name.strip() for name in columns.split(",")))),
                header=not options.get("no_header", False),
                quiet=bool(options.get("quiet", False)),
                color=output.Color(color) if color else output.Color.auto,
            )
        )
        return cls(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        for connection in reversed(self._open):
            connection.close()

    @cached_property
    def config(self) -> Config:
        """The configuration in force; says on stderr what an explicit --context overrules."""
        from pmctl.config import load

        config = load(self.options)
        for line in config.notes:
            output.note(line)
        return config

    @cached_property
    def _http_options(self) -> HttpOptions:
        from pmctl.http import HttpOptions

        general = self.config.general
        insecure = bool(self.options.get("insecure"))
        if insecure:
            output.warn("TLS certificates are not verified (--insecure)")
        return HttpOptions(
            timeout_seconds=general.timeout_seconds,
            retries=general.retries,
            ca_file=str(general.ca_file) if general.ca_file else None,
            insecure=insecure,
            trace=_trace if self.options.get("trace") else None,
        )

    @cached_property
    def mautic(self) -> Mautic:
        """The Mautic of this context. Raises ConfigError when its settings lack something."""
        from pmctl.backends.mautic import Mautic
        from pmctl.http import Http
        from pmctl.paths import cache_home

        settings = self.config.mautic
        http = Http("Mautic", settings.url, self._http_options)
        self._open.append(http)
        return Mautic(
            http,
            user=settings.user,
            password=settings.password.reveal,
            client_id=settings.client_id,
            client_secret=settings.client_secret.reveal,
            token_file=cache_home() / f"mautic-token-{self.config.context}.json",
        )

    @cached_property
    def niledb(self) -> Niledb:
        """The NileDB (or PostgreSQL) of this context, not yet connected.

        Raises ConfigError when its settings lack something.
        """
        from pmctl.backends.niledb import Niledb

        settings = self.config.niledb
        niledb = Niledb(
            host=settings.host,
            port=settings.port,
            database=settings.database,
            user=settings.user,
            password=settings.password.reveal,
            forget=settings.password.forget,
            tenant_id=settings.tenant_id,
            sslmode=settings.sslmode,
            ca_file=settings.general.ca_file,
            timeout_seconds=settings.general.timeout_seconds,
        )
        self._open.append(niledb)
        return niledb

    def database(self, *, adopting: bool = True) -> Niledb:
        """The events of this context's Mautic, the tables made or brought up to date at first use.

        The NileDB or PostgreSQL that is configured, else one of pmctl's own on this machine, which
        is started where it does not run. Events from before any Mautic had a name are taken over
        by the first one that has, when `adopting`. Raises what `Niledb.execute` raises, and
        ConfigError.
        """
        with self._preparing:
            return self._adopted if adopting else self._database

    @cached_property
    def _database(self) -> Niledb:
        from pmctl.backends import niledb_mautics, niledb_schema
        from pmctl.settings import BY_PATH

        database = self.niledb if self.config.names_database else self._embedded
        url = self.config.source(BY_PATH["mautic.url"]).value
        database = database.of_mautic(str(url or ""))
        niledb_schema.prepare(database)
        self.besides = niledb_mautics.standing(database)
        return database

    @cached_property
    def _adopted(self) -> Niledb:
        from pmctl import audit
        from pmctl.backends import niledb_mautics

        database, besides = self._database, self.besides
        if besides and besides.nameless and besides.empty and not besides.others:
            words = f"without mautic.url: they are taken for those of {database.mautic}"
            count = niledb_mautics.adopt(
                database, lambda count: output.note(f"{count:,} events came {words}")
            )
            if count:
                audit.record(
                    self.config.context, self._words, database.mautic, "ok", adopted_events=count
                )
            self.besides = niledb_mautics.standing(database)
        return database

    @cached_property
    def _embedded(self) -> Niledb:
        from pmctl.backends.embedded import DATABASE, USER, Embedded
        from pmctl.backends.niledb import Niledb
        from pmctl.paths import data_home

        embedded = Embedded(data_home())
        database = Niledb(
            database=DATABASE, user=USER, sslmode="disable", start=embedded.start,
            timeout_seconds=self.config.general.timeout_seconds,
        )  # fmt: skip
        self._open += [embedded, database]
        return database

    def has_database(self) -> bool:
        """Whether there is a database of events: configured, or made here by an earlier command."""
        from pmctl.backends.embedded import has_data
        from pmctl.paths import data_home

        return self.config.names_database or has_data(data_home())

    def receiver(self, url: str, *, retries: int | None = None) -> Receiver:
        """The receiver of webhooks at an address. Raises ConfigError for one that is none."""
        from dataclasses import replace

        from pmctl.backends.receiver import Receiver

        options = self._http_options
        receiver = Receiver(url, options if retries is None else replace(options, retries=retries))
        self._open.append(receiver)
        return receiver

    @cached_property
    def _locks(self) -> Locks:
        """Locks that every machine sees where there is a database, else those of this machine."""
        from pmctl.clients.locks import FileLocks
        from pmctl.clients.nile_locks import NileLocks
        from pmctl.paths import state_home

        config = self.config
        if config.names_database:
            # a write has its time-out within the half of a lease that is kept for it
            lease = max(60.0, 2 * config.general.timeout_seconds)
            return NileLocks(lambda: self.niledb, config.mautic.url, lease)
        return FileLocks(state_home() / "locks", config.mautic.url)

    @cached_property
    def campaign(self) -> Campaigns:
        """The campaigns of this context."""
        from pmctl.clients.campaign import Campaigns
        from pmctl.clients.snapshots import Snapshots
        from pmctl.paths import state_home

        env = self.config.context
        snapshots = Snapshots(state_home() / "snapshots" / env)
        return Campaigns(self.mautic, env, self._journal, self._locks, snapshots)

    @cached_property
    def _journal(self) -> Journal:
        from pmctl.clients.journal import Journal
        from pmctl.paths import state_home

        return Journal(state_home() / "journal.jsonl", self._audit)

    @cached_property
    def hestia(self) -> Hestia:
        """The HestiaCP of this context. Raises ConfigError when its settings lack something."""
        from dataclasses import replace

        from pmctl.backends.hestia import Hestia
        from pmctl.http import Http
        from pmctl.paths import cache_home
        from pmctl.secrets import where

        settings = self.config.hestia
        options = replace(self._http_options, fingerprint=settings.fingerprint or "")
        http = Http("HestiaCP", settings.url, options)
        self._open.append(http)
        old_key = not settings.access_key and where(settings.api_hash)
        return Hestia(
            http,
            access_key=settings.access_key,
            secret_key=settings.secret_key.reveal,
            api_hash=settings.api_hash.reveal if old_key else None,
            user=settings.user,
            password=settings.password.reveal,
            no_handover=cache_home() / f"hestia-no-handover-{self.config.context}",
        )

    @cached_property
    def panel(self) -> Panel:
        """HestiaCP with its journal and the lock of this machine, for the groups that use it."""
        from pmctl.clients.locks import FileLocks
        from pmctl.clients.panel import Panel
        from pmctl.paths import state_home

        locks = FileLocks(state_home() / "locks", self.hestia.url)
        return Panel(self.hestia, self._journal, locks)

    @cached_property
    def kumomta(self) -> Kumomta:
        """The KumoMTA of this context. Raises ConfigError when its settings lack something."""
        from pmctl.backends.kumomta import Kumomta
        from pmctl.http import Http

        settings = self.config.kumomta
        http = Http("KumoMTA", settings.url, self._http_options)
        self._open.append(http)
        return Kumomta(http, user=settings.user, password=settings.password.reveal)

    @cached_property
    def contacts(self) -> Contacts:
        """The contacts of this context."""
        from pmctl.clients.campaign_contact import Contacts

        return Contacts(self.campaign)

    def _audit(self, target: str, outcome: Outcome) -> None:
        from pmctl import audit

        audit.record(self.config.context, self._words, target, outcome)


def _trace(line: str) -> None:
    sys.stderr.write(line if line.endswith("\n") else line + "\n")

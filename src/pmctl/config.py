"""The configuration in force: TOML, PMCTL_* and options, as frozen settings per backend.

An option beats the environment, which beats the context, which beats the defaults. An explicit
--context beats the environment too. Each backend's settings are checked when first asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pmctl import settings
from pmctl.configfile import File, find, read, table_of
from pmctl.errors import ConfigError
from pmctl.secrets import Secret
from pmctl.settings import BY_PATH, GENERAL, KEYS, NEEDS, SECTIONS, Key
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


@dataclass(frozen=True)
class Source:
    """One place where a value may come from. `value` is None when nothing is there."""

    place: str
    value: Any = None
    passed_over: bool = False  # an explicit --context says otherwise


class Config:
    """What one run of pmctl is configured to do. `notes` are for the person to see."""

    def __init__(self, file: File, options: Mapping[str, Any]) -> None:
        self.file = file
        self._options = options
        self._explicit = bool(options.get("context"))
        self.context = _context_in_force(file, options.get("context"))
        self._table: Mapping[str, Any] = file.contexts.get(self.context, {})
        self._check_names(GENERAL, file.data.get("defaults", {}), "defaults")
        self._check_names(GENERAL, self._table, f"contexts.{self.context}", SECTIONS)

    @cached_property
    def notes(self) -> list[str]:
        """What an explicit --context overrules, in words."""
        if not self._explicit:
            return []
        overruled = [
            key.env
            for key in KEYS
            if key.kind != "secret" and any(s.passed_over for s in self._named(key))
        ]
        if os.environ.get("PMCTL_CONTEXT", self.context) != self.context:
            overruled.insert(0, "PMCTL_CONTEXT")
        return [f"--context {self.context} overrules {', '.join(overruled)}"] if overruled else []

    @cached_property
    def general(self) -> settings.General:
        """How every backend is spoken to."""
        return self._filled(settings.General, GENERAL)

    @cached_property
    def mautic(self) -> settings.MauticSettings:
        """Raises ConfigError when something of Mautic's is wrong or missing; so do the others."""
        return self._backend(settings.MauticSettings, "mautic")

    @cached_property
    def hestia(self) -> settings.HestiaSettings:
        """HestiaCP's settings."""
        return self._backend(settings.HestiaSettings, "hestia")

    @cached_property
    def kumomta(self) -> settings.KumomtaSettings:
        """KumoMTA's settings."""
        return self._backend(settings.KumomtaSettings, "kumomta")

    @cached_property
    def billmanager(self) -> settings.BillmanagerSettings:
        """BILLmanager's settings."""
        return self._backend(settings.BillmanagerSettings, "billmanager")

    @cached_property
    def niledb(self) -> settings.NiledbSettings:
        """NileDB's settings."""
        return self._backend(settings.NiledbSettings, "niledb")

    @cached_property
    def webhook(self) -> settings.WebhookSettings:
        """The settings of the receiver of webhooks."""
        return self._filled(settings.WebhookSettings, "webhook", general=self.general)

    @property
    def names_database(self) -> bool:
        """Whether a NileDB or PostgreSQL is configured; without one pmctl runs its own."""
        host = self.source(BY_PATH["niledb.host"])
        return host.place != "default" or bool(self.source(BY_PATH["niledb.database"]).value)

    def source(self, key: Key) -> Source:
        """Return the value of a setting in its own type, and where it comes from.

        Raises ConfigError when that value is wrong.
        """
        for source in self.chain(key):
            if source.value is not None and not source.passed_over:
                return source
        return Source("not set")

    def chain(self, key: Key) -> list[Source]:
        """Return every place that is looked at, first the one that wins over the others."""
        if key.kind == "secret":
            raise TypeError("a secret has no value here: ask secret()")
        sources = self._named(key)
        if key.from_host:
            host = self.source(BY_PATH["server.hostname"])
            built = key.from_host.format(host=host.value) if host.value else None
            sources.append(Source(f"built from server.hostname ({host.place})", built))
        if not key.section:
            value = self._from_file(key, self.file.data.get("defaults", {}), "defaults")
            sources.append(Source("[defaults]", value))
        # "" is a default that means "nothing"
        sources.append(Source("default", None if key.default == "" else key.default))
        return sources

    def secret(self, key: Key) -> Secret:
        """Return a secret, not yet looked up."""
        command = self.source(BY_PATH[f"{key.path}_command"]).value or ()
        file = self.source(BY_PATH[f"{key.path}_file"]).value
        return Secret(key.path, context=self.context, command=command, file=file)

    def _named(self, key: Key) -> list[Source]:
        """Return the places that name this very setting: option, environment, context."""
        here = f"contexts.{self.context}" + (f".{key.section}" if key.section else "")
        context = Source(f"[{here}]", self._from_file(key, self._section(key.section), here))
        sources = [context]
        if not key.about:  # PMCTL_…_FILE of a secret is a place of its own, in secrets.py
            sources = self._environment(key, context)
        if key.option:
            value = self._options.get(key.option)
            flag = f"--{key.option.replace('_', '-')}"
            option = Source(f"option {flag}", self._checked(key, value, flag, Path()))
            sources.insert(0, option)
        return sources

    def _environment(self, key: Key, context: Source) -> list[Source]:
        text = os.environ.get(key.env) or None
        passed_over = False
        value = None
        if text is not None:
            value = self._environment_value(key, text)
            here = context.value or self._built_here(key)
            passed_over = self._explicit and here is not None and here != value
        return [Source(key.env, value, passed_over), context]

    def _environment_value(self, key: Key, text: str) -> Any:
        try:
            value = settings.from_text(key, text)
        except ValueError as exc:
            raise _wrong(key.env, exc) from None
        return self._checked(key, value, key.env, Path())

    def _built_here(self, key: Key) -> str | None:
        """Return the address that the context itself gives by its server.hostname."""
        if not key.from_host:
            return None
        server = self._section("server")
        host = self._from_file(BY_PATH["server.hostname"], server, "server")
        return key.from_host.format(host=host) if host else None

    def _from_file(self, key: Key, table: Mapping[str, Any], where: str) -> Any:
        place = f"{self.file.path}: {where}.{key.name}"
        return self._checked(key, table.get(key.name), place, self.file.folder)

    def _checked(self, key: Key, value: Any, place: str, folder: Path) -> Any:
        if value is None:
            return None
        try:
            return settings.check(key, value, folder)
        except ValueError as exc:
            raise _wrong(place, exc) from None

    def _section(self, section: str) -> Mapping[str, Any]:
        """Return a section of the context in force, its names checked."""
        if not section:
            return self._table
        where = f"contexts.{self.context}.{section}"
        table = table_of(self._table.get(section, {}), f"{self.file.path}: {where}")
        self._check_names(section, table, where)
        return table

    def _check_names(
        self, section: str, table: Mapping[str, Any], where: str, more: tuple[str, ...] = ()
    ) -> None:
        known = [*settings.names_of(section), *more]
        for name in table:
            if name in known:
                continue
            secret = BY_PATH.get(f"{section}.{name}")
            if secret:
                raise ConfigError(
                    f"{self.file.path}: {where}.{name}: a secret must not stand in this file",
                    hint=f"`pmctl config set-secret {secret.path}`, or use {name}_command or "
                    f"{name}_file",
                )
            raise ConfigError(
                f"{self.file.path}: {where}: unknown key {name}", hint=did_you_mean(name, known)
            )

    def _filled(self, kind: type[S], section: str, **more: Any) -> S:
        """Return the settings of a section as the dataclass `kind`."""
        values = dict(more)
        for field in fields(kind):
            if field.name in more:
                continue
            key = BY_PATH[f"{section}.{field.name}" if section else field.name]
            if key.kind == "secret":
                values[field.name] = self.secret(key)
            else:
                found = self.source(key).value
                values[field.name] = key.default if found is None else found
        return kind(**values)

    def _backend(self, kind: type[S], section: str) -> S:
        for group in NEEDS[section]:
            keys = [BY_PATH[f"{section}.{name}"] for name in group]
            if not any(self.source(key).value for key in keys):
                raise self._missing(keys)
        return self._filled(kind, section, general=self.general)

    def _missing(self, keys: list[Key]) -> ConfigError:
        name = "server.hostname" if keys[0].from_host else keys[0].path
        said = " or ".join(key.path for key in keys)
        return ConfigError(
            f"{said} is not set in context {self.context}",
            hint=f"`pmctl config set {name} VALUE`, or set {keys[0].env}",
        )


def load(options: Mapping[str, Any] | None = None) -> Config:
    """Return the configuration in force.

    `options` are those of the command line: config, context, timeout, retries, ca_file.
    Raises ConfigError for a file that cannot be read, and for a context that does not exist.
    """
    given = options or {}
    return Config(read(find(given.get("config"))), given)


def _wrong(place: str, exc: ValueError) -> ConfigError:
    return ConfigError(f"{place} {exc}", hint="config.example.toml shows every key")


def _context_in_force(file: File, chosen: str | None) -> str:
    """Return the context's name: --context, PMCTL_CONTEXT, default_context, or the only one."""
    for name, place in (
        (chosen, "--context"),
        (os.environ.get("PMCTL_CONTEXT"), "PMCTL_CONTEXT"),
        (file.data.get("default_context"), f"{file.path}: default_context"),
    ):
        if name:
            return _existing(name, place, file)
    if len(file.contexts) == 1:
        return next(iter(file.contexts))
    if not file.contexts:
        return "default"
    raise ConfigError(
        f"{file.path} has several contexts and no default_context",
        hint=f"--context NAME, or `pmctl config use NAME`: {', '.join(file.contexts)}",
    )


def _existing(name: str, place: str, file: File) -> str:
    said_here = place in ("--context", "PMCTL_CONTEXT")
    if name in file.contexts or (said_here and not file.contexts):
        return name  # without a file the settings come from the environment, under any name
    hint = did_you_mean(name, file.contexts) or "`pmctl config init` makes one"
    raise ConfigError(f"{place}: there is no context {_shown(name)}", hint=hint)


def _shown(name: str) -> str:
    """A name out of a file, which may hold anything, as one printable word."""
    return name if name.isprintable() else repr(name)

"""The offline checks of `pmctl config doctor`: each a result, none stops the next."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl.errors import PmctlError
from pmctl.paths import cache_home, data_home, is_there, state_home
from pmctl.secrets import where
from pmctl.settings import KEYS, NEEDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pmctl.config import Config
    from pmctl.secrets import Secret

# Which secret goes with which filled-in key; of each pair the first that is filled in counts. Where
# no key goes with a secret, it counts when it is there.
_PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "mautic": (("client_id", "client_secret"), ("user", "password")),
    "hestia": (("access_key", "secret_key"), ("", "api_hash"), ("user", "password")),
    "kumomta": (("user", "password"),),
    "billmanager": (("user", "password"),),
    "niledb": (("user", "password"),),
}


@dataclass(frozen=True)
class Check:
    """One result. `detail` says what was found, or what to do."""

    check: str
    ok: bool
    detail: str


def checks(options: Mapping[str, Any]) -> Iterator[Check]:
    """Yield every check; no network, no command of the settings run, nothing written that stays."""
    from pmctl import config, configfile

    path = configfile.find(options.get("config"))
    yield _file(path)
    try:
        loaded = config.load(options)
    except PmctlError as exc:
        yield _failed("settings", exc)
    else:
        yield _good("context", loaded.context)
        yield _general(loaded)
        for section in NEEDS:
            yield from _backend(loaded, section)
    yield _unknown_variables()
    yield _clock()
    for name, folder in (("state", state_home), ("cache", cache_home)):
        yield _writable(name, folder)


def _good(check: str, detail: str) -> Check:
    return Check(check, ok=True, detail=detail)


def _bad(check: str, detail: str) -> Check:
    return Check(check, ok=False, detail=detail)


def _failed(name: str, exc: PmctlError) -> Check:
    return _bad(name, f"{exc.message}; {exc.hint}" if exc.hint else exc.message)


def _file(path: Path | None) -> Check:
    if path is None:
        return _good("file", "none; only the environment counts (`pmctl config init`)")
    try:
        status = path.stat()
    except OSError as exc:
        return _bad("file", f"{path}: {exc.strerror}")
    if status.st_uid not in (os.geteuid(), 0):
        return _bad("file", f"{path} belongs to somebody else")
    # It names commands that we run, so nobody else may write to it.
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return _bad("file", f"others may write to it: chmod go-w {path}")
    return _good("file", str(path))


def _general(config: Config) -> Check:
    try:
        general = config.general
    except PmctlError as exc:
        return _failed("defaults", exc)
    if general.ca_file and not os.access(general.ca_file, os.R_OK):
        return _bad("defaults", f"ca_file cannot be read: {general.ca_file}")
    detail = f"timeout {general.timeout_seconds:g} s, {general.retries} retries"
    return _good("defaults", detail)


def _backend(config: Config, section: str) -> Iterator[Check]:
    """Check a backend that something is said about; say so of the others."""
    used = True
    try:
        used = _is_used(config, section)
        settings = getattr(config, section)
    except PmctlError as exc:
        if not used and section == "niledb":
            yield _own_database()
        else:
            yield _failed(section, exc) if used else _good(section, "not configured")
        return
    yield _address(section, settings)
    for user, name in _PAIRS[section]:
        secret = getattr(settings, name)
        if getattr(settings, user) if user else _is_there(secret):
            optional = bool(user) and _by_default(config, section, user)
            yield _secret(secret, optional=optional)
            return


def _address(section: str, settings: Any) -> Check:
    """Say where a server is, and whether a fingerprint stands for its certificate."""
    place: str = getattr(settings, "url", None) or settings.host
    pinned = getattr(settings, "fingerprint", None)
    if pinned and not place.startswith("https:"):
        return _bad(section, f"{place} has no certificate for {section}.fingerprint to be of")
    return _good(section, f"{place}, its certificate pinned to {pinned[:12]}" if pinned else place)


def _is_there(secret: Secret) -> bool:
    try:
        return bool(where(secret))
    except PmctlError:
        return True  # and then it is said what is wrong with it


def _own_database() -> Check:
    """Without a database of somebody else's pmctl runs one of its own."""
    from pmctl.backends.embedded import find_programs

    try:
        programs = find_programs()
    except PmctlError as exc:
        return _failed("niledb", exc)
    place = data_home() / f"pg{programs.major}"
    return _good("niledb", f"not configured; PostgreSQL {programs.version} of our own in {place}")


def _is_used(config: Config, section: str) -> bool:
    """Whether a key of its own is given: a hostname alone does not say which servers there are."""
    keys = [key for key in KEYS if key.section == section and key.kind != "secret"]
    return any(
        not config.source(key).place.startswith(("default", "not set", "built from"))
        for key in keys
    )


def _by_default(config: Config, section: str, name: str) -> bool:
    key = next(key for key in KEYS if (key.section, key.name) == (section, name))
    return config.source(key).place == "default"


def _secret(secret: Secret, *, optional: bool) -> Check:
    try:
        place = where(secret)
    except PmctlError as exc:
        return _failed(secret.name, exc)
    if place or optional:
        return _good(secret.name, place or "not set")
    return _bad(secret.name, f"not set: `pmctl config set-secret {secret.name}`")


def _unknown_variables() -> Check:
    """A mistyped variable would be ignored without a word."""
    known = {key.env for key in KEYS if not key.about}
    known |= {f"{key.env}_FILE" for key in KEYS if key.kind == "secret"}
    prefixes = tuple({f"PMCTL_{key.section.upper()}_" for key in KEYS if key.section})
    unknown = sorted(n for n in os.environ if n.startswith(prefixes) and n not in known)
    if unknown:
        return _bad("environment", f"unknown: {', '.join(unknown)}")
    return _good("environment", "no unknown variable")


def _clock() -> Check:
    """A clock before this version was written breaks TLS and OAuth2 without saying why."""
    now = time.gmtime()
    return Check("clock", now.tm_year >= 2026, time.strftime("%Y-%m-%dT%H:%M:%SZ", now))


def _writable(name: str, find: Callable[[], Path]) -> Check:
    try:
        folder = find()
    except PmctlError as exc:
        return _failed(name, exc)
    existing = next(p for p in (folder, *folder.parents) if is_there(p))
    if os.access(existing, os.W_OK | os.X_OK):
        return _good(name, str(folder))
    return _bad(name, f"cannot write to {existing}")

"""The configuration file: where it is, and what it says; only its outline is checked here."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmctl.errors import ConfigError
from pmctl.paths import config_home, is_there
from pmctl.text import did_you_mean

SYSTEM_FILE = Path("/etc/pmctl/config.toml")
# It becomes part of file names and of keyring entries.
CONTEXT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LARGEST = 1024 * 1024  # bytes


@dataclass(frozen=True)
class File:
    """A configuration file as read; only its outline is checked."""

    path: Path | None
    data: Mapping[str, Any]

    @property
    def contexts(self) -> Mapping[str, Any]:
        """The contexts by name."""
        found: Mapping[str, Any] = self.data.get("contexts", {})
        return found

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.absolute().parent if self.path else Path()


def find(named: str | Path | None = None) -> Path | None:
    """Return the configuration file in force, None if there is none. It need not be readable."""
    chosen = chosen_file(named)
    if chosen:
        return chosen
    return next((path for path in (user_file(), SYSTEM_FILE) if is_there(path)), None)


def chosen_file(named: str | Path | None = None) -> Path | None:
    """Return the file that --config or PMCTL_CONFIG names, None without either."""
    chosen = named or os.environ.get("PMCTL_CONFIG")
    return Path(chosen) if chosen else None


def user_file() -> Path:
    """Return where the person's own configuration file is, or would be."""
    return config_home() / "config.toml"


def read(path: Path | None) -> File:
    """Return a file, its outline checked. Raises ConfigError with file:line:column."""
    if path is None:
        return File(None, {})
    return File(path, parse(_content(path), path))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise ConfigError(
            f"cannot read {path}: {reason}", hint="`pmctl config init` writes a new file"
        ) from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{path} is too large for a configuration", hint="is it the right file?")
    # Whoever may write here chooses the commands that we run.
    if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IWOTH:
        raise ConfigError(f"everybody may write to {path}", hint=f"chmod o-w {path}")
    return data


def parse(content: bytes, path: Path) -> dict[str, Any]:
    """Return TOML as a mapping whose outline is checked. Raises ConfigError."""
    import tomllib

    try:
        text = content.decode()
        data = tomllib.loads(text)
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text", hint="save it as UTF-8") from None
    except (ValueError, RecursionError) as exc:
        raise _syntax(exc, path, content.decode()) from None
    _check_outline(data, path)
    return data


def _syntax(exc: Exception, path: Path, text: str) -> ConfigError:
    message = str(exc)
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        where = f"{path}:{found[1]}:{found[2]}"
    elif message.endswith(" (at end of document)"):
        last = text.rsplit("\n", 1)[-1]
        where = f"{path}:{text.count(chr(10)) + 1}:{len(last) + 1}"
    else:
        where, message = str(path), "nested too deeply, or a number too long"
    return ConfigError(
        f"{where}: {message.partition(' (at ')[0]}", hint="config.example.toml shows the form"
    )


def _check_outline(data: Mapping[str, Any], path: Path) -> None:
    known = ["default_context", "defaults", "contexts"]
    for name in data:
        if name not in known:
            raise ConfigError(f"{path}: unknown key {name}", hint=did_you_mean(name, known))
    if not isinstance(data.get("default_context", ""), str):
        raise ConfigError(f"{path}: default_context must be text in quotes", hint="name a context")
    table_of(data.get("defaults", {}), f"{path}: defaults")
    for name, table in table_of(data.get("contexts", {}), f"{path}: contexts").items():
        if not CONTEXT_NAME.fullmatch(name):
            raise ConfigError(
                f"{path}: contexts: {name!r} cannot be a name",
                hint="letters, digits and . _ - only",
            )
        table_of(table, f"{path}: contexts.{name}")


def table_of(value: Any, where: str) -> Mapping[str, Any]:
    """Return `value` if it is a table. Raises ConfigError."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a table", hint="config.example.toml shows the form")
    return value


def change(path: Path, table: Sequence[str], name: str, value: Any) -> None:
    """Change one value in the file; it stays as it was on any error. Raises ConfigError."""
    from pmctl import configedit

    text = path.read_bytes().decode()
    new = configedit.set_value(text, table, name, value)
    parse(new.encode(), path)
    save(path, new, mode=path.stat().st_mode & 0o777)


def save(path: Path, text: str, *, mode: int) -> None:
    """Write a file atomically, its folder made if need be. Raises ConfigError."""
    from pmctl.files import write_atomic

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, text, mode)
    except OSError as exc:
        raise ConfigError(
            f"cannot write {path}: {exc.strerror}", hint="nothing was changed"
        ) from None

"""Every setting there is, in one table, and the checks of one value; no I/O.

The table `KEYS` drives loading, errors, the names of environment variables, `config explain`,
`config doctor` and config.example.toml.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pmctl.secrets import Secret

GENERAL = ""  # the section of keys that stand in [defaults] or directly in a context


@dataclass(frozen=True)
class Key:
    """One setting. `kind` is one of those in `check`, or secret."""

    section: str
    name: str
    kind: str
    help: str
    default: Any = None
    example: str = ""
    option: str = ""  # the command-line option that overrides it
    from_host: str = ""  # built from server.hostname when nothing else gives a value
    high: float = math.inf
    about: str = ""  # the secret whose place it names: it has no variable and no default of its own

    @property
    def path(self) -> str:
        """The name that people type: `mautic.url`, `timeout_seconds`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def env(self) -> str:
        """The environment variable: PMCTL_MAUTIC_URL, PMCTL_TIMEOUT_SECONDS."""
        return "PMCTL_" + self.path.replace(".", "_").upper()


def _secret(section: str, name: str, help: str) -> tuple[Key, ...]:  # noqa: A002
    """Return a secret and the two settings that say where it is kept."""
    command = f'["pass", "show", "pmctl/{section}.{name}"]'
    file = f'"/etc/pmctl/{section}.{name}"'
    about = f"{section}.{name}"
    return (
        Key(section, name, "secret", help),
        Key(
            section, f"{name}_command", "argv", f"Prints {about}; run without a shell.",
            example=command, about=about,
        ),
        Key(
            section, f"{name}_file", "path", f"Holds {about}; ours alone (mode 0600).",
            example=file, about=about,
        ),
    )  # fmt: skip


KEYS: tuple[Key, ...] = (
    Key(GENERAL, "timeout_seconds", "seconds", "Limit of one call, with its retries.",
        default=30.0, option="timeout", high=86_400),
    Key(GENERAL, "retries", "int", "How often a read is repeated.",
        default=3, option="retries", high=100),
    Key(GENERAL, "ca_file", "path", "Trust this CA file instead of the system's.",
        example='"/etc/ssl/certs/our-ca.pem"', option="ca_file"),
    Key("server", "hostname", "host", "The mail server; builds every address below.",
        example='"mail.example.com"'),
    Key("mautic", "url", "url", "Address of Mautic.", from_host="https://mtc.{host}"),
    Key("mautic", "client_id", "text", "OAuth2 client credentials: 15 times faster than a user.",
        default="", example='"1_abc"'),
    *_secret("mautic", "client_secret", "Secret of the OAuth2 client."),
    Key("mautic", "user", "text", "User name, where there is no OAuth2 client.",
        default="", example='"api"'),
    *_secret("mautic", "password", "Password of that user."),
    Key("hestia", "url", "url", "Address of HestiaCP.", from_host="https://{host}:8083"),
    Key("hestia", "access_key", "text", "Access key id (20 characters).",
        default="", example='"AbCdEfGhIjKlMnOpQrSt"'),
    *_secret("hestia", "secret_key", "Secret of the access key."),
    Key("hestia", "user", "text", "Administrator, where there is no access key.", default="admin"),
    *_secret("hestia", "password", "Password of that administrator."),
    *_secret("hestia", "api_hash", "Old API key (32 characters), where there is neither."),
    Key("hestia", "fingerprint", "fingerprint", "SHA-256 of the panel's own certificate, pinned: "
        "for one that no authority signed.",
        example='"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'),
    Key("kumomta", "url", "url", "Address of KumoMTA's HTTP listener.",
        from_host="https://{host}:8025"),
    Key("kumomta", "user", "text", "User name, if the server's policy asks for one.",
        default="", example='"injector"'),
    *_secret("kumomta", "password", "Password of that user."),
    Key("billmanager", "url", "url", "Address of BILLmanager.",
        example='"https://my.example.com/billmgr"'),
    Key("billmanager", "user", "text", "User name.", default="", example='"ana@example.com"'),
    *_secret("billmanager", "password", "Password of that user."),
    *_secret("billmanager", "totp_secret", "Secret of the two-factor codes, if they are on."),
    Key("niledb", "host", "socket", "Host of NileDB or PostgreSQL, or the folder of its socket.",
        default="db.thenile.dev"),
    Key("niledb", "port", "int", "Port.", default=5432, high=65_535),
    Key("niledb", "database", "text", "Name of the database.", default="", example='"events"'),
    Key("niledb", "user", "text", "User name (NileDB: a UUID).",
        default="", example='"01890000-0000-7000-8000-000000000000"'),
    *_secret("niledb", "password", "Password of that user."),
    Key("niledb", "tenant_id", "uuid", "Tenant of NileDB; a plain PostgreSQL needs none.",
        default="", example='"01890000-0000-7000-8000-000000000001"'),
    Key("niledb", "sslmode", "tls", "disable, require, or verify-full (with ca_file).",
        default="require"),
    Key("webhook", "listen", "text", "Address and port of `pmctl webhook serve`.",
        default="127.0.0.1:8787"),
    *_secret("webhook", "secret", "Secret that Mautic signs its webhooks with; else the one that "
             "`webhook register` wrote."),
    *_secret("webhook", "previous_secret", "The one before it, while it is rotated."),
    Key("webhook", "spool", "path", "Folder of what is received and not yet in the database.",
        example='"/var/lib/pmctl/spool"'),
    Key("webhook", "keep_days", "int", "How long a stored body can still be replayed.",
        default=7, high=3650),
)  # fmt: skip

SECTIONS = ("server", "mautic", "hestia", "kumomta", "billmanager", "niledb", "webhook")
BY_PATH = {key.path: key for key in KEYS}


@dataclass(frozen=True)
class General:
    """How every backend is spoken to."""

    timeout_seconds: float
    retries: int
    ca_file: Path | None


@dataclass(frozen=True)
class MauticSettings:
    """With a client_id OAuth2 is used, else user and password."""

    url: str
    client_id: str
    client_secret: Secret
    user: str
    password: Secret
    general: General


@dataclass(frozen=True)
class HestiaSettings:
    """With an access_key that is used, else user and password."""

    url: str
    access_key: str
    secret_key: Secret
    user: str
    password: Secret
    api_hash: Secret
    fingerprint: str | None
    general: General


@dataclass(frozen=True)
class KumomtaSettings:
    """Credentials are sent only when there is a user: KumoMTA refuses unasked ones."""

    url: str
    user: str
    password: Secret
    general: General


@dataclass(frozen=True)
class BillmanagerSettings:
    """A client's account in somebody's BILLmanager."""

    url: str
    user: str
    password: Secret
    totp_secret: Secret
    general: General


@dataclass(frozen=True)
class NiledbSettings:
    """The parts of a PostgreSQL connection. With a tenant_id the server is NileDB."""

    host: str
    port: int
    database: str
    user: str
    password: Secret
    tenant_id: str
    sslmode: str
    general: General


@dataclass(frozen=True)
class WebhookSettings:
    """Where `pmctl webhook serve` listens, whom it believes, and where it keeps things."""

    listen: str
    secret: Secret
    previous_secret: Secret
    spool: Path | None
    keep_days: int
    general: General


# What a backend cannot do without: one of each group.
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "mautic": (("url",), ("client_id", "user")),
    "hestia": (("url",),),
    "kumomta": (("url",),),
    "billmanager": (("url",), ("user",)),
    "niledb": (("database",), ("user",)),
}


def names_of(section: str) -> list[str]:
    """Return the keys that may stand in a section, secrets themselves left out."""
    return [key.name for key in KEYS if key.section == section and key.kind != "secret"]


def check(key: Key, value: Any, folder: Path) -> Any:
    """Return a value out of TOML in its own type; relative paths start at `folder`.

    Raises ValueError with what is wrong. Its text never holds the value: a password may have
    slipped into the wrong key.
    """
    match key.kind:
        case "seconds" | "int":
            return _number(key, value)
        case "argv":
            return _argv(value)
    if not isinstance(value, str):
        raise ValueError(f'must be text in quotes, like "{key.example.strip(chr(34)) or "text"}"')
    if not value.strip():
        raise ValueError("is empty")
    if not value.isprintable():
        raise ValueError("holds a control character")
    if key.kind == "path":
        return folder / _path(value)
    shape = _SHAPES.get(key.kind)
    return shape(value) if shape else value


def from_text(key: Key, text: str) -> Any:
    """Return text from the environment or the command line as TOML would hold it.

    Raises ValueError with what is wrong.
    """
    match key.kind:
        case "int" | "seconds":
            try:
                return int(text)
            except ValueError:
                return _float(text)
        case "argv":
            return shlex.split(text)
        case _:
            return text


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("must be a number") from None


def _number(key: Key, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number, without quotes")
    if key.kind == "int" and not isinstance(value, int):
        raise ValueError("must be a whole number")
    if not 0 <= value <= key.high or (key.kind == "seconds" and value == 0):
        raise ValueError(f"must be between 0 and {key.high:g}")
    return value if key.kind == "int" else float(value)


def _argv(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError('must be a list of words, like ["pass", "show", "name"]')
    if not value or not value[0]:
        raise ValueError("names no program")
    if any("\0" in word for word in value):
        raise ValueError("holds a control character")
    return tuple(value)


def _path(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:  # ~ without a home folder, or ~nobody-of-that-name
        raise ValueError("names a home folder that does not exist") from None


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        raise ValueError("is not an address like https://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds credentials; keep them in user and the secret store")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in value:
        raise ValueError("is not an address like https://HOST:PORT")
    if parts.query or parts.fragment or value.endswith(("?", "#")):
        raise ValueError("must end before any ? or #")
    return value.rstrip("/")


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise ValueError("must be a bare host name like mail.example.com")
    return value


def _socket(value: str) -> str:
    return value if value.startswith("/") else _host(value)


def _uuid(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        raise ValueError("must be a UUID like 01890000-0000-7000-8000-000000000001")
    return value.lower()


def _tls(value: str) -> str:
    if value not in ("disable", "require", "verify-full"):
        raise ValueError("must be disable, require or verify-full")
    return value


def _fingerprint(value: str) -> str:
    digits = value.removeprefix("sha256:").replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("must be a SHA-256 fingerprint: 64 hexadecimal digits")
    return digits


_SHAPES: dict[str, Callable[[str], str]] = {
    "url": _url, "host": _host, "socket": _socket, "uuid": _uuid, "tls": _tls,
    "fingerprint": _fingerprint,
}  # fmt: skip

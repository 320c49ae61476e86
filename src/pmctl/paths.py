"""Where pmctl keeps its files: the XDG base directories, also where cron sets no HOME."""

from __future__ import annotations

import os
from pathlib import Path

from pmctl.errors import ConfigError


def config_home() -> Path:
    """Return the folder of config.toml and of secret files."""
    return _folder("XDG_CONFIG_HOME", ".config")


def state_home() -> Path:
    """Return the folder of what must survive: audit log, journals."""
    return _folder("XDG_STATE_HOME", ".local/state")


def data_home() -> Path:
    """Return the folder of pmctl's own database.

    Root's is /var/lib/pmctl: the server runs as another user, who cannot enter root's home.
    """
    if os.geteuid() == 0 and not os.environ.get("XDG_DATA_HOME", "").startswith("/"):
        return Path("/var/lib/pmctl")
    return _folder("XDG_DATA_HOME", ".local/share")


def cache_home() -> Path:
    """Return the folder of what may be deleted at any time."""
    return _folder("XDG_CACHE_HOME", ".cache")


def _folder(variable: str, below_home: str) -> Path:
    named = os.environ.get(variable, "")
    # The XDG base directory specification: a relative path is invalid and to be ignored.
    base = Path(named) if named.startswith("/") else home() / below_home
    return base / "pmctl"


def home() -> Path:
    """Return the home folder: HOME, or what the user database says (cron may set no HOME)."""
    named = os.environ.get("HOME", "")
    if named:
        return Path(named)
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise ConfigError(
            f"no home folder: HOME is not set and user {os.getuid()} is not in the user database",
            hint="set HOME, or XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME",
        ) from None


def is_there(path: Path) -> bool:
    """Whether there is anything at `path`, also where we may not look."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # opening it will tell the person what is wrong
    return True

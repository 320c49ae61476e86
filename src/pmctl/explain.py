"""What `pmctl config show` and `explain` tell: values, sources, every place looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pmctl.errors import PmctlError
from pmctl.secrets import where

if TYPE_CHECKING:
    from pmctl.config import Config
    from pmctl.settings import Key


def places(config: Config, key: Key) -> list[dict[str, Any]]:
    """Return every place of a setting in order: place, value (a secret as ***), state."""
    return _secret_places(config, key) if key.kind == "secret" else _settings_places(config, key)


def setting(config: Config, key: Key) -> dict[str, Any]:
    """Return the value in force and its source, or what is wrong with it; a secret as ***."""
    row: dict[str, Any] = {"key": key.path, "value": None, "source": "", "error": ""}
    try:
        if key.kind == "secret":
            place = where(config.secret(key))
            return row | {"value": "***" if place else None, "source": place}
        source = config.source(key)
    except PmctlError as exc:
        return row | {"error": exc.message}
    return row | {"value": source.value, "source": source.place}


def _settings_places(config: Config, key: Key) -> list[dict[str, Any]]:
    rows, won = [], False
    for source in config.chain(key):
        if source.value is None:
            state = "nothing"
        elif source.passed_over:
            state = "overruled by --context"
        else:
            state = "overruled" if won else "in force"
            won = True
        rows.append({"place": source.place, "value": source.value, "state": state})
    return rows


def _secret_places(config: Config, key: Key) -> list[dict[str, Any]]:
    rows, won = [], False
    for place in config.secret(key).places():
        if won:
            rows.append({"place": place.label, "value": None, "state": "not looked at"})
            continue
        won = place.has()
        state = "in force" if won else "nothing"
        rows.append({"place": place.label, "value": "***" if won else None, "state": state})
    return rows

"""Time zones that are named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def named_zone(option: str, name: str) -> ZoneInfo:
    """Return the zone that an option names. Raises UsageError when there is none."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = f"{option} Europe/Lisbon"
        raise UsageError(f"{option} {name}: no such zone", hint=hint) from None

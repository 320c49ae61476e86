"""publishUp and publishDown: written `Y-m-d H:i[:s]`, read as ISO 8601."""

from __future__ import annotations

import datetime
import re
from typing import Any

from pmctl.sandbox.answers import invalid

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")


def publication(given: dict[str, Any], *, full: bool) -> dict[str, str | None]:
    """Return the dates to set; with `full` those left out are blanked. Raise the 400.

    The ISO form that is read cannot be written back.
    """
    names = [name for name in ("publishUp", "publishDown") if full or name in given]
    found = {name: _read(given.get(name)) for name in names}
    wrong = [name for name in names if given.get(name) and not found[name]]
    if wrong:
        raise invalid(dict.fromkeys(wrong, "This value is not valid."))
    return found


def _read(value: Any) -> str | None:
    if not value or not _WRITTEN.fullmatch(str(value)):
        return None
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=datetime.UTC).isoformat(timespec="seconds")

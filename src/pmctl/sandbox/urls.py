"""Patterns of addresses in a campaign's decisions and conditions."""

from __future__ import annotations

import fnmatch


def matches(pattern: str, url: str) -> bool:
    """Tell whether an address meets one of the patterns, which commas part; `*` is any text."""
    wanted = [part.strip() for part in pattern.split(",") if part.strip()]
    return any(fnmatch.fnmatchcase(url, part) for part in wanted)

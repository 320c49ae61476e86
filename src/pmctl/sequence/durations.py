"""Waits: `3d 4h 30m`, `2 weeks`, `1 month` as the amounts and units that Mautic has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# Mautic's units; any other letter is stored and the event never runs (seen on 5.1.1).
UNIT_NAMES = {"i": "minute", "h": "hour", "d": "day", "m": "month", "y": "year"}
_MINUTES = {"i": 1, "h": 60, "d": 1440}
_MONTHS = {"m": 1, "y": 12}
_WORDS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), ("i", 1)),
    **dict.fromkeys(("h", "hour", "hours"), ("h", 1)),
    **dict.fromkeys(("d", "day", "days"), ("d", 1)),
    **dict.fromkeys(("w", "week", "weeks"), ("d", 7)),
    **dict.fromkeys(("mo", "month", "months"), ("m", 1)),
    **dict.fromkeys(("y", "year", "years"), ("y", 1)),
}
_PART = re.compile(r"(\d+)\s*([a-z]+)\s*(?:,|and)?\s*")
_HOW = "write it like 3d, 4h 30m, 2 weeks or 1 month"
LONGEST_MINUTES = 10 * 366 * 1440


@dataclass(frozen=True)
class Delay:
    """An interval as Mautic stores it: `amount` of one unit out of i h d m y."""

    amount: int
    unit: str

    def __add__(self, other: Delay) -> Delay:
        """Add two waits; the result is in the largest unit that is exact.

        Raises ValueError for months with days: a month has no fixed length.
        """
        if not other.amount:
            return self
        if not self.amount:
            return other
        if self.unit == other.unit:
            return Delay(self.amount + other.amount, self.unit)
        for units in (_MINUTES, _MONTHS):
            if self.unit in units and other.unit in units:
                total = self.amount * units[self.unit] + other.amount * units[other.unit]
                return _largest(total, units)
        raise ValueError("months and years cannot be mixed with days, hours or minutes")

    def words(self) -> str:
        """Return it as a person says it: `3 days`, `1 hour`."""
        units = {"i": ("d", "h", "i"), "h": ("d", "h")}.get(self.unit, (self.unit,))
        next_up = {"i": 60, "h": 24}.get(self.unit, 0)
        if not next_up or self.amount < next_up or self.amount % next_up == 0:
            return _counted(self.amount, self.unit)
        left, parts = self.amount * _MINUTES[self.unit], []
        for unit in units:
            whole, left = divmod(left, _MINUTES[unit])
            parts += [_counted(whole, unit)] if whole else []
        return " ".join(parts)


def _counted(amount: int, unit: str) -> str:
    name = UNIT_NAMES[unit]
    return f"{amount} {name}" if amount == 1 else f"{amount} {name}s"


NOW = Delay(0, "d")


def _largest(total: int, units: dict[str, int]) -> Delay:
    unit = max((u for u in units if total % units[u] == 0), key=lambda u: units[u])
    return Delay(total // units[unit], unit)


@lru_cache(256)  # few different waits, said often
def parse(text: str) -> Delay:
    """Return the delay that `text` says. Raises ValueError with the reason in words."""
    rest, total = text.strip().lower(), NOW
    if not rest:
        raise ValueError(f"an empty wait; {_HOW}")
    while rest:
        match = _PART.match(rest)
        if not match or match[2] not in _WORDS:
            raise ValueError(f"{text!r} is no length of time; {_HOW}")
        unit, factor = _WORDS[match[2]]
        if len(match[1]) > 7:
            raise ValueError(f"{text!r} is longer than ten years")
        total = total + Delay(int(match[1]) * factor, unit)
        rest = rest[match.end() :]
    if not total.amount:
        raise ValueError(f"{text!r} is no wait at all; leave it out")
    if _minutes(total) > LONGEST_MINUTES:
        raise ValueError(f"{text!r} is longer than ten years")
    return total


def _minutes(delay: Delay) -> int:
    """About how many minutes: for comparing, not for sending."""
    if delay.unit in _MONTHS:
        return delay.amount * _MONTHS[delay.unit] * 30 * 1440
    return delay.amount * _MINUTES[delay.unit]

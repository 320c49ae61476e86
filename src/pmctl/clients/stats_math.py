"""What a share is worth: Wilson intervals, "too few", and how both are said. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval
ENOUGH = 30  # of fewer than these a share says next to nothing: its interval is over 30 points wide


@dataclass(frozen=True)
class Share:
    """A part of a whole, each a fraction of 1; `rate` is None where `verdict` says why.

    `low` and `high` bound the 95 % interval; they are there for small numbers too.
    """

    rate: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str = ""

    @property
    def words(self) -> str:
        """`40.0%`, `too few` or nothing."""
        return self.verdict if self.rate is None else percent(self.rate)

    @property
    def interval(self) -> str:
        """`37.3-42.8`, in per cent, or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{100 * self.low:.1f}-{100 * self.high:.1f}"


def share(part: int | None, whole: int | None, of: str = "sent") -> Share:
    """Return `part` of `whole`, which are called `of`; either may be None for unknown.

    More parts than the whole has are no rate: then events of the whole are missing.
    """
    if part is None or whole is None:
        return Share(verdict="unknown")
    if part > whole:
        return Share(verdict=f"more than {of}")
    if whole == 0:
        return Share(verdict=f"none {of}")
    low, high = wilson(part, whole)
    if whole < ENOUGH:
        return Share(None, low, high, "too few")
    return Share(part / whole, low, high)


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of `part` in `whole`, within 0 and 1.

    Wilson, E. B. (1927), Probable inference, JASA 22. Unlike p ± z·√(p(1-p)/n) it holds for small
    numbers and for shares near 0 and 1. Raises ValueError when part is not within 0 and whole.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    p, spread = part / whole, z * z / whole
    centre = (p + spread / 2) / (1 + spread)
    half = z * math.sqrt(p * (1 - p) / whole + spread / (4 * whole)) / (1 + spread)
    # at both ends the interval touches p; rounding must not push it past
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def percent(rate: float) -> str:
    """Return `40.0%`; what is more than nothing is never shown as 0.0%."""
    if 0 < rate < 0.0005:
        return "<0.1%"
    return f"{100 * rate:.1f}%"


def lasting(seconds: float | None) -> str:
    """Return `42 s`, `3 min`, `5.2 h` or `2.1 d`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} d"

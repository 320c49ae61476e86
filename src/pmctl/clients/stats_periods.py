"""Days, weeks and months in UTC: what `--since`, `--until` and `--by` mean. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pmctl.errors import UsageError

ALL_TIME = datetime.date(1, 1, 1)  # the day under which the sum of all days is kept
EARLIEST = datetime.date(1970, 1, 1)  # no event is older; a day before it would reach ALL_TIME
MOST_DAYS = 40_000  # a period is asked for day by day


class By(StrEnum):
    """How long each period of a series is."""

    day = "day"
    week = "week"
    month = "month"


@dataclass(frozen=True)
class Period:
    """The days from `since` to `until`, both in it; None for open ends."""

    since: datetime.date | None = None
    until: datetime.date | None = None

    @property
    def whole(self) -> bool:
        """Whether it is all of time."""
        return self.since is None and self.until is None

    @property
    def words(self) -> str:
        """`all time`, `since 2026-11-01`, `2026-11-01 to 2026-11-30`."""
        if self.since and self.until:
            return f"{self.since} to {self.until}"
        if self.since:
            return f"since {self.since}"
        return f"until {self.until}" if self.until else "all time"

    def closed(self, first: datetime.date, today: datetime.date) -> Period:
        """Return it with both ends: where open, the first day with events, and today."""
        return Period(max(self.since or first, first), self.until or max(today, first))

    def days(self) -> list[datetime.date]:
        """Return every day; the day that stands for all of them when it is all of time."""
        if self.whole:
            return [ALL_TIME]
        if not self.since or not self.until:
            raise ValueError("an open period has no list of days")
        count = min((self.until - self.since).days + 1, MOST_DAYS)
        return [self.since + datetime.timedelta(days=n) for n in range(count)]


def period(since: str | None, until: str | None, today: datetime.date) -> Period:
    """Return what `--since` and `--until` say. Raises UsageError."""
    found = Period(
        day(since, today, "--since") if since else None,
        day(until, today, "--until") if until else None,
    )
    if found.since and found.until and found.since > found.until:
        raise UsageError(
            f"--since {found.since} is after --until {found.until}", hint="swap the two"
        )
    return found


def day(text: str, today: datetime.date, option: str = "the day") -> datetime.date:
    """Return the day of `2026-11-01`, `today`, `yesterday`, `7d`, `4w`, `3m` or `1y` (ago).

    What is before EARLIEST is that day. Raises UsageError.
    """
    word = text.strip().lower()
    if word in ("today", "yesterday"):
        return today - datetime.timedelta(days=word == "yesterday")
    ago = re.fullmatch(r"([0-9]{1,4})([dwmy])", word)
    try:
        if ago:
            return max(EARLIEST, _ago(int(ago[1]), ago[2], today))
        return max(EARLIEST, datetime.date.fromisoformat(word))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} {text!r} is no day",
            hint="2026-11-01, today, yesterday, or so long ago: 7d 4w 3m 1y; days are UTC",
        ) from None


def _ago(count: int, unit: str, today: datetime.date) -> datetime.date:
    if unit in "dw":
        return today - datetime.timedelta(days=count * (7 if unit == "w" else 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
    last = (datetime.date(*_month(months + 1)) - datetime.timedelta(days=1)).day
    year, month, _ = _month(months)
    return datetime.date(year, month, min(today.day, last))


def _month(months: int) -> tuple[int, int, int]:
    return months // 12, months % 12 + 1, 1


def start(date: datetime.date, by: By) -> datetime.date:
    """Return the first day of the day, week (it begins on Monday) or month of a day."""
    if by is By.week:
        return date - datetime.timedelta(days=date.weekday())
    return date.replace(day=1) if by is By.month else date


def periods(whole: Period, by: By) -> Iterator[Period]:
    """Yield the days, weeks or months of a period, the first and last cut to it."""
    if not whole.since or not whole.until:
        raise ValueError("an open period has no parts")
    first = whole.since
    while first <= whole.until:
        after = start(start(first, by) + datetime.timedelta(days=_LONGEST[by]), by)
        yield Period(first, min(after - datetime.timedelta(days=1), whole.until))
        first = after


_LONGEST = {By.day: 1, By.week: 7, By.month: 31}


def lately(by: By, today: datetime.date) -> Period:
    """Return what a series shows when nobody says: 30 days, 12 weeks or 12 months up to today."""
    if by is By.day:
        return Period(today - datetime.timedelta(days=29), today)
    if by is By.week:
        return Period(start(today, by) - datetime.timedelta(weeks=11), today)
    return Period(_ago(11, "m", today.replace(day=1)), today)

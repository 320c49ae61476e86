"""What a user of the panel uses against what the package allows; values in, values out.

HestiaCP counts some things for each domain when it refuses one more (aliases, records, mailboxes:
func/main.sh, is_package_full), so the sum over all domains says nothing about such a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNLIMITED = "unlimited"


@dataclass(frozen=True)
class Counter:
    """Something that is counted: our name, its unit or "", and the fields that the panel has.

    `forced`: v-change-user-package refuses a package that does not cover what is used of it.
    """

    name: str
    unit: str
    used: str
    limit: str
    each_domain: bool = False
    forced: bool = False

    @property
    def used_key(self) -> str:
        """The name of what is used, its unit in it: `disk_mb`."""
        return f"{self.name}_{self.unit}" if self.unit else self.name

    @property
    def limit_key(self) -> str:
        """The name of the limit: `disk_limit_mb`, `mailboxes_limit_each_domain`."""
        tail = "_each_domain" if self.each_domain else f"_{self.unit}" if self.unit else ""
        return f"{self.name}_limit{tail}"


# The panel does not hold the mail domains of a new package against what is used: a slip in its
# script (bin/v-change-user-package, `"$E_LIMI"T`).
COUNTERS = (
    Counter("disk", "mb", "U_DISK", "DISK_QUOTA", forced=True),
    Counter("bandwidth", "mb", "U_BANDWIDTH", "BANDWIDTH", forced=True),
    Counter("web_domains", "", "U_WEB_DOMAINS", "WEB_DOMAINS", forced=True),
    Counter("web_aliases", "", "U_WEB_ALIASES", "WEB_ALIASES", each_domain=True),
    Counter("dns_domains", "", "U_DNS_DOMAINS", "DNS_DOMAINS", forced=True),
    Counter("dns_records", "", "U_DNS_RECORDS", "DNS_RECORDS", each_domain=True),
    Counter("mail_domains", "", "U_MAIL_DOMAINS", "MAIL_DOMAINS"),
    Counter("mailboxes", "", "U_MAIL_ACCOUNTS", "MAIL_ACCOUNTS", each_domain=True),
    Counter("databases", "", "U_DATABASES", "DATABASES", forced=True),
    Counter("cron_jobs", "", "U_CRON_JOBS", "CRON_JOBS", forced=True),
    Counter("backups", "", "U_BACKUPS", "BACKUPS"),
)


@dataclass(frozen=True)
class Usage:
    """How much of something is used. `limit` None: unlimited."""

    counter: Counter
    used: int
    limit: int | None

    @property
    def percent(self) -> float | None:
        """How full it is; None without a limit on the whole. Above 100 where a limit is lower."""
        if self.limit is None or self.counter.each_domain:
            return None
        if not self.limit:
            return 100.0 if self.used else 0.0
        return round(100 * self.used / self.limit, 1)

    @property
    def over(self) -> bool:
        """Whether more is used than the limit allows."""
        return self.limit is not None and self.used > self.limit and not self.counter.each_domain


def usages(row: Mapping[str, Any]) -> tuple[Usage, ...]:
    """Return what is used of each thing, out of a row of v-list-user or v-list-users."""
    return tuple(
        Usage(one, number(row.get(one.used)), limit(row.get(one.limit)))
        for one in COUNTERS
        if one.used in row or one.limit in row
    )


def limits(row: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the limits of a package by their names, None for unlimited."""
    return {one.limit_key: limit(row.get(one.limit)) for one in COUNTERS}


def against(usage: Iterable[Usage], package: Mapping[str, Any]) -> tuple[Usage, ...]:
    """Return the same usage with the limits of another package."""
    return tuple(
        Usage(one.counter, one.used, limit(package.get(one.counter.limit))) for one in usage
    )


def fullest(usage: Iterable[Usage]) -> Usage | None:
    """Return what is nearest to its limit; None when nothing that is used has one."""
    known = [one for one in usage if one.percent]
    return max(known, key=lambda one: one.percent or 0, default=None)


def number(text: object) -> int:
    """Return a count; 0 for one that is missing, as the panel's scripts count it."""
    try:
        return int(str(text))
    except ValueError:
        return 0


def limit(text: object) -> int | None:
    """Return a limit, None for unlimited. One that is missing allows nothing: so the panel."""
    return None if str(text).strip() == UNLIMITED else number(text)


def missing(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that should be a number and are none: a damaged user.conf."""
    fields = [field for one in COUNTERS for field in (one.used, one.limit)]
    return tuple(
        field
        for field in fields
        if field in row and row[field] != UNLIMITED and not str(row[field]).isdecimal()
    )

"""Rules that an administrator puts on queues for some time: bounce and suspend."""

from __future__ import annotations

import datetime
import re
import uuid
from collections import Counter
from dataclasses import dataclass, field

from pmctl.sandbox.clock import Clock
from pmctl.sandbox.kumomta_message import Accepted

DURATION = datetime.timedelta(minutes=5)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}


@dataclass(frozen=True)
class Criteria:
    """Which messages; without any criterion all of them. Names of queues beat the rest."""

    campaign: str | None = None
    tenant: str | None = None
    domain: str | None = None
    routing_domain: str | None = None
    queue_names: tuple[str, ...] = ()

    def hits(self, message: Accepted) -> bool:
        """Tell whether a message is meant."""
        queue = message.queue
        if self.queue_names:
            return queue.name in self.queue_names
        return all(
            wanted is None or wanted == had
            for wanted, had in (
                (self.campaign, queue.campaign),
                (self.tenant, queue.tenant),
                (self.domain, queue.domain),
                (self.routing_domain, queue.routing_domain),
            )
        )


@dataclass
class Rule:
    """One rule; `name` is that of a ready queue and used there alone."""

    criteria: Criteria
    reason: str
    until: datetime.datetime
    quiet: bool = False
    name: str = ""
    bounced: Counter[str] = field(default_factory=Counter)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def hits(self, message: Accepted) -> bool:
        """Tell whether a message is meant."""
        return self.criteria.hits(message)


class Rules:
    """Those in force; one whose time is over is gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: dict[str, Rule] = {}

    def add(self, rule: Rule) -> None:
        """Put one in force."""
        self._rules[rule.id] = rule

    def all(self) -> list[Rule]:
        """Return those in force, the oldest first."""
        now = self._clock.now()
        for number in [one.id for one in list(self._rules.values()) if one.until <= now]:
            self._rules.pop(number, None)
        return list(self._rules.values())

    def remove(self, number: str) -> bool:
        """Take one back; tell whether it was in force."""
        return number in {one.id for one in self.all()} and bool(self._rules.pop(number, None))

    def left(self, rule: Rule) -> str:
        """Say how long it stays, `4m 59s`."""
        return spoken(rule.until - self._clock.now())


def seconds(text: str) -> float:
    """Return the seconds of `1h 20m`. Raises ValueError."""
    found = re.findall(r"(\d+)\s*(ms|[dhms])[a-z]*\s*", text)
    if not found or re.sub(r"(\d+)\s*(ms|[dhms])[a-z]*\s*", "", text):
        raise ValueError("expected number at 0")
    return sum(int(number) * _UNITS[unit] for number, unit in found)


def spoken(left: datetime.timedelta) -> str:
    """Say a duration, `1day 2h 3m 4s`."""
    rest = round(left.total_seconds() * 1000)
    words = []
    for size, unit in ((86400000, "day"), (3600000, "h"), (60000, "m"), (1000, "s"), (1, "ms")):
        number, rest = divmod(rest, size)
        if number:
            words.append(f"{number}{unit}{'s' if unit == 'day' and number > 1 else ''}")
    return " ".join(words) or "0s"

"""Counters and gauges of the stand-in KumoMTA, as text for Prometheus and in KumoMTA's own JSON.

Values of labels are not escaped in either, as there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pmctl.sandbox.kumomta_store import Store

_PLACES = ("data spool", "log dir /var/log/kumomta", "meta spool")


@dataclass(frozen=True)
class Family:
    """One metric; a key of `values` has a value for each label."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]
    type: str = "gauge"

    @property
    def lines(self) -> list[str]:
        """Its lines of text; none when it is empty."""
        found = []
        for key, value in sorted(self.values.items()):
            pairs = ", ".join(
                f'{label}="{one}"' for label, one in zip(self.labels, key, strict=True)
            )
            found.append(
                f"{self.name}{{{pairs}}} {value:.15g}" if pairs else f"{self.name} {value:.15g}"
            )
        head = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.type}"]
        return [*head, *found] if found else []

    @property
    def value(self) -> str:
        """Its value as JSON: a number, numbers by the one label, or a list of rows."""
        if not self.values:
            return "null"
        if not self.labels:
            return _number(self.values[()])
        rows = sorted(self.values.items())
        if len(self.labels) == 1:
            inner = ",".join(f'"{key[0]}":{_number(value)}' for key, value in rows)
            return f'{{"{self.labels[0]}":{{{inner}}}}}'
        shown = []
        for key, value in rows:
            pairs = ",".join(f'"{a}":"{b}"' for a, b in zip(self.labels, key, strict=True))
            shown.append(f'{{{pairs},"@":{_number(value)}}}')
        return f"[{','.join(shown)}]"


def families(store: Store) -> list[Family]:
    """Return every metric of now, in the order of their names."""
    with store.lock:
        waiting = [message.queue for message in store.waiting.values()]
        counters = dict(store.counters)
    by_campaign = Counter((q.tenant, q.campaign, q.domain) for q in waiting if q.tenant)
    tenants = {(a or "", b or ""): 0 for a, b, _ in by_campaign}
    for (tenant, campaign, _), number in by_campaign.items():
        tenants[tenant or "", campaign or ""] += number
    found = [
        Family("connection_count", "number of active connections", ("service",),
               {("esmtp_listener",): 0.0, ("smtp_client",): 0.0}),
        Family("disk_free_bytes", "number of available bytes in a monitored location", ("name",),
               {(place,): 15658725376.0 for place in _PLACES}),
        Family("disk_free_percent", "percentage of available bytes in a monitored location",
               ("name",), {(place,): 5.0 if store.closed == "disk is too full" else 60.0
                           for place in _PLACES}),
        Family("memory_limit", "soft memory limit measured in bytes", (), {(): 101234377728.0}),
        Family("memory_usage", "number of bytes of used memory", (), {(): 185683968.0}),
        Family("message_count", "total number of Message objects", (),
               {(): float(len(waiting))}),
        Family("ready_count", "number of messages in the ready queue", ("service",),
               {("smtp_client",): 0.0}),
        Family("scheduled_by_domain", "number of messages in the scheduled queue for a specific "
               "domain", ("domain",), _counted((q.domain,) for q in waiting)),
        Family("scheduled_by_tenant", "number of messages in the scheduled queue for a specific "
               "tenant", ("tenant",), _counted((q.tenant,) for q in waiting if q.tenant)),
        Family("scheduled_by_tenant_campaign", "number of messages in the scheduled queue for a "
               "specific tenant and campaign combination", ("tenant", "campaign"),
               {key: float(number) for key, number in tenants.items() if all(key)}),
        Family("scheduled_count", "number of messages in the scheduled queue", ("queue",),
               _counted((q.name,) for q in waiting)),
        Family("scheduled_count_total", "total number of messages across all scheduled queues", (),
               {(): float(len(waiting))}),
        Family("scheduled_queue_count", "how many scheduled queues are tracked", (),
               {(): float(len({q.name for q in waiting}))}),
    ]  # fmt: skip
    for name, words in _COUNTERS.items():
        values: dict[tuple[str, ...], float] = {
            (service,): float(number)
            for (metric, service), number in counters.items()
            if metric == name
        }
        found.append(Family(name, words, ("service",), values, "counter"))
    return found


_COUNTERS = {
    "total_messages_delivered": "total number of messages ever delivered",
    "total_messages_fail": "total number of message delivery attempts that permanently failed",
    "total_messages_received": "total number of messages ever received",
    "total_messages_transfail": "total number of message delivery attempts that transiently failed",
}


def as_text(store: Store, prefix: str) -> str:
    """Return the metrics whose name begins with `prefix`, for Prometheus."""
    lines = [line for one in families(store) if one.name.startswith(prefix) for line in one.lines]
    return "".join(f"{line}\n" for line in lines)


def as_json(store: Store, prefix: str) -> str:
    """Return them as JSON, unless the value of a label breaks it."""
    shown = [
        f'"{one.name}":{{"help":"{one.help}","type":"{one.type}","value":{one.value}}}'
        for one in families(store)
        if one.name.startswith(prefix)
    ]
    return f"{{{','.join(shown)}}}"


def _counted(keys: Any) -> dict[tuple[str, ...], float]:
    return {key: float(number) for key, number in Counter(keys).items()}


def _number(value: float) -> str:
    return repr(float(value))

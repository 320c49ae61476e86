"""How everything between Mautic and the database is: each part by itself, none hides another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pmctl.clients.stats_periods import ALL_TIME
from pmctl.clients.webhook import PATH, short
from pmctl.errors import PmctlError, redact

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb
    from pmctl.backends.receiver import Receiver
    from pmctl.clients.webhook import Hook, Webhooks

OK, WRONG, ABSENT = "ok", "wrong", "not configured"
LOG_ROWS = 3  # of each webhook, the newest

_LAST = """
select stored_at, occurred_at, event_type from marketing_events where tenant_id = %s
order by stored_at desc limit 1
"""
_SEEN = """
select event_type, max(day), max(total) filter (where day = %s) from event_counts
where tenant_id = %s and campaign_event_id = -1 and email_id = -1 and agent = 'all'
group by event_type order by 2 desc, 3 desc, 1
"""


@dataclass(frozen=True)
class Part:
    """One part: its state, what to say of it in lines, and its facts for programs."""

    state: str
    said: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def absent(words: str) -> Part:
    """Return a part that is not configured, and how it would be."""
    return Part(ABSENT, (words,))


def together(looks: Mapping[str, Callable[[], Part]], seconds: float) -> Iterator[tuple[str, Part]]:
    """Look at all parts side by side, each for so long at most; yield them in their order."""
    found: dict[str, Part] = {}

    def look(name: str) -> None:
        try:
            found[name] = looks[name]()
        except PmctlError as exc:
            found[name] = Part(WRONG, (exc.message,), {"trouble": exc.message})
        except Exception as exc:  # also a bug of ours: the others are told all the same
            words = f"{type(exc).__name__}: {redact(str(exc))}"
            found[name] = Part(WRONG, (words,), {"trouble": words})

    threads = [threading.Thread(target=look, args=(name,), daemon=True) for name in looks]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for name, thread in zip(looks, threads, strict=True):
        thread.join(max(0.0, end - time.monotonic()))
        words = f"no answer within {seconds:g} s"
        yield name, found.get(name) or Part(WRONG, (words,), {"trouble": words})


def receiver(found: Receiver, url: str) -> Part:
    """Ask a receiver whether it is ready."""
    try:
        trouble = found.trouble()
    except PmctlError as exc:
        return Part(WRONG, (f"{url}: {exc.message}",), {"url": url, "trouble": exc.message})
    facts = {"url": url, "trouble": trouble}
    if trouble:
        return Part(WRONG, (f"{url} answers, but is not ready: {trouble}",), facts)
    return Part(OK, (f"{url} answers and takes webhooks",), facts)


def database(found: Niledb, where: str) -> Part:
    """Return what came last, by type too; a few rows of sums, flat in history."""
    seen = [
        {"event_type": type_, "events": int(total or 0), "last_day": str(day)}
        for type_, day, total in found.execute(_SEEN, (ALL_TIME, found.tenant))
        if day != ALL_TIME
    ]
    facts: dict[str, Any] = {"where": where, "last_stored_at": None, "last_type": None,
                             "seen": seen}  # fmt: skip
    rows = found.execute(_LAST, (found.tenant,))
    if not rows:
        return Part(OK, (f"{where}: no events yet",), facts)
    stored, _, type_ = rows[0]
    facts |= {"last_stored_at": stored.isoformat(), "last_type": type_}
    said = [f"{where}: {type_} stored {stored:%Y-%m-%d %H:%M:%S} (UTC)"]
    said += [f"{one['event_type']}: {one['events']:,}, last on {one['last_day']}" for one in seen]
    return Part(OK, tuple(said), facts)


def mautic(hooks: Webhooks) -> Part:
    """Return our webhooks in Mautic, and how their last deliveries went."""
    env = hooks.client.env
    ours = [one for one in hooks.all() if one.name == f"pmctl {env}" or _is_ours(one.url)]
    if not ours:
        words = "Mautic has no webhook of pmctl's; `pmctl webhook register URL` makes one"
        return Part(WRONG, (words,), {"webhooks": []})
    state, said, facts = OK, [], []
    for one in ours:
        trouble, lines, more = _hook(hooks, one)
        state = WRONG if trouble else state
        said += [f"webhook {one.id} to {one.url}: {trouble or 'on, and right'}", *lines]
        facts.append(more | {"trouble": trouble})
    return Part(state, tuple(said), {"webhooks": facts})


def _is_ours(url: str) -> bool:
    return urlsplit(url).path.rstrip("/").endswith(PATH)


def _hook(hooks: Webhooks, one: Hook) -> tuple[str, list[str], dict[str, Any]]:
    """Return what is wrong with a webhook, what else there is to say, and its facts."""
    signs = hooks.holds_our_secret(one)
    log = hooks.log(one, LOG_ROWS)
    wrong = [] if one.state == "ok" else [one.state]
    if one.missing:
        wrong.append(f"lacks {short(one.missing)}")
    if signs is False:
        wrong.append("signs with another secret than the one kept here")
    if log and not log[0]["status_code"].startswith("2"):
        wrong.append("its last delivery failed")
    answers = ", ".join(f"{row['status_code']} at {row['date_added']}" for row in log)
    lines = [f"{len(one.triggers)} triggers; last answers: {answers or 'none'}"]
    facts = {
        "id": one.id, "url": one.url, "published": one.published, "state": one.state,
        "triggers": list(one.triggers), "missing": list(one.missing),
        "unknown": list(one.unknown), "our_secret": signs, "log": log,
    }  # fmt: skip
    return "; ".join(wrong), lines, facts

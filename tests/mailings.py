"""A history of mails for the tests of `pmctl stats`, and its figures counted by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_events import add_events
from pmctl.clients.stats_steps import StepRow
from tests.conftest import Run

Event = dict[str, Any]
BEGIN = datetime(2026, 10, 1, 8, tzinfo=UTC)
STEPS = {"offer": (11, 31), "resend": (12, 32)}  # step -> event of the campaign, email
ROWS = [
    StepRow(10, 5, "welcome", "Welcome", "tag+new", "lead.changetags", 0, "", 0),
    *(
        StepRow(number, 5, "welcome", "Welcome", step, "email.send", email, "", place)
        for place, (step, (number, email)) in enumerate(STEPS.items(), 1)
    ),
]


def event(number: int, type_: str, at: datetime, contact: int, **more: Any) -> Event:
    return {
        "id": str(UUID(int=number)), "event_type": type_, "source_type": f"mautic.{type_}",
        "contact_id": contact, "campaign_event_id": 0, "campaign_id": 0, "email_id": 0,
        "occurred_at": at.isoformat(), "received_at": at.isoformat(), "agent_class": "unknown",
        "payload": {}, "metadata": {}, **more,
    }  # fmt: skip


def history(contacts: int = 200, seed: int = 1) -> list[Event]:
    """Two steps to everybody over two months: opens by people and machines, clicks, the rest."""
    random = Random(seed)
    events: list[Event] = []

    def add(type_: str, at: datetime, contact: int, **more: Any) -> None:
        events.append(event(len(events) + 1, type_, at, contact, **more))

    for contact in range(1, contacts + 1):
        entered = BEGIN + timedelta(hours=random.random() * 24 * 50)
        for number, (step, email) in enumerate(STEPS.values()):
            about = {"campaign_event_id": step, "email_id": email}
            sent = entered + timedelta(days=3 * number)
            add("sent", sent, contact, **about)
            for _ in range(random.choice((0, 0, 1, 1, 2))):
                agent = random.choice(("human", "human", "proxy"))
                opened = sent + timedelta(minutes=random.expovariate(1 / 300))
                add("opened", opened, contact, agent_class=agent, **about)
                if random.random() < 0.4:
                    clicked = opened + timedelta(minutes=1)
                    add("clicked", clicked, contact, agent_class=agent, **about)
            if random.random() < 0.05:
                add("replied", sent + timedelta(hours=5), contact, **about)
        if random.random() < 0.08:
            add("bounced", entered, contact)  # names no mail
        if random.random() < 0.06:
            add("unsubscribed", entered + timedelta(hours=2), contact, email_id=31)
    random.shuffle(events)
    return events


def store(database: Niledb, events: Iterable[Event]) -> None:
    add_events(database, json.dumps(list(events)).encode())


def recount(
    events: Iterable[Event], type_: str, *, human: bool = False, since: str = "", until: str = "9",
    mine: bool = False,
) -> tuple[int, int]:  # fmt: skip
    """Return (contacts, events) of a type: a contact counts once a step, on its first day."""
    first: dict[tuple[int, int, int], str] = {}
    total = 0
    for one in sorted(events, key=lambda one: one["occurred_at"]):
        if one["event_type"] != type_ or (human and one["agent_class"] != "human"):
            continue
        if mine and not (one["campaign_event_id"] or one["email_id"]):
            continue
        day = one["occurred_at"][:10]
        total += since <= day <= until
        first.setdefault((one["campaign_event_id"], one["email_id"], one["contact_id"]), day)
    return sum(since <= day <= until for day in first.values()), total


def rows(pmctl: Run, *argv: str) -> list[dict[str, Any]]:
    """Return what a command of stats shows, as JSON."""
    code, out, err = pmctl("stats", *argv, "-o", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found

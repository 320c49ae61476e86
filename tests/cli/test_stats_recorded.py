"""Figures of what a Mautic really sent: bodies in, `pmctl stats` out, against a count by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_events import add_events
from pmctl.clients import stats_steps
from pmctl.clients.stats_steps import StepRow
from pmctl.webhook.events import parse, rows
from tests.conftest import Run
from tests.webhook_bodies import NAMES, body

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
MAILS = ("email_on_send", "email_on_open", "page_on_hit")


def items(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for type_, found in json.loads(body(name)).items():
        for item in found:
            yield type_.removeprefix("mautic."), item


def receive(niledb: Niledb, raw: bytes) -> None:
    parsed = parse(raw, RECEIVED)
    assert not parsed.dead
    add_events(niledb, rows(parsed.events))


def figures(pmctl: Run, *words: str) -> dict[str, dict[str, Any]]:
    code, out, err = pmctl("stats", *words, "-o", "json")
    assert code == 0, err
    return {row["metric"]: row for row in json.loads(out)}


def test_a_summary_of_recorded_bodies_equals_their_items(pmctl: Run, niledb: Niledb) -> None:
    seen: dict[str, set[tuple[Any, ...]]] = {}
    for name in NAMES:
        receive(niledb, body(name))
        receive(niledb, body(name))  # Mautic sends some again
        for type_, item in items(name):
            if type_ == "email_on_send":
                seen.setdefault("sent", set()).add((item["idHash"],))
            elif type_ == "email_on_open":
                stat = item["stat"]
                seen.setdefault("opened", set()).add((stat["trackingHash"], stat["openCount"]))
            elif type_ == "page_on_hit" and item["hit"]["source"] == "email":
                seen.setdefault("clicked", set()).add((item["hit"]["id"],))
            elif item.get("new_status") == "unsubscribed":
                seen.setdefault("unsubscribed", set()).add((item["contact"]["id"],))

    found = figures(pmctl, "summary")

    assert set(seen) == {"sent", "opened", "clicked", "unsubscribed"}
    for metric, events in seen.items():
        assert found[metric]["events"] == len(events), metric


def _copies(name: str, count: int) -> Iterator[tuple[int, bytes]]:
    """The body of a mail's event as it would come of other contacts, each a minute later."""
    text = body(name).decode()
    (_, item), *_ = items(name)
    stat, hit = item.get("stat") or {}, item.get("hit") or {}
    tracking = item.get("idHash") or stat.get("trackingHash") or hit["query"]["ct"]["stat"]
    stamp = item["timestamp"]
    for number in range(1, count + 1):
        moment = (datetime.fromisoformat(stamp) + timedelta(minutes=number)).isoformat()
        said = text.replace(tracking, f"{tracking[:13]}{number:09d}").replace(stamp, moment)
        parsed = json.loads(said)
        for found in parsed.values():
            one = found[0]
            if "hit" in one:
                one["hit"]["id"] = 5000 + number
                one["hit"]["lead"]["id"] = number
            elif "stat" in one:
                one["stat"]["lead"]["id"] = number
            else:
                one["contact"]["id"] = str(number)
        yield number, json.dumps(parsed).encode()


@pytest.mark.parametrize("opened", [40, 25])
def test_a_campaign_whose_events_came_as_mautic_writes_them(
    pmctl: Run, niledb: Niledb, opened: int
) -> None:
    made: Counter[str] = Counter()
    for name, count in (
        ("email_on_send-1", 50),
        ("email_on_open-1", opened),
        ("page_on_hit-1", 10),
    ):
        for _, raw in _copies(name, count):
            receive(niledb, raw)
            made[name] += 1
    parsed = [parse(body(name), RECEIVED).events[0] for name in
              ("email_on_send-1", "email_on_open-1", "page_on_hit-1")]  # fmt: skip
    steps = {(one.campaign_event_id, one.email_id) for one in parsed}
    assert all(event and email for event, email in steps)
    stats_steps.write(
        niledb,
        [
            StepRow(event, 1, "seq", "SEQ", f"step-{event}-{email}", "email.send", email, "", n)
            for n, (event, email) in enumerate(sorted(steps))
        ],
    )

    found = figures(pmctl, "campaign", "seq")

    assert (found["sent"]["contacts"], found["sent"]["events"]) == (50, 50)
    assert found["opened"]["contacts"] == opened
    assert found["clicked"]["contacts"] == 10
    assert found["opened"]["rate"] == opened / 50
    if opened == 40:
        assert found["click_to_open"]["rate"] == 10 / 40
    else:
        assert found["click_to_open"]["verdict"] == "too few"
    # a pixel's webhook names no program, so nobody can say that a person opened
    assert found["opened_human"]["contacts"] + found["opened_other"]["contacts"] == opened


def test_the_domains_are_those_of_the_addresses_in_the_bodies(pmctl: Run, niledb: Niledb) -> None:
    for name in NAMES:
        receive(niledb, body(name))
    text = "".join(body(name).decode() for name in NAMES if name.startswith(MAILS))
    domains = set(re.findall(r"@([a-z.]+example)\b", text))

    code, out, _ = pmctl("stats", "domains", "--since", "2026-11-01", "-o", "json")

    assert code == 0
    found = {row["domain"] for row in json.loads(out)}
    assert found
    assert found <= domains


def test_an_unsubscription_through_a_mail_belongs_to_its_campaign(
    pmctl: Run, niledb: Niledb
) -> None:
    name = "lead_channel_subscription_changed-contactable-to-unsubscribed-1"
    (_, item), *_ = items(name)
    email = item["contact"]["doNotContact"][0]["channelId"]
    for _, raw in _copies("email_on_send-1", 50):
        receive(niledb, raw)
    receive(niledb, body(name))
    step = parse(body("email_on_send-1"), RECEIVED).events[0]
    sends = {"a": (step.campaign_event_id, step.email_id), "b": (90, email)}
    stats_steps.write(
        niledb,
        [
            StepRow(event, 1, "seq", "SEQ", name, "email.send", mail, "", 0)
            for name, (event, mail) in sends.items()
        ],
    )

    found = figures(pmctl, "campaign", "seq")

    assert (found["unsubscribed"]["contacts"], found["unsubscribed"]["rate"]) == (1, 0.02)
    assert found["bounced"]["contacts"] == 0

"""The whole loop on one machine: what the stand-in sent is what `stats` says."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.sandbox.server import MauticSandbox
from tests.backends.test_niledb import at
from tests.cli.test_webhook_backfill import _arrive
from tests.conftest import Run
from tests.postgres import Server
from tests.sandbox.receiving import Receiver
from tests.serving import serving


@pytest.fixture
def niledb(server: Server, database: str) -> Iterator[Niledb]:
    made = at(server, database=database)
    niledb_schema.prepare(made)
    yield made
    made.close()


@pytest.mark.parametrize("lose", [0, 3])
def test_what_the_stand_in_sent_is_what_stats_say(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, file: Path, lose: int
):
    with Receiver() as receiver:
        assert pmctl("webhook", "register", receiver.url)[0] == 0
        assert pmctl("campaign", "apply", file, "--yes")[0] == 0
        (campaign,) = sandbox.store.campaigns.values()
        for contact in sandbox.store.contacts.values():
            contact["segments"] = list(campaign["lists"])
        sandbox.cron()
        opened = [mail for mail in sandbox.sent if mail.contact % 2]
        for mail in opened:
            sandbox.clock.move(minutes=9)
            for _ in range(mail.contact):
                sandbox.open(mail.contact, mail.email)
        sandbox.click(opened[0].contact, opened[0].email)
        _arrive(niledb, receiver, lambda number: not lose or number % lose)
    if lose:
        assert pmctl("webhook", "backfill", "--since", "2d")[0] == 0

    code, out, err = pmctl("stats", "summary", "-o", "json")

    assert code == 0, err
    said = {one["metric"]: (one["events"], one["contacts"]) for one in json.loads(out)}
    assert len(sandbox.sent) == len(sandbox.store.contacts)
    assert said["sent"] == (len(sandbox.sent), len(sandbox.sent))
    assert said["opened"] == (sum(mail.contact for mail in opened), len(opened))
    assert said["clicked"] == (1, 1)


TWO = """
version: 1
key: {key}
name: {key}
published: true
audience: {{segments: [new-signups]}}
send: {{from: {{name: Ana, address: ana@example.com}}, consent: marketing}}
steps:
  - email: hello
    subject: Hello
    body: {{markdown: "Read [this](https://shop.example/{key})."}}
  - wait: 1d
  - email: offer
    subject: Offer
    body: {{markdown: "Or [that](https://shop.example/{key}/2)."}}
"""


def test_a_real_receiver_makes_the_figures_of_each_campaign_and_step(
    pmctl: Run, sandbox: MauticSandbox, niledb: Niledb, tmp_path: Path
):
    """The secret is rotated in the middle; no webhook is lost by it."""
    for key in ("spring", "autumn"):
        (tmp_path / f"{key}.yaml").write_text(TWO.format(key=key))
    nowhere = "http://127.0.0.1:9/webhooks/mautic"
    assert pmctl("webhook", "register", nowhere)[0] == 0
    with serving() as served:
        assert pmctl("webhook", "unregister", nowhere, "--yes")[0] == 0
        assert pmctl("webhook", "register", served.url)[0] == 0
        code, _, err = pmctl("campaign", "apply", tmp_path, "--yes")
        assert code == 0, err
        wanted = _lived(sandbox, lambda: pmctl("webhook", "rotate-secret", served.url))
        served.stored()
        assert served.figure("pmctl_webhook_dead_total") == 0
        asked = [row["status_code"] for row in sandbox.store.hook_log]
        assert served.figure("pmctl_webhook_received_total") == len(asked)
        assert set(asked) == {"200"}

    for key in ("spring", "autumn"):
        steps = {row["step"]: row for row in _shown(pmctl, "steps", key)}
        whole = {row["metric"]: row for row in _shown(pmctl, "campaign", key)}
        assert set(steps) == {"hello", "offer"}
        for kind in ("sent", "opened", "clicked"):
            each = {step: wanted[key, step, kind] for step in steps}
            assert {step: row[f"{kind}_events"] for step, row in steps.items()} == {
                step: len(who) for step, who in each.items()
            }
            assert {step: row[kind] for step, row in steps.items()} == {
                step: len(set(who)) for step, who in each.items()
            }
            assert whole[kind]["events"] == sum(len(who) for who in each.values())
    assert len({len(who) for who in wanted.values()}) > 4  # not the same figure everywhere
    summary = {row["metric"]: row["events"] for row in _shown(pmctl, "summary")}
    for kind in ("sent", "opened", "clicked"):
        said = sum(len(who) for (_, _, what), who in wanted.items() if what == kind)
        assert summary[kind] == said
    code, out, err = pmctl("stats", "verify", "-o", "json")
    assert code == 0, out + err


def _shown(pmctl: Run, *words: str) -> list[dict[str, Any]]:
    code, out, err = pmctl("stats", *words, "-o", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def _lived(
    sandbox: MauticSandbox, meanwhile: Callable[[], Any]
) -> dict[tuple[str, str, str], list[int]]:
    """Let two days pass; return who got, opened and clicked each mail, once for each time."""
    done: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    where = {
        event["id"]: (campaign["name"], step)
        for campaign in sandbox.store.campaigns.values()
        for event in campaign["events"]
        for step in ("hello", "offer")
        if f"step={step}" in (event["description"] or "").split()
    }
    for contact in sandbox.store.contacts.values():
        contact["segments"] = [
            key for one in sandbox.store.campaigns.values() for key in one["lists"]
        ]
    sandbox.clock.move(days=-2)
    seen = 0
    for _ in range(3):
        sandbox.cron()
        new, seen = sandbox.sent[seen:], len(sandbox.sent)
        sandbox.clock.move(hours=1)
        for number, mail in enumerate(new):
            name, step = where[mail.event or 0]
            done[name, step, "sent"].append(mail.contact)
            opens = number % 3 if name == "spring" else number % 4
            for _ in range(opens):
                sandbox.clock.move(seconds=9)
                sandbox.open(mail.contact, mail.email)
                done[name, step, "opened"].append(mail.contact)
            if opens == 2 or (opens == 1 and step == "offer"):
                sandbox.click(mail.contact, mail.email)
                done[name, step, "clicked"].append(mail.contact)
            if number == len(new) // 2:
                meanwhile()
        sandbox.clock.move(hours=24)
    return done

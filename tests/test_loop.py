"""The whole loop on one machine: what the stand-in sent is what `stats` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.sandbox.server import MauticSandbox
from tests.backends.test_niledb import at
from tests.cli.test_webhook_backfill import _arrive
from tests.conftest import Run
from tests.postgres import Server
from tests.sandbox.receiving import Receiver


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

"""Every statement of the program, by running it: one that NileDB takes, on PostgreSQL 15 too."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.backends.niledb_events import add_events
from pmctl.clients import stats_steps
from pmctl.clients.nile_locks import NileLocks
from pmctl.clients.stats_steps import StepRow
from pmctl.sandbox.server import MauticSandbox
from pmctl.webhook.drain import Drain
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.spool import Spool
from tests import postgres, webhook_bodies
from tests.backends.test_niledb import at
from tests.backends.test_niledb_events import batch
from tests.conftest import Run
from tests.mailings import STEPS, history
from tests.postgres import Server

FIFTEEN = Path("/usr/lib/postgresql/15/bin")  # what NileDB runs
STEP_ROWS = [
    StepRow(number, 5, "welcome", "Welcome", step, "email.send", email, "", place)
    for place, (step, (number, email)) in enumerate(STEPS.items(), 1)
]
COMMANDS = (
    "summary", "summary --campaign welcome --agent human", "campaign welcome", "steps welcome",
    "series --by week", "series --campaign welcome", "export -o csv",
    "export --campaign welcome --type opened --payload -o jsonl", "verify", "verify --repair",
    "contacts", "contacts --campaign welcome --did clicked --agent human", "domains",
    "domains --campaign welcome --agent human", "report -o -", "report -o - --campaign welcome",
    "campaign welcome --since 2026-10-08", "sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def fifteen() -> Iterator[Server]:
    if not FIFTEEN.exists():
        pytest.skip("no PostgreSQL 15 on this machine")
    with postgres.running(FIFTEEN) as running:
        yield running


def drained(niledb: Niledb, folder: Path) -> None:
    """Let the receiver's own threads bring a body of each recorded kind into the database."""
    spool = Spool(folder / "spool")
    spool.append([(1.0, webhook_bodies.body(name)) for name in webhook_bodies.NAMES])
    drain = Drain(spool, lambda: niledb, Metrics())
    drain.start()
    until = time.monotonic() + 20
    while spool.backlog()[0] and time.monotonic() < until:
        threading.Event().wait(0.01)
    drain.stop()
    assert (spool.backlog()[0], spool.dead_count()) == (0, 0)
    spool.close()


@pytest.mark.parametrize("version", ["server", "fifteen"])
def test_every_statement_runs_and_is_one_that_nile_takes(
    version: str, request: pytest.FixtureRequest, statements: list[str], pmctl: Run,
    monkeypatch: pytest.MonkeyPatch, sandbox: MauticSandbox, file: Path, tmp_path: Path,
) -> None:  # fmt: skip
    running: Server = request.getfixturevalue(version)
    name = running.new_database()
    niledb = at(running, database=name)
    settings = {"HOST": str(running.folder), "DATABASE": name, "USER": "ana",
                "PASSWORD": postgres.PASSWORD, "TENANT_ID": postgres.TENANT}  # fmt: skip
    for key, value in settings.items():
        monkeypatch.setenv(f"PMCTL_NILEDB_{key}", value)

    niledb_schema.prepare(niledb)
    made = history(60)
    for form in range(3):
        niledb.form = form
        added = add_events(niledb, batch(*made[form * 60 : form * 60 + 120]))
        assert added.new + added.duplicates == len(made[form * 60 : form * 60 + 120])
    stats_steps.write(niledb, STEP_ROWS)
    with NileLocks(lambda: niledb, "https://mtc.example.com").hold("welcome", "apply"):
        pass
    assert pmctl("campaign", "apply", file)[0] == 0
    drained(niledb, tmp_path)
    for command in COMMANDS:
        code, _, err = pmctl("stats", *command.split())
        assert code == 0, (command, err)
    with running.connect(name) as connection:
        connection.execute("update event_counts set total = total + 1")
    assert pmctl("stats", "verify")[0] == 2
    assert pmctl("stats", "verify", "--repair")[0] == 0
    assert pmctl("stats", "verify")[0] == 0
    niledb.close()

    verbs = {text.split()[0] for text in statements}
    assert {"begin", "set", "with", "create", "insert", "delete", "lock", "select"} <= verbs

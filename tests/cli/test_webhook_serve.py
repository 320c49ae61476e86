"""`pmctl webhook serve` as a program of its own, and the commands on what it keeps."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from pmctl import audit
from pmctl.backends.niledb import Niledb
from pmctl.webhook.events import parse
from pmctl.webhook.spool import Buried, Spool
from tests import webhook_bodies
from tests.postgres import PASSWORD
from tests.serving import serving
from tests.webhook_bodies import NAMES, SECRET


def test_serve_keeps_answers_stores_and_ends_with_143(server, tmp_path):
    name = server.new_database()
    settings = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path), "PMCTL_WEBHOOK_SECRET": SECRET,
                "PMCTL_NILEDB_HOST": str(server.folder), "PMCTL_NILEDB_DATABASE": name,
                "PMCTL_NILEDB_USER": "ana", "PMCTL_NILEDB_PASSWORD": PASSWORD,
                "PMCTL_NILEDB_SSLMODE": "disable"}  # fmt: skip
    with serving(**settings) as served:
        for one in NAMES:
            assert served.status_of(webhook_bodies.body(one), SECRET) == 200
        served.stored()
        assert served.figure("pmctl_webhook_spooled_total") == len(NAMES)
    database = Niledb(host=str(server.folder), port=5432, database=name, user="ana",
                      password=lambda: PASSWORD, sslmode="disable")  # fmt: skip
    stored = {row[0] for row in database.execute(
        "select id from marketing_events where tenant_id = %s", (database.tenant,)
    )}  # fmt: skip
    database.close()
    spool = Spool(tmp_path / "pmctl" / "spool" / "default")
    waiting, dead = spool.waiting(0, 1), spool.dead_count()
    spool.close()
    bodies = (parse(webhook_bodies.body(one), datetime.now(UTC)).events for one in NAMES)
    assert stored == {event.id for events in bodies for event in events}
    assert (waiting, dead) == ([], 0)


def test_without_a_secret_nobody_is_received(pmctl):
    done = pmctl("webhook", "serve", "--listen", "127.0.0.1:0")
    assert done[0] == 78
    assert "webhook.secret is not set" in done[2]


def test_a_system_that_cannot_fork_is_told_where_the_receiver_runs(pmctl, monkeypatch):
    monkeypatch.delattr(os, "fork")
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", SECRET)
    code, _, err = pmctl("webhook", "serve", "--listen", "127.0.0.1:0")
    assert (code, "cannot run the receiver" in err, "WSL" in err) == (1, True, True)


def test_what_waits_and_what_is_dead_is_told_and_dealt_with(pmctl, tmp_path, monkeypatch):
    monkeypatch.setenv("PMCTL_WEBHOOK_SPOOL", str(tmp_path / "kept"))
    spool = Spool(tmp_path / "kept")
    spool.append([(1.0, b"{}"), (2.0, b"no")])
    spool.done([1, 2], [Buried(2, 2.0, "not a JSON object", b"no")])
    spool.close()

    told = json.loads(pmctl("webhook", "status", "-o", "json")[1])["spool"]
    assert (told["waiting"], told["dead"]) == (0, 1)
    assert "not a JSON object" in pmctl("webhook", "dead", "list")[1]
    assert pmctl("webhook", "dead", "show", "1")[1] == "no\n"
    assert pmctl("webhook", "dead", "show", "9")[0] == 3
    assert pmctl("webhook", "dead", "retry", "1")[0] == 0
    assert pmctl("webhook", "dead", "purge", "1", "--yes")[0] == 3
    assert "2 bodies" in pmctl("webhook", "replay", "--from", "1970-01-01")[2]
    assert json.loads(pmctl("webhook", "status", "-o", "json")[1])["spool"]["waiting"] == 3


CHANGES = [
    (["dead", "retry", "1"], "1 would wait again", {"dead_letters": [1]}),
    (["dead", "purge", "1", "--yes"], "1 would be deleted", {"dead_letters": [1]}),
    (["replay", "--from", "1970-01-01", "--to", "1970-01-02"], "2 bodies would wait again",
     {"since": "1970-01-01T00:00:00+00:00", "until": "1970-01-02T00:00:00+00:00", "bodies": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "would", "detail"), CHANGES, ids=["retry", "purge", "replay"])
def test_a_change_of_the_spool_can_be_tried_and_is_written_down(
    pmctl, tmp_path, monkeypatch, words, would, detail
):
    monkeypatch.setenv("PMCTL_WEBHOOK_SPOOL", str(tmp_path / "kept"))
    spool = Spool(tmp_path / "kept")
    spool.append([(1.0, b"{}"), (2.0, b"no")])
    spool.done([1, 2], [Buried(2, 2.0, "not a JSON object", b"no")])

    def state():
        return [one.body for one in spool.waiting(0, 9)], [one.id for one in spool.dead()]

    before = state()
    done = pmctl("webhook", *words, "--dry-run")
    assert (done[0], would in done[2]) == (0, True)
    assert (state(), list(audit.entries())) == (before, [])

    assert pmctl("webhook", *words)[0] == 0
    (entry,) = audit.entries()
    assert (list(entry.command), entry.target) == (
        ["webhook", *words[: 1 if words[0] == "replay" else 2]], "spool",
    )  # fmt: skip
    assert entry.detail == detail
    assert state() != before
    spool.close()


@pytest.mark.parametrize("words", [["--from", "soon"], []])
def test_a_replay_needs_a_time(pmctl, words):
    assert pmctl("webhook", "replay", *words)[0] == 64

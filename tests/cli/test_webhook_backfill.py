"""`pmctl webhook backfill`: the holes that lost webhooks left, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pmctl.backends import niledb_events, niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.sandbox import decisions
from pmctl.sandbox.server import MauticSandbox
from pmctl.webhook import events
from tests.backends.test_niledb import at
from tests.conftest import Run
from tests.postgres import TENANT, Server
from tests.sandbox.receiving import Receiver

SAME = (
    "id, event_type, source_type, contact_id, campaign_event_id, email_id, occurred_at, agent_class"
)
OURS = f"tenant_id = '{TENANT}'"
FIGURES = f"select * from event_counts where {OURS}"
KINDS = "('sent', 'opened', 'clicked', 'submitted', 'unsubscribed', 'bounced')"


@pytest.fixture
def niledb(server: Server, database: str) -> Iterator[Niledb]:
    made = at(server, database=database)
    niledb_schema.prepare(made)
    yield made
    made.close()


@pytest.fixture
def receiver(sandbox: MauticSandbox, pmctl: Run) -> Iterator[Receiver]:
    with Receiver() as it:
        assert pmctl("webhook", "register", it.url)[0] == 0
        yield it


def _mail(sandbox: MauticSandbox) -> int:
    from pmctl.sandbox import mail

    given = {"name": "offer", "subject": "offer", "customHtml": "<p>Hello</p>"}
    return int(mail.create(sandbox.store, given).body["email"]["id"])


def _life(sandbox: MauticSandbox, pmctl: Run, email: int) -> None:
    """Let every contact get a mail, and do more and more with it."""
    from pmctl.sandbox import hook_sender, mail

    for contact in list(sandbox.store.contacts):
        mail.send(sandbox.store, email, contact)
        stat = sandbox.store.sent[-1]
        for _ in range(contact % 3):
            sandbox.clock.move(minutes=7)
            decisions.opened(sandbox.store, stat)
        if contact % 2:
            decisions.clicked(sandbox.store, stat, f"https://shop.example/{contact}")
            decisions.submitted(sandbox.store, contact, 1)
        reason = {1: 1, 2: 2}.get(contact)
        if reason:
            from pmctl.sandbox import people

            people.add_dnc(sandbox.store, contact, "email", {"reason": reason})
    hook_sender.flush(sandbox.store)


def _arrive(niledb: Niledb, receiver: Receiver, keep: Any = lambda number: True) -> None:
    """Store what came, as the receiver of pmctl does; `keep` says which requests came through."""
    for number, came in enumerate(receiver.came):
        if keep(number):
            found = events.parse(came.body, datetime.now(UTC)).events
            niledb_events.add_events(niledb, events.rows(found))


def _rows(niledb: Niledb, what: str = SAME) -> list[Any]:
    query = (
        f"select {what} from marketing_events where {OURS} and event_type in {KINDS} order by id"
    )
    return list(niledb.execute(query))


def _fill(pmctl: Run, *more: str) -> list[dict[str, Any]]:
    code, out, err = pmctl("webhook", "backfill", "--since", "2d", *more, "-o", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def _new(found: list[dict[str, Any]]) -> int:
    return sum(one["new"] for one in found)


def test_everything_that_was_lost_comes_back_with_the_same_rows(
    pmctl: Run, sandbox, niledb, receiver, server
):
    email = _mail(sandbox)
    _life(sandbox, pmctl, email)
    _arrive(niledb, receiver)
    whole = _rows(niledb)
    figures = list(niledb.execute(FIGURES))
    assert len(whole) > 10
    for table in ("marketing_events", "event_counts", "event_firsts"):
        niledb.execute(f"delete from {table} where {OURS}")

    _fill(pmctl)

    assert _rows(niledb) == whole
    kept = {row[3:] for row in figures if row[4] in KINDS}
    assert {row[3:] for row in niledb.execute(FIGURES) if row[4] in KINDS} == kept


@pytest.mark.parametrize("lost", [2, 3])
def test_only_the_holes_are_filled(pmctl: Run, sandbox, niledb, receiver, lost):
    _life(sandbox, pmctl, _mail(sandbox))
    _arrive(niledb, receiver)
    whole = _rows(niledb)
    niledb.execute(f"delete from marketing_events where {OURS}")
    _arrive(niledb, receiver, lambda number: number % lost)
    there = len(_rows(niledb))

    found = _fill(pmctl)

    assert _rows(niledb) == whole
    assert _new(found) == len(whole) - there > 0


def _stamped_later(body: bytes, *, with_row: bool) -> bytes:
    """A webhook whose stamp is a second after the row; also from a Mautic that shows no rows."""
    parts = json.loads(body)
    for item in parts.get("mautic.lead_channel_subscription_changed", ()):
        moment = datetime.fromisoformat(item["timestamp"]) + timedelta(seconds=1)
        item["timestamp"] = moment.isoformat()
        if not with_row:
            del item["contact"]["doNotContact"]
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    ("with_row", "webhook_first"), [(True, True), (True, False), (False, True)]
)
def test_an_unsubscription_counts_once_although_its_two_tellers_differ_by_a_second(
    pmctl: Run, sandbox, niledb, receiver, with_row, webhook_first
):
    _life(sandbox, pmctl, _mail(sandbox))
    receiver.came[:] = [
        came._replace(body=_stamped_later(came.body, with_row=with_row)) for came in receiver.came
    ]
    if webhook_first:
        _arrive(niledb, receiver)
    found = {one["events"]: one for one in _fill(pmctl)}["unsubscribed, bounced"]
    if not webhook_first:
        _arrive(niledb, receiver)

    assert (found["new"], found["known"]) == ((0, 2) if webhook_first else (2, 0))
    rows = niledb.execute(
        "select event_type, total, contacts from event_counts where tenant_id = %s and "
        "day = '0001-01-01' and campaign_event_id = -1 and agent = 'all' and "
        "event_type in ('unsubscribed', 'bounced')", (niledb.tenant,)
    )  # fmt: skip
    assert sorted(rows) == [("bounced", 1, 1), ("unsubscribed", 1, 1)]


def test_a_second_run_finds_nothing_new(pmctl: Run, sandbox, niledb, receiver):
    _life(sandbox, pmctl, _mail(sandbox))
    first = _fill(pmctl)

    second = _fill(pmctl)

    assert _new(second) == 0
    assert sum(one["known"] for one in second) == _new(first) > 0


def test_replies_come_too_which_no_webhook_tells(pmctl: Run, sandbox, niledb, receiver):
    _life(sandbox, pmctl, _mail(sandbox))
    decisions.replied(sandbox.store, sandbox.store.sent[0])

    _fill(pmctl)
    _fill(pmctl)

    query = f"select contact_id from marketing_events where {OURS} and event_type = 'replied'"
    rows = list(niledb.execute(query))
    assert len(rows) == 1


def test_what_was_before_since_is_left_out(pmctl: Run, sandbox, niledb, receiver):
    sandbox.clock.move(days=-30)
    _life(sandbox, pmctl, _mail(sandbox))

    assert _new(_fill(pmctl)) == 0


def test_a_dry_run_counts_and_writes_nothing(pmctl: Run, sandbox, niledb, receiver):
    _life(sandbox, pmctl, _mail(sandbox))

    assert _new(_fill(pmctl, "--dry-run")) > 10
    assert _rows(niledb) == []


def test_an_interrupted_run_goes_on_where_it_was(pmctl: Run, sandbox, niledb, receiver, home):
    _life(sandbox, pmctl, _mail(sandbox))
    sandbox.fail("GET:/api/stats/page_hits:*:403")
    code, _, _ = pmctl("webhook", "backfill", "--since", "2d")
    assert code != 0
    (file,) = home.rglob("*.backfill.json")
    assert len(json.loads(file.read_text())) == 2
    sandbox.fail(None)

    found = {one["events"]: one for one in _fill(pmctl)}

    assert (found["sent"]["rows"], found["opened"]["rows"]) == (0, 0)
    assert found["clicked"]["new"] > 0
    assert not list(home.rglob("*.backfill.json"))


def test_since_must_be_a_day(pmctl: Run, sandbox):
    assert pmctl("webhook", "backfill", "--since", "soon")[0] == 64

"""From a signed request over a socket to a row in PostgreSQL, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import stat
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, RemoteDisconnected

import pytest

from pmctl.backends import niledb_schema
from pmctl.backends.niledb import Niledb
from pmctl.errors import ConfigError
from pmctl.webhook import events, items
from pmctl.webhook import spool as spools
from pmctl.webhook.app import Limits, Receiver
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.server import server as http_server
from pmctl.webhook.signature import sign
from pmctl.webhook.trust import Trust
from tests import webhook_bodies
from tests.draining import emptied
from tests.postgres import PASSWORD
from tests.serving import wait_until
from tests.webhook_bodies import NAMES, SECRET, send


@contextmanager
def listening(receiver):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        running = http_server(receiver)
        thread = threading.Thread(target=lambda: asyncio.run(running.serve([sock])), daemon=True)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            running.should_exit = True
            thread.join(15)


def post(port, body, *, path="/webhooks/mautic", method="POST", signature=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    words = {"Content-Type": "application/json",
             "Webhook-Signature": sign(body, SECRET) if signature is None else signature,
             **{name.replace("_", "-"): word for name, word in headers.items()}}  # fmt: skip
    try:
        connection.request(method, path, body, words)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture
def database(server):
    found = Niledb(host=str(server.folder), port=5432, database=server.new_database(), user="ana",
                   password=lambda: PASSWORD, sslmode="disable")  # fmt: skip
    niledb_schema.prepare(found)
    yield found
    found.close()


def stored(database):
    return database.execute("select count(*) from marketing_events where tenant_id = %s",
                            (database.tenant,))[0][0]  # fmt: skip


def test_every_recorded_request_is_kept_and_reaches_the_database_once(kept, database):
    metrics = Metrics()
    with listening(Receiver(kept, Trust(lambda: [SECRET]), metrics)) as port:
        for name in [*NAMES, *NAMES]:
            assert post(port, webhook_bodies.body(name)) == (200, "")
        text = post(port, b"", path="/metrics", method="GET")[1]
    assert f"pmctl_webhook_spooled_total {2 * len(NAMES)}" in text
    emptied(kept, database, metrics)
    items = sum(sum(map(len, json.loads(webhook_bodies.body(name)).values())) for name in NAMES)
    assert metrics.get("drained") == stored(database)
    assert metrics.get("drained") + metrics.get("duplicates") == 2 * items
    assert kept.dead_count() == 0


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (401, {"signature": sign(b"another body", SECRET)}),
        (401, {"signature": ""}),
        (401, {"signature": sign(send(1), "guessed")}),
        (415, {"Content_Type": "text/plain"}),
        (415, {"Content_Encoding": "gzip"}),
        (405, {"method": "PUT"}),
        (404, {"path": "/elsewhere"}),
    ],
)
def test_what_is_not_from_mautic_is_refused_and_not_kept(kept, status, how):
    with listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics())) as port:
        assert post(port, send(1), **how)[0] == status
    assert kept.backlog()[0] == 0


def test_too_much_is_refused_before_it_is_read(kept):
    limits = Limits(body_bytes=1000)
    with listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics(), limits=limits)) as port:
        assert post(port, b"x", Content_Length=str(50 << 20))[0] == 413
    assert kept.backlog()[0] == 0


CHUNKED = (
    b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    b"Webhook-Signature: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def test_a_body_in_chunks_is_taken_and_refused_at_the_limit_before_it_ends(kept):
    metrics, limits = Metrics(), Limits(body_bytes=1000)
    with listening(Receiver(kept, Trust(lambda: [SECRET]), metrics, limits=limits)) as port:
        body = send(1)
        head = CHUNKED % sign(body, SECRET).encode()
        with socket.create_connection(("127.0.0.1", port), 10) as wire:
            parts = [body[at : at + 50] for at in range(0, len(body), 50)]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            wire.sendall(head + chunks + b"0\r\n\r\n")
            assert wire.recv(100).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection(("127.0.0.1", port), 10) as wire:
            wire.sendall(head + b"".join(b"190\r\n%b\r\n" % (b"x" * 400) for _ in range(3)))
            assert wire.recv(100).startswith(b"HTTP/1.1 413 ")  # its end was never sent
    assert metrics.get('refused{reason="size"}') == 1
    assert [one.body for one in kept.waiting(0, 9)] == [body]


def test_a_disk_that_cannot_even_be_looked_at_turns_readiness_red_until_it_is_back(
    kept, monkeypatch
):
    """Whatever the system says of it: what tells of the trouble must not end with it."""
    metrics, broken = Metrics(), True
    usage = shutil.disk_usage

    def failing(folder):
        if broken:
            raise OSError(5, "Input/output error")
        return usage(folder)

    monkeypatch.setattr("shutil.disk_usage", failing)
    monkeypatch.setattr("pmctl.webhook.app.MEND_SECONDS", 0.01)
    with listening(Receiver(kept, Trust(lambda: [SECRET]), metrics)) as port:
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            post(port, send(1))
        status, reason = post(port, b"", path="/readyz", method="GET")
        assert (status, "Input/output error" in reason) == (503, True)
        wait_until(lambda: "Input/output error" in metrics.trouble())
        broken = False
        wait_until(lambda: post(port, b"", path="/readyz", method="GET") == (200, "ready\n"))
        assert post(port, send(2))[0] == 200


def test_a_body_that_does_not_come_is_given_up(kept):
    limits = Limits(body_seconds=0.1)
    with listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics(), limits=limits)) as port:
        assert post(port, b"x", Content_Length="100")[0] == 408


def test_what_cannot_be_made_durable_gets_no_answer(kept, monkeypatch):
    monkeypatch.setattr(spools, "STOP_BYTES", 1 << 60)
    monkeypatch.setattr(spools, "LOW_WATER_BYTES", 1 << 60)
    with listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics())) as port:
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            post(port, send(1))
        status, reason = post(port, b"", path="/readyz", method="GET")
    assert status == 503
    assert "free for the spool" in reason
    assert kept.backlog()[0] == 0


def test_what_nobody_foresaw_cuts_one_connection_off_and_no_later_one(kept, caplog):
    class Strange(Trust):
        def believes(self, body, signature):
            if b"hash1" in body:
                raise LookupError("of a trust")
            return super().believes(body, signature)

    metrics, append, broken = Metrics(), kept.append, [True]

    def failing(bodies):
        if broken:
            broken.pop()
            raise LookupError("of a spool")
        append(bodies)

    kept.append = failing
    with listening(Receiver(kept, Strange(lambda: [SECRET]), metrics)) as port:
        for number in (1, 2):
            with pytest.raises((RemoteDisconnected, ConnectionResetError)):
                post(port, send(number))
        assert post(port, send(3)) == (200, "")
    assert [one.body for one in kept.waiting(0, 9)] == [send(3)]
    refused = [metrics.get(f'refused{{reason="{reason}"}}') for reason in ("unforeseen", "spool")]
    assert refused == [1, 1]
    assert "of a trust" in caplog.text  # where it was is written down


def test_secrets_that_cannot_be_read_stay_although_nobody_can_be_told(kept):
    reads = [[SECRET]]

    def read():
        if not reads:
            raise ConfigError("the file is gone")
        return reads.pop()

    def full(text):
        raise BrokenPipeError

    trust = Trust(read, say=full)
    trust.again()
    with listening(Receiver(kept, trust, Metrics())) as port:
        assert [post(port, send(n))[0] for n in (1, 2)] == [200, 200]


def test_a_disk_that_fills_up_in_the_middle_keeps_all_or_nothing(kept):
    pages = kept._sql.execute("pragma page_count").fetchone()[0]
    kept._sql.execute(f"pragma max_page_count={pages + 5}")
    with pytest.raises(spools.SpoolFull):
        kept.append([(1.0, send(n) * 100) for n in range(50)])
    assert kept.backlog()[0] == 0
    kept._sql.execute("pragma max_page_count=1000000")
    kept.append([(1.0, send(1))])
    assert kept.backlog()[0] == 1


def test_only_its_owner_may_read_the_spool(kept):
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    kept.append([(1.0, b"x")])
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.folder.iterdir()} == {0o600}


def test_what_postgresql_refuses_is_found_among_many_and_the_others_are_stored(
    kept, database, monkeypatch
):
    """Our own guard against a NUL is taken out, so that PostgreSQL itself refuses the row."""
    monkeypatch.setattr(events, "_clean", lambda text: text)
    kept.append([(1.0, send(n)) for n in range(20)])
    kept.append([(2.0, send(13).replace(b'"hash13"', b'"poison", "x": "a\\u0000b"'))])
    kept.append([(3.0, send(n)) for n in range(20, 40)])
    kept.append([(4.0, b'{"mautic.x":[1')])
    emptied(kept, database)

    assert stored(database) == 40
    broken, poison = sorted(kept.dead(), key=lambda letter: letter.reason)
    assert "not a JSON object" in broken.reason
    assert "unsupported Unicode escape" in poison.reason
    assert (poison.received_at, b"poison" in kept.dead_body(poison.id)) == (2.0, True)
    kept.retry([poison.id])
    emptied(kept, database)
    assert ([one.reason for one in kept.dead()], stored(database)) == (
        [poison.reason, broken.reason], 40,
    )  # fmt: skip
    monkeypatch.undo()
    kept.retry([one.id for one in kept.dead() if one.reason == poison.reason])
    emptied(kept, database)
    kept.purge([broken.id])
    assert (stored(database), kept.dead_count()) == (41, 0)


@pytest.mark.parametrize(
    ("module", "guard", "value", "words", "reason"),
    [
        (items, "_BIGINT", 1 << 99, {"contact": {"id": "9" * 19}}, "out of range"),
        (events, "_LATEST", datetime.max.replace(tzinfo=UTC),
         {"stat": {"lastOpened": "9999-12-31T23:59:59+00:00"}}, "check constraint"),
    ],
)  # fmt: skip
def test_a_number_or_a_date_that_the_database_refuses_costs_no_other_event(
    kept, database, monkeypatch, module, guard, value, words, reason
):
    monkeypatch.setattr(module, guard, value)
    database.define("alter table marketing_events add check (occurred_at < '3000-01-01')")
    bad = {"mautic.email_on_open": [{"stat": {"trackingHash": "t", "openCount": 1}} | words]}
    kept.append([(1.0, send(n)) for n in range(7)])
    kept.append([(2.0, json.dumps(bad).encode()), (3.0, send(7))])
    emptied(kept, database)
    assert stored(database) == 8
    (letter,) = kept.dead()
    assert (reason in letter.reason, json.loads(kept.dead_body(letter.id))) == (True, bad)
    counts = database.execute("select total from event_counts where tenant_id = %s and "
                              "day = '0001-01-01' and campaign_event_id = -1 and agent = 'all'",
                              (database.tenant,))  # fmt: skip
    assert sum(row[0] for row in counts) == 8  # the refused halves left no figure behind


def test_what_was_kept_is_replayed_and_adds_nothing_twice(kept, database):
    kept.append([(100.0, send(1)), (200.0, send(2))])
    emptied(kept, database)
    assert kept.replay(150, 300) == 1
    emptied(kept, database)
    assert stored(database) == 2


def test_a_large_body_does_not_count_for_the_head_of_the_next_request(kept):
    """On the same connection, and the next head comes in two pieces."""
    large, small = send(1)[:-1] + b" " * 300_000 + b"}", send(2)
    head = b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    with (
        listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics())) as port,
        socket.create_connection(("127.0.0.1", port), 10) as wire,
    ):
        for body in (large, small):
            signed = b"Webhook-Signature: %b\r\n" % sign(body, SECRET).encode()
            wire.sendall(head[:20])
            threading.Event().wait(0.05)  # so that they are two pieces; if not, it proves less
            wire.sendall(head[20:] + signed + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert wire.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_never_ends_is_cut_off(kept, monkeypatch):
    monkeypatch.setattr("pmctl.webhook.server.HEADER_SECONDS", 0.1)
    with (
        listening(Receiver(kept, Trust(lambda: [SECRET]), Metrics())) as port,
        socket.create_connection(("127.0.0.1", port), 10) as slow,
    ):
        slow.sendall(b"POST /webhooks/mautic HTTP/1.1\r\nX: ")
        with suppress(ConnectionResetError):
            assert slow.recv(10) == b""

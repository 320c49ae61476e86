"""What no Mautic sends, to a receiver of its own process: the right status, nothing kept of what
nobody signed, and memory that stays bounded."""

from __future__ import annotations

import gzip
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from pmctl.webhook.events import MOST_ITEMS
from pmctl.webhook.signature import sign
from pmctl.webhook.spool import Spool
from tests.faulting import Place, body_of, connect_many, headers_of, peak_since
from tests.postgres import Server
from tests.serving import Served, wait_until
from tests.webhook_bodies import SECRET

MIB = 1 << 20
ITEM = b'{"idHash":"good","contact":{"id":"7"},"timestamp":"2026-11-22T23:09:03+00:00"}'


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Place:
    return Place.new(server, PMCTL_WEBHOOK_SPOOL=str(tmp_path / "spool"))


@pytest.fixture
def served(place: Place) -> Iterator[Served]:
    with place.serving() as served:
        yield served


def kept(place: Place) -> tuple[list[bytes], dict[bytes, str]]:
    """Return what is done, and what is dead with its reason; nothing waits any more."""
    spool = Spool(Path(place.settings["PMCTL_WEBHOOK_SPOOL"]))
    try:
        assert spool.waiting(0, 1) == []
        rows = spool._sql.execute("select body from bodies order by id")
        return [row[0] for row in rows], {
            spool.dead_body(one.id): one.reason for one in spool.dead()
        }
    finally:
        spool.close()


def stored(place: Place) -> list[int]:
    rows = place.niledb.execute(
        "select contact_id from marketing_events where tenant_id = %s order by 1",
        (place.niledb.tenant,),
    )
    place.niledb.close()
    return [row[0] for row in rows]


GOOD = body_of(1, 1)
SIGNED = headers_of(GOOD)
BOMB = gzip.compress(bytes(64 * MIB))
REFUSED: list[tuple[int, str, bytes, dict[str, str]]] = [
    *[(415, "POST", GOOD, SIGNED | {"Content-Type": kind}) for kind in (
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/jsonp", "text/json, application/json")],
    *[(415, "POST", BOMB, headers_of(BOMB) | {"Content-Encoding": coding}) for coding in (
        "gzip", "deflate", "br", "gzip, identity", "identity, gzip")],
    *[(405, verb, GOOD, SIGNED) for verb in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH")],
    *[(401, "POST", GOOD, SIGNED | {"Webhook-Signature": signature}) for signature in (
        "", "0" * 64, "=" * 44, "x" * 60_000, "\xe9" * 44, sign(GOOD + b" ", SECRET),
        sign(body_of(2, 1), SECRET), sign(GOOD, SECRET).swapcase(), sign(GOOD, ""))],
    (413, "POST", b"", SIGNED | {"Content-Length": str(50 * MIB)}),
    (413, "POST", b"", SIGNED | {"Content-Length": "9" * 18}),
    (413, "POST", b"", SIGNED | {"Content-Length": str(10 * MIB + 1)}),
]  # fmt: skip


def test_what_is_refused_gets_its_status_and_is_nowhere_afterwards(
    place: Place, served: Served
) -> None:
    with peak_since(served) as peak:
        for status, verb, body, headers in REFUSED:
            found = served.asked(verb, "/webhooks/mautic", body, headers)
            assert found[0] == status, (verb, headers, found)
        assert served.status_of(GOOD, SECRET) == 200
        served.stored()
    print(f"{len(REFUSED)} refused, the process took at most {peak.mib} MiB more")
    assert peak.mib < 60
    refused = sum(served.refused().values())
    assert refused == len(REFUSED)
    assert served.end() == 143
    assert (stored(place), kept(place)) == ([1000], ([GOOD], {}))


RAW = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\r\n\r\n\r\n", b"\0" * 4096, b"\xff" * 4096, b"GET\r\n\r\n",
    b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /webhooks/mautic HTTP/1.1\r\nX: " + b"x" * (100 << 10) + b"\r\n\r\n",
    b"POST /webhooks/mautic HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"POST /" + b"x" * (100 << 10) + b" HTTP/1.1\r\n\r\n",
]  # fmt: skip


def test_what_is_no_http_is_answered_with_an_error_or_cut_off(place: Place, served: Served) -> None:
    for number, data in enumerate(RAW):
        with socket.create_connection(("127.0.0.1", served.port), 10) as wire:
            with suppress(OSError):
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionError):
                while part := wire.recv(4096):
                    answer += part
        assert not answer or answer.split()[1].startswith(b"4"), (number, data[:80], answer)
    assert served.status_of(GOOD, SECRET) == 200
    served.stored()
    assert served.end() == 143
    assert (stored(place), kept(place)) == ([1000], ([GOOD], {}))
    assert not [line for line in served.said if "Traceback" in line]


def test_fifty_megabytes_in_chunks_take_no_memory_and_leave_nothing(
    place: Place, served: Served
) -> None:
    """Thirty at once, each without a length and without an end; one of Mautic's gets through."""
    head = b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Type: application/json\r\nWebhook-Signature: x\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (MIB, bytes(MIB))

    def send(_: int) -> bytes:
        with socket.create_connection(("127.0.0.1", served.port), 20) as wire:
            with suppress(OSError):
                wire.sendall(head)
                for _ in range(50):
                    wire.sendall(chunk)
            with suppress(OSError):
                return wire.recv(100)
        return b""

    with peak_since(served) as peak, ThreadPoolExecutor(30) as pool:
        sending = pool.map(send, range(30))
        assert served.status_of(GOOD, SECRET) == 200
        answers = list(sending)
    print(f"30 times 50 MiB, the process took at most {peak.mib} MiB more")
    assert peak.mib < 250  # 64 MiB of bodies, and what is on its way
    statuses = {answer[9:12] for answer in answers}
    assert statuses <= {b"413", b"408", b""}  # too large; too many at once: the oldest goes
    assert sum(served.refused().values()) == 30
    served.stored()
    assert served.end() == 143
    assert (stored(place), kept(place)) == ([1000], ([GOOD], {}))


ENDLESS = [
    (b"0\r\n", b"X: " + b"y" * 1000 + b"\r\n"),  # trailers
    (b"0\r\nX: ", b"y" * 1000),  # one of them
    (b"1;", b"y" * 1000),  # what may follow the size of a chunk
    (b"0", b"0" * 1000),  # that size
]


def test_words_around_chunks_that_never_end_are_cut_off(place: Place, served: Served) -> None:
    head = b"POST /webhooks/mautic HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Type: application/json\r\nWebhook-Signature: x\r\n\r\n"
    with peak_since(served) as peak:
        for begin, more in ENDLESS:
            with socket.create_connection(("127.0.0.1", served.port), 10) as wire:
                wire.sendall(head + begin)
                with pytest.raises(ConnectionError):
                    wire.sendall(more * (64 << 10))
    assert peak.mib < 20
    assert served.status_of(GOOD, SECRET) == 200


def of(*items: bytes) -> bytes:
    return b'{"mautic.email_on_send":[%b]}' % b",".join(items)


DEAD: list[bytes] = [
    b"", b"null", b"[]", b'""', b"0", b"{", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\xff\xfe",
    b'{"mautic.email_on_send":', b'{"mautic.email_on_send":[{"idHash":"a"}',
    b"[" * 10 * MIB, b'{"mautic.x":[' + b'{"a":' * MIB, of(b"[" * 100_000 + b"]" * 100_000),
    of(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    of(b'{"a":"\xff\xfe"}'), of(b'{"a":"\xed\xa0\x80"}'), of(b'{"a":"\\ud800"}'),
    of(b'{"a":NaN}'), of(b'{"a":-Infinity}'), of(b'{"a":' + b"9" * 9000 + b"}"),
    of(b'{"a":1e999}'), of(b'{"a":0x10}'), of(b"7"), of(b'"words"'), of(b"null"),
    b'{"":[1,2', b'{"a"}', b"'{}'", b"{}{}", of(b'"\\u12"'), of(b'{"a":"\x01"}'),
]  # fmt: skip


TOO_MANY = [of(*[b"{}"] * (MOST_ITEMS + 1)), of(*[b"1"] * (4 * MIB)), of(b'"\\q"', *[b"1"] * MIB)]


def test_what_is_signed_but_no_event_is_dead_and_costs_no_event_beside_it(
    place: Place, served: Served
) -> None:
    """Mautic signed it, and would forget it after any answer: so it is kept, with its reason."""
    beside = [body[:-2] + b"," + ITEM + b"]}" for body in DEAD if body[-2:] == b"]}"]
    beside = [body.replace(b"good", b"good%d" % n) for n, body in enumerate(beside)]
    assert len(beside) > 10
    with peak_since(served) as peak:
        for body in (*DEAD, *TOO_MANY, *beside):
            assert served.status_of(body, SECRET) == 200
        served.stored()
    print(f"the process took at most {peak.mib} MiB more")
    assert peak.mib < 800
    _, dead = kept(place)
    for body in (*DEAD, *TOO_MANY):
        print(f"{len(body):>9} {body[:40]!r:<50} {dead[body][:70]}")
    assert {body for body in dead if body not in DEAD} == set(TOO_MANY)
    assert {dead[body] for body in TOO_MANY} == {f"more than {MOST_ITEMS} items in one body"}
    assert stored(place) == [7] * len(beside)


def test_ten_thousand_idle_connections_and_slow_ones_hold_up_nobody(
    place: Place, served: Served
) -> None:
    """Half of them began a head, a quarter a body, more than there may be requests at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 500)
    slow = b"POST /webhooks/mautic HTTP/1.1\r\nX: "
    head = slow + b"y\r\nContent-Type: application/json\r\nWebhook-Signature: x\r\n"
    head += b"Content-Length: 1000\r\n\r\n{"
    try:
        with peak_since(served) as peak, ExitStack() as open_:
            idle = connect_many(served.port, count, open_)
            for wire in idle[::2]:
                wire.sendall(slow)
            for wire in idle[1::4]:
                wire.sendall(head)
            for number in range(1, 21):
                assert served.status_of(body_of(number, 1), SECRET) == 200
            served.stored()
        print(f"{count} idle connections, the process took at most {peak.mib} MiB more")
        assert peak.mib < 400
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert served.end() == 143
    assert stored(place) == [number * 1000 for number in range(1, 21)]


def test_a_receiver_without_files_left_takes_more_when_some_are_closed(
    place: Place, served: Served
) -> None:
    _, hard = resource.prlimit(served.worker(), resource.RLIMIT_NOFILE)
    resource.prlimit(served.worker(), resource.RLIMIT_NOFILE, (60, hard))
    with ExitStack() as open_:
        connect_many(served.port, 200, open_)
        answered = 0
        for number in range(1, 21):
            with suppress(OSError, HTTPException):
                answered += served.status_of(body_of(number, 1), SECRET, timeout=0.2) == 200
    for number in range(21, 31):
        answered += served.status_of(body_of(number, 1), SECRET) == 200
    served.stored()
    assert served.end() == 143
    assert len(stored(place)) >= answered >= 10


def test_it_opens_as_many_files_as_it_may_whatever_a_shell_gave_it(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 500), hard))
    try:
        with place.serving() as served:
            wait_until(
                lambda: (
                    resource.prlimit(served.worker(), resource.RLIMIT_NOFILE)
                    == (min(hard, 65_536), hard)
                )
            )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""The wires of the stand-in: connections, concurrency, the record of requests."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.sandbox.conftest import campaign
from tests.sandbox.replay import ask, token


def test_a_connection_is_used_again(sandbox):
    host = urllib.parse.urlsplit(sandbox.url).netloc
    connection = http.client.HTTPConnection(host)

    statuses = []
    for _ in range(3):
        connection.request("GET", "/api/segments")
        answer = connection.getresponse()
        statuses.append((answer.status, answer.version, len(answer.read()) > 0))
        socket = connection.sock
        assert socket is not None
    connection.close()

    assert statuses == [(401, 11, True)] * 3


def test_it_listens_on_loopback_only(sandbox):
    assert urllib.parse.urlsplit(sandbox.url).hostname == "127.0.0.1"


def test_a_port_in_use_is_an_os_error(sandbox):
    port = urllib.parse.urlsplit(sandbox.url).port or 0

    with pytest.raises(OSError, match="in use"):
        MauticSandbox(port=port).start()


def test_eight_requests_wait_side_by_side(api, sandbox, monkeypatch):
    barrier = threading.Barrier(8, timeout=5)
    # the latency lasts until all eight are there
    monkeypatch.setattr(sandbox.stopping, "wait", lambda *_: barrier.wait())

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: api("GET", "/segments")[0], range(8)))

    assert statuses == [200] * 8
    assert sandbox.most_at_once == 8


def test_parallel_writes_get_ids_of_their_own(api, sandbox):
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda n: api("POST", "/campaigns/new", campaign(name=str(n))), range(40))
        )

    shown = [answer["campaign"] for _, answer in made]
    assert sorted(one["id"] for one in shown) == list(range(1, 41))
    assert len({event["id"] for one in shown for event in one["events"]}) == 80


def test_requests_are_recorded_and_can_be_forgotten(api, sandbox):
    api("GET", "/segments?limit=1")
    api("GET", "/nosuch")

    assert [seen[:3] for seen in sandbox.requests] == [
        ("GET", "/api/segments?limit=1", 200),
        ("GET", "/api/nosuch", 404),
    ]
    assert all(seen.started <= seen.ended for seen in sandbox.requests)
    sandbox.reset_requests()
    assert (sandbox.requests, sandbox.most_at_once) == ([], 0)


def test_the_latency_is_waited_before_an_answer(monkeypatch):
    waited: list[float] = []
    with MauticSandbox(latency_ms=40) as sandbox:
        monkeypatch.setattr(sandbox.stopping, "wait", waited.append)
        ask(sandbox, "GET", "/api/segments", None, {})

    assert waited == [0.04]


def test_broken_json_is_a_400_of_its_own_kind(api):
    status, answer = api("POST", "/campaigns/new", b"{broken")

    assert status == 400
    assert answer["errors"][0]["message"].startswith(
        "Looks like I encountered an error (error #400)"
    )


def test_a_form_body_is_understood(sandbox):
    headers = {
        "Authorization": f"Bearer {token(sandbox)}",
        "Content-Type": "application/x-www-form-urlencoded",
    }

    status, _, answer = ask(sandbox, "POST", "/api/tags/new", b"tag=vip", headers)

    assert (status, answer["tag"]["tag"]) == (201, "vip")


def test_a_token_that_was_revoked_or_is_old_is_refused(sandbox):
    headers = {"Authorization": f"Bearer {token(sandbox)}"}
    sandbox.access.revoke_tokens()
    revoked = ask(sandbox, "GET", "/api/segments", None, headers)
    sandbox.access.token_seconds = -1
    headers = {"Authorization": f"Bearer {token(sandbox)}"}
    old = ask(sandbox, "GET", "/api/segments", None, headers)

    for status, _, answer in (revoked, old):
        assert status == 401
        assert answer["errors"][0]["type"] == "invalid_grant"


def test_basic_authentication_can_be_off(api, sandbox):
    sandbox.access.basic_enabled = False

    status, answer = api("GET", "/segments")

    assert status == 403
    assert answer["errors"][0]["message"].startswith("Basic Auth disabled")


def test_the_call_over_the_limit_gets_429(api, sandbox):
    sandbox.access.rate_limit = 2
    headers = {"Authorization": f"Bearer {token(sandbox)}"}

    seen = [ask(sandbox, "GET", "/api/segments", None, headers) for _ in range(3)]

    assert [status for status, _, _ in seen] == [200, 200, 429]
    assert [given["X-RateLimit-Remaining"] for _, given, _ in seen] == ["1", "0", "0"]


def test_stopping_twice_is_harmless():
    sandbox = MauticSandbox().start()

    sandbox.stop()
    sandbox.stop()

    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(urllib.parse.urlsplit(sandbox.url).netloc).request("GET", "/")


def test_every_shipped_campaign_finds_its_segment(sandbox):
    aliases = {segment["alias"] for segment in sandbox.store.segments.values()}

    assert {
        "new-signups",
        "trial-day-2",
        "outbound-prospects",
        "newsletter",
        "cold-trials",
    } <= aliases

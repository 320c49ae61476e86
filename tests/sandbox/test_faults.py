"""Faults: their texts, and what they do to a connection."""

from __future__ import annotations

import http.client
import threading

import pytest

from pmctl.sandbox.faults import Fault, Faults, parse
from tests.sandbox.conftest import campaign


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("POST:/api/campaigns/new:2:500", Fault("POST", "/api/campaigns/new", 2, "500", 500)),
        ("*:*:*:cut-after", Fault("*", "*", None, "cut-after", cut_at=0)),
        ("get:/api/x:1:cut-at-120", Fault("GET", "/api/x", 1, "cut-at-120", cut_at=120)),
        ("PUT:/a:b:1:slow-0.5", Fault("PUT", "/a:b", 1, "slow-0.5", seconds=0.5)),
        ("PUT:/a:1:500-stored", Fault("PUT", "/a", 1, "500-stored")),
        ("POST:/api/v-add-user:1:hang-after", Fault("POST", "/api/v-add-user", 1, "hang-after")),
        ("*:*:1:exit-15", Fault("*", "*", 1, "exit-15", exit_code=15)),
    ],
)
def test_a_fault_is_read(text, fault):
    assert parse(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "METHOD:PATH:N:how"),
        ("FETCH:/a:1:500", "no method"),
        ("GET:a:1:500", "must begin with"),
        ("GET:/a:0:500", "no count"),
        ("GET:/a:x:500", "no count"),
        ("GET:/a:1:explode", "cut-before"),
        ("GET:/a:1:cut-at-x", "cut-before"),
        ("GET:/a:1:999", "cut-before"),
        ("POST:/api/campaigns:1:exit-3", "for a command of HestiaCP"),
    ],
)
def test_a_wrong_fault_says_what_is_wrong(text, said):
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_only_the_nth_request_that_matches_is_hit():
    faults = Faults(["POST:/api/emails:2:500"])

    asked = [("POST", "/api/emails/new"), ("GET", "/api/emails"), ("POST", "/api/emails/new")]
    hits = [faults.of(*one) for one in [*asked, asked[0]]]

    assert [hit is not None for hit in hits] == [False, False, True, False]


def test_a_path_may_be_a_pattern():
    faults = Faults(["*:/api/*/new:*:500"])

    assert faults.of("POST", "/api/campaigns/new")
    assert not faults.of("POST", "/api/campaigns/new/more")


def titles(api):
    return [
        one["name"] for one in (api("GET", "/campaigns?minimal=1")[1]["campaigns"] or {}).values()
    ]


@pytest.mark.parametrize(("how", "status"), [("500", 500), ("503", 503), ("429", 429)])
def test_a_status_is_answered_without_the_work(api, sandbox, how, status):
    sandbox.fail(f"POST:/api/campaigns/new:1:{how}")

    assert api("POST", "/campaigns/new", campaign())[0] == status
    assert titles(api) == []


def test_500_stored_does_the_work(api, sandbox):
    sandbox.fail("POST:/api/campaigns/new:1:500-stored")

    assert api("POST", "/campaigns/new", campaign())[0] == 500
    assert titles(api) == ["A"]


@pytest.mark.parametrize(
    ("how", "stored"), [("cut-before", []), ("cut-after", ["A"]), ("cut-at-30", ["A"])]
)
def test_a_cut_ends_the_connection_without_a_whole_answer(api, sandbox, how, stored):
    sandbox.fail(f"POST:/api/campaigns/new:1:{how}")

    with pytest.raises((http.client.HTTPException, ConnectionError, ValueError)):
        api("POST", "/campaigns/new", campaign())

    assert sandbox.requests[-1].status is None
    assert titles(api) == stored


def test_a_cut_in_the_body_leaves_it_short(api, sandbox):
    sandbox.fail("GET:/api/segments:1:cut-at-400")

    with pytest.raises(http.client.IncompleteRead):
        api("GET", "/segments")


def test_a_web_page_comes_with_200(api, sandbox):
    sandbox.fail("GET:/api/segments:1:html")

    with pytest.raises(ValueError, match="Expecting value"):
        api("GET", "/segments")

    assert sandbox.requests[-1].status == 200


def test_a_hanging_request_ends_when_the_stand_in_stops(api, sandbox):
    sandbox.fail("GET:/api/segments:1:hang")
    ended = []

    def wait():
        try:
            api("GET", "/segments")
        except (http.client.HTTPException, ConnectionError) as exc:
            ended.append(exc)

    thread = threading.Thread(target=wait)
    thread.start()
    while not sandbox.most_at_once:
        pass
    assert thread.is_alive()
    sandbox.stop()
    thread.join(5)

    assert len(ended) == 1


def test_faults_can_be_taken_back(api, sandbox):
    sandbox.fail("*:*:*:500")
    sandbox.fail(None)

    assert api("GET", "/segments")[0] == 200

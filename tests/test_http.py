"""The door for HTTP, against respx and against sockets on loopback that misbehave."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from pmctl import errors
from pmctl.errors import ConfigError, OutcomeUnknown, PmctlError, Temporary, Unreachable
from pmctl.http import MAX_ANSWER_BYTES, Answer, Busy, Http, HttpOptions
from pmctl.parallel import side_by_side

BASE = "http://mautic.test"
TLS = Path(__file__).parent / "data" / "tls"
NOW = 1_795_392_000.0


Make = Callable[..., Http]


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def no_ca_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., Http]]:
    made: list[Http] = []

    def http(base: str = BASE, **options: Any) -> Http:
        door = Http("Mautic", base, HttpOptions(**options))
        door._sleep, door._now, door._clock = clock.sleep, clock.time, clock.time
        made.append(door)
        return door

    yield http
    for door in made:
        door.close()


@contextlib.contextmanager
def serving(
    answers: bytes | Callable[[int], bytes], tls: str = ""
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads one request a connection, sends these bytes and hangs up."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), peer:
                if tls:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(TLS / tls, TLS / "key.pem")
                    peer = context.wrap_socket(peer, server_side=True)
                got = b""
                while b"\r\n\r\n" not in got and not got.startswith(b"\x16"):  # \x16 begins TLS
                    if not (more := peer.recv(65536)):
                        break
                    got += more
                if got:
                    asked.append(got)
                    peer.sendall(answers if isinstance(answers, bytes) else answers(len(asked)))
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
                peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        # close() alone does not wake a thread that waits in accept()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


BODY = b'{"total":1,"campaigns":{"7":{"id":7,"name":"welcome"}}}'
SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 55\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"14\r\n" + BODY[:20] + b"\r\n23\r\n" + BODY[20:] + b"\r\n0\r\n\r\n"
)
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY


def test_importing_the_module_does_not_import_httpx() -> None:
    code = (
        "import sys, pmctl.http; print(sorted({'httpx', 'ssl', 'truststore'} & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_a_request_does_not_load_the_command_line_of_httpx() -> None:
    code = """if True:
        import sys
        from pmctl.errors import PmctlError
        from pmctl.http import Http, HttpOptions
        try:
            Http("Mautic", "http://127.0.0.1:1", HttpOptions(retries=0)).request("GET", "x")
        except PmctlError:
            print(sorted({"httpx", "rich", "click"} & set(sys.modules)))
    """

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "['httpx']"


@respx.mock
def test_an_answer_of_any_status_comes_back_with_lower_case_headers(make: Make) -> None:
    respx.get(f"{BASE}/api/x").respond(404, headers={"X-Y": "z"}, json={"a": [1]})

    answer = make().request("GET", "/api/x")

    assert (answer.status, answer.headers["x-y"], answer.json()) == (404, "z", {"a": [1]})


@respx.mock
def test_the_folder_of_the_base_url_and_pairs_of_parameters_are_kept(make: Make) -> None:
    route = respx.get(f"{BASE}/m/api/x").respond(json={})

    make(f"{BASE}/m/").request("GET", "api/x", params=[("where[0][col]", "id"), ("a", 1), ("a", 2)])

    assert route.calls.last.request.url.params.multi_items() == [
        ("where[0][col]", "id"), ("a", "1"), ("a", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html><p>Sign in", "a web page instead of JSON"),
        ("", "nothing instead of JSON"),
        ("oops", "something else instead of JSON"),
        ('{"a": NaN}', "something else instead of JSON"),
        ('{"a": 1', "something else instead of JSON"),
        ("[" * 100_000, "something else instead of JSON"),
    ],
)
def test_what_is_not_json_is_said_to_be_so(text: str, words: str) -> None:
    with pytest.raises(Unreachable, match=words) as caught:
        Answer(200, {}, text, "Mautic").json()

    assert caught.value.exit_code == 69
    assert "base URL" in caught.value.hint


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@respx.mock
def test_a_read_is_repeated_when_the_server_is_busy(make: Make, clock: Clock, status: int) -> None:
    route = respx.get(f"{BASE}/x").mock(
        side_effect=[httpx.Response(status), httpx.Response(status), httpx.Response(200, json=5)]
    )

    assert make().request("GET", "x").json() == 5
    assert route.call_count == 3
    assert 0 < clock.slept[0] <= 0.25 < clock.slept[1] + 0.001 <= 0.501


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.ReadTimeout(""),
        httpx.ReadError("reset"), httpx.RemoteProtocolError("peer closed connection"),
    ],
)  # fmt: skip
@respx.mock
def test_a_read_is_repeated_after_a_failure_of_the_network(make: Make, failure: Exception) -> None:
    route = respx.get(f"{BASE}/x").mock(side_effect=[failure, httpx.Response(200, json=1)])

    assert make().request("GET", "x").json() == 1
    assert route.call_count == 2


@respx.mock
def test_a_read_gives_up_after_its_repeats(make: Make) -> None:
    route = respx.get(f"{BASE}/x").mock(side_effect=httpx.ReadError("reset"))

    with pytest.raises(Unreachable, match="the connection was cut"):
        make(retries=2).request("GET", "x")

    assert route.call_count == 3


@respx.mock
def test_a_bad_gateway_that_stays_is_the_callers_to_explain(make: Make) -> None:
    respx.get(f"{BASE}/x").respond(502, text="<html>")

    assert make(retries=1).request("GET", "x").status == 502


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": formatdate(NOW + 9, usegmt=True)}, 9.0),
        ({"X-RateLimit-Reset": str(int(NOW) + 11)}, 11.0),
        ({"Retry-After": "3", "X-RateLimit-Reset": str(int(NOW) + 11)}, 3.0),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@respx.mock
def test_a_limiter_is_obeyed_by_reads_and_writes(
    make: Make, clock: Clock, headers: dict[str, str], seconds: float, method: str
) -> None:
    answers = [httpx.Response(429, headers=headers), httpx.Response(200, json={})]
    respx.route(url=f"{BASE}/x").mock(side_effect=answers)

    make().request(method, "x")

    assert clock.slept == [pytest.approx(seconds)]


@pytest.mark.parametrize("value", ["soon", "-4", "", "9" * 400, "Mon, 99 Foo 2026"])
@respx.mock
def test_a_retry_after_that_makes_no_sense_leads_to_the_usual_wait(
    make: Make, clock: Clock, value: str
) -> None:
    answers = [httpx.Response(503, headers={"Retry-After": value}), httpx.Response(200)]
    respx.get(f"{BASE}/x").mock(side_effect=answers)

    make().request("GET", "x")

    assert clock.slept[0] <= 0.25


@respx.mock
def test_a_wait_beyond_the_deadline_ends_at_once_and_says_when_to_come_back(
    make: Make, clock: Clock
) -> None:
    reset = {"X-RateLimit-Reset": str(int(NOW) + 3600)}
    respx.get(f"{BASE}/x").respond(429, headers=reset, text="limit")

    with pytest.raises(Busy, match="too many requests") as caught:
        make().request("GET", "x")

    assert clock.slept == []
    assert caught.value.exit_code == 75
    assert isinstance(caught.value, Temporary)
    assert caught.value.hint.startswith("try again in 60 min (after 2026-")
    assert caught.value.answer.text == "limit"


@respx.mock
def test_the_waits_of_one_call_stay_within_its_deadline(make: Make, clock: Clock) -> None:
    respx.get(f"{BASE}/x").mock(side_effect=httpx.ConnectError("refused"))

    with pytest.raises(Unreachable):
        make(timeout_seconds=5.0, retries=100).request("GET", "x")

    assert clock.now - NOW < 5.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@respx.mock
def test_a_write_that_the_server_fails_at_is_not_repeated(make: Make, status: int) -> None:
    route = respx.post(f"{BASE}/x").respond(status)

    assert make().request("POST", "x", json={}).status == status
    assert route.call_count == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout(""), httpx.WriteTimeout(""), httpx.ReadError(""), httpx.WriteError(""),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@respx.mock
def test_a_write_that_may_have_happened_is_unknown_and_not_sent_twice(
    make: Make, failure: Exception, method: str
) -> None:
    route = respx.route(method=method).mock(side_effect=failure)

    with pytest.raises(OutcomeUnknown, match=f"may or may not have done {method} /x"):
        make().request(method, "x")

    assert route.call_count == 1


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.ProxyError("403 Forbidden"),
     httpx.PoolTimeout(""), httpx.LocalProtocolError("Illegal header value")],
)  # fmt: skip
@respx.mock
def test_a_write_that_was_never_sent_is_unreachable(make: Make, failure: Exception) -> None:
    route = respx.post(f"{BASE}/x").mock(side_effect=failure)

    with pytest.raises(Unreachable) as caught:
        make().request("POST", "x")

    assert not isinstance(caught.value, OutcomeUnknown)
    assert route.call_count == 1


@respx.mock
def test_a_write_that_is_safe_to_do_twice_is_repeated(make: Make) -> None:
    answers: list[Any] = [httpx.ReadError("reset"), httpx.Response(200, json=1)]
    respx.post(f"{BASE}/token").mock(side_effect=answers)

    assert make().request("POST", "token", form={"a": "b"}, safe=True).json() == 1


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [("GET", 302, Unreachable), ("POST", 301, Unreachable), ("POST", 308, Unreachable),
     ("POST", 302, OutcomeUnknown), ("POST", 303, OutcomeUnknown)],
)  # fmt: skip
@respx.mock
def test_a_redirect_is_named_and_not_followed(
    make: Make, method: str, status: int, kind: type[PmctlError]
) -> None:
    target = "https://u:geheim77@other.test/login?token=abc&next=1"
    respx.route(url=f"{BASE}/x").respond(status, headers={"Location": target})
    other = respx.route(host="other.test").respond(200)

    with pytest.raises(kind, match=r"other\.test/login") as caught:
        make().request(method, "x", headers={"Authorization": "Basic abc"})

    assert not other.called
    assert "base URL" in caught.value.hint
    assert "geheim77" not in caught.value.message
    assert "token=abc" not in caught.value.message


@respx.mock
def test_cookies_are_not_kept_between_requests(make: Make) -> None:
    route = respx.get(f"{BASE}/x").respond(200, headers={"Set-Cookie": "session=1; path=/"})
    http = make()

    http.request("GET", "x")
    http.request("GET", "x")

    assert "cookie" not in route.calls.last.request.headers


@respx.mock
def test_an_answer_that_trickles_ends_with_the_deadline(make: Make, clock: Clock) -> None:
    def trickle() -> Iterator[bytes]:
        for _ in range(100):
            clock.sleep(1)
            yield b" "

    respx.get(f"{BASE}/x").mock(return_value=httpx.Response(200, content=trickle()))

    with pytest.raises(Unreachable, match="no answer within 30 s"):
        make().request("GET", "x")

    assert clock.now - NOW == 31


@respx.mock
def test_an_answer_that_is_too_large_is_refused_and_not_asked_for_again(make: Make) -> None:
    block = b" " * (1024 * 1024)
    stream = (block for _ in range(MAX_ANSWER_BYTES // len(block) + 1))
    route = respx.get(f"{BASE}/x").mock(return_value=httpx.Response(200, content=stream))

    with pytest.raises(Unreachable, match="larger than 64 MB"):
        make().request("GET", "x")

    assert route.call_count == 1


@pytest.mark.parametrize("url", [
    "", "mautic.test", "ftp://mautic.test", "http://", "http://x:99999", "http://a b", "http://[::1",
    "http://x/?q=1", "http://x/#f", "http://x\n.test",
])  # fmt: skip
def test_an_address_that_is_none_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Http("Mautic", url, HttpOptions())

    assert caught.value.exit_code == 78


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="user name or password") as caught:
        Http("Mautic", "https://me:geheim77@mautic.test", HttpOptions())

    assert "geheim77" not in str(caught.value)


# Connections that break.


@pytest.mark.parametrize("whole", [SIZED, CHUNKED, UNTIL_CLOSE], ids=["sized", "chunked", "close"])
def test_a_read_cut_at_any_byte_is_one_clean_error_and_never_data(whole: bytes) -> None:
    def outcome(http: Http) -> object:
        try:
            return http.request("GET", "x").json()
        except PmctlError as exc:
            return exc

    with serving(lambda number: whole[: number - 1]) as (base, _):
        for length in range(len(whole)):
            http = Http("Mautic", base, HttpOptions(retries=0, timeout_seconds=10))
            result = outcome(http)
            http.close()
            # the body is complete before the last chunk's own end: h11 wants that end too
            assert isinstance(result, Unreachable), (length, result)

    with serving(whole) as (base, _):
        http = Http("Mautic", base, HttpOptions(retries=0))
        assert outcome(http) == json.loads(BODY)
        http.close()


@pytest.mark.parametrize("whole", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_a_write_cut_at_any_byte_is_unknown_and_sent_once(whole: bytes) -> None:
    with serving(lambda number: whole[: number - 1]) as (base, asked):
        for length in range(len(whole)):
            http = Http("Mautic", base, HttpOptions(timeout_seconds=10))
            with pytest.raises(OutcomeUnknown):
                http.request("POST", "x", json={"name": "welcome"})
            http.close()
            assert len(asked) == length + 1


def test_a_read_is_answered_after_a_cut(make: Make) -> None:
    with serving(lambda number: SIZED[:80] if number == 1 else SIZED) as (base, asked):
        assert make(base).request("GET", "x").json()["total"] == 1
        assert len(asked) == 2


def test_a_write_on_a_connection_that_the_server_closed_meanwhile_is_not_repeated(
    make: Make,
) -> None:
    with serving(lambda number: SIZED if number == 1 else b"") as (base, asked):
        http = make(base)
        http.request("GET", "x")
        with pytest.raises(OutcomeUnknown):
            http.request("POST", "x")
        # whether the server still read it is a race; that it came once at most is not
        assert [line.split()[0] for line in asked].count(b"POST") <= 1


def test_nobody_listening_is_unreachable_for_a_write_too(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with pytest.raises(Unreachable, match="refused") as caught:
        make(f"http://127.0.0.1:{port}", retries=0).request("POST", "x")

    assert not isinstance(caught.value, OutcomeUnknown)
    assert f"127.0.0.1:{port}" in caught.value.hint


def test_a_host_name_that_cannot_exist_is_unreachable(make: Make) -> None:
    with pytest.raises(Unreachable):
        make(f"http://{'a' * 70}.test", retries=0).request("POST", "x")


# TLS and proxies.


@pytest.mark.parametrize(
    ("certificate", "words"),
    [("self-signed.pem", "self-signed"), ("expired.pem", "self-signed|expired")],
)
def test_a_certificate_that_nobody_vouches_for_is_refused_once(
    make: Make, certificate: str, words: str
) -> None:
    with serving(SIZED, tls=certificate) as (base, asked):
        with pytest.raises(Unreachable, match=words) as caught:
            make(base).request("POST", "x")

        assert asked == []
    assert "--ca-file" in caught.value.hint


@pytest.mark.parametrize(
    ("certificate", "words"),
    [("other-host.pem", "another (host name|address)"), ("expired.pem", "has expired")],
)
def test_a_trusted_certificate_may_still_be_wrong(make: Make, certificate: str, words: str) -> None:
    with (
        serving(SIZED, tls=certificate) as (base, _),
        pytest.raises(Unreachable, match=words),
    ):
        make(base, ca_file=str(TLS / certificate)).request("GET", "x")


def test_a_ca_file_is_trusted(make: Make) -> None:
    with serving(SIZED, tls="self-signed.pem") as (base, _):
        assert make(base, ca_file=str(TLS / "self-signed.pem")).request("GET", "x").status == 200


def test_the_file_named_by_ssl_cert_file_is_trusted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "self-signed.pem"))

    with serving(SIZED, tls="self-signed.pem") as (base, _):
        assert make(base).request("GET", "x").status == 200


def sha256_of(certificate: str) -> str:
    text = (TLS / certificate).read_text()
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----") :])
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("certificate", ["self-signed.pem", "other-host.pem", "expired.pem"])
def test_a_pinned_certificate_is_trusted_and_no_other_gets_a_byte(
    make: Make, certificate: str
) -> None:
    right = sha256_of(certificate)
    with serving(SIZED, tls=certificate) as (base, asked):
        with pytest.raises(Unreachable, match=f"not the pinned one: its SHA-256 is {right}"):
            make(base, fingerprint="0" * 64).request("POST", "x")
        assert asked == []

        assert make(base, fingerprint=right).request("POST", "x").status == 200


def test_insecure_asks_for_no_certificate(make: Make) -> None:
    with serving(SIZED, tls="other-host.pem") as (base, _):
        assert make(base, insecure=True).request("GET", "x").status == 200


def test_a_port_that_speaks_no_tls_is_said_to_be_so(make: Make) -> None:
    with (
        serving(SIZED) as (base, _),
        pytest.raises(Unreachable, match="TLS failed") as caught,
    ):
        make(base.replace("http:", "https:"), retries=0).request("POST", "x")

    assert "HTTPS" in caught.value.hint


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
@pytest.mark.parametrize("by", ["--ca-file", "SSL_CERT_FILE"])
def test_a_ca_file_that_cannot_be_used_is_a_matter_of_configuration(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, by: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    if by == "SSL_CERT_FILE":
        monkeypatch.setenv(by, str(file))

    with pytest.raises(ConfigError, match=by) as caught:
        make("https://x.test", ca_file=str(file) if by != "SSL_CERT_FILE" else None).request(
            "GET", "x"
        )

    assert str(file) in caught.value.message


def test_the_proxy_of_the_environment_is_used_and_no_proxy_respected(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(SIZED) as (proxy, asked):
        monkeypatch.setenv("HTTP_PROXY", proxy)

        make("http://mautic.test").request("GET", "x")

        assert asked[0].startswith(b"GET http://mautic.test/x HTTP/1.1")

        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with serving(SIZED) as (base, direct):
            make(base).request("GET", "y")
            assert direct[0].startswith(b"GET /y ")


def test_a_proxy_that_refuses_the_tunnel_leaves_the_write_unsent(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"HTTP/1.1 403 Forbidden\r\n\r\n") as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)

        with pytest.raises(Unreachable, match="the proxy refused") as caught:
            make("https://mautic.test").request("POST", "x")

        assert asked[0].startswith(b"CONNECT mautic.test:443")
    assert "HTTPS_PROXY" in caught.value.hint


@respx.mock
def test_a_proxy_that_wants_a_login_is_named(make: Make) -> None:
    respx.get(f"{BASE}/x").respond(407)

    with pytest.raises(Unreachable, match="proxy") as caught:
        make().request("GET", "x")

    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.parametrize("proxy", ["gopher://u:geheim77@p:1", "http://u:geheim77@p:none"])
def test_a_broken_proxy_address_is_a_matter_of_configuration(
    make: Make, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ConfigError, match="proxy") as caught:
        make("https://mautic.test").request("GET", "x")

    assert "geheim77" not in str(caught.value)


# --trace


@respx.mock
def test_a_trace_shows_both_messages_without_a_secret(make: Make) -> None:
    lines: list[str] = []
    pair = base64.b64encode(b"me:geheim77").decode()
    errors.hide(["geheim77", pair])
    respx.post(f"{BASE}/x").respond(
        201,
        headers={"Set-Cookie": "sid=geheim88", "X-Api-Key": "geheim88"},
        json={"id": 7, "hook": [{"secret": "geheim88", "note": "see geheim77"}]},
    )

    make(trace=lines.append).request(
        "POST",
        "x",
        params={"access_token": "geheim88", "limit": 5},
        json={"name": "welcome", "user": {"plainPassword": {"password": "geheim88"}}},
        headers={"Authorization": f"Basic {pair}", "X-Note": pair},
    )

    text = "\n".join(lines)
    assert lines[0] == "> POST http://mautic.test/x?access_token=***&limit=5"
    assert "< 201 in 0 ms to POST" in text
    assert '"name": "welcome"' in text
    assert '"note": "see ***"' in text
    assert "> authorization: ***" in text
    for secret in ("geheim77", "geheim88", pair):
        assert secret not in text


@respx.mock
def test_a_trace_hides_the_fields_of_a_form_and_of_broken_json(make: Make) -> None:
    lines: list[str] = []
    respx.post(f"{BASE}/x").respond(text='{"access_token":"geheim88","x')

    make(trace=lines.append).request("POST", "x", form={"client_secret": "geheim88", "a": "b"})

    assert "> client_secret=***&a=b" in lines
    assert "geheim88" not in "\n".join(lines)


@respx.mock
def test_a_trace_shows_each_try_and_why_it_failed(make: Make) -> None:
    lines: list[str] = []
    respx.get(f"{BASE}/x").mock(side_effect=[httpx.ReadError("reset"), httpx.Response(200)])

    make(trace=lines.append).request("GET", "x")

    assert [line for line in lines if ": " not in line] == [
        "> GET http://mautic.test/x",
        "! the connection was cut (reset)",
        "> GET http://mautic.test/x",
        lines[-1],
    ]
    assert lines[-1].startswith("< 200 in ")


@respx.mock
def test_a_trace_is_cut_and_cannot_steer_the_terminal(make: Make) -> None:
    lines: list[str] = []
    respx.get(f"{BASE}/x").respond(text="\x1b[31m\u202e\r\n" + "a" * 10_000)

    make(trace=lines.append).request("GET", "x")

    assert all(line.isprintable() for line in lines)
    assert lines[-1].startswith(r"< \x1b[31m\u202e\r\n")
    assert len(lines[-1]) < 4300
    assert "10008 characters" in lines[-1]


# side_by_side


def test_results_come_in_the_order_of_the_items_while_several_are_under_way() -> None:
    meet = threading.Barrier(4, timeout=10)

    def work(item: int) -> int:
        meet.wait()  # passes only when four are under way
        return item * 2

    assert list(side_by_side(work, range(8), at_once=4)) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_items_are_pulled_only_as_results_are_taken() -> None:
    pulled: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            pulled.append(number)
            yield number

    results = side_by_side(lambda item: item, items(), at_once=2)

    assert next(results) == 0
    assert len(pulled) == 4
    results.close()


def test_the_first_error_in_order_is_raised_and_nothing_more_begins() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item >= 2:
            raise PmctlError(f"item {item}")
        return item

    results = side_by_side(work, range(1000), at_once=3)

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(PmctlError, match="item 2"):
        next(results)
    assert max(begun) < 10


def test_an_interrupt_does_not_wait_for_what_is_under_way() -> None:
    release, ended = threading.Event(), []

    def work(item: int) -> int:
        if item == 0:
            raise KeyboardInterrupt
        release.wait(30)
        ended.append(item)
        return item

    with pytest.raises(KeyboardInterrupt):
        list(side_by_side(work, range(5), at_once=2))

    assert ended == []
    release.set()


def test_an_error_waits_for_what_is_under_way() -> None:
    begun, ended = threading.Event(), []

    def work(item: int) -> int:
        if item == 0:
            begun.wait(10)
            raise PmctlError("first")
        begun.set()
        time.sleep(0.05)
        ended.append(item)
        return item

    with pytest.raises(PmctlError, match="first"):
        list(side_by_side(work, range(2), at_once=2))

    assert ended == [1]


def test_one_client_serves_many_threads() -> None:
    with serving(SIZED) as (base, asked):
        http = Http("Mautic", base, HttpOptions())
        results = side_by_side(lambda n: http.request("GET", f"{n}").status, range(20), at_once=8)
        assert list(results) == [200] * 20
        http.close()
        assert len(asked) == 20

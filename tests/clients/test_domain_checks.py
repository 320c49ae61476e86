"""What is looked at before Let's Encrypt is asked, over a real socket."""

from __future__ import annotations

import socket
import threading

import pytest

from pmctl.clients import domain_checks
from pmctl.clients.domain_checks import addresses_of, check


def _serve(listener: socket.socket, answer: bytes) -> None:
    wire, _ = listener.accept()
    with wire:
        wire.recv(1000)
        wire.sendall(answer)


@pytest.mark.parametrize(("answer", "well"), [(b"HTTP/1.1 404 Not Found\r\n\r\n", True),
                                              (b"220 mail.test ESMTP\r\n", False)])  # fmt: skip
def test_only_what_speaks_http_answers(
    answer: bytes, well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        real = socket.create_connection

        def to_it(where: tuple[str, int], timeout: float) -> socket.socket:
            return real((where[0], port), timeout=timeout)

        monkeypatch.setattr(socket, "create_connection", to_it)
        serving = threading.Thread(target=_serve, args=(listener, answer), daemon=True)
        serving.start()

        found = check(["127.0.0.1"], ["127.0.0.1"])

        serving.join(timeout=5)
    assert [one.problem == "" for one in found] == [well]


def test_a_port_that_nobody_listens_at_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refused)

    found = check(["127.0.0.1"], [])

    assert found[0].problem == "127.0.0.1 does not answer at port 80 for 127.0.0.1"


def test_what_the_resolver_does_not_know_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert addresses_of("nowhere.test") == []
    assert addresses_of("a" * 70 + ".test") == []


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(domain_checks, "SECONDS", 0.05)
    monkeypatch.setattr(domain_checks, "addresses_of", lambda _: [str(over.wait(30))])

    found = check(["slow.test"], ["10.0.0.7", "198.51.100.7", "9.9.9.9"])

    over.set()
    assert found[0].problem == "slow.test does not resolve; it wants a record A 9.9.9.9"

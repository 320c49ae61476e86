"""`pmctl sandbox serve`, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.shell import PMCTL, environment


@pytest.fixture
def serving() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*PMCTL, "sandbox", "serve", "--fail", "GET:/api/segments:1:503"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_prints_settings_for_a_shell_serves_and_stops_cleanly(serving, ending, code):
    lines = [serving.stdout.readline() for _ in range(6)]
    settings = dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
    port = settings["PMCTL_MAUTIC_URL"].rpartition(":")[2]

    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.sendall(b"GET /api/segments HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first = connection.makefile("rb").readline()
    serving.send_signal(ending)
    out, err = serving.communicate(timeout=10)

    assert first.startswith(b"HTTP/1.1 503")
    assert sorted(settings) == [
        "PMCTL_HESTIA_ACCESS_KEY",
        "PMCTL_HESTIA_SECRET_KEY",
        "PMCTL_HESTIA_URL",
        "PMCTL_MAUTIC_CLIENT_ID",
        "PMCTL_MAUTIC_CLIENT_SECRET",
        "PMCTL_MAUTIC_URL",
    ]
    assert (serving.returncode, out) == (code, "")
    assert "stopped" in err
    assert "Traceback" not in err


def test_a_wrong_fault_is_wrong_usage_with_an_example(pmctl):
    code, out, err = pmctl("sandbox", "serve", "--fail", "GET:/api:1:explode")

    assert (code, out) == (64, "")
    assert "cannot fail with 'explode'" in err
    assert "hint: for instance --fail" in err


def test_a_port_in_use_is_one_error_with_a_hint(pmctl, sandbox):
    port = sandbox.url.rpartition(":")[2]

    code, out, err = pmctl("sandbox", "serve", "--port", port)

    assert (code, out) == (1, "")
    assert err.startswith(f"error: cannot listen on 127.0.0.1:{port}: ")
    assert "hint: take another --port" in err

"""`pmctl sandbox serve`, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from tests.shell import PMCTL, environment


@pytest.fixture
def serving(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """`pmctl sandbox serve`, with the options of the test's parameter."""
    options = getattr(request, "param", ["--fail", "GET:/api/segments:1:503"])
    with subprocess.Popen(
        [*PMCTL, "sandbox", "serve", *options],
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


@pytest.mark.parametrize(
    "serving",
    [["--only", "hestia", "--fail", "POST:/api/v-list-users:1:exit-15"]],
    indirect=True,
    ids=["hestia"],
)
def test_a_panel_is_served_alone_with_people_in_it(serving):
    lines = [serving.stdout.readline() for _ in range(3)]
    given = dict(line.removeprefix("export ").rstrip("\n").split("=", 1) for line in lines)
    form = {"access_key": given["PMCTL_HESTIA_ACCESS_KEY"], "cmd": "v-list-users", "arg1": "list",
            "secret_key": given["PMCTL_HESTIA_SECRET_KEY"]}  # fmt: skip

    def asked() -> tuple[str | None, str]:
        body = urllib.parse.urlencode(form).encode()
        where = urllib.request.Request(f"{given['PMCTL_HESTIA_URL']}/api/", data=body)
        try:
            with urllib.request.urlopen(where, timeout=5) as answer:
                return answer.headers["Hestia-Exit-Code"], answer.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.headers["Hestia-Exit-Code"], exc.read().decode()

    assert asked() == ("15", "Error: v-list-users failed")
    assert asked() == ("0", "admin\nalice\nbob\ncarol")
    serving.send_signal(signal.SIGTERM)
    assert serving.communicate(timeout=10)[0] == ""


def test_a_wrong_fault_is_wrong_usage_with_an_example(pmctl):
    code, out, err = pmctl("sandbox", "serve", "--fail", "GET:/api:1:explode")

    assert (code, out) == (64, "")
    assert "cannot fail with 'explode'" in err
    assert "hint: for instance --fail" in err


@pytest.mark.parametrize("option", ["--port", "--hestia-port"])
def test_a_port_in_use_is_one_error_with_a_hint(pmctl, sandbox, option):
    port = sandbox.url.rpartition(":")[2]

    code, out, err = pmctl("sandbox", "serve", option, port)

    assert (code, out) == (1, "")
    assert err.startswith(f"error: cannot listen on 127.0.0.1:{port}: ")
    assert f"hint: take another {option}," in err
    assert "stopped" not in err

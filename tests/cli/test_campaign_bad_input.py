"""Bad files, wrong settings and a Mautic in trouble: one clear error, and nothing half done."""

from __future__ import annotations

import errno
import json
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.server import MauticSandbox
from tests.campaigns import NUDGE, in_two_lines, written
from tests.conftest import Run
from tests.sandboxes import campaigns_in, emails_in, use

TLS = Path(__file__).parents[1] / "data" / "tls"
COMMANDS = ("plan", "apply")


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No repeats: a read that fails is an error at once."""
    monkeypatch.setenv("PMCTL_RETRIES", "0")


# Files.

BROKEN: dict[str, tuple[Callable[[str], str], str, str]] = {
    "quotes that stay open": (
        lambda text: text.replace("subject: Again", "subject: 'Again"),
        ":19:1",
        "the quotes are never closed",
    ),
    "a tab": (lambda text: text.replace("  - on:", "\t- on:"), ":11:1", "tab"),
    "an unknown key": (
        lambda text: text.replace("within:", "withn:"),
        ":12:5",
        "unknown key `withn`",
    ),
    "a key twice": (lambda text: f"{text}key: again\n", ":19:1", "key"),
    "a wrong type": (
        lambda text: text.replace("name: Nudge", "name: [Nudge]"),
        ":3:7",
        "expected text, found a list",
    ),
    "a step's id twice": (
        lambda text: text.replace("email: resend", "email: offer"),
        ":16:16",
        "offer",
    ),
    "a body that is not there": (
        lambda text: text.replace("body: Hello\n", "body: {file: bodies/offer.md}\n"),
        ":10:18",
        "bodies/offer.md: there is no such file",
    ),
    "an else without within": (
        lambda text: text.replace("    within: 3d\n", ""),
        ":11:",
        "within",
    ),
    "no sequence at all": (lambda _: "- a\n- b\n", ":1:1", "a sequence file is a mapping"),
    "nothing": (lambda _: "", ":1:1", "the file is empty"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_mistake_in_a_file_is_told_with_its_place(
    what: str, command: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    broken, place, words = BROKEN[what]
    file.write_text(broken(NUDGE))

    code, out, err = pmctl("campaign", command, file)

    assert (code, out) == (65, "")
    first, *_ = err.splitlines()
    assert first.startswith(f"{file}{place}"), err
    assert words in first
    _assert_ends_in_two_lines(err)
    assert sandbox.requests == []


def _assert_ends_in_two_lines(err: str) -> None:
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines[-2:]] == ["error", "hint"], err
    assert sum(line.startswith("error:") for line in lines) == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["nudge.yaml", "offer.md"])
def test_a_file_that_is_not_utf_8_is_told_with_its_place(
    name: str, file: Path, tmp_path: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE.replace("body: Hello\n", "body: {file: offer.md}\n"))
    (tmp_path / "offer.md").write_text("Hello")
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"Gr\xfc\xdfe")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 65
    assert f"{file}:" in err
    assert "UTF-8" in err
    _assert_ends_in_two_lines(err)
    assert sandbox.requests == []


def test_a_body_cannot_lie_outside_of_the_folder(file: Path, pmctl: Run) -> None:
    file.write_text(NUDGE.replace("body: Hello\n", "body: {file: /etc/motd.md}\n"))

    code, out, err = pmctl("campaign", "explain", file)

    assert (code, out) == (65, "")
    assert "relative to the sequence file" in err


@pytest.mark.parametrize("command", ["validate", "explain", "fmt", "plan", "apply"])
@pytest.mark.parametrize("name", ["nothing.yaml", "empty", "x" * 300, "unreadable.yaml"])
def test_what_cannot_be_read_is_one_error(
    name: str,
    command: str,
    tmp_path: Path,
    pmctl: Run,
    sandbox: MauticSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "unreadable.yaml").write_text(NUDGE)
    monkeypatch.setattr(Path, "read_bytes", _refuse)

    code, out, err = pmctl("campaign", command, tmp_path / name)

    assert (code, out) == (65, "")
    assert name in in_two_lines(err)
    assert sandbox.requests == []


def _refuse(path: Path) -> bytes:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


# Names that Mautic does not have.


@pytest.mark.parametrize("command", COMMANDS)
def test_a_segment_that_mautic_lacks_is_named_with_its_place(
    command: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(NUDGE.replace("trial-day-2", "trial-day2"))

    code, _, err = pmctl("campaign", command, file)

    assert code == 3
    assert in_two_lines(err) == f"{file}:5:23: Mautic has no segment with the alias trial-day2"
    assert "did you mean trial-day-2?" in err
    assert written(sandbox) == []


def test_a_segment_of_a_step_is_named_with_its_place(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    file.write_text(f"{NUDGE}      - segment: {{add: [qqq]}}\n")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 3
    assert in_two_lines(err).startswith(f"{file}:19:25: Mautic has no segment")
    assert "create the segment in Mautic first" in err
    assert written(sandbox) == []


def test_a_form_that_mautic_lacks_is_named(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    file.write_text(NUDGE.replace("segments: [trial-day-2]", "forms: [sinup]"))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 3
    assert f"{file}:5:20: Mautic has no form with the alias sinup" in in_two_lines(err)
    assert "did you mean signup?" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_two_segments_with_one_alias_are_a_conflict(
    command: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.store.add_segment("trial-day-2", "Another")

    code, _, err = pmctl("campaign", command, file)

    assert code == 5
    assert "two segments of Mautic have the alias trial-day-2: 2 and 13" in in_two_lines(err)
    assert written(sandbox) == []


# Login and permission.


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("basic", "trouble", "words"),
    [
        (True, "PASSWORD", "Authorization denied, invalid credentials."),
        (False, "CLIENT_SECRET", "The client credentials are invalid"),
        (True, "api_enabled", "API disabled."),
        (False, "api_enabled", "API disabled."),
        (True, "basic_enabled", "Basic Auth disabled."),
        (False, "forbidden", "You do not have access"),
    ],
)
def test_what_mautic_does_not_allow_is_4_in_its_own_words(
    command: str,
    basic: bool,
    trouble: str,
    words: str,
    file: Path,
    pmctl: Run,
    sandbox: MauticSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(sandbox, monkeypatch, basic=basic)
    if trouble.isupper():
        monkeypatch.setenv(f"PMCTL_MAUTIC_{trouble}", "a-wrong-secret")
    else:
        value = frozenset({"campaigns"}) if trouble == "forbidden" else False
        monkeypatch.setattr(sandbox.access, trouble, value)

    code, out, err = pmctl("campaign", command, file)

    assert (code, out) == (4, "")
    assert words in in_two_lines(err)
    assert "a-wrong-secret" not in err
    assert len(sandbox.requests) <= 2  # nothing is tried again
    assert written(sandbox) == []


def test_a_permission_that_lacks_for_writing_alone_leaves_nothing_published(
    file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail("POST:/api/campaigns/new:1:403")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 4
    assert in_two_lines(err).startswith("nudge: Mautic: ")
    assert campaigns_in(sandbox) == []
    sandbox.fail(None)
    assert pmctl("campaign", "apply", file)[0] == 0
    assert len(emails_in(sandbox)) == 2  # those of the first try are used


@pytest.mark.parametrize(
    ("lacks", "words"),
    [("URL", "mautic.url"), ("CLIENT_ID", "mautic.client_id"), ("CLIENT_SECRET", "client_secret")],
)
def test_a_missing_setting_is_78(
    lacks: str,
    words: str,
    file: Path,
    pmctl: Run,
    sandbox: MauticSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(f"PMCTL_MAUTIC_{lacks}")

    code, _, err = pmctl("campaign", "plan", file)

    assert code == 78
    assert words in in_two_lines(err)
    assert sandbox.requests == []


def test_a_wrong_file_is_told_before_a_missing_setting(file: Path, pmctl: Run) -> None:
    file.write_text("steps: [")

    assert pmctl("campaign", "plan", file)[0] == 65


# The wire.


@pytest.fixture
def tls_port() -> Iterator[int]:
    """A server with a certificate that nobody signed."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "self-signed.pem", TLS / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_nobody_signed_is_69(
    tls_port: int, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_MAUTIC_URL", f"https://127.0.0.1:{tls_port}")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 69
    assert "its TLS certificate" in in_two_lines(err)
    assert "--ca-file" in err


def test_a_port_that_does_not_speak_tls_is_69(
    once: None, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_MAUTIC_URL", sandbox.url.replace("http:", "https:"))

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 69
    assert "TLS failed" in in_two_lines(err)


def test_a_server_that_is_down_is_69(
    once: None, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.stop()

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 69
    assert "refused" in in_two_lines(err)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("path", ["/oauth", "/api/campaigns", "/api/segments", "/api/emails"])
def test_a_web_page_instead_of_json_is_69(
    path: str, command: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail(f"*:{path}:*:html")

    code, _, err = pmctl("campaign", command, file)

    assert code == 69
    assert "a web page instead of JSON" in in_two_lines(err)
    assert written(sandbox) == []


@pytest.mark.parametrize("how", ["html", "302", "502", "503"])
@pytest.mark.parametrize("number", range(1, 5))
def test_a_write_without_a_usable_answer_is_sent_once_and_done_by_the_next_apply(
    number: int, how: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    writes = [
        *("POST /api/emails/new", "POST /api/emails/new"),
        *("POST /api/campaigns/new", "PATCH /api/campaigns/1/edit"),
    ][:number]
    method, path = writes[-1].split()
    sandbox.fail(f"{method}:{path}:{writes.count(writes[-1])}:{how}")

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 75
    assert "run the same command again" in err
    in_two_lines(err)
    assert written(sandbox) == writes
    sandbox.fail(None)
    assert pmctl("campaign", "apply", file)[0] == 0
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True]
    assert len(emails_in(sandbox)) == 2


def test_too_many_requests_are_asked_again(file: Path, pmctl: Run, sandbox: MauticSandbox) -> None:
    sandbox.fail("GET:/api/segments:1:429")

    code, out, err = pmctl("campaign", "plan", file)

    assert (code, err) == (0, "")
    assert "1 campaign: 1 to create" in out
    assert [seen.status for seen in sandbox.requests if "segments" in seen.path] == [429, 200]


@pytest.mark.parametrize("command", COMMANDS)
def test_too_many_requests_for_longer_than_the_deadline_is_75(
    command: str, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.access.rate_limit = 1  # it says: come back in an hour

    code, _, err = pmctl("campaign", command, file)

    assert code == 75
    assert "You exceeded the rate limit of 1 API calls per hour." in in_two_lines(err)
    assert "try again in 60 min" in err
    assert len(sandbox.requests) == 3  # the token, and two calls
    assert written(sandbox) == []


def test_a_server_that_hangs_is_69_after_the_deadline(
    once: None, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    sandbox.fail("GET:/api/emails:1:hang")

    code, _, err = pmctl("campaign", "plan", file, "--timeout", "0.3")

    assert code == 69
    assert "no answer within 0.3 s" in in_two_lines(err)


@pytest.mark.parametrize(("path", "stride"), [("/api/campaigns", 1), ("/api/emails", 61)])
def test_an_answer_cut_at_any_byte_never_gives_a_wrong_plan(
    path: str, stride: int, once: None, file: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    assert pmctl("campaign", "apply", file)[0] == 0
    code, cut = 69, -stride

    while code == 69:
        cut += stride
        sandbox.fail(f"GET:{path}:1:cut-at-{cut}")
        code, out, err = pmctl("campaign", "plan", file)
        sandbox.fail(None)
        if code:
            assert out == ""
            assert "the connection was cut" in in_two_lines(err)

    assert (code, out) == (0, "1 campaign: 1 up to date\n")  # cut behind its last byte
    assert cut > 400


# This machine.


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_stops_an_apply_before_it_writes(
    call: str, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"pmctl.clients.journal.os.{call}", no_space)

    code, _, err = pmctl("campaign", "apply", file)

    assert code == 1
    assert "the journal" in err
    assert "No space left on device" in err
    assert err.splitlines()[-1].startswith("hint: nothing was sent")
    assert written(sandbox) == []


def test_a_state_folder_that_cannot_be_written_stops_an_apply(
    file: Path, home: Path, pmctl: Run, sandbox: MauticSandbox
) -> None:
    state = home / ".local" / "state" / "pmctl"
    state.parent.mkdir(parents=True)
    state.write_text("a file where the folder should be")

    code, out, err = pmctl("campaign", "apply", file)

    assert code == 1
    assert out == ""
    assert "the lock" in in_two_lines(err)
    assert written(sandbox) == []
    assert pmctl("campaign", "plan", file)[0] == 0  # reading needs no journal


@pytest.mark.parametrize("number", range(1, 5))
def test_ctrl_c_ends_with_130_and_the_next_apply_finishes(
    number: int, file: Path, pmctl: Run, sandbox: MauticSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pmctl.backends.mautic import Mautic

    real, seen = Mautic._send, 0

    def interrupted(self: Mautic, method: str, path: str, **more: Any) -> Any:
        nonlocal seen
        answer = real(self, method, path, **more)
        seen += method != "GET"
        if seen == number and method != "GET":
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Mautic, "_send", interrupted)
        code, _, err = pmctl("campaign", "apply", file)
    assert code == 130
    assert "Traceback" not in err

    assert pmctl("campaign", "apply", file)[0] == 0
    assert [one["isPublished"] for one in campaigns_in(sandbox)] == [True]
    assert len(emails_in(sandbox)) == 2
    assert pmctl("campaign", "plan", file)[1] == "1 campaign: 1 up to date\n"


def test_problems_are_json_where_results_are(file: Path, pmctl: Run) -> None:
    file.write_text(NUDGE.replace("within:", "withn:"))

    code, out, err = pmctl("campaign", "validate", file, "-o", "json")

    assert (code, out) == (65, "")
    (problem,) = json.loads(err)["error"]["problems"]
    assert (problem["line"], problem["column"]) == (12, 5)
    assert problem["hint"] == "did you mean `within`?"

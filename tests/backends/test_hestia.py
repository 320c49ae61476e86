"""HestiaCP's API as it really answers: every recorded answer, and what the wire makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import respx

from pmctl import errors
from pmctl.backends.hestia import MOST_BYTES, READS_AT_ONCE, Hestia, Message, Password
from pmctl.backends.hestia_errors import (
    HestiaConflict,
    HestiaError,
    HestiaFailed,
    HestiaNotAllowed,
    HestiaNotFound,
)
from pmctl.errors import ConfigError, OutcomeUnknown, UsageError
from pmctl.http import Http, HttpOptions
from pmctl.parallel import side_by_side

BASE = "https://panel.test:8083"
API = f"{BASE}/api/"
RECORDED = json.loads((Path(__file__).parents[1] / "data/hestia/wire.json").read_text("utf-8"))
KEY = "AbCdEfGhIjKlMnOpQrSt"
DONE = httpx.Response(204, headers={"Hestia-Exit-Code": "0"})
Make = Callable[..., Hestia]


def cases(mode: str, code: Callable[[dict[str, Any]], bool]) -> list[Any]:
    """Recorded answers whose outcome the function accepts, each under its name."""
    return [pytest.param(one, id=one["case"]) for one in RECORDED if one["mode"] == mode
            and code(one)]  # fmt: skip


def exit_code(one: dict[str, Any]) -> int | None:
    said = one["headers"].get("Hestia-Exit-Code")
    return int(said) if said else None


def response(one: dict[str, Any]) -> httpx.Response:
    return httpx.Response(one["status"], headers=one["headers"], content=one["body"].encode())


def code_only(code: int, status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=str(code), headers={"Content-Type": "text/html"})


@pytest.fixture
def key_mode() -> Hestia:
    http = Http("HestiaCP", BASE, HttpOptions(insecure=True, retries=0))
    return Hestia(http, access_key=KEY, secret_key=lambda: "the-secret-of-the-key")


@pytest.fixture
def legacy() -> Hestia:
    http = Http("HestiaCP", BASE, HttpOptions(insecure=True, retries=0))
    return Hestia(http, user="admin", password=lambda: "the-password-of-admin")


def sent(call: Any) -> dict[str, str]:
    return dict(parse_qsl(call.request.content.decode(), keep_blank_values=True))


def commands() -> list[str]:
    return [sent(call)["cmd"] for call in respx.calls]


# Every recorded answer.


@pytest.mark.parametrize("one", cases("key", lambda o: o["returncode"] == "no"
                                      and exit_code(o) not in (None, 0, 127)))  # fmt: skip
@respx.mock
def test_a_refusal_is_told_by_its_exit_code_in_the_panels_words(
    one: dict[str, Any], key_mode: Hestia
) -> None:
    respx.post(API).mock(return_value=response(one))

    with pytest.raises(HestiaError) as caught:
        key_mode.text(one["command"], "alice")

    error = caught.value
    assert error.code == exit_code(one)
    assert one["command"] in error.message
    if one["body"].strip().startswith("Error: ") and "\\" not in one["body"]:
        assert error.said.split(" ")[0] in one["body"]
        assert not error.said.startswith("Error")
    assert error.hint
    assert len(respx.calls) == 1  # a refusal is never tried again: the server counts them


@pytest.mark.parametrize("one", cases("key", lambda o: exit_code(o) == 0
                                      and o["returncode"] == "no"))  # fmt: skip
@respx.mock
def test_what_went_well_is_given_back_as_it_came(one: dict[str, Any], key_mode: Hestia) -> None:
    respx.post(API).mock(return_value=response(one))

    assert key_mode.text(one["command"], "alice").replace("\r\n", "\n") == one["body"].replace(
        "\r\n", "\n"
    )


@pytest.mark.parametrize(
    "one", cases("key", lambda o: exit_code(o) is None and not 300 <= o["status"] < 400)
)
@respx.mock
def test_an_answer_that_names_no_exit_code_is_never_taken_for_success(
    one: dict[str, Any], key_mode: Hestia
) -> None:
    respx.post(API).mock(return_value=response(one))

    with pytest.raises((HestiaFailed, HestiaNotAllowed)) as caught:
        key_mode.write(one["command"], "alice")
    assert caught.value.exit_code in (4, 69)


@pytest.mark.parametrize("one", cases("legacy", lambda o: o["returncode"] == "yes"))
@respx.mock
def test_in_legacy_mode_a_write_believes_the_code_alone(
    one: dict[str, Any], legacy: Hestia
) -> None:
    respx.post(API).mock(return_value=response(one))

    if one["body"].strip() == "0":
        legacy.write(one["command"], "alice")
    else:
        with pytest.raises(HestiaError):
            legacy.write(one["command"], "alice")
    assert sent(respx.calls[0])["returncode"] == "yes"


@pytest.mark.parametrize("one", cases("legacy", lambda o: o["returncode"] == "no"
                                      and o["status"] == 200))  # fmt: skip
@respx.mock
def test_in_legacy_mode_no_error_text_is_taken_for_data(
    one: dict[str, Any], legacy: Hestia
) -> None:
    respx.post(API).mock(side_effect=[response(one), code_only(3)])
    failed = one["body"].startswith(("Error:", "Usage:", "ERROR:")) or one["body"].strip() == "OK"

    if not failed:
        assert legacy.text(one["command"], "alice") == one["body"]
        return
    with pytest.raises(HestiaError) as caught:
        legacy.text(one["command"], "alice")
    assert caught.value.code in (3, 11)


# What a person asks for.


@respx.mock
def test_the_secret_and_the_arguments_go_in_the_body_in_order_and_an_empty_one_too(
    key_mode: Hestia,
) -> None:
    respx.post(API).mock(return_value=DONE)

    key_mode.write("v-add-mail-domain", "alice", "", "example.com")

    form = sent(respx.calls[0])
    assert form == {
        "access_key": KEY, "secret_key": "the-secret-of-the-key", "cmd": "v-add-mail-domain",
        "returncode": "no", "arg1": "alice", "arg2": "", "arg3": "example.com",
    }  # fmt: skip
    assert "secret" not in str(respx.calls[0].request.url)


@respx.mock
def test_401_means_suspended_when_the_code_says_so(key_mode: Hestia) -> None:
    headers = {"Hestia-Exit-Code": "5"}
    respx.post(API).respond(401, headers=headers, text="Error: user bob is suspended")

    with pytest.raises(HestiaConflict, match="user bob is suspended"):
        key_mode.write("v-add-mail-account", "bob", "b.test", "info", "x")


@respx.mock
def test_a_warning_beside_success_is_kept_and_the_code_is_believed(key_mode: Hestia) -> None:
    headers = {"Hestia-Exit-Code": "0"}
    respx.post(API).respond(200, headers=headers, text="Error:  type is invalid")

    assert key_mode.write("v-add-mail-domain", "alice", "a.test") == "type is invalid"
    assert key_mode.warnings == ["HestiaCP did v-add-mail-domain and said: type is invalid"]


@respx.mock
def test_a_whole_listing_counts_although_a_program_is_missing(key_mode: Hestia) -> None:
    headers = {"Hestia-Exit-Code": "127"}
    respx.post(API).respond(400, headers=headers, text='{"memory": {"TOTAL": "1"}}')

    assert key_mode.row("v-list-sys-memory-status") == {"TOTAL": "1"}


@respx.mock
def test_what_is_not_there_is_not_found(key_mode: Hestia) -> None:
    headers = {"Hestia-Exit-Code": "3"}
    respx.post(API).respond(400, headers=headers, text="Error: user x doesn't exist")

    with pytest.raises(HestiaNotFound) as caught:
        key_mode.rows("v-list-user", "x")
    assert caught.value.exit_code == 3
    assert "user x doesn't exist" in caught.value.message


@respx.mock
def test_a_write_without_an_answer_is_unknown_and_not_sent_again(key_mode: Hestia) -> None:
    respx.post(API).mock(side_effect=httpx.ReadTimeout("late"))

    with pytest.raises(OutcomeUnknown):
        key_mode.write("v-add-user", "x", "y", "z@example.com")
    assert len(respx.calls) == 1


@respx.mock
def test_a_read_that_was_cut_is_asked_again() -> None:
    http = Http("HestiaCP", BASE, HttpOptions(insecure=True, retries=1))
    hestia = Hestia(http, access_key=KEY, secret_key=lambda: "s" * 40)
    good = httpx.Response(200, headers={"Hestia-Exit-Code": "0"}, text='{"a": {"X": "1"}}')
    respx.post(API).mock(side_effect=[httpx.ReadError("cut"), good])

    assert hestia.rows("v-list-users").rows == {"a": {"X": "1"}}


@pytest.mark.parametrize("body", ["{\n}", "{\n\n}", ""])
@respx.mock
def test_an_empty_list_is_empty_however_it_is_written(body: str, key_mode: Hestia) -> None:
    respx.post(API).respond(200, headers={"Hestia-Exit-Code": "0"}, text=body)

    assert key_mode.rows("v-list-databases", "alice").rows == {}


@pytest.mark.parametrize("arg", ["a\nb", "a\rb", "a\0b", "\x1b", " a", "a ", "\ud800",
                                 "x" * (MOST_BYTES + 1)])  # fmt: skip
@respx.mock
def test_what_the_server_would_alter_or_choke_on_is_not_sent(arg: str, key_mode: Hestia) -> None:
    respx.post(API).mock(return_value=DONE)

    with pytest.raises(UsageError):
        key_mode.write("v-change-user-name", "alice", arg)
    with pytest.raises(UsageError):
        key_mode.text("v-list-user", arg)
    assert not respx.calls


def test_many_long_arguments_are_refused_as_one_too_long_is(key_mode: Hestia) -> None:
    with pytest.raises(UsageError, match="together"):
        key_mode.write("v-add-mail-account-alias", "x" * 60_000, "y" * 60_000)


@pytest.mark.parametrize("password", ["", "/tmp/x", " x", "a\nb"])
def test_a_password_that_would_be_taken_otherwise_is_refused_unseen(
    password: str, key_mode: Hestia
) -> None:
    with pytest.raises(UsageError) as caught:
        key_mode.write("v-change-user-password", "alice", Password(password))
    assert caught.value.message.startswith("a password ")
    assert "Password" in repr(Password("geheim"))
    assert "geheim" not in repr(Password("geheim"))


@respx.mock
def test_a_message_may_have_lines_and_loses_what_breaks_listings(key_mode: Hestia) -> None:
    respx.post(API).mock(return_value=DONE)

    key_mode.write(
        "v-add-mail-account-autoreply", "alice", "a.test", "info", Message("a\r\nb\tc\n")
    )

    assert sent(respx.calls[0])["arg4"] == "a\nb    c"


def test_without_any_login_it_is_said_what_to_configure() -> None:
    with pytest.raises(ConfigError, match="no login for HestiaCP"):
        Hestia(Http("HestiaCP", BASE, HttpOptions()))


# Side by side, and one by one.


def test_at_most_four_reads_and_one_write_run_at_once(key_mode: Hestia) -> None:
    now, most = {"v-list-user": 0, "v-add-user": 0}, {"v-list-user": 0, "v-add-user": 0}
    lock = threading.Lock()

    def answer(request: httpx.Request) -> httpx.Response:
        command = dict(parse_qsl(request.content.decode()))["cmd"]
        with lock:
            now[command] += 1
            most[command] = max(most[command], now[command])
        time.sleep(0.005)
        with lock:
            now[command] -= 1
        return httpx.Response(200, headers={"Hestia-Exit-Code": "0"}, text="{}")

    with respx.mock:
        respx.post(API).mock(side_effect=answer)
        list(side_by_side(lambda n: key_mode.text("v-list-user", str(n)), range(30), 16))
        list(side_by_side(lambda n: key_mode.write("v-add-user", f"u{n}"), range(10), 8))

    assert 1 < most["v-list-user"] <= READS_AT_ONCE
    assert most["v-add-user"] == 1


# Passwords.


@respx.mock
def test_a_password_is_handed_over_by_a_file_that_is_emptied(key_mode: Hestia) -> None:
    respx.post(API).mock(return_value=DONE)

    key_mode.write("v-add-mail-account", "alice", "a.test", "info", Password("correct horse"))

    first, second, third = (sent(call) for call in respx.calls)
    assert (first["cmd"], first["arg1"]) == ("v-make-tmp-file", "correct horse")
    assert first["arg2"].startswith("pmctl-")
    assert second["arg4"] == f"/tmp/{first['arg2']}"
    assert (third["arg1"], third["arg2"]) == ("", first["arg2"])
    assert errors.redact("correct horse") == "***"


@respx.mock
def test_the_file_is_emptied_although_the_command_fails(key_mode: Hestia) -> None:
    refused = httpx.Response(400, headers={"Hestia-Exit-Code": "4"}, text="Error: x exists")
    respx.post(API).mock(side_effect=[DONE, refused, DONE])

    with pytest.raises(HestiaConflict):
        key_mode.write("v-add-mail-account", "alice", "a.test", "info", Password("correct horse"))
    assert sent(respx.calls[2])["arg1"] == ""


@respx.mock
def test_a_file_that_cannot_be_emptied_is_told(key_mode: Hestia) -> None:
    respx.post(API).mock(side_effect=[DONE, DONE, httpx.ConnectError("gone")])

    key_mode.write("v-change-user-password", "alice", Password("correct horse"))

    (warning,) = key_mode.warnings
    assert warning.startswith("a password is left in /tmp/pmctl-")


@respx.mock
def test_a_key_without_the_permission_is_asked_once_and_the_log_is_named(tmp_path: Path) -> None:
    note = tmp_path / "cache" / "no-handover"
    no = httpx.Response(
        401, headers={"Hestia-Exit-Code": "10"},
        text="Error: Key K don't have permission to run the command v-make-tmp-file",
    )  # fmt: skip
    respx.post(API).mock(side_effect=[no, DONE, DONE, DONE])

    for _ in range(2):  # a second program, later
        http = Http("HestiaCP", BASE, HttpOptions(insecure=True, retries=0))
        hestia = Hestia(http, access_key=KEY, secret_key=lambda: "s" * 40, no_handover=note)
        hestia.write("v-change-user-password", "alice", Password("correct horse"))
        assert "auth.log" in hestia.warnings[0]

    assert commands() == ["v-make-tmp-file", "v-change-user-password", "v-change-user-password"]
    assert sent(respx.calls[1])["arg2"] == "correct horse"


def test_the_wire_is_not_loaded_to_print_help() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pmctl", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "pmctl.backends.hestia" not in done.stderr

"""A write to the panel: noted, one at a time, and looked up when its answer did not come."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx

from pmctl.backends.hestia import Hestia, Password
from pmctl.backends.hestia_errors import HestiaConflict
from pmctl.clients import panel as module
from pmctl.clients.journal import Journal
from pmctl.clients.locks import FileLocks
from pmctl.clients.panel import Panel
from pmctl.errors import OutcomeUnknown, PmctlError, Unreachable
from pmctl.http import Http, HttpOptions

API = "https://panel.test:8083/api/"
DONE = httpx.Response(204, headers={"Hestia-Exit-Code": "0"})


@pytest.fixture
def audited() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def panel(tmp_path: Path, audited: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> Panel:
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.0))
    http = Http("HestiaCP", API.removesuffix("/api/"), HttpOptions(insecure=True, retries=0))
    hestia = Hestia(http, access_key="k" * 20, secret_key=lambda: "s" * 40)
    journal = Journal(tmp_path / "journal.jsonl", lambda target, how: audited.append((target, how)))
    return Panel(hestia, journal, FileLocks(tmp_path / "locks", hestia.url))


def suspend(panel: Panel, done: Callable[[], bool], *, verify: bool = False) -> None:
    panel.write("v-suspend-user", "alice", target="user alice", done=done, verify=verify)


def never() -> bool:
    pytest.fail("nobody had to look")


@respx.mock
def test_a_write_that_was_answered_is_noted_and_not_looked_up(
    panel: Panel, audited: list[tuple[str, str]]
) -> None:
    respx.post(API).mock(return_value=DONE)

    suspend(panel, never)

    assert audited == [("v-suspend-user user alice", "ok")]


@respx.mock
def test_a_write_without_an_answer_that_happened_is_done(panel: Panel) -> None:
    respx.post(API).mock(side_effect=httpx.ReadTimeout("late"))
    looks = iter([False, True])  # the server was still at it

    suspend(panel, lambda: next(looks))

    assert len(respx.calls) == 1


@respx.mock
def test_a_write_without_an_answer_that_nobody_sees_is_unknown_and_not_repeated(
    panel: Panel, audited: list[tuple[str, str]]
) -> None:
    respx.post(API).mock(side_effect=httpx.ReadError("cut"))

    with pytest.raises(OutcomeUnknown, match=r"^user alice: ") as caught:
        suspend(panel, lambda: False)

    assert caught.value.exit_code == 75
    assert "nothing was repeated" in caught.value.hint
    assert len(respx.calls) == 1
    assert audited == [("v-suspend-user user alice", "unknown")]


@respx.mock
def test_what_cannot_be_looked_at_is_unknown_too(panel: Panel) -> None:
    respx.post(API).mock(side_effect=httpx.ReadError("cut"))

    def down() -> bool:
        raise Unreachable("down")

    with pytest.raises(OutcomeUnknown):
        suspend(panel, down)


@respx.mock
def test_a_refusal_names_what_was_to_be_changed(panel: Panel) -> None:
    headers = {"Hestia-Exit-Code": "5"}
    respx.post(API).respond(401, headers=headers, text="Error: user alice is suspended")

    with pytest.raises(HestiaConflict) as caught:
        suspend(panel, never)
    assert caught.value.message.startswith("user alice: HestiaCP: user alice is suspended")


@respx.mock
def test_a_good_answer_that_did_nothing_is_noticed(panel: Panel) -> None:
    respx.post(API).mock(return_value=DONE)

    with pytest.raises(PmctlError, match="was done, but nothing changed"):
        suspend(panel, lambda: False, verify=True)
    suspend(panel, lambda: True, verify=True)


@respx.mock
def test_another_program_of_this_machine_is_waited_for(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    respx.post(API).mock(return_value=DONE)
    other = FileLocks(tmp_path / "locks", panel.hestia.url)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with other.hold(f"HestiaCP {panel.hestia.url}", "mailbox import"):
            held.set()
            free.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.0)
    with pytest.raises(PmctlError, match="mailbox import") as caught:
        suspend(panel, never)
    assert not respx.calls
    assert "at once" in caught.value.hint

    monkeypatch.setattr(module, "LOCK_SECONDS", 10.0)
    free.set()
    suspend(panel, never)
    thread.join()
    assert len(respx.calls) == 1


@respx.mock
def test_no_password_is_in_the_journal(panel: Panel, tmp_path: Path) -> None:
    respx.post(API).mock(return_value=DONE)

    panel.write(
        "v-change-user-password", "alice", Password("correct horse"),
        target="user alice", done=never,
    )  # fmt: skip

    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [line["state"] for line in lines] == ["begin", "done"]
    assert "horse" not in str(lines)


@respx.mock
def test_a_write_that_nobody_can_see_is_unknown_at_once(panel: Panel) -> None:
    # the file for the password before and after
    answers: list[httpx.Response | Exception] = [DONE, httpx.ReadTimeout("late"), DONE]
    respx.post(API).mock(side_effect=answers)

    with pytest.raises(OutcomeUnknown, match=r"^user alice: ") as caught:
        panel.write("v-change-user-password", "alice", Password("Cold-Water-9"),
                    target="user alice", done=None)  # fmt: skip

    assert "does no harm" in caught.value.hint


@respx.mock
def test_a_command_that_takes_long_is_looked_for_longer(panel: Panel) -> None:
    respx.post(API).mock(side_effect=httpx.ReadTimeout("late"))
    slow, quick = [0], [0]

    def never_yet(count: list[int]) -> Callable[[], bool]:
        def done() -> bool:
            count[0] += 1
            return False

        return done

    for command, count in (("v-suspend-user", slow), ("v-suspend-database", quick)):
        with pytest.raises(OutcomeUnknown):
            panel.write(command, "alice", target="alice", done=never_yet(count))

    assert (slow, quick) == ([6], [2])

"""`pmctl webhook status`: each part tells its own, and none that is dead hides another."""

from __future__ import annotations

import json
import socket
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pmctl.backends.niledb import Niledb
from pmctl.clients import webhook_status as client
from pmctl.sandbox.server import MauticSandbox
from pmctl.webhook import app
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.spool import Buried, Spool
from tests.cli.test_webhook_hooks import _only
from tests.conftest import Run
from tests.mailings import event, store
from tests.sandbox.receiving import Receiver
from tests.serving import serving
from tests.shell import PMCTL, at_a_terminal
from tests.webhook.test_receiver import listening

URL = "https://events.example.com/webhooks/mautic"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """A port at which nobody listens, as the receiver's."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        listen = f"127.0.0.1:{sock.getsockname()[1]}"
    monkeypatch.setenv("PMCTL_WEBHOOK_LISTEN", listen)
    return listen


@pytest.fixture
def told(pmctl: Run) -> Callable[[], tuple[int, dict[str, Any]]]:
    def told() -> tuple[int, dict[str, Any]]:
        code, out, _ = pmctl("webhook", "status", "-o", "json")
        return code, json.loads(out)

    return told


def states(found: dict[str, Any]) -> dict[str, str]:
    return {name: part["state"] for name, part in found.items()}


def test_on_an_empty_machine_nothing_is_configured_and_nothing_is_made(
    told: Any, home: Path
) -> None:
    code, found = told()
    assert (code, set(states(found).values())) == (0, {"not configured"})
    assert list(found) == ["receiver", "spool", "secrets", "database", "mautic"]
    assert [one for one in home.rglob("*") if one.is_file() and "audit" not in one.name] == []


def test_everything_that_is_right_is_told(
    pmctl: Run, told: Any, sandbox: MauticSandbox, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("--insecure-no-signature") as served:
        monkeypatch.setenv("PMCTL_WEBHOOK_LISTEN", f"127.0.0.1:{served.port}")
        pmctl("webhook", "register", served.url)
        store(niledb, [event(n, "sent", datetime(2026, 11, n, tzinfo=UTC), n) for n in (1, 2)])
        store(niledb, [event(3, "opened", datetime(2026, 11, 2, tzinfo=UTC), 1)])
        code, found = told()
        shown = at_a_terminal(*PMCTL, "webhook", "status", NO_COLOR="1")

    assert (code, set(states(found).values())) == (0, {"ok"})
    assert found["receiver"]["url"] == f"http://127.0.0.1:{served.port}"
    assert found["spool"]["waiting"] == 0
    assert found["database"]["last_type"] == "opened"
    assert {(one["event_type"], one["events"], one["last_day"])
            for one in found["database"]["seen"]} == {
        ("sent", 2, "2026-11-02"), ("opened", 1, "2026-11-02"),
    }  # fmt: skip
    (hook,) = found["mautic"]["webhooks"]
    assert (hook["url"], hook["our_secret"], hook["trouble"]) == (served.url, True, "")
    assert "answers and takes webhooks" in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_a_receiver_and_a_database_that_are_away_hide_nothing_else(
    told: Any, nowhere: str, monkeypatch: pytest.MonkeyPatch, sandbox: MauticSandbox, pmctl: Run
) -> None:
    pmctl("webhook", "register", URL)
    monkeypatch.setenv("PMCTL_NILEDB_HOST", "127.0.0.1")
    monkeypatch.setenv("PMCTL_NILEDB_PORT", nowhere.partition(":")[2])
    monkeypatch.setenv("PMCTL_NILEDB_DATABASE", "events")
    monkeypatch.setenv("PMCTL_NILEDB_USER", "ana")
    monkeypatch.setenv("PMCTL_NILEDB_PASSWORD", "secret-word")

    code, found = told()

    assert code == 1
    assert states(found) == {
        "receiver": "wrong", "spool": "not configured", "secrets": "ok", "database": "wrong",
        "mautic": "ok",
    }  # fmt: skip
    assert "refused" in found["receiver"]["trouble"].lower()
    assert "secret-word" not in json.dumps(found)


def test_a_mautic_that_is_away_hides_nothing_else(
    told: Any, niledb: Niledb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PMCTL_MAUTIC_USER", "api")
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "word-word")
    code, found = told()
    assert (code, found["mautic"]["state"], found["database"]["state"]) == (1, "wrong", "ok")


@pytest.mark.parametrize("ours", [True, False])
def test_a_receiver_that_takes_no_more_says_why(
    told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    spool = Spool(tmp_path / "spool")
    metrics = Metrics()
    metrics.say("the database refuses")
    application = app.Receiver(spool, None, metrics)
    with listening(application) as port, Receiver() as other:  # that one has no /readyz
        listen = f"127.0.0.1:{port}" if ours else other.url.split("/")[2]
        monkeypatch.setenv("PMCTL_WEBHOOK_LISTEN", listen)
        code, found = told()
    spool.close()
    assert (code, found["receiver"]["state"]) == (1, "wrong")
    assert ("the database refuses" in found["receiver"]["trouble"]) == ours


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"isPublished": False}, "switched off"),
        ({"triggers": ["mautic.email_on_send"]}, "lacks"),
        ({"secret": "another"}, "another secret"),
    ],
)
def test_what_is_wrong_with_our_webhook_is_said(
    pmctl: Run, told: Any, sandbox: MauticSandbox, nowhere: str, change: Any, trouble: str
) -> None:
    pmctl("webhook", "register", URL)
    _only(sandbox).update(change)

    code, found = told()

    assert (code, found["mautic"]["state"]) == (1, "wrong")
    assert trouble in found["mautic"]["webhooks"][0]["trouble"]
    assert trouble in pmctl("webhook", "status")[1]


def test_the_last_deliveries_are_shown_the_newest_first(
    pmctl: Run, told: Any, sandbox: MauticSandbox, nowhere: str
) -> None:
    pmctl("webhook", "register", URL)
    hook = str(_only(sandbox)["id"])
    sandbox.store.hook_log += [
        {"id": str(n), "webhook_id": whose, "status_code": code, "note": None,
         "date_added": f"2026-11-24 10:00:0{n}", "runtime": "0.1"}
        for n, (whose, code) in enumerate([(hook, "200"), (hook, "N/A"), ("99", "500"),
                                           (hook, "200"), (hook, "503")], 1)
    ]  # fmt: skip
    _, found = told()
    (one,) = found["mautic"]["webhooks"]
    assert [row["status_code"] for row in one["log"]] == ["503", "200", "N/A"]
    assert one["trouble"] == "its last delivery failed"
    sandbox.store.hook_log[-1]["status_code"] = "200"
    assert told()[1]["mautic"]["state"] == "ok"


def test_a_mautic_without_a_webhook_of_ours_says_how_to_make_one(
    pmctl: Run, told: Any, sandbox: MauticSandbox
) -> None:
    pmctl("webhook", "register", "https://elsewhere.example.com/other")
    _only(sandbox)["name"] = "of somebody else"
    code, found = told()
    assert (code, found["mautic"]["state"], found["mautic"]["webhooks"]) == (1, "wrong", [])


@pytest.mark.parametrize("what", ["dead", "late", "broken"])
def test_a_spool_with_something_wrong_is_said(
    pmctl: Run, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv("PMCTL_WEBHOOK_SPOOL", str(tmp_path / "kept"))
    spool = Spool(tmp_path / "kept")
    spool.append([(1.0, b"{}")])
    if what == "dead":
        spool.done([1], [Buried(1, 1.0, "no JSON", b"no")])
    spool.close()
    if what == "broken":
        (tmp_path / "kept" / "spool.sqlite3").write_bytes(b"not a database" * 100)

    code, found = told()

    assert (code, found["spool"]["state"]) == (1, "wrong")
    said = {"dead": "1 could not be stored", "late": "1 wait, the oldest for",
            "broken": "cannot be used"}  # fmt: skip
    assert said[what] in pmctl("webhook", "status")[1]


def test_a_part_that_hangs_is_given_up_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import threading

    never = threading.Event()
    # the clock stands while the others are waited for, and is almost at the end for the last one
    clock = iter([0.0, 0.0, 0.0, 19.99])
    monkeypatch.setattr(client, "time", Namespace(monotonic=lambda: next(clock)))

    def hangs() -> client.Part:
        never.wait(20)
        return client.absent("")

    looks = {"b": lambda: client.Part(client.OK, ("fine",)),
             "c": lambda: client.Part(str(1 / 0), ()), "a": hangs}  # fmt: skip
    found = dict(client.together(looks, 20))
    never.set()
    assert (found["a"].state, found["a"].said) == ("wrong", ("no answer within 20 s",))
    assert found["b"].said == ("fine",)
    assert found["c"].said == ("ZeroDivisionError: division by zero",)

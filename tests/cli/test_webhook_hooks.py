"""`pmctl webhook register|list|show|unregister|rotate-secret`, against the stand-in Mautic."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients.webhook import TRIGGERS
from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.sandbox.receiving import Receiver

URL = "http://127.0.0.1:9/webhooks/mautic"


def _only(sandbox: MauticSandbox) -> dict[str, Any]:
    (hook,) = sandbox.store.hooks.values()
    return hook


def _secrets(home: Path) -> list[str]:
    folder = next(iter(home.rglob("webhook")))
    return [file.read_text().strip() for file in sorted(folder.iterdir(), reverse=True)]


def _methods(sandbox: MauticSandbox) -> list[str]:
    return [one.method for one in sandbox.requests if "/hooks" in one.path and one.method != "GET"]


def test_register_makes_one_webhook_with_the_right_triggers(pmctl: Run, sandbox, home):
    code, out, err = pmctl("webhook", "register", URL, "-o", "json")

    assert code == 0
    hook = _only(sandbox)
    assert json.loads(out)["id"] == hook["id"]
    assert set(hook["triggers"]) == set(TRIGGERS)
    assert (hook["webhookUrl"], hook["isPublished"]) == (URL, True)
    assert "queue mode" in err


def test_the_secret_is_ours_in_a_file_for_us_alone_and_never_shown(pmctl: Run, sandbox, home):
    code, out, err = pmctl("webhook", "register", URL, "--trace")

    (secret,) = _secrets(home)
    (file,) = next(iter(home.rglob("webhook"))).iterdir()
    assert code == 0
    assert secret == _only(sandbox)["secret"]
    assert len(secret) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = pmctl("webhook", "show", URL, "-o", "json", "--trace")
    listed = pmctl("webhook", "list", "-o", "json", "--trace")
    assert secret not in "".join([out, err, *shown[1:], *listed[1:]])
    logs = [one.read_text() for one in home.rglob("*.jsonl")]
    assert logs
    assert not [text for text in logs if secret in text]


def test_a_second_register_writes_nothing(pmctl: Run, sandbox):
    pmctl("webhook", "register", URL)
    sandbox.reset_requests()

    code, _, err = pmctl("webhook", "register", f"{URL}/")

    assert code == 0
    assert _methods(sandbox) == []
    assert "is there, and right" in err


def test_wrong_triggers_are_repaired_by_patch_and_more_than_ours_stay(pmctl: Run, sandbox):
    pmctl("webhook", "register", URL)
    _only(sandbox)["triggers"] = ["mautic.nope", "mautic.email_on_send", "mautic.sms_on_send"]
    assert "wrong triggers" in pmctl("webhook", "list")[1]
    sandbox.reset_requests()

    code, _, err = pmctl("webhook", "register", URL)

    assert code == 0
    assert _methods(sandbox) == ["PATCH"]
    assert set(_only(sandbox)["triggers"]) == {*TRIGGERS, "mautic.sms_on_send"}
    assert "repaired: triggers" in err


def test_one_that_mautic_switched_off_is_noticed_and_switched_on(pmctl: Run, sandbox):
    with Receiver() as receiver:
        receiver.status = 410
        pmctl("webhook", "register", receiver.url)
        assert pmctl("campaign", "contact", "add", "eve@example.com")[0] == 0
        shown = json.loads(pmctl("webhook", "show", receiver.url, "-o", "json")[1])
        assert (shown["state"], shown["failures"]) == ("switched off", 2)

        code, _, err = pmctl("webhook", "register", receiver.url)

        assert code == 0
        assert "switched off" in err
        assert _only(sandbox)["isPublished"] is True


def test_the_secret_of_a_webhook_made_by_hand_is_taken_over(pmctl: Run, sandbox, home):
    pmctl("webhook", "register", URL)
    for file in next(iter(home.rglob("webhook"))).iterdir():
        file.unlink()
    _only(sandbox)["secret"] = "by-hand"

    pmctl("webhook", "register", URL)

    assert _secrets(home) == ["by-hand"]
    assert _only(sandbox)["secret"] == "by-hand"


def test_a_secret_that_somebody_changed_in_mautic_becomes_ours_again(pmctl: Run, sandbox, home):
    pmctl("webhook", "register", URL)
    (ours,) = _secrets(home)
    _only(sandbox)["secret"] = "changed"
    assert json.loads(pmctl("webhook", "show", URL, "-o", "json")[1])["secret"] == "another"

    _, _, err = pmctl("webhook", "register", URL)

    assert _only(sandbox)["secret"] == ours
    assert "repaired: secret" in err


def test_rotation_keeps_the_old_secret_beside_the_new(pmctl: Run, sandbox, home):
    pmctl("webhook", "register", URL)
    (old,) = _secrets(home)

    code, out, err = pmctl("webhook", "rotate-secret", URL)

    new, before = _secrets(home)
    assert code == 0
    assert (new, before) == (_only(sandbox)["secret"], old)
    assert new != old
    assert new not in out + err


@pytest.mark.parametrize("how", ["cut-before", "500", "500-stored", "cut-after"])
def test_a_rotation_that_fails_leaves_the_secret_in_force_among_the_two(
    pmctl: Run, sandbox, home, how
):
    pmctl("webhook", "register", URL)
    sandbox.fail(f"PATCH:/api/hooks:1:{how}")

    pmctl("webhook", "rotate-secret", URL)

    assert _only(sandbox)["secret"] in _secrets(home)


@pytest.mark.parametrize("how", ["cut-before", "500-stored", "cut-after"])
def test_a_register_of_unknown_outcome_never_makes_two(pmctl: Run, sandbox, home, how):
    sandbox.fail(f"POST:/api/hooks/new:1:{how}")

    pmctl("webhook", "register", URL)
    code, _, _ = pmctl("webhook", "register", URL)

    assert code == 0
    assert _only(sandbox)["secret"] == _secrets(home)[0]


def test_two_webhooks_to_one_address_are_told(pmctl: Run, sandbox):
    pmctl("webhook", "register", URL)
    first = _only(sandbox)
    sandbox.store.hooks[99] = {**first, "id": 99}

    assert "each event comes again: 99" in pmctl("webhook", "register", URL)[2]
    code, _, err = pmctl("webhook", "show", URL)
    assert code != 0
    assert "name an id" in err


def test_unregister_asks_and_deletes_only_then(pmctl: Run, sandbox):
    pmctl("webhook", "register", URL)

    assert pmctl("webhook", "unregister", URL)[0] == 64
    assert pmctl("webhook", "unregister", URL, "--dry-run")[0] == 0
    assert len(sandbox.store.hooks) == 1
    assert pmctl("webhook", "unregister", URL, "--yes")[0] == 0
    assert sandbox.store.hooks == {}
    assert pmctl("webhook", "unregister", URL, "--yes")[0] != 0


@pytest.mark.parametrize("url", ["events.example.com", "ftp://x/y", "", "https://"])
def test_what_is_no_address_is_refused_before_anything_is_written(pmctl: Run, sandbox, url):
    code, _, err = pmctl("webhook", "register", url)

    assert code == 64
    assert "no address of a receiver" in err
    assert sandbox.requests == []


def test_dry_runs_write_nothing(pmctl: Run, sandbox, home):
    pmctl("webhook", "register", URL, "--dry-run")
    assert sandbox.store.hooks == {}
    pmctl("webhook", "register", URL)
    before = dict(_only(sandbox)), _secrets(home)

    pmctl("webhook", "rotate-secret", URL, "--dry-run")
    _only(sandbox)["triggers"] = []
    pmctl("webhook", "register", URL, "--dry-run")

    assert (dict(_only(sandbox)), _secrets(home)) == ({**before[0], "triggers": []}, before[1])


def test_a_password_in_an_address_is_not_shown(pmctl: Run, sandbox):
    pmctl("webhook", "register", "http://eve:hunter2@127.0.0.1:9/x")

    out = "".join(pmctl("webhook", "list")[1:]) + "".join(pmctl("webhook", "show", "1")[1:])

    assert "hunter2" not in out
    assert "127.0.0.1:9/x" in out


def test_the_events_that_register_asks_for_arrive_signed_with_our_secret(pmctl: Run, sandbox, home):
    with Receiver() as receiver:
        pmctl("webhook", "register", receiver.url)
        pmctl("campaign", "contact", "add", "eve@example.com")

        assert receiver.kinds() == [["lead_post_save_new"]]
        assert receiver.came[0].signed_with(_secrets(home)[0])

"""The secret of webhooks, from `webhook register` to a running `webhook serve` and back."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from pmctl.clients import webhook_secrets
from pmctl.clients.webhook_secrets import SecretFiles
from pmctl.files import write_atomic
from pmctl.sandbox.server import MauticSandbox
from tests.conftest import Run
from tests.serving import serving, wait_until
from tests.webhook_bodies import NAMES, body

URL = "http://127.0.0.1:9/webhooks/mautic"
BODY = body(NAMES[0])


@pytest.fixture
def folder(home: Path) -> Path:
    return home / ".local/state/pmctl/webhook"


def _hook(sandbox: MauticSandbox) -> dict[str, Any]:
    (hook,) = sandbox.store.hooks.values()
    return hook


def _aged(folder: Path, seconds: float) -> None:
    """Let the uses that were written down be so long ago."""
    file = folder / "default.secret-uses.json"
    known = json.loads(file.read_text())
    file.write_text(
        json.dumps({name: [at - seconds for at in times] for name, times in known.items()})
    )


def test_serve_believes_what_register_wrote_and_takes_up_a_rotation(
    pmctl: Run, sandbox, database, folder: Path
):
    assert pmctl("webhook", "register", URL)[0] == 0
    old = _hook(sandbox)["secret"]
    with serving() as served:
        assert served.status_of(BODY, old) == 200
        assert served.status_of(BODY, "another") == 401

        assert pmctl("webhook", "rotate-secret", URL)[0] == 0

        new = _hook(sandbox)["secret"]
        assert new != old
        assert [served.status_of(BODY, one) for one in (new, old)] == [200, 200]
        assert served.status_of(BODY, "another") == 401
        served.stored()
    assert f"the secret is in {folder}/default.secret\n" in "".join(served.said)
    assert not [line for line in served.said if old in line or new in line]


def test_what_register_asks_mautic_for_arrives_in_serve(pmctl: Run, sandbox, database):
    pmctl("webhook", "register", URL)
    with serving() as served:
        _hook(sandbox)["webhookUrl"] = served.url

        assert pmctl("campaign", "contact", "add", "eve@example.com")[0] == 0
        assert pmctl("webhook", "rotate-secret", served.url)[0] == 0
        assert pmctl("campaign", "contact", "add", "bob@example.com")[0] == 0

        assert served.figure("pmctl_webhook_received_total") == 2
        served.stored()
        assert served.figure("pmctl_webhook_drained_total") == 2


def test_a_secret_in_a_file_of_the_settings_is_read_again_at_sighup(database, tmp_path: Path):
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text("one\n")
    with serving(PMCTL_WEBHOOK_SECRET_FILE=str(file)) as served:
        assert served.status_of(BODY, "one") == 200
        file.write_text("two\n")
        assert served.status_of(BODY, "two") == 401

        served.child.send_signal(signal.SIGHUP)

        wait_until(lambda: served.status_of(BODY, "two") == 200)
        assert served.status_of(BODY, "one") == 401


@pytest.mark.parametrize("spoil", ["delete", "open to others", "empty"])
def test_a_secret_that_cannot_be_read_again_leaves_the_one_of_before(
    pmctl: Run, sandbox, database, folder: Path, spoil: str
):
    pmctl("webhook", "register", URL)
    secret, file = _hook(sandbox)["secret"], folder / "default.secret"
    with serving() as served:
        if spoil == "delete":
            file.unlink()
        else:
            file.write_text("" if spoil == "empty" else "guessed\n")
            file.chmod(0o600 if spoil == "empty" else 0o644)

        assert served.status_of(BODY, secret) == 200
        assert [served.status_of(BODY, one) for one in ("guessed", "")] == [401, 401]
        served.stored()
    assert "the secrets stay as they were" in "".join(served.said)


def test_two_workers_that_note_two_secrets_at_once_forget_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the one before a rotation could be dropped although bodies still come with it."""
    ours, theirs = (SecretFiles(tmp_path, "default") for _ in range(2))
    ours.keep("old")
    ours.keep("new")
    other = threading.Thread(target=lambda: theirs.note_use("old"))
    write = write_atomic

    def between(path: Path, text: str) -> None:
        monkeypatch.setattr(webhook_secrets, "write_atomic", write)
        other.start()
        other.join(0.3)  # it waits for us; if it did not, it would be over by now
        write(path, text)

    monkeypatch.setattr(webhook_secrets, "write_atomic", between)
    ours.note_use("new")
    other.join(20)
    assert [bool(ours.uses(one)) for one in ("new", "old")] == [True, True]


def test_the_setting_is_believed_and_not_the_file(pmctl: Run, sandbox, database):
    pmctl("webhook", "register", URL)
    with serving(PMCTL_WEBHOOK_SECRET="given") as served:
        assert served.status_of(BODY, "given") == 200
        assert served.status_of(BODY, _hook(sandbox)["secret"]) == 401


def test_register_gives_mautic_the_secret_of_the_setting(
    pmctl: Run, sandbox, monkeypatch, folder: Path
):
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", "given")

    code, _, err = pmctl("webhook", "register", URL)

    assert (code, _hook(sandbox)["secret"]) == (0, "given")
    assert "webhook.secret (PMCTL_WEBHOOK_SECRET)" in err
    assert not folder.exists()
    _hook(sandbox)["secret"] = "changed"
    assert pmctl("webhook", "register", URL)[0] == 0
    assert _hook(sandbox)["secret"] == "given"


def test_a_secret_of_the_setting_is_not_rotated_behind_the_receivers_back(
    pmctl: Run, sandbox, monkeypatch
):
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", "given")
    pmctl("webhook", "register", URL)

    code, _, err = pmctl("webhook", "rotate-secret", URL)

    assert code == 78
    assert "would refuse another secret" in err
    assert _hook(sandbox)["secret"] == "given"


def test_status_says_where_the_secrets_are(pmctl: Run, sandbox, monkeypatch, folder: Path):
    def told() -> tuple[str, str]:
        found = json.loads(pmctl("webhook", "status", "-o", "json")[1])["secrets"]
        return found["secret"], found["previous_secret"]

    assert told() == ("", "")
    pmctl("webhook", "register", URL)
    assert told() == (str(folder / "default.secret"), "")
    pmctl("webhook", "rotate-secret", URL)
    assert told()[1] == str(folder / "default.previous-secret")
    monkeypatch.setenv("PMCTL_WEBHOOK_SECRET", "given")
    assert told()[0] == "PMCTL_WEBHOOK_SECRET"


# The secret before a rotation goes when nobody needs it.


def test_the_old_secret_goes_when_the_new_one_is_in_use_and_the_old_one_is_not(
    pmctl: Run, sandbox, database, folder: Path
):
    pmctl("webhook", "register", URL)
    old, previous = _hook(sandbox)["secret"], folder / "default.previous-secret"
    uses = folder / "default.secret-uses.json"

    def registered() -> str:
        code, _, err = pmctl("webhook", "register", URL)
        assert code == 0
        return err

    def noted() -> int:
        return len(json.loads(uses.read_text())) if uses.exists() else 0

    with serving() as served:
        assert served.status_of(BODY, old) == 200
        wait_until(lambda: noted() == 1)
        pmctl("webhook", "rotate-secret", URL)
        assert "nothing has come with the new one yet" in registered()

        assert served.status_of(BODY, _hook(sandbox)["secret"]) == 200
        wait_until(lambda: noted() == 2)
        assert "in use for less than 10 minutes" in registered()
        _aged(folder, 601)
        assert previous.exists()
        assert "stays valid" not in registered()

        assert not previous.exists()
        assert served.status_of(BODY, old) == 401
        assert served.status_of(BODY, _hook(sandbox)["secret"]) == 200
        served.stored()
    assert old not in uses.read_text()
    assert uses.stat().st_mode & 0o077 == 0


def test_an_old_secret_that_something_came_with_lately_stays(
    pmctl: Run, sandbox, database, folder: Path
):
    pmctl("webhook", "register", URL)
    old = _hook(sandbox)["secret"]
    pmctl("webhook", "rotate-secret", URL)
    uses = folder / "default.secret-uses.json"
    with serving() as served:
        assert served.status_of(BODY, _hook(sandbox)["secret"]) == 200
        wait_until(uses.exists)
        _aged(folder, 601)
        assert served.status_of(BODY, old) == 200
        wait_until(lambda: len(json.loads(uses.read_text())) == 2)

        assert "something came with it" in pmctl("webhook", "register", URL)[2]

        assert served.status_of(BODY, old) == 200
        served.stored()


def test_an_old_secret_that_another_webhook_signs_with_stays(pmctl: Run, sandbox, folder: Path):
    pmctl("webhook", "register", URL)
    pmctl("webhook", "register", f"{URL}/other")
    first = min(sandbox.store.hooks)
    pmctl("webhook", "rotate-secret", str(first))

    assert "still signs with it" in pmctl("webhook", "register", URL)[2]
    assert (folder / "default.previous-secret").exists()


def test_a_second_rotation_never_drops_what_another_webhook_signs_with(pmctl: Run, sandbox):
    pmctl("webhook", "register", URL)
    pmctl("webhook", "register", f"{URL}/other")
    first, other = sorted(sandbox.store.hooks)
    assert pmctl("webhook", "rotate-secret", str(first))[0] == 0
    before = sandbox.store.hooks[first]["secret"]

    code, _, err = pmctl("webhook", "rotate-secret", str(first))

    assert (code, sandbox.store.hooks[first]["secret"]) == (5, before)
    assert f"webhook {other} signs with a secret that would be kept no longer" in err
    assert pmctl("webhook", "register", f"{URL}/other")[0] == 0
    assert pmctl("webhook", "rotate-secret", str(first))[0] == 0

"""`pmctl domain dkim`: the record to publish, and the key made and thrown away."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.cli.test_ask import Terminal
from tests.conftest import Run


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def _shown(pmctl: Run, *words: str) -> dict[str, Any]:
    code, out, err = pmctl("domain", "dkim", *words, "-o", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_record_is_told_as_it_is_to_be_published(pmctl: Run, panel: HestiaSandbox) -> None:
    found = _shown(pmctl, "example.test")

    key = panel.store.users["alice"].mail["example.test"].key
    assert found["value"] == f"v=DKIM1; k=rsa; p={key}"
    assert found | {"value": "", "public_key": ""} == {
        "domain": "example.test", "owner": "alice", "enabled": True, "selector": "mail",
        "name": "mail._domainkey.example.test", "value": "", "public_key": "",
        "ttl_seconds": 3600, "in_zone": "same",
    }  # fmt: skip
    assert found["public_key"] == key


def test_the_private_key_is_not_even_asked_for(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "dkim", "example.test", "--trace")

    assert "v-list-mail-domain-dkim" not in [command for command, _ in panel.commands]


def test_a_domain_without_a_zone_is_told_where_to_publish(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "dkim", "shop.test")

    assert code == 0
    assert "publish it where its name servers are" in err


def test_dkim_that_is_off_is_not_taken_for_a_key(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].mail["shop.test"].key = ""

    code, out, err = pmctl("domain", "dkim", "shop.test", "-o", "json")

    found = json.loads(out)
    assert (code, found["enabled"], found["value"], found["public_key"]) == (0, False, "", "")
    assert "DKIM is off" in err


def test_enable_makes_a_key_and_its_record(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "dkim", "example.test", "--disable", "--yes")
    assert _shown(pmctl, "example.test")["enabled"] is False

    found = _shown(pmctl, "example.test", "--enable")

    assert (found["enabled"], found["in_zone"]) == (True, "same")
    assert [command for command, _ in panel.written] == [
        "v-delete-mail-domain-dkim", "v-add-mail-domain-dkim",
    ]  # fmt: skip


def test_enable_of_what_is_on_changes_nothing(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "dkim", "example.test", "--enable")

    assert (code, panel.written) == (0, [])
    assert "is on already" in err


def test_a_key_is_not_thrown_away_without_a_yes(pmctl: Run, panel: HestiaSandbox) -> None:
    refused, _, err = pmctl("domain", "dkim", "example.test", "--disable")
    shown, _, _ = pmctl("domain", "dkim", "example.test", "--disable", "--dry-run")

    assert (refused, shown, panel.written) == (64, 0, [])
    assert "Throw the DKIM key of example.test away?" in err


def test_an_enable_without_an_answer_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "dkim", "example.test", "--disable", "--yes")
    panel.reset_requests()
    panel.fail("POST:/api/v-add-mail-domain-dkim:1:cut-after")

    found = _shown(pmctl, "example.test", "--enable")

    assert found["enabled"] is True
    assert len(panel.written) == 1


def test_another_key_in_the_zone_is_noticed(pmctl: Run, panel: HestiaSandbox) -> None:
    for row in panel.store.users["alice"].dns["example.test"].records.values():
        if row["RECORD"] == "mail._domainkey":
            row["VALUE"] = '"v=DKIM1; k=rsa; p=AAAA"'

    code, out, err = pmctl("domain", "dkim", "example.test", "-o", "json")

    assert (code, json.loads(out)["in_zone"]) == (0, "other")
    assert "mails fail DKIM" in err


def test_a_domain_without_mail_has_no_key(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "add", "web.test", "--user", "alice", "--web")

    code, _, err = pmctl("domain", "dkim", "web.test")

    assert code == 3
    assert "has no mail part" in err


def test_enable_and_disable_exclude_each_other(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, _ = pmctl("domain", "dkim", "example.test", "--enable", "--disable")

    assert (code, panel.commands) == (64, [])


def test_at_a_terminal_the_value_is_one_line_to_copy(
    panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pmctl.main import main

    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)

    assert main(["domain", "dkim", "example.test", "--color", "never"]) == 0

    key = panel.store.users["alice"].mail["example.test"].key
    assert f"v=DKIM1; k=rsa; p={key}" in shown.getvalue().splitlines()

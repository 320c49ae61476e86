"""`pmctl domain records`: what must be in DNS, by the panel's zone or by its facts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.cli.test_ask import Terminal
from tests.conftest import Run


def _rows(out: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["host"], row["type"]): row for row in json.loads(out)}


def test_the_panels_own_zone_is_what_must_be(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("domain", "records", "example.test", "-o", "json")

    rows = _rows(out)
    key = panel.store.users["alice"].mail["example.test"].key
    assert (code, err) == (0, "")
    assert rows["mail._domainkey", "TXT"] == {
        "host": "mail._domainkey", "name": "mail._domainkey.example.test", "type": "TXT",
        "priority": None, "value": f"v=DKIM1; k=rsa; p={key}", "ttl_seconds": 14400,
        "purpose": "DKIM", "source": "zone",
    }  # fmt: skip
    assert rows["@", "NS"]["purpose"] == "delegation"
    assert (rows["@", "MX"]["priority"], rows["@", "MX"]["value"]) == (0, "mail.example.test")


def test_a_domain_without_a_zone_gets_it_from_what_the_panel_knows(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.nat = {"192.0.2.10": "203.0.113.5"}

    code, out, _ = pmctl("domain", "records", "shop.test", "-o", "json")

    rows = _rows(out)
    assert code == 0
    assert rows["mail", "A"]["value"] == "203.0.113.5"
    assert rows["@", "TXT"]["value"] == "v=spf1 mx ip4:203.0.113.5 -all"
    assert rows["webmail", "CNAME"]["value"] == "mail.shop.test"
    assert rows["_imaps._tcp", "SRV"]["value"] == "0 993 mail.shop.test"
    assert {row["source"] for row in rows.values()} == {"panel"}
    assert ("@", "A") not in rows


def test_an_address_may_be_given(pmctl: Run, panel: HestiaSandbox) -> None:
    _, out, _ = pmctl("domain", "records", "shop.test", "--ip", "2001:db8::5", "-o", "json")

    rows = _rows(out)
    assert rows["mail", "AAAA"]["value"] == "2001:db8::5"
    assert "ip6:2001:db8::5" in rows["@", "TXT"]["value"]


def test_an_address_that_is_none_is_refused(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "records", "shop.test", "--ip", "mail.shop.test")

    assert code == 64
    assert "is no address" in err


def test_the_zone_file_splits_long_texts_and_leaves_the_delegation_out(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, _ = pmctl("domain", "records", "example.test", "--zone")

    assert code == 0
    assert out.startswith("; example.test\n$ORIGIN example.test.\n$TTL 14400\n; @ ")
    assert "IN MX 0 mail.example.test.\n" in out
    assert all(len(line) < 300 for line in out.splitlines())
    key = panel.store.users["alice"].mail["example.test"].key
    dkim = out[out.index("mail._domainkey") :]
    assert "".join(dkim.split('"')[1::2]) == f"v=DKIM1; k=rsa; p={key}"


def test_the_zone_file_for_a_program_is_one_text(pmctl: Run, panel: HestiaSandbox) -> None:
    _, out, _ = pmctl("domain", "records", "shop.test", "--zone", "-o", "json")

    assert json.loads(out)["zone"].startswith("; shop.test\n")


def test_what_mail_would_suffer_from_is_warned_of(pmctl: Run, panel: HestiaSandbox) -> None:
    records = panel.store.users["alice"].dns["example.test"].records
    for number in [n for n, row in records.items() if row["TYPE"] in ("MX", "TXT")]:
        del records[number]

    code, out, err = pmctl("domain", "records", "example.test", "-o", "json")

    assert code == 0
    assert _rows(out)["mail._domainkey", "TXT"]["source"] == "panel"
    for words in ("lacks the record of its DKIM key", "no SPF record", "no DMARC", "no MX record"):
        assert words in err


def test_a_relay_is_remembered_for_spf(pmctl: Run, panel: HestiaSandbox) -> None:
    mail = panel.store.users["alice"].mail["shop.test"]
    mail.conf.update(U_SMTP_RELAY="true", U_SMTP_RELAY_HOST="kumo.example.net")

    _, _, err = pmctl("domain", "records", "shop.test")
    _, shown, _ = pmctl("domain", "show", "shop.test")

    assert "its mail leaves by kumo.example.net" in err
    assert "relay kumo.example.net" in shown


def test_at_a_terminal_a_long_value_stands_whole_below_the_table(
    panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pmctl.main import main

    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("COLUMNS", "80")

    assert main(["domain", "records", "example.test", "--color", "never"]) == 0

    lines = shown.getvalue().splitlines()
    key = panel.store.users["alice"].mail["example.test"].key
    assert lines[lines.index("mail._domainkey TXT") + 1] == f"v=DKIM1; k=rsa; p={key}"
    assert max(len(line) for line in lines if key not in line) <= 80


def test_a_name_beyond_ascii_is_as_dns_has_it(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "add", "bücher.test", "--user", "alice", "--mail")

    _, out, _ = pmctl("domain", "records", "bücher.test", "--zone")

    assert "$ORIGIN xn--bcher-kva.test." in out
    assert "IN MX 0 mail.xn--bcher-kva.test.\n" in out
    assert out.isascii()

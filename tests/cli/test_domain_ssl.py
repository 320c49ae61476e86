"""`pmctl domain ssl`: certificates shown, and Let's Encrypt asked once it can get through."""

from __future__ import annotations

import json

import pytest

from pmctl.sandbox.hestia_certificates import PRIVATE
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.conftest import Run

WEB = "192.0.2.10"
RESOLVED = {"example.test": [WEB], "www.example.test": [WEB], "127.0.0.1": ["127.0.0.1"],
            "mail.shop.test": [WEB], "webmail.shop.test": [WEB]}  # fmt: skip


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the resolver of this machine says; every address answers at port 80 but `.66`."""
    known = {name: list(addresses) for name, addresses in RESOLVED.items()}
    checks = "pmctl.clients.domain_checks"
    monkeypatch.setattr(f"{checks}.addresses_of", lambda name: known.get(name, []))
    monkeypatch.setattr(f"{checks}.answers", lambda address, _: not address.endswith(".66"))
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))
    return known


def _asked(panel: HestiaSandbox) -> list[list[str]]:
    return [args for command, args in panel.written if command == "v-add-letsencrypt-domain"]


def test_show_has_a_row_for_web_and_one_for_mail(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].web["example.test"].update(SSL="yes", LETSENCRYPT="yes")

    code, out, _ = pmctl("domain", "ssl", "show", "example.test", "-o", "json")

    web, mail = json.loads(out)
    assert code == 0
    assert (web["part"], web["ssl"], web["names"]) == (
        "web", "letsencrypt", ["example.test", "www.example.test"]
    )  # fmt: skip
    assert web["not_after"].endswith("Z")
    assert web["days_left"] in (88, 89, 90)
    assert web["issuer"] == "C = US, O = Let's Encrypt, CN = R11"
    assert (mail["part"], mail["ssl"], mail["days_left"]) == ("mail", "no", None)


def test_the_private_key_comes_out_nowhere(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].web["example.test"].update(SSL="yes", ALIAS='a\\x"b.test')

    _, out, err = pmctl("domain", "ssl", "show", "example.test", "--trace", "-o", "json")

    assert "v-list-web-domain-ssl" in err
    assert out.count(PRIVATE) == 0
    assert "BEGIN PRIVATE KEY" not in err


def test_enable_asks_for_the_domain_and_its_aliases(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.letsencrypt = True

    code, out, _ = pmctl("domain", "ssl", "enable", "example.test", "-o", "json")

    assert code == 0
    assert _asked(panel) == [["alice", "example.test", "www.example.test"]]
    assert json.loads(out)[0]["ssl"] == "letsencrypt"


def test_enable_for_mail_asks_for_the_names_that_the_panel_fixes(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.letsencrypt = True

    code, out, _ = pmctl("domain", "ssl", "enable", "shop.test", "--mail", "-o", "json")

    assert code == 0
    assert _asked(panel) == [["alice", "shop.test", "", "yes"]]
    assert json.loads(out)[0]["names"] == ["mail.shop.test", "webmail.shop.test"]


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ([], "www.example.test does not resolve; it wants a record A 192.0.2.10"),
        (["198.51.100.9"], "www.example.test points to 198.51.100.9, and the panel is at"),
        ([WEB, "192.0.2.66"], "192.0.2.66 does not answer at port 80 for www.example.test"),
    ],
)
def test_what_lets_encrypt_would_stumble_over_is_found_before_it_is_asked(
    addresses: list[str], words: str, seen: dict[str, list[str]], pmctl: Run, panel: HestiaSandbox
) -> None:
    seen["www.example.test"] = addresses

    code, _, err = pmctl("domain", "ssl", "enable", "example.test")

    assert (code, panel.written) == (1, [])
    assert words in err
    assert "--no-check" in err


def test_no_check_asks_nevertheless(
    seen: dict[str, list[str]], pmctl: Run, panel: HestiaSandbox
) -> None:
    seen.clear()
    panel.store.letsencrypt = True

    code, _, err = pmctl("domain", "ssl", "enable", "example.test", "--no-check")

    assert (code, err) == (0, "")


def test_exit_15_is_explained_with_the_log_and_what_is_seen_from_here(
    seen: dict[str, list[str]], pmctl: Run, panel: HestiaSandbox
) -> None:
    well, _, err = pmctl("domain", "ssl", "enable", "example.test")
    seen.clear()
    unwell, _, other = pmctl("domain", "ssl", "enable", "example.test", "--no-check")

    assert (well, unwell) == (1, 1)
    assert "Let's Encrypt acc registration failed (v-add-letsencrypt-domain, exit 15)" in err
    assert "/var/log/hestia/LE-alice-example.test.log says more" in err
    assert "from here the names and port 80 look well" in err
    assert "example.test does not resolve" in other
    assert "look well" not in other


def test_the_log_of_mail_has_another_name(pmctl: Run, panel: HestiaSandbox) -> None:
    _, _, err = pmctl("domain", "ssl", "enable", "shop.test", "--mail")

    assert "/var/log/hestia/LE-alice-mail.shop.test.log" in err


def test_a_certificate_that_is_there_is_not_asked_for_again(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.letsencrypt = True
    pmctl("domain", "ssl", "enable", "example.test")
    panel.reset_requests()

    code, _, err = pmctl("domain", "ssl", "enable", "example.test")
    assert (code, panel.written) == (0, [])
    assert "--renew gets another" in err

    pmctl("domain", "ssl", "enable", "example.test", "--renew")
    assert len(_asked(panel)) == 1


def test_an_answer_that_is_lost_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.letsencrypt = True
    panel.fail("POST:/api/v-add-letsencrypt-domain:1:cut-after")

    code, _, _ = pmctl("domain", "ssl", "enable", "example.test")

    assert (code, len(_asked(panel))) == (0, 1)


def test_a_dry_run_says_what_it_would_ask_for(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "ssl", "enable", "example.test", "--dry-run")

    assert (code, panel.written) == (0, [])
    assert "would ask for example.test, www.example.test" in err


def test_a_part_that_is_not_there_has_no_certificate(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "ssl", "enable", "shop.test")

    assert code == 3
    assert "shop.test of alice has no web part" in err

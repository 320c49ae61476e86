"""`pmctl domain list` and `show`, over a stand-in HestiaCP."""

from __future__ import annotations

import json

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import Key
from tests.conftest import Run

BROKEN = "bad\\x name"


def test_list_has_a_row_for_each_domain_with_all_of_its_parts(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, err = pmctl("domain", "list", "-o", "json")

    rows = {row["domain"]: row for row in json.loads(out)}
    assert (code, err) == (0, "")
    assert list(rows) == ["example.test", "shop.test", "builder.test", "little.test"]
    assert rows["example.test"] | {"ip": ""} == {
        "domain": "example.test", "owner": "alice", "parts": ["web", "mail", "dns"], "unread": [],
        "suspended": False, "suspended_parts": [], "ssl": "no", "mail_ssl": "no", "dkim": True,
        "accounts": 2, "records": 16, "disk_mb": 0, "ip": "",
    }  # fmt: skip
    assert (rows["shop.test"]["parts"], rows["shop.test"]["ssl"]) == (["mail"], None)


def test_list_of_all_users_reads_four_at_once_and_no_more(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.latency_ms = 20

    code, out, _ = pmctl("domain", "list", "--all-users")

    assert code == 0
    assert len(out.splitlines()) == 5
    assert panel.most_at_once == 4
    assert len(panel.commands) == 1 + 4 * 3


def test_a_suspended_part_is_shown_as_suspended(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].mail["example.test"].conf["SUSPENDED"] = "yes"
    panel.store.users["alice"].mail["shop.test"].conf["SUSPENDED"] = "yes"

    _, out, _ = pmctl("domain", "list", "--user", "alice", "-o", "json")

    said = {row["domain"]: (row["suspended"], row["suspended_parts"]) for row in json.loads(out)}
    assert said == {"example.test": (False, ["mail"]), "shop.test": (True, ["mail"])}


def test_a_list_that_fails_is_named_and_hides_no_other(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-list-dns-domains/bob:*:exit-14")

    code, out, err = pmctl("domain", "list", "--all-users", "-o", "json", "--retries", "0")

    rows = {row["domain"]: row for row in json.loads(out)}
    assert code == 1
    assert err.count("warning: dns of bob") == err.count("warning: dns of ") == 1
    assert "1 list could not be read" in err
    assert set(rows) == {"example.test", "shop.test", "builder.test", "little.test"}
    assert [name for name, row in rows.items() if row["unread"] == ["dns"]] == ["builder.test"]


def test_a_user_who_is_not_there_is_not_found(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("domain", "list", "--user", "nobody")

    assert (code, out) == (3, "")
    assert "user nobody doesn't exist" in err


def test_a_refused_login_is_tried_once(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "w" * 40)

    code, _, err = pmctl("domain", "list", "--user", "alice")

    assert code == 4
    assert "Invalid secret key" in err
    assert len(panel.requests) == 1


def test_an_answer_of_401_that_means_suspended_is_no_refused_login(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["alice"].conf["SUSPENDED"] = "yes"

    code, _, err = pmctl("domain", "dns", "add", "example.test", "x", "A", "192.0.2.3")

    assert code == 5
    assert "user alice is suspended" in err
    assert "unsuspend" in err
    assert "access_key" not in err


def test_a_row_that_is_no_json_is_shown_and_named(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].mail["shop.test"].conf["CATCHALL"] = BROKEN

    code, out, err = pmctl("domain", "list", "--user", "alice")

    assert code == 0
    assert "shop.test\talice\tmail" in out
    assert "example.test\talice\tweb, mail, dns" in out
    assert "warning: " in err
    assert "shop.test" in err


def test_a_part_that_is_no_json_is_shown_and_named(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].mail["shop.test"].conf["CATCHALL"] = BROKEN

    code, out, err = pmctl("domain", "show", "shop.test")

    assert code == 0
    assert "mail  active, 1 mailbox" in out
    assert "the mail part of shop.test is no valid JSON" in err


def test_user_and_all_users_exclude_each_other(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "list", "--user", "alice", "--all-users")

    assert (code, panel.commands) == (64, [])
    assert "exclude each other" in err


def test_show_says_what_each_part_is_like(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "show", "WWW.Example.TEST.")

    assert code == 0
    assert "example.test  of alice" in out
    assert "mail  active, 2 mailboxes, DKIM on" in out
    assert "also known as www.example.test" in out


def test_show_for_programs_has_the_parts_whole(pmctl: Run, panel: HestiaSandbox) -> None:
    _, out, _ = pmctl("domain", "show", "shop.test", "-o", "json")

    found = json.loads(out)
    assert (found["web"], found["dns"]) == (None, None)
    assert found["mail"]["rate_limit"] == 200
    assert found["mail"]["created"].startswith("20")


def test_a_mistyped_domain_gets_the_nearest_one(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "show", "exampel.test")

    assert code == 3
    assert "hint: did you mean example.test?" in err


def test_another_users_domain_is_not_found_and_its_owner_is_named(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "show", "example.test", "--user", "bob")

    assert code == 3
    assert "bob has no domain example.test" in err
    assert "it is alice's: --user alice" in err


@pytest.mark.parametrize("name", ["bücher.test", "BÜCHER.test", "xn--bcher-kva.test"])
def test_a_name_beyond_ascii_is_found_however_it_is_written(
    name: str, pmctl: Run, panel: HestiaSandbox
) -> None:
    pmctl("domain", "add", "bücher.test", "--user", "alice", "--mail")

    code, out, _ = pmctl("domain", "show", name, "-o", "json")

    assert code == 0
    assert json.loads(out)["domain"] == "bücher.test"


@pytest.mark.parametrize("name", ["", "a b.test", "ana@example.test", "test", "a..b", "-a.test"])
def test_what_is_no_name_of_a_domain_asks_nobody(
    name: str, pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "show", "--", name)

    assert (code, panel.commands) == (64, [])
    assert "hint: " in err


def test_a_key_that_may_list_mail_alone_shows_that_and_names_what_it_may_not(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.store.config["API_SYSTEM"] = "2"
    panel.store.keys["A" * 20] = Key("s" * 40, "alice", ("mail-accounts",))
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", "A" * 20)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    code, out, err = pmctl("domain", "list", "--user", "alice", "-o", "json")

    assert code == 1
    assert [row["domain"] for row in json.loads(out)] == ["example.test", "shop.test"]
    assert json.loads(out)[0]["unread"] == ["web", "dns"]
    assert "don't have permission to run the command v-list-web-domains" in err

"""`pmctl domain add`, `delete`, `suspend`, `unsuspend`, with what goes wrong at them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from tests.cli.test_ask import Terminal
from tests.conftest import Run
from tests.sandboxes import use_panel


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def _states(out: str) -> dict[str, str]:
    return {row["part"]: row["state"] for row in json.loads(out)}


def _written(panel: HestiaSandbox) -> list[str]:
    return [command for command, _ in panel.written]


def _held(panel: HestiaSandbox, user: str, name: str) -> set[str]:
    owner = panel.store.users[user]
    return {part for part in ("web", "mail", "dns") if name in getattr(owner, part)}


# Adding


def test_add_makes_all_parts_with_one_write(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("domain", "add", "New.Test", "--user", "alice", "-o", "json")

    assert (code, err) == (0, "")
    assert _states(out) == {"web": "added", "mail": "added", "dns": "added"}
    assert panel.written == [("v-add-domain", ["alice", "new.test"])]
    assert _held(panel, "alice", "new.test") == {"web", "mail", "dns"}


def test_add_makes_only_the_parts_that_are_named(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl(
        "domain", "add", "new.test", "--user", "alice", "--mail", "--dns", "--ip", "192.0.2.10",
        "-o", "json",
    )  # fmt: skip

    assert code == 0
    assert _states(out) == {"mail": "added", "dns": "added"}
    assert panel.written == [
        ("v-add-dns-domain", ["alice", "new.test", "192.0.2.10"]),
        ("v-add-mail-domain", ["alice", "new.test"]),
    ]


def test_add_asks_whose_it_is_to_be_where_there_are_several_users(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "add", "new.test")

    assert (code, panel.written) == (64, [])
    assert "--user USER; there are admin, alice, bob, carol" in err


def test_a_domain_that_is_there_is_a_conflict_and_fine_where_that_is_said(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    refused, _, err = pmctl("domain", "add", "example.test", "--user", "alice")
    accepted, _, _ = pmctl("domain", "add", "example.test", "--if-not-exists")

    assert (refused, accepted, panel.written) == (5, 0, [])
    assert "--if-not-exists accepts it" in err


def test_another_users_domain_cannot_be_added(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "add", "example.test", "--user", "bob")

    assert code == 5
    assert "Web domain example.test exists" in err
    assert _held(panel, "bob", "example.test") == set()


def test_an_add_that_stops_halfway_says_what_is_missing_and_repair_finishes_it(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    pmctl("domain", "add", "mail.new.test", "--user", "alice", "--mail")
    panel.reset_requests()

    half, out, err = pmctl("domain", "add", "new.test", "--user", "alice", "-o", "json")

    assert half == 1
    assert _states(out) == {"web": "added", "mail": "missing", "dns": "added"}
    assert 'Required subdomain \\"mail.new.test\\" already exists' in err
    assert "pmctl domain add new.test --user alice --repair" in err
    assert _written(panel) == ["v-add-domain"]

    again, _, again_err = pmctl("domain", "add", "new.test", "--user", "alice")
    assert (again, _written(panel)) == (5, ["v-add-domain"])
    assert "has web, dns and lacks mail" in again_err

    pmctl("domain", "delete", "mail.new.test", "--yes")
    panel.reset_requests()
    mended, out, _ = pmctl("domain", "add", "new.test", "--repair", "-o", "json")

    assert mended == 0
    assert _states(out) == {"web": "there", "mail": "added", "dns": "there"}
    assert panel.written == [("v-add-mail-domain", ["alice", "new.test"])]


def test_a_part_that_the_package_has_no_room_for_is_noticed_although_the_panel_says_204(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, err = pmctl("domain", "add", "new.test", "--user", "carol", "-o", "json")

    assert code == 1
    assert _states(out) == {"web": "added", "mail": "missing", "dns": "added"}
    assert "the package of carol allows 1 mail domain (1 in use)" in err


def test_repair_at_the_limit_fails_with_the_panels_words(pmctl: Run, panel: HestiaSandbox) -> None:
    pmctl("domain", "add", "new.test", "--user", "carol")

    code, _, err = pmctl("domain", "add", "new.test", "--user", "carol", "--repair")

    assert code == 1
    assert "MAIL_DOMAINS limit is reached" in err
    assert "panel-user package" in err


def test_an_answer_that_is_cut_off_is_looked_up_and_not_sent_again(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-domain:1:cut-after")

    code, out, _ = pmctl("domain", "add", "new.test", "--user", "alice", "-o", "json")

    assert code == 0
    assert _states(out) == {"web": "added", "mail": "added", "dns": "added"}
    assert _written(panel) == ["v-add-domain"]


def test_an_answer_that_is_cut_off_after_half_of_it_is_told_as_unknown(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-domain:1:cut-after")

    code, _, err = pmctl("domain", "add", "new.test", "--user", "carol")

    assert code == 75
    assert "by now there is web, dns, and not, or not yet, mail" in err
    assert "--repair" in err
    assert _written(panel) == ["v-add-domain"]


def test_a_request_that_never_arrived_is_not_taken_for_done(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-domain:1:cut-before")

    code, _, err = pmctl("domain", "add", "new.test", "--user", "alice")

    assert code == 75
    assert "by now there is nothing" in err
    assert _held(panel, "alice", "new.test") == set()


def test_the_domain_of_a_suspended_owner_is_a_conflict(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["bob"].conf["SUSPENDED"] = "yes"

    code, _, err = pmctl("domain", "add", "new.test", "--user", "bob")

    assert code == 5
    assert "user bob is suspended" in err


def test_what_a_command_warned_of_is_said_once(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.config["WEBMAIL_SYSTEM"] = ""

    code, _, err = pmctl("domain", "add", "new.test", "--user", "alice", "--mail")

    assert code == 0
    assert err.count("type is invalid") == 1


def test_every_write_is_in_the_journal_and_the_audit(
    pmctl: Run, panel: HestiaSandbox, home: Path
) -> None:
    pmctl("domain", "add", "new.test", "--user", "alice")
    pmctl("domain", "dns", "add", "new.test", "x", "A", "192.0.2.9")

    state = home / ".local" / "state" / "pmctl"
    journal = [json.loads(line) for line in (state / "journal.jsonl").read_text().splitlines()]
    assert [(line["state"], line["method"], line["target"]) for line in journal] == [
        ("begin", "v-add-domain", "new.test"),
        ("done", "v-add-domain", "new.test"),
        ("begin", "v-add-dns-record", "new.test: x A 192.0.2.9"),
        ("done", "v-add-dns-record", "new.test: x A 192.0.2.9"),
    ]
    _, out, _ = pmctl("config", "audit", "-o", "json")
    assert "v-add-domain new.test" in out


def test_a_new_zone_gets_the_address_that_the_world_sees(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.nat = {"192.0.2.10": "203.0.113.5"}

    code, _, _ = pmctl("domain", "add", "shop.test", "--dns")

    assert code == 0
    assert panel.written == [("v-add-dns-domain", ["alice", "shop.test", "203.0.113.5"])]


def test_a_key_that_may_not_list_addresses_takes_that_of_the_web_part(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-list-user-ips:*:exit-10")
    pmctl("domain", "add", "new.test", "--user", "alice", "--web")

    code, _, _ = pmctl("domain", "add", "new.test", "--repair")

    assert code == 0
    assert ("v-add-dns-domain", ["alice", "new.test", "192.0.2.10"]) in panel.written


def test_an_unknown_address_changes_nothing(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "add", "new.test", "--user", "alice", "--ip", "198.51.100.7")

    assert code == 3
    assert "IP 198.51.100.7 doesn't exist" in err
    assert _held(panel, "alice", "new.test") == set()


def test_a_dry_run_of_add_shows_the_commands_and_sends_none(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, err = pmctl("domain", "add", "new.test", "--user", "alice", "--dry-run")

    assert (code, panel.written) == (0, [])
    assert "v-add-domain\talice new.test" in out
    assert "nothing was changed" in err


# Deleting


def test_delete_says_what_goes_and_wants_the_name(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = pmctl("domain", "delete", "example.test")

    assert (code, panel.written) == (64, [])
    assert "2 mailboxes with all their mails" in err
    assert "its DNS zone (16 records)" in err


@pytest.mark.parametrize(("typed", "gone"), [("example.test\n", True), ("yes\n", False)])
def test_only_the_name_itself_deletes(
    typed: str, gone: bool, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pmctl.main import main

    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", shown)

    code = main(["domain", "delete", "example.test"])

    assert "type example.test to delete web, dns, mail: " in shown.getvalue()
    assert code == (0 if gone else 1)
    assert _held(panel, "alice", "example.test") == (set() if gone else {"web", "mail", "dns"})


def test_delete_takes_all_parts_with_one_write(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "delete", "example.test", "--yes", "-o", "json")

    assert code == 0
    assert set(_states(out).values()) == {"deleted"}
    assert panel.written == [("v-delete-domain", ["alice", "example.test"])]


def test_delete_of_one_part_leaves_the_others(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, _ = pmctl("domain", "delete", "example.test", "--dns", "--yes")

    assert (code, _written(panel)) == (0, ["v-delete-dns-domain"])
    assert _held(panel, "alice", "example.test") == {"web", "mail"}


def test_delete_of_a_part_that_is_not_there_is_not_found(pmctl: Run, panel: HestiaSandbox) -> None:
    refused, _, err = pmctl("domain", "delete", "shop.test", "--web", "--yes")
    accepted, _, _ = pmctl("domain", "delete", "shop.test", "--web", "--yes", "--if-exists")
    nowhere, _, _ = pmctl("domain", "delete", "no.test", "--yes", "--if-exists")

    assert (refused, accepted, nowhere, panel.written) == (3, 0, 0, [])
    assert "it has mail" in err


def test_a_delete_without_an_answer_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-delete-domain:1:cut-after")

    code, _, _ = pmctl("domain", "delete", "example.test", "--yes")

    assert (code, _written(panel)) == (0, ["v-delete-domain"])


def test_a_delete_that_fails_in_the_middle_names_what_is_left(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-delete-mail-domain:1:exit-20")

    code, out, err = pmctl(
        "domain", "delete", "example.test", "--web", "--mail", "--yes", "-o", "json"
    )

    assert code == 1
    assert _states(out) == {"web": "deleted", "mail": "kept"}
    assert "example.test: mail is still there" in err


# Suspending


def test_suspend_and_unsuspend_go_over_the_parts(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("domain", "suspend", "example.test", "-o", "json")

    assert code == 0
    assert _states(out) == {"web": "suspended", "mail": "suspended", "dns": "suspended"}
    assert panel.store.users["alice"].web["example.test"]["SUSPENDED"] == "yes"

    code, out, _ = pmctl("domain", "unsuspend", "example.test", "--mail", "-o", "json")

    assert code == 0
    assert _states(out) == {"mail": "active"}
    assert panel.store.users["alice"].mail["example.test"].conf["SUSPENDED"] == "no"


def test_what_is_suspended_already_is_fine_and_asks_for_nothing(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    pmctl("domain", "suspend", "shop.test")
    panel.reset_requests()

    code, out, _ = pmctl("domain", "suspend", "shop.test")

    assert (code, panel.written) == (0, [])
    assert "it was already" in out


def test_what_somebody_else_suspended_meanwhile_is_fine(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = panel.store.users["alice"].mail["shop.test"].conf
    real = panel.hestia.answer

    def answer(request: Any, call: Any = None) -> Any:
        if panel.commands[-1][0] == "v-suspend-mail-domain":
            mail["SUSPENDED"] = "yes"
        return real(request, call)

    monkeypatch.setattr(panel.hestia, "answer", answer)

    code, out, _ = pmctl("domain", "suspend", "shop.test", "-o", "json")

    assert (code, _states(out)) == (0, {"mail": "suspended"})
    assert "it was already" in out


def test_a_suspended_owner_is_not_taken_for_a_suspended_domain(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["alice"].conf["SUSPENDED"] = "yes"

    code, out, err = pmctl("domain", "suspend", "shop.test", "-o", "json")

    assert (code, _states(out)) == (1, {"mail": "failed"})
    assert "user alice is suspended" in err


def test_a_part_that_fails_is_named_and_stops_no_other(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-suspend-mail-domain:1:exit-20")

    code, out, err = pmctl("domain", "suspend", "example.test", "-o", "json")

    assert code == 1
    assert _states(out) == {"web": "suspended", "mail": "failed", "dns": "suspended"}
    assert "example.test: mail failed" in err


def test_several_domains_are_looked_up_before_one_is_suspended(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("domain", "suspend", "example.test", "no.test")

    assert (code, panel.written) == (3, [])
    assert "no.test" in err


def test_a_dry_run_of_suspend_names_only_what_is_not_yet_so(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    pmctl("domain", "suspend", "example.test", "--web")
    panel.reset_requests()

    code, out, _ = pmctl("domain", "suspend", "example.test", "--dry-run")

    assert (code, panel.written) == (0, [])
    assert "v-suspend-mail-domain" in out
    assert "v-suspend-web-domain" not in out


# By password, where HestiaCP answers 200 whatever happens


@pytest.fixture
def _by_password(panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use_panel(panel, monkeypatch, key=False)


@pytest.mark.usefixtures("_by_password")
def test_by_password_an_add_that_stops_halfway_is_noticed_too(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    pmctl("domain", "add", "mail.new.test", "--user", "alice", "--mail")

    code, out, err = pmctl("domain", "add", "new.test", "--user", "alice", "-o", "json")

    assert code == 1
    assert _states(out) == {"web": "added", "mail": "missing", "dns": "added"}
    assert "v-add-domain, exit 4" in err


@pytest.mark.usefixtures("_by_password")
def test_by_password_another_users_domain_is_not_found(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("domain", "show", "example.test", "--user", "bob")
    nobody, _, _ = pmctl("domain", "show", "no.test")

    assert (code, nobody) == (3, 3)
    assert "it is alice's: --user alice" in err


@pytest.mark.usefixtures("_by_password")
def test_by_password_a_part_that_is_suspended_already_is_fine(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    first, _, _ = pmctl("domain", "suspend", "example.test")
    second, out, _ = pmctl("domain", "suspend", "example.test")

    assert (first, second) == (0, 0)
    assert out.count("it was already") == 3


def test_after_a_refusal_no_other_part_is_tried(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-add-dns-domain:1:exit-10")

    code, _, err = pmctl(
        "domain", "add", "new.test", "--user", "alice", "--dns", "--mail", "--ip", "192.0.2.10"
    )

    assert (code, _written(panel)) == (4, [])
    assert "v-add-dns-domain, exit 10" in err

"""`pmctl panel-user list|show|packages|add|passwd|contact|package`, over a stand-in HestiaCP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import package
from tests.conftest import Run

NEW = "Cold-Water-9-Stones"
BROKEN = "Back\\slash"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def users(pmctl: Run, *more: str) -> dict[str, dict[str, Any]]:
    code, out, _ = pmctl("panel-user", "list", "-o", "json", *more)
    assert code == 0
    return {row["user"]: row for row in json.loads(out)}


def test_list_shows_what_is_used_of_what_is_allowed(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.packages["small"]["DISK_QUOTA"] = "1000"
    panel.store.users["carol"].conf.update(DISK_QUOTA="1000", U_DISK="855")

    found = users(pmctl)

    carol = found["carol"]
    assert list(found) == ["admin", "alice", "bob", "carol"]
    assert (carol["disk_mb"], carol["disk_limit_mb"], carol["disk_percent"]) == (855, 1000, 85.5)
    assert (carol["mail_domains"], carol["mail_domains_limit"]) == (1, 1)
    assert (carol["fullest"], carol["fullest_percent"]) == ("mail_domains", 100.0)
    assert found["alice"]["databases_limit"] is None
    assert found["alice"]["databases_percent"] is None
    assert found["alice"]["mailboxes"] == 3
    assert panel.commands == [("v-list-users", ["json"])]


def test_a_person_reads_what_is_used_of_a_limit_and_unlimited(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    columns = "user,mail_domains,databases,databases_limit,fullest"

    _, out, _ = pmctl("panel-user", "list", "--columns", columns)

    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0] == columns.split(",")
    assert lines[2] == ["alice", "2", "1", "unlimited", ""]
    assert lines[4] == ["carol", "1/1", "0/0", "0", "mail_domains 100%"]


def test_mailboxes_are_limited_in_each_domain_so_the_sum_has_no_percentage(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["alice"].conf["MAIL_ACCOUNTS"] = "2"  # she has 2 and 1

    alice = users(pmctl)["alice"]

    assert alice["mailboxes_limit_each_domain"] == 2
    assert "mailboxes_percent" not in alice
    assert alice["fullest"] is None


def test_suspended_is_what_the_panel_says_of_it(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-suspend-user", "bob")

    found = users(pmctl)

    assert {name: row["suspended"] for name, row in found.items()} == {
        "admin": False, "alice": False, "bob": True, "carol": False,
    }  # fmt: skip


def test_a_backslash_in_one_name_hides_no_other_user_and_is_named(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["bob"].conf["NAME"] = BROKEN

    code, out, err = pmctl("panel-user", "list", "-o", "json")

    rows = {row["user"]: row for row in json.loads(out)}
    assert (code, list(rows)) == (0, ["admin", "alice", "bob", "carol"])
    assert (rows["bob"]["name"], rows["bob"]["odd"]) == (BROKEN, True)
    assert not rows["carol"]["odd"]
    assert "list of users cannot be trusted for bob" in err


def test_a_damaged_file_of_a_user_is_said_and_how_to_mend_it(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    del panel.store.users["alice"].conf["DATABASES"]
    del panel.store.users["alice"].conf["U_MAIL_ACCOUNTS"]

    code, out, err = pmctl("panel-user", "list", "-o", "json")

    alice = json.loads(out)[1]
    assert code == 0
    assert alice["damaged"] == ["U_MAIL_ACCOUNTS", "DATABASES"]
    assert (alice["databases_limit"], alice["mailboxes"]) == (0, 0)
    assert "file of alice is damaged: no number in U_MAIL_ACCOUNTS, DATABASES" in err
    assert "`pmctl panel-user package alice default` writes it anew" in err


def test_a_damaged_file_is_written_anew_by_giving_the_same_package(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    del panel.store.users["alice"].conf["DATABASES"]

    code, _, _ = pmctl("panel-user", "package", "alice", "default")

    assert code == 0
    assert panel.store.users["alice"].conf["DATABASES"] == "unlimited"


def test_show_says_all_in_groups_but_no_secret(pmctl: Run, panel: HestiaSandbox) -> None:
    secrets = {"RKEY": "k3y-0f-alice", "TWOFA": "tw0fact0r", "QRCODE": "data:image/png"}
    panel.store.users["alice"].conf.update(secrets)

    code, out, err = pmctl("panel-user", "show", "alice", "--trace")
    told = json.loads(pmctl("panel-user", "show", "alice", "-o", "json")[1])

    assert code == 0
    for title in ("account", "usage", "disk", "suspended", "login", "settings"):
        assert f"\n{title}" in out
    assert "databases              1    unlimited" in out
    assert told["two_factor"] is True
    assert told["nameservers"] == ["ns1.hestia.test", "ns2.hestia.test"]
    for secret in secrets.values():
        assert secret not in out + err + json.dumps(told)


def test_show_of_nobody_names_the_nearest(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("panel-user", "show", "alcie")

    assert (code, out) == (3, "")
    assert "no user alcie" in err
    assert "did you mean alice?" in err


def test_packages_have_their_limits(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("panel-user", "packages", "-o", "json")

    small = next(row for row in json.loads(out) if row["package"] == "small")
    assert code == 0
    assert (small["mailboxes_limit_each_domain"], small["databases_limit"]) == (1, 0)
    assert small["disk_limit_mb"] is None
    assert "unlimited" in pmctl("panel-user", "packages")[1]


def test_add_makes_a_user_with_one_write_and_no_password_in_it(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    words = [
        "dave",
        "dave@example.test",
        "--package",
        "small",
        "--name",
        "Dave",
        "--lastname",
        "Doe",
    ]

    code, out, err = pmctl("panel-user", "add", *words, "--password-stdin", stdin=f"{NEW}\n")

    dave = panel.store.users["dave"]
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == "dave\tdave@example.test\tsmall\tcreated"
    assert (dave.password, dave.conf["NAME"], dave.conf["PACKAGE"]) == (NEW, "Dave Doe", "small")
    [(command, args)] = panel.written
    assert (command, args[0], args[2:]) == ("v-add-user", "dave", [
        "dave@example.test", "small", "Dave Doe"])  # fmt: skip
    assert args[1].startswith("/tmp/pmctl-")
    assert set(panel.store.files.values()) == {"\n"}  # emptied afterwards


def test_a_password_that_is_made_up_is_printed_once(pmctl: Run, panel: HestiaSandbox) -> None:
    words = ["add", "dave", "dave@example.test", "--generate-password", "-o", "json"]

    code, out, err = pmctl("panel-user", *words, "--trace")

    [row] = json.loads(out)
    assert code == 0
    assert panel.store.users["dave"].password == row["password"]
    assert row["password"] not in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mysql", "reserved"),
        ("SuDo", "reserved"),
        ("1dave", "cannot be the name"),
        ("d", "cannot be the name"),
        ("da ve", "cannot be the name"),
        ("dave-", "cannot be the name"),
        ("a" * 31, "2 to 30"),
        ("jörg", "cannot be the name"),
    ],
)
def test_a_name_that_the_panel_refuses_is_not_sent(
    pmctl: Run, panel: HestiaSandbox, name: str, words: str
) -> None:
    code, _, err = pmctl("panel-user", "add", name, "x@example.test", "--generate-password")

    assert code == 64
    assert words in err
    assert panel.commands == []


@pytest.mark.parametrize("name", ["Dave", "a" * 30, "d4", "my-user_1"])
def test_a_name_that_the_panel_takes_is_sent(pmctl: Run, panel: HestiaSandbox, name: str) -> None:
    assert pmctl("panel-user", "add", name, "x@example.test", "--generate-password")[0] == 0
    assert name in panel.store.users


@pytest.mark.parametrize(
    "words",
    [
        ["dave", "nope"],
        ["dave", "dave@bücher.test"],
        ["dave", "dave@example.test", "--name", BROKEN],
        ["dave", "dave@example.test", "--name", "O'Brien"],
        ["dave", "dave@example.test", "--name", "100% * ?"],
        ["dave", "dave@example.test", "--name", "a\tb"],
    ],
)
def test_what_the_panel_refuses_or_stores_wrongly_is_not_sent(
    pmctl: Run, panel: HestiaSandbox, words: list[str]
) -> None:
    assert pmctl("panel-user", "add", *words, "--generate-password")[0] == 64
    assert panel.commands == []


def test_a_user_who_is_there_is_a_conflict_unless_that_is_fine(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    words = ["panel-user", "add", "alice", "other@example.test", "--generate-password"]

    code, out, err = pmctl(*words)
    accepted = pmctl(*words, "--if-not-exists")

    assert (code, out) == (5, "")
    assert "--if-not-exists accepts that" in err
    assert accepted[0] == 0
    assert accepted[1].splitlines()[1] == "alice\talice@example.test\tdefault\texists already"
    assert "has the contact alice@example.test, not other@example.test" in accepted[2]
    assert panel.written == []


def test_the_name_of_an_account_of_the_server_is_a_conflict_also_if_not_exists(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    words = ["add", "www-data", "w@example.test", "--generate-password", "--if-not-exists"]

    code, out, err = pmctl("panel-user", *words)

    assert (code, out) == (5, "")
    assert "an account of the server itself" in err


def test_an_add_of_a_package_that_is_not_there_says_so(pmctl: Run, panel: HestiaSandbox) -> None:
    words = ["add", "dave", "dave@example.test", "--package", "smal"]

    dry = pmctl("panel-user", *words, "--dry-run")
    code, _, err = pmctl("panel-user", *words, "--generate-password")

    assert dry[0] == 3
    assert "did you mean small?" in dry[2]
    assert code == 3
    assert "package smal doesn't exist" in err


def test_a_dry_run_writes_nothing_and_needs_no_password(pmctl: Run, panel: HestiaSandbox) -> None:
    for words in (["add", "dave", "dave@example.test"], ["passwd", "alice"],
                  ["contact", "alice", "new@example.test"], ["package", "bob", "small"],
                  ["suspend", "alice"], ["unsuspend", "alice"], ["delete", "alice"]):  # fmt: skip
        code, out, _ = pmctl("panel-user", *words, "--dry-run")
        assert code == 0, words
        assert "would" in out or words[0] == "unsuspend"
    assert panel.written == []


def test_passwd_is_seen_to_have_come_when_its_answer_does_not(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-change-user-password:1:cut-after")

    code, out, err = pmctl("panel-user", "passwd", "alice", "--password-stdin", stdin=f"{NEW}\n")

    assert (code, err) == (0, "")
    assert "new password" in out
    assert panel.store.users["alice"].password == NEW
    assert len(panel.written) == 1


def test_passwd_that_never_arrived_is_unknown_and_not_repeated(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-change-user-password:1:cut-before")

    code, out, err = pmctl("panel-user", "passwd", "alice", "--password-stdin", stdin=f"{NEW}\n")

    assert (code, out) == (75, "")
    assert "nothing was repeated" in err
    assert panel.store.users["alice"].password != NEW


def test_a_password_that_was_made_up_is_shown_although_nobody_knows_whether_it_came(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-change-user-password:1:cut-before")

    code, out, _ = pmctl("panel-user", "passwd", "alice", "--generate-password", "-o", "json")

    (row,) = json.loads(out)
    assert (code, row["user"], row["result"]) == (75, "alice", "unknown")
    assert len(row["password"]) == 20


def test_a_suspended_user_gets_no_password_and_is_told_why(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.do("v-suspend-user", "bob")

    code, _, err = pmctl("panel-user", "passwd", "bob", "--generate-password")
    contact = pmctl("panel-user", "contact", "bob", "b@example.test")

    assert code == contact[0] == 5
    assert "`pmctl panel-user unsuspend bob` first" in err
    assert "user bob is suspended" in contact[2]


def test_contact_changes_what_differs_and_no_more(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("panel-user", "contact", "alice", "new@example.test")
    again = pmctl("panel-user", "contact", "alice", "new@example.test")

    assert code == again[0] == 0
    assert "changed from alice@example.test" in out
    assert "already so" in again[1]
    assert panel.written == [("v-change-user-contact", ["alice", "new@example.test"])]


def test_package_says_what_the_new_limits_mean_and_refuses_what_is_too_small(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, err = pmctl("panel-user", "package", "alice", "small")

    assert (code, out) == (5, "")
    assert "! mail domains: unlimited -> 1, 2 used (200%)" in err
    assert "  mailboxes: unlimited -> 1 in each domain, 3 used\n" in err
    assert "mail domains 2 of 1, databases 1 of 0" in err
    assert panel.written == []


def test_package_with_force_is_given_nevertheless(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("panel-user", "package", "alice", "small", "--force")

    assert code == 0
    assert "changed from default" in out
    assert panel.written == [("v-change-user-package", ["alice", "small", "yes"])]
    assert users(pmctl)["alice"]["databases_percent"] == 100.0


def test_package_that_fits_needs_no_force_and_is_given_once(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.packages["large"] = package(MAIL_DOMAINS="10")

    code, _, err = pmctl("panel-user", "package", "alice", "large")
    again = pmctl("panel-user", "package", "alice", "large")

    assert code == again[0] == 0
    assert "  mail domains: unlimited -> 10, 2 used (20%)" in err
    assert "already so" in again[1]
    assert panel.written == [("v-change-user-package", ["alice", "large"])]


def test_an_add_whose_answer_was_lost_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-add-user:1:cut-after")

    code, out, err = pmctl("panel-user", "add", "dave", "d@example.test", "--generate-password")

    assert (code, err) == (0, "")
    assert out.split("\t")[-1].strip() == panel.store.users["dave"].password
    assert len(panel.written) == 1


def test_an_add_that_never_arrived_is_unknown(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-add-user:1:cut-before")

    code, out, err = pmctl("panel-user", "add", "dave", "d@example.test", "--generate-password")

    assert code == 75
    (row,) = out.splitlines()[1:]
    assert row.split("\t")[:4] == ["dave", "d@example.test", "default", "unknown"]
    assert "user dave: " in err
    assert panel.written == []  # the wire was cut before it came


def test_a_key_without_the_permission_is_told_which_is_missing(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-list-users:1:exit-10")

    code, _, err = pmctl("panel-user", "list")

    assert code == 4
    assert "v-list-users, exit 10" in err


def test_a_refused_login_is_tried_once(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "w" * 40)

    code, _, err = pmctl("panel-user", "list")

    assert code == 4
    assert "it is not tried again" in err
    assert len(panel.requests) == 1

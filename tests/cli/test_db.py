"""`pmctl db`, over a stand-in HestiaCP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmctl.sandbox.hestia_profiles import PROFILES, Profile
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import Key
from tests.conftest import Run
from tests.sandboxes import use_panel

NEW = "Cold-Water-9-Stones"
PIPED = ("--password-stdin",)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def listed(pmctl: Run, *more: str) -> list[dict[str, Any]]:
    code, out, _ = pmctl("db", "list", "-o", "json", *more)
    assert code == 0
    return list(json.loads(out))


def test_list_has_all_databases_with_their_owners(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-add-database", "bob", "wiki", "wiki", NEW, "pgsql")
    panel.store.users["alice"].db["alice_shop"]["U_DISK"] = "12"

    rows = listed(pmctl, "--all-users")

    assert [row["database"] for row in rows] == ["alice_shop", "bob_wiki"]
    assert rows[0]["created"].startswith("20")
    assert {name: rows[0][name] for name in rows[0] if name != "created"} == {
        "database": "alice_shop", "owner": "alice", "db_user": "alice_shopuser", "type": "mysql",
        "host": "localhost", "charset": "UTF8MB4", "disk_mb": 12, "suspended": False, "odd": False,
    }  # fmt: skip
    assert listed(pmctl, "--user", "bob") == rows[1:]


def test_list_of_all_reads_the_first_user_alone_and_then_four_at_once(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    for number in range(6):
        panel.do("v-add-user", f"user{number}", NEW, "u@example.test")
    panel.latency_ms = 20

    assert pmctl("db", "list")[0] == 0

    assert panel.most_at_once == 4
    assert len(panel.commands) == 1 + 10


def test_a_user_whose_databases_cannot_be_read_is_named_and_hides_nobody(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.do("v-add-database", "bob", "wiki", "wiki", NEW)
    del panel.store.users["carol"]  # between the two reads
    panel.fail("POST:/api/v-list-databases:1:exit-3")

    code, out, err = pmctl("db", "list", "-o", "json", "--all-users")

    assert code == 1
    assert [row["database"] for row in json.loads(out)] == ["alice_shop", "bob_wiki"]
    assert "warning: admin: HestiaCP: v-list-databases failed" in err
    assert "the databases of admin could not be read" in err


def test_a_refusal_is_not_asked_for_once_a_user(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-list-databases:*:exit-10")

    code, out, err = pmctl("db", "list", "-o", "json")

    assert (code, out) == (4, "")
    assert "v-list-databases, exit 10" in err
    assert [command for command, _ in panel.commands] == ["v-list-users"]
    assert len(panel.requests) == 2


def test_a_row_that_is_no_json_is_shown_and_named(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-add-database", "alice", "blog", "blog", NEW)
    panel.store.users["alice"].db["alice_blog"]["CHARSET"] = "UTF\\8"

    code, out, err = pmctl("db", "list", "--user", "alice", "-o", "json")

    rows = {row["database"]: row for row in json.loads(out)}
    assert code == 0
    assert (rows["alice_blog"]["charset"], rows["alice_blog"]["odd"]) == ("UTF\\8", True)
    assert not rows["alice_shop"]["odd"]
    assert "list of databases cannot be trusted for alice_blog" in err


def test_a_backslash_in_a_users_name_hides_no_database(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.users["alice"].conf["NAME"] = "Back\\slash"

    assert [row["database"] for row in listed(pmctl)] == ["alice_shop"]


@pytest.mark.parametrize("given", ["blog", "alice_blog"])
def test_add_makes_the_prefix_once_and_says_the_whole_name(
    pmctl: Run, panel: HestiaSandbox, given: str
) -> None:
    words = ["db", "add", given, "--user", "alice", *PIPED]

    code, out, err = pmctl(*words, stdin=f"{NEW}\n")

    assert (code, err) == (0, "")
    assert out.splitlines()[1] == "alice_blog\talice\tmysql\talice_blog\tcreated"
    assert panel.store.users["alice"].db["alice_blog"]["password"] == NEW
    [(command, args)] = panel.written
    assert (command, args[:3], args[4:]) == ("v-add-database", ["alice", "blog", "blog"], ["mysql"])
    assert args[3].startswith("/tmp/pmctl-")


def test_add_finds_the_owner_in_the_name(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-add-user", "bob_jr", NEW, "b@example.test")

    code, out, _ = pmctl("db", "add", "bob_jr_wiki", "--generate-password", "-o", "json")

    [row] = json.loads(out)
    assert code == 0
    assert (row["database"], row["owner"]) == ("bob_jr_wiki", "bob_jr")
    assert panel.store.users["bob_jr"].db["bob_jr_wiki"]["password"] == row["password"]


def test_add_of_a_name_without_an_owner_asks_whose_it_is(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("db", "add", "blog", "--generate-password")

    assert code == 3
    assert "whose is blog to be?" in err
    assert "--user USER" in err
    assert panel.written == []


def test_names_of_postgresql_are_lowered_and_its_charset_is_its_own(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.do("v-add-user", "Dave", NEW, "d@example.test")
    words = ["--user", "Dave", "--type", "pgsql", "--db-user", "Writer", *PIPED]

    code, out, _ = pmctl("db", "add", "Wiki", *words, stdin=f"{NEW}\n")
    again = pmctl("db", "add", "dave_wiki", *words, "--if-not-exists", stdin=f"{NEW}\n")

    row = panel.store.users["Dave"].db["dave_wiki"]
    assert code == again[0] == 0
    assert out.splitlines()[1] == "dave_wiki\tDave\tpgsql\tdave_writer\tcreated"
    assert (row["CHARSET"], row["DBUSER"]) == ("UTF8", "dave_writer")
    assert "exists already" in again[1]
    assert pmctl("db", "show", "Wiki", "--user", "Dave")[0] == 0
    assert pmctl("db", "show", "wiki")[0] == 0


def test_a_charset_is_sent_where_it_is_asked_for(pmctl: Run, panel: HestiaSandbox) -> None:
    words = ["--charset", "latin1", *PIPED]

    assert pmctl("db", "add", "alice_old", *words, stdin=f"{NEW}\n")[0] == 0

    assert panel.store.users["alice"].db["alice_old"]["CHARSET"] == "LATIN1"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["my blog"], "cannot be in it"),
        (["a@b"], "cannot be in it"),
        (["alice_"], "something must follow"),
        (["x" * 60], "at most 63"),
        (["x" * 30], "at most 32 characters with the prefix, it has 36; --db-user"),
        (["my-db", "--type", "pgsql"], "no -"),
        (["blog", "--db-user", "a;b"], "cannot be in it"),
    ],
)
def test_a_name_that_the_panel_refuses_is_not_sent(
    pmctl: Run, panel: HestiaSandbox, words: list[str], why: str
) -> None:
    code, _, err = pmctl("db", "add", *words, "--user", "alice", "--generate-password")

    assert code == 64
    assert why in err
    assert panel.commands == []


def test_a_database_that_is_there_is_a_conflict_unless_that_is_fine(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    words = ["db", "add", "shop", "--user", "alice", "--generate-password"]

    code, out, err = pmctl(*words)
    accepted = pmctl(*words, "--if-not-exists")

    assert (code, out) == (5, "")
    assert "has a database alice_shop already" in err
    assert accepted[0] == 0
    assert accepted[1].splitlines()[1] == "alice_shop\talice\tmysql\talice_shopuser\texists already"
    assert "with the user alice_shopuser, not mysql with alice_shop" in accepted[2]
    assert panel.written == []


def test_a_user_that_another_database_has_is_a_conflict(pmctl: Run, panel: HestiaSandbox) -> None:
    words = ["--user", "alice", "--db-user", "shopuser", "--if-not-exists", "--generate-password"]

    code, _, err = pmctl("db", "add", "blog", *words)

    assert code == 5
    assert "DBUSER=alice_shopuser already exists" in err
    assert "choose with --db-user" in err


def test_a_limit_that_is_reached_says_what_to_do(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, err = pmctl("db", "add", "blog", "--user", "carol", "--generate-password")

    assert (code, out) == (1, "")
    assert "database carol_blog: HestiaCP: DATABASES limit is reached" in err
    assert "pmctl panel-user package" in err


def test_a_suspended_owner_is_said(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-suspend-user", "alice")

    add = pmctl("db", "add", "blog", "--user", "alice", "--generate-password")
    passwd = pmctl("db", "passwd", "alice_shop", "--generate-password")

    assert add[0] == passwd[0] == 5
    assert "user alice is suspended" in add[2]
    assert "alice_shop is suspended" in passwd[2]
    assert "unsuspend" in add[2]
    assert "`pmctl db unsuspend alice_shop` first" in passwd[2]


def test_a_database_server_that_is_down_is_said_in_words(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.store.stopped.add("mariadb")

    code, out, err = pmctl("db", "add", "blog", "--user", "alice", "--generate-password")

    assert (code, out) == (75, "")
    assert "nothing was done, the panel cannot reach its database server" in err
    assert "Connection to localhost failed" in err
    assert "systemctl status mariadb" in err
    assert listed(pmctl)[0]["database"] == "alice_shop"


def test_an_add_whose_answer_was_lost_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-add-database:1:cut-after")

    code, out, _ = pmctl("db", "add", "blog", "--user", "alice", *PIPED, stdin=f"{NEW}\n")

    assert code == 0
    assert "created" in out
    assert panel.store.users["alice"].db["alice_blog"]["password"] == NEW
    assert len(panel.written) == 1


def test_an_add_that_never_arrived_is_unknown_and_not_repeated(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-database:1:cut-before")

    code, out, err = pmctl("db", "add", "blog", "--user", "alice", *PIPED, stdin=f"{NEW}\n")

    assert (code, out) == (75, "")
    assert "database alice_blog: " in err
    assert "nothing was repeated" in err
    [left] = panel.store.files.values()
    assert NEW not in left  # it is taken back all the same


def test_a_password_whose_answer_was_lost_is_unknown_for_the_panel_tells_nothing_of_it(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-change-database-password:1:cut-after")

    code, out, err = pmctl("db", "passwd", "alice_shop", *PIPED, stdin=f"{NEW}\n")

    assert (code, out) == (75, "")
    assert "doing the same again does no harm" in err
    assert len(panel.written) == 1


def test_a_password_that_was_made_up_is_shown_although_its_answer_was_lost(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-change-database-password:1:cut-after")

    code, out, _ = pmctl("db", "passwd", "alice_shop", "--generate-password", "-o", "json")

    assert code == 75
    (row,) = json.loads(out)
    assert row["result"] == "unknown"
    # it is the one in force, and nobody could know it otherwise
    assert panel.store.users["alice"].db["alice_shop"]["password"] == row["password"]


@pytest.mark.parametrize("given", ["shop", "alice_shop"])
def test_passwd_takes_the_short_and_the_whole_name(
    pmctl: Run, panel: HestiaSandbox, given: str
) -> None:
    code, out, _ = pmctl("db", "passwd", given, *PIPED, stdin=f"{NEW}\n")

    assert code == 0
    assert "new password" in out
    assert panel.store.users["alice"].db["alice_shop"]["password"] == NEW
    assert panel.written[0][1][:2] == ["alice", "alice_shop"]


def test_a_short_name_that_two_users_have_is_not_guessed(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-add-database", "bob", "shop", "shop", NEW)

    code, _, err = pmctl("db", "delete", "shop", "--yes")

    assert code == 5
    assert "several users have a database shop: alice_shop, bob_shop" in err
    assert pmctl("db", "delete", "shop", "--user", "bob", "--yes")[0] == 0
    assert panel.written == [("v-delete-database", ["bob", "bob_shop"])]


def test_a_name_that_nobody_has_names_the_nearest(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("db", "show", "alice_shp")

    assert code == 3
    assert "no database alice_shp" in err
    assert "did you mean alice_shop?" in err


def test_delete_asks_and_says_what_of(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("db", "delete", "shop")

    assert code == 64
    assert "Delete alice_shop (0 MB), with all data?" in err
    assert panel.written == []


def test_delete_of_several_goes_on_after_one_that_fails(pmctl: Run, panel: HestiaSandbox) -> None:
    for name in ("one", "two"):
        panel.do("v-add-database", "alice", name, name, NEW)
    panel.fail("POST:/api/v-delete-database:1:exit-15")
    words = ["alice_one", "alice_gone", "alice_two", "--yes", "--if-exists"]

    code, out, err = pmctl("db", "delete", *words)

    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert code == 1
    assert [row[0] for row in rows] == ["alice_one", "alice_gone", "alice_two"]
    assert "cannot reach its database server" in rows[0][2]
    assert [row[2] for row in rows[1:]] == ["is not there", "deleted"]
    assert "1 of 3 failed: alice_one" in err
    assert set(panel.store.users["alice"].db) == {"alice_shop", "alice_one"}


def test_delete_of_what_is_not_there_is_an_error_without_if_exists(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, _ = pmctl("db", "delete", "alice_shop", "gone", "--yes")

    assert (code, out) == (3, "")
    assert panel.written == []


def test_a_delete_whose_answer_was_lost_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-delete-database:1:cut-after")

    code, out, _ = pmctl("db", "delete", "alice_shop", "--yes")

    assert (code, out.splitlines()[1]) == (0, "alice_shop\talice\tdeleted")
    assert len(panel.written) == 1


def test_suspend_and_unsuspend_twice_are_fine(pmctl: Run, panel: HestiaSandbox) -> None:
    results = [
        pmctl("db", command, "shop")[1].splitlines()[1].split("\t")[2]
        for command in ("suspend", "suspend", "unsuspend", "unsuspend")
    ]

    assert results == ["suspended", "already so", "unsuspended", "already so"]
    assert [command for command, _ in panel.written] == [
        "v-suspend-database", "v-unsuspend-database",
    ]  # fmt: skip


def test_a_suspend_that_a_suspended_owner_forbids_is_no_success(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.store.users["alice"].conf["SUSPENDED"] = "yes"  # the database itself is not

    code, _, err = pmctl("db", "suspend", "alice_shop")

    assert code == 5
    assert "user alice is suspended" in err


def test_a_dry_run_writes_nothing(pmctl: Run, panel: HestiaSandbox) -> None:
    for words in (["add", "blog", "--user", "alice"], ["passwd", "shop"], ["delete", "shop"],
                  ["suspend", "shop"]):  # fmt: skip
        code, out, _ = pmctl("db", *words, "--dry-run")
        assert code == 0, words
        assert "would" in out
    assert panel.written == []


def test_a_command_that_could_not_start_is_no_success_although_nothing_is_said(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-add-database:1:exit--1")  # HTTP 204, as with 128 KiB of an argument

    code, out, err = pmctl("db", "add", "blog", "--user", "alice", *PIPED, stdin=f"{NEW}\n")

    assert (code, out) == (1, "")
    assert "the server could not run the command" in err
    assert "alice_blog" not in panel.store.users["alice"].db


def test_a_password_that_is_too_long_for_the_server_is_not_sent(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, _, err = pmctl("db", "add", "blog", "--user", "alice", *PIPED, stdin="x" * 140_000)

    assert code == 64
    assert "longer than 100,000 bytes" in err
    assert panel.written == []


def test_by_password_databases_are_made_and_go_too(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_panel(panel, monkeypatch, key=False)

    made = pmctl("db", "add", "blog", "--user", "alice", *PIPED, stdin=f"{NEW}\n")
    full = pmctl("db", "add", "blog", "--user", "carol", *PIPED, stdin=f"{NEW}\n")
    shut = [pmctl("db", command, "alice_blog")[0] for command in ("suspend", "suspend")]
    gone = pmctl("db", "delete", "alice_blog", "--yes")

    assert (made[0], full[0], shut, gone[0]) == (0, 1, [0, 0], 0)
    assert "exit 8" in full[2]
    assert list(panel.store.users["alice"].db) == ["alice_shop"]


def test_a_user_of_the_panel_with_a_key_of_their_own_has_their_own_databases(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = ("v-list-databases", "v-list-database", "v-add-database", "v-delete-database")
    monkeypatch.setitem(PROFILES, "databases", Profile("user", databases))
    panel.store.config["API_SYSTEM"] = "2"
    panel.store.keys["A" * 20] = Key("s" * 40, "alice", ("databases",))
    for name, value in {"ACCESS_KEY": "A" * 20, "SECRET_KEY": "s" * 40, "USER": "alice"}.items():
        monkeypatch.setenv(f"PMCTL_HESTIA_{name}", value)

    rows = listed(pmctl)
    made = pmctl("db", "add", "blog", *PIPED, stdin=f"{NEW}\n")
    gone = pmctl("db", "delete", "shop", "--yes")

    assert [row["database"] for row in rows] == ["alice_shop"]
    assert (made[0], gone[0]) == (0, 0)
    assert "HestiaCP writes the password into its auth.log" in made[2]
    assert list(panel.store.users["alice"].db) == ["alice_blog"]
    assert panel.access.refused == 2  # to list users, and to hand a password over: once each

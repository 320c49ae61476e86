"""`pmctl mailbox import` and `export`, also ended in the middle and started again."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from pmctl.clients import mailbox_begun
from pmctl.clients.mailbox_begun import Begun
from pmctl.clients.panel_names import Address
from tests.cli.mailboxes import add, box, names, people, wrote
from tests.killing import kill_panel_at

TEXT = """\
email,password,quota,alias,forward
one@example.com,generated,500,hi|ho,x@example.net
two@example.com,a-password-of-two,,,
ana@example.com,,,sales more,
three@example.org,generated,unlimited,,
"""


@pytest.fixture(autouse=True)
def _people(panel, monkeypatch):
    people(panel)
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0, 0))
    monkeypatch.setattr(mailbox_begun, "POLL_SECONDS", 0.01)


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """A file of four mailboxes, one of which exists and lacks an alias."""
    path = tmp_path / "accounts.csv"
    path.write_text(TEXT)
    return path


def many(path: Path, count: int) -> list[str]:
    """Write a file of so many mailboxes; return their addresses."""
    addresses = [f"box{n:03}@example.com" for n in range(count)]
    path.write_text("email,password\n" + "".join(f"{one},pw-of-{one}\n" for one in addresses))
    return addresses


def passwords(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        return {name: password for name, password in csv.reader(file)}  # noqa: C416


def test_every_row_is_done_and_told(pmctl, panel, accounts, tmp_path):
    kept, results = tmp_path / "new.csv", tmp_path / "results.csv"

    code, out, err = pmctl("mailbox", "import", accounts, "--generate-passwords", kept, "--results",
                           results)  # fmt: skip

    assert code == 0
    assert out.splitlines()[1:] == [
        "2\tone@example.com\tcreated\t",
        "3\ttwo@example.com\tcreated\t",
        "4\tana@example.com\texists\tadded alias more",
        "5\tthree@example.org\tcreated\t",
    ]
    assert "3 mailboxes to create, 1 exist and lack" in err
    assert "4 rows: 3 created, 1 exists" in err
    made = {name: box(panel, name)["password"] for name in passwords(kept)}
    assert passwords(kept) == made
    assert made.keys() == {"one@example.com", "three@example.org"}
    assert kept.stat().st_mode & 0o777 == 0o600
    one = box(panel, "one@example.com")
    assert (one["QUOTA"], one["ALIAS"], one["FWD"]) == ("500", "hi,ho", "x@example.net")
    assert box(panel, "two@example.com")["password"] == "a-password-of-two"
    assert box(panel, "ana@example.com")["password"] == "old-password"
    assert results.read_text().splitlines()[1] == "2,one@example.com,created,"
    assert not any(password in out + err for password in made.values())
    handed = [args for name, args in panel.commands if name == "v-make-tmp-file"]
    assert len({name for _, name in handed}) == 1
    assert [content for content, _ in handed] == [
        made["one@example.com"], "a-password-of-two", made["three@example.org"], "",
    ]  # fmt: skip


def test_the_same_file_again_writes_nothing(pmctl, panel, accounts, tmp_path):
    argv = ("mailbox", "import", accounts, "--generate-passwords", tmp_path / "new.csv")
    pmctl(*argv)
    before, written = (tmp_path / "new.csv").read_text(), len(panel.written)

    code, out, _ = pmctl(*argv, "-o", "json")

    assert code == 0
    assert {one["outcome"] for one in json.loads(out)} == {"exists"}
    assert (tmp_path / "new.csv").read_text() == before
    assert len(panel.written) == written


def test_a_dry_run_shows_the_plan_and_makes_no_password(pmctl, panel, accounts, tmp_path):
    code, out, _ = pmctl("mailbox", "import", accounts, "--dry-run", "--generate-passwords",
                         tmp_path / "new.csv")  # fmt: skip

    assert code == 0
    assert out.splitlines()[1:] == [
        "2\tone@example.com\tcreate; add alias hi, alias ho, forward to x@example.net",
        "3\ttwo@example.com\tcreate",
        "4\tana@example.com\texists; add alias more",
        "5\tthree@example.org\tcreate",
    ]
    assert panel.written == []
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("email,password\nx@exmaple.com,long-enough\n", ":2:1: HestiaCP has no domain exmaple.com"),
        ("email,password\nsales@example.com,long-enough\n",
         ":2:1: sales@example.com is an alias of ana@example.com on the panel already"),
        ("email,password,alias\nx@example.com,long-enough,bo\n",
         ":2:1: bo@example.com is a mailbox on the panel already"),
        ("email,password\nx@example.com,long-enough\nX@example.com,long-enough\n",
         ":3:1: x@example.com is in line 2 already"),
        ("email,password,alias\nx@example.com,long-enough,y\ny@example.com,long-enough,\n",
         ":3:1: y@example.com is in line 2 already"),
        ("email,password\nx@web.test,long-enough\n", ":2:1: web.test of bob has no mail"),
        ("email,password\nx@shut.test,long-enough\n", ":2:1: shut.test is suspended"),
        ("email,password\na@example.com,long-enough\nx@example.com,generated\n", ":3:15: the pass"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_done_as_a_whole_writes_nothing(text, words, pmctl, panel, tmp_path):
    panel.do("v-add-web-domain", "bob", "web.test")
    panel.do("v-add-mail-domain", "bob", "shut.test")
    panel.do("v-suspend-mail-domain", "bob", "shut.test")
    path = tmp_path / "accounts.csv"
    path.write_text(text)

    code, out, err = pmctl("mailbox", "import", path)

    assert (code, out) == (65, "")
    assert f"accounts.csv{words}" in err
    assert panel.written == []


def test_a_row_that_fails_does_not_stop_the_others(pmctl, panel, tmp_path):
    path = tmp_path / "accounts.csv"
    addresses = many(path, 4)
    panel.fail("POST:/api/v-add-mail-account:2:exit-1")

    code, out, err = pmctl("mailbox", "import", path)

    assert code == 1
    assert [line.split("\t")[2] for line in out.splitlines()[1:]] == [
        "created", "failed", "created", "created",
    ]  # fmt: skip
    assert "1 of 4 rows failed" in err
    assert set(names(panel)) & set(addresses) == {*addresses} - {addresses[1]}


def test_one_that_was_made_without_an_answer_is_created_and_one_that_was_not_is_unknown(
    pmctl, panel, tmp_path
):
    path = tmp_path / "accounts.csv"
    many(path, 4)
    panel.fail("POST:/api/v-add-mail-account:2:cut-after")
    panel.fail("POST:/api/v-add-mail-account:3:cut-before")

    code, out, _ = pmctl("mailbox", "import", path, "-o", "json")
    again = pmctl("mailbox", "import", path, "-o", "json")

    outcomes = [one["outcome"] for one in json.loads(out)]
    assert code == 1
    assert outcomes == ["created", "created", "unknown", "created"]
    assert again[0] == 0
    assert [one["outcome"] for one in json.loads(again[1])] == [
        "exists", "exists", "created", "exists",
    ]  # fmt: skip


def test_the_limit_of_a_package_ends_it_and_says_where(pmctl, panel, tmp_path):
    path = tmp_path / "accounts.csv"
    addresses = many(path, 6)
    panel.store.users["alice"].conf["MAIL_ACCOUNTS"] = "4"

    code, out, err = pmctl("mailbox", "import", path)
    panel.store.users["alice"].conf["MAIL_ACCOUNTS"] = "unlimited"
    again = pmctl("mailbox", "import", path)

    assert code == 1
    assert [line.split("\t")[2] for line in out.splitlines()[1:]].count("created") == 2
    assert f"stopped at {path}:4: " in err
    assert "MAIL_ACCOUNTS limit is reached" in err
    assert "3 rows after it not tried" in err
    assert "run it again: what is done is not done twice" in err
    assert again[0] == 0
    assert set(addresses) <= set(names(panel))


def test_five_failures_one_after_another_end_it(pmctl, panel, tmp_path):
    path = tmp_path / "accounts.csv"
    many(path, 20)
    for number in range(3, 20):
        panel.fail(f"POST:/api/v-add-mail-account:{number}:exit-13")

    code, out, err = pmctl("mailbox", "import", path)

    outcomes = Counter(line.split("\t")[2] for line in out.splitlines()[1:])
    assert code == 1
    assert outcomes == {"created": 2, "failed": 5}
    assert f"stopped at {path}:8: " in err
    assert "13 rows after it not tried" in err


def test_a_login_that_is_refused_in_the_middle_is_not_tried_again(pmctl, panel, tmp_path):
    path = tmp_path / "accounts.csv"
    many(path, 6)
    run, commands = panel.hestia.run, list[int]()

    def shut(asked, call):
        found = run(asked, call)
        if asked.command == "v-add-mail-account" and len(panel.written) == 2:
            panel.store.keys.clear()
            commands.append(len(panel.commands))
        return found

    panel.hestia.run = shut
    code, out, err = pmctl("mailbox", "import", path)

    outcomes = [line.split("\t")[2] for line in out.splitlines()[1:]]
    assert code == 4
    assert outcomes == ["created", "created", "failed"]
    assert "a password is left in /tmp/pmctl-" in err
    assert len(panel.commands) == commands[0] + 1
    assert f"stopped at {path}:4: " in err
    assert "fail2ban" in err


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    "at", ["v-add-mail-account:1", "v-add-mail-account:2", "v-add-mail-account-alias:2",
           "v-add-mail-account-forward:1", "v-add-mail-account:3"],
)  # fmt: skip
def test_killed_anywhere_and_started_again_no_row_is_done_twice(
    at, done, pmctl, panel, accounts, tmp_path, monkeypatch
):
    if not done:
        monkeypatch.setattr(mailbox_begun, "SECONDS", 0)
    kept = tmp_path / "new.csv"
    words = ["mailbox", "import", str(accounts), "--generate-passwords", str(kept)]
    assert kill_panel_at(panel, words, at, done=done)

    code, _, err = pmctl(*words)

    assert code == 0, err
    one = box(panel, "one@example.com")
    assert (one["ALIAS"], one["FWD"]) == ("hi,ho", "x@example.net")
    assert box(panel, "ana@example.com")["ALIAS"] == "sales,info,more"
    assert passwords(kept) == {name: box(panel, name)["password"] for name in passwords(kept)}
    assert len(passwords(kept)) == len(kept.read_text().splitlines()) == 2
    assert set(panel.store.files.values()) == {"\n"}  # no password is left on the server
    alice = panel.store.users["alice"]
    assert alice.conf["U_MAIL_ACCOUNTS"] == "6"  # each was made once: three, besides the three
    assert len(alice.mail["example.com"].accounts) + len(alice.mail["example.org"].accounts) == 6


PLACE = Address("example.com", "x")


def killed_at(address: Address) -> None:
    """Leave what a run leaves that does not come to its end."""
    with suppress(KeyboardInterrupt), Begun("https://panel") as begun:
        begun.note(address)
        raise KeyboardInterrupt


def settled(domain: str, answers: list[bool]) -> int:
    """Wait for what was under way; return how often it was looked for."""
    left = list(answers)
    with Begun("https://panel") as begun:
        begun.settle(lambda _: left.pop(0), {domain})
    return len(answers) - len(left)


def test_what_a_killed_run_was_at_is_waited_for(home):
    killed_at(PLACE)

    assert settled("example.org", [True]) == 0  # it has to do with another file

    killed_at(PLACE)
    assert settled("example.com", [False, False, True]) == 3
    assert settled("example.com", [True]) == 0  # that run ended well


def test_what_was_under_way_long_ago_is_not_waited_for(home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 1000.0)
        killed_at(PLACE)

    assert settled("example.com", [True]) == 0


def test_an_export_is_what_an_import_reads(pmctl, panel, tmp_path):
    panel.do("v-add-mail-account-fwd-only", "alice", "example.com", "ana")
    _, out, _ = pmctl("mailbox", "export", "--all-users", "-o", "csv")
    path, kept = tmp_path / "accounts.csv", tmp_path / "new.csv"
    path.write_text(out)
    for address in names(panel):
        name, _, domain = address.partition("@")
        user = "bob" if domain == "bob.test" else "alice"
        panel.do("v-delete-mail-account", user, domain, name)

    code, _, err = pmctl("mailbox", "import", path, "--generate-passwords", kept)

    assert code == 0, err
    assert pmctl("mailbox", "export", "--all-users", "-o", "csv")[1] == out
    assert len(passwords(kept)) == 4
    assert "password" not in out


def test_wrong_words_of_an_import_are_told(pmctl, panel, accounts, tmp_path):
    for argv in (
        ["--results", "x.txt"],
        ["--results", str(accounts)],
        ["--generate-passwords", str(accounts)],
    ):
        assert pmctl("mailbox", "import", accounts, *argv)[0] == 64
    assert accounts.read_text() == TEXT
    assert pmctl("mailbox", "import", tmp_path / "nowhere.csv")[0] == 65
    assert panel.commands == []


def test_a_file_comes_by_stdin_too(pmctl, panel):
    code, _, _ = pmctl("mailbox", "import", "-", stdin="email,password\nx@bob.test,long-enough\n")
    assert code == 0
    assert wrote(panel)[0].startswith("v-add-mail-account x /tmp/")
    add(panel, "y@bob.test")

"""`pmctl mailbox` against a stand-in HestiaCP: what is shown, and what is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.mailboxes import add, box, names, people, wrote
from tests.shell import PMCTL, at_a_terminal


@pytest.fixture(autouse=True)
def _people(panel):
    people(panel)


def test_the_mailboxes_of_a_domain_take_two_reads(pmctl, panel):
    code, out, _ = pmctl("mailbox", "list", "Example.com")

    assert code == 0
    assert out.splitlines() == [
        "address\tused_mb\tquota_mb\tused_percent\talias_count\tforward_count\tsuspended",
        "ana@example.com\t500\t2000\t25.0\t2\t1\tno",
        "bo@example.com\t0\tunlimited\t\t0\t0\tno",
    ]
    assert [name for name, _ in panel.commands] == ["v-search-domain-owner", "v-list-mail-accounts"]


def test_the_mailboxes_of_everybody_have_their_owner(pmctl):
    code, out, _ = pmctl("mailbox", "list", "--all-users", "--columns", "address,user")

    assert code == 0
    assert out.splitlines()[1:] == [
        "ana@example.com\talice", "bo@example.com\talice", "cy@example.org\talice",
        "dee@bob.test\tbob",
    ]  # fmt: skip


def test_the_mailboxes_of_one_user_leave_out_the_others(pmctl):
    code, out, _ = pmctl("mailbox", "list", "--user", "bob", "--columns", "address")
    assert (code, out) == (0, "address\ndee@bob.test\n")


def test_only_those_that_are_suspended_are_listed(pmctl, panel):
    panel.do("v-suspend-mail-account", "alice", "example.com", "bo")

    _, out, _ = pmctl("mailbox", "list", "--suspended", "-o", "json")

    found = json.loads(out)
    assert [(one["address"], one["suspended"]) for one in found] == [("bo@example.com", True)]
    assert found[0]["quota_mb"] is None


def test_a_mailbox_is_shown_with_what_it_answers(pmctl, panel):
    panel.do("v-add-mail-account-autoreply", "alice", "example.com", "ana", 'Gone.\n"Bye"')

    code, out, _ = pmctl("mailbox", "show", "ANA@example.com", "-o", "json")

    shown = json.loads(out)
    assert code == 0
    assert shown["aliases"] == ["sales", "info"]
    assert shown["forwards"] == ["ana@example.net"]
    assert (shown["used_mb"], shown["quota_mb"], shown["used_percent"]) == (500, 2000, 25.0)
    assert shown["autoreply_text"] == 'Gone.\n"Bye"'
    assert shown["webmail"] == "webmail.example.com"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["list", "exmaple.com"], "did you mean example.com?"),
        (["show", "anna@example.com"], "did you mean ana@example.com?"),
        (["delete", "anna@example.com", "--yes"], "did you mean ana@example.com?"),
        (["list", "--user", "bob", "example.org"], "bob has bob.test"),
        (["alias", "list", "anna@example.com"], "did you mean ana@example.com?"),
        (["count", "exmaple.com"], "did you mean example.com?"),
        (["add", "x@exmaple.com", "--generate-password"], "did you mean example.com?"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(argv, words, pmctl, panel):
    code, _, err = pmctl("mailbox", *argv)

    assert code == 3
    assert words in err
    assert panel.written == []


def test_adding_a_mailbox_is_one_write_and_one_hand_over(pmctl, panel):
    code, out, _ = pmctl("mailbox", "add", "New@example.com", "--quota", "1024",
                         "--password-stdin", stdin="correct horse\n")  # fmt: skip

    assert (code, out) == (0, "address\tresult\nnew@example.com\tcreated\n")
    assert box(panel, "new@example.com")["password"] == "correct horse"
    assert box(panel, "new@example.com")["QUOTA"] == "1024"
    handed = [args for name, args in panel.commands if name == "v-make-tmp-file"]
    assert len(panel.written) == 1
    assert [content for content, _ in handed] == ["correct horse", ""]
    assert "correct horse" not in str(panel.written)


def test_generated_passwords_are_shown_once_and_are_those_that_were_set(pmctl, panel):
    code, out, err = pmctl("mailbox", "add", "x@example.com", "y@example.org",
                           "--generate-password", "-o", "json")  # fmt: skip

    shown = {one["address"]: one["password"] for one in json.loads(out)}
    assert code == 0
    assert {name: box(panel, name)["password"] for name in shown} == shown
    assert len(set(shown.values())) == 2
    assert not any(password in err for password in shown.values())


def test_generated_passwords_go_into_a_file_instead(pmctl, panel, tmp_path: Path):
    file = tmp_path / "new.csv"

    code, out, _ = pmctl("mailbox", "add", "-", "--generate-password", "--password-file-out", file,
                         stdin="x@example.com\ny@example.com\n")  # fmt: skip

    kept = dict(line.split(",") for line in file.read_text().splitlines())
    assert code == 0
    assert "password" not in out
    assert kept == {name: box(panel, name)["password"] for name in kept}
    assert len(kept) == 2


def test_aliases_and_forwards_come_with_a_new_mailbox(pmctl, panel):
    code, _, _ = pmctl("mailbox", "add", "x@example.com", "--generate-password", "--alias", "help",
                       "--forward", "x@example.net")  # fmt: skip

    assert code == 0
    assert box(panel, "x@example.com")["ALIAS"] == "help"
    assert box(panel, "x@example.com")["FWD"] == "x@example.net"


def test_an_alias_that_is_taken_says_that_the_mailbox_is_there_and_its_password(pmctl, panel):
    code, out, err = pmctl("mailbox", "add", "x@example.com", "--generate-password", "--alias",
                           "sales")  # fmt: skip

    assert code == 5
    assert "x@example.com was created, but not all of it" in err
    assert "mail alias sales already exists" in err
    assert box(panel, "x@example.com")["password"] in out


def test_a_mailbox_that_exists_is_left_alone(pmctl, panel):
    argv = ["mailbox", "add", "ana@example.com", "--generate-password"]

    code, out, err = pmctl(*argv)
    again = pmctl(*argv, "--if-not-exists")

    assert (code, out) == (5, "")
    assert "has the mailbox ana@example.com already" in err
    assert again[:2] == (0, "address\tresult\nana@example.com\texists already\n")
    assert panel.written == []
    assert box(panel, "ana@example.com")["password"] == "old-password"


def test_a_dry_run_needs_no_password_and_writes_nothing(pmctl, panel):
    code, out, _ = pmctl("mailbox", "add", "x@example.com", "--dry-run")

    assert (code, out) == (0, "address\tresult\nx@example.com\twould be created\n")
    assert panel.written == []
    assert "v-make-tmp-file" not in [name for name, _ in panel.commands]


@pytest.mark.parametrize("password", ["short", "", "/tmp/whatever-it-is", " leading-blank"])
def test_a_password_against_our_policy_sends_nothing(password, pmctl, panel):
    code, _, err = pmctl("mailbox", "add", "x@example.com", "--password-stdin",
                         stdin=f"{password}\n")  # fmt: skip

    assert code == 64
    assert not password or password not in err
    assert panel.written == []


@pytest.mark.parametrize(
    "argv",
    [["add", "x+y@example.com"], ["add", "jürgen@example.com"], ["add", "nobody"],
     ["add", "x@example.com", "--quota", "10G"], ["add", "x@example.com", "--forward", "nope"],
     ["add", "x@example.com", "--alias", "a b"], ["quota", "ana@example.com", "--set", "-5"],
     ["list", "example.com", "--all-users"], ["add", "x@example.com"], ["delete", "-"],
     ["forward", "add", "ana@example.com", "a@b.com", "--only", "--keep"],
     ["add", "x@example.com", "y@example.com", "--alias", "z", "--generate-password"]],
)  # fmt: skip
def test_wrong_words_are_told_before_anything_is_written(argv, pmctl, panel):
    code, out, err = pmctl("mailbox", *argv)

    assert (code, out) == (64, "")
    assert err.startswith("error: ")
    assert panel.written == []


def test_another_password_is_set(pmctl, panel):
    code, out, _ = pmctl("mailbox", "passwd", "ana@example.com", "--generate-password", "-o",
                         "json")  # fmt: skip

    assert code == 0
    assert box(panel, "ana@example.com")["password"] == json.loads(out)[0]["password"]


def test_the_password_of_a_suspended_mailbox_cannot_be_changed(pmctl, panel):
    panel.do("v-suspend-mail-account", "alice", "example.com", "ana")

    code, _, err = pmctl("mailbox", "passwd", "ana@example.com", "--generate-password")

    assert code == 5
    assert "hint: `pmctl mailbox unsuspend ana@example.com` first" in err
    assert panel.written == []


def test_a_quota_is_written_only_where_it_differs(pmctl, panel):
    code, out, _ = pmctl("mailbox", "quota", "ana@example.com", "bo@example.com", "--set", "2000")

    assert code == 0
    assert out.splitlines()[1:] == ["ana@example.com\t2,000 MB already", "bo@example.com\t2,000 MB"]
    assert wrote(panel) == ["v-change-mail-account-quota bo 2000"]


def test_suspended_twice_is_fine_and_said(pmctl, panel):
    first = pmctl("mailbox", "suspend", "ana@example.com")
    second = pmctl("mailbox", "suspend", "ana@example.com")
    back = pmctl("mailbox", "unsuspend", "ana@example.com")
    again = pmctl("mailbox", "unsuspend", "ana@example.com")

    assert [one[0] for one in (first, second, back, again)] == [0, 0, 0, 0]
    assert "suspended already" in second[1]
    assert "active already" in again[1]
    assert wrote(panel) == ["v-suspend-mail-account ana", "v-unsuspend-mail-account ana"]


def test_deleting_asks_and_a_dry_run_does_not(pmctl, panel):
    asked = pmctl("mailbox", "delete", "ana@example.com")
    dry = pmctl("mailbox", "delete", "ana@example.com", "--dry-run")
    done = pmctl("mailbox", "delete", "ana@example.com", "gone@example.com", "--yes", "--if-exists")

    assert asked[0] == 64
    assert "Delete 1 mailbox (ana@example.com) with all mail?" in asked[2]
    assert dry[:2] == (0, "address\tresult\nana@example.com\twould be deleted\n")
    assert done[0] == 0
    assert done[1].splitlines()[1:] == [
        "ana@example.com\tdeleted",
        "gone@example.com\tis not there",
    ]
    assert "ana@example.com" not in names(panel)
    assert wrote(panel) == ["v-delete-mail-account ana"]


def test_one_that_is_missing_does_not_stop_the_others(pmctl, panel):
    code, out, err = pmctl("mailbox", "delete", "nobody@example.com", "ana@example.com", "--yes")

    assert code == 1
    assert "1 of 2 failed: nobody@example.com" in err
    assert "ana@example.com\tdeleted" in out
    assert "ana@example.com" not in names(panel)


def test_aliases_come_and_go_by_name_or_address(pmctl, panel):
    added = pmctl("mailbox", "alias", "add", "ana@example.com", "sales", "Help@example.com")
    gone = pmctl("mailbox", "alias", "delete", "ana@example.com", "info", "nothing")
    _, out, _ = pmctl("mailbox", "alias", "list", "ana@example.com", "--no-header")

    assert added[1].splitlines()[1:] == ["sales@example.com\tis there already",
                                         "help@example.com\tadded"]  # fmt: skip
    assert gone[1].splitlines()[1:] == ["info@example.com\tdeleted",
                                        "nothing@example.com\tis not there"]  # fmt: skip
    assert out.splitlines() == ["sales@example.com", "help@example.com"]
    assert wrote(panel) == ["v-add-mail-account-alias ana help",
                            "v-delete-mail-account-alias ana info"]  # fmt: skip


def test_mail_is_sent_on_only_and_kept_again_before_the_last_forward_goes(pmctl, panel):
    pmctl("mailbox", "forward", "add", "bo@example.com", "Bo@example.net", "--only")
    listed = pmctl("mailbox", "forward", "list", "bo@example.com", "-o", "json")
    code, _, err = pmctl("mailbox", "forward", "delete", "bo@example.com", "Bo@example.net")

    assert json.loads(listed[1]) == [
        {"to": "Bo@example.net", "address": "bo@example.com", "kept": False}
    ]
    assert code == 0
    assert "mail of bo@example.com is kept in the mailbox" in err
    assert wrote(panel) == [
        "v-add-mail-account-forward bo Bo@example.net", "v-add-mail-account-fwd-only bo",
        "v-delete-mail-account-fwd-only bo", "v-delete-mail-account-forward bo Bo@example.net",
    ]  # fmt: skip


def test_a_mailbox_answers_by_a_text_without_tabs_and_carriage_returns(pmctl, panel, tmp_path):
    file = tmp_path / "away.txt"
    file.write_bytes(b'\xef\xbb\xbfI am away.\r\n\tBack on "Monday".\r\n\r\n')

    done = pmctl("mailbox", "autoreply", "set", "ana@example.com", "--file", file)
    same = pmctl("mailbox", "autoreply", "set", "ana@example.com", "--file", file)
    shown = pmctl("mailbox", "autoreply", "show", "ana@example.com")
    off = pmctl("mailbox", "autoreply", "off", "ana@example.com", "bo@example.com")
    none = pmctl("mailbox", "autoreply", "show", "ana@example.com")

    assert (done[0], done[1].splitlines()[1]) == (0, "ana@example.com\tanswers")
    assert "answers so already" in same[1]
    assert shown[:2] == (0, 'I am away.\n    Back on "Monday".\n')
    assert off[1].splitlines()[1:] == ["ana@example.com\toff", "bo@example.com\toff already"]
    assert none[0] == 3
    assert len(panel.written) == 2


@pytest.mark.parametrize("text", ["", " \n\t", "a\x01b", "C:\\new", "x" * 10_240])
def test_a_text_that_the_panel_cannot_keep_is_refused(text, pmctl, panel):
    code, _, err = pmctl("mailbox", "autoreply", "set", "ana@example.com", stdin=text)

    assert code == 65
    assert "the automatic reply" in err
    assert panel.commands == []


def test_mailboxes_are_counted_by_the_counters_in_one_read(pmctl, panel):
    code, out, err = pmctl(
        "mailbox", "count", "--columns", "user,domains,mailboxes,limit_each_domain"
    )

    assert code == 0
    assert out.splitlines()[1:] == ["admin\t0\t0\tunlimited", "alice\t2\t3\tunlimited",
                                    "bob\t1\t1\tunlimited"]  # fmt: skip
    assert "4 mailboxes in all" in err
    assert [name for name, _ in panel.commands] == ["v-list-users"]


def test_counters_that_two_writes_at_once_made_wrong_are_found(pmctl, panel):
    panel.store.users["alice"].conf["U_MAIL_ACCOUNTS"] = "2"
    panel.store.users["alice"].mail["example.com"].conf["ACCOUNTS"] = "5"

    users = pmctl("mailbox", "count", "--verify", "-o", "json")
    domains = pmctl("mailbox", "count", "--user", "alice", "--verify")
    fine = pmctl("mailbox", "count", "bob.test", "--verify")

    assert users[0] == 1
    assert "wrong for alice" in users[2]
    assert [(one["mailboxes"], one["listed"]) for one in json.loads(users[1])] == [
        (0, 0),
        (2, 3),
        (1, 1),
    ]
    assert domains[0] == 1
    assert domains[1].splitlines()[1:] == ["example.com\t5\t2", "example.org\t1\t1"]
    assert fine[:2] == (0, "domain\tmailboxes\tlisted\nbob.test\t1\t1\n")


def test_a_domain_of_letters_beyond_ascii_is_one_like_others(pmctl, panel):
    panel.do("v-add-mail-domain", "bob", "bücher.test")
    add(panel, "info@bücher.test")

    code, out, _ = pmctl("mailbox", "list", "BÜCHER.test", "--columns", "address")

    assert (code, out) == (0, "address\ninfo@bücher.test\n")


@pytest.mark.parametrize(
    "argv",
    [
        ["passwd", "--generate-password"],
        ["quota", "--set", "5"],
        ["delete", "--yes"],
        ["suspend"],
        ["forward"],
    ],
)
def test_a_dot_that_would_shut_another_mailbox_out_is_found(argv, pmctl, panel):
    for name in ("a.na", "axna", "b.o"):
        add(panel, f"{name}@example.com")

    words = [argv[0], *(["add"] if argv[0] == "forward" else [])]
    more = ["x@y.org"] if argv[0] == "forward" else argv[1:]

    code, _, err = pmctl("mailbox", *words, "a.na@example.com", *more)
    fine = pmctl("mailbox", *words, "b.o@example.com", *more)

    assert code == 5
    assert "HestiaCP would change axna@example.com too" in err
    assert fine[0] == 0
    assert len(panel.written) == 1


def test_a_terminal_of_80_columns_shows_addresses_in_one_piece(panel):
    panel.do("v-suspend-mail-account", "alice", "example.com", "ana")

    shown = at_a_terminal(*PMCTL, "--color", "never", "mailbox", "list", "--all-users")

    lines = [line.split() for line in shown.splitlines()]
    assert lines[1] == [
        "ana@example.com",
        "alice",
        "500",
        "of",
        "2000",
        "(25%)",
        "2",
        "1",
        "suspended",
    ]
    assert lines[2] == ["bo@example.com", "alice", "0"]
    assert len(lines) == 5

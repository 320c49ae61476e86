"""`pmctl mailbox` against a HestiaCP that breaks, refuses or answers nonsense."""

from __future__ import annotations

import json

import pytest

from tests.cli.mailboxes import add, box, names, people


@pytest.fixture(autouse=True)
def _people(panel, monkeypatch):
    people(panel)
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0, 0))


ADD = ["mailbox", "add", "x@example.com", "--generate-password"]


def test_a_mailbox_that_was_made_without_an_answer_is_found_and_not_made_again(pmctl, panel):
    panel.fail("POST:/api/v-add-mail-account:1:cut-after")

    code, out, _ = pmctl(*ADD)

    assert code == 0
    assert len(panel.written) == 1
    assert box(panel, "x@example.com")["password"] in out


def test_one_that_was_not_made_is_told_as_unknown_with_its_password_and_not_repeated(pmctl, panel):
    panel.fail("POST:/api/v-add-mail-account:1:cut-before")

    code, out, err = pmctl(*ADD, "-o", "json")

    (row,) = json.loads(out)
    assert code == 75
    assert not row["ok"]
    assert len(row["password"]) == 20
    (left,) = panel.store.files.values()
    assert left.strip()  # an empty one, read late, would make a mailbox that anybody opens
    assert row["password"] not in left
    assert row["password"] not in err
    assert "x@example.com" not in names(panel)


@pytest.mark.parametrize(
    ("argv", "command", "fine"),
    [
        (["delete", "ana@example.com", "--yes"], "v-delete-mail-account", "deleted"),
        (["quota", "ana@example.com", "--set", "5"], "v-change-mail-account-quota", "5 MB"),
        (["suspend", "ana@example.com"], "v-suspend-mail-account", "suspended"),
        (["alias", "add", "ana@example.com", "x"], "v-add-mail-account-alias", "added"),
        (["alias", "delete", "ana@example.com", "info"], "v-delete-mail-account-alias", "deleted"),
        (["forward", "add", "ana@example.com", "a@b.org"], "v-add-mail-account-forward", "added"),
        (["autoreply", "set", "ana@example.com"], "v-add-mail-account-autoreply", "answers"),
    ],
)
@pytest.mark.parametrize("how", ["cut-after", "cut-before"])
def test_a_change_without_an_answer_is_looked_up(argv, command, fine, how, pmctl, panel):
    panel.fail(f"POST:/api/{command}:1:{how}")

    code, out, err = pmctl("mailbox", *argv, stdin="Away.")

    assert [name for name, _ in panel.commands].count(command) <= 1
    if how == "cut-after":
        assert (code, out.splitlines()[1].rpartition("\t")[2]) == (0, fine)
    else:
        assert (code, out) == (75, "")
        assert "nothing was repeated" in err


@pytest.mark.parametrize("how", ["cut-after", "cut-before"])
def test_whether_a_password_was_set_cannot_be_seen_so_it_is_shown_as_unknown(how, pmctl, panel):
    panel.fail(f"POST:/api/v-change-mail-account-password:1:{how}")

    code, out, err = pmctl("mailbox", "passwd", "ana@example.com", "--generate-password", "-o",
                           "json")  # fmt: skip

    assert code == 75
    assert "twice the same password does no harm" in err
    assert (box(panel, "ana@example.com")["password"] == json.loads(out)[0]["password"]) == (
        how == "cut-after"
    )


def test_the_limit_of_a_package_is_told_in_the_panels_words(pmctl, panel):
    panel.store.users["alice"].conf["MAIL_ACCOUNTS"] = "2"

    code, out, err = pmctl(*ADD)

    assert (code, out) == (1, "")
    assert "MAIL_ACCOUNTS limit is reached" in err
    assert "exit 8" in err
    assert "hint: `pmctl panel-user package`" in err


def test_a_suspended_domain_takes_no_mailbox(pmctl, panel):
    panel.do("v-suspend-mail-domain", "alice", "example.com")

    code, out, err = pmctl(*ADD)

    assert (code, out) == (5, "")
    assert "example.com is suspended" in err


def test_a_refused_login_is_not_tried_again(pmctl, panel, monkeypatch):
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    code, out, err = pmctl("mailbox", "delete", "a@example.com", "b@example.org", "--yes", "--user",
                           "alice")  # fmt: skip

    assert (code, out) == (4, "")
    assert "fail2ban" in err
    assert len(panel.commands) <= 2  # two reads were side by side when the first was refused


def test_a_listing_of_a_refused_login_ends_at_once(pmctl, panel, monkeypatch):
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    code, _, err = pmctl("mailbox", "list", "--all-users")

    assert code == 4
    assert "Invalid secret key" in err
    assert len(panel.commands) == 1


def test_what_cannot_be_listed_is_named_and_the_rest_is_shown(pmctl, panel):
    panel.fail("POST:/api/v-list-mail-accounts:2:exit-1")

    code, out, err = pmctl("mailbox", "list", "--all-users", "--columns", "address")

    assert code == 1
    missing = {"example.com", "example.org", "bob.test"} - {
        line.partition("@")[2] for line in out.splitlines()[1:]
    }
    assert len(missing) == 1
    assert f"the list is not whole: 1 could not be read: {missing.pop()}" in err


def test_half_a_listing_is_not_taken_for_a_whole_one(pmctl, panel):
    for number in range(30):
        add(panel, f"box{number}@bob.test")
    whole = pmctl("mailbox", "list", "bob.test")[1]
    run = panel.hestia.run

    def half(asked, call):
        code, text = run(asked, call)
        long = asked.command == "v-list-mail-accounts" and len(text) > 3000
        return code, text[: len(text) // 2] if long else text

    panel.hestia.run = half
    code, out, err = pmctl("mailbox", "list", "--all-users", "--columns", "address")

    assert len(whole.splitlines()) == 32
    assert code == 1
    assert "bob.test" not in out
    assert "ana@example.com" in out
    assert "bob.test" in err


def test_a_row_that_is_no_valid_json_is_shown_and_named(pmctl, panel):
    box(panel, "ana@example.com")["FWD"] = 'a\\t"b@example.net'

    code, out, err = pmctl("mailbox", "list", "example.com", "--columns", "address,used_mb")

    assert code == 0
    assert out.splitlines()[1:] == ["ana@example.com\t500", "bo@example.com\t0"]
    assert "cannot be trusted for ana@example.com" in err


def test_a_panel_that_is_down_is_not_asked_again_for_each_domain(pmctl, panel):
    for number in range(20):
        panel.do("v-add-mail-domain", "bob", f"d{number}.test")
    panel.fail("POST:/api/v-list-mail-accounts:*:cut-before")

    code, out, err = pmctl("mailbox", "list", "--all-users", "--retries", "0")

    asked = [name for name, _ in panel.commands].count("v-list-mail-accounts")
    assert code == 69
    assert out.count("@") == 0
    assert "no usable answer" in err
    assert asked < 20


def test_a_key_of_one_user_sees_that_user_alone(pmctl, panel, monkeypatch):
    panel.do("v-add-access-key", "alice", "mail-accounts", "of alice", "json")
    key, secret = next((k, v.secret) for k, v in panel.store.keys.items() if v.user == "alice")
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", key)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", secret)

    untold = pmctl("mailbox", "list")
    monkeypatch.setenv("PMCTL_HESTIA_USER", "alice")
    listed = pmctl("mailbox", "list", "--columns", "address", "--no-header")
    counted = pmctl("mailbox", "count", "--columns", "user,mailboxes", "--no-header")
    added = pmctl(*ADD)

    assert untold[0] == 4
    assert "hint: name the user with --user USER" in untold[2]
    assert listed[1].splitlines() == ["ana@example.com", "bo@example.com", "cy@example.org"]
    assert counted[1] == "alice\t3\n"
    assert added[0] == 0
    assert "HestiaCP writes the password into its auth.log" in added[2]
    refused = [name for name, _ in panel.commands]
    assert refused.count("v-list-users") == 1
    assert refused.count("v-search-domain-owner") == 1


def test_an_alias_that_somebody_else_adds_meanwhile_is_fine(pmctl, panel):
    run = panel.hestia.run

    def first(asked, call):
        if asked.command == "v-add-mail-account-alias":
            panel.do("v-add-mail-account-alias", "alice", "example.com", "bo", "help")
        return run(asked, call)

    panel.hestia.run = first
    code, out, _ = pmctl("mailbox", "alias", "add", "bo@example.com", "help")

    assert (code, out.splitlines()[1]) == (0, "help@example.com\tis there already")

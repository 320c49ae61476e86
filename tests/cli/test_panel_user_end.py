"""`pmctl panel-user delete|suspend|unsuspend`, over a stand-in HestiaCP."""

from __future__ import annotations

import io

import pytest

from pmctl.sandbox.hestia_commands import Call
from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import Key
from pmctl.sandbox.request import Request
from pmctl.sandbox.wires import Sent
from tests.conftest import Run
from tests.sandboxes import use_panel


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """What a terminal says."""
        return True


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmctl.clients.panel.PAUSES", (0.0, 0.0))


def test_delete_says_what_goes_and_wants_the_name_typed_back(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    code, out, err = pmctl("panel-user", "delete", "alice")

    assert (code, out) == (64, "")
    assert "1 web domain: example.test" in err
    assert "2 mail domains: example.test, shop.test" in err
    assert "3 mailboxes with their mail" in err
    assert "1 database: alice_shop" in err
    assert "nobody is there to type alice back" in err
    assert panel.written == []


def test_delete_is_read_back(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("panel-user", "delete", "alice", "--yes")

    assert (code, out.splitlines()[1]) == (0, "alice\tdeleted")
    assert "alice" not in panel.store.users
    assert panel.commands[-2:] == [("v-delete-user", ["alice"]), ("v-list-user", ["alice", "json"])]


@pytest.mark.parametrize("command", ["delete", "suspend"])
def test_the_root_user_is_refused_before_anything_is_sent(
    pmctl: Run, panel: HestiaSandbox, command: str
) -> None:
    code, _, err = pmctl("panel-user", command, "bob", "admin", "--yes")

    assert code == 7
    assert "admin is the root user of the panel" in err
    assert panel.commands == []


def test_a_root_user_of_another_name_is_seen_to_be_there_still(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_HESTIA_USER", "chief")  # who we take for the root user

    gone = pmctl("panel-user", "delete", "admin", "--yes")
    shut = pmctl("panel-user", "suspend", "admin", "--yes")

    assert gone[0] == shut[0] == 1
    assert "said that v-delete-user was done, but nothing changed" in gone[2]
    assert "said that v-suspend-user was done, but nothing changed" in shut[2]
    assert [command for command, _ in panel.written] == ["v-delete-user", "v-suspend-user"]
    assert "admin is an admin of the panel" in gone[2]


def test_delete_of_one_who_is_not_there(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("panel-user", "delete", "bob", "nobody", "--yes")
    accepted = pmctl("panel-user", "delete", "bob", "nobody", "--yes", "--if-exists")

    assert code == 3
    assert "no user nobody" in err
    assert accepted[0] == 0
    assert accepted[1].splitlines()[1:] == ["bob\tdeleted", "nobody\tis not there"]
    assert panel.written == [("v-delete-user", ["bob"])]


def test_a_delete_whose_answer_was_lost_is_looked_up(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.fail("POST:/api/v-delete-user:1:cut-after")

    code, out, _ = pmctl("panel-user", "delete", "alice", "--yes")

    assert (code, out.splitlines()[1]) == (0, "alice\tdeleted")
    assert len(panel.written) == 1


def test_a_delete_that_never_arrived_is_unknown_and_not_repeated(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-delete-user:1:cut-before")

    code, _, err = pmctl("panel-user", "delete", "alice", "--yes")

    assert code == 75
    assert "nothing was repeated" in err
    assert "alice" in panel.store.users


def test_suspending_several_goes_on_after_one_that_fails(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-suspend-user", "bob")

    code, out, err = pmctl("panel-user", "suspend", "bob", "nobody", "carol", "--yes")

    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert code == 1
    assert [row[0] for row in rows] == ["bob", "nobody", "carol"]
    assert (rows[0][1], rows[2][1]) == ("already so", "suspended")
    assert "no user nobody" in rows[1][1]
    assert "1 of 3 failed: nobody" in err
    assert panel.store.users["carol"].suspended
    assert panel.written == [("v-suspend-user", ["carol"])]


def test_one_who_was_suspended_meanwhile_is_suspended(pmctl: Run, panel: HestiaSandbox) -> None:
    real = panel.hestia.answer

    def after_somebody_else(request: Request, call: Call | None = None) -> Sent:
        if panel.commands[-1][0] == "v-suspend-user":
            panel.do("v-suspend-user", "bob")
        return real(request, call)

    panel.hestia.answer = after_somebody_else  # type: ignore[method-assign]

    code, out, _ = pmctl("panel-user", "suspend", "bob", "--yes")

    assert (code, out.splitlines()[1]) == (0, "bob\talready so")


def test_a_suspend_that_is_refused_for_another_reason_is_no_success(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-suspend-user:1:exit-5")

    assert pmctl("panel-user", "suspend", "bob", "--yes")[0] == 5


def test_unsuspend_lets_in_again_and_twice_is_fine(pmctl: Run, panel: HestiaSandbox) -> None:
    panel.do("v-suspend-user", "bob")

    first = pmctl("panel-user", "unsuspend", "bob")
    second = pmctl("panel-user", "unsuspend", "bob")

    assert (first[0], second[0]) == (0, 0)
    assert (first[1].splitlines()[1], second[1].splitlines()[1]) == (
        "bob\tunsuspended", "bob\talready so",
    )  # fmt: skip
    assert not panel.store.users["bob"].suspended


def test_suspend_asks_first(pmctl: Run, panel: HestiaSandbox) -> None:
    code, _, err = pmctl("panel-user", "suspend", "bob")

    assert code == 64
    assert "Suspend bob, with websites, mail and databases?" in err
    assert panel.commands == []


def test_names_come_from_stdin_too_and_each_once(pmctl: Run, panel: HestiaSandbox) -> None:
    code, out, _ = pmctl("panel-user", "suspend", "-", "--yes", stdin="bob\n\ncarol\nbob\n")

    assert code == 0
    assert out.splitlines()[1:] == ["bob\tsuspended", "carol\tsuspended"]
    assert pmctl("panel-user", "suspend", "-", "--yes", stdin="\n")[0] == 64


def test_a_refused_login_ends_it_at_once(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "w" * 40)

    code, _, err = pmctl("panel-user", "suspend", "bob", "carol", "alice", "--yes")

    assert code == 4
    assert "2 more not tried" in err
    assert len(panel.requests) == 1


def test_a_command_that_could_not_start_is_no_success_although_nothing_is_said(
    pmctl: Run, panel: HestiaSandbox
) -> None:
    panel.fail("POST:/api/v-delete-user:1:exit--1")  # HTTP 204

    code, _, err = pmctl("panel-user", "delete", "bob", "--yes")

    assert code == 1
    assert "the server could not run the command" in err
    assert "bob" in panel.store.users


def test_a_billing_key_deletes_and_changes_packages_with_one_refusal_at_most(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.store.keys["B" * 20] = Key("s" * 40, "admin", ("billing",))
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", "B" * 20)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    package = pmctl("panel-user", "package", "bob", "system")
    refused = panel.access.refused
    gone = pmctl("panel-user", "delete", "alice", "--yes")
    again = pmctl("panel-user", "delete", "bob", "--yes")

    assert package[0] == gone[0] == again[0] == 0
    assert "the key may not read packages" in package[2]
    assert "  - mail domains: 2\n" in gone[2]
    assert "  - mailboxes: 3\n" in gone[2]
    assert refused == 1
    assert panel.access.refused == 2  # each refusal is remembered: fail2ban counts them
    assert set(panel.store.users) == {"admin", "carol"}


def test_a_key_without_the_permission_is_told_which_it_lacks(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.store.keys["B" * 20] = Key("s" * 40, "admin", ("billing",))
    monkeypatch.setenv("PMCTL_HESTIA_ACCESS_KEY", "B" * 20)
    monkeypatch.setenv("PMCTL_HESTIA_SECRET_KEY", "s" * 40)

    code, _, err = pmctl("panel-user", "contact", "alice", "new@example.test")

    assert code == 4
    assert "permission to run the command v-change-user-contact" in err
    assert "give the key the command" in err


def test_by_password_a_user_is_shut_out_and_deleted_too(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_panel(panel, monkeypatch, key=False)

    shut = pmctl("panel-user", "suspend", "bob", "bob", "--yes")
    gone = pmctl("panel-user", "delete", "bob", "--yes")
    nobody = pmctl("panel-user", "delete", "bob", "--yes")

    assert (shut[0], gone[0], nobody[0]) == (0, 0, 3)
    assert "bob" not in panel.store.users


@pytest.mark.parametrize(("typed", "code"), [("alice\n", 0), ("y\n", 1), ("Alice\n", 1)])
def test_at_a_terminal_the_name_is_typed_back(
    pmctl: Run, panel: HestiaSandbox, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(io, "StringIO", Terminal)
    monkeypatch.setenv("NO_COLOR", "1")

    found, _, err = pmctl("panel-user", "delete", "alice", stdin=typed)

    assert found == code
    assert "type alice to delete it with all that: " in err
    assert ("alice" in panel.store.users) is bool(code)

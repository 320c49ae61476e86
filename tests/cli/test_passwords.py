"""Where passwords come from, and that a generated one is never lost."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pmctl.cli import passwords
from pmctl.cli.passwords import Passwords
from pmctl.clients import panel_passwords
from pmctl.clients.panel_passwords import PasswordFile
from pmctl.errors import PmctlError, UsageError, redact


def test_generated_passwords_are_long_and_hold_nothing_that_looks_alike():
    made = {passwords.generated() for _ in range(200)}

    assert len(made) == 200
    assert all(len(one) == 20 and not panel_passwords.flaw(one) for one in made)
    assert not set("".join(made)) & set("0O1lI")
    last = passwords.generated()
    assert redact(f"x {last}") == "x ***"


@pytest.mark.parametrize(
    ("password", "wrong"),
    [("short", "less than 8"), ("with\ttab-x", "control"), (" blank-before", "blank"),
     ("blank-after ", "blank"), ("/tmp/secret-file", "name of a file"), ("", "less than 8")],
)  # fmt: skip
def test_a_password_that_the_panel_would_take_otherwise_is_refused(password, wrong):
    with pytest.raises(UsageError, match=wrong) as caught:
        passwords.check(password)
    assert not password or password not in caught.value.message


@pytest.mark.parametrize("password", ["correct horse", 'it\'s "100%" $HOME `x`', "пароль-длинный"])
def test_any_other_password_is_taken(password):
    assert passwords.check(password) == password


def test_stdin_has_a_line_for_each_name(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("first-password\nsecond-password\n"))
    given = Passwords(["a", "b"], stdin=True, generate=False)

    assert [given.of("b").value, given.of("a").value] == ["second-password", "first-password"]
    assert given.of("a").shown == ""


def test_too_few_lines_on_stdin_are_refused(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("first-password\n"))
    with pytest.raises(UsageError, match="1 lines for 2"):
        Passwords(["a", "b"], stdin=True, generate=False)


def test_without_a_terminal_and_an_option_there_is_no_password(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(UsageError, match="no password"):
        Passwords(["a"], stdin=False, generate=False)
    with pytest.raises(UsageError, match="exclude each other"):
        Passwords(["a"], stdin=True, generate=True)
    with pytest.raises(UsageError, match="is for --generate-password"):
        Passwords(["a"], stdin=True, generate=False, file_out="x")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_prompt_asks_twice(monkeypatch):
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(sys, "stderr", _Terminal())
    typed = iter(["long-enough", "long-enough", "long-enough", "other-thing"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    given = Passwords(["a"], stdin=False, generate=False)

    assert given.of("a").value == "long-enough"
    with pytest.raises(UsageError, match="not the same"):
        given.of("a")


def test_a_generated_password_is_in_the_file_before_it_is_used(tmp_path: Path):
    path = tmp_path / "passwords.csv"
    given = Passwords(["a@x.com"], stdin=False, generate=True, file_out=str(path))

    made = given.of("a@x.com")

    assert path.read_text() == f"a@x.com,{made.value}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.shown == ""


def test_a_name_that_is_in_the_file_keeps_its_password(tmp_path: Path):
    path = tmp_path / "passwords.csv"
    first = PasswordFile(str(path)).of("a", passwords.generated)

    again = PasswordFile(str(path))

    assert again.of("a", lambda: "another") == first
    assert again.of("b", lambda: 'with,"quotes"') == 'with,"quotes"'
    assert PasswordFile(str(path)).of("b", lambda: "another") == 'with,"quotes"'


def test_half_a_line_that_a_crash_left_is_no_password(tmp_path: Path):
    path = tmp_path / "passwords.csv"
    path.write_text("a,whole-password\nb,hal")
    path.chmod(0o600)

    kept = PasswordFile(str(path))

    assert kept.of("b", lambda: "new-password") == "new-password"
    assert path.read_text() == "a,whole-password\nb,new-password\n"


def test_a_file_that_others_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "passwords.csv"
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        PasswordFile(str(path))


def test_a_file_of_something_else_is_left_alone(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("one, two, three\n")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no file of passwords"):
        PasswordFile(str(path))
    assert path.read_text() == "one, two, three\n"


def test_where_nothing_can_be_written_nothing_is_sent(tmp_path: Path):
    with pytest.raises(PmctlError, match="cannot be written"):
        PasswordFile(str(tmp_path / "nowhere" / "passwords.csv"))

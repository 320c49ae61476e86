"""Asking before something that cannot be taken back."""

from __future__ import annotations

import io
import sys

import pytest
import typer

from pmctl.cli.ask import agreed, typed_back
from pmctl.errors import UsageError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """What a terminal says."""
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


@pytest.mark.parametrize("typed", ["y\n", "YES\n"])
def test_yes_goes_on(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _terminal(monkeypatch, typed)
    agreed("Delete \x1bx?", yes=False)
    assert shown.getvalue() == "Delete \\x1bx? [y/N] "


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yes please\n"])
def test_anything_else_ends_with_1(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _terminal(monkeypatch, typed)
    with pytest.raises(typer.Exit) as ended:
        agreed("Delete x?", yes=False)
    assert ended.value.exit_code == 1
    assert shown.getvalue().endswith("nothing was done\n")


def test_yes_said_before_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _terminal(monkeypatch, "n\n")
    agreed("Delete x?", yes=True)
    assert shown.getvalue() == ""


def test_without_a_terminal_it_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as refused:
        agreed("Delete x?", yes=False)
    assert "--yes" in refused.value.hint


def test_a_name_that_is_typed_back_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _terminal(monkeypatch, "example.com\n")
    typed_back("example.com", "delete it", yes=False)
    assert shown.getvalue() == "type example.com to delete it: "


@pytest.mark.parametrize("typed", ["example.org\n", "y\n", ""])
def test_another_name_ends_with_1(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _terminal(monkeypatch, typed)
    with pytest.raises(typer.Exit) as ended:
        typed_back("example.com", "delete it", yes=False)
    assert ended.value.exit_code == 1


def test_a_name_is_not_asked_for_without_a_terminal_or_after_yes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("example.com\n"))
    typed_back("example.com", "delete it", yes=True)
    with pytest.raises(UsageError, match="nobody is there"):
        typed_back("example.com", "delete it", yes=False)

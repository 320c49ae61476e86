"""Where the password of something new comes from: stdin, a prompt, or pmctl itself; never argv.

HestiaCP's API has no policy of its own: it takes one character and, for mailboxes and databases,
none at all (seen on HestiaCP 1.9.9). So ours is kept here.
"""

from __future__ import annotations

import secrets as random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.clients.panel_passwords import flaw
from pmctl.errors import OutcomeUnknown, UsageError, hide

if TYPE_CHECKING:
    from pmctl.clients.panel_passwords import PasswordFile

SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks alike
LENGTH = 20  # of 56 signs: 116 bits

PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin, one line for each name."),
]
GeneratePassword = Annotated[
    bool, typer.Option("--generate-password", help="Make one up; it is printed once.")
]
PasswordFileOut = Annotated[
    str,
    typer.Option(
        "--password-file-out",
        metavar="FILE",
        help="With --generate-password: into a file of mode 0600 instead.",
    ),
]


@dataclass(frozen=True, repr=False)
class Given:
    """A password. `shown` is what the results print: a generated one that is in no file, or ""."""

    value: str
    shown: str = ""


class Passwords:
    """How one command gets its passwords; `names` are what they are for, in order.

    Nothing is asked for before the first is needed. Raises UsageError for options that do not go
    together, and when there is no way to get one.
    """

    def __init__(
        self, names: Sequence[str], *, stdin: bool, generate: bool, file_out: str = ""
    ) -> None:
        if stdin and generate:
            raise UsageError("--password-stdin and --generate-password exclude each other")
        if file_out and not generate:
            raise UsageError("--password-file-out is for --generate-password", hint="add it")
        if not (stdin or generate or (sys.stdin.isatty() and sys.stderr.isatty())):
            raise UsageError(
                "there is no password, and no terminal to ask for one at",
                hint="--generate-password makes one up, --password-stdin reads one",
            )
        self._names = list(names)
        self._generate = generate
        self._file: PasswordFile | None = None
        self._lines = self._read() if stdin else {}
        if file_out:
            from pmctl.clients.panel_passwords import PasswordFile

            self._file = PasswordFile(file_out)

    def of(self, name: str) -> Given:
        """Return the password for a name. One that goes into a file is there on disk already."""
        if name in self._lines:
            return Given(self._lines[name])
        if not self._generate:
            return Given(_asked(name))
        if self._file is None:
            value = generated()
            return Given(value, shown=value)
        return Given(self._file.of(name, generated))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _read(self) -> dict[str, str]:
        """Read a line for each name. Nothing else than what ends a line is taken off."""
        lines = sys.stdin.read().splitlines()
        if len(lines) != len(self._names):
            raise UsageError(
                f"stdin has {len(lines)} lines for {len(self._names)} passwords",
                hint="one line for each, in the order of the names",
            )
        hide(lines)
        for line in lines:
            check(line)
        return dict(zip(self._names, lines, strict=True))


@contextmanager
def telling(
    row: Mapping[str, Any], result: str, given: Given, columns: Sequence[str]
) -> Iterator[None]:
    """Show what got a password, with that one when it was made up and is in no file.

    It is shown, as `unknown`, also when the answer did not come: it may be the one in force.
    """
    columns = [*columns, *(["password"] if given.shown else [])]
    known = {**dict.fromkeys(columns), "password": given.shown}
    try:
        yield
    except OutcomeUnknown:
        if given.shown:
            output.show([{**known, **row, "result": "unknown"}], columns)
        raise
    output.show([{**known, **row, "result": result}], columns)


def generated() -> str:
    """Return a new password, with a lower and an upper letter and a digit in it."""
    while True:
        value = "".join(random.choice(SIGNS) for _ in range(LENGTH))
        if all(any(map(kind, value)) for kind in (str.islower, str.isupper, str.isdigit)):
            hide([value], passing=True)
            return value


def check(password: str) -> str:
    """Return a password that may be used. Raises UsageError, which does not say it."""
    if wrong := flaw(password):
        raise UsageError(f"the password {wrong}", hint="nothing was done; choose another")
    return password


def _asked(name: str) -> str:
    from pmctl.secrets import ask

    value = check(ask(f"password for {name}: "))
    if ask("again: ") != value:
        raise UsageError("the two are not the same", hint="nothing was done; try again")
    hide([value])
    return value

"""Asking a person before something is done that cannot be taken back."""

from __future__ import annotations

import sys

import typer

from pmctl import output
from pmctl.errors import UsageError


def agreed(question: str, *, yes: bool) -> None:
    """Return when the person agrees, or when --yes said so before.

    Raises UsageError without a terminal to ask at, and Exit(1) when the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"{question} Nobody is there to answer, so nothing was done",
            hint="--yes answers yes, --dry-run only shows what would be done",
        )
    sys.stderr.write(f"{output.clean(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        output.note("nothing was done")
        raise typer.Exit(1)


def typed_back(name: str, what: str, *, yes: bool) -> None:
    """Return when the person typed `name` to have `what` done, or when --yes said so before.

    Raises UsageError without a terminal to ask at, and Exit(1) when something else was typed.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"nobody is there to type {name} back, so nothing was done",
            hint="--yes says that it is meant, --dry-run only shows what would be done",
        )
    sys.stderr.write(f"type {output.clean(name)} to {what}: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        output.note("nothing was changed")
        raise typer.Exit(1)

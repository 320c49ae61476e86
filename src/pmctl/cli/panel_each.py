"""Commands over HestiaCP that take several names, one after another, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pmctl import output
from pmctl.errors import NotAllowed, PmctlError, Unreachable

if TYPE_CHECKING:
    from pmctl.cli.passwords import Given

Row = dict[str, Any]


def do_each(
    label: str, names: Sequence[str], work: Callable[[str], Row], columns: Sequence[str]
) -> None:
    """Do `work` for each name in turn and show its row; the first of `columns` is the name's.

    One that fails does not stop the rest, unless the server cannot be reached or refuses: then
    the rest would fail too, and its fail2ban counts. Raises what went wrong with a single name,
    else PmctlError that names those that failed.
    """
    rows: list[Row] = []
    failed: list[str] = []
    over: PmctlError | None = None
    with output.progress(label, len(names)) as advance:
        for name in names:
            try:
                row = work(name)
            except PmctlError as exc:
                if len(names) == 1:
                    raise
                row = {columns[0]: name, "result": exc.message}
                failed.append(name)
                if isinstance(exc, NotAllowed | Unreachable):
                    over = exc
            rows.append({**dict.fromkeys(columns), **row})
            advance()
            if over:
                break
    output.show(rows, columns)
    if over:
        left = len(names) - len(rows)
        over.message += f"; {left} more not tried" * bool(left)
        raise over
    if failed:
        raise PmctlError(
            f"{len(failed)} of {len(names)} failed: {', '.join(failed)}",
            hint="the column `result` says why; the others are done",
        )


def show_made(row: Row, given: Given, columns: Sequence[str]) -> None:
    """Show what got a password, with that one when it was made up and is in no file."""
    if given.shown:
        row, columns = {**row, "password": given.shown}, [*columns, "password"]
    output.show([row], columns)

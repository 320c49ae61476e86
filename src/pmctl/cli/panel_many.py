"""Commands over HestiaCP that take several names: done one after another, each failure named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pmctl import output
from pmctl.errors import NotAllowed, PmctlError, Unreachable, UsageError, redact

Item = TypeVar("Item")


@dataclass(frozen=True)
class Done:
    """What became of one thing. `password` is a generated one that is kept nowhere else.

    `more` is what else is shown of it, by column.
    """

    name: str
    result: str
    password: str = ""
    ok: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)


def named(words: Sequence[str], noun: str) -> list[str]:
    """Return the names of a command line; `-` stands for the lines of stdin. Each comes once."""
    found = [word for word in words if word != "-"]
    if "-" in words:
        found += [line.strip() for line in sys.stdin if line.strip()]
    if not found:
        raise UsageError(f"no {noun} is named", hint="name some, or - to read them from stdin")
    return list(dict.fromkeys(found))


def do_each(
    label: str,
    items: Sequence[Item],
    work: Callable[[Item], Done],
    *,
    column: str,
    more: Sequence[str] = (),
    lost: Callable[[Item], str] = lambda _: "",
) -> None:
    """Do something with each item and show a row for each; `column` is how `name` is called.

    `more` are the columns of what else is shown.

    The first failure that would meet the others too ends it. Only one item fails as itself. `lost`
    returns a password that must be shown although the item failed. Raises PmctlError.
    """
    rows: list[Done] = []
    failed: list[PmctlError] = []
    ended = False
    try:
        with output.progress(label, len(items)) as advance:
            for item in items:
                try:
                    rows.append(work(item))
                except PmctlError as exc:
                    failed.append(exc)
                    rows.append(Done(str(item), redact(exc.message), lost(item), ok=False))
                    ended = ends(exc)
                    if ended:
                        break
                advance()
    finally:  # also after Ctrl-C: what was done is said, with its password
        alone = len(items) == 1 and failed
        shown = [row for row in rows if row.ok or row.password or not alone]
        _show(shown, column, more)
    if not failed:
        return
    if alone or ended:
        left = len(items) - len(rows)
        if left:
            failed[-1].message += f"; {left} more not tried"
        raise failed[-1]
    bad = [row.name for row in rows if not row.ok]
    raise PmctlError(
        f"{len(bad)} of {len(items)} failed: {', '.join(bad[:5])}{', ...' * (len(bad) > 5)}",
        hint="the column `result` says why; the others are done",
    )


def ends(exc: PmctlError) -> bool:
    """Tell whether a failure would meet the next one too: a refused login, no server."""
    return isinstance(exc, NotAllowed | Unreachable)


def _show(rows: list[Done], column: str, more: Sequence[str]) -> None:
    passwords = any(row.password for row in rows)
    columns = [column, *more, "result", *(["password"] if passwords else [])]
    records = ({**dict.fromkeys(more), **row.more, column: row.name, "result": row.result,
                "password": row.password, "ok": row.ok} for row in rows)  # fmt: skip
    if rows or output.asked():
        output.show(records, columns)

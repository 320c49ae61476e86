"""What the groups over HestiaCP share: whose things, what the panel warned of, what was odd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.common import context_of

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

USERS = "panel-users"  # names kept for completion

User = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="USER",
        help="The panel user who owns it; looked up without.",
        autocompletion=names.completing(USERS),
    ),
]
AllUsers = Annotated[bool, typer.Option("--all-users", help="Of every user of the panel.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@contextmanager
def panel_of(ctx: typer.Context) -> Iterator[Panel]:
    """Yield the panel; afterwards, however it went, say what it warned of meanwhile."""
    panel = context_of(ctx).panel
    try:
        yield panel
    finally:
        for warning in dict.fromkeys(panel.hestia.warnings):
            output.warn(warning)
        panel.hestia.warnings.clear()


def odd(what: str, rows: Iterable[str]) -> None:
    """Say which rows of a listing were no valid JSON; they are shown nevertheless."""
    found = ", ".join(dict.fromkeys(rows))
    if found:
        output.warn(f"HestiaCP's {what} cannot be trusted for {found}: it is no valid JSON there")


def unlimited(rows: Iterable[Any], *fields: str) -> Iterator[dict[str, Any]]:
    """Yield rows for `output.show`: for people, and in CSV, None in a limit reads `unlimited`."""
    told = output.asked() in (None, output.Format.csv)
    for row in rows:
        record = output.plain(row)
        if told:
            record |= {name: "unlimited" for name in fields if record[name] is None}
        yield record

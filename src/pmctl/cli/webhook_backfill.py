"""`pmctl webhook backfill`: fetch from Mautic's tables what no webhook brought."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Annotated

import typer

from pmctl import output
from pmctl.cli.common import Printing, context_of, group

app = group("Events from Mautic's tables.")


@app.command("backfill", cls=Printing)
def backfill(
    ctx: typer.Context,
    since: Annotated[
        str,
        typer.Option("--since", metavar="DAY", help="From this day on: 2026-11-01, 7d, 4w, today."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what Mautic has, write nothing.")
    ] = False,
) -> None:
    """Fill the holes that lost webhooks left, out of Mautic's own tables.

    Examples:
      pmctl webhook backfill --since 7d
      pmctl webhook backfill --since 2026-11-01 --dry-run

    Mautic forgets an event after any answer of the receiver, and in its default mode also when
    the receiver is away. Its tables still have what was sent, opened, clicked and submitted, who
    wants no more mail, and replies, which no webhook tells. What is here already is not counted
    again, however often this runs; when it is interrupted, the same command goes on where it was.

    The tables lack the address of who unsubscribed and the program that opened a mail. Changes of
    contacts, points, segments and companies cannot be fetched again.
    """
    from pmctl.clients import webhook_backfill
    from pmctl.clients.stats_periods import day
    from pmctl.paths import state_home

    first = day(since, datetime.datetime.now(datetime.UTC).date(), "--since")
    begin = datetime.datetime.combine(first, datetime.time(), datetime.UTC)
    context = context_of(ctx)
    file = state_home() / "webhook" / f"{context.config.context}.backfill.json"
    cursors = {} if dry_run else _read(file)
    found = []
    with output.progress("filling", len(webhook_backfill.SOURCES)) as advance:
        database = None if dry_run else context.database()
        for filled in webhook_backfill.backfill(
            context.mautic, database, begin, cursors, lambda: _keep(file, cursors)
        ):
            found.append(filled)
            advance()
    if not dry_run:
        file.unlink(missing_ok=True)
    output.show(found, ["table", "events", "rows", "new", "known"])


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _keep(file: Path, cursors: dict[str, str]) -> None:
    from pmctl.files import write_atomic

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(file, json.dumps(cursors))

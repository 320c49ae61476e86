"""`pmctl stats adopt`: events of no Mautic become those of this context's."""

from __future__ import annotations

from typing import Annotated

import typer

from pmctl import audit, output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Command, context_of, group
from pmctl.errors import ConfigError

app = group("Events of no Mautic.")


@app.command("adopt", cls=Command)
def adopt(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many there are, change nothing.")
    ] = False,
) -> None:
    """Take over events that were received without mautic.url.

    Examples:
      pmctl stats adopt --dry-run
      pmctl --context production stats adopt

    In a database without tenants each Mautic has its events by its address, mautic.url; what a
    receiver stores that has no such setting is of none. Where only one Mautic is known, and nothing
    of it is there yet, this happens by itself. All of them are taken or none; who writes events
    waits meanwhile. An event that is here already is not counted again.
    """
    from pmctl.clients import stats_mautics

    context = context_of(ctx)
    database = context.database(adopting=False)
    if not database.mautic:
        raise ConfigError(
            "whose would they be? mautic.url is not set, or niledb.tenant_id says whose all are",
            hint="`pmctl config set mautic.url URL`",
        )
    count = stats_mautics.nameless(database)
    if not count:
        output.note("there are none")
        return
    if dry_run:
        output.note(f"{count:,} events would become those of {database.mautic}")
        return
    agreed(f"Take {count:,} events for those of {database.mautic}?", yes=yes)
    taken = stats_mautics.adopt(database)
    audit.record(context.config.context, ["stats", "adopt"], database.mautic, "ok", events=taken)
    output.note(f"{taken:,} events are those of {database.mautic} now")

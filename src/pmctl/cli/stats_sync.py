"""`pmctl stats sync`: learn which step each event and email of Mautic belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Printing, context_of, group

if TYPE_CHECKING:
    from pmctl.clients.stats_steps import StepRow

app = group("The names of steps.")


@app.command("sync", cls=Printing)
def sync(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what was found.")] = False,
) -> None:
    """Learn from Mautic which step each event and email belongs to.

    Examples:
      pmctl stats sync
      pmctl stats sync --dry-run -o json

    Mautic's webhooks say only the number of a campaign's event. `pmctl campaign apply` notes the
    names by itself; this is for campaigns that were made before, or in Mautic's builder (those go
    by their id and the names of their events). Steps that are gone keep theirs.
    """
    from pmctl.clients import stats_steps

    context = context_of(ctx)
    client = context.campaign
    wanted = client.all()
    known: list[list[StepRow]] = []
    with output.progress("asking", len(wanted)) as advance:
        for rows in stats_steps.of_all(client, wanted):
            known.append(rows)
            advance()
    if not dry_run:
        stats_steps.write(common.stats_of(ctx).database, (row for rows in known for row in rows))
    names.remember("campaigns", [rows[0].key for rows in known if rows])
    if not any(known):
        output.note("Mautic has no campaign with a step")
    output.show(
        [
            common.safe({
                "key": rows[0].key, "campaign_id": rows[0].campaign_id, "name": rows[0].name,
                "steps": len({row.step for row in rows}),
                "emails": len({row.email_id for row in rows} - {0}),
            })
            for rows in known if rows
        ],
        ["key", "campaign_id", "name", "steps", "emails"],
    )  # fmt: skip

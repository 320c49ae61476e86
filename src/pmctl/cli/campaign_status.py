"""`pmctl campaign status`: every campaign of this context at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.campaign_values import Variables, VarsFiles, values
from pmctl.cli.common import Printing, context_of, group

if TYPE_CHECKING:
    from pmctl.clients.campaign_status import Status
    from pmctl.context import Context

app = group("Campaigns at a glance.")


@app.command("status", cls=Printing)
def status(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILES...]", help="Files to compare with, for the drift."),
    ] = None,
    variables: Variables = None,
    vars_files: VarsFiles = None,
) -> None:
    """Show every campaign of this context at a glance.

    Examples:
      pmctl campaign status
      pmctl campaign status campaigns/
      pmctl campaign status -o json

    waiting counts the steps that are scheduled for somebody. Whether a campaign drifted from its
    file is known only when the files are given; without them it says unknown.
    """
    context = context_of(ctx)
    drift = _drift(context, paths, values(ctx, variables, vars_files)) if paths else None
    columns = ["key", "published", "members", "waiting", "changed", "drift", "retired"]
    output.show(_rows(context, drift), columns)


def _rows(context: Context, drift: dict[str, str] | None) -> Iterator[Status]:
    from pmctl.clients.campaign_status import statuses

    client = context.campaign
    ours = sum(one.env == client.env for one in client.marked)
    if not ours:
        output.note(f"no campaigns of context {client.env}")
    with output.progress("looking", ours) as advance:
        for one in statuses(client, drift):
            advance()
            yield one


def _drift(context: Context, paths: list[str], variables: dict[str, str]) -> dict[str, str]:
    """Return for each key that a file describes whether Mautic differs from it."""
    from pmctl.cli.campaign_changes import Work, planned

    plans = planned(context, Work.of(paths, variables), takeover=False)
    return {one.key: "yes" if one.changes else "no" for one in plans}

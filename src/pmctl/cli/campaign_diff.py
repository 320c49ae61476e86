"""`pmctl campaign diff`: the plan for cron, silent while there is nothing to say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.campaign import Files
from pmctl.cli.campaign_values import Variables, VarsFiles, values
from pmctl.cli.common import Printing, context_of, group

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.context import Context

app = group("Differences between files and Mautic.")


@app.command("diff", cls=Printing)
def diff(
    ctx: typer.Context,
    paths: Files,
    all_: Annotated[
        bool, typer.Option("--all", help="Name campaigns that no file describes, too.")
    ] = False,
    variables: Variables = None,
    vars_files: VarsFiles = None,
) -> None:
    """Say what differs from Mautic, and nothing when nothing does; for cron.

    Examples:
      pmctl campaign diff campaigns/ || mail -s drift ana@example.com
      pmctl campaign diff campaigns/ --all -o json

    It reads only. It ends with 0 when nothing differs, with 2 when something does, and with the
    code of the error when a file or a campaign cannot be read. A campaign of this context without
    a file is a difference with --all; it is named and nothing else: a missing file never deletes.
    `campaign destroy` retires it.
    """
    if _differences(context_of(ctx), paths, values(ctx, variables, vars_files), others=all_):
        raise typer.Exit(2)


def _differences(
    context: Context, paths: list[str], variables: dict[str, str], *, others: bool
) -> int:
    """Show what differs; return how many campaigns do."""
    from pmctl.cli.campaign_changes import Work, planned
    from pmctl.sequence import report
    from pmctl.sequence.plan_document import document

    work = Work.of(paths, variables)
    number = 0

    def found() -> Iterator[dict[str, Any]]:
        nonlocal number
        keys = set()
        for one in planned(context, work, takeover=False):
            keys.add(one.key)
            if one.changes:
                number += 1
                text = report.plan_text(one, output.paint)
                yield {"text": text, **document(one)}
        for lost in _undescribed(context.campaign, keys) if others else ():
            number += 1
            yield _row(lost)

    if output.asked() is not None:
        rows = ({name: row[name] for name in row if name != "text"} for row in found())
        output.show(rows, ["key", "action", "campaign_id", "path"])
    else:
        for row in found():
            sys.stdout.write(row["text"])
    return number


def _undescribed(client: Campaigns, keys: set[str]) -> list[Listed]:
    """Return our campaigns that are in service and in no file."""
    ours = [one for one in client.marked if one.env == client.env and not one.retired]
    return [one for one in ours if one.key not in keys]


def _row(lost: Listed) -> dict[str, Any]:
    return {
        "text": f"{output.clean(lost.key)} (campaign {lost.id}) is described by no file\n",
        "key": lost.key,
        "action": "undescribed",
        "name": lost.name,
        "path": "",
        "campaign_id": lost.id,
        "changes": [],
        "dangers": [],
    }

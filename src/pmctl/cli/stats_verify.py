"""`pmctl stats verify`: the counters against a recount of the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import audit, output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Printing, context_of, group

if TYPE_CHECKING:
    from pmctl.clients.stats_verify import Difference

app = group("The counters.")

_COLUMNS = ["table", "day", "step", "email", "type", "agent", "contact", "kept", "counted"]


@app.command("verify", cls=Printing)
def verify(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put the recount in place of what differs.")
    ] = False,
) -> None:
    """Count all events anew and show where the counters differ.

    Examples:
      pmctl stats verify
      pmctl stats verify --repair
      pmctl stats verify -o json

    Reads every event: some seconds a million. Nothing differs unless somebody changed the tables
    by hand. With --repair who writes events waits meanwhile. Exit code 2 when something differs
    and was not repaired.
    """
    from pmctl.clients import stats_verify

    context = context_of(ctx)
    database = context.database()
    found = stats_verify.repair(database) if repair else stats_verify.differences(database)
    output.show([common.safe(_row(one)) for one in found], _COLUMNS)
    if not found:
        output.note("the counters are what the events say")
    elif repair:
        audit.record(context.config.context, ["stats", "verify", "--repair"], "counters", "ok")
        output.note(f"{len(found)} rows put right")
    else:
        output.note(f"{len(found)} rows differ; --repair puts them right")
        raise typer.Exit(2)


def _row(one: Difference) -> dict[str, Any]:
    key = one.key
    return {
        "table": one.table, "day": _text(key.get("day")), "step": key["campaign_event_id"],
        "email": key["email_id"], "type": key["event_type"], "agent": key["agent"],
        "contact": key.get("contact_id"), "kept": _text(one.kept), "counted": _text(one.counted),
    }  # fmt: skip


def _text(value: Any) -> str:
    """A count as `events/contacts`, a moment as it is written."""
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    return "" if value is None else str(value)

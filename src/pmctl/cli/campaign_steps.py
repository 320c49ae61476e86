"""The names of the steps just written, noted for `pmctl stats` where there is a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmctl import output
from pmctl.errors import PmctlError

if TYPE_CHECKING:
    from pmctl.context import Context

WITHIN_SECONDS = 3.0  # an apply is not to wait longer for what `stats sync` can do later


def note(context: Context) -> None:
    """Note what this run wrote, in one statement. Never fails: says so when it could not."""
    written = context.campaign.written
    if not written or not context.has_database():
        return
    from pmctl.clients import stats_steps

    try:
        stats_steps.write(context.database(), written, within=WITHIN_SECONDS)
    except PmctlError as exc:
        output.note(f"stats cannot name these steps yet: {exc.message}")
        output.note("`pmctl stats sync` teaches it their names later")

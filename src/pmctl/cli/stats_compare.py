"""`pmctl stats campaign KEY --compare mautic`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pmctl import output
from pmctl.cli import stats_common as common
from pmctl.cli.common import context_of
from pmctl.clients.stats_periods import Period
from pmctl.errors import UsageError

if TYPE_CHECKING:
    import typer


class With(StrEnum):
    """Whose figures may be put beside ours."""

    mautic = "mautic"


def show(ctx: typer.Context, key: str, asked: Period) -> None:
    """Show sent, opened and clicks of each step, as both count them."""
    from pmctl.clients.stats_compare import compare

    if not asked.whole:
        hint = "leave out --since and --until"
        raise UsageError("figures are compared with Mautic's of all time only", hint=hint)
    stats = common.stats_of(ctx)
    steps = stats.campaign(key)
    found = list(compare(context_of(ctx).campaign, steps, stats.of_steps(steps, asked)))
    if any(one.missing > 0 for one in found):
        output.note("events are missing here; `pmctl webhook backfill` fetches them from Mautic")
    columns = ["step", "metric", "ours", "mautic", "missing"]
    records = [common.safe(one) for one in found]
    output.show(common.aligned(records) if output.asked() is None else records, columns)

"""`pmctl stats steps`: a campaign step by step, as a funnel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.charts import terminal
from pmctl.cli import stats_common as common
from pmctl.cli.common import Printing, group
from pmctl.clients.stats_figures import Agent
from pmctl.clients.stats_funnel import Stage, stages
from pmctl.clients.stats_math import lasting, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmctl.clients.stats import Stats
    from pmctl.clients.stats_figures import Counts
    from pmctl.clients.stats_periods import Period
    from pmctl.clients.stats_steps import StepRow

app = group("A campaign step by step.")
_TYPES = ("sent", "opened", "clicked", "replied", "bounced", "unsubscribed")
WIDTH = 34  # of the longest bar


@app.command("steps", cls=Printing)
def steps(
    ctx: typer.Context,
    key: common.Key,
    since: common.Since = None,
    until: common.Until = None,
    agent: common.AgentOption = Agent.all,
    variants: Annotated[
        bool, typer.Option("--variants", help="A row for each text of an A/B step.")
    ] = False,
    watch: common.Watch = False,
    every: common.Every = 5,
    explain: common.Explain = False,
) -> None:
    """Show a campaign step by step, as a funnel.

    Examples:
      pmctl stats steps welcome
      pmctl stats steps welcome --variants --since 30d
      pmctl stats steps welcome -o json

    Steps go by their ids in the file. A step that the file no longer has keeps its figures
    (`live` is false). The time to open, median and 90th percentile, is of all time.
    """
    common.answer(
        ctx, lambda stats, period: _steps(stats, key, period, agent, variants=variants),
        since=since, until=until, explain=explain, watch=watch, every=every,
    )  # fmt: skip


def _steps(stats: Stats, key: str, period: Period, agent: Agent, *, variants: bool) -> None:
    rows = stats.campaign(key)
    period = stats.closed(period, common.today())
    found = stages(rows, stats.of_steps(rows, period), variants=variants)
    if not any(stage.counts for stage in found):
        common.show_none(stats, period, rows)
        return
    times = stats.time_to_open(rows, agent)
    unnamed = stats.unnamed(period)
    records = [_record(stage, agent, times, unnamed) for stage in found]
    output.note(f"{rows[0].name} ({rows[0].key}), {period.words}; days are UTC")
    if output.asked() is not None:
        output.show(map(common.safe, records), list(records[0]))
        return
    table = [_shown(record, variants=variants) for record in records]
    output.show(common.aligned(table), list(table[0]))
    if sys.stdout.isatty():
        output.show_text(f"\n{drawn(found, agent)}", dict)


def _record(
    stage: Stage,
    agent: Agent,
    times: Mapping[str, tuple[int, float, float]],
    unnamed: Counts,
) -> dict[str, Any]:
    record: dict[str, Any] = {"step": stage.step, "variant": stage.variant, "live": stage.live}
    record |= common.counted(stage.counts, _TYPES, agent, unnamed)
    for name, part, whole in _RATES:
        found = share(record[part], record[whole], whole)
        record |= {name: found.rate, f"{name}_low": found.low, f"{name}_high": found.high}
        record[f"{name}_verdict"] = found.verdict
    count_, median, p90 = times.get(stage.step, (0, None, None))
    timed = {"timed": count_, "median_seconds_to_open": median, "p90_seconds_to_open": p90}
    return record | timed


_RATES = (
    ("open_rate", "opened", "sent"),
    ("click_rate", "clicked", "sent"),
    ("click_to_open", "clicked", "opened"),
    ("reply_rate", "replied", "sent"),
)


def _shown(record: dict[str, Any], *, variants: bool) -> dict[str, str]:
    called = record["step"] + ("" if record["live"] else " (gone)")
    return {
        "step": called,
        **({"variant": record["variant"]} if variants else {}),
        **{name: common.number(record[name]) for name in ("sent", "opened", "clicked", "replied")},
        "open_rate": _rate(record, "open_rate"),
        "of_opened": _rate(record, "click_to_open"),
        "opened_in": lasting(record["median_seconds_to_open"]),
        "p90": lasting(record["p90_seconds_to_open"]),
    }


def _rate(record: dict[str, Any], name: str) -> str:
    from pmctl.clients.stats_math import percent

    return record[f"{name}_verdict"] if record[name] is None else percent(record[name])


def funnel(stats: Stats, steps_: list[StepRow], period: Period, agent: Agent) -> str:
    """Return the funnel of a campaign as text."""
    return drawn(stages(steps_, stats.of_steps(steps_, period)), agent)


def drawn(found: list[Stage], agent: Agent) -> str:
    """Return bars of what each step sent, and of who opened, clicked and replied."""
    from pmctl.text import any_character, clean

    plain = not any_character(sys.stdout)
    most = max((stage.counts.get("sent").contacts for stage in found), default=0)
    lines: list[str] = []
    for stage in found:
        title = f"{stage.step}{f' ({stage.variant})' if stage.variant else ''}"
        lines.append(output.paint(clean(title), "1"))
        for name, colour in _COLOURS.items():
            by = agent if name in ("opened", "clicked") else Agent.all
            count = stage.counts.get(name, by).contacts
            if not count and name not in ("sent", "opened"):
                continue
            bar = terminal.bar(count, most, WIDTH, ascii_only=plain)
            lines.append(f"  {name:<8}{count:>9,}  {output.paint(bar, colour)}")
    return "\n".join(lines)


_COLOURS = {"sent": "36", "opened": "32", "clicked": "33", "replied": "35"}

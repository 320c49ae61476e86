"""`pmctl stats report`: one file that can be mailed, printed or put on a wall."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Command, group
from pmctl.clients.stats_figures import Agent, Counts, figures
from pmctl.clients.stats_periods import By, Period
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.charts.page import Section
    from pmctl.clients.stats import Stats

app = group("A report.")
FORMATS = ("html", "svg", "png")


@app.command("report", cls=Command)
def report(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="FILE.html, FILE.svg or FILE.png; - is stdout."
        ),
    ],
    since: common.Since = None,
    until: common.Until = None,
    campaign: common.Campaign = None,
    by: Annotated[
        By | None, typer.Option("--by", help="How long each period of the chart is.")
    ] = None,
    agent: common.AgentOption = Agent.all,
    title: Annotated[str, typer.Option("--title", help="What stands on top.")] = "",
) -> None:
    """Make a report: one file of HTML, SVG or PNG.

    Examples:
      pmctl stats report -o report.html --since 3m
      pmctl stats report -o welcome.png --campaign welcome
      pmctl stats report -o - > report.html

    The HTML file needs nothing else: no script, no font, no request to anybody. It is dark where
    the reader likes it dark, and light on paper; beside each chart stands the table of its values.
    PNG needs `pmctl[png]`.
    """
    format_ = _format(to)
    asked = common.asked_period(since, until)
    stats = common.stats_of(ctx)
    period = _ended(stats, asked)
    found = _sections(stats, period, campaign, agent, by)
    if found is None:
        common.show_none(stats, period)
        return
    name, sections = found
    now = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"
    about = [f"{period.words}; days are UTC", f"made {now} by pmctl; {_whose(agent)}"]
    content = _drawn(format_, title or name, about, sections)
    _write(content, to)


def _format(to: str) -> str:
    found = "html" if to == "-" else Path(to).suffix.lower().removeprefix(".")
    if found not in FORMATS:
        hint = "name it report.html, report.svg or report.png"
        raise UsageError(f"{to} does not say what the report is to be", hint=hint)
    return found


def _ended(stats: Stats, asked: Period) -> Period:
    """A report has a beginning and an end: of all time, those of what there is."""
    return asked.closed(stats.first_day or common.today(), common.today())


def _whose(agent: Agent) -> str:
    return "opens and clicks of people only" if agent is Agent.human else "all opens and clicks"


def _sections(
    stats: Stats, period: Period, key: str | None, agent: Agent, by: By | None
) -> tuple[str, list[Section]] | None:
    from pmctl.cli import stats_sections as parts
    from pmctl.clients.stats_funnel import stages

    length = by or _fitting(period)
    steps = stats.campaign(key) if key else None
    if steps is None:
        counts = stats.totals(period)
        lines = [
            parts.Line(name, one) for name, one in stats.by_campaign(period)
        ]  # the busiest first
        unnamed = None
    else:
        by_step = stats.of_steps(steps, period)
        counts = sum(by_step.values(), Counts())
        times = stats.time_to_open(steps, agent)
        lines = [
            parts.Line(stage.step + ("" if stage.live else " (gone)"), stage.counts,
                       times.get(stage.step))
            for stage in stages(steps, by_step)
        ]  # fmt: skip
        unnamed = stats.unnamed(period)
    if not counts:
        return None
    series = stats.series(period, length, steps)
    sections = [parts.figures(figures(counts, agent, unnamed))]
    if lines:
        what = "step" if steps else "campaign"
        sections.append(parts.compared(f"{what.capitalize()} by {what}", what, lines, agent))
    sections.append(parts.over_time(series, agent, length.value, unnamed))
    name = f"{steps[0].name}: what came of the mails" if steps else "What came of the mails"
    return name, sections


def _fitting(period: Period) -> By:
    days = len(period.days())
    return By.day if days <= 62 else By.week if days <= 400 else By.month


def _drawn(format_: str, title: str, about: list[str], sections: list[Section]) -> str | bytes:
    if format_ == "html":
        from pmctl.charts.page import page
        from pmctl.clients.stats_definitions import DEFINITIONS

        terms = [
            (n.replace("_", " "), "; ".join(filter(None, of))) for n, of in DEFINITIONS.items()
        ]
        return page(title, about, sections, terms)
    from pmctl.charts.svg import document

    picture = document(title, "; ".join(about), [one.chart for one in sections if one.chart])
    if format_ == "svg":
        return picture
    from pmctl.picture import png

    return png(picture)


def _write(content: str | bytes, to: str) -> None:
    if to == "-":
        sys.stdout.write(content if isinstance(content, str) else content.decode())
        return
    from pmctl.files import save

    save(Path(to), content, hint="name another place")
    output.note(f"wrote {to}")

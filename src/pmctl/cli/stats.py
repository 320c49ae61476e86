"""`pmctl stats`: what came of the mails, out of the events that Mautic sent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Lazy, Printing, group
from pmctl.cli.stats_compare import With
from pmctl.cli.stats_compare import show as show_compared
from pmctl.clients.stats_figures import Agent, figures
from pmctl.clients.stats_periods import By

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmctl.clients.stats import Stats
    from pmctl.clients.stats_figures import Counts, Figure
    from pmctl.clients.stats_periods import Period
    from pmctl.clients.stats_steps import StepRow


class StatsGroup(Lazy):
    """The commands below, and what lies in modules of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "steps": ("pmctl.cli.stats_steps", "Show a campaign step by step, as a funnel."),
        "contacts": ("pmctl.cli.stats_people", "List contacts with what each of them did."),
        "domains": ("pmctl.cli.stats_people", "Compare the domains of the recipients."),
        "export": ("pmctl.cli.stats_export", "Write the events themselves, the oldest first."),
        "report": ("pmctl.cli.stats_report", "Make a report: one file of HTML, SVG or PNG."),
        "verify": (
            "pmctl.cli.stats_verify",
            "Count all events anew and show where the counters differ.",
        ),
        "adopt": (
            "pmctl.cli.stats_adopt",
            "Take over events that were received without mautic.url.",
        ),
        "sync": (
            "pmctl.cli.stats_sync",
            "Learn from Mautic which step each event and email belongs to.",
        ),
    }


app = group(
    "What came of the mails: opens, clicks, replies, bounces, unsubscriptions.\n\n"
    "Examples:\n"
    "  pmctl stats summary --since 30d\n"
    "  pmctl stats campaign welcome --agent human\n"
    "  pmctl stats series --by week\n"
    "  pmctl stats report --since 3m -o report.html",
    cls=StatsGroup,
)


@app.command(cls=Printing)
def summary(
    ctx: typer.Context,
    since: common.Since = None,
    until: common.Until = None,
    campaign: common.Campaign = None,
    agent: common.AgentOption = Agent.all,
    watch: common.Watch = False,
    every: common.Every = 5,
    explain: common.Explain = False,
) -> None:
    """Show what was sent and what came of it.

    Examples:
      pmctl stats summary
      pmctl stats summary --since 2026-11-01 --until 2026-11-30
      pmctl stats summary --campaign welcome --agent human
      pmctl stats summary --explain

    Contacts are counted once for each step; rates are shares of the contacts sent to, with their
    95 % Wilson interval. A rate of fewer than 30 is `too few`. Days are UTC. What Mautic does not
    know (deliveries, complaints, hard or soft) is `unknown`, never guessed.
    """
    common.answer(
        ctx, lambda stats, period: _summary(stats, period, agent, campaign),
        since=since, until=until, explain=explain, watch=watch, every=every,
    )  # fmt: skip


def _summary(stats: Stats, period: Period, agent: Agent, key: str | None) -> None:
    steps = stats.campaign(key) if key else None
    period = stats.closed(period, common.today())
    found = campaign_figures(stats, steps, period, agent) if steps else _all(stats, period, agent)
    if found is None:
        common.show_none(stats, period, steps)
        return
    output.note(_about(period, steps))
    common.show_figures(found)


def _all(stats: Stats, period: Period, agent: Agent) -> list[Figure] | None:
    counts = stats.totals(period)
    return figures(counts, agent) if counts else None


def campaign_figures(
    stats: Stats, steps: list[StepRow], period: Period, agent: Agent
) -> list[Figure] | None:
    """Return the figures of a campaign; None when nothing happened in it."""
    from pmctl.clients.stats_figures import Counts

    counts = sum(stats.of_steps(steps, period).values(), Counts())
    return figures(counts, agent, stats.unnamed(period)) if counts else None


def _about(period: Period, steps: list[StepRow] | None) -> str:
    of = f"{steps[0].name} ({steps[0].key}), " if steps else ""
    return f"{of}{period.words}; days are UTC"


@app.command(cls=Printing)
def campaign(
    ctx: typer.Context,
    key: common.Key,
    since: common.Since = None,
    until: common.Until = None,
    agent: common.AgentOption = Agent.all,
    compare: Annotated[
        With | None, typer.Option("--compare", help="Put Mautic's own figures beside ours.")
    ] = None,
    watch: common.Watch = False,
    every: common.Every = 5,
    explain: common.Explain = False,
) -> None:
    """Show the figures of one campaign, and at a terminal its funnel.

    Examples:
      pmctl stats campaign welcome
      pmctl stats campaign welcome --since 7d --agent human
      pmctl stats campaign welcome --compare mautic
      pmctl stats campaign welcome --watch

    Mautic tells of a bounce or an unsubscription without always naming its mail: where it does
    not, those of a campaign are unknown, or a lower bound (`at least`).
    """
    if compare is not None and not explain:
        show_compared(ctx, key, common.asked_period(since, until))
        return
    common.answer(
        ctx, lambda stats, period: _campaign(stats, period, agent, key),
        since=since, until=until, explain=explain, watch=watch, every=every,
    )  # fmt: skip


def _campaign(stats: Stats, period: Period, agent: Agent, key: str) -> None:
    steps = stats.campaign(key)
    period = stats.closed(period, common.today())
    found = campaign_figures(stats, steps, period, agent)
    if found is None:
        common.show_none(stats, period, steps)
        return
    output.note(_about(period, steps))
    common.show_figures(found)
    if output.asked() is None and sys.stdout.isatty():
        from pmctl.cli.stats_steps import funnel

        output.show_text(f"\n{funnel(stats, steps, period, agent)}", dict)


@app.command(cls=Printing)
def series(
    ctx: typer.Context,
    since: common.Since = None,
    until: common.Until = None,
    by: Annotated[By, typer.Option("--by", help="How long each period is.")] = By.day,
    campaign: common.Campaign = None,
    agent: common.AgentOption = Agent.all,
    watch: common.Watch = False,
    every: common.Every = 5,
    explain: common.Explain = False,
) -> None:
    """Show how it went day by day, week by week or month by month.

    Examples:
      pmctl stats series
      pmctl stats series --by week --since 3m
      pmctl stats series --campaign welcome -o csv > welcome.csv

    Without --since: 30 days, 12 weeks or 12 months. Weeks begin on Monday; days are UTC; the first
    and last period are cut to the days asked for. A contact counts on the day of its first open or
    click, so the periods add up.
    """
    common.answer(
        ctx, lambda stats, asked: _series(stats, asked, by, campaign, agent),
        since=since, until=until, explain=explain, watch=watch, every=every,
    )  # fmt: skip


def _series(stats: Stats, asked: Period, by: By, key: str | None, agent: Agent) -> None:
    from pmctl.cli.stats_series import show_series
    from pmctl.clients.stats_periods import Period, lately

    steps = stats.campaign(key) if key else None
    today = common.today()
    if asked.since is None:
        asked = Period(lately(by, asked.until or today).since, asked.until)
    period = Period(asked.since, asked.until or max(today, asked.since or today))
    found: list[tuple[Period, Counts]] = stats.series(period, by, steps)
    if not any(counts for _, counts in found):
        common.show_none(stats, period, steps)
        return
    output.note(_about(period, steps))
    show_series(found, agent, stats.unnamed(period) if steps else None)

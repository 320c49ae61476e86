"""`pmctl stats contacts` and `stats domains`: who did what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from pmctl import output
from pmctl.cli import stats_common as common
from pmctl.cli.common import Printing, group
from pmctl.clients.stats_figures import Agent
from pmctl.clients.stats_math import share
from pmctl.clients.stats_periods import Period, day

app = group("Who did what.")


class Did(StrEnum):
    """What contacts may be asked for."""

    sent = "sent"
    opened = "opened"
    clicked = "clicked"
    replied = "replied"
    bounced = "bounced"
    unsubscribed = "unsubscribed"


@app.command("contacts", cls=Printing)
def contacts(
    ctx: typer.Context,
    since: common.Since = None,
    until: common.Until = None,
    campaign: common.Campaign = None,
    did: Annotated[Did | None, typer.Option("--did", help="Only who did this.")] = None,
    agent: common.AgentOption = Agent.all,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most N.")] = 100,
) -> None:
    """List contacts with what each of them did.

    Examples:
      pmctl stats contacts --campaign welcome --did clicked --agent human
      pmctl stats contacts --did unsubscribed --since 7d -o csv

    Those who clicked and opened most come first. Numbers are of steps: a mail opened twice is 1.
    The address is the one that Mautic last sent with an event of theirs.
    """
    from pmctl.clients import stats_people

    period = common.asked_period(since, until)
    stats = common.stats_of(ctx)
    steps = stats.campaign(campaign) if campaign else None
    found = stats_people.contacts(
        stats.database, period, steps=steps, did=did.value if did else "", agent=agent.value,
        limit=limit + 1,
    )  # fmt: skip
    columns = ["contact_id", "email", "sent", "opened", "clicked", "replied", "last_at"]
    if not found:
        common.show_none(stats, period, steps)
        return
    if len(found) > limit:
        output.note(f"showing the first {limit} contacts; --limit N shows more")
    output.show([common.safe(one) for one in found[:limit]], columns)


@app.command("domains", cls=Printing)
def domains(
    ctx: typer.Context,
    since: common.Since = None,
    until: common.Until = None,
    campaign: common.Campaign = None,
    agent: common.AgentOption = Agent.all,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most N.")] = 20,
) -> None:
    """Compare the domains of the recipients.

    Examples:
      pmctl stats domains --since 7d
      pmctl stats domains --campaign welcome -o json

    One domain that opens much less than the others may file the mails as spam. This reads the
    events themselves, so it is of the last 30 days unless --since says otherwise; a longer period
    may need a longer --timeout.
    """
    from pmctl.clients import stats_people

    asked = common.asked_period(since, until)
    today = common.today()
    period = Period(asked.since or day("30d", asked.until or today), asked.until)
    stats = common.stats_of(ctx)
    steps = stats.campaign(campaign) if campaign else None
    found = stats_people.domains(
        stats.database, period, steps=steps, agent=agent.value, limit=limit + 1
    )
    if not found:
        common.show_none(stats, period, steps)
        return
    if len(found) > limit:
        output.note(f"showing the first {limit} domains; --limit N shows more")
    output.note(f"{period.words}; days are UTC")
    records = []
    for one in found[:limit]:
        rate = share(one.opened, one.sent)
        record: dict[str, Any] = {
            "domain": one.domain, "sent": one.sent, "opened": one.opened, "clicked": one.clicked,
            "bounced": one.bounced, "unsubscribed": one.unsubscribed, "open_rate": rate.rate,
            "open_rate_low": rate.low, "open_rate_high": rate.high,
            "open_rate_verdict": rate.verdict,
        }  # fmt: skip
        if output.asked() is None:
            counts = ("sent", "opened", "clicked", "bounced", "unsubscribed")
            record |= {name: common.number(getattr(one, name)) for name in counts}
            record |= {"domain": one.domain or "(unknown)", "open_rate": rate.words}
            record["interval_95"] = rate.interval
        records.append(common.safe(record))
    columns = ["domain", "sent", "opened", "clicked", "bounced", "unsubscribed", "open_rate"]
    if output.asked() is None:
        columns.append("interval_95")
        records = common.aligned([{name: row[name] for name in columns} for row in records])
    output.show(records, columns)

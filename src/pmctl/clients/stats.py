"""Figures out of the events that were received: sums kept at write time, so each look is quick.

`event_counts` holds a row for each day, step, email, event type and agent, and the sums over all
days (the day 0001-01-01) and over everything (the step and email -1). What is read here grows with
the days and steps asked for, never with the events. Days are UTC.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pmctl.clients import stats_steps
from pmctl.clients.stats_figures import Counts
from pmctl.clients.stats_periods import ALL_TIME, By, Period, periods
from pmctl.errors import NotFound
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.backends.niledb import Niledb, Rows
    from pmctl.clients.stats_steps import StepRow

EVERYTHING = -1  # as campaign event and email: the sum of all; 0 is an event that names none

_OF = """
select event_type, agent, sum(total), sum(contacts) from event_counts
where tenant_id = %s and campaign_event_id = %s and email_id = %s and day between %s and %s
group by event_type, agent
"""
_BY_DAY = """
select day, event_type, agent, total, contacts from event_counts
where tenant_id = %s and campaign_event_id = -1 and email_id = -1 and day between %s and %s
"""
# Each sum of all time names an event's emails; then each of these is one range of the index over
# steps, however long the history is.
_OF_STEPS = """
with asked as (
  select distinct campaign_event_id, email_id from event_counts
  where tenant_id = %s and day = %s and campaign_event_id = any(%s)
  union all select 0, unnest(%s::bigint[])
)
select c.day, c.campaign_event_id, c.email_id, c.event_type, c.agent, c.total, c.contacts
from asked join event_counts c on c.tenant_id = %s and c.campaign_event_id = asked.campaign_event_id
  and c.email_id = asked.email_id and c.day between %s and %s
"""
_BY_STEP = """
select campaign_event_id, email_id, event_type, agent, sum(total), sum(contacts)
from event_counts
where tenant_id = %s and day between %s and %s and campaign_event_id <> -1
group by campaign_event_id, email_id, event_type, agent
"""
_FIRST_DAY = """
select day from event_counts where tenant_id = %s and day > %s and event_type <> 'test'
order by day limit 1
"""
# of contacts whose mail and first open are both known
_TIME_TO_OPEN = """
select m.step, count(*), percentile_cont(array[0.5, 0.9]) within group (
    order by extract(epoch from o.first_at - s.first_at)::double precision)
from jsonb_to_recordset(%s::jsonb) as m(event bigint, step text)
join event_firsts o on o.tenant_id = %s and o.campaign_event_id = m.event
    and o.event_type = 'opened' and o.agent = %s
join event_firsts s on s.tenant_id = o.tenant_id and s.campaign_event_id = o.campaign_event_id
    and s.email_id = o.email_id and s.event_type = 'sent' and s.agent = 'all'
    and s.contact_id = o.contact_id and s.first_at <= o.first_at
group by grouping sets ((m.step), ())
"""


class Stats:
    """The events of one Mautic, as figures.

    `env` is the context whose campaigns keys mean, `others` the addresses of other Mautics whose
    events are in this database.
    """

    def __init__(self, database: Niledb, env: str = "", others: Sequence[str] = ()) -> None:
        self.database = database
        self.env = env
        self.others = others

    @cached_property
    def first_day(self) -> datetime.date | None:
        """The first day with an event; None when there is none yet."""
        rows = self.database.execute(_FIRST_DAY, (self.database.tenant, ALL_TIME))
        return rows[0][0] if rows else None

    @cached_property
    def steps(self) -> list[StepRow]:
        """Every step of every campaign that is known by name."""
        return stats_steps.read(self.database)

    def closed(self, period: Period, today: datetime.date) -> Period:
        """Return the period with both ends, unless it is all of time."""
        return period if period.whole else period.closed(self.first_day or today, today)

    def totals(self, period: Period) -> Counts:
        """Return the counts of everything in a period with both ends, or of all time."""
        return self._of(period, EVERYTHING)

    def unnamed(self, period: Period) -> Counts:
        """Return the counts of the events that name no step and no mail."""
        return self._of(period, 0)

    def _of(self, period: Period, which: int) -> Counts:
        days = period.days()
        if not days:  # it ends before the first event
            return Counts()
        params = (self.database.tenant, which, which, days[0], days[-1])
        return Counts.of(self.database.execute(_OF, params))

    def series(
        self, period: Period, by: By, steps: Sequence[StepRow] | None = None
    ) -> list[tuple[Period, Counts]]:
        """Return the counts of each day, week or month; of everything, or of some steps."""
        if steps is None:
            params = (self.database.tenant, period.since, period.until)
            found = self.database.execute(_BY_DAY, params)
        else:
            found = [(row[0], *row[3:]) for row in self._rows_of(steps, period)]
        days: dict[datetime.date, list[tuple[str, str, int, int]]] = {}
        for day, *row in found:
            days.setdefault(day, []).append(tuple(row))
        return [
            (part, Counts.of(row for day in part.days() for row in days.get(day, ())))
            for part in periods(period, by)
        ]

    def of_steps(self, steps: Sequence[StepRow], period: Period) -> dict[tuple[str, str], Counts]:
        """Return the counts of the steps of one campaign, by step and variant.

        An event that names only its mail (an unsubscription) counts for the step of that mail.
        """
        called = Names(steps)
        found: dict[tuple[str, str], list[tuple[str, str, int, int]]] = {}
        for _, event, email, *row in self._rows_of(steps, period):
            found.setdefault(called(event, email), []).append(tuple(row))
        return {name: Counts.of(rows) for name, rows in found.items()}

    def by_campaign(self, period: Period) -> list[tuple[str, Counts]]:
        """Return the name and counts of each campaign with events, the busiest first.

        Reads the sums of every step in the period.
        """
        events = {one.campaign_event_id: one.campaign_id for one in self.steps}
        emails = {one.email_id: one.campaign_id for one in self.steps if one.email_id}
        called = {one.campaign_id: self._called(one) for one in self.steps}
        found: dict[int, list[tuple[str, str, int, int]]] = {}
        days = period.days() or [ALL_TIME]
        params = (self.database.tenant, days[0], days[-1])
        for event, email, *row in self.database.execute(_BY_STEP, params):
            campaign = events.get(event) if event else emails.get(email)
            if campaign is not None:
                found.setdefault(campaign, []).append(tuple(row))
        counts = [(called[campaign], Counts.of(rows)) for campaign, rows in found.items()]
        return sorted(counts, key=lambda one: -one[1].get("sent").contacts)

    def _called(self, step: StepRow) -> str:
        """The name of a campaign, with the context of one of another's."""
        of = "" if step.env in ("", self.env) else f" ({step.env})"
        return f"{step.name or step.key}{of}"

    def _rows_of(self, steps: Sequence[StepRow], period: Period) -> Rows:
        tenant, days = self.database.tenant, period.days()
        if not days:  # it ends before the first event
            return []
        events = sorted({step.campaign_event_id for step in steps} - {0})
        emails = sorted({step.email_id for step in steps} - {0})
        params = (tenant, ALL_TIME, events, emails, tenant, days[0], days[-1])
        return self.database.execute(_OF_STEPS, params)

    def campaign(self, name: str) -> list[StepRow]:
        """Return the steps of a campaign by its key in this context, or its id. Raises NotFound."""
        found = stats_steps.read(self.database, name, self.env)
        exact = [one for one in found if one.key == name]
        if found:
            ours = {one.campaign_id for one in exact if one.env and one.env == self.env}
            return [one for one in exact if one.campaign_id in ours] or exact or found
        if elsewhere := sorted({one.env for one in self.steps if one.key == name}):
            raise NotFound(
                f"no campaign {name} of the context {self.env} is known here",
                hint=f"there is one of {' and of '.join(elsewhere)}: add --context NAME",
            )
        keys = sorted({one.key for one in self.steps if one.env in ("", self.env)})
        known = "`pmctl stats sync` learns the names of Mautic's campaigns"
        raise NotFound(f"no campaign {name} is known here", hint=did_you_mean(name, keys, known))

    def time_to_open(
        self, steps: Sequence[StepRow], agent: str = "all"
    ) -> Mapping[str, tuple[int, float, float]]:
        """Return (contacts, median, 90th percentile) by step, in seconds; `""` is all of them.

        Counts each contact whose mail and first open are both known, so this one grows with the
        openers of a campaign.
        """
        events = {one.campaign_event_id: one.step for one in steps if one.campaign_event_id}
        known = json.dumps([{"event": event, "step": step} for event, step in events.items()])
        rows = self.database.execute(_TIME_TO_OPEN, (known, self.database.tenant, agent))
        return {
            step or "": (int(count), float(quantiles[0]), float(quantiles[1]))
            for step, count, quantiles in rows
            if count
        }


class Names:
    """Says which (step, variant) an event of some ids belongs to."""

    def __init__(self, steps: Iterable[StepRow]) -> None:
        self._both: dict[tuple[int, int], tuple[str, str]] = {}
        self._event: dict[int, tuple[str, str]] = {}
        self._email: dict[int, tuple[str, str]] = {}
        for step in steps:
            called = (step.step, step.variant)
            self._both[step.campaign_event_id, step.email_id] = called
            if not step.variant:
                self._event[step.campaign_event_id] = called
            if step.email_id:
                self._email[step.email_id] = called

    def __call__(self, event: int, email: int) -> tuple[str, str]:
        exact = self._both.get((event, email)) or self._event.get(event)
        return exact or self._email.get(email, ("", ""))

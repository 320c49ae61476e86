"""`stats summary`, `campaign` and `series` over a long history: database time, and how it grows.

Sums of ten years of 100 campaigns, each step on every seventh day, beside those of one year: the
same looks must take the same time. They read days, steps and types, however often things happened.
Run: python tests/bench/stats.py
"""

from __future__ import annotations

import datetime
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from pmctl.backends.niledb import NO_TENANT, Niledb  # noqa: E402
from pmctl.backends.niledb_schema import prepare  # noqa: E402
from pmctl.clients.stats import Stats  # noqa: E402
from pmctl.clients.stats_periods import By, Period  # noqa: E402
from tests import postgres  # noqa: E402
from tests.postgres import Server  # noqa: E402

MOST_SECONDS = 0.1  # of one command, connected
MOST_GROWTH = 2.0  # of the time, when the history is ten times as long
ROUNDS = 9
CAMPAIGNS = 100
LAST = datetime.date(2026, 10, 31)
YEAR = Period(LAST - datetime.timedelta(days=364), LAST)
TYPES = ("sent", "opened", "clicked", "replied", "bounced", "unsubscribed")

_STEPS = """
insert into campaign_steps (tenant_id, campaign_event_id, campaign_id, campaign_key, step,
  kind, email_id, position)
select %s, n, n / 5, 'campaign-' || n / 5, 'step-' || n %% 5, 'email.send', n, n %% 5
from generate_series(0, %s) n
"""
# written day by day, as in life: each step on every seventh day, and all the sums
_COUNTS = """
insert into event_counts (tenant_id, day, campaign_event_id, email_id, event_type, agent, total,
  contacts)
select %s::uuid, coalesce(day, '0001-01-01'), coalesce(event, -1), coalesce(email, -1), type, agent,
  sum(10), sum(9)
from (
  select %s::date - d as day, n as event, n as email
  from generate_series(0, %s) d, generate_series(0, %s) n where (d + n) %% 7 = 0
) as said, unnest(%s::text[]) as type, (values ('all'), ('human')) as agents (agent)
group by grouping sets ((day, event, email, type, agent), (day, type, agent),
  (event, email, type, agent), (type, agent))
order by 2, 3
"""


def filled(server: Server, years: int) -> Niledb:
    """Return a database with so many years of campaigns of five steps."""
    name = server.new_database()
    database = Niledb(
        host=str(server.folder), port=5432, database=name, user="ana",
        password=lambda: postgres.PASSWORD, sslmode="disable", timeout_seconds=600,
    )  # fmt: skip
    prepare(database)
    last = CAMPAIGNS * 5 - 1
    with server.connect(name) as connection:
        connection.execute(_STEPS, (NO_TENANT, last))
        connection.execute(_COUNTS, (NO_TENANT, LAST, years * 365 - 1, last, list(TYPES)))
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")  # else the looks write what the filling left
    return database


def main() -> int:
    """Print the times and their growth; return 1 when a bar is missed."""
    ok = True
    with postgres.running() as server:
        small, large = (filled(server, years) for years in (1, 10))
        for name, look in LOOKS.items():
            few, many = timed(look, small), timed(look, large)
            fine = many <= MOST_SECONDS and many / few <= MOST_GROWTH
            ok &= fine
            print(
                f"{name:24} {few * 1000:7.1f} ms  of ten years {many * 1000:7.1f} ms  "
                f"x{many / few:.2f}{'' if fine else '  MISSED'}"
            )
        small.close()
        large.close()
    print(f"bars: {MOST_SECONDS * 1000:.0f} ms, x{MOST_GROWTH}")
    return int(not ok)


def timed(look: Callable[[Stats], Any], database: Niledb) -> float:
    """Return the median seconds of a look; the first one, with a cold cache, does not count."""
    times = []
    for _ in range(ROUNDS + 1):
        stats = Stats(database)
        began = time.perf_counter()
        assert look(stats)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def campaign(stats: Stats, period: Period) -> Any:
    """What `stats campaign` asks for."""
    steps = stats.campaign("campaign-7")
    return stats.of_steps(steps, period), stats.unnamed(period)


LOOKS: dict[str, Callable[[Stats], Any]] = {
    "summary": lambda stats: stats.totals(Period()),
    "summary, a year": lambda stats: stats.totals(YEAR),
    "campaign": lambda stats: campaign(stats, Period()),
    "campaign, a year": lambda stats: campaign(stats, YEAR),
    "series, a year by week": lambda stats: stats.series(YEAR, By.week),
    "series of a campaign": lambda stats: stats.series(YEAR, By.day, stats.campaign("campaign-7")),
}

if __name__ == "__main__":
    raise SystemExit(main())

"""A spool emptied into a database, by a drain in this process."""

from __future__ import annotations

from pmctl.backends.niledb import Niledb
from pmctl.webhook.drain import Drain
from pmctl.webhook.metrics import Metrics
from pmctl.webhook.spool import Spool
from tests.serving import wait_until


def emptied(spool: Spool, database: Niledb, metrics: Metrics | None = None) -> None:
    """Bring everything that waits into the database."""
    drain = Drain(spool, lambda: database, metrics or Metrics())
    drain.start()
    drain.came()
    try:
        wait_until(lambda: spool.backlog()[0] == 0)
    finally:
        drain.stop()

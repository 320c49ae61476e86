"""What Mautic's own tables know of the events that no webhook brought.

Each row becomes the item that the webhook would have sent, so it has the same id and only fills
a hole. What the tables lack stays empty: the body says so by what it does not hold.

- email_stats: sent, by its hash; a mail that the mail server refused never gets a row.
- email_stats, last_opened: opened, one for each of `open_details`.
- page_hits: clicked, by the id of the hit.
- form_submissions: submitted, by its id.
- lead_donotcontact: bounced and unsubscribed, by contact, channel, status and the id of the row,
  which a webhook shows too. One that came without that id is known by its time: Mautic writes the
  row up to a second before it stamps the webhook. Of a contact that came back no row is left.
- email_stat_replies: replied, which no webhook tells.

campaign_lead_event_log holds nothing that a webhook says, and page_hits without a contact none
that counts. Changes of contacts, points, segments and companies cannot be fetched again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pmctl.backends import niledb_events
from pmctl.clients.php_values import unserialize
from pmctl.webhook import events
from pmctl.webhook.items import REASONS

if TYPE_CHECKING:
    from pmctl.backends.mautic import Mautic
    from pmctl.backends.niledb import Niledb

Row = Mapping[str, str]
Items = Iterator[tuple[str, dict[str, Any]]]
BATCH = 1000
NEAR = timedelta(seconds=2)
_CHANGED = "mautic.lead_channel_subscription_changed"
_CHANGES = """
select id, occurred_at, contact_id, metadata ->> 'channel', metadata ->> 'status'
from marketing_events where tenant_id = %s and contact_id = any(%s) and source_type = %s
  and occurred_at between %s and %s
"""
_STATUS = {str(reason): status for status, reason in REASONS.items()}


@dataclass(frozen=True)
class Filled:
    """What came of one table: rows read, events that were missing, events that were there."""

    table: str
    events: str
    rows: int
    new: int
    known: int


@dataclass(frozen=True)
class Source:
    """A table, the column of its time, and what a row of it says."""

    table: str
    date: str
    events: str
    items: Callable[[Row, str], Items]
    key: str = "id"


def backfill(
    mautic: Mautic,
    database: Niledb | None,
    since: datetime,
    cursors: dict[str, str],
    done: Callable[[], None],
) -> Iterator[Filled]:
    """Fill the holes since a moment (UTC), a table at a time; without a database only count.

    `cursors` says for each source after which row to go on; it is moved on after every batch that
    is stored, and `done` is called then. Raises what Mautic and the database raise.
    """
    for source in SOURCES:
        yield _fill(mautic, database, source, since, cursors, done)


def _fill(
    mautic: Mautic,
    database: Niledb | None,
    source: Source,
    since: datetime,
    cursors: dict[str, str],
    done: Callable[[], None],
) -> Filled:
    begin = since.strftime("%Y-%m-%d %H:%M:%S")
    name = f"{source.events} {begin}"
    conditions: list[tuple[str, str, str | int]] = [(source.date, "gte", begin)]
    if after := cursors.get(name):
        step: str | int = int(after) + 1 if source.key == "id" else after
        conditions.append((source.key, "gte", step))
    rows = new = known = 0
    rest = mautic.stats(source.table, conditions, order=source.key)
    while some := list(islice(rest, BATCH)):
        found = list(_events(mautic, source, some, begin))
        rows += len(some)
        if database is None:
            new += len(found)
            continue
        told = _told(database, found)
        known += len(told)
        if missing := [one for one in found if one.id not in told]:
            added = niledb_events.add_events(database, events.rows(missing))
            new, known = new + added.new, known + added.duplicates
        cursors[name] = some[-1][source.key]
        done()
    return Filled(source.table, source.events, rows, new, known)


def _told(database: Niledb, found: Sequence[events.Event]) -> set[UUID]:
    """Return which of these changes of a channel webhooks told of, by another id."""
    changes = [one for one in found if one.source_type == _CHANGED]
    if not changes:
        return set()
    moments = [one.occurred_at for one in changes]
    contacts = sorted({one.contact_id for one in changes})
    rows = database.execute(_CHANGES, (database.tenant, contacts, _CHANGED, min(moments) - NEAR,
                                       max(moments) + NEAR))  # fmt: skip
    there: dict[tuple[Any, ...], list[tuple[UUID, datetime]]] = {}
    for id_, moment, *about in rows:
        there.setdefault(tuple(about), []).append((id_, moment))

    def near(one: events.Event) -> bool:
        about = (one.contact_id, one.metadata.get("channel"), one.metadata.get("status"))
        return any(
            id_ != one.id and abs(moment - one.occurred_at) <= NEAR
            for id_, moment in there.get(about, ())
        )

    return {one.id for one in changes if near(one)}


def _events(
    mautic: Mautic, source: Source, rows: Iterable[Row], since: str
) -> Iterator[events.Event]:
    now = datetime.now(UTC)
    for row in _with_stats(mautic, rows) if source.table == "email_stat_replies" else rows:
        for kind, item in source.items(row, since):
            body = json.dumps({f"mautic.{kind}": [item]}).encode()
            yield from events.parse(body, now).events


def _with_stats(mautic: Mautic, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield replies with what the row of the mail they answer says beside them."""
    from pmctl.parallel import side_by_side

    def whole(row: Row) -> Row | None:
        for stat in mautic.stats("email_stats", [("id", "eq", row["stat_id"])], limit=1):
            return {**stat, **row}
        return None

    yield from (row for row in side_by_side(whole, rows) if row is not None)


def _sent(row: Row, _: str) -> Items:
    yield (
        "email_on_send",
        {
            "email": {"id": row.get("email_id")},
            "contact": {"id": row.get("lead_id"), "email": row.get("email_address")},
            "idHash": row.get("tracking_hash"),
            "source": [row.get("source"), row.get("source_id")],
            "timestamp": _iso(row["date_sent"]),
        },
    )


def _opened(row: Row, since: str) -> Items:
    """One for each open since then; the last of the details is open number `open_count`."""
    opens = unserialize(row.get("open_details", "")) or [{"datetime": row.get("last_opened")}]
    first = int(row.get("open_count", "0")) - len(opens) + 1
    for count, one in enumerate(opens, first):
        moment = str(one.get("datetime") or "") if isinstance(one, dict) else ""
        if moment >= since and count > 0:
            yield "email_on_open", {"stat": {**_stat(row), "openCount": count,
                                             "lastOpened": _iso(moment)},
                                    "timestamp": _iso(moment)}  # fmt: skip


def _stat(row: Row) -> dict[str, Any]:
    return {
        "emailAddress": row.get("email_address"),
        "dateSent": _iso(row["date_sent"]),
        "source": row.get("source"),
        "sourceId": row.get("source_id"),
        "trackingHash": row.get("tracking_hash"),
        "lead": {"id": row.get("lead_id")},
        "email": {"id": row.get("email_id")},
    }


def _hit(row: Row, _: str) -> Items:
    query = unserialize(row.get("query", ""))
    email = row.get("email_id")
    hit = {
        "id": int(row["id"]),
        "dateHit": _iso(row["date_hit"]),
        "email": {"id": email} if email else None,
        "lead": {"id": row.get("lead_id")},
        "url": row.get("url"),
        "userAgent": row.get("user_agent"),
        "source": row.get("source"),
        "query": query if isinstance(query, dict) else {},
    }
    yield "page_on_hit", {"hit": hit, "timestamp": _iso(row["date_hit"])}


def _submitted(row: Row, _: str) -> Items:
    submission = {
        "id": int(row["id"]),
        "form": {"id": row.get("form_id")},
        "lead": {"id": row.get("lead_id")},
        "dateSubmitted": _iso(row["date_submitted"]),
    }
    moment = submission["dateSubmitted"]
    yield "form_on_submit", {"submission": submission, "timestamp": moment}


def _unwanted(row: Row, _: str) -> Items:
    if status := _STATUS.get(row.get("reason", "")):
        held = {
            "id": row.get("id"),
            "reason": row["reason"],
            "channel": row.get("channel"),
            "channelId": row.get("channel_id"),
        }
        yield (
            "lead_channel_subscription_changed",
            {
                "contact": {"id": row.get("lead_id"), "doNotContact": [held]},
                "channel": row.get("channel"),
                "new_status": status,
                "timestamp": _iso(row["date_added"]),
            },
        )


def _replied(row: Row, _: str) -> Items:
    moment = _iso(row["date_replied"])
    yield "email_on_reply", {"stat": _stat(row), "id": row["id"], "timestamp": moment}


def _iso(date: str) -> str:
    return f"{date.replace(' ', 'T')}+00:00" if date else ""


SOURCES = (
    Source("email_stats", "date_sent", "sent", _sent),
    Source("email_stats", "last_opened", "opened", _opened),
    Source("page_hits", "date_hit", "clicked", _hit),
    Source("form_submissions", "date_submitted", "submitted", _submitted),
    Source("lead_donotcontact", "date_added", "unsubscribed, bounced", _unwanted),
    Source("email_stat_replies", "date_replied", "replied", _replied, key="date_replied"),
)

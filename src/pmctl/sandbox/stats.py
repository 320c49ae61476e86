"""/api/stats of the stand-in: every value a string, NULL left out, errors with status 200."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pmctl.sandbox import listing
from pmctl.sandbox.answers import Answer, crash
from pmctl.sandbox.query import number, wheres
from pmctl.sandbox.store import Entity, Store
from pmctl.sandbox.tables import COLUMNS

_UNKNOWN = (
    "An exception occurred while executing a query: "
    "SQLSTATE[42S22]: Column not found: 1054 Unknown column 's.{column}' in '{clause}'"
)
DEFAULT_LIMIT = 100


def tables() -> Answer:
    """GET /stats; also the answer for a table that is unknown or forbidden."""
    return Answer(200, {"availableTables": list(COLUMNS), "tableColumns": COLUMNS})


def table(store: Store, name: str, query: dict[str, Any]) -> Answer:
    """GET /stats/TABLE: `total` a string; no rows for `limit=0`."""
    if name not in COLUMNS:
        return tables()
    conditions = wheres(query)
    if any(isinstance(where.value, dict) for where in conditions):
        raise crash()
    orders = [item for item in _items(query.get("order")) if "col" in item]
    used = [(where.column, "WHERE") for where in conditions]
    for column, clause in [*used, *((item["col"], "ORDER BY") for item in orders)]:
        if column not in COLUMNS[name]:
            message = _UNKNOWN.format(column=column, clause=clause)
            return Answer(200, {"errors": [{"message": message, "code": 1054}]})
    rows = _rows(store, name)
    for where in conditions:
        rows = [row for row in rows if listing.compare(row.get(where.column), where)]
    for item in reversed(orders):
        _sort(rows, str(item["col"]), descending=str(item.get("dir", "asc")).lower() == "desc")
    start, limit = number(query, "start", 0), number(query, "limit", DEFAULT_LIMIT)
    page = [_shown(row) for row in rows[start : start + limit]]
    return Answer(200, {"total": str(len(rows)), "stats": page})


def _rows(store: Store, name: str) -> list[Entity]:
    kept: dict[str, Iterable[Entity]] = {
        "campaign_lead_event_log": store.log,
        "campaign_leads": (row for inside in store.members.values() for row in inside.values()),
        "email_stats": store.sent,
        "lead_donotcontact": _dnc(store) if name == "lead_donotcontact" else [],
        "email_stat_replies": store.replies,
        "page_hits": store.hits,
        "webhook_logs": store.hook_log,
        "form_submissions": store.submissions,
    }
    if name == "lead_lists_leads":
        return [row for contact in store.contacts.values() for row in _in_segments(contact)]
    return list(kept.get(name, []))


def _dnc(store: Store) -> list[Entity]:
    marked = [
        (contact, channel, row)
        for contact in store.contacts.values()
        for channel, row in contact["dnc"].items()
    ]
    return [
        {
            "id": str(store.dnc_dates.get((contact["id"], channel), (place, ""))[0]),
            "lead_id": str(contact["id"]),
            "date_added": store.dnc_dates.get((contact["id"], channel), (0, ""))[1]
            or contact["dateAdded"][:19].replace("T", " "),
            "reason": str(row["reason"]),
            "channel": channel,
            "comments": row["comments"],
        }
        for place, (contact, channel, row) in enumerate(marked, 1)
    ]


def _in_segments(contact: Entity) -> list[Entity]:
    """The stand-in remembers who is in a segment, not how they came in."""
    date = str(contact["dateAdded"])[:19].replace("T", " ")
    by_hand = {"date_added": date, "manually_removed": "0", "manually_added": "1"}
    return [
        {"leadlist_id": str(key), "lead_id": str(contact["id"]), **by_hand}
        for key in contact["segments"]
    ]


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value.values() if isinstance(item, dict)] if value else []


def _sort(rows: list[Entity], column: str, *, descending: bool) -> None:
    rows.sort(key=lambda row: _key(row.get(column)), reverse=descending)


def _key(value: str | None) -> tuple[bool, float, str]:
    text = value or ""
    return value is not None, float(text) if text.isdecimal() else 0.0, text


def _shown(row: Entity) -> Entity:
    return {name: value for name, value in row.items() if value is not None}

"""A batch of contacts as it goes over the wire, and what Mautic's answer says of each.

Seen on Mautic 5.1.1: HTTP 201 whatever happens to the single ones; `statusCodes` has 201 for a
new contact, 200 for one that was merged, 4xx for one that was refused; `contacts` is a list, or
an object with gaps when one before the last is refused; `errors` too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pmctl.clients.campaign_contact import contact
from pmctl.clients.campaign_contact_rows import Row

MOST = 200  # more are a 500: "A max of 200 entities are supported at a time."
MOST_CHARACTERS = 1_000_000  # PHP's post_max_size is 8 MB as it comes
CREATED, UPDATED, REFUSED, UNKNOWN = "created", "updated", "refused", "unknown"
SENT = (CREATED, UPDATED)


@dataclass(frozen=True)
class Batch:
    """Up to 200 rows; `number` counts from 0 and is the same in every reading of a file."""

    number: int
    rows: list[Row]


@dataclass(frozen=True)
class Result:
    """What became of a row: created, updated, refused (with a reason), or unknown."""

    line: int
    email: str
    id: int | None
    outcome: str
    reason: str = ""


def batches(rows: Iterable[Row]) -> Iterator[Batch]:
    """Cut rows into batches, by count and by size; only the rows decide where."""
    number, held, size = 0, list[Row](), 0
    for row in rows:
        weight = _weight(row)
        if held and (len(held) == MOST or size + weight > MOST_CHARACTERS):
            yield Batch(number, held)
            number, held, size = number + 1, [], 0
        held.append(row)
        size += weight
    if held:
        yield Batch(number, held)


def _weight(row: Row) -> int:
    tags = sum(map(len, row.tags))
    return 100 + tags + sum(len(name) + len(str(value)) for name, value in row.values.items())


def results(answer: Any, rows: Sequence[Row]) -> list[Result]:
    """Return what a batch's answer says of each row; unknown where it says nothing clear."""
    body = answer if isinstance(answer, dict) else {}
    codes = _by_index(body.get("statusCodes"))
    errors = _by_index(body.get("errors"))
    shown = {place: row for place, row in _by_index(body.get("contacts")).items() if _shows(row)}
    by_email = {contact(one).email.lower(): one for one in shown.values()}
    found = []
    for place, row in enumerate(rows):
        mine = shown.get(place)
        if mine is None or contact(mine).email.lower() != row.email.lower():
            mine = by_email.get(row.email.lower())
        found.append(_result(row, codes.get(place), errors.get(place), mine))
    return found


def _result(row: Row, code: Any, error: Any, mine: Mapping[str, Any] | None) -> Result:
    status = int(code) if str(code).isdecimal() else 0
    if error:
        said = str(error.get("message") or error) if isinstance(error, dict) else str(error)
        inner = error.get("code") if isinstance(error, dict) else None
        failed = (inner if isinstance(inner, int) else status) >= 500
        return Result(row.line, row.email, None, UNKNOWN if failed else REFUSED, said)
    if mine is None or status not in (200, 201):
        said = f"Mautic's answer does not say what became of it (status {status or 'missing'})"
        refused = 400 <= status < 500
        return Result(row.line, row.email, None, REFUSED if refused else UNKNOWN, said)
    return Result(row.line, row.email, int(mine["id"]), CREATED if status == 201 else UPDATED)


def _shows(row: Any) -> bool:
    return isinstance(row, dict) and row.get("id") is not None


def _by_index(listed: Any) -> dict[int, Any]:
    """Return a list, or an object by index, as index -> item."""
    if isinstance(listed, dict):
        return {int(key): item for key, item in listed.items() if str(key).isdecimal()}
    return dict(enumerate(listed)) if isinstance(listed, list) else {}

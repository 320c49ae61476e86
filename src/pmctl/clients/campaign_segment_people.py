"""Contacts put into a segment and taken out of it, by email.

Adding goes in batches through one endpoint; Mautic 5.1.1 has none to take many out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmctl.backends.mautic import where
from pmctl.clients.writes import once
from pmctl.errors import PmctlError
from pmctl.parallel import side_by_side

if TYPE_CHECKING:
    from pmctl.clients.campaign_segment import Listed, Segments

BATCH = 200  # contacts in one request; Mautic's other batches take no more


@dataclass(frozen=True)
class Done:
    """What happened to one email. `id` is None when Mautic has no contact with it."""

    email: str
    id: int | None
    result: str
    ok: bool


def add(client: Segments, segment: Listed, emails: Iterable[str]) -> Iterator[Done]:
    """Put contacts into a segment; one that is in it stays. Yields a result for each, in order."""
    for batch in _batches(client, emails):
        ids = [key for _, key, _ in batch if key is not None]
        there = _add(client, segment, ids) if ids else set()
        for email, key, problem in batch:
            if key is None:
                yield Done(email, None, problem, ok=False)
            elif key in there:
                yield Done(email, key, "added", ok=True)
            else:
                yield Done(email, key, "Mautic did not add it", ok=False)


def remove(client: Segments, segment: Listed, emails: Iterable[str]) -> Iterator[Done]:
    """Take contacts out of a segment, side by side. Yields a result for each, in order."""

    def one(found: tuple[str, int | None, str]) -> Done:
        email, key, problem = found
        if key is None:
            return Done(email, None, problem, ok=False)
        try:
            _remove(client, segment, key)
        except PmctlError as exc:
            if exc.exit_code not in (1, 3, 75):
                raise  # the next one would meet the same
            return Done(email, key, exc.message, ok=False)
        return Done(email, key, "removed", ok=True)

    for batch in _batches(client, emails):
        yield from side_by_side(one, batch, at_once=4)  # more writes at once get into deadlocks


def look(client: Segments, emails: Iterable[str]) -> Iterator[Done]:
    """Yield which contacts the emails are, without changing anything."""
    for batch in _batches(client, emails):
        for email, key, problem in batch:
            yield Done(email, key, problem or "found", ok=key is not None)


def _batches(
    client: Segments, emails: Iterable[str]
) -> Iterator[list[tuple[str, int | None, str]]]:
    """Yield (email, id, problem), each email once, in batches, so that memory stays flat."""
    seen: set[int] = set()

    def ids(email: str) -> tuple[str, list[int]]:
        params = [*where(("email", "eq", email)), ("minimal", 1)]
        rows = client.mautic.rows("contacts", "contacts", params, page=10)
        return email, [int(row["id"]) for row in rows]

    left = _each_once(emails)
    while batch := list(itertools.islice(left, BATCH)):
        found: list[tuple[str, int | None, str]] = []
        for email, known in side_by_side(ids, batch):
            if len(known) == 1 and known[0] not in seen:
                seen.add(known[0])
                found.append((email, known[0], ""))
            elif len(known) > 1:
                several = " and ".join(map(str, known))
                found.append((email, None, f"several contacts have it: {several}"))
            elif not known:
                found.append((email, None, "no contact has it"))
        yield found


def _each_once(emails: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for email in emails:
        if email.lower() not in seen:
            seen.add(email.lower())
            yield email


def _add(client: Segments, segment: Listed, ids: list[int]) -> set[int]:
    """Return those of the contacts that are in the segment afterwards."""

    def look_again() -> dict[str, dict[str, bool]]:
        there = side_by_side(lambda key: _is_in(client, segment, key), ids)
        return {str(key): {"success": yes} for key, yes in zip(ids, there, strict=True)}

    path, body = f"segments/{segment.id}/contacts/add", {"ids": ids}
    details = once(client.client, "POST", path, body, "details", look_again, segment.alias)
    return {int(key) for key, one in details.items() if one.get("success")}


def _remove(client: Segments, segment: Listed, contact_id: int) -> None:
    def look_again() -> dict[str, bool] | None:
        return None if _is_in(client, segment, contact_id) else {}

    path = f"segments/{segment.id}/contact/{contact_id}/remove"
    once(client.client, "POST", path, None, "success", look_again, f"contact {contact_id}")


def _is_in(client: Segments, segment: Listed, contact_id: int) -> bool:
    conditions: list[tuple[str, str, str | int]] = [
        ("leadlist_id", "eq", segment.id),
        ("lead_id", "eq", contact_id),
        ("manually_removed", "eq", 0),
    ]
    return client.mautic.stats_total("lead_lists_leads", conditions) > 0

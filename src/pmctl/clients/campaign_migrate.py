"""Moving those who wait at a step that goes to the step that follows it.

A row is written for each contact alone: Mautic's batch stores one contact a request and says of
the others that they are done (5.1.1, seen). Nothing is taken for granted: what counts is who has a
row at the end, read back, and a run that was cut short is taken up by the next apply, which finds
the parked event.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic_errors import MauticConflict
from pmctl.clients.unchanged import PLAN_AGAIN, check_campaign
from pmctl.clients.writes import AGAIN, once
from pmctl.errors import NotFound, OutcomeUnknown, Temporary, Unreachable, Unsafe
from pmctl.parallel import side_by_side
from pmctl.sequence import live as live_shape
from pmctl.sequence import migration
from pmctl.sequence.matching import match
from pmctl.sequence.payload import LEAVING, Names, Records, campaign_body

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.sequence.live import LiveCampaign
    from pmctl.sequence.migration import Move
    from pmctl.sequence.payload import Desired

PAGE = 5000  # rows of the log a request
ROUNDS = 3  # of writing rows for whoever has none, and looking again


def move_waiting(
    client: Campaigns,
    want: Desired,
    live: LiveCampaign,
    names: Names,
    notes: Records,
    *,
    forced: bool,
) -> LiveCampaign:
    """Move who waits at steps that go and may go on; return the campaign as it is afterwards.

    Nothing is written when nobody waits there. Whoever is in a second round cannot be moved and is
    dropped, which takes `forced`. Raises Unsafe without it, Changed when somebody else changed the
    campaign, Temporary when not everybody could be moved: they wait on at the parked event.
    """
    moving = [
        move
        for move in migration.moves(want, live, match(want, live))
        if next(_waiting(client, live.id, move.gone.id, forced=forced), None)
    ]
    if not moving:
        return live
    check_campaign(client, live)
    live = _park(client, want, live, names, notes, moving)
    ids = match(want, live)
    for move in moving:
        _rows(client, live.id, move, ids[move.to.identity].id, forced=forced)
    return live


def _park(
    client: Campaigns,
    want: Desired,
    live: LiveCampaign,
    names: Names,
    notes: Records,
    moving: list[Move],
) -> LiveCampaign:
    """Write the new campaign, with the events that go still in it, where nobody comes to them."""
    ids = match(want, live)
    there = [event.id for event in live.events]
    numbers = {identity: event.id for identity, event in ids.items()}
    published = want.published and live.published
    body = campaign_body(
        want, client.env, names, ids=numbers, published=published, live=there, records=notes
    )
    body = migration.parked(body, moving, want) | live_shape.kept(live.raw)

    def read() -> LiveCampaign:
        return live_shape.campaign(client.mautic.get(f"campaigns/{live.id}")["campaign"])

    def found() -> dict[str, Any] | None:
        return {"id": live.id} if _is_parked(want, read(), moving) else None

    path = f"campaigns/{live.id}/edit"
    once(client, "PUT", path, body, "campaign", found, f"campaign {live.id}")
    after = read()
    if not _is_parked(want, after, moving):
        raise Temporary(
            f"campaign {live.id} is not as it was written; nobody was moved yet", hint=AGAIN
        )
    return after


def _is_parked(want: Desired, now: LiveCampaign, moving: list[Move]) -> bool:
    leaving = {event.id for event in now.events if LEAVING in event.records}
    targets = match(want, now)
    return all(move.gone.id in leaving and move.to.identity in targets for move in moving)


def _rows(client: Campaigns, campaign_id: int, move: Move, to: int, *, forced: bool) -> None:
    """Give each of those who wait a row at the event `to`, and see that they have it."""

    def write(one: tuple[int, datetime]) -> None:
        _row(client, move, to, *one)

    for attempt in range(ROUNDS + 1):
        have = {int(row["lead_id"]) for row in _log(client, campaign_id, to)}
        waiting = _waiting(client, campaign_id, move.gone.id, forced=forced)
        missing = [(contact, due) for contact, due in waiting if contact not in have]
        if not missing:
            return
        for _ in side_by_side(write, missing if attempt < ROUNDS else ()):
            pass
    people = "1 contact" if len(missing) == 1 else f"{len(missing)} contacts"
    raise Temporary(
        f"{people} could not be moved on to step {move.to.step}; they wait on, and the step "
        "that they wait at is kept",
        hint=AGAIN,
    )


def _row(client: Campaigns, move: Move, to: int, contact: int, due: datetime) -> None:
    """Ask once for one row; what became of it is read afterwards, for all together.

    A refusal is no error yet: Mautic says 409 of who left the campaign meanwhile and of who has
    such a row.
    """
    body = migration.dates(due, move.to)
    path = f"campaigns/events/{to}/contact/{contact}/edit"
    client.locks.check()
    unsettled = (MauticConflict, OutcomeUnknown, Unreachable, Temporary, NotFound)
    with suppress(*unsettled), client.journal.write("PUT", path, what=f"contact {contact}"):
        client.mautic.put(path, body)


def _waiting(
    client: Campaigns, campaign_id: int, event_id: int, *, forced: bool
) -> Iterator[tuple[int, datetime]]:
    """Yield who waits at an event in the first round: contact and the date of its schedule.

    A row that is written from outside is one of the first round. Raises Unsafe for somebody in
    another, who came after the plan was made, unless it is `forced`: then they are left out.
    """
    now = datetime.now(UTC)
    for row in _log(client, campaign_id, event_id):
        if row.get("is_scheduled") != "1":
            continue
        if row.get("rotation", "1") == "1":
            yield int(row["lead_id"]), migration.due(row, now)
        elif not forced:
            raise Unsafe(
                f"contact {row['lead_id']} came to a step that goes in a second round meanwhile",
                hint=PLAN_AGAIN,
            )


def _log(client: Campaigns, campaign_id: int, event_id: int) -> Iterator[dict[str, str]]:
    conditions = (("campaign_id", "eq", campaign_id), ("event_id", "eq", event_id))
    return client.mautic.stats("campaign_lead_event_log", conditions, order="id", page=PAGE)

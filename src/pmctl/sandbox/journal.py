"""campaign_lead_event_log as the engine needs it: found by campaign and contact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from pmctl.sandbox.clock import sql
from pmctl.sandbox.store import Entity, Store

NO_METADATA = "a:0:{}"


class Journal:
    """The log, indexed once for a run; of one contact only, if `contact` is given."""

    def __init__(self, store: Store, contact: int | None = None) -> None:
        self.store = store
        self._rows: dict[int, dict[int, list[Entity]]] = defaultdict(lambda: defaultdict(list))
        wanted = None if contact is None else str(contact)
        for row in store.log:
            if wanted in {None, row["lead_id"]}:
                self._rows[int(row["campaign_id"])][int(row["lead_id"])].append(row)

    def rows(self, campaign: int, contact: int, rotation: str) -> Iterator[Entity]:
        """The rows of a contact in a campaign and rotation."""
        return (row for row in self.of_contact(campaign, contact) if row["rotation"] == rotation)

    def row(self, event: Entity, campaign: int, contact: int, rotation: str) -> Entity | None:
        """The latest row of a contact at an event."""
        key, found = str(event["id"]), None
        for row in self.rows(campaign, contact, rotation):
            if row["event_id"] == key:
                found = row
        return found

    def waiting(self, campaign: int, until: str) -> list[Entity]:
        """The scheduled rows of a campaign that are due, in the order of the contacts."""
        return [
            row
            for _, rows in sorted(self._rows[campaign].items())
            for row in rows
            if row["is_scheduled"] == "1" and (row["trigger_date"] or "") <= until
        ]

    def write(self, event: Entity, member: Entity, **more: Any) -> Entity:
        """Add a row for a member at an event; by default it was executed just now."""
        store = self.store
        row: Entity = {
            "id": str(store.next_id("log")),
            "event_id": str(event["id"]),
            "lead_id": member["lead_id"],
            "campaign_id": member["campaign_id"],
            "rotation": member["rotation"],
            "date_triggered": sql(store.clock.now()),
            "is_scheduled": "0",
            "trigger_date": None,
            "system_triggered": "1",
            "metadata": NO_METADATA,
            "channel": None,
            "channel_id": None,
            "non_action_path_taken": "0",
            **more,
        }
        store.log.append(row)
        self._rows[int(row["campaign_id"])][int(row["lead_id"])].append(row)
        return row

    def of_contact(self, campaign: int, contact: int) -> list[Entity]:
        """The rows of a contact in a campaign, of every rotation."""
        return self._rows[campaign].get(contact, [])

    @cached_property
    def _sent(self) -> set[tuple[int, int]]:
        rows = (row for row in self.store.sent if row["is_failed"] == "0" and row["lead_id"])
        return {(int(row["email_id"]), int(row["lead_id"])) for row in rows}

    def mailed(self, email: int, contact: int) -> bool:
        """Tell whether a contact has a stat of an email that did not fail."""
        return (email, contact) in self._sent

    def note_mailed(self, email: int, contact: int) -> None:
        """Remember a mail that leaves."""
        self._sent.add((email, contact))


def failed(reason: str) -> str:
    """The metadata of a step that failed, as PHP serializes them."""
    size = len(reason.encode())
    return f'a:2:{{s:6:"failed";i:1;s:6:"reason";s:{size}:"{reason}";}}'


def unschedule(rows: Iterable[Entity]) -> None:
    """Cancel what is scheduled; the rows keep both dates.

    So no table tells one that was cancelled in the moment it was due from one that ran: here it is
    noted beside the columns.
    """
    for row in rows:
        if row["is_scheduled"] == "1":
            row.update(is_scheduled="0", cancelled="1")

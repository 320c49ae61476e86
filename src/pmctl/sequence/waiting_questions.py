"""Who has a question open that closes by itself: a decision with a no-path, and no row of its own.

Mautic schedules nothing for such a decision. Its cron takes the no-path for who is past the step
above and has no row at the decision, counted from when that step ran (5.1.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmctl.sequence.live import LiveCampaign, LiveEvent

Row = Mapping[str, str]
Place = tuple[int, int]  # contact, rotation
_WAY = {"0": "yes", "1": "no"}


class Questions:
    """The open questions of one campaign, from its log and its members.

    Memory grows with those who have a question open, not with the history of the log; only a
    campaign that begins with a question keeps everybody who ever had a step.
    """

    def __init__(self, campaign: LiveCampaign) -> None:
        closing = {event.parent for event in campaign.events if event.anchor == "no"}
        self.asked = [
            event
            for event in campaign.events
            if event.trigger.get("eventType") == "decision" and event.id in closing
        ]
        self._under: dict[int | None, list[LiveEvent]] = {}
        for event in self.asked:
            self._under.setdefault(event.parent, []).append(event)
        self._ids = {event.id for event in self.asked}
        self._since: dict[Place, dict[int, str]] = {}
        self._answered: set[tuple[int, Place]] = set()
        self._begun: set[Place] = set()

    def see(self, row: Row) -> None:
        """Take in one row of the log; rows come in the order of their ids."""
        place, event = _place(row), int(row["event_id"])
        if None in self._under:
            self._begun.add(place)
        if event in self._ids:
            self._answer(event, place)
        if row.get("is_scheduled") == "1" or not row.get("date_triggered"):
            return
        way = _WAY.get(row.get("non_action_path_taken", "0"))
        for decision in self._under.get(event, ()):
            if decision.anchor in ("yes", "no") and decision.anchor != way:
                continue
            if (decision.id, place) not in self._answered:
                self._since.setdefault(place, {})[decision.id] = row["date_triggered"]

    def _answer(self, decision: int, place: Place) -> None:
        open_now = self._since.get(place, {})
        if open_now.pop(decision, None) is None:
            self._answered.add((decision, place))  # its row came before that of the step above
        elif not open_now:
            del self._since[place]

    def open(self, members: Iterable[Row]) -> Counter[tuple[int, str]]:
        """Count by decision and the moment since which it is open (UTC, as Mautic writes it).

        `members` are the rows of those who are in the campaign now, with their present rotation.
        """
        counted: Counter[tuple[int, str]] = Counter()
        for row in members:
            place = _place(row)
            counted.update(self._since.get(place, {}).items())
            if place not in self._begun:
                since = row["date_added"]
                counted.update((event.id, since) for event in self._under.get(None, ()))
        return counted


def _place(row: Row) -> Place:
    return int(row["lead_id"]), int(row.get("rotation") or 1)

"""What apply would do to a campaign, as a value: what differs, by whom, and whom it meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pmctl.sequence.live import LiveCampaign, LiveEvent, LiveMail
from pmctl.sequence.people import NOTHING, Group, Sends
from pmctl.sequence.threeway import By

Op = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class FieldChange:
    """One field that is not as the file says."""

    field: str
    before: Any
    after: Any
    by: By = "you"  # who moved: you (the file), builder (somebody in Mautic), both, mautic

    def __post_init__(self) -> None:
        if self.field == "properties.headers":  # of a webhook: a token of somebody's API
            object.__setattr__(self, "before", _hidden(self.before))
            object.__setattr__(self, "after", _hidden(self.after))


def _hidden(headers: Any) -> str:
    """Return the names of headers: their values have no place in a plan or a log."""
    if isinstance(headers, str):  # hidden already
        return headers
    rows = headers.get("list") if isinstance(headers, Mapping) else None
    names = [str(row.get("label")) for row in rows or () if isinstance(row, Mapping)]
    return ", ".join(f"{name}: …" for name in sorted(names))


@dataclass(frozen=True)
class Change:
    """One object that is not as the file says."""

    op: Op
    kind: str  # campaign email event
    name: str
    fields: tuple[FieldChange, ...] = ()
    live_id: int | None = None
    by: By = "you"


@dataclass(frozen=True)
class Live:
    """What Mautic holds of one sequence: the campaign, if there is one, and its emails."""

    campaign: LiveCampaign | None
    mails: tuple[LiveMail, ...] = ()


@dataclass(frozen=True)
class Gone:
    """A live event that the file has no longer; `under` is the kept event above it, if one is."""

    event: LiveEvent
    under: tuple[str, str] | None


@dataclass(frozen=True)
class Plan:
    """What apply would do to one campaign; nothing when `changes` is empty."""

    key: str
    name: str
    path: str
    campaign_id: int | None
    changes: tuple[Change, ...]
    dangers: tuple[str, ...] = ()
    seen: str = ""  # what Mautic held when it was made, "" when nothing is to do
    desired: str = ""  # what the file said; see Desired.fingerprint
    notes: tuple[str, ...] = ()  # what Mautic did itself
    people: tuple[Group, ...] = ()  # at the steps that the change touches
    sends: Sends = NOTHING
    gone: tuple[Gone, ...] = ()

    @property
    def action(self) -> Literal["create", "update", "nothing"]:
        """In one word."""
        if not self.changes:
            return "nothing"
        return "update" if self.campaign_id else "create"

"""An event in Mautic's own words, for what has none in a sequence file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from pmctl.sequence import cron_safe
from pmctl.sequence.model.types import Clock, Line, Shape
from pmctl.sequence.placed import placed

EventType = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$", max_length=50)]


def _known_days(days: list[int]) -> list[int]:
    for day in days:
        if not 0 <= day <= 6:  # -1 is the builder's "weekdays" (seen on 5.1.1)
            raise ValueError(f"the day {day} lets Mautic's cron run for ever; 0 is Sunday")
    return days


class Trigger(Shape):
    """When an event runs, as Mautic has it: any mode and unit, days from 0 for Sunday.

    With it the event stands exactly where it is written: no wait, window or question around it.
    A date cannot be written by Mautic's API, so an event of mode `date` keeps the one it has.
    """

    mode: Annotated[str, Field(max_length=10)] = "immediate"
    interval: Annotated[int, Field(ge=0)] = 0
    unit: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    hour: Clock | None = None
    from_: Clock | None = Field(None, alias="from")
    to: Clock | None = None
    days: Annotated[list[int], AfterValidator(_known_days)] = []


class RawEvent(Shape):
    """An event in Mautic's own words; numbers stand for themselves."""

    type: EventType
    kind: Literal["action", "decision", "condition"]
    name: Annotated[Line, Field(max_length=191)]
    properties: dict[str, Any] = {}
    trigger: Trigger | None = None

    @model_validator(mode="after")
    def _harmless(self) -> RawEvent:
        for flaw in cron_safe.flaws(self.type, self.properties):
            raise placed(flaw.message, "properties", *flaw.loc, hint=flaw.hint)
        return self

"""The steps of a campaign with their counts, in the order in which contacts meet them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmctl.clients.stats_figures import Counts

if TYPE_CHECKING:
    from pmctl.clients.stats_steps import StepRow


@dataclass(frozen=True)
class Stage:
    """A step that sends, or one of its variants; `live` is false once the campaign lacks it."""

    step: str
    variant: str
    live: bool
    counts: Counts


def stages(
    steps: Sequence[StepRow], found: Mapping[tuple[str, str], Counts], *, variants: bool = False
) -> list[Stage]:
    """Return each step that sends mails, those that are gone last.

    Events of one step id (as at the end of two branches) are one stage; so are the texts of an
    A/B step, unless `variants` asks for each.
    """
    order: dict[tuple[str, str], tuple[bool, int]] = {}
    for row in steps:
        name = (row.step, row.variant if variants else "")
        if row.email_id:
            before = order.get(name, (True, row.position))
            order[name] = (before[0] and not row.live, min(before[1], row.position))
    counts: dict[tuple[str, str], Counts] = {}
    for (step, variant), one in found.items():
        name = (step, variant if variants else "")
        counts[name] = counts.get(name, Counts()) + one
    return [
        Stage(*name, not gone, counts.get(name, Counts()))
        for name, (gone, _) in sorted(order.items(), key=lambda item: (item[1], item[0][1]))
    ]

"""In which order to apply sequences that put contacts into one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pmctl.errors import Conflict


def in_order(needs: Mapping[str, Collection[str]], there: Collection[str]) -> list[str]:
    """Return the keys so that what another one names comes before it; else as they came.

    `needs` are the keys that each sequence names, `there` those that Mautic has already: they
    have an id and need not wait. Raises Conflict for a circle of sequences that are all new.
    """
    done: dict[str, None] = {}
    for first in needs:
        trail = [first]
        while trail:
            key = trail[-1]
            left = [
                other for other in sorted(needs[key])
                if other in needs and other not in done and other not in there
            ]  # fmt: skip
            if not left:
                done[trail.pop()] = None
            elif left[0] in trail:
                raise _circle([*trail[trail.index(left[0]) :], left[0]])
            else:
                trail.append(left[0])
    return list(done)


def _circle(keys: list[str]) -> Conflict:
    return Conflict(
        f"these sequences name each other in a circle, and none is in Mautic yet: "
        f"{' → '.join(keys)}",
        hint=f"apply {keys[0]} without the step that names {keys[1]} first, and then with it",
    )

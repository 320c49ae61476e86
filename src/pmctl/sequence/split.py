"""A/B: the rules of an email with several texts, its shares, and how its emails are marked.

Mautic keeps no share of the parent: it gets what its published children leave of 100 percent
(mautic/mautic, app/bundles/EmailBundle/Model/EmailModel.php, getEmailSettings).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pmctl.sequence.placed import placed

CRITERIA = {"opens": "email.openrate", "clicks": "email.clickthrough"}  # Mautic's words
SIGN = "~"  # between step and variant; neither ids nor names of contexts have it
OWN = ("subject", "body", "preheader", "text")  # what each variant says for itself


class Share(NamedTuple):
    """What a child email's name says of its test."""

    weight: int  # percent
    winner: str  # opens or clicks


def stand_in(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return an A/B email with a text in its own place; the first variant's is put there later."""
    beside = next((name for name in OWN if name in said), None)
    if beside is not None:
        message = f"`{beside}` cannot stand beside `variants`"
        raise placed(message, beside, hint="each variant has its own")
    return {**said, "subject": "A/B", "body": "A/B"}


def check(variants: Sequence[Any]) -> None:
    """Raise the first thing that is wrong with the variants of one email, at its place."""
    if len(variants) < 2:
        raise placed("a test needs two variants or more", "variants", hint="or none at all")
    ids: set[str] = set()
    for number, variant in enumerate(variants):
        if variant.id in ids:
            raise placed(f"a second variant named {variant.id}", "variants", number, "id")
        ids.add(variant.id)
        if number and variant.weight is None:
            hint = "only the first has none of its own: it gets what the others leave of 100"
            message = f"variant {variant.id} needs a `weight` in percent"
            raise placed(message, "variants", number, hint=hint)
    rest = 100 - sum(variant.weight for variant in variants[1:])
    first = variants[0]
    if rest < 1:
        message = f"nothing is left for {first.id}: the others have {100 - rest} of 100 percent"
        raise placed(message, "variants", len(variants) - 1, "weight")
    if first.weight not in (None, rest):
        message = f"the weights add up to {100 - rest + first.weight}, not to 100 percent"
        hint = f"{first.id} gets what the others leave: {rest}; its own weight may be left out"
        raise placed(message, "variants", 0, "weight", hint=hint)


def shares(weights: Sequence[int | None]) -> list[int]:
    """Return the percents of all variants; the first gets what the others leave."""
    others = [weight or 0 for weight in weights[1:]]
    return [100 - sum(others), *others] if weights else []


def identity(step: str, variant: str) -> str:
    """Return what a child email is called among the emails of its sequence: `offer~b`."""
    return f"{step}{SIGN}{variant}"


def mark(name: str, share: Share | None) -> str:
    """Return the last part of an email's marker: `offer`, or `offer~b~40~opens`.

    Mautic never shows a child's weight and criteria again, so its name has to say them.
    """
    return f"{name}{SIGN}{share.weight}{SIGN}{share.winner}" if share else name


def read_mark(text: str) -> tuple[str, Share | None]:
    """Return the email's name within its sequence, and its share when it is a child."""
    parts = text.split(SIGN)
    if len(parts) == 4 and parts[2].isdecimal():
        return SIGN.join(parts[:2]), Share(int(parts[2]), parts[3])
    return text, None


def parent_of(name: str) -> str | None:
    """Return the step whose variant an email is, None for an email of its own."""
    step, found, _ = name.partition(SIGN)
    return step if found else None


def words(percents: Sequence[int]) -> str:
    """Return `A/B 60/40`."""
    return f"A/B {'/'.join(map(str, percents))}"


def settings(share: Share, parent_id: int) -> dict[str, Any]:
    """Return what makes an email a child; Mautic refuses one without the other."""
    criteria = CRITERIA[share.winner]
    return {
        "variantParent": parent_id,
        "variantSettings": {"weight": share.weight, "winnerCriteria": criteria},
    }

"""The child emails of A/B steps: where Mautic shows them, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pmctl.errors import Conflict
from pmctl.sequence import live as live_shape
from pmctl.sequence.payload import read_mail_marker

if TYPE_CHECKING:
    from pmctl.backends.mautic import Mautic
    from pmctl.sequence.live import LiveMail


def children(
    mautic: Mautic, parent: LiveMail, envs: tuple[str, ...], key: str
) -> Iterator[LiveMail]:
    """Yield the variants of an email that pmctl made, in full: one request each.

    They are in no listing, only inside of their parent, and there without `isPublished`.
    Raises Conflict for a published one that somebody else made: it takes a share of the mails.
    """
    for child_id in _ids(mautic, parent.fields):
        row: dict[str, Any] = mautic.get(f"emails/{child_id}")["email"]
        mail = live_shape.mail(row)
        if mail is not None and _is_of(mail, envs, key):
            yield mail
        elif row.get("isPublished"):
            raise Conflict(
                f"email {child_id} ({row.get('name')!r}) is a variant of step {parent.step} of "
                f"{key} that pmctl did not make; it takes a share of the mails",
                hint="unpublish it in Mautic; write it as one of the `variants` to keep it",
            )


def _ids(mautic: Mautic, parent: Mapping[str, Any]) -> list[int]:
    inside = parent.get("variantChildren")
    if inside is None:  # seen inside a single email; nobody looked at listings
        inside = mautic.get(f"emails/{parent['id']}")["email"].get("variantChildren")
    return sorted(int(child["id"]) for child in live_shape.items(inside))


def _is_of(mail: LiveMail, envs: tuple[str, ...], key: str) -> bool:
    marker = read_mail_marker(mail.name)
    return marker is not None and marker[0] in envs and marker[1] == key


def named(mautic: Mautic, parent_id: int, name: str) -> dict[str, Any] | None:
    """Return the child of that name, if the parent has it: how an unknown outcome is looked up."""
    parent = mautic.get(f"emails/{parent_id}")["email"]
    inside = live_shape.items(parent.get("variantChildren"))
    return next((dict(child) for child in inside if child.get("name") == name), None)

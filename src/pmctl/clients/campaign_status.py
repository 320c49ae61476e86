"""One line for each of our campaigns: is it on, who is in it, has anybody touched it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmctl.clients import headcount
from pmctl.parallel import side_by_side

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed


@dataclass(frozen=True)
class Status:
    """A campaign at a glance. `changed` is when Mautic last stored it, ISO 8601.

    `drift` is `no` or `yes` where a file was given to compare with, else `unknown`; `no file`
    when files were given and none describes it. `retired`: since when, "" while in service.
    """

    key: str
    id: int
    published: bool
    members: int
    waiting: int
    changed: str
    drift: str
    retired: str


def statuses(client: Campaigns, drift: Mapping[str, str] | None) -> Iterator[Status]:
    """Yield the status of each campaign of this context; two small requests each, side by side.

    `drift` says it by key for those that were compared with a file; None: none was.
    """

    def one(listed: Listed) -> Status:
        known = "unknown" if drift is None else drift.get(listed.key, "no file")
        return Status(
            key=listed.key,
            id=listed.id,
            published=listed.published,
            members=headcount.members(client, listed.id),
            waiting=headcount.waiting(client, listed.id),
            changed=listed.modified,
            drift=known,
            retired=listed.retired,
        )

    yield from side_by_side(one, [one for one in client.marked if one.env == client.env])

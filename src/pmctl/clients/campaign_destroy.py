"""Taking a campaign out of service, or out of Mautic, so that any cut can be finished.

The campaign is the last thing to go: it has the key, so the same command finds it again. It is
unpublished first: a campaign that runs while its emails go skips those steps for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic_errors import MauticNotFound
from pmctl.clients import headcount
from pmctl.clients.unchanged import Changed, check_campaign, check_mail
from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotFound
from pmctl.sequence import live as live_shape
from pmctl.sequence import split, split_plan
from pmctl.sequence.payload import read_retired, retired_line

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.clients.snapshots import Kept
    from pmctl.sequence.live import LiveCampaign, LiveMail


@dataclass(frozen=True)
class Uses:
    """Who names a campaign, and who sends an email: id -> campaigns with their step."""

    campaigns: Mapping[int, list[tuple[int, str]]]  # id -> (other campaign, how)
    emails: Mapping[int, list[tuple[int, str]]]

    def of_campaign(self, campaign_id: int) -> list[str]:
        """Return the other campaigns that name a campaign, in words."""
        return [how for other, how in self.campaigns.get(campaign_id, ()) if other != campaign_id]

    def of_email(self, email_id: int, campaign_id: int | None) -> list[str]:
        """Return the campaigns but one that send an email, in words."""
        return [how for other, how in self.emails.get(email_id, ()) if other != campaign_id]


@dataclass(frozen=True)
class Target:
    """What a destroy would touch, and whom."""

    key: str
    campaign: LiveCampaign | None
    mails: tuple[LiveMail, ...]
    members: int
    waiting: int
    dependants: tuple[str, ...]
    shared: Mapping[int, str] = field(default_factory=dict)  # email id -> who else sends it


@dataclass(frozen=True)
class Destroyed:
    """What a destroy did; emails by their step. `emails_kept` are sent by other campaigns."""

    key: str
    action: str  # retired purged nothing
    campaign_id: int | None
    members: int
    waiting: int
    emails_unpublished: tuple[str, ...] = ()
    emails_deleted: tuple[str, ...] = ()
    emails_kept: tuple[str, ...] = ()


def uses(client: Campaigns) -> Uses:
    """Read every campaign with its events, once a run; what is kept of them is small."""
    campaigns: dict[int, list[tuple[int, str]]] = {}
    emails: dict[int, list[tuple[int, str]]] = {}
    rows = client.mautic.rows("campaigns", "campaigns", [("orderBy", "id")], page=100)
    for found in map(live_shape.campaign, rows):
        for event in found.events:
            called = f"{found.key or found.name} (campaign {found.id})"
            step = event.identity[0] if event.identity else event.name
            for how, number in _named(event.type, event.properties):
                said = f"{called} {how}: step {step}"
                campaigns.setdefault(number, []).append((found.id, said))
            for number in _sent(event.properties):
                emails.setdefault(number, []).append((found.id, f"{called}: step {step}"))
    return Uses(campaigns, emails)


def _named(type_: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the campaigns that an event names."""
    words = {"addTo": "adds people to it", "removeFrom": "removes people from it"}
    if type_ == "lead.campaigns":
        words = {"campaigns": "asks who is in it"}
    elif type_ != "campaign.addremovelead":
        return
    for name, how in words.items():
        for value in live_shape.listed(properties.get(name)):
            if str(value).isdecimal():
                yield how, int(value)


def _sent(properties: Mapping[str, Any]) -> Iterator[int]:
    """Yield the emails that an event sends, to the contact or to users."""
    to_user = properties.get("useremail")
    inner = to_user.get("email") if isinstance(to_user, Mapping) else None
    for value in (properties.get("email"), inner):
        if str(value or "").isdecimal():
            yield int(str(value))


def find(client: Campaigns, name: str, *, purge: bool) -> Listed | None:
    """Return the campaign of a key or id; None when a purge left only its emails.

    Raises NotFound when there is nothing of it, Conflict when it is not ours.
    """
    try:
        found = client.get(name)
    except NotFound:
        if purge and not name.isdecimal() and client.mails([client.env], name):
            return None
        raise
    if found.env != client.env:
        whose = f"belongs to context {found.env}" if found.env else "is none that pmctl made"
        raise Conflict(
            f"campaign {found.id} {whose}",
            hint="pmctl destroys only what carries the marker of its context",
        )
    return found


def purged(client: Campaigns, key: str) -> str:
    """Return when a key was purged from this machine, "" when it was not."""
    try:
        known = client.snapshots.all(key)
    except OSError:
        return ""
    return known[-1].time if known and known[-1].why == "purge" else ""


def look(client: Campaigns, name: str, listed: Listed | None, known: Uses) -> Target:
    """Read what is to be destroyed, and whom it concerns."""
    campaign_id = listed.id if listed else None
    key = listed.key if listed else name
    live = client.read(campaign_id, [client.env], key)
    users = {mail.step: ", ".join(known.of_email(mail.id, campaign_id)) for mail in live.mails}
    # who sends an email sends its variants
    shared = {m.id: users.get(split.parent_of(m.step) or m.step, "") for m in live.mails}
    return Target(
        key=key,
        campaign=live.campaign,
        mails=live.mails,
        members=headcount.members(client, campaign_id) if campaign_id else 0,
        waiting=headcount.waiting(client, campaign_id) if campaign_id else 0,
        dependants=tuple(known.of_campaign(campaign_id)) if campaign_id else (),
        shared={number: who for number, who in shared.items() if who},
    )


def retire(client: Campaigns, target: Target, *, wait_seconds: float = 0) -> Destroyed:
    """Unpublish a campaign and mark it as retired. Nothing is deleted."""
    before = target.campaign
    if before is None:  # only its emails are left of a purge
        return _done(target, "nothing")
    with client.locks.hold(target.key, "destroy", wait_seconds):
        live = _still(client, target)
        if live.retired and not live.published:
            return _done(target, "nothing")
        kept = _keep(client, target, "destroy")
        _retire(client, live)
        client.snapshots.finish(kept)
    return _done(target, "retired")


def purge(client: Campaigns, target: Target, *, emails: bool, wait_seconds: float = 0) -> Destroyed:
    """Delete a campaign; its emails are unpublished, or deleted too when `emails`.

    An email that another campaign sends stays as it is.
    """
    with client.locks.hold(target.key, "destroy", wait_seconds):
        kept = None
        if target.campaign is not None:
            live = _still(client, target)
            kept = _keep(client, target, "purge")
            if live.published or not live.retired:
                _retire(client, live)
        own = [mail for mail in target.mails if mail.id not in target.shared]
        own.sort(key=lambda mail: split.parent_of(mail.step) is None)  # variants first
        todo = own if emails else [mail for mail in own if mail.published]
        for mail in todo:
            (_delete_mail if emails else _unpublish_mail)(client, mail)
        if target.campaign is not None:
            _delete(client, f"campaigns/{target.campaign.id}", f"campaign {target.campaign.id}")
        client.snapshots.finish(kept)
    steps = tuple(mail.step for mail in todo)
    return _done(
        target,
        "purged" if target.campaign or todo else "nothing",
        emails_deleted=steps if emails else (),
        emails_unpublished=() if emails else steps,
        emails_kept=tuple(mail.step for mail in target.mails if mail.id in target.shared),
    )


def _done(target: Target, action: str, **emails: tuple[str, ...]) -> Destroyed:
    number = target.campaign.id if target.campaign else None
    return Destroyed(target.key, action, number, target.members, target.waiting, **emails)


def _still(client: Campaigns, target: Target) -> LiveCampaign:
    """Return the campaign, read again under the lock. Raises Changed when it is another."""
    assert target.campaign is not None
    check_campaign(client, target.campaign)
    return target.campaign


def _keep(client: Campaigns, target: Target, why: str) -> Kept:
    assert target.campaign is not None
    emails = [mail.fields for mail in target.mails]
    found = target.campaign
    return client.snapshots.take(target.key, why, found.raw, emails, hash=found.hash)


def _retire(client: Campaigns, live: LiveCampaign) -> None:
    """One request: unpublish, and say since when in the description."""
    text = str(live.raw.get("description") or "")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if not live.retired:
        text = f"{text.rstrip()}\n{retired_line(now)}"
    body = {"isPublished": False, "description": text}

    def found() -> dict[str, Any] | None:
        row: dict[str, Any] = client.mautic.get(f"campaigns/{live.id}")["campaign"]
        is_so = not row.get("isPublished") and read_retired(str(row.get("description") or ""))
        return row if is_so else None

    path = f"campaigns/{live.id}/edit"
    once(client, "PATCH", path, body, "campaign", found, f"campaign {live.id}")


def _unpublish_mail(client: Campaigns, mail: LiveMail) -> None:
    check_mail(client, mail)

    def found() -> dict[str, Any] | None:
        row: dict[str, Any] = client.mautic.get(f"emails/{mail.id}")["email"]
        return None if row.get("isPublished") else row

    path, body = f"emails/{mail.id}/edit", split_plan.rest(mail)
    once(client, "PATCH", path, body, "email", found, f"email {mail.id}")


def _delete_mail(client: Campaigns, mail: LiveMail) -> None:
    try:
        check_mail(client, mail)
    except Changed as exc:
        if isinstance(exc.__cause__, MauticNotFound):
            return  # somebody else deleted it
        raise
    _delete(client, f"emails/{mail.id}", f"email {mail.id}")


def _delete(client: Campaigns, path: str, target: str) -> None:
    """Delete an entity; one that is gone already is what was wanted."""

    def found() -> dict[str, Any] | None:
        try:
            client.mautic.get(path)
        except MauticNotFound:
            return {}
        return None

    key = "campaign" if path.startswith("campaigns") else "email"
    try:
        once(client, "DELETE", f"{path}/delete", None, key, found, target)
    except MauticNotFound:
        return

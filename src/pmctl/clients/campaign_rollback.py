"""Putting an earlier state of a campaign back: emails, then the campaign, publishing last.

What was sent stays sent. Events and emails that still live are changed in place, so nobody is
mailed twice; what was deleted is made anew, without the log that Mautic deleted with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import where
from pmctl.backends.mautic_errors import MauticNotFound
from pmctl.clients import campaign_variants, stats_steps
from pmctl.clients.campaign_apply import Outcome, only_publishing, publish, refuse
from pmctl.clients.campaign_people import ask
from pmctl.clients.percent import keep_percent
from pmctl.clients.unchanged import PLAN_AGAIN, Changed, check_campaign, check_mail
from pmctl.clients.writes import once
from pmctl.errors import Conflict, NotFound
from pmctl.sequence import live as live_shape
from pmctl.sequence import restore, restore_bodies, restore_pairs, split_plan
from pmctl.sequence.effects import groups
from pmctl.sequence.guard import counted, dangers, risks
from pmctl.sequence.people import Group
from pmctl.sequence.plan import Change, Live, Plan
from pmctl.sequence.restore_pairs import NEW_MAIL, Pairs
from pmctl.sequence.seen import seen

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.snapshots import Kept
    from pmctl.sequence.live import LiveCampaign, LiveMail

_SOURCES = {"lists": ("segments", "segment"), "forms": ("forms", "form")}


@dataclass(frozen=True)
class Look:
    """An earlier state beside the one of today, and the plan that leads back."""

    kept: Kept
    then: Live
    now: Live
    pairs: Pairs
    plan: Plan

    @property
    def campaign(self) -> LiveCampaign:
        """The campaign as it was."""
        assert self.then.campaign is not None
        return self.then.campaign


Sources = Mapping[tuple[str, int], int]  # ("lists", earlier id) -> id of today


def look(client: Campaigns, kept: Kept, sources: Sources | None = None) -> Look:
    """Read what Mautic holds now, compare, and count whom it concerns. No write.

    `sources` when they are known.

    Raises Conflict for a snapshot of another context, NotFound when a segment or form that fed
    the campaign is gone.
    """
    then = _then(kept)
    campaign = then.campaign
    assert campaign is not None
    if campaign.env != client.env:
        raise Conflict(
            f"that snapshot of {kept.about.key} belongs to context {campaign.env}",
            hint="roll back in that context, or to a later time",
        )
    now = _now(client, then, kept.about.key)
    if sources is None:
        sources = _sources(client, campaign)
    found = _compared(kept, then, now, sources)
    if not found.plan.changes:
        return found
    harm, people = _considered(client, found)
    return replace(found, plan=replace(found.plan, dangers=harm, people=people))


def _read_back(client: Campaigns, before: Look) -> Look:
    """Return what is left to do."""
    now = _now(client, before.then, before.kept.about.key)
    return _compared(before.kept, before.then, now, before.pairs.sources)


def _then(kept: Kept) -> Live:
    mails = [mail for raw in kept.emails if (mail := live_shape.mail(raw)) is not None]
    return Live(live_shape.campaign(kept.campaign), tuple(mails))


def _now(client: Campaigns, then: Live, key: str) -> Live:
    """Return what lives: the campaign by its marker or its old id, the emails likewise."""
    assert then.campaign is not None
    ours = client.of_key(key)
    if len(ours) > 1:
        ids = " and ".join(str(one.id) for one in ours)
        raise Conflict(
            f"two campaigns of Mautic are marked {key} of {client.env}: {ids}",
            hint="delete the one without contacts, or its marker line, in Mautic",
        )
    if not ours:
        _gone(client, then.campaign, key)
    live = client.read(ours[0].id if ours else None, [client.env], key)
    known = {mail.id for mail in live.mails} | {mail.step for mail in live.mails}
    lost = [mail for mail in then.mails if mail.id not in known and mail.step not in known]
    return replace(live, mails=(*live.mails, *_renamed(client, lost)))


def _gone(client: Campaigns, campaign: LiveCampaign, key: str) -> None:
    """Raise Conflict when the campaign lives and is ours no more: it is not to be made twice."""
    try:
        client.mautic.get(f"campaigns/{campaign.id}")
    except MauticNotFound:
        return
    raise Conflict(
        f"campaign {campaign.id} carries the marker of {key} no more, so it is somebody else's",
        hint="put its line pmctl:v1 … back into the description in Mautic, or delete it there",
    )


def _renamed(client: Campaigns, lost: list[LiveMail]) -> list[LiveMail]:
    """Return the emails that lost their marker in Mautic but live; others were deleted."""
    found = []
    for mail in lost:
        try:
            raw = client.mautic.get(f"emails/{mail.id}")["email"]
        except MauticNotFound:
            continue
        name, published = str(raw.get("name") or ""), bool(raw.get("isPublished"))
        found.append(replace(mail, name=name, published=published, fields=raw))
    return found


def _sources(client: Campaigns, campaign: LiveCampaign) -> Sources:
    """Return the ids of today of what fed the campaign: the same, or another of that alias."""
    found: dict[tuple[str, int], int] = {}
    for key, (path, word) in _SOURCES.items():
        fed = live_shape.items(campaign.raw.get(key))
        if not fed:
            continue
        today = {int(row["id"]): str(row.get("alias")) for row in client.mautic.rows(path, key)}
        for raw in fed:
            number, alias = int(raw["id"]), str(raw.get("alias"))
            same = [n for n, other in today.items() if other == alias]
            if number not in today and len(same) != 1:
                raise NotFound(
                    f"{word} {alias} ({number}) fed the campaign then, and Mautic has it no more",
                    hint=f"make a {word} with that alias, then roll back",
                )
            found[key, number] = number if number in today else same[0]
    return found


def _compared(kept: Kept, then: Live, now: Live, sources: Sources) -> Look:
    events, mails = restore_pairs.pair(then, now)
    known = {mail.id: mails.get(mail.id, NEW_MAIL) for mail in then.mails}
    pairs = Pairs(events, known, sources)
    changes = restore.changes(then, now, pairs)
    about, number = kept.about, now.campaign.id if now.campaign else None
    found = Look(kept, then, now, pairs, Plan(about.key, "", "", number, ()))
    plan = Plan(
        key=about.key,
        name=found.campaign.name,
        path=f"snapshot {about.time}",
        campaign_id=number,
        changes=tuple(changes),
        seen=seen(now),
    )
    return replace(found, plan=plan)


def _considered(client: Campaigns, found: Look) -> tuple[tuple[str, ...], tuple[Group, ...]]:
    """Return whom it would harm, and what it does to those at each step that it touches."""
    campaign, now = found.campaign, found.now.campaign
    if now is None:
        return _anew(client, campaign), ()
    today = {event.id: event for event in now.events}
    ids = {
        restore.identity(event): today[found.pairs.events[event.id]]
        for event in campaign.events
        if event.id in found.pairs.events
    }
    sources = (
        {found.pairs.sources[("lists", number)] for number in campaign.segments},
        {found.pairs.sources[("forms", number)] for number in campaign.forms},
    )
    want = restore.wanted(found.then, found.kept.about.key)
    people = ask(client, now.id)
    met = risks(want, now, ids, sources) + split_plan.risks(want, found.now.mails, ids)
    return dangers(met, counted(people)), groups(want, now, ids, found.plan.changes, people)


def _anew(client: Campaigns, campaign: LiveCampaign) -> tuple[str, ...]:
    aliases = [str(raw.get("alias")) for raw in live_shape.items(campaign.raw.get("lists"))]
    number = sum(client.members_of_segment(alias) for alias in aliases)
    if not number or not campaign.published:
        return ()
    people = "1 contact" if number == 1 else f"up to {number} contacts"
    return (f"the campaign is made anew: {people} of its audience begin at the first step again",)


def rollback(
    client: Campaigns, planned: Look, *, force: str = "", wait_seconds: float = 0
) -> Outcome:
    """Put the earlier state back, and read it back.

    Raises what an apply raises: Changed, Locked, Unsafe, OutcomeUnknown.
    """
    with client.locks.hold(planned.kept.about.key, "rollback", wait_seconds):
        before = look(client, planned.kept, planned.pairs.sources)
        if before.plan.action == "nothing":
            return _outcome(before, before)
        if before.plan.seen != planned.plan.seen:
            raise Changed(
                f"{before.plan.key} was changed in Mautic after it was planned", hint=PLAN_AGAIN
            )
        if before.plan.dangers and not force:
            refuse([before.plan])
        _check_dates(before)
        return _write(client, before)


def _check_dates(before: Look) -> None:
    """Refuse what Mautic's API cannot make: a step with a date of its own."""
    for event in before.campaign.events:
        if event.id not in before.pairs.events and event.trigger.get("triggerMode") == "date":
            raise Conflict(
                f"event {event.name!r} waited for a date, which Mautic's API cannot write",
                hint="make that event in Mautic's builder, then roll back",
            )


def _write(client: Campaigns, before: Look) -> Outcome:
    kept = _keep(client, before)
    revisions, mails = _write_mails(client, before)
    before = replace(before, pairs=replace(before.pairs, mails=mails))
    number = _write_campaign(client, before, revisions)
    after = _read_back(client, before)
    left = after.plan.changes
    if before.plan.action == "create" and left and not only_publishing(list(left)):
        _put(client, after, _revisions(after))  # a 500 may store a campaign by halves
        after = _read_back(client, before)
        left = after.plan.changes
    if before.campaign.published and left and only_publishing(list(left)):
        publish(client, number, published=True)
        after = _read_back(client, before)
    if not after.plan.changes:
        client.snapshots.finish(kept)
    if after.now.campaign:
        client.written += stats_steps.rows(after.now.campaign, after.now.mails)
    return _outcome(before, after)


def _keep(client: Campaigns, before: Look) -> Kept | None:
    now, about = before.now.campaign, before.kept.about
    if now is None:
        return None
    emails = [mail.fields for mail in before.now.mails]
    return client.snapshots.take(
        about.key, "rollback", now.raw, emails, hash=now.hash, to=about.time
    )


Revisions = dict[int, tuple[int, int]]  # earlier id of an email -> earlier and present revision


def _revisions(found: Look) -> Revisions:
    now = {mail.id: mail for mail in found.now.mails}
    pairs = ((mail, now.get(found.pairs.mails.get(mail.id, NEW_MAIL))) for mail in found.then.mails)
    return {old.id: (_revision(old.fields), _revision(new.fields)) for old, new in pairs if new}


def _revision(raw: Any) -> int:
    return int(raw.get("revision") or 0)


def _write_mails(client: Campaigns, before: Look) -> tuple[Revisions, dict[int, int]]:
    """Create what is gone, change what differs; return revisions and all ids."""
    revisions, ids = _revisions(before), dict(before.pairs.mails)
    changes = {change.name: change for change in before.plan.changes if change.kind == "email"}
    now = {mail.id: mail for mail in before.now.mails}
    for number in now.keys() - set(ids.values()):
        if now[number].step in changes:  # a variant that came later
            check_mail(client, now[number])
            _rest(client, now[number])
    for mail in restore_bodies.writing_order(before.then, before.now):
        change = changes.get(mail.step)
        if change is None:
            continue
        pairs = replace(before.pairs, mails=ids)
        if ids[mail.id] == NEW_MAIL:
            row = _create_mail(client, mail, pairs)
            ids[mail.id] = int(row["id"])
        else:
            check_mail(client, now[ids[mail.id]])
            row = _change_mail(client, mail, change, pairs)
        revisions[mail.id] = (_revision(mail.fields), _revision(row))
    return revisions, ids


def _rest(client: Campaigns, mail: LiveMail) -> None:
    def found() -> dict[str, Any] | None:
        raw: dict[str, Any] = client.mautic.get(f"emails/{mail.id}")["email"]
        return None if raw.get("isPublished") else raw

    path, body = f"emails/{mail.id}/edit", split_plan.rest(mail)
    once(client, "PATCH", path, body, "email", found, f"email {mail.id}")


def _create_mail(client: Campaigns, mail: LiveMail, pairs: Pairs) -> dict[str, Any]:
    body = restore_bodies.mail_body(mail, pairs)

    def found() -> dict[str, Any] | None:
        if "variantParent" in body:  # a variant is in no listing
            return campaign_variants.named(client.mautic, body["variantParent"], mail.name)
        rows = client.mautic.rows("emails", "emails", where(("name", "eq", mail.name)))
        return next((row for row in rows if row.get("name") == mail.name), None)

    row = once(client, "POST", "emails/new", body, "email", found, mail.name)
    return keep_percent(client, int(row["id"]), str(body["customHtml"]), row)


def _change_mail(client: Campaigns, mail: LiveMail, change: Change, pairs: Pairs) -> dict[str, Any]:
    number = pairs.mails[mail.id]
    body = restore_bodies.mail_body(mail, pairs, [field.field for field in change.fields])

    def found() -> dict[str, Any] | None:
        raw: dict[str, Any] = client.mautic.get(f"emails/{number}")["email"]
        now = replace(mail, id=number, fields=raw)
        left = restore.changes(Live(None, (mail,)), Live(None, (now,)), pairs)
        return None if left else raw

    path = f"emails/{number}/edit"
    row = once(client, "PATCH", path, body, "email", found, f"email {number}")
    return keep_percent(client, number, str(body.get("customHtml") or ""), row)


def _write_campaign(client: Campaigns, before: Look, revisions: Revisions) -> int:
    live, key = before.now.campaign, before.kept.about.key
    if live is None:
        body = restore_bodies.campaign_body(
            before.campaign, before.pairs, revisions, published=False
        )

        def found() -> dict[str, Any] | None:
            ours = client.of_key(key)
            return {"id": ours[0].id} if ours else None

        return int(once(client, "POST", "campaigns/new", body, "campaign", found, key)["id"])
    others = [change for change in before.plan.changes if change.kind != "email"]
    if others or _records(before, revisions):
        check_campaign(client, live)
        if others and only_publishing(others):
            if not before.campaign.published:
                publish(client, live.id, published=False)
        else:
            _put(client, before, revisions)
    return live.id


def _records(before: Look, revisions: Revisions) -> bool:
    """Whether a step's record of its email's revision is another than today's says."""
    now = before.now.campaign
    return now is not None and restore_bodies.record_differs(
        before.campaign, now, before.pairs, revisions
    )


def _put(client: Campaigns, before: Look, revisions: Revisions) -> None:
    live, then = before.now.campaign, before.campaign
    assert live is not None
    published = then.published and live.published  # publishing comes last, after reading back
    there = [event.id for event in live.events]
    body = restore_bodies.campaign_body(
        then, before.pairs, revisions, published=published, live=there
    )

    def found() -> dict[str, Any] | None:
        left = _read_back(client, before).plan.changes
        return {"id": live.id} if only_publishing(list(left)) else None

    path = f"campaigns/{live.id}/edit"
    once(client, "PUT", path, body, "campaign", found, f"campaign {live.id}")


def _outcome(before: Look, after: Look) -> Outcome:
    plan, live = before.plan, after.now.campaign
    missing = {(change.kind, change.name) for change in after.plan.changes}
    return Outcome(
        key=plan.key,
        path=plan.path,
        action=plan.action,
        campaign_id=live.id if live else None,
        published=bool(live and live.published),
        changes=tuple(c for c in plan.changes if (c.kind, c.name) not in missing),
        not_applied=after.plan.changes,
    )

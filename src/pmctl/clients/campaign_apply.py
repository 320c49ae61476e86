"""Making Mautic hold what a sequence says: emails, then the campaign, then publishing, verified.

Each write is sent once. When its outcome is unknown it is looked up by its marker: what is there
is taken, what is not there is left for the next apply, which begins by looking as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import where
from pmctl.clients import campaign_variants, stats_steps
from pmctl.clients.campaign_migrate import move_waiting
from pmctl.clients.campaign_people import consider
from pmctl.clients.percent import keep_percent
from pmctl.clients.unchanged import PLAN_AGAIN, Changed, check_campaign, check_mail
from pmctl.clients.writes import once
from pmctl.errors import Conflict, Unsafe
from pmctl.sequence import live as live_shape
from pmctl.sequence import moved, split, split_plan
from pmctl.sequence.alike import alike
from pmctl.sequence.compare import compare
from pmctl.sequence.facts import held
from pmctl.sequence.guard import CANNOT_MOVE
from pmctl.sequence.live import LiveMail
from pmctl.sequence.matching import gone, match
from pmctl.sequence.payload import Desired, Names, Records, campaign_body, mail_body, mail_name
from pmctl.sequence.plan import Change, FieldChange, Gone, Live, Plan
from pmctl.sequence.records import noted, records
from pmctl.sequence.seen import seen

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns
    from pmctl.clients.snapshots import Kept
    from pmctl.sequence.emails import Mail


@dataclass(frozen=True)
class Look:
    """A sequence beside what Mautic holds of it, and the plan that follows."""

    want: Desired
    live: Live
    names: Names
    plan: Plan


@dataclass(frozen=True)
class Outcome:
    """What an apply did to one campaign, read back from Mautic afterwards.

    `not_applied` was asked for and is not so; `unexpected` changed without being asked for.
    """

    key: str
    path: str
    action: str
    campaign_id: int | None
    published: bool
    changes: tuple[Change, ...] = ()
    not_applied: tuple[Change, ...] = ()
    unexpected: tuple[Change, ...] = ()


def look(
    client: Campaigns,
    want: Desired,
    *,
    takeover: bool = False,
    people: bool = False,
    coming: Collection[str] = (),
    light: bool = False,
) -> Look:
    """Read what Mautic holds of a sequence and compare. No write.

    `light` leaves out the texts of emails that nobody touched: enough for a plan.
    """
    names = client.names(want, coming)
    owned = client.owned(want, takeover=takeover)
    if owned is None:
        client.check_name(want)
    # a takeover that was cut short has renamed some of the emails already
    envs = dict.fromkeys([client.env, owned.env] if owned else [client.env])
    number = owned.id if owned else None
    live = client.peek(number, envs, want) if light else client.read(number, envs, want.key)
    live = _followed(live, want)
    names = names.plus("email", {mail.step: mail.id for mail in live.mails})
    found = consider(
        client, want, live, names, compare(want, live, client.env, names), every=people
    )
    plan = Plan(
        want.key,
        want.name,
        want.path,
        number,
        found.changes,
        dangers=found.dangers,
        notes=found.notes,
        people=found.people,
        sends=found.sends,
        seen=seen(live) if found.changes else "",
        desired=want.fingerprint,
        gone=_gone(want, live) if found.changes else (),
    )
    return Look(want, live, names, plan)


def _gone(want: Desired, live: Live) -> tuple[Gone, ...]:
    return tuple(gone(live.campaign, match(want, live.campaign))) if live.campaign else ()


def _followed(live: Live, want: Desired) -> Live:
    """The emails of steps that have another id now count as theirs; events do in `match`."""
    return replace(live, mails=moved.mails(live.mails, want.moved))


def apply(
    client: Campaigns,
    want: Desired,
    *,
    takeover: bool = False,
    force: str = "",
    planned: str | None = None,
    wait_seconds: float = 0,
) -> Outcome:
    """Make Mautic hold what the sequence says, and read it back.

    `planned` is what the plan that a person agreed to saw. Raises Changed when Mautic holds
    something else now, Locked when somebody else changes the campaign, Unsafe when people inside
    would be harmed and no reason to `force` it is given, and OutcomeUnknown when a write got no
    answer and looking did not find it done.
    """
    with client.locks.hold(want.key, "apply", wait_seconds):
        return carry_out(client, look(client, want, takeover=takeover), force, planned)


def carry_out(
    client: Campaigns, before: Look, force: str = "", planned: str | None = None
) -> Outcome:
    """Do what a look at a sequence and Mautic said, under the lock of its campaign; see `apply`."""
    want, plan = before.want, before.plan
    if plan.action == "nothing":
        return Outcome(want.key, want.path, "nothing", plan.campaign_id, want.published)
    if plan.dangers and not force:
        refuse([plan])
    if planned is not None and planned != plan.seen:
        raise Changed(f"{want.key} was changed in Mautic after it was planned", hint=PLAN_AGAIN)
    kept = _keep(client, before)
    mails = _write_mails(client, before)
    ids = {mail.step: mail.id for mail in mails}
    names = Names({**before.names.ids, "email": ids})
    notes = records(want, replace(before.live, mails=mails), client.env, names)
    live = before.live.campaign and move_waiting(
        client, want, before.live.campaign, names, notes, forced=bool(force)
    )
    campaign_id = _write_campaign(client, before, live, names, notes)
    after, left = _read_back(client, want, campaign_id, names)
    if plan.action == "create" and after.campaign and not only_publishing(left):
        # a 500 may store a campaign by halves; it is unpublished yet, so mend it
        _put(client, want, after.campaign, names, notes)
        after, left = _read_back(client, want, campaign_id, names)
    if want.published and left and only_publishing(left):
        if plan.action == "create":
            _alone(client, want)
        publish(client, campaign_id, published=True)
        after, left = _read_back(client, want, campaign_id, names)
    if not left:
        client.snapshots.finish(kept)
    if after.campaign:
        client.written += stats_steps.rows(after.campaign, after.mails)
    return _outcome(before, after, campaign_id, left)


def _keep(client: Campaigns, before: Look) -> Kept | None:
    """Take a snapshot of what is about to be changed; a new campaign has nothing to keep."""
    found, want = before.live.campaign, before.want
    if found is None:
        return None
    emails = [mail.fields for mail in before.live.mails]
    return client.snapshots.take(
        want.key, "apply", found.raw, emails, hash=found.hash, to=want.hash
    )


def _alone(client: Campaigns, want: Desired) -> None:
    """Raise Conflict when another apply made the same campaign at the same time."""
    twins = client.of_key(want.key)
    if len(twins) > 1:
        ids = " and ".join(str(one.id) for one in twins)
        raise Conflict(
            f"two campaigns of Mautic are marked {want.key} of {client.env}: {ids}",
            hint="another apply ran at the same time; none is published by this one, delete one",
        )


def _read_back(
    client: Campaigns, want: Desired, campaign_id: int, names: Names
) -> tuple[Live, list[Change]]:
    """Return what Mautic holds now, and what of the sequence is missing in it."""
    after = _followed(client.read(campaign_id, [client.env], want.key), want)
    return after, compare(want, after, client.env, names, trust=False)


def refuse(plans: list[Plan]) -> None:
    """Raise Unsafe with one reason per line of what would harm people."""
    reasons = [f"{plan.key}: {danger}" for plan in plans for danger in plan.dangers]
    if reasons:
        stuck = any(CANNOT_MOVE in reason for reason in reasons)
        raise Unsafe(
            "refused, people inside would be harmed: " + "; ".join(reasons),
            hint=(KEEP if stuck else "") + "pass --force REASON if that is meant; the reason goes "
            "to the audit log",
        )


KEEP = "wait until nobody is at that step, or say `on_removed: exit` to let them leave there; else "


def only_publishing(left: list[Change]) -> bool:
    """Whether nothing is left but to switch it on or off."""
    return all(
        change.op == "update" and {field.field for field in change.fields} == {"published"}
        for change in left
    )


def _write_mails(client: Campaigns, before: Look) -> tuple[LiveMail, ...]:
    """Create what is missing, change what differs; return all emails as Mautic has them now."""
    now = {mail.step: mail for mail in before.live.mails}
    changes = {c.name: c for c in before.plan.changes if c.kind == "email"}
    mails = {mail.step: mail for mail in before.want.mails}
    for name in split_plan.writing_order(before.want, before.live.mails):
        change, mail = changes.get(name), mails.get(name)
        if change is None:
            continue
        if name in now:
            check_mail(client, now[name])
        if mail is None:  # a variant that the file has no more
            row = _change_mail(client, now[name].id, None, split_plan.rest(now[name]))
            now[name] = replace(now[name], published=False, fields=row)
            continue
        body = mail_body(before.want, mail, client.env)
        if mail.share and mail.parent:
            body |= split.settings(mail.share, now[mail.parent].id)
        if change.op == "create":
            row = _create_mail(client, before.want, mail, body)
        else:
            row = _change_mail(client, now[name].id, mail, _changed(body, change))
        marked = mail_name(before.want, mail, client.env)
        now[name] = LiveMail(int(row["id"]), name, marked, published=True, fields=row)
    return tuple(now.values())


def _changed(body: dict[str, Any], change: Change) -> dict[str, Any]:
    names = {field.field for field in change.fields}
    if names & {"fromName", "fromAddress"}:
        names |= {"fromName", "fromAddress"}  # Mautic ignores one without the other
    if "subject" in names:
        names |= {"customHtml"}  # its title is the subject
    if names & {"share", "winner"}:
        names |= {"name"}  # the only place where they can be read again
    names |= {"variantParent", "variantSettings"}  # of a child: Mautic's form asks for both
    return {name: body[name] for name in body if name in names}


def _create_mail(
    client: Campaigns, want: Desired, mail: Mail, body: dict[str, Any]
) -> dict[str, Any]:
    name = mail_name(want, mail, client.env)

    def found() -> dict[str, Any] | None:
        if "variantParent" in body:  # a child is in no listing
            return campaign_variants.named(client.mautic, body["variantParent"], name)
        rows = client.mautic.rows("emails", "emails", where(("name", "eq", name)))
        return next((row for row in rows if row.get("name") == name), None)

    row = once(client, "POST", "emails/new", body, "email", found, name)
    return keep_percent(client, int(row["id"]), mail.html, row)


def _change_mail(
    client: Campaigns, email_id: int, mail: Mail | None, body: dict[str, Any]
) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        row: dict[str, Any] = client.mautic.get(f"emails/{email_id}")["email"]
        done = all(_holds(row, name, value) for name, value in body.items())
        return row if done else None

    path = f"emails/{email_id}/edit"
    row = once(client, "PATCH", path, body, "email", found, f"email {email_id}")
    return keep_percent(client, email_id, mail.html, row) if mail and "customHtml" in body else row


def _holds(row: dict[str, Any], name: str, value: Any) -> bool:
    have = row.get(name)
    if name == "variantSettings":
        return True  # never shown; the name, sent along, tells whether it was taken
    if name == "variantParent":
        return bool((have or {}).get("id") == value)
    if name == "headers":
        value = {item["label"]: item["value"] for item in value["list"]}
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if v} == {k: v for k, v in (have or {}).items() if v}
    return alike(name, value, have)


def _write_campaign(
    client: Campaigns,
    before: Look,
    live: live_shape.LiveCampaign | None,
    names: Names,
    notes: Records,
) -> int:
    want = before.want
    if live is None:
        body = campaign_body(want, client.env, names, ids={}, published=False, records=notes)

        def found() -> dict[str, Any] | None:
            ours = client.of_key(want.key)
            return {"id": ours[0].id} if ours else None

        return int(once(client, "POST", "campaigns/new", body, "campaign", found, want.key)["id"])
    check_campaign(client, live)
    if not only_publishing(list(before.plan.changes)) or not noted(live, notes):
        _put(client, before.want, live, names, notes)
    elif not want.published:
        publish(client, live.id, published=False)
    return live.id


def _put(
    client: Campaigns,
    want: Desired,
    live: live_shape.LiveCampaign,
    names: Names,
    notes: Records,
) -> None:
    ids = {identity: event.id for identity, event in match(want, live).items()}
    published = want.published and live.published  # publishing comes last, after reading back
    there = [event.id for event in live.events]
    body = campaign_body(
        want, client.env, names, ids=ids, published=published, live=there, records=notes
    )
    body |= live_shape.kept(live.raw)

    def found() -> dict[str, Any] | None:
        after, left = _read_back(client, want, live.id, names)
        done = after.campaign and noted(after.campaign, notes) and only_publishing(left)
        return {"id": live.id} if done else None

    path = f"campaigns/{live.id}/edit"
    once(client, "PUT", path, body, "campaign", found, f"campaign {live.id}")


def publish(client: Campaigns, campaign_id: int, *, published: bool) -> None:
    """Set isPublished and nothing else."""

    def found() -> dict[str, Any] | None:
        row: dict[str, Any] = client.mautic.get(f"campaigns/{campaign_id}")["campaign"]
        return row if bool(row.get("isPublished")) is published else None

    path, body = f"campaigns/{campaign_id}/edit", {"isPublished": published}
    once(client, "PATCH", path, body, "campaign", found, f"campaign {campaign_id}")


def _outcome(before: Look, after: Live, campaign_id: int, left: list[Change]) -> Outcome:
    plan = before.plan
    missing = {(c.kind, c.name) for c in left}
    return Outcome(
        key=plan.key,
        path=plan.path,
        action=plan.action,
        campaign_id=campaign_id,
        published=bool(after.campaign and after.campaign.published),
        changes=tuple(c for c in plan.changes if (c.kind, c.name) not in missing),
        not_applied=tuple(left),
        unexpected=_unexpected(before, after),
    )


def _unexpected(before: Look, after: Live) -> tuple[Change, ...]:
    """Fields that are another than before although nobody asked for it."""
    if before.live.campaign is None or after.campaign is None:
        return ()
    want = before.want
    then = held(before.live, want, match(want, before.live.campaign))
    now = held(after, want, match(want, after.campaign))
    asked = {(c.kind, c.name, f.field) for c in before.plan.changes for f in c.fields}
    found = []
    for subject, fields in then.items():
        changed = tuple(
            FieldChange(field, value, now[subject].get(field))
            for field, value in fields.items()
            if subject in now and not alike(field, value, now[subject].get(field))
        )
        news = tuple(field for field in changed if (*subject, field.field) not in asked)
        if news:
            found.append(Change("update", *subject, fields=news))
    return tuple(found)

"""A/B emails between file and Mautic: what differs, which children have to rest, who is at risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pmctl.sequence import split
from pmctl.sequence.guard import Risk
from pmctl.sequence.payload import read_share

if TYPE_CHECKING:
    from pmctl.sequence.emails import Mail
    from pmctl.sequence.live import LiveEvent, LiveMail
    from pmctl.sequence.payload import Desired

Facts = dict[tuple[str, str], dict[str, Any]]


def wanted(mail: Mail, name: str, ids: Mapping[str, int | str]) -> dict[str, Any]:
    """Return what the file says of a child beside its text; nothing for other emails."""
    if mail.share is None or mail.parent is None:
        return {}
    return {"name": _bare(name, mail.share), **_facts(mail.share, ids[mail.parent])}


def held(mail: LiveMail) -> dict[str, Any]:
    """Return what Mautic holds of it. The share is what the email's name says.

    Mautic never shows its `variantSettings`: whether somebody changed them cannot be verified.
    """
    if split.parent_of(mail.step) is None:
        return {}
    parent = mail.fields.get("variantParent")
    parent_id = parent.get("id") if isinstance(parent, Mapping) else parent
    share = read_share(mail.name)
    return {"name": _bare(mail.name, share), **_facts(share, parent_id)}


def _facts(share: split.Share | None, parent_id: int | str | None) -> dict[str, Any]:
    weight, winner = share or (None, None)
    return {"share": weight, "winner": winner, "variantParent": parent_id}


def _bare(name: str, share: split.Share | None) -> str:
    """The name without the share, which is a fact of its own."""
    return name.replace(split.mark("", share), "") if share else name


def resting(want: Desired, live: Iterable[LiveMail]) -> Facts:
    """Return that the children whose variant the file has no more are not published.

    Mautic gives an unpublished child no share; its figures stay, and it is never deleted.
    """
    wanted_steps = {mail.step for mail in want.mails}
    return {
        ("email", mail.step): {"isPublished": False}
        for mail in live
        if mail.step not in wanted_steps and split.parent_of(mail.step) in wanted_steps
    }


def rest(mail: LiveMail) -> dict[str, Any]:
    """Return the body that unpublishes a child, with the settings that Mautic's form asks for."""
    share, parent = read_share(mail.name), mail.fields.get("variantParent")
    kept = split.settings(share, int(parent["id"])) if share and parent else {}
    return {"isPublished": False, **kept}


def writing_order(want: Desired, live: Iterable[LiveMail]) -> list[str]:
    """Return the names of all emails in the order in which they are to be written.

    Parents first: a child needs the id. Then the children, those first that give away some of
    their share, so that together they never have more than 100 percent.
    """
    now = {mail.step: read_share(mail.name) for mail in live if mail.published}
    then = {mail.step: mail.share for mail in want.mails}
    names = [*then, *(step for _, step in resting(want, live))]

    def gains(name: str) -> bool:
        before, after = now.get(name), then.get(name)
        return (after.weight if after else 0) >= (before.weight if before else 0)

    parents = [name for name in names if split.parent_of(name) is None]
    children = [name for name in names if split.parent_of(name) is not None]
    return [*parents, *sorted(children, key=gains)]


def risks(
    want: Desired, live: Iterable[LiveMail], ids: Mapping[tuple[str, str], LiveEvent]
) -> list[Risk]:
    """Return what a change does to people who had another variant than the first."""
    tested = dict.fromkeys(split.parent_of(mail.step) for mail in live)
    tested.pop(None, None)
    firsts = {mail.step: mail.variant for mail in want.mails if mail.variant}
    found = []
    for step in tested:
        events = [event for event in want.events if event.step == step]
        if events and not any(event.identity in ids for event in events):
            # Mautic looks for an earlier send of the parent only (seen on 5.1.1)
            message = (
                f"step {step} is made anew: of {{n}}, those who had a variant are mailed again"
            )
            found.append(Risk(message, "members"))
    for mail in live:
        step = split.parent_of(mail.step)
        if step in firsts and mail.step == split.identity(step, firsts[step]):
            message = (
                f"variant {firsts[step]} of {step} becomes the first, whose email had another "
                "text: the figures of both mix, for {n}; give it a new id to start a new test"
            )
            found.append(Risk(message, "members"))
    return found

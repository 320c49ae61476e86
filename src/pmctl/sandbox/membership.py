"""Who is in a campaign: joining, leaving and coming back, as CampaignBundle/Membership does."""

from __future__ import annotations

from collections.abc import Mapping

from pmctl.sandbox.clock import sql
from pmctl.sandbox.journal import Journal, unschedule
from pmctl.sandbox.store import Entity


def join(journal: Journal, campaign: Entity, contact: int, *, manually: bool) -> bool:
    """Make a contact a member; tell whether anything changed.

    By hand a removed contact starts again, in the next rotation and with the first mail, even if
    the campaign allows no restart. By a segment it does so only if the campaign allows it and the
    contact had not been removed by hand.
    """
    member = journal.store.member(campaign["id"], contact)
    if member is None:
        _first(journal, campaign, contact, manually=manually)
        return True
    removed = member["manually_removed"] == "1"
    if not (removed and manually) and not campaign["allowRestart"]:
        return False
    if removed and not manually and member["date_last_exited"] is None:
        return False
    member.update(
        manually_removed="0",
        manually_added="1" if removed and manually else member["manually_added"],
        date_last_exited=None,
        rotation=str(int(member["rotation"]) + 1),
    )
    return True


def _first(journal: Journal, campaign: Entity, contact: int, *, manually: bool) -> None:
    """A new member; one whose log is still there does not begin again by itself."""
    member = journal.store.new_member(campaign["id"], contact, manually=manually)
    if not any(journal.rows(campaign["id"], contact, "1")):
        return
    if campaign["allowRestart"]:
        member["rotation"] = "2"
    else:
        gone = sql(journal.store.clock.now())
        member.update(manually_removed="1", date_last_exited=gone)


def leave(journal: Journal, campaign_id: int, contact: int, *, by_hand: bool) -> None:
    """Take a contact out and cancel what is scheduled for it there."""
    member = journal.store.member(campaign_id, contact)
    if member is None:
        return
    member["date_last_exited"] = None if by_hand else sql(journal.store.clock.now())
    if member["manually_removed"] == "0":
        member.update(manually_removed="1", manually_added="0")
        unschedule(journal.of_contact(campaign_id, contact))


def update(journal: Journal, campaign: Entity, people: Mapping[int, set[int]]) -> None:
    """`campaigns:update` for one campaign: leavers out, joiners in.

    `people` are the contacts of every segment.
    """
    store, key = journal.store, campaign["id"]
    there = {who for segment in campaign["lists"] for who in people.get(segment, ())}
    inside = dict(store.members.get(key, {}))
    for who, member in inside.items():
        inside_by_segment = (member["manually_removed"], member["manually_added"]) == ("0", "0")
        if inside_by_segment and who not in there:
            leave(journal, key, who, by_hand=False)
    for who in sorted(there):
        if _may_join(journal, campaign, who, inside.get(who)):
            join(journal, campaign, who, manually=False)


def _may_join(journal: Journal, campaign: Entity, who: int, member: Entity | None) -> bool:
    """Tell whether a segment brings a contact in, for the first time or again."""
    if not campaign["allowRestart"]:
        return member is None and not journal.of_contact(campaign["id"], who)
    if member is None:
        return True
    return member["manually_removed"] == "1" and member["date_last_exited"] is not None

"""Where things stand in an item of Mautic's webhooks: the contact, the step, the email, the times.

As they were seen on Mautic 5.1.1: ids are numbers or strings of digits, times have whole seconds,
and where the contact stands differs by type. An id of 0, no time and an empty text stand for none.
Pure, and nothing here raises on what an item may hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

REASONS = {"unsubscribed": 1, "bounced": 2, "manual": 3}  # of a row of lead_donotcontact
_BIGINT = 2**63


def contact(source_type: str, item: dict[str, Any]) -> int:
    """Return the id of whom it is about."""
    for holder in ("stat", "hit", "submission"):
        if found := number(part(part(item, holder), "lead").get("id")):
            return found
    for place in ("contact", "lead"):
        if found := number(part(item, place).get("id")):
            return found
    if source_type.removeprefix("mautic.") == "lead_post_delete":
        return number(item.get("id"))
    return 0


def campaign_event(item: dict[str, Any]) -> int:
    """Return the id of the step that sent the email, or 0."""
    stat = part(item, "stat")
    if stat.get("source") == "campaign.event":
        return number(stat.get("sourceId"))
    for source in (item.get("source"), _through(item).get("source")):
        if isinstance(source, list) and len(source) == 2 and source[0] == "campaign.event":
            return number(source[1])
    return 0


def email(item: dict[str, Any]) -> int:
    """Return the id of the email that it is about, came through, or was left by."""
    for holder in (item, part(item, "stat"), part(item, "hit")):
        if found := number(part(holder, "email").get("id")):
            return found
    return number(_through(item).get("email")) or _left_by(item)


def _left_by(item: dict[str, Any]) -> int:
    """Return the email by which a contact unsubscribed or bounced, where Mautic notes it."""
    of_email = item.get("channel") == "email" and item.get("new_status") != "manual"
    return number(held(item).get("channelId")) if of_email else 0


def held(item: dict[str, Any]) -> dict[str, Any]:
    """Return the row of lead_donotcontact that a change of a channel made, where it is shown."""
    found = part(item, "contact").get("doNotContact")
    wanted = (item.get("channel"), REASONS.get(text(item.get("new_status"))))
    rows = found if isinstance(found, list) and wanted[1] else []
    ours = [
        one for one in rows
        if isinstance(one, dict) and (one.get("channel"), number(one.get("reason"))) == wanted
    ]  # fmt: skip
    return max(ours, key=lambda one: number(one.get("id")), default={})


def _through(item: dict[str, Any]) -> dict[str, Any]:
    """Return what the link of a click carried about its email: source, email, stat, lead."""
    return part(part(part(item, "hit"), "query"), "ct")


def from_email(hit: dict[str, Any]) -> bool:
    """Whether the hit of a page comes from an email: then it is a click."""
    channel = part(part(part(hit, "query"), "ct"), "channel")
    return hit.get("source") == "email" or bool(part(hit, "email")) or "email" in channel


def said_at(item: dict[str, Any]) -> datetime | None:
    """Return when it happened, where the item says that beside when it was told."""
    for holder, name in (("stat", "lastOpened"), ("hit", "dateHit"),
                         ("submission", "dateSubmitted")):  # fmt: skip
        if said := moment_of(part(item, holder).get(name)):
            return said
    return None


def tracking(item: dict[str, Any]) -> str:
    """Return what names one email to one contact: what email_stats calls tracking_hash."""
    stat = part(item, "stat").get("trackingHash")
    return text(item.get("idHash") or stat or _through(item).get("stat"))


def last_open(stat: dict[str, Any]) -> dict[str, Any]:
    """Return what Mautic notes of the newest open of an email: among others its user agent."""
    opens = stat.get("openDetails")
    return opens[-1] if isinstance(opens, list) and opens and isinstance(opens[-1], dict) else {}


def sent_at(tracking_hash: str) -> datetime | None:
    """Return when an email was sent, to the second: its hash begins so (PHP's uniqid)."""
    try:
        moment = datetime.fromtimestamp(int(tracking_hash[:8], 16), UTC)
    except (ValueError, OverflowError):
        return None
    return moment if len(tracking_hash) >= 13 and moment.year >= 2010 else None


def domain(item: dict[str, Any]) -> str:
    """Return the domain of the recipient's address, lower case."""
    fields = part(part(part(item, "contact"), "fields"), "core")
    address = (
        part(item, "stat").get("emailAddress")
        or part(item, "contact").get("email")
        or part(fields, "email").get("value")
    )
    return text(address).rpartition("@")[2].strip().lower()


def part(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object that stands there, an empty one for none."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}  # PHP writes an empty one as a list


def text(value: Any) -> str:
    """Return a text, an empty one for what is none."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """Return a number that may stand as digits; 0 for what is no id of a database."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _BIGINT:
        return value
    return 0


def moment_of(value: Any) -> datetime | None:
    """Return a time as Mautic writes it, in UTC; one without a zone is UTC."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(text(value))
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if abs(moment.utcoffset() or timedelta()) else moment
    except (ValueError, OverflowError):
        return None

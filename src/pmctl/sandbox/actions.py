"""What the actions of a campaign do to a contact. Nothing leaves the stand-in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmctl.sandbox import membership, people, sending
from pmctl.sandbox.clock import sql
from pmctl.sandbox.journal import Journal
from pmctl.sandbox.segments import tag_named
from pmctl.sandbox.store import Entity, Store

_TOKEN = re.compile(r"\{contactfield=([a-z0-9_]+)(?:\|([^}]*))?\}")


@dataclass(frozen=True)
class Turn:
    """One contact at one action; `row` is its row in the log."""

    journal: Journal
    campaign: Entity
    event: Entity
    row: Entity
    contact: Entity

    @property
    def store(self) -> Store:
        """Everything the stand-in remembers."""
        return self.journal.store

    @property
    def given(self) -> dict[str, Any]:
        """The properties of the event."""
        properties = self.event["properties"]
        return properties if isinstance(properties, dict) else {}

    def listed(self, name: str) -> list[Any]:
        """A property that is a list."""
        value = self.given.get(name)
        return value if isinstance(value, list) else []


def act(turn: Turn) -> str | None:
    """Do an action; return why it failed if the contact goes on all the same.

    Types that need an integration, and pushed content, do nothing here. Raises NotSentError, and
    FatalError for a wrong type of a property.
    """
    do = _ACTIONS.get(turn.event["type"])
    return do(turn) if do else None


def _send(turn: Turn) -> str | None:
    return sending.send(turn.journal, turn.event, turn.row, turn.contact)


def _tags(turn: Turn) -> None:
    """Names only: an id becomes the name of a new tag."""
    tags, gone = turn.contact["tags"], {str(name) for name in turn.listed("remove_tags")}
    for name in turn.listed("add_tags"):
        tag = tag_named(turn.store, str(name))[0]["tag"]
        if tag not in tags:
            tags.append(tag)
    turn.contact["tags"] = [name for name in tags if name not in gone]
    turn.store.tell("lead_post_save_update", contact=turn.contact["id"])


def _segments(turn: Turn) -> None:
    before = list(turn.contact["segments"])
    gone = _ids(turn.listed("removeFromLists"))
    there = dict.fromkeys([*turn.contact["segments"], *_ids(turn.listed("addToLists"))])
    turn.contact["segments"] = [
        key for key in there if key not in gone and key in turn.store.segments
    ]
    after, who = turn.contact["segments"], turn.contact["id"]
    for key in [*before, *after]:
        if (key in before) != (key in after) and key in turn.store.segments:
            action = "added" if key in after else "removed"
            turn.store.tell("lead_list_change", contact=who, segment=key, action=action)


def _fields(turn: Turn) -> None:
    """A value that is left empty does not blank the field."""
    values = {name: value for name, value in turn.given.items() if value not in (None, "")}
    turn.contact["values"] = {**turn.contact["values"], **values}
    turn.store.set_email(turn.contact["id"], str(turn.contact["values"].get("email") or ""))
    turn.store.tell("lead_post_save_update", contact=turn.contact["id"])


def _points(turn: Turn) -> None:
    people.give_points(turn.store, turn.contact, int(turn.given.get("points") or 0))


def _stage(turn: Turn) -> None:
    turn.contact["stage"] = _one(turn.given.get("stage"))


def _owner(turn: Turn) -> None:
    turn.contact["owner"] = _one(turn.given.get("owner")) or turn.contact["owner"]


def _company(turn: Turn) -> None:
    key = _one(turn.given.get("company"))
    if key and key not in turn.contact["companies"]:
        turn.contact["companies"].append(key)
        if key in turn.store.companies:
            who = turn.contact["id"]
            turn.store.tell("lead_company_change", contact=who, company=key, added=True)


def _add_dnc(turn: Turn) -> None:
    for channel in turn.listed("channels"):
        comments = str(turn.given.get("reason") or "")
        people.set_dnc(turn.store, turn.contact, channel, 3, comments)


def _remove_dnc(turn: Turn) -> None:
    for channel in turn.listed("channels"):
        people.clear_dnc(turn.store, turn.contact, channel)


def _notify(turn: Turn) -> str | None:
    """Mail to users, the owner and given addresses; kept in `store.notices`."""
    turn.row["channel"] = "email"
    email = turn.store.emails.get(_one((turn.given.get("useremail") or {}).get("email")) or 0)
    if email is None or not sending.published(email, turn.store.clock.now()):
        return sending.NO_EMAIL
    owner = [turn.contact["owner"]] if turn.given.get("to_owner") else []
    notice = {
        "contact": turn.contact["id"],
        "email": email["id"],
        "event": turn.event["id"],
        "users": [key for key in dict.fromkeys([*_ids(turn.listed("user_id")), *owner]) if key],
        "at": sql(turn.store.clock.now()),
    }
    written = {name: _addresses(turn.given.get(name), turn) for name in ("to", "cc", "bcc")}
    turn.store.notices.append({**notice, **written})
    return None


def _addresses(given: Any, turn: Turn) -> list[str]:
    return [part.strip() for part in tokens(str(given or ""), turn).split(",") if part.strip()]


def _webhook(turn: Turn) -> None:
    """The call is only remembered; its tokens are replaced, as they would be."""
    given = turn.given
    turn.store.webhooks.append(
        {
            "contact": turn.contact["id"],
            "event": turn.event["id"],
            "url": tokens(str(given.get("url") or ""), turn),
            "method": str(given.get("method") or "get"),
            "headers": _pairs(given.get("headers"), turn),
            "data": _pairs(given.get("additional_data"), turn),
            "at": sql(turn.store.clock.now()),
        }
    )


def _pairs(given: Any, turn: Turn) -> dict[str, str]:
    items = given.get("list") if isinstance(given, dict) else []
    return {str(item["label"]): tokens(str(item["value"]), turn) for item in items or []}


def tokens(text: str, turn: Turn) -> str:
    """Replace `{contactfield=alias|default}`."""

    def value(found: re.Match[str]) -> str:
        known = {**turn.contact["values"], "id": turn.contact["id"]}
        return str(known.get(found[1]) or found[2] or "")

    return _TOKEN.sub(value, text)


def _campaigns(turn: Turn) -> None:
    """Out of and into campaigns. Who is put in again starts again, and so is mailed again."""
    contact = turn.contact["id"]
    for key in turn.listed("removeFrom"):
        campaign = turn.campaign["id"] if key == "this" else _one(key) or 0
        membership.leave(turn.journal, campaign, contact, by_hand=False)
    for key in turn.listed("addTo"):
        into = turn.campaign if key == "this" else turn.store.campaigns.get(_one(key) or 0)
        if into is not None:
            membership.join(turn.journal, into, contact, manually=True)


def _delete(turn: Turn) -> None:
    turn.store.tell("lead_post_delete", contact=turn.contact["id"])
    turn.store.forget_contact(turn.contact["id"])


def _one(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def _ids(values: list[Any]) -> list[int]:
    return [int(value) for value in values if str(value).isdecimal()]


_ACTIONS: dict[str, Callable[[Turn], str | None]] = {
    "email.send": _send,
    "email.send.to.user": _notify,
    "lead.changetags": _tags,
    "lead.changelist": _segments,
    "lead.updatelead": _fields,
    "lead.changepoints": _points,
    "stage.change": _stage,
    "lead.changeowner": _owner,
    "lead.addtocompany": _company,
    "lead.adddnc": _add_dnc,
    "lead.removednc": _remove_dnc,
    "lead.deletecontact": _delete,
    "campaign.sendwebhook": _webhook,
    "campaign.addremovelead": _campaigns,
}

"""What in an event's properties stops Mautic's cron, or makes the event do nothing for ever.

Mautic's API stores anything; its trigger command dies of a wrong type, and with it every campaign
that comes after (seen on 5.1.1, or read in its source where a comment says so).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

UNITS = ("i", "h", "d", "m", "y")
OPERATORS = (
    "=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty", "like", "!like", "regexp", "!regexp",
    "startsWith", "endsWith", "contains", "in", "!in", "date",
)  # fmt: skip
POINT_OPERATORS = ("=", "!=", "gt", "gte", "lt", "lte")


class Flaw(NamedTuple):
    """What is wrong at `loc` in the properties of an event."""

    loc: tuple[str | int, ...]
    message: str
    hint: str = ""


def flaws(kind: str, properties: Mapping[str, Any]) -> list[Flaw]:
    """Return what is wrong with the properties of an event of the type `kind`, as the API gets it.

    `kind` is Mautic's word, like `lead.tags`. A type that is not in the tables has no rules but
    those for the times that Mautic's own form writes into the properties.
    """
    found = list(_times(properties))
    lacking = (name for name in _NEEDED.get(kind, ()) if name not in properties)
    found += [Flaw((), f"{kind} needs `{name}`") for name in lacking]
    for name, rule in _RULES.get(kind, {}).items():
        if name in properties:
            found += [Flaw((name, *f.loc), f.message, f.hint) for f in rule(properties[name])]
    if kind == "email.send" and "email_type" not in properties:
        message = "email.send without `email_type` mails people who unsubscribed"
        found.append(Flaw((), message, "say email_type: marketing"))
    return found


def _times(properties: Mapping[str, Any]) -> Iterator[Flaw]:
    days = properties.get("triggerRestrictedDaysOfWeek") or []
    for number, day in enumerate(days if isinstance(days, list) else [days]):
        if not _whole(day) or not 0 <= int(day) <= 6:
            message = f"the day {day!r} lets Mautic's cron run for ever"
            at: tuple[str | int, ...] = (
                "triggerRestrictedDaysOfWeek",
                *([number] if isinstance(days, list) else []),
            )
            yield Flaw(at, message, "0 is Sunday, 6 is Saturday")
    unit = properties.get("triggerIntervalUnit")
    if unit is not None and unit not in UNITS:
        message = f"the unit {unit!r}: Mautic never runs the event"
        yield Flaw(("triggerIntervalUnit",), message, f"one letter out of {' '.join(UNITS)}")
    mode = properties.get("triggerMode")
    if mode not in (None, "", "immediate", "interval"):
        message = f"the trigger mode {mode!r} cannot be written through Mautic's API"
        yield Flaw(("triggerMode",), message, "put a `wait` in front of the step")
    if properties.get("triggerDate"):
        message = "a trigger date cannot be written through Mautic's API"
        yield Flaw(("triggerDate",), message, "put a `wait` in front of the step")


def _whole(value: Any) -> bool:
    """Whether it is an integer, or one in text as Mautic's own form writes it."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return True
    return isinstance(value, str) and value.isascii() and value.removeprefix("-").isdecimal()


def _number(value: Any) -> Iterator[Flaw]:
    if not _whole(value):
        yield Flaw((), f"expected a whole number, found {_shown(value)}")


def _exact(value: Any) -> Iterator[Flaw]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Flaw((), f"expected a whole number, not in quotes, found {_shown(value)}")


def _reason(value: Any) -> Iterator[Flaw]:
    if value not in (None, "") and (type(value) is not int or value not in (1, 2, 3)):
        message = f"the reason {_shown(value)} is never met: Mautic compares it as a number"
        yield Flaw((), message, "1 unsubscribed, 2 bounced, 3 manual; without quotes")


def _list(value: Any) -> Iterator[Flaw]:
    if not isinstance(value, list):
        yield Flaw((), f"expected a list, found {_shown(value)}: Mautic's cron stops at it")


def _ids(value: Any) -> Iterator[Flaw]:
    yield from _list(value)
    for number, item in enumerate(value if isinstance(value, list) else []):
        if not _whole(item):
            yield Flaw((number,), f"expected an id, found {_shown(item)}")


def _campaigns(value: Any) -> Iterator[Flaw]:
    yield from _list(value)
    for number, item in enumerate(value if isinstance(value, list) else []):
        if not _whole(item) and item != "this":
            yield Flaw((number,), f"expected an id or `this`, found {_shown(item)}")


def _names(value: Any) -> Iterator[Flaw]:
    yield from _list(value)
    for number, item in enumerate(value if isinstance(value, list) else []):
        if not isinstance(item, str):
            message = f"a tag is given by its name, found {_shown(item)}"
            yield Flaw((number,), message, "Mautic would make a tag of that name")


def _channels(value: Any) -> Iterator[Flaw]:
    yield from _list(value)
    for number, item in enumerate(value if isinstance(value, list) else []):
        if not isinstance(item, str):
            yield Flaw((number,), f"expected a channel like email, found {_shown(item)}")


def _inner_list(value: Any) -> Iterator[Flaw]:
    if value and (not isinstance(value, dict) or not isinstance(value.get("list"), list)):
        yield Flaw((), f"expected {{list: […]}}, found {_shown(value)}")


def _email_inside(value: Any) -> Iterator[Flaw]:
    if not isinstance(value, dict) or not _whole(value.get("email")):
        yield Flaw((), f"expected {{email: ID}}, found {_shown(value)}")


def _text(value: Any) -> Iterator[Flaw]:
    if value is not None and not isinstance(value, str):
        yield Flaw((), f"expected text, found {_shown(value)}")


def _consent(value: Any) -> Iterator[Flaw]:
    if value not in ("marketing", "transactional"):
        yield Flaw((), f"expected marketing or transactional, found {_shown(value)}")


def _operator(value: Any) -> Iterator[Flaw]:
    if value not in OPERATORS:
        yield Flaw((), f"{_shown(value)} is no operator of Mautic", f"known: {' '.join(OPERATORS)}")


def _point_operator(value: Any) -> Iterator[Flaw]:
    if value not in POINT_OPERATORS:
        known = f"known: {' '.join(POINT_OPERATORS)}"
        yield Flaw((), f"{_shown(value)} is no operator for points", known)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "a mapping"


# type of event -> its property -> what Mautic needs it to be
_RULES: dict[str, dict[str, Any]] = {
    "lead.changetags": {"add_tags": _names, "remove_tags": _names},
    "lead.changelist": {"addToLists": _ids, "removeFromLists": _ids},
    "lead.changepoints": {"points": _number},
    "lead.changeowner": {"owner": _exact},
    "lead.addtocompany": {"company": _number},
    "lead.scorecontactscompanies": {"score": _number},
    "lead.adddnc": {"channels": _channels, "reason": _text},
    "lead.removednc": {"channels": _channels},
    "stage.change": {"stage": _number},
    "email.send": {"email": _number, "email_type": _consent},
    "email.send.to.user": {"useremail": _email_inside, "user_id": _ids, "to": _text, "cc": _text,
                           "bcc": _text},
    "email.click": {"urls": _inner_list},
    "campaign.addremovelead": {"addTo": _campaigns, "removeFrom": _campaigns},
    "campaign.jump_to_event": {"jumpToEvent": _number},
    "campaign.sendwebhook": {"url": _text, "headers": _inner_list, "additional_data": _inner_list,
                             "timeout": _number},
    "page.pagehit": {"pages": _ids, "url": _text, "referer": _text},
    "form.submit": {"forms": _ids},
    "asset.download": {"assets": _ids},
    "lead.tags": {"tags": _names},
    "lead.segments": {"segments": _ids},
    "lead.stages": {"stages": _ids},
    "lead.owner": {"owner": _ids},
    "lead.dnc": {"channels": _channels, "reason": _reason},
    "lead.campaigns": {"campaigns": _ids},
    "lead.points": {"operator": _point_operator, "score": _number},
    "lead.field_value": {"field": _text, "operator": _operator},
}  # fmt: skip
# what the trigger command reads without asking whether it is there (LeadBundle, EmailBundle,
# CampaignBundle and FormBundle: EventListener/…Subscriber.php of 5.1.1)
_NEEDED: dict[str, tuple[str, ...]] = {
    "lead.changelist": ("addToLists", "removeFromLists"),
    "lead.changeowner": ("owner",),
    "lead.addtocompany": ("company",),
    "lead.scorecontactscompanies": ("score",),
    "lead.adddnc": ("channels",),
    "lead.removednc": ("channels",),
    "stage.change": ("stage",),
    "email.send": ("email",),
    "email.send.to.user": ("useremail",),
    "campaign.addremovelead": ("addTo", "removeFrom"),
    "campaign.jump_to_event": ("jumpToEvent",),
    "campaign.sendwebhook": ("url", "method", "timeout"),
    "form.submit": ("forms",),
    "asset.download": ("assets",),
    "lead.tags": ("tags",),
    "lead.segments": ("segments",),
    "lead.stages": ("stages",),
    "lead.owner": ("owner",),
    "lead.dnc": ("channels",),
    "lead.campaigns": ("campaigns",),
    "lead.points": ("operator", "score"),
    "lead.field_value": ("field", "operator", "value"),
}

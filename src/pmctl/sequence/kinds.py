"""The one table of step kinds and Mautic's events, in both directions.

`properties` goes from what a step says to what Mautic is sent, with names where ids will be;
`resolved` puts the ids in; `said` goes back from a live event to the step that would make it.
The types of the values are those that a running 5.1.1 was seen to take: tags by name, owners of a
condition in a list, the owner of an action and the reason of do-not-contact as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pmctl.sequence.alike import level

if TYPE_CHECKING:
    from pmctl.sequence.payload import Names

Role = Literal["action", "decision", "condition"]
Data = Mapping[str, Any]

FIELD_TESTS = {
    "is": "=", "is_not": "!=", "more_than": "gt", "at_least": "gte", "less_than": "lt",
    "at_most": "lte", "like": "like", "not_like": "!like", "matches": "regexp",
    "not_matches": "!regexp", "starts_with": "startsWith", "ends_with": "endsWith",
    "contains": "contains", "in": "in", "empty": "empty",
}  # fmt: skip
POINT_TESTS = ("is", "is_not", "more_than", "at_least", "less_than", "at_most")
REASONS = {"unsubscribed": 1, "bounced": 2, "manual": 3}  # Mautic's numbers for do not contact
RAW = {"raw-action": "action", "raw-decision": "decision", "raw-condition": "condition"}


@dataclass(frozen=True)
class Kind:
    """A kind of event: Mautic's type for it, and which of its properties name something."""

    type: str
    role: Role
    names: Mapping[str, str] = field(default_factory=dict)  # property -> kind of what it names


KINDS: dict[str, Kind] = {
    "email": Kind("email.send", "action", {"email": "email"}),
    "tag": Kind("lead.changetags", "action"),
    "segment": Kind(
        "lead.changelist", "action", {"addToLists": "segment", "removeFromLists": "segment"}
    ),
    "field": Kind("lead.updatelead", "action"),
    "points": Kind("lead.changepoints", "action"),
    "stage": Kind("stage.change", "action", {"stage": "stage"}),
    "owner": Kind("lead.changeowner", "action", {"owner": "user"}),
    "company": Kind("lead.addtocompany", "action", {"company": "company"}),
    "dnc-add": Kind("lead.adddnc", "action"),
    "dnc-remove": Kind("lead.removednc", "action"),
    "notify": Kind("email.send.to.user", "action", {"useremail.email": "email", "user_id": "user"}),
    "webhook": Kind("campaign.sendwebhook", "action"),
    "enroll": Kind("campaign.addremovelead", "action", {"addTo": "campaign"}),
    "leave": Kind("campaign.addremovelead", "action", {"removeFrom": "campaign"}),
    "goto": Kind("campaign.jump_to_event", "action", {"jumpToEvent": "event"}),
    "stop": Kind("campaign.addremovelead", "action"),
    "pass": Kind("campaign.addremovelead", "action"),
    "opened": Kind("email.open", "decision"),
    "clicked": Kind("email.click", "decision"),
    "replied": Kind("email.reply", "decision"),
    "visited": Kind("page.pagehit", "decision"),
    "submitted": Kind("form.submit", "decision", {"forms": "form"}),
    "downloaded": Kind("asset.download", "decision", {"assets": "asset"}),
    "if-tag": Kind("lead.tags", "condition"),
    "if-segment": Kind("lead.segments", "condition", {"segments": "segment"}),
    "if-field": Kind("lead.field_value", "condition"),
    "if-points": Kind("lead.points", "condition"),
    "if-stage": Kind("lead.stages", "condition", {"stages": "stage"}),
    "if-owner": Kind("lead.owner", "condition", {"owner": "user"}),
    "if-dnc": Kind("lead.dnc", "condition"),
    "if-campaign": Kind("lead.campaigns", "condition", {"campaigns": "campaign"}),
    "if-email": Kind("email.validate.address", "condition"),
}
# Kinds of which a property more in Mautic is another event: who took it out of the file means it.
WHOLE = ("field", "points", "if-points", *RAW)
# Decisions that Mautic can only see under the email that they are about.
EMAIL_DECISIONS = ("email.open", "email.click", "email.reply")


_ROLES: dict[str, Role] = {
    **{word: kind.role for word, kind in KINDS.items()},
    "raw-action": "action",
    "raw-decision": "decision",
    "raw-condition": "condition",
}


def role(kind: str) -> Role:
    """Return Mautic's word for what an event of this kind does."""
    return _ROLES[kind]


def event_type(kind: str, data: Data) -> str:
    """Return Mautic's type of an event."""
    return str(data["type"]) if kind in RAW else KINDS[kind].type


def properties(kind: str, data: Data) -> dict[str, Any]:
    """Return the properties of an event, with names where ids will be."""
    if kind in RAW:
        return dict(data["properties"])
    return _PROPERTIES[kind](data)


def _email(data: Data) -> dict[str, Any]:
    # Without a type Mautic takes transactional, and mails people who unsubscribed.
    consent = "transactional" if data["transactional"] else "marketing"
    return {"email": data["email"], "email_type": consent, "priority": 2, "attempts": 3}


def _field_test(data: Data) -> dict[str, Any]:
    return {"field": data["field"], "operator": data["operator"], "value": data["value"]}


def _dnc(data: Data) -> dict[str, Any]:
    reason = {"reason": REASONS[data["reason"]]} if data["reason"] else {}
    return {"channels": [data["channel"]], **reason}


def _webhook(data: Data) -> dict[str, Any]:
    return {
        "url": data["url"],
        "method": data["method"],
        "headers": {"list": _pairs(data["headers"])},
        "additional_data": {"list": _pairs(data["data"])},
        "timeout": data["timeout"],
    }


def _pairs(said: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in said.items()]


def _membership(add: list[str], remove: list[str]) -> dict[str, Any]:
    # Both are always said: newer versions of Mautic stop at an event that lacks one.
    return {"addTo": add, "removeFrom": remove}


_PROPERTIES: dict[str, Callable[[Data], dict[str, Any]]] = {
    "email": _email,
    "tag": lambda data: {"add_tags": list(data["add"]), "remove_tags": list(data["remove"])},
    "segment": lambda data: {
        "addToLists": list(data["add"]), "removeFromLists": list(data["remove"])
    },
    "field": lambda data: {
        name: int(value) if isinstance(value, bool) else value
        for name, value in data["values"].items()
    },
    "points": lambda data: {"points": data["add"]},
    "stage": lambda data: {"stage": data["stage"]},
    "owner": lambda data: {"owner": data["owner"]},
    "company": lambda data: {"company": data["company"]},
    "dnc-add": lambda data: {"channels": list(data["channels"]), "reason": data["reason"] or ""},
    "dnc-remove": lambda data: {"channels": list(data["channels"])},
    "notify": lambda data: {
        "useremail": {"email": data["email"]}, "user_id": list(data["users"]),
        "to_owner": bool(data["owner"]), "to": ", ".join(data["to"]), "cc": "", "bcc": "",
    },
    "webhook": _webhook,
    "enroll": lambda data: _membership(list(data["campaigns"]), []),
    "leave": lambda data: _membership([], list(data["campaigns"])),
    "goto": lambda data: {"jumpToEvent": data["to"]},
    "stop": lambda _: _membership([], ["this"]),
    # With both lists empty Mautic passes everybody on: an event that only takes its time.
    "pass": lambda _: _membership([], []),
    "opened": lambda _: {},
    "clicked": lambda data: {"urls": {"list": list(data["urls"])}},
    "replied": lambda _: {},
    "visited": lambda data: {"url": ",".join(data["urls"])},
    "submitted": lambda data: {"forms": list(data["names"])},
    "downloaded": lambda data: {"assets": list(data["names"])},
    "if-tag": lambda data: {"tags": list(data["names"])},
    "if-segment": lambda data: {"segments": list(data["names"])},
    "if-field": _field_test,
    "if-points": lambda data: {"operator": data["operator"], "score": data["score"]},
    "if-stage": lambda data: {"stages": list(data["names"])},
    "if-owner": lambda data: {"owner": list(data["names"])},
    "if-dnc": _dnc,
    "if-campaign": lambda data: {"campaigns": list(data["names"])},
    "if-email": lambda _: {},
}  # fmt: skip


def named(kind: str, properties: Data) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of everything that an event names: ("stage", "Customer")."""
    for path, what in ({} if kind in RAW else KINDS[kind].names).items():
        outer, _, inner = path.partition(".")
        value = properties[outer][inner] if inner else properties[outer]
        for name in value if isinstance(value, list) else [value]:
            yield what, name


def resolved(kind: str, properties: Data, names: Names) -> dict[str, Any]:
    """Return properties with ids in place of names. KeyError: a name is unknown."""
    found = dict(properties)
    for path, what in {} if kind in RAW else KINDS[kind].names.items():
        outer, _, inner = path.partition(".")
        if inner:
            found[outer] = {**found[outer], inner: names.id(what, found[outer][inner])}
        elif isinstance(found[outer], list):
            found[outer] = [names.id(what, name) for name in found[outer]]
        else:
            found[outer] = names.id(what, found[outer])
    return found


# What Mautic's own builder writes into the properties besides what the event is about.
_FORM = (
    "canvasSettings name description triggerMode triggerDate triggerInterval triggerIntervalUnit "
    "triggerHour triggerRestrictedStartHour triggerRestrictedStopHour triggerWindow "
    "triggerRestrictedDaysOfWeek anchor anchorEventType properties type eventType campaignId "
    "_token buttons settings newEmailButton editEmailButton previewEmailButton newCompanyButton "
    "order decisionPath id tempId parent children"
)
OF_THE_FORM = frozenset(_FORM.split())
_WITH_ZERO = ("lead.updatelead", "lead.field_value", "lead.points")
_DEFAULTS: dict[str, dict[str, Any]] = {
    "email.send": {"priority": 2, "attempts": 3},
    "campaign.sendwebhook": {"method": "post", "timeout": 10},
}


def said(type_: str, properties: Data, names: Names) -> dict[str, Any] | None:
    """Return the step that makes this live event, in the words of a file, with names for ids.

    None: our words cannot say exactly this event, or a name of an id is not known. What is not
    in the properties is not said: waits, `within`, `then` and `else`, the text of an email; the
    step of an email is only its id, `{"email": "offer"}`.
    """
    # an empty object comes back as a list; what is empty does nothing
    given = dict(properties) if isinstance(properties, Mapping) else {}
    for name in OF_THE_FORM:
        given.pop(name, None)
    given = {**_DEFAULTS.get(type_, {}), **_full(type_, given)}
    for kind, (read, word) in _SAID.items():
        if KINDS[kind].type != type_:
            continue
        try:
            data = read(_named(kind, given, names))
            again = _full(type_, resolved(kind, _PROPERTIES[kind](data), names))
            if level(again) == level(given):
                return word(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return None


def _full(type_: str, given: Data) -> dict[str, Any]:
    """Drop what is empty or off, and empty things inside; 0 may be a value to set or to meet."""
    nothing = (None, 0, {"list": None})
    return {
        name: value
        for name, value in given.items()
        if level(value) not in (nothing[:1] if type_ in _WITH_ZERO else nothing)
    }


def _named(kind: str, given: Data, names: Names) -> dict[str, Any]:
    """Put names in place of ids. KeyError: an id has no name."""
    found = dict(given)
    for path, what in KINDS[kind].names.items():
        outer, _, inner = path.partition(".")
        if outer not in found:
            continue
        value = found[outer]
        if inner:
            found[outer] = {inner: names.name(what, value[inner])}
        elif isinstance(value, list):
            found[outer] = [names.name(what, one) for one in value]
        else:
            found[outer] = names.name(what, value)
    return found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _added(given: Data, add: str, remove: str) -> dict[str, Any]:
    return {"add": _list(given.get(add)), "remove": _list(given.get(remove))}


def _only_said(data: Data) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value}


def _one_or_more(names: list[Any]) -> Any:
    if not names:
        raise ValueError("no name")
    return names[0] if len(names) == 1 else names


def _plain(values: Data) -> dict[str, Any]:
    if any(not isinstance(v, str | int | float) or v == "" for v in values.values()):
        raise ValueError("a value that a file cannot say")
    if not values or "points" in values:
        raise ValueError("no field")
    return dict(values)


def _operator_word(operator: str, value: Any) -> dict[str, Any]:
    if operator in ("empty", "!empty"):
        return {"empty": operator == "empty"}
    word = {test: word for word, test in FIELD_TESTS.items()}[operator]
    if isinstance(value, list) is not (operator == "in") or value in ("", []):
        raise ValueError("a value that a file cannot say")
    return {word: value}


def _points_word(operator: str, score: Any) -> dict[str, Any]:
    word = {test: word for word, test in FIELD_TESTS.items()}[operator]
    if word not in POINT_TESTS:
        raise ValueError("no test of points")
    return {word: int(score)}


def _hook(given: Data) -> dict[str, Any]:
    def pairs(name: str) -> dict[str, str]:
        return {pair["label"]: pair["value"] for pair in given.get(name, {}).get("list", [])}

    data = {"url": given["url"], "method": str(given["method"]).lower(),
            "headers": pairs("headers"), "data": pairs("additional_data"),
            "timeout": int(given["timeout"])}  # fmt: skip
    texts = [data["url"], *data["headers"].values(), *data["data"].values()]
    if any("{{" in text or "${" in text for text in texts):
        raise ValueError("signs that mean something in a file")
    return data


def _to(given: Data) -> list[str]:
    return [one.strip() for one in str(given.get("to") or "").split(",") if one.strip()]


def _on(word: str, key: str, values: list[Any]) -> dict[str, Any]:
    return {"on": word, **({key: _one_or_more(values)} if values else {})}


_Reader = tuple[Callable[[Data], dict[str, Any]], Callable[[Data], dict[str, Any]]]
# kind -> (properties with names -> what the step says, what it says -> the step)
_SAID: dict[str, _Reader] = {
    "email": (
        lambda p: {"email": p["email"], "transactional": p.get("email_type") != "marketing"},
        lambda d: {"email": d["email"]}
        | ({"consent": {"transactional": "it was so in Mautic"}} if d["transactional"] else {}),
    ),
    "tag": (lambda p: _added(p, "add_tags", "remove_tags"),
            lambda d: {"tag": _some(_only_said(d))}),
    "segment": (lambda p: _added(p, "addToLists", "removeFromLists"),
                lambda d: {"segment": _some(_only_said(d))}),
    "field": (lambda p: {"values": _plain(p)}, lambda d: {"field": {"set": d["values"]}}),
    "points": (lambda p: {"add": int(p["points"])}, lambda d: {"points": {"add": d["add"]}}),
    "stage": (lambda p: {"stage": p["stage"]}, lambda d: {"stage": d["stage"]}),
    "owner": (lambda p: {"owner": p["owner"]}, lambda d: {"owner": d["owner"]}),
    "company": (lambda p: {"company": p["company"]}, lambda d: {"company": d["company"]}),
    "dnc-add": (lambda p: {"channels": _emails(p), "reason": p.get("reason")},
                lambda d: {"dnc": {"add": d["channels"], **_only_said({"reason": d["reason"]})}}),
    "dnc-remove": (lambda p: {"channels": _emails(p)},
                   lambda d: {"dnc": {"remove": d["channels"]}}),
    "notify": (
        lambda p: {"email": p["useremail"]["email"], "users": _list(p.get("user_id")),
                   "owner": bool(level(p.get("to_owner"))), "to": _to(p)},
        lambda d: {
            "notify": _some(_only_said({name: d[name] for name in ("to", "owner", "users")})),
            "id": d["email"],
        },
    ),
    "webhook": (_hook, lambda d: {"webhook": _only_said(d)}),
    "enroll": (lambda p: {"campaigns": p["addTo"]}, lambda d: {"enroll": list(d["campaigns"])}),
    "leave": (lambda p: {"campaigns": p["removeFrom"]}, lambda d: {"leave": list(d["campaigns"])}),
    "goto": (lambda p: {"to": p["jumpToEvent"]}, lambda d: {"goto": d["to"].partition(" ")[0]}),
    "stop": (lambda _: {}, lambda _: {"stop": True}),
    "opened": (lambda _: {}, lambda _: {"on": "opened"}),
    "clicked": (lambda p: {"urls": _list(p.get("urls", {}).get("list"))},
                lambda d: _on("clicked", "url", d["urls"])),
    "replied": (lambda _: {}, lambda _: {"on": "replied"}),
    "visited": (
        lambda p: {"urls": [one for one in str(p.get("url") or "").split(",") if one]},
        lambda d: _on("visited", "url", d["urls"]),
    ),
    "submitted": (lambda p: {"names": _list(p.get("forms"))},
                  lambda d: _on("submitted", "form", d["names"])),
    "downloaded": (lambda p: {"names": _list(p.get("assets"))},
                   lambda d: _on("downloaded", "asset", d["names"])),
    "if-tag": (lambda p: {"names": p["tags"]}, lambda d: _if("tag", d)),
    "if-segment": (lambda p: {"names": p["segments"]}, lambda d: _if("segment", d)),
    "if-field": (
        lambda p: {"field": p["field"], "operator": p["operator"], "value": p.get("value")},
        lambda d: {"if": {"field": d["field"], **_operator_word(d["operator"], d["value"])}},
    ),
    "if-points": (
        lambda p: {"operator": p["operator"], "score": int(p["score"])},
        lambda d: {"if": {"points": _points_word(d["operator"], d["score"])}},
    ),
    "if-stage": (lambda p: {"names": p["stages"]}, lambda d: _if("stage", d)),
    "if-owner": (lambda p: {"names": p["owner"]},
                 lambda d: {"if": {"owner": _single(d["names"])}}),
    "if-dnc": (
        lambda p: {"channel": _single(_emails(p)), "reason": _reason(p.get("reason"))},
        lambda d: {"if": {"dnc": d["channel"], **_only_said({"reason": d["reason"]})}},
    ),
    "if-campaign": (lambda p: {"names": p["campaigns"]}, lambda d: _if("in_campaign", d)),
    "if-email": (lambda _: {}, lambda _: {"if": {"email_valid": True}}),
}  # fmt: skip


def _some(said: dict[str, Any]) -> dict[str, Any]:
    if not said:
        raise ValueError("nothing is said")
    return said


def _if(word: str, data: Data) -> dict[str, Any]:
    return {"if": {word: _one_or_more(list(data["names"]))}}


def _single(names: list[Any]) -> Any:
    if len(names) != 1:
        raise ValueError("not one name")
    return names[0]


def _emails(given: Data) -> list[str]:
    channels = _list(given.get("channels"))
    if channels != ["email"]:
        raise ValueError("another channel than email")
    return channels


def _reason(number: Any) -> str | None:
    if number is None:
        return None
    if not isinstance(number, int):
        raise ValueError("a reason in text is never met")
    return next(word for word, reason in REASONS.items() if reason == number)

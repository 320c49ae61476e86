"""Contacts that do not exist: what they are, what a step changes of them, which way they go."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmctl.sequence.kinds import REASONS

if TYPE_CHECKING:
    from pmctl.sequence.graph import Node


@dataclass
class Contact:
    """A contact as a campaign sees it; names where Mautic has ids."""

    email: str = "ann@example.com"
    zone: str = ""
    tags: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)
    fields: dict[str, Any] = field(default_factory=dict)
    points: int = 0
    stage: str | None = None
    owner: str | None = None
    companies: set[str] = field(default_factory=set)
    dnc: dict[str, int] = field(default_factory=dict)  # channel -> Mautic's number of the reason
    campaigns: set[str] = field(default_factory=set)  # also those it has left


def change(node: Node, contact: Contact) -> None:
    """Do what an action does to a contact; what it does elsewhere (a webhook) is not done."""
    do = _CHANGES.get(node.kind)
    if do is not None:
        do(contact, node.data)


def _swap(have: set[str], data: dict[str, Any]) -> None:
    have |= set(data["add"])
    have -= set(data["remove"])


def _field(contact: Contact, data: dict[str, Any]) -> None:
    for name, value in data["values"].items():
        if value not in (None, ""):  # an empty value leaves the field as it is
            contact.fields[name] = int(value) if isinstance(value, bool) else value


def _points(contact: Contact, data: dict[str, Any]) -> None:
    contact.points += data["add"]


def _stage(contact: Contact, data: dict[str, Any]) -> None:
    contact.stage = data["stage"]


def _owner(contact: Contact, data: dict[str, Any]) -> None:
    contact.owner = data["owner"]


def _dnc_add(contact: Contact, data: dict[str, Any]) -> None:
    contact.dnc.update(dict.fromkeys(data["channels"], REASONS["manual"]))


def _dnc_remove(contact: Contact, data: dict[str, Any]) -> None:
    for channel in data["channels"]:
        contact.dnc.pop(channel, None)


_CHANGES: dict[str, Callable[[Contact, dict[str, Any]], None]] = {
    "tag": lambda contact, data: _swap(contact.tags, data),
    "segment": lambda contact, data: _swap(contact.segments, data),
    "field": _field,
    "points": _points,
    "stage": _stage,
    "owner": _owner,
    "company": lambda contact, data: contact.companies.add(data["company"]),
    "dnc-add": _dnc_add,
    "dnc-remove": _dnc_remove,
    "enroll": lambda contact, data: contact.campaigns.update(data["campaigns"]),
}


def holds(node: Node, contact: Contact) -> bool:
    """Tell whether a contact takes the yes-path. A raw condition, which nobody knows, is no."""
    test = _TESTS.get(node.kind)
    return test is not None and test(contact, node.data)


def _any(names: Any, have: set[str]) -> bool:
    return not {str(name).lower() for name in names}.isdisjoint(one.lower() for one in have)


def _dnc(contact: Contact, data: dict[str, Any]) -> bool:
    reason = contact.dnc.get(data["channel"], 0)
    return reason != 0 if data["reason"] is None else reason == REASONS[data["reason"]]


def _compared(value: Any, operator: str, wanted: Any) -> bool:
    """Compare as Mautic does: an empty field meets only `empty` and `!=`."""
    empty = value in (None, "")
    if operator in ("empty", "!empty"):
        return empty is (operator == "empty")
    if empty:
        return operator == "!="
    if operator in ("in", "!in"):
        several = wanted if isinstance(wanted, list) else [wanted]
        return _any([value], {str(one) for one in several}) is (operator == "in")
    if operator in _SIZES:
        left, right = str(value).lower(), str(wanted).lower()
        numbers = isinstance(wanted, int | float) or isinstance(value, int | float)
        size = _sign(_number(value), _number(wanted)) if numbers else _sign(left, right)
        return size in _SIZES[operator]
    return _like(str(value), operator.removeprefix("!"), str(wanted)) is (operator[0] != "!")


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _number(value: Any) -> float:
    found = re.match(r"\s*[-+]?\d+(\.\d+)?", str(value))
    return float(found[0]) if found else 0.0


def _like(value: str, operator: str, wanted: str) -> bool:
    if operator == "regexp":
        return re.search(wanted, value, re.IGNORECASE) is not None
    before = ".*" if operator in ("contains", "endsWith") else ""
    behind = ".*" if operator in ("contains", "startsWith") else ""
    inside = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in wanted)
    return re.fullmatch(before + inside + behind, value, re.IGNORECASE | re.DOTALL) is not None


_SIZES = {"=": {0}, "!=": {-1, 1}, "gt": {1}, "gte": {0, 1}, "lt": {-1}, "lte": {-1, 0}}


def _field_test(contact: Contact, data: dict[str, Any]) -> bool:
    name = data["field"]
    value = {"points": contact.points, "email": contact.email}.get(name, contact.fields.get(name))
    return _compared(value, data["operator"], data["value"])


_TESTS: dict[str, Callable[[Contact, dict[str, Any]], bool]] = {
    "if-tag": lambda contact, data: _any(data["names"], contact.tags),
    "if-segment": lambda contact, data: _any(data["names"], contact.segments),
    "if-field": _field_test,
    "if-points": lambda contact, data: _compared(contact.points, data["operator"], data["score"]),
    "if-stage": lambda contact, data: contact.stage in data["names"],
    "if-owner": lambda contact, data: contact.owner in data["names"],
    "if-dnc": _dnc,
    "if-campaign": lambda contact, data: _any(data["names"], contact.campaigns),
    "if-email": lambda contact, _: "@" in contact.email,
}

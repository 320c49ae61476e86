"""`lead.field_value`: a field of a contact against a value, as MySQL compares the two.

An empty field is NULL there: only `empty` and `!=` are true for it, and none of the other
denials (`!like`, `!regexp`, `!in`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from pmctl.sandbox import listing
from pmctl.sandbox.died import GivenUpError
from pmctl.sandbox.fields import FIELDS

Given = dict[str, Any]
KINDS = {field.alias: field.type for field in FIELDS}
_NEVER_EMPTY = {"points"}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}
_PART = re.compile(r"(\d+)([YMWD])")


def holds(
    given: Given, values: dict[str, Any], now: datetime.datetime, kinds: Mapping[str, str]
) -> bool:
    """Tell whether the condition is met; `kinds` are the types of the fields that were added.

    Raises GivenUpError for what is no date or no pattern.
    """
    if given.get("operator") == "date":
        return _on_the_day(given, values, now)
    return compare(given, values, kinds)


def compare(given: Given, values: dict[str, Any], kinds: Mapping[str, str] | None = None) -> bool:
    """Compare by any operator but `date`."""
    name, operator = str(given.get("field")), str(given.get("operator"))
    value, wanted = values.get(name), given.get("value")
    kind = {**KINDS, **(kinds or {})}.get(name)
    if operator in {"empty", "!empty"}:
        return (value in (None, "")) == (operator == "empty")
    if kind in {"date", "datetime"}:
        wanted, value = _date(wanted), None if value in (None, "") else _date(value)
    if value in (None, "") and name not in _NEVER_EMPTY:
        return operator == "!="
    if operator in {"in", "!in"}:
        return _among(value, wanted) == (operator == "in")
    if operator == "!=":
        return not _ordered("=", value, wanted, kind)
    if operator in _ORDER:
        return _ordered(operator, value, wanted, kind)
    return _like(operator, str(value), "" if wanted is None else str(wanted))


def _ordered(operator: str, value: Any, wanted: Any, kind: str | None) -> bool:
    if kind == "number":
        return _ORDER[operator](_number(value), _number(wanted))
    return _ORDER[operator](str(value).lower(), "" if wanted is None else str(wanted).lower())


def _number(value: Any) -> float:
    """MySQL's reading of text as a number: what stands at its beginning, else 0."""
    found = re.match(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)", str(value))
    return float(found[0]) if found else 0.0


def _among(value: Any, wanted: Any) -> bool:
    several = wanted if isinstance(wanted, list) else [wanted]
    return str(value).lower() in {str(one).lower() for one in several}


def _like(operator: str, value: str, wanted: str) -> bool:
    denied = operator.startswith("!")
    operator = operator.removeprefix("!")
    patterns = {"like": wanted, "startsWith": f"{wanted}%", "endsWith": f"%{wanted}"}
    patterns["contains"] = f"%{wanted}%"
    if operator == "regexp":
        return _found(wanted, value) != denied
    if operator not in patterns:
        raise GivenUpError(f"there is no operator {operator}")
    return listing.like(value, patterns[operator]) != denied


def _found(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value, re.IGNORECASE) is not None
    except re.error:
        raise GivenUpError(f"{pattern!r} is no regular expression") from None


def _date(value: Any) -> str:
    """The date of a value; what is no date breaks the run of this campaign (seen with `like`)."""
    try:
        return str(datetime.datetime.fromisoformat(str(value)).date())
    except ValueError:
        raise GivenUpError(f"{value!r} is no date") from None


def _on_the_day(given: Given, values: dict[str, Any], now: datetime.datetime) -> bool:
    """`+P2D`: the field's day is in two days; `anniversary`: its day and month are today's."""
    found, wanted = values.get(str(given.get("field"))), str(given.get("value"))
    if found in (None, ""):
        return False
    day = datetime.date.fromisoformat(_date(found))
    if wanted == "anniversary":
        return (day.month, day.day) == (now.month, now.day)
    if wanted[:2] not in {"+P", "-P"}:
        return False
    sizes = {"D": 1, "W": 7, "M": 30, "Y": 365}
    days = sum(int(count) * sizes[unit] for count, unit in _PART.findall(wanted))
    return day == now.date() + datetime.timedelta(days=days if wanted[0] == "+" else -days)

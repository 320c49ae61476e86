"""Plans and outcomes in words, for people."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pmctl.sequence.live import when_words
from pmctl.sequence.people import Group, Sends
from pmctl.sequence.plan import Change, FieldChange, Plan
from pmctl.sequence.threeway import By
from pmctl.text import clean

Paint = Callable[[str, str], str]
_SIGNS = {"create": ("+", "32"), "update": ("~", "33"), "delete": ("-", "31")}
AUTHORS: dict[By, str] = {
    "you": "",
    "builder": "changed in Mautic",
    "both": "conflict: changed here and in Mautic",
    "mautic": "by Mautic itself",
    "unknown": "nothing is noted of who changed it",
}
_LONG = ("customHtml", "plainText", "description")
_WORDS = {
    "customHtml": "HTML body", "plainText": "plain text", "fromName": "from name",
    "fromAddress": "from address", "replyToAddress": "reply to", "utmTags": "utm",
    "isPublished": "published", "share": "share in percent", "winner": "ranked by",
    "variantParent": "variant of",
}  # fmt: skip


def plan_text(plan: Plan, paint: Paint) -> str:
    """Return what apply would do to one campaign, a line for each thing that differs."""
    where = f"campaign {plan.campaign_id}" if plan.campaign_id else "new"
    words = {"create": "will be created", "update": "will be changed", "nothing": "is up to date"}
    lines = [f"{paint(plan.key, '1')} ({where}) {words[plan.action]}"]
    if plan.action == "create":
        lines += [f"  {_counts(plan.changes, paint)}"]
    else:
        lines += [line for change in plan.changes for line in _change(change, paint)]
    lines += [f"  {paint('i', '36')} {note}" for note in plan.notes]
    lines += [line for group in plan.people for line in _group(group)]
    lines += _sends(plan.sends)
    lines += [f"  {paint('!', '1;31')} {danger}" for danger in plan.dangers]
    return "\n".join(lines) + "\n"


def _group(group: Group) -> list[str]:
    where = clean(f"{group.step} {group.path}".strip()) or "the whole campaign"
    counts = f"{group.not_yet} not yet there, {group.waiting} waiting, {group.past} past"
    if not (group.not_yet or group.waiting or group.past):
        return []
    return [f"  people at {where}: {counts}", *(f"      {said}" for said in group.effects)]


def _sends(sends: Sends) -> list[str]:
    if sends.caused is None:
        return ["  mails within the hour: unknown, this user may not see contacts"]
    if not sends.total:
        return []
    return [f"  mails within the hour: up to {sends.total} ({sends.caused} by this change)"]


def _counts(changes: Iterable[Change], paint: Paint) -> str:
    changes = list(changes)
    said = Counter(change.kind for change in changes if change.op == "create")
    parts = [f"{said[kind]} {_plural(kind, said[kind])}" for kind in ("email", "event")]
    kept = sum(change.op == "update" for change in changes if change.kind == "email")
    text = f"{paint('+', '32')} {' and '.join(parts)}"
    return f"{text}; {kept} {_plural('email', kept)} found from before" if kept else text


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _change(change: Change, paint: Paint, *, authors: bool = True) -> list[str]:
    sign, code = _SIGNS[change.op]
    name = f"{change.kind} {change.name}".rstrip()
    shown = [field for field in change.fields if field.field != "marker"]  # our own bookkeeping
    if change.op == "update" and not shown:
        return []
    head = f"  {paint(sign, code)} {name}{_by(change.by, paint) if authors else ''}"
    mixed = authors and len({field.by for field in shown}) > 1
    return [head, *(_field(field) + (_by(field.by, paint) if mixed else "") for field in shown)]


def _by(by: By, paint: Paint) -> str:
    """Say who is behind a difference, unless it is the person who reads this."""
    words = AUTHORS[by]
    return f"  {paint(f'({words})', '35')}" if words else ""


def _field(field: FieldChange) -> str:
    return f"      {field_words(field)}"


def field_words(field: FieldChange) -> str:
    """Return `subject: News → Again` for one field that differs."""
    name = _WORDS.get(field.field, field.field.removeprefix("properties."))
    if field.field == "when":
        return f"when: {_when(field.before)} → {_when(field.after)}"
    if field.field in ("share", "winner"):
        unseen = "not verifiable: Mautic never shows it"
        return f"{name}: {_value(field.before)} → {_value(field.after)} ({unseen})"
    if field.field in _LONG:
        return f"{name}: {_lines(str(field.before or ''), str(field.after or ''))}"
    return f"{name}: {_value(field.before)} → {_value(field.after)}"


def _lines(before: str, after: str) -> str:
    """Say how many lines came and went; bodies themselves are read in the pull request."""
    signs = Counter(
        line[0]
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    )
    return f"{signs['+']} lines added, {signs['-']} removed"


def _when(value: Any) -> str:
    return when_words(value) if value else "nothing"


def _value(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(_value(item) for item in value) or "nothing"
    text = str(value)
    if not text.isprintable():  # data of others never reaches a terminal raw
        text = text.encode("unicode_escape").decode()
    return text if len(text) <= 60 else text[:59] + "…"


def summary(actions: Iterable[str], words: dict[str, str]) -> str:
    """Return `3 campaigns: 1 to create, 2 unchanged` for actions create, update, nothing."""
    said = Counter(actions)
    parts = [f"{said[action]} {words[action]}" for action in words if said[action]]
    total = sum(said.values())
    return f"{total} {_plural('campaign', total)}: {', '.join(parts) or 'none'}"


def changes_text(title: str, changes: Iterable[Change], paint: Paint) -> str:
    """Return a titled list of changes after the fact, or nothing when there is none."""
    lines = [line for change in changes for line in _change(change, paint, authors=False)]
    return "\n".join([f"  {title}:", *lines]) + "\n" if lines else ""

"""Time lines of several contacts as text: side by side if 80 columns are enough, else stacked."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from pmctl.text import clean, counted

if TYPE_CHECKING:
    from pmctl.sequence.simulate import Entry
    from pmctl.sequence.typical import Lines

WIDTH = 80
_LEGEND = "name: a mail leaves · (name): it is skipped · +word: what the contact does"


def text(found: Lines, summary: dict[str, Any], zone: datetime.tzinfo) -> str:
    """Return the time lines, in the time of a zone, and what they say together."""
    rows: dict[datetime.datetime, dict[str, list[str]]] = {}
    for name, entries in found.items():
        for entry in entries:
            if said := _cell(entry):
                minute = entry.at.replace(second=0, microsecond=0)
                rows.setdefault(minute, {}).setdefault(name, []).append(said)
    table = [["", *found]]
    for at in sorted(rows):
        cells = [rows[at].get(name, []) for name in found]
        for number in range(max(map(len, cells))):
            when = f"{at.astimezone(zone):%d %b %H:%M}" if number == 0 else ""
            table.append([when, *(cell[number] if number < len(cell) else "" for cell in cells)])
    shown = _beside(table) or _stacked(found, zone)
    return "\n".join([*shown, "", _LEGEND, "", *_told(summary), ""])


def _cell(entry: Entry) -> str:
    step = clean(entry.step)
    said = {"mail": step, "skipped": f"({step})", "act": f"+{entry.note}", "left": "left"}
    return said.get(entry.kind, "")


def _beside(table: list[list[str]]) -> list[str]:
    """Return the table's lines; none if it is too wide."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for gap in (2, 1):
        if sum(widths) + gap * (len(widths) - 1) <= WIDTH:
            between = " " * gap
            pairs = [zip(row, widths, strict=True) for row in table]
            return [
                between.join(cell.ljust(width) for cell, width in row).rstrip() for row in pairs
            ]
    return []


def _stacked(found: Lines, zone: datetime.tzinfo) -> list[str]:
    said: list[str] = []
    for name, entries in found.items():
        said += ["", name] if said else [name]
        for entry in entries:
            if cell := _cell(entry):
                said.append(f"  {entry.at.astimezone(zone):%a %d %b %H:%M}  {cell}")
    return said


def _told(summary: dict[str, Any]) -> list[str]:
    most = summary["most_mails_in_7_days"]
    top = max(most.values(), default=0)
    who = ", ".join(name for name, number in most.items() if number == top)
    last = summary["last_mail_after_days"]
    said = [f"unreachable for these contacts: {clean(step)}" for step in summary["unreachable"]]
    if last is None:
        return [*said, "no mail leaves"]
    said += [
        f"most mails in any 7 days: {top} ({who})",
        f"last mail: after {last:g} {'day' if last == 1 else 'days'}",
    ]
    for one in summary["closer_than_an_hour"]:
        steps = " and ".join(map(clean, one["steps"]))
        minutes = counted(one["minutes"], "minute")
        said.append(f"closer than an hour: {steps}, {minutes} apart ({one['contact']})")
    return said

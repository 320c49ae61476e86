"""Plans as Markdown for a comment on a pull request: a table, dangers in bold, folded details."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote

from pmctl.sequence import report
from pmctl.sequence.people import Group
from pmctl.sequence.plan import Change, Plan
from pmctl.text import clean

LONGEST = 65_000  # characters; GitHub and GitLab refuse or cut what is longer than 65,536
LONGEST_PICTURE = 12_000  # characters of one flowchart; Mermaid itself stops at 50,000
_NONE: Mapping[str, str] = MappingProxyType({})
_HEAD = 25_000  # of them at most for the table and for the dangers, each
_WORDS = {"create": "create", "update": "change", "nothing": "up to date"}
_TO_DO = {"create": "to create", "update": "to change", "nothing": "up to date"}
_SIGNS = {"create": "➕", "update": "✏️", "delete": "➖"}
# as numeric references they are words, whatever stands around them
_SPECIAL = re.compile(r"[&<>|`*_\[\]~#@\\!{}]")


def markdown(
    plans: Iterable[Plan], picture_url: str = "", pictures: Mapping[str, str] = _NONE
) -> str:
    """Return one comment, at most LONGEST characters.

    `picture_url` is a template with {key}: where a picture of each sequence lies. `pictures` are
    flowcharts for Mermaid, by key: GitHub and GitLab draw them in the comment.
    """
    listed = list(plans)
    summary = report.summary([plan.action for plan in listed], _TO_DO)
    changed = [plan for plan in listed if plan.changes]
    parts = [f"## Campaign plan\n\n{summary}\n"]
    if changed:
        parts.append(_within(_table(changed), _HEAD, "sequences"))
    dangers = [f"- **{text(plan.key)}: {text(one)}**\n" for plan in changed for one in plan.dangers]
    if dangers:
        parts.append("\n### Refused without `--force REASON`\n\n" + _within(dangers, _HEAD // 2,
                                                                         "dangers"))  # fmt: skip
    done = "\n".join(parts)
    return done + _within(
        (_section(plan, picture_url, pictures.get(plan.key, "")) for plan in changed),
        LONGEST - len(done),
        "sequences",
    )


def text(value: str) -> str:
    """Return text of others so that Markdown and HTML take it for words, in one line."""
    line = " ".join(clean(value).split())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)


def _within(pieces: Iterable[str], room: int, what: str) -> str:
    """Return as many whole pieces as there is room for, and a note when there are more."""
    note = "\n*{} more " + what + " are not shown: the comment would be too long.*\n"
    kept: list[str] = []
    left = room - len(note) - 8
    waiting = iter(pieces)
    for piece in waiting:
        if len(piece) > left:
            return "".join(kept) + note.format(1 + sum(1 for _ in waiting))
        kept.append(piece)
        left -= len(piece)
    return "".join(kept)


def _table(plans: Iterable[Plan]) -> Iterator[str]:
    yield "| sequence | action | differences | mails within the hour |\n|---|---|---|---|\n"
    for plan in plans:
        counts = Counter[str](change.op for change in plan.changes)
        signs = " ".join(f"{_SIGNS[op]} {counts[op]}" for op in _SIGNS if counts[op])
        others = [change.by for change in plan.changes if change.by not in ("you", "unknown")]
        mixed = ", ".join(f"{n} {report.AUTHORS[by]}" for by, n in Counter(others).items())
        total = plan.sends.total
        mails = "unknown" if total is None else f"up to {total}" if total else ""
        differences = f"{signs} ({mixed})" if mixed else signs
        yield f"| {text(plan.key)} | {_WORDS[plan.action]} | {differences} | {mails} |\n"


def _section(plan: Plan, picture_url: str, picture: str) -> str:
    """Return one folded sequence; what is too long of it is left out, the fold stays whole."""
    where = f"campaign {plan.campaign_id}" if plan.campaign_id else "new"
    head = (
        f"\n<details><summary><b>{text(plan.key)}</b>: {_WORDS[plan.action]} ({where}), "
        f"{text(plan.path)}</summary>\n\n"
    )
    if picture_url:
        head += f"[Picture]({_address(picture_url, plan)})\n\n"
    lines = [f"- {text(note)}\n" for note in plan.notes]
    lines += [line for change in plan.changes for line in _change(change)]
    lines += _people(plan.people)
    drawn = _drawn(plan, picture) if picture else ""
    return head + _within(lines, LONGEST // 4, "lines") + drawn + "\n</details>\n"


def _drawn(plan: Plan, picture: str) -> str:
    if len(picture) > LONGEST_PICTURE:
        command = text(f"pmctl campaign graph {plan.path} --changes")
        return f"\n*Its picture is too large for a comment: <code>{command}</code> draws it.*\n"
    inside = f"```mermaid\n{picture.rstrip()}\n```"
    return f"\n<details><summary>As a picture</summary>\n\n{inside}\n\n</details>\n"


def _address(template: str, plan: Plan) -> str:
    address = template.replace("{key}", quote(plan.key, safe=""))
    return quote(address, safe="/:?&=%#+,;@~.-_")


def _change(change: Change) -> Iterator[str]:
    by = report.AUTHORS[change.by]
    bold = f" **({by})**" if by else ""
    yield f"- {_SIGNS[change.op]} {change.kind} {text(change.name)}".rstrip() + f"{bold}\n"
    for field in change.fields:
        if field.field != "marker":
            yield f"  - {text(report.field_words(field))}\n"


def _people(groups: Iterable[Group]) -> Iterator[str]:
    shown = [group for group in groups if group.not_yet or group.waiting or group.past]
    if not shown:
        return
    yield "\n| people at | not yet | waiting | past | what happens |\n|---|---|---|---|---|\n"
    for group in shown:
        where = text(f"{group.step} {group.path}".strip() or "the whole campaign")
        said = "<br>".join(text(one) for one in group.effects)
        yield f"| {where} | {group.not_yet} | {group.waiting} | {group.past} | {said} |\n"

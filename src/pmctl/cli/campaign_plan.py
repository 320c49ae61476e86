"""`campaign plan`: show what differs, as text, as a document, as Markdown, as a file to apply."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl import output
from pmctl.cli.campaign_changes import TO_DO, Work, planned
from pmctl.clients import saved_plan
from pmctl.errors import UsageError
from pmctl.sequence import report
from pmctl.sequence.plan_document import document

if TYPE_CHECKING:
    from pmctl.clients.saved_plan import Entry
    from pmctl.context import Context
    from pmctl.sequence.plan import Plan


@dataclass
class Asked:
    """What a plan was asked for."""

    paths: list[str]
    variables: Mapping[str, str]
    takeover: bool = False
    people: bool = False
    markdown: str = ""  # a file, or - for stdout
    picture_url: str = ""
    out: str = ""


def plan(context: Context, asked: Asked) -> bool:
    """Show every plan; return whether there is something to change."""
    _check(asked)
    work = Work.of(asked.paths, asked.variables)
    actions: list[str] = []
    kept: list[Plan] = []  # for the comment, which begins with a summary
    entries: list[Entry] = []

    def counted() -> Iterator[Plan]:
        for one in planned(context, work, takeover=asked.takeover, people=asked.people):
            actions.append(one.action)
            if asked.markdown:
                kept.append(one)
            if asked.out and one.changes:
                entries.append(saved_plan.entry(one))
            yield one

    if asked.markdown == "-":
        for _ in counted():
            pass
    elif output.asked() is not None:
        output.show(map(document, counted()), ["key", "action", "campaign_id", "path"])
    else:
        for one in counted():
            if one.changes or one.people:
                sys.stdout.write(report.plan_text(one, output.paint))
        sys.stdout.write(report.summary(actions, TO_DO) + "\n")
    if asked.markdown:
        _write_comment(asked, kept, work)
    if asked.out:
        _save(context, asked, entries)
    return any(action != "nothing" for action in actions)


def _check(asked: Asked) -> None:
    if asked.picture_url and not asked.markdown:
        raise UsageError("--picture-url needs --markdown", hint="pictures are linked in Markdown")
    if asked.picture_url and "{key}" not in asked.picture_url:
        hint = "--picture-url 'https://example.com/{key}.svg'"
        raise UsageError(
            "--picture-url needs {key} where the sequence's key is to stand", hint=hint
        )
    if asked.markdown == "-" and output.asked() is not None:
        raise UsageError("--markdown - and --output both write to stdout", hint="name a file")
    if asked.out and "-" in asked.paths:
        raise UsageError(
            "--out cannot keep what came from stdin: apply could not read it again",
            hint="write it into a file",
        )


def _write_comment(asked: Asked, plans: list[Plan], work: Work) -> None:
    from pmctl.files import save
    from pmctl.sequence.plan_markdown import markdown

    text = markdown(plans, asked.picture_url, dict(_pictures(plans, work)))
    if asked.markdown == "-":
        sys.stdout.write(text)
        return
    save(Path(asked.markdown), text, hint="is the folder there, and yours?")


def _pictures(plans: list[Plan], work: Work) -> Iterator[tuple[str, str]]:
    """Yield flowcharts with the changes marked, by key; as many as a comment has room for."""
    from pmctl.sequence.layout import layout
    from pmctl.sequence.overlay import of_plan
    from pmctl.sequence.plan_markdown import LONGEST
    from pmctl.sequence.render import drawing, mermaid

    changed = {plan.path: plan for plan in plans if plan.changes}
    room = LONGEST
    for source in work.found:
        if source.path not in changed or room < 0:
            continue
        plan = changed[source.path]
        graph, overlay = of_plan(plan, source.compile(work.variables).graph)
        text = mermaid(drawing(graph, layout(graph), overlay))
        room -= len(text)
        yield plan.key, text


def _save(context: Context, asked: Asked, entries: list[Entry]) -> None:
    saved = saved_plan.Saved(
        context.config.mautic.url, context.config.context, asked.takeover, tuple(entries)
    )
    saved_plan.write(Path(asked.out), saved)
    output.note(f"saved; `pmctl campaign apply {asked.out}` does exactly this, or nothing")

"""`pmctl campaign simulate`: what one contact would live through, offline."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli import campaign_files as files
from pmctl.cli.campaign_values import Env, Variables, VarsFiles, values
from pmctl.cli.common import Printing, group
from pmctl.cli.zones import named_zone
from pmctl.errors import UsageError
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.sequence.graph import Graph
    from pmctl.sequence.simulate import Act, Entry
    from pmctl.sequence.typical import Lines

app = group("Time lines of contacts that do not exist.")

Said = Annotated[list[str] | None, typer.Option(metavar="STEP@+TIME", help="When after the mail.")]


@app.command("simulate", cls=Printing)
def simulate(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="FILE", help="A sequence file, or -.")],
    contact: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="What the contact is.")
    ] = None,
    opens: Said = None,
    clicks: Said = None,
    replies: Said = None,
    unsubscribes: Said = None,
    visits: Annotated[
        list[str] | None, typer.Option(metavar="URL@+TIME", help="A page, when after the start.")
    ] = None,
    submits: Annotated[
        list[str] | None, typer.Option(metavar="FORM@+TIME", help="A form, when after the start.")
    ] = None,
    assume: Annotated[
        list[str] | None, typer.Option(metavar="STEP=yes|no", help="The way of a raw condition.")
    ] = None,
    start: Annotated[
        datetime.datetime, typer.Option(help="When the contact comes in, UTC.")
    ] = datetime.datetime(2026, 11, 23, 9, 0),  # noqa: DTZ001
    zone: Annotated[str, typer.Option(help="The contact's time zone.")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long to look.")] = 90,
    cron: Annotated[int, typer.Option(min=1, max=1440, help="Minutes between cron runs.")] = 5,
    variant: Annotated[str, typer.Option(help="Which variant of A/B mails; by weight else.")] = "",
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Show the time line of a contact that does not exist, offline.

    Examples:
      pmctl campaign simulate campaigns/trial-nudge.yaml
      pmctl campaign simulate nudge.yaml --opens offer@+2h --zone Europe/Lisbon
      pmctl campaign simulate nudge.yaml --contact tag=customer -o json
      pmctl campaign simulate nudge.yaml --assume is-vip=yes

    Without an option that says what the contact is or does, five typical ones are shown: who never
    opens, opens or clicks everything after two hours, replies to the first mail, unsubscribes.

    JSON and YAML are {"version": 1, "key", "contacts": [{"name", "events"}], "summary"}. An event
    has at (the contact's time), time (UTC), kind (joined, mail, skipped, ran, act, left), step,
    path, title and note. The summary has unreachable (steps nobody came to), most_mails_in_7_days
    (by contact), last_mail_after_days and closer_than_an_hour (contact, steps, minutes).
    Raw conditions are taken as no, unless --assume says yes.
    """
    from pmctl.sequence import behaviour, typical
    from pmctl.sequence.simulate import Run

    one, *others = files.compiled([path], values(ctx, variables, vars_files, env))
    if others:
        raise UsageError(f"{path} holds {1 + len(others)} sequences", hint="name one of its files")
    _check_variant(variant, one.graph)
    local = named_zone("--zone", zone or "UTC")
    said = {"opens": opens, "clicks": clicks, "replies": replies, "unsubscribes": unsubscribes}
    acts: list[Act] = []
    for kind, some in said.items():
        acts += behaviour.acts(kind, some or (), one.graph.emails)
    acts += [*behaviour.visits(visits or ()), *behaviour.submits(submits or (), one.graph)]
    ways = behaviour.assumed(assume or (), one.graph)
    begin = start.replace(tzinfo=datetime.UTC)
    end = begin + datetime.timedelta(days=days)

    def run(does: list[Act]) -> Run:
        someone = behaviour.contact(contact or (), one.graph.sequence.audience.segments[:1])
        someone.zone = zone or someone.zone
        every = datetime.timedelta(minutes=cron)
        return Run(one.graph, someone, begin, every, does, variant, ways)

    alone = bool(acts or contact)
    found = {"contact": run(acts).until(end)} if alone else typical.lines(one.graph, run, end)
    _show(found, typical.summary(one.graph, found, begin), one.graph, local)


def _show(found: Lines, summary: dict[str, Any], graph: Graph, local: datetime.tzinfo) -> None:
    listed = output.asked() in (output.Format.csv, output.Format.jsonl) or output.style.columns
    if listed or (output.asked() is None and len(found) == 1):
        rows = [
            {"contact": name, **_shown(entry, local)}
            for name, entries in found.items()
            for entry in entries
        ]
        columns = ["at", "kind", "step", "note"]
        output.show(rows, columns if len(found) == 1 else ["contact", *columns])
        return

    from pmctl.cli import campaign_timelines

    document = {
        "version": 1,
        "key": graph.sequence.key,
        "contacts": [
            {"name": name, "events": [_shown(entry, local) for entry in entries]}
            for name, entries in found.items()
        ],
        "summary": summary,
    }
    output.show_text(campaign_timelines.text(found, summary, local), lambda: document)


def _check_variant(name: str, graph: Graph) -> None:
    known = {one.id for mail in graph.emails.values() for one in mail.variants or ()}
    if name and name not in known:
        hint = did_you_mean(name, sorted(known), "no email of this sequence has variants")
        raise UsageError(f"--variant {name}: no email has such a variant", hint=hint)


def _shown(entry: Entry, local: datetime.tzinfo) -> dict[str, Any]:
    at = entry.at.astimezone(local)
    return {
        "at": f"{at:%a %d %b %H:%M}",
        "kind": entry.kind,
        "step": entry.step,
        "path": entry.path,
        "title": entry.title,
        "note": entry.note,
        "time": entry.at.isoformat(timespec="seconds"),
    }

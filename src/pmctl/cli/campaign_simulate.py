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
    from collections.abc import Callable

    from pmctl.sequence.environments import Values
    from pmctl.sequence.graph import Graph
    from pmctl.sequence.simulate import Act, Entry, Run
    from pmctl.sequence.typical import Lines

app = group("Time lines of contacts that do not exist.")

File = Annotated[str, typer.Argument(metavar="FILE", help="A sequence file, or -.")]
Said = Annotated[list[str] | None, typer.Option(metavar="STEP@+TIME", help="When after the mail.")]
Is = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="What the contact is.")]
Visits = Annotated[
    list[str] | None, typer.Option(metavar="URL@+TIME", help="A page, when after the start.")
]
Submits = Annotated[
    list[str] | None, typer.Option(metavar="FORM@+TIME", help="A form, when after the start.")
]
Assume = Annotated[
    list[str] | None, typer.Option(metavar="STEP=yes|no", help="The way of a raw condition.")
]
Start = Annotated[datetime.datetime, typer.Option(help="When the contact comes in, UTC.")]
Zone = Annotated[str, typer.Option(help="The contact's time zone.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How long to look.")]
Cron = Annotated[int, typer.Option(min=1, max=1440, help="Minutes between cron runs.")]
Variant = Annotated[str, typer.Option(help="Which variant of A/B mails; by weight else.")]

MONDAY = datetime.datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001


@app.command("simulate", cls=Printing)
def simulate(
    ctx: typer.Context,
    path: File,
    contact: Is = None,
    opens: Said = None,
    clicks: Said = None,
    replies: Said = None,
    unsubscribes: Said = None,
    visits: Visits = None,
    submits: Submits = None,
    assume: Assume = None,
    start: Start = MONDAY,
    zone: Zone = "",
    days: Days = 90,
    cron: Cron = 5,
    variant: Variant = "",
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

    A form of the audience (--submits) lets the contact in at once, and again after it left. Where
    only forms let in and no such form is said, the first one is sent at the start. Sent in the
    middle of a sequence that allows reentry, it begins anew beside what waits: take what both lead
    to as a guess.

    JSON and YAML are {"version": 1, "key", "contacts": [{"name", "events"}], "summary"}. An event
    has at (the contact's time), time (UTC), kind (joined, mail, skipped, ran, act, left), step,
    path, title and note. The summary has unreachable (steps nobody came to), most_mails_in_7_days
    (by contact), last_mail_after_days and closer_than_an_hour (contact, steps, minutes).
    Raw conditions are taken as no, unless --assume says yes.
    """
    from pmctl.sequence import typical

    graph = _graph(path, values(ctx, variables, vars_files, env))
    _check_variant(variant, graph)
    local = named_zone("--zone", zone or "UTC")
    of_mails = {"opens": opens, "clicks": clicks, "replies": replies, "unsubscribes": unsubscribes}
    acts = _acts(of_mails, visits, submits, graph)
    begin, every = start.replace(tzinfo=datetime.UTC), datetime.timedelta(minutes=cron)
    end = begin + datetime.timedelta(days=days)
    run = _runs(graph, contact or [], zone, begin, every, variant, assume or [])
    alone = bool(acts or contact)
    found = {"contact": run(acts).until(end)} if alone else typical.lines(graph, run, end)
    _show(found, typical.summary(graph, found, begin), graph, local)


def _graph(path: str, said: Values) -> Graph:
    one, *others = files.compiled([path], said)
    if others:
        raise UsageError(f"{path} holds {1 + len(others)} sequences", hint="name one of its files")
    return one.graph


def _acts(
    of_mails: dict[str, list[str] | None],
    visits: list[str] | None,
    submits: list[str] | None,
    graph: Graph,
) -> list[Act]:
    """Read what the contact does from the options."""
    from pmctl.sequence import behaviour

    acts = [
        act
        for kind, said in of_mails.items()
        for act in behaviour.acts(kind, said or (), graph.emails)
    ]
    return [*acts, *behaviour.visits(visits or ()), *behaviour.submits(submits or (), graph)]


def _runs(
    graph: Graph,
    said: list[str],
    zone: str,
    begin: datetime.datetime,
    every: datetime.timedelta,
    variant: str,
    assume: list[str],
) -> Callable[[list[Act]], Run]:
    """Return what makes the run of a fresh contact from what it does."""
    from pmctl.sequence import behaviour
    from pmctl.sequence.simulate import Run

    ways = behaviour.assumed(assume, graph)

    def run(does: list[Act]) -> Run:
        someone = behaviour.contact(said, graph.sequence.audience.segments[:1])
        someone.zone = zone or someone.zone
        all_acts = [*behaviour.entering(graph, does), *does]
        return Run(graph, someone, begin, every, all_acts, variant, ways)

    return run


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

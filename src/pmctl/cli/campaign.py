"""`pmctl campaign`: sequences as reviewed YAML files, and the campaigns that Mautic runs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli import campaign_files as files
from pmctl.cli import campaign_reports as reports
from pmctl.cli.campaign_reports import ReportFile, ReportForm
from pmctl.cli.campaign_values import Env, Variables, VarsFiles, values
from pmctl.cli.common import Command, Lazy, Printing, context_of, group
from pmctl.errors import Conflict, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmctl.clients.campaign import Listed


class Campaign(Lazy):
    """The commands below, and what lies in modules of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "pull": (
            "pmctl.cli.campaign_pull",
            "Write what Mautic has into sequence files; comments and your choices there stay.",
        ),
        "adopt": (
            "pmctl.cli.campaign_pull",
            "Make a campaign that was built in Mautic the campaign of a file.",
        ),
        "lint": ("pmctl.cli.campaign_lint", "Say what is unwise in sequence files, offline."),
        "simulate": (
            "pmctl.cli.campaign_simulate",
            "Show the time line of a contact that does not exist, offline.",
        ),
        "forecast": (
            "pmctl.cli.campaign_forecast",
            "Say how many mails leave on each of the next days, from who waits now.",
        ),
        "diff": (
            "pmctl.cli.campaign_diff",
            "Say what differs from Mautic, and nothing when nothing does; for cron.",
        ),
        "segment": (
            "pmctl.cli.campaign_segment",
            "Segments: who is in them, what uses them, changing them.",
        ),
        "status": (
            "pmctl.cli.campaign_status",
            "Show every campaign of this context at a glance.",
        ),
        "snapshots": (
            "pmctl.cli.campaign_history",
            "List the earlier states of a campaign that are kept on this machine.",
        ),
        "rollback": (
            "pmctl.cli.campaign_history",
            "Put an earlier state of a campaign back, as a plan that is asked about.",
        ),
        "destroy": (
            "pmctl.cli.campaign_destroy",
            "Take campaigns out of service; delete them only with --purge.",
        ),
        "contact": (
            "pmctl.cli.campaign_contact",
            "Contacts: find, import, tag, block, enroll.",
        ),
        "email": ("pmctl.cli.campaign_email", "Emails of campaigns: list, read, try them out."),
        "test-send": (
            "pmctl.cli.campaign_email_send",
            "Send an email as Mautic has it to the contacts named, and to nobody else.",
        ),
    }


app = group(
    "Mautic campaigns from YAML files: validate, plan, apply.\n\n"
    "Examples:\n"
    "  pmctl campaign validate campaigns/\n"
    "  pmctl campaign plan campaigns/ --detailed-exitcode\n"
    "  pmctl campaign apply campaigns/welcome.yaml",
    cls=Campaign,
)

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILES...", help="Sequence files, folders of them, or - for stdin."),
]
DetailedExit = Annotated[
    bool, typer.Option("--detailed-exitcode", help="End with 2 when there is something to change.")
]
Takeover = Annotated[
    bool, typer.Option("--takeover", help="Take over campaigns of another context.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Force = Annotated[
    str, typer.Option("--force", metavar="REASON", help="Do it although people are harmed.")
]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", min=0, help="Wait so long for another change to end."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="The campaign's key, or its id.",
        autocompletion=names.completing("campaigns"),
    ),
]


class Picture(StrEnum):
    """What `campaign graph` can draw."""

    tree = "tree"
    svg = "svg"
    html = "html"
    png = "png"
    mermaid = "mermaid"
    dot = "dot"
    json = "json"


@app.command(cls=Printing)
def validate(
    ctx: typer.Context,
    paths: Files,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
    report: ReportForm = None,
    report_file: ReportFile = None,
) -> None:
    """Check sequence files, offline; every problem at once.

    Examples:
      pmctl campaign validate campaigns/
      pmctl campaign validate - < campaigns/welcome.yaml
      pmctl campaign validate campaigns/ -o json
      pmctl campaign validate campaigns/ --report github
    """
    form = reports.settled(report, report_file)
    if form is None:
        files.validate(paths, values(ctx, variables, vars_files, env))
    else:
        reports.validate(paths, values(ctx, variables, vars_files, env), form, report_file)


@app.command(cls=Printing)
def explain(
    ctx: typer.Context,
    paths: Files,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Say in words what each contact will go through.

    Examples:
      pmctl campaign explain campaigns/trial-nudge.yaml
    """
    files.explain(paths, values(ctx, variables, vars_files, env))


@app.command(cls=Command)
def graph(
    ctx: typer.Context,
    path: Annotated[
        str,
        typer.Argument(metavar="FILE|KEY", help="A sequence file, or -; with --live also a key."),
    ],
    picture: Annotated[
        Picture, typer.Option("--output", "-o", help="What to draw.")
    ] = Picture.tree,
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="Write it there instead of to stdout.")
    ] = "",
    live: Annotated[
        bool, typer.Option("--live", help="With how many contacts wait at and passed each step.")
    ] = False,
    changes: Annotated[
        bool, typer.Option("--changes", help="With what an apply would change in Mautic marked.")
    ] = False,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Draw a sequence: a tree in the terminal, a picture, or text for Mermaid and Graphviz.

    Examples:
      pmctl campaign graph campaigns/trial-nudge.yaml
      pmctl campaign graph campaigns/trial-nudge.yaml -o svg > trial-nudge.svg
      pmctl campaign graph campaigns/trial-nudge.yaml -o html --to trial-nudge.html
      pmctl campaign graph campaigns/trial-nudge.yaml -o mermaid
      pmctl campaign graph trial-nudge --live
      pmctl campaign graph campaigns/trial-nudge.yaml --changes -o svg > now.svg

    --live and --changes ask Mautic, a bounded number of times, and change nothing there. Marks
    are told by a sign, by words and by how their frame is drawn, not by colour alone.
    """
    from pmctl.cli import campaign_graph

    said = values(ctx, variables, vars_files, env)
    asked = campaign_graph.Asked(path, picture.value, said, to, live=live, changes=changes)
    campaign_graph.draw(context_of(ctx), asked)


@app.command(cls=Command)
def schema(ctx: typer.Context) -> None:
    """Print the JSON schema of sequence files, for editors.

    Examples:
      pmctl campaign schema > campaigns/sequence.schema.json
    """
    del ctx
    files.schema()


@app.command(cls=Command)
def fmt(
    ctx: typer.Context,
    paths: Files,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; end with 2 when a file would change.")
    ] = False,
    report: ReportForm = None,
    report_file: ReportFile = None,
) -> None:
    """Write sequence files in the one canonical form; comments stay.

    Examples:
      pmctl campaign fmt campaigns/
      pmctl campaign fmt --check campaigns/
      pmctl campaign fmt --check --report github campaigns/
    """
    del ctx
    form = reports.settled(report, report_file)
    if form is None:
        files.fmt(paths, check=check)
    elif check:
        reports.fmt(paths, form, report_file)
    else:
        raise UsageError("--report needs --check", hint="fmt without --check writes the files")


@app.command(cls=Printing)
def plan(
    ctx: typer.Context,
    paths: Files,
    detailed_exitcode: DetailedExit = False,
    takeover: Takeover = False,
    people: Annotated[
        bool, typer.Option("--people", help="Count the contacts at every step, changed or not.")
    ] = False,
    markdown: Annotated[
        str, typer.Option("--markdown", metavar="FILE", help="Write a comment, or - for stdout.")
    ] = "",
    picture_url: Annotated[
        str, typer.Option("--picture-url", metavar="URL", help="Where {key}'s picture lies.")
    ] = "",
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Save the plan, for apply to do just that.")
    ] = "",
    variables: Variables = None,
    vars_files: VarsFiles = None,
) -> None:
    """Show what apply would change in Mautic. Reads only.

    Examples:
      pmctl campaign plan campaigns/
      pmctl campaign plan campaigns/ --detailed-exitcode -o json
      pmctl campaign plan campaigns/welcome.yaml --people
      pmctl campaign plan campaigns/ --markdown comment.md --out plan.json
      pmctl campaign apply plan.json

    Each difference says who is behind it: nothing is said of what you changed in the file, what
    somebody changed in Mautic is marked, and a conflict is what changed on both sides. At the
    steps that change it counts who is not yet there, who waits, who is past, and says what the
    change does to them. A saved plan holds digests of both sides and no secret; apply refuses it
    (6) when the file, the campaign, the server or the context is another by then.
    """
    from pmctl.cli import campaign_plan

    asked = campaign_plan.Asked(
        paths,
        values(ctx, variables, vars_files),
        takeover=takeover,
        people=people,
        markdown=markdown,
        picture_url=picture_url,
        out=out,
    )
    changed = campaign_plan.plan(context_of(ctx), asked)
    if changed and detailed_exitcode:
        raise typer.Exit(2)


@app.command(cls=Printing)
def apply(
    ctx: typer.Context,
    paths: Files,
    yes: Yes = False,
    dry_run: DryRun = False,
    force: Force = "",
    takeover: Takeover = False,
    lock_timeout: LockTimeout = 0,
    detailed_exitcode: DetailedExit = False,
    variables: Variables = None,
    vars_files: VarsFiles = None,
) -> None:
    """Make Mautic hold what the files say, then read it back.

    Examples:
      pmctl campaign apply campaigns/
      pmctl campaign apply --dry-run campaigns/welcome.yaml
      pmctl campaign apply campaigns/ --yes -o json
      pmctl campaign apply plan.json

    At a terminal it shows the plan and asks first, without --yes; elsewhere (CI, cron) the
    command line is the answer. New campaigns are made unpublished and published last. Run it
    again after a crash or a time-out: it looks first and finishes what is missing, and makes
    nothing twice. What was there before is kept as a snapshot: see `campaign rollback`. A
    campaign that somebody changes in Mautic meanwhile is left alone (5), one that another pmctl
    changes at this moment too (75).
    """
    from pmctl.cli import campaign_changes, campaign_plan

    changes = campaign_changes.Request(
        paths,
        values(ctx, variables, vars_files),
        takeover=takeover,
        force=force,
        ask=not yes,
        lock_timeout=lock_timeout,
    )
    if dry_run:
        campaign_changes.saved_of(context_of(ctx), changes)
        asked = campaign_plan.Asked(changes.paths, changes.variables, takeover=changes.takeover)
        changed = campaign_plan.plan(context_of(ctx), asked)
    else:
        changed = campaign_changes.apply(context_of(ctx), changes)
    if changed and detailed_exitcode:
        raise typer.Exit(2)


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    ours: Annotated[bool, typer.Option("--ours", help="Only campaigns that pmctl made.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N campaigns.")
    ] = None,
) -> None:
    """List the campaigns of this Mautic.

    Examples:
      pmctl campaign list
      pmctl campaign list --ours -o json
    """
    client = context_of(ctx).campaign
    listed = client.marked if ours else client.all()
    names.remember("campaigns", [one.key for one in listed if one.key])
    if not listed:
        output.note("no campaigns")
    output.show(_cut(listed, limit), ["id", "key", "name", "published", "env", "retired"])


def _cut(listed: list[Listed], limit: int | None) -> list[Listed]:
    if limit is not None and len(listed) > limit:
        output.note(f"showing {limit} of {len(listed)} campaigns (--limit)")
    return listed[:limit]


@app.command(cls=Printing)
def show(ctx: typer.Context, name: Name) -> None:
    """Show a live campaign: its steps and who waits where.

    Examples:
      pmctl campaign show welcome
      pmctl campaign show 12 -o json
    """
    shown = context_of(ctx).campaign.show(name)
    if output.asked() is not None:
        output.show_one(shown)
        return
    facts: dict[str, Any] = {
        key: getattr(shown, key)
        for key in ("id", "key", "name", "env", "published", "segments", "members")
    }
    output.show_one(facts)
    output.note("")
    output.show(shown.steps, ["step", "path", "when", "waiting"])


@app.command(cls=Command)
def publish(
    ctx: typer.Context, name: Name, dry_run: DryRun = False, lock_timeout: LockTimeout = 0
) -> None:
    """Publish a campaign: Mautic runs it from its next cron run on.

    Examples:
      pmctl campaign publish welcome
    """
    _set_published(ctx, name, published=True, dry_run=dry_run, wait=lock_timeout)


@app.command(cls=Command)
def unpublish(
    ctx: typer.Context, name: Name, dry_run: DryRun = False, lock_timeout: LockTimeout = 0
) -> None:
    """Unpublish a campaign: nothing of it runs until it is published again.

    Examples:
      pmctl campaign unpublish welcome
    """
    _set_published(ctx, name, published=False, dry_run=dry_run, wait=lock_timeout)


def _set_published(
    ctx: typer.Context, name: str, *, published: bool, dry_run: bool, wait: float
) -> None:
    client = context_of(ctx).campaign
    found = client.get(name)
    word = "published" if published else "unpublished"
    called = found.key or f"campaign {found.id}"
    if published and found.retired:
        raise Conflict(
            f"{called} was retired {found.retired}",
            hint=f"`pmctl campaign rollback {called}` brings it back, or an apply with --force",
        )
    if found.published is published:
        output.note(f"{called} is {word} already")
    elif dry_run:
        output.note(f"{called} would be {word}")
    else:
        client.set_published(found, published=published, wait_seconds=wait)
        output.note(f"{called} is {word}")

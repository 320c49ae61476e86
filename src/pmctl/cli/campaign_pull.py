"""`campaign pull` and `campaign adopt`: what Mautic has, as files, and as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli import campaign_steps
from pmctl.cli.campaign_values import Env, Variables, VarsFiles, values
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import PmctlError, UsageError
from pmctl.parallel import side_by_side
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.clients.campaign_pull import Taken

app = group("Files from campaigns.")

ALONE = (1, 3, 5, 65)  # what went wrong with one campaign says nothing of the others


Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEYS...]",
        help="Campaigns by key or id.",
        autocompletion=names.completing("campaigns"),
    ),
]
Number = Annotated[
    int | None, typer.Option("--id", metavar="N", help="A campaign of Mautic, whoever made it.")
]
Everything = Annotated[
    bool, typer.Option("--all", help="Every campaign that pmctl made for this context.")
]
Folder = Annotated[Path, typer.Option("--dir", metavar="FOLDER", help="Where the files lie.")]
Key = Annotated[
    str, typer.Option("--as", metavar="KEY", help="The key of a campaign that has none.")
]
Force = Annotated[bool, typer.Option("--force", help="Let Mautic win over changes of the file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


@app.command("pull", cls=Printing)
def pull(
    ctx: typer.Context,
    keys: Keys = None,
    number: Number = None,
    everything: Everything = False,
    folder: Folder = Path("campaigns"),
    key: Key = "",
    force: Force = False,
    dry_run: DryRun = False,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Write what Mautic has into sequence files; comments and your choices there stay.

    Examples:
      pmctl campaign pull welcome
      pmctl campaign pull --id 12 --as spring-offer
      pmctl campaign pull --all --dir campaigns
      pmctl campaign pull welcome --dry-run

    Also campaigns that were built by hand: what has no word in the language becomes a `raw` step.
    A file that says already what is live is left alone. `adopt` makes a pulled campaign yours.
    """
    from pmctl.clients import campaign_pull, sources

    client = context_of(ctx).campaign
    listed = _listed(client, keys or [], number, everything=everything)
    if key and len(listed) != 1:
        raise UsageError("--as is for one campaign", hint="name one, by key or --id")
    found = sources.find([str(folder)]) if any(folder.rglob("*.y*ml")) else []
    known = campaign_pull.by_key(iter(found))
    said = values(ctx, variables, vars_files, env)

    def take(campaign: Listed) -> Taken:
        return campaign_pull.take(client, campaign, folder, known, said, key=key, force=force)

    failed: list[PmctlError] = []
    output.show(_written(listed, take, failed, dry_run=dry_run), ["key", "action", "path"])
    for exc in failed[:-1]:
        output.error(exc)
    if failed:
        raise failed[-1]


def _written(
    listed: list[Listed],
    take: Callable[[Listed], Taken],
    failed: list[PmctlError],
    *,
    dry_run: bool,
) -> Iterator[Taken]:
    """Take campaigns and write their files side by side, and yield them; `failed` gets the rest."""
    from pmctl.clients import campaign_pull

    def one(campaign: Listed) -> Taken | PmctlError:
        try:
            taken = take(campaign)
        except PmctlError as exc:
            if exc.exit_code not in ALONE:
                raise
            return exc
        if not dry_run:
            campaign_pull.write(taken)  # here, so that the waits for the disk run side by side
        return taken

    with output.progress("pulling", len(listed)) as advance:
        for taken in side_by_side(one, listed):
            advance()
            if isinstance(taken, PmctlError):
                failed.append(taken)
            else:
                yield taken


@app.command("adopt", cls=Printing)
def adopt(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="FILE", help="The sequence file, as pulled.")],
    number: Annotated[
        int, typer.Option("--id", metavar="N", help="The campaign of Mautic that becomes yours.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = (
        False
    ),
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Make a campaign that was built in Mautic the campaign of a file.

    Examples:
      pmctl campaign pull --id 12 --as spring-offer
      pmctl campaign adopt campaigns/spring-offer.yaml --id 12

    Only names and marks are written: what it does, its ids and the people in it stay. From then
    on `plan` and `apply` know it. The events get the names that pmctl gives them.
    """
    from pmctl.cli.ask import agreed
    from pmctl.clients import campaign_adopt, sources

    client = context_of(ctx).campaign
    one, *others = sources.find([path])
    if others:
        raise UsageError(f"{path} holds {1 + len(others)} sequences", hint="name one of its files")
    want = one.compile(values(ctx, variables, vars_files, env)).desired
    looked = campaign_adopt.look(client, want, number)
    emails = sum(change.kind == "email" for change in looked.plan.changes)
    events = sum(change.kind == "event" for change in looked.plan.changes)
    marked = f"{counted(emails, 'email')} and {counted(events, 'event')}"
    said = f"{want.key}: campaign {number}, {marked} get their marks"
    if not looked.plan.changes:
        output.note(f"campaign {number} is {want.key} already")
    elif dry_run:
        output.note(f"{said} (nothing was written)")
    else:
        agreed(f"{said}; adopt it?", yes=yes)
        outcome = campaign_adopt.adopt(client, want, number)
        campaign_steps.note(context_of(ctx))
        output.show([outcome], ["key", "campaign_id", "published", "path"])


def _listed(
    client: Campaigns, keys: list[str], number: int | None, *, everything: bool
) -> list[Listed]:
    if bool(keys) + (number is not None) + everything != 1:
        raise UsageError("name campaigns by key, or one by --id, or pass --all")
    if everything:
        return [one for one in client.marked if one.env == client.env]
    return [client.get(name) for name in (keys or [str(number)])]

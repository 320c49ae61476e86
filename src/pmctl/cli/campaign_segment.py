"""`pmctl campaign segment`: the segments that feed campaigns, and who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.ask import agreed
from pmctl.cli.campaign_segment_words import Alias, DryRun, Limit, client_of, filters_said
from pmctl.cli.common import Command, Lazy, Printing, group
from pmctl.errors import NotFound, PmctlError, Unsafe, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_segment import Listed, Segments, Use


class SegmentGroup(Lazy):
    """The commands below, and what lies in a module of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "members": ("pmctl.cli.campaign_segment_people", "List who is in a segment."),
        "add-contacts": (
            "pmctl.cli.campaign_segment_people",
            "Put contacts into a segment, by email.",
        ),
        "remove-contacts": (
            "pmctl.cli.campaign_segment_people",
            "Take contacts out of a segment, by email; they stay contacts.",
        ),
    }


app = group(
    "Segments: who is in them, what uses them, changing them.\n\n"
    "Examples:\n"
    "  pmctl campaign segment list --count\n"
    "  pmctl campaign segment show trial-day-2\n"
    "  pmctl campaign segment add warm --name Warm --filter 'tag = warm'",
    cls=SegmentGroup,
)

Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter", metavar="FILTER", help="A condition, as 'country = Germany'; may be repeated."
    ),
]
FilterFile = Annotated[
    str | None,
    typer.Option("--filter-json", metavar="FILE", help="Filters as Mautic keeps them; - is stdin."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    count: Annotated[bool, typer.Option("--count", help="Also count the members.")] = False,
    limit: Limit = None,
) -> None:
    """List the segments of this Mautic.

    Examples:
      pmctl campaign segment list
      pmctl campaign segment list --count -o json
    """
    client = client_of(ctx)
    found = client.all
    names.remember("segments", [one.alias for one in found])
    if not found:
        output.note("no segments")
    if limit is not None and len(found) > limit:
        output.note(f"showing {limit} of {len(found)} segments (--limit)")
        found = found[:limit]
    columns = ["alias", "name", "id", "published"]
    if not count:
        output.show(found, columns)
        return
    output.show(_counted(client, found), [*columns, "members"])


def _counted(client: Segments, found: Sequence[Listed]) -> Iterator[dict[str, Any]]:
    with output.progress("counting", len(found)) as advance:
        for one, members in zip(found, client.counts(found), strict=True):
            advance()
            yield {**vars(one), "members": members}


@app.command("show", cls=Printing)
def show(ctx: typer.Context, alias: Alias) -> None:
    """Show a segment: its filters in words, how many are in it, and what uses it.

    Examples:
      pmctl campaign segment show trial-day-2
      pmctl campaign segment show 12 -o json
    """
    client = client_of(ctx)
    shown = client.show(client.find(alias))
    if output.asked() is not None:
        output.show_one(shown)
        return
    facts = {key: getattr(shown, key) for key in ("id", "alias", "name", "published", "members")}
    filters = " ".join(shown.filters) or "none: people come in by hand, by forms and campaigns"
    output.show_one({**facts, "filters": filters})
    output.note("")
    if shown.used_by:
        output.show(shown.used_by, ["how", "id", "name", "published", "people"])
    else:
        output.note("no campaign, segment or email uses it")


@app.command("add", cls=Command)
def add(
    ctx: typer.Context,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Its alias: a-z 0-9 - and _.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What Mautic shows.")],
    written: Filters = None,
    filter_json: FilterFile = None,
    static: Annotated[
        bool, typer.Option("--static", help="Without filters: people are put in by hand.")
    ] = False,
    publish: Annotated[
        bool, typer.Option("--publish/--unpublish", help="Published, or not yet.")
    ] = True,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="Leave one that is there as it is.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Make a segment, with filters or --static.

    Examples:
      pmctl campaign segment add warm --name Warm --filter 'tag in warm, hot'
      pmctl campaign segment add dach --name DACH --filter 'country = Germany' \\
        --filter 'and points >= 10'
      pmctl campaign segment add guests --name Guests --static

    A filter is a field, an operator and a value: = != > >= < <=, in, not in, like, not like,
    contains, starts with, ends with, matches, not matches, is empty, is not empty. `tag` and
    `segment` take names. Each begins with `and` (as it does when nothing is said) or `or`.
    """
    from pmctl.clients.campaign_segment import taken

    _plain(alias=alias, name=name)
    if not alias.replace("-", "a").replace("_", "a").isalnum() or alias != alias.lower():
        raise UsageError(f"{alias!r} is no alias", hint="a-z, 0-9, - and _")
    client = client_of(ctx)
    raw = filters_said(client, written, filter_json, static=static)
    if raw is None:
        raise UsageError("a segment needs filters", hint="--filter, --filter-json or --static")
    there = [one for one in client.all if one.alias == alias]
    if there and not if_not_exists:
        raise taken(alias)
    if there:
        output.note(f"{alias} is there already (segment {there[0].id}); it was left as it is")
    elif dry_run:
        output.note(f"{alias} would be made, {_many(len(raw), 'filter')}")
    else:
        made = client.create(alias, name, raw, published=publish)
        names.remember("segments", [*(one.alias for one in client.all), alias])
        output.note(f"{alias} is made (segment {made.id}); Mautic's next segments:update fills it")


@app.command("edit", cls=Command)
def edit(
    ctx: typer.Context,
    alias: Alias,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="A new name.")] = None,
    written: Filters = None,
    filter_json: FilterFile = None,
    static: Annotated[bool, typer.Option("--static", help="Take all filters away.")] = False,
    publish: Annotated[
        bool | None, typer.Option("--publish/--unpublish", help="Published, or not.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Change a segment: only what is said; filters replace all that it has.

    Examples:
      pmctl campaign segment edit warm --name 'Warm leads'
      pmctl campaign segment edit warm --filter 'tag = hot' --filter 'or tag = hip'

    Whoever the new filters leave out drops out of the campaigns that the segment feeds, at
    Mautic's next look: so it asks first when campaigns use it.
    """
    _plain(name=name or "x")
    client = client_of(ctx)
    segment = client.find(alias)
    raw = filters_said(client, written, filter_json, static=static)
    body: dict[str, Any] = {"name": name, "isPublished": publish, "filters": raw}
    body = {key: value for key, value in body.items() if value is not None}
    if not body:
        raise UsageError("nothing to change is said", hint="--name, --filter, --unpublish …")
    uses = client.uses([segment])[segment.id] if raw is not None or publish is False else []
    _tell(uses)
    if dry_run:
        output.note(f"{segment.alias} would be changed: {', '.join(sorted(body))}")
        return
    if uses:
        agreed(f"{segment.alias} is in use, as listed above. Change it?", yes=yes)
    client.change(segment, body)
    output.note(f"{segment.alias} is changed")


@app.command("delete", cls=Command)
def delete(
    ctx: typer.Context,
    aliases: Annotated[
        list[str],
        typer.Argument(
            metavar="ALIAS...",
            help="Aliases or ids.",
            autocompletion=names.completing("segments"),
        ),
    ],
    force: Annotated[
        str, typer.Option("--force", metavar="REASON", help="Do it although something uses it.")
    ] = "",
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="Skip those that are not there.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete segments that nothing uses; the people in them stay contacts.

    Examples:
      pmctl campaign segment delete old-guests
      pmctl campaign segment delete a b c --if-exists --yes

    Mautic itself deletes a segment that campaigns live on, and its next campaigns:update then
    takes everybody out of them. So this looks first, and refuses with the list of what uses it:
    campaigns and their steps, filters of other segments, emails. It does not see forms.
    """
    client = client_of(ctx)
    segments = list(_to_delete(client, aliases, if_exists=if_exists))
    uses = client.uses(segments) if segments else {}
    gone = {one.id for one in segments}
    for key, found in uses.items():
        uses[key] = [u for u in found if not (u.how == "filter of segment" and u.id in gone)]
    if any(uses.values()) and not force:
        raise _in_use(segments, uses)
    _tell([use for one in segments for use in uses[one.id]])
    counts = list(client.counts(segments))
    said = [f"{s.alias} ({_many(n, 'member')})" for s, n in zip(segments, counts, strict=True)]
    if not segments or dry_run:
        output.note(f"would delete {', '.join(said)}" if segments else "nothing to delete")
        return
    agreed(f"Delete {', '.join(said)}?", yes=yes)
    failed: list[PmctlError] = []
    for one in segments:
        try:
            client.delete(one)
        except PmctlError as exc:
            if exc.exit_code not in (1, 3, 75):
                raise  # the next one would meet the same
            if not (if_exists and isinstance(exc, NotFound)):
                failed.append(exc)
            continue
        output.note(f"{one.alias} is deleted")
    for error in failed[:-1]:
        output.error(error)
    if failed:
        raise failed[-1]


def _to_delete(client: Segments, aliases: Iterable[str], *, if_exists: bool) -> Iterator[Listed]:
    seen: set[int] = set()
    for alias in aliases:
        try:
            found = client.find(alias)
        except NotFound:
            if not if_exists:
                raise
            output.note(f"there is no segment {alias}")
            continue
        if found.id not in seen:
            seen.add(found.id)
            yield found


def _in_use(segments: Sequence[Listed], uses: dict[int, list[Use]]) -> Unsafe:
    reasons = [f"{one.alias} is the {_said(use)}" for one in segments for use in uses[one.id]]
    return Unsafe(
        "refused, the segment is in use: " + "; ".join(reasons),
        hint="take it out of them first, or pass --force REASON; the reason goes to the audit log",
    )


def _said(use: Use) -> str:
    people = "" if use.people is None else f" with {_many(use.people, 'member')}"
    state = "" if use.published else ", unpublished"
    return f"{use.how} {use.name} ({use.id}{state}){people}"


def _tell(uses: Iterable[Use]) -> None:
    for use in uses:
        output.note(f"in use as the {_said(use)}")


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plain(**said: str) -> None:
    for what, text in said.items():
        if not text.strip() or not text.isprintable():
            raise UsageError(
                f"{what} {text!r} is empty or holds control characters", hint="mend it"
            )

"""`pmctl webhook dead|replay`: what the receiver keeps on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import audit, output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Command, Printing, context_of, group
from pmctl.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pmctl.context import Context
    from pmctl.webhook.spool import DeadLetter
    from pmctl.webhook.spools import Spools

app = group("What the receiver keeps.")
dead = group(
    "What could not be stored: list, show, retry, purge.\n\n"
    "Examples:\n"
    "  pmctl webhook dead list\n"
    "  pmctl webhook dead show 3\n"
    "  pmctl webhook dead retry 3"
)
app.add_typer(dead, name="dead")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers of dead letters.")]


def spool_folder(context: Context) -> Path:
    """Return where the spool of this context is, or would be."""
    from pmctl.paths import state_home

    return context.config.webhook.spool or state_home() / "spool" / context.config.context


def spool_of(context: Context) -> Spools:
    """Return the spools of this context, the first made when it is not there."""
    from pmctl.webhook.spools import Spools

    keep_seconds = context.config.webhook.keep_days * 86_400
    return Spools(spool_folder(context), keep_seconds=keep_seconds)


@dead.command("list", cls=Printing)
def list_(ctx: typer.Context) -> None:
    """List what could not be stored.

    Examples:
      pmctl webhook dead list
    """
    output.show((_row(letter) for letter in spool_of(context_of(ctx)).dead()),
                ["id", "received_at", "bytes", "reason"])  # fmt: skip


@dead.command("show", cls=Command)
def show(ctx: typer.Context, id: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Print a dead letter as it came.

    Examples:
      pmctl webhook dead show 3
    """
    spool = spool_of(context_of(ctx))
    (letter,) = _named(spool, [id])
    output.show_text(spool.dead_body(id).decode(errors="replace"), lambda: _row(letter))


@dead.command("retry", cls=Command)
def retry(ctx: typer.Context, ids: Ids, dry_run: DryRun = False) -> None:
    """Let dead letters wait for the database again.

    Examples:
      pmctl webhook dead retry 3 4
      pmctl webhook dead retry 3 --dry-run
    """
    spool = spool_of(context_of(ctx))
    found = [letter.id for letter in _named(spool, ids)]
    if dry_run:
        output.note(f"{len(found)} would wait again")
        return
    spool.retry(found)
    _audited(ctx, "dead retry", dead_letters=found)
    output.note(f"{len(found)} wait again")


@dead.command("purge", cls=Command)
def purge(
    ctx: typer.Context,
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete dead letters for good.

    Examples:
      pmctl webhook dead purge 3 --yes
      pmctl webhook dead purge 3 --dry-run
    """
    spool = spool_of(context_of(ctx))
    letters = _named(spool, ids)
    if dry_run:
        output.note(f"{len(letters)} would be deleted")
        return
    agreed(f"Delete {len(letters)} dead letters for good?", yes=yes)
    found = [letter.id for letter in letters]
    spool.purge(found)
    _audited(ctx, "dead purge", dead_letters=found)
    output.note(f"{len(letters)} deleted")


@app.command("replay", cls=Command)
def replay(
    ctx: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601; else UTC.")],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="Now when left out.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Bring what was received in a stretch of time into the database again.

    Examples:
      pmctl webhook replay --from 2026-11-24T10:00 --to 2026-11-24T12:00
      pmctl webhook replay --from 2026-11-24T10:00 --dry-run

    Only what is still kept (webhook.keep_days). What the database has already adds nothing.
    """
    end = _moment("--to", until) if until else datetime.now(UTC).timestamp()
    begin, spool = _moment("--from", since), spool_of(context_of(ctx))
    if dry_run:
        output.note(f"{spool.kept(begin, end)} bodies would wait again")
        return
    count = spool.replay(begin, end)
    _audited(ctx, "replay", since=_told(begin), until=_told(end), bodies=count)
    output.note(f"{count} bodies wait again")


def _audited(ctx: typer.Context, words: str, **detail: object) -> None:
    command = ["webhook", *words.split()]
    audit.record(context_of(ctx).config.context, command, "spool", "ok", **detail)


def _told(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _moment(option: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: not a time", hint="like 2026-11-24T10:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _row(letter: DeadLetter) -> dict[str, object]:
    return {"id": letter.id, "received_at": _told(letter.received_at), "bytes": letter.bytes,
            "reason": letter.reason}  # fmt: skip


def _named(spool: Spools, ids: list[int]) -> list[DeadLetter]:
    """Raises NotFound for a number that is none of them."""
    found = {one: spool.dead_letter(one) for one in ids}
    if missing := [str(one) for one, letter in found.items() if letter is None]:
        raise NotFound(f"no dead letter {', '.join(missing)}", hint="pmctl webhook dead list")
    return [letter for letter in found.values() if letter]

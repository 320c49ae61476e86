"""`pmctl webhook status|dead|replay`: what the receiver keeps on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Command, Printing, context_of, group
from pmctl.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pmctl.context import Context
    from pmctl.webhook.spool import DeadLetter, Spool

app = group("What the receiver keeps.")
dead = group(
    "What could not be stored: list, show, retry, purge.\n\n"
    "Examples:\n"
    "  pmctl webhook dead list\n"
    "  pmctl webhook dead show 3\n"
    "  pmctl webhook dead retry 3"
)
app.add_typer(dead, name="dead")

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers of dead letters.")]


def spool_of(context: Context) -> Spool:
    """Return the spool of this context, made when it is not there."""
    from pmctl.paths import state_home
    from pmctl.webhook.spool import Spool

    settings = context.config.webhook
    folder = settings.spool or state_home() / "spool" / context.config.context
    return Spool(folder, keep_seconds=settings.keep_days * 86_400)


@app.command("status", cls=Printing)
def status(ctx: typer.Context) -> None:
    """Show what waits, what is dead, and whether the disk takes more.

    Examples:
      pmctl webhook status
      pmctl webhook status -o json
    """
    spool = spool_of(context_of(ctx))
    waiting, lag = spool.backlog()
    output.show_one(
        {
            "spool": str(spool.folder), "waiting": waiting, "lag_seconds": round(lag, 1),
            "dead": len(spool.dead()), "free_bytes": spool.free_bytes(),
            "trouble": spool.trouble(),
        }
    )  # fmt: skip
    spool.close()


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
    (letter,) = _named(spool_of(context_of(ctx)), [id])
    output.show_text(letter.body.decode(errors="replace"), lambda: _row(letter))


@dead.command("retry", cls=Command)
def retry(ctx: typer.Context, ids: Ids) -> None:
    """Let dead letters wait for the database again.

    Examples:
      pmctl webhook dead retry 3 4
    """
    spool = spool_of(context_of(ctx))
    spool.retry([letter.id for letter in _named(spool, ids)])
    output.note(f"{len(set(ids))} wait again")


@dead.command("purge", cls=Command)
def purge(
    ctx: typer.Context,
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete dead letters for good.

    Examples:
      pmctl webhook dead purge 3 --yes
    """
    spool = spool_of(context_of(ctx))
    letters = _named(spool, ids)
    agreed(f"Delete {len(letters)} dead letters for good?", yes=yes)
    spool.purge([letter.id for letter in letters])
    output.note(f"{len(letters)} deleted")


@app.command("replay", cls=Command)
def replay(
    ctx: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601; else UTC.")],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="Now when left out.")] = "",
) -> None:
    """Bring what was received in a stretch of time into the database again.

    Examples:
      pmctl webhook replay --from 2026-11-24T10:00 --to 2026-11-24T12:00

    Only what is still kept (webhook.keep_days). What the database has already adds nothing.
    """
    end = _moment("--to", until) if until else datetime.now(UTC).timestamp()
    count = spool_of(context_of(ctx)).replay(_moment("--from", since), end)
    output.note(f"{count} bodies wait again")


def _moment(option: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: not a time", hint="like 2026-11-24T10:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _row(letter: DeadLetter) -> dict[str, object]:
    moment = datetime.fromtimestamp(letter.received_at, UTC).isoformat(timespec="seconds")
    return {"id": letter.id, "received_at": moment, "bytes": len(letter.body),
            "reason": letter.reason}  # fmt: skip


def _named(spool: Spool, ids: list[int]) -> list[DeadLetter]:
    """Raises NotFound for a number that is none of them."""
    there = {letter.id: letter for letter in spool.dead()}
    if missing := [str(one) for one in ids if one not in there]:
        raise NotFound(f"no dead letter {', '.join(missing)}", hint="pmctl webhook dead list")
    return [there[one] for one in dict.fromkeys(ids)]

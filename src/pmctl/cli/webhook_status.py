"""`pmctl webhook status`: everything between Mautic and the database, in one look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from pmctl import output
from pmctl.cli.common import Printing, context_of, group
from pmctl.settings import BY_PATH

if TYPE_CHECKING:
    from pmctl.clients.webhook_status import Part
    from pmctl.context import Context

app = group("How the receiver is.")
SECONDS = 10.0
LAG_SECONDS = 60.0  # so long a body may wait before something is wrong
_DEFAULT = "default"


@app.command("status", cls=Printing)
def status(ctx: typer.Context) -> None:
    """Show how everything is between Mautic and the database.

    Examples:
      pmctl webhook status
      pmctl webhook status -o json
      pmctl webhook status --timeout 3 -q || echo "look at it"

    The receiver (does it answer at webhook.listen, and is it ready), the spool (what waits,
    since when, what is dead), where the secrets are, the database (what came last), and Mautic
    (our webhook, its triggers, how its last deliveries went). They are looked at side by side, for
    10 seconds at most or --timeout. Exit code 1 when one of them is wrong; what is not configured
    is not wrong.
    """
    from pmctl.clients import webhook_status as client

    given = context_of(ctx)
    seconds = float(given.options.get("timeout") or SECONDS)
    quick = type(given)({**given.options, "timeout": seconds, "retries": 0})
    with quick as context:
        _ = context.config  # read once, not in each thread
        looks = {
            "receiver": lambda: _receiver(context),
            "spool": lambda: _spool(context),
            "secrets": lambda: _secrets(context),
            "database": lambda: _database(context),
            "mautic": lambda: _mautic(context),
        }
        found = dict(client.together(looks, seconds))
        _show(found)
    if any(part.state == client.WRONG for part in found.values()):
        raise typer.Exit(1)


def _show(found: dict[str, Part]) -> None:
    if output.asked() is not None:
        rows = {name: {"state": part.state, **part.facts} for name, part in found.items()}
        output.show_text("", lambda: rows)
        return
    output.show(
        [
            {"part": name if not number else "", "state": part.state if not number else "",
             "detail": words}
            for name, part in found.items()
            for number, words in enumerate(part.said)
        ],
        ["part", "state", "detail"],
    )  # fmt: skip


def _receiver(context: Context) -> Part:
    from pmctl.cli.webhook_trigger import local
    from pmctl.clients import webhook_status as client

    explicit = context.config.source(BY_PATH["webhook.listen"]).place != _DEFAULT
    if not (explicit or any(_places(context).values()) or _has_spool(context)):
        return client.absent("`pmctl webhook register URL`, then `pmctl webhook serve`")
    url = local(context)
    return client.receiver(context.receiver(url), url)


def _spool(context: Context) -> Part:
    from contextlib import closing

    from pmctl.cli.webhook_spool import spool_of
    from pmctl.clients.webhook_status import OK, WRONG, Part, absent

    if not _has_spool(context):
        return absent("nothing was received on this machine")
    with closing(spool_of(context)) as spool:
        waiting, lag = spool.backlog()
        facts: dict[str, Any] = {
            "folder": str(spool.folder), "waiting": waiting, "lag_seconds": round(lag, 1),
            "dead": spool.dead_count(), "free_bytes": spool.free_bytes(),
            "trouble": spool.trouble(),
        }  # fmt: skip
    said = [f"{waiting:,} wait" + (f", the oldest for {lag:,.0f} s" if waiting else "")
            + f"; {facts['free_bytes'] / 1e9:,.1f} GB free in {facts['folder']}"]  # fmt: skip
    if facts["dead"]:
        said.append(f"{facts['dead']:,} could not be stored: `pmctl webhook dead list`")
    if facts["trouble"]:
        said.append(facts["trouble"])
    wrong = facts["dead"] or facts["trouble"] or lag > LAG_SECONDS
    return Part(WRONG if wrong else OK, tuple(said), facts)


def _secrets(context: Context) -> Part:
    from pmctl.cli.webhook_trust import PREVIOUS, SECRET
    from pmctl.clients.webhook_status import OK, Part, absent

    places = _places(context)
    facts = {"secret": places[SECRET], "previous_secret": places[PREVIOUS]}
    if not any(places.values()):
        return Part(absent("").state, ("`pmctl webhook register URL` makes one",), facts)
    said = [f"in force: {places[SECRET]}"]
    if places[PREVIOUS]:
        said.append(f"the one before it: {places[PREVIOUS]}")
    return Part(OK, tuple(said), facts)


def _database(context: Context) -> Part:
    from pmctl.clients import webhook_status as client

    if not context.has_database():
        return client.absent("pmctl's own is made when something is to be stored")
    where = "pmctl's own"
    if context.config.names_database:
        where = f"{context.config.niledb.database} at {context.config.niledb.host}"
    database = context.database(adopting=False)  # that may take longer than a look
    found = client.database(database, where)
    besides = bool(context.besides and context.besides.nameless)
    words = ("others came without mautic.url: `pmctl stats adopt`",) if besides else ()
    facts = {**found.facts, "mautic": database.mautic, "nameless": besides}
    return client.Part(found.state, (*found.said, *words), facts)


def _mautic(context: Context) -> Part:
    from pmctl.cli.webhook_trust import kept
    from pmctl.clients import webhook_status as client
    from pmctl.clients.webhook import Webhooks

    if not context.config.source(BY_PATH["mautic.url"]).value:
        return client.absent("mautic.url is not set")
    return client.mautic(Webhooks(context.campaign, kept(context)))


def _places(context: Context) -> dict[str, str]:
    from pmctl.cli.webhook_trust import places

    return places(context)


def _has_spool(context: Context) -> bool:
    from pmctl.cli.webhook_spool import spool_folder

    return (spool_folder(context) / "spool.sqlite3").exists()

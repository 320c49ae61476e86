"""`pmctl webhook register|list|show|unregister|rotate-secret`: the webhooks in Mautic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Command, Printing, context_of, group

if TYPE_CHECKING:
    from pmctl.clients.webhook import Hook, Registered, Webhooks

app = group("The webhooks in Mautic.")

Name = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id or its address.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
_QUEUE = (
    "Mautic's API does not tell its queue mode. In the default, immediate, events are lost while "
    "the receiver is away: set `Queue mode` to `Queue events` in its webhook settings and run "
    "`mautic:webhooks:process` by cron; `pmctl webhook backfill` fetches what was lost"
)


@app.command("register", cls=Printing)
def register(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the receiver is reached.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Ask for every event, also each change of a contact.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Make Mautic send its events to a receiver, or put right what is there for it.

    Examples:
      pmctl webhook register https://events.example.com/webhooks/mautic
      pmctl webhook register https://events.example.com/webhooks/mautic --dry-run

    A webhook to the same address is repaired instead of made twice: triggers that are missing or
    that Mautic does not have, the secret, and whether it is published (Mautic switches it off
    after many failures, or a 410). The secret is made here and kept in a file that only you can
    read; it is never shown. `webhook serve` of the same user finds it there. Where the setting
    webhook.secret is set, Mautic gets that one. The secret before a rotation is dropped here once
    bodies come with the new one alone.
    """
    client = _client(ctx)
    done = client.register(url, everything=everything, dry_run=dry_run)
    _tell(client, done, dry_run=dry_run)
    output.show_one(_facts(done.hook))


@app.command("list", cls=Printing)
def list_(ctx: typer.Context) -> None:
    """List the webhooks in Mautic, and what is wrong with them.

    Examples:
      pmctl webhook list
      pmctl webhook list -o json
    """
    found = _client(ctx).all()
    if not found:
        output.note("Mautic has no webhook; `pmctl webhook register URL` makes one")
    rows = [{**_facts(hook), "triggers": len(hook.triggers)} for hook in found]
    output.show(rows, ["id", "name", "url", "state", "triggers"])


@app.command("show", cls=Printing)
def show(ctx: typer.Context, webhook: Name) -> None:
    """Show a webhook: its triggers, whether it is on, and whether it signs with our secret.

    Examples:
      pmctl webhook show 3
      pmctl webhook show https://events.example.com/webhooks/mautic -o json
    """
    client = _client(ctx)
    hook = client.find(webhook)
    ours = {True: "ours", False: "another", None: "none is kept here"}
    facts = {"secret": ours[client.holds_our_secret(hook)], "failures": client.failures(hook)}
    output.show_one({**_facts(hook), **facts})
    if hook.state != "ok":
        output.note("`pmctl webhook register` with its address puts it right")


@app.command("unregister", cls=Command)
def unregister(
    ctx: typer.Context,
    webhook: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete a webhook: Mautic sends nothing to its receiver any more.

    Examples:
      pmctl webhook unregister 3
      pmctl webhook unregister https://events.example.com/webhooks/mautic --yes
    """
    client = _client(ctx)
    hook = client.find(webhook)
    said = f"webhook {hook.id} ({hook.name}) to {hook.url}"
    if dry_run:
        output.note(f"would delete {said}")
        return
    agreed(f"Delete {said}?", yes=yes)
    client.unregister(hook)
    output.note(f"{said} is deleted")


@app.command("rotate-secret", cls=Command)
def rotate_secret(ctx: typer.Context, webhook: Name, dry_run: DryRun = False) -> None:
    """Give a webhook a new secret; the one before it stays valid at the receiver.

    Examples:
      pmctl webhook rotate-secret 3
      pmctl webhook rotate-secret https://events.example.com/webhooks/mautic

    Both are written to files before Mautic signs with the new one. `webhook serve` of the same
    user reads them again by itself, and takes what is under way with the old one, too. A later
    `webhook register` drops the old one when nobody uses it any more.
    """
    client = _client(ctx)
    hook = client.find(webhook)
    client.rotate(hook, dry_run=dry_run)
    if dry_run:
        output.note(f"would give webhook {hook.id} a new secret")
        return
    output.note(f"webhook {hook.id} signs with a new secret, in {client.kept.place}")
    output.note("the one before it stays valid; `webhook serve` reads both by itself")


def _client(ctx: typer.Context) -> Webhooks:
    from pmctl.cli.webhook_trust import kept
    from pmctl.clients.webhook import Webhooks

    context = context_of(ctx)
    return Webhooks(context.campaign, kept(context))


def _facts(hook: Hook) -> dict[str, Any]:
    from pmctl.clients.webhook import short

    return {
        "id": hook.id, "name": hook.name, "url": hook.url, "state": hook.state,
        "published": hook.published, "triggers": short(hook.triggers),
        "missing": short(hook.missing), "unknown": short(hook.unknown),
        "modified_by": hook.modified_by,
    }  # fmt: skip


def _tell(client: Webhooks, done: Registered, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    if done.created:
        output.note(f"a webhook to {done.hook.url} {would or 'is '}made")
    elif done.repaired:
        output.note(f"webhook {done.hook.id} {would or 'is '}repaired: {', '.join(done.repaired)}")
    else:
        output.note(f"webhook {done.hook.id} is there, and right")
    if "published" in done.repaired:
        output.warn("it was switched off: events of that time are lost to it")
    if done.twins:
        ids = ", ".join(map(str, done.twins))
        output.warn(f"more webhooks go to the same address, each event comes again: {ids}")
    if not dry_run:
        output.note(f"the secret is in {client.kept.place}, where `pmctl webhook serve` finds it")
        if done.previous:
            output.note(f"the secret before it stays valid: {done.previous}")
    output.note(_QUEUE)

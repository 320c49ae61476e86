"""`pmctl campaign snapshots` and `campaign rollback`: what was there before, and back to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import campaign_steps
from pmctl.cli.campaign import DryRun, Force, LockTimeout, Name, Yes
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import BadInput, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.campaign_rollback import Look
    from pmctl.context import Context
    from pmctl.sequence.plan import Plan

app = group("Earlier states of a campaign.")

NOT_BACK = "mail that was sent and the logs of deleted steps do not come back"


@app.command("snapshots", cls=Printing)
def snapshots(ctx: typer.Context, name: Name) -> None:
    """List the earlier states of a campaign that are kept on this machine.

    Examples:
      pmctl campaign snapshots welcome
      pmctl campaign snapshots welcome -o json

    One is taken before each apply that changes the campaign, each destroy and each rollback; why
    says before which. The last 20 of each campaign are kept. hash is the one of the campaign's
    marker then: the same hash, the same file.
    """
    client = context_of(ctx).campaign
    try:
        found = client.snapshots.all(name)
    except OSError as exc:
        raise BadInput(f"the snapshots of {name} cannot be read: {exc.strerror}") from exc
    if not found:
        output.note(f"no snapshots of {name} in context {client.env}")
    output.show(found, ["time", "why", "hash", "size_bytes", "finished"])


@app.command("rollback", cls=Printing)
def rollback(
    ctx: typer.Context,
    name: Name,
    to: Annotated[
        str, typer.Option("--to", metavar="TIME", help="Which snapshot: its time, or its start.")
    ] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    force: Force = "",
    lock_timeout: LockTimeout = 0,
) -> None:
    """Put an earlier state of a campaign back, as a plan that is asked about.

    Examples:
      pmctl campaign rollback welcome --dry-run
      pmctl campaign rollback welcome
      pmctl campaign rollback welcome --to 2026-11-24T09:15 --yes

    Without --to it is the state before the last change that was no rollback. Emails and steps
    that still live are changed in place; those that are gone are made anew. Mail that was sent
    and the logs that Mautic deleted with a step do not come back. Whether it is published comes
    last. Run it again after a crash or a time-out: it finishes.
    """
    from pmctl.clients import campaign_apply, campaign_rollback

    client = context_of(ctx).campaign
    key = client.get(name).key if name.isdecimal() else name
    look = campaign_rollback.look(client, client.snapshots.read(key, to))
    if not look.plan.changes:
        about = look.kept.about
        output.note(f"{key} is as it was before the {about.why} of {about.time}")
        return
    if dry_run:
        _show(look.plan)
        return
    if not force:
        campaign_apply.refuse([look.plan])
    if not yes:
        _confirm(look.plan)
    _roll_back(context_of(ctx), look, force, lock_timeout)


def _show(plan: Plan) -> None:
    from pmctl.sequence import report
    from pmctl.sequence.plan_document import document

    if output.asked() is not None:
        output.show([document(plan)], ["key", "action", "campaign_id"])
    else:
        sys.stdout.write(report.plan_text(plan, output.paint))
    output.note(NOT_BACK)


def _confirm(plan: Plan) -> None:
    from pmctl.sequence import report

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask at", hint="--yes says that it is meant")
    sys.stderr.write(report.plan_text(plan, lambda t, c: output.paint(t, c, sys.stderr)))
    sys.stderr.write(f"{NOT_BACK}; roll back? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        output.note("nothing was changed")
        raise typer.Exit(1)


def _roll_back(context: Context, look: Look, force: str, lock_timeout: float) -> None:
    from pmctl.cli.campaign_changes import show_done
    from pmctl.clients import campaign_rollback

    done = campaign_rollback.rollback(
        context.campaign, look, force=force, wait_seconds=lock_timeout
    )
    show_done([done], [])
    campaign_steps.note(context)
    output.note(NOT_BACK)
    if done.not_applied:
        raise PmctlError(
            f"Mautic did not take over everything of {done.key}",
            hint="what is missing is listed under `not applied`",
        )

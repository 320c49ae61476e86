"""Planning files side by side, and `campaign apply`: read, think, refuse or ask, act."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pmctl import names, output
from pmctl.cli import campaign_steps
from pmctl.clients import saved_plan, sources
from pmctl.clients.campaign_order import in_order
from pmctl.clients.saved_plan import Stale
from pmctl.errors import Conflict, NotFound, PmctlError, UsageError
from pmctl.parallel import side_by_side
from pmctl.sequence import report

if TYPE_CHECKING:
    from pmctl.clients.campaign_apply import Outcome
    from pmctl.clients.saved_plan import Saved
    from pmctl.clients.sources import Source
    from pmctl.context import Context
    from pmctl.sequence.payload import Desired
    from pmctl.sequence.plan import Plan

TO_DO = {"create": "to create", "update": "to change", "nothing": "up to date"}
_DONE = {"create": "created", "update": "changed", "nothing": "up to date"}
_ONE_ONLY = (1, 3, 5, 7)  # what went wrong with one campaign says nothing of the others
KEPT = 32  # so many compiled files are kept for the second look; more are compiled anew


@dataclass
class Request:
    """What an apply was asked for."""

    paths: list[str]
    variables: Mapping[str, str]
    takeover: bool = False
    force: str = ""
    ask: bool = True
    lock_timeout: float = 0
    saved: bool = False  # the paths are those of a saved plan


@dataclass
class Work:
    """The files of this run. Compiled twice when they are many, so that memory stays flat."""

    variables: Mapping[str, str]
    found: list[Source]
    kept: dict[str, Desired] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # path -> key
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)  # key -> the keys it names

    @classmethod
    def of(cls, paths: list[str], variables: Mapping[str, str]) -> Work:
        """Check every file before anything is asked of a server."""
        work = cls(variables, sources.find(paths))
        for source, one in sources.compile_all(work.found, variables):
            for problem in one.warnings:
                output.note(f"{problem.where}: {problem.message}")
            work.keys[source.path] = one.desired.key
            work.needs[one.desired.key] = one.desired.needs.get("campaign", ())
            if len(work.kept) < KEPT:
                work.kept[source.path] = one.desired
        return work

    def sort(self, there: Collection[str]) -> None:
        """Put the files in an order in which each finds the campaigns that it names.

        `there` are the keys that Mautic has. Raises Conflict for a circle.
        """
        place = {key: number for number, key in enumerate(in_order(self.needs, there))}
        self.found.sort(key=lambda source: place[self.keys[source.path]])

    def wanted(self, paths: set[str] | None = None) -> Iterator[Desired]:
        """Yield what each file wants, in order; only those of `paths` when given."""
        for source in self.found:
            if paths is None or source.path in paths:
                yield self.kept.get(source.path) or source.compile(self.variables).desired


def planned(
    context: Context, work: Work, *, takeover: bool, people: bool = False
) -> Iterator[Plan]:
    """Plan the files side by side; raise after the last one when some cannot be planned."""
    client = context.campaign
    client.prepare(len(work.found), people=people)
    if any(work.needs.values()):
        work.sort({one.key for one in client.marked if one.env == client.env})
    _note_version(client.mautic.version)

    def one(want: Desired) -> Plan | PmctlError:
        try:
            return client.plan(want, takeover=takeover, people=people, coming=work.needs)
        except (NotFound, Conflict) as exc:
            return exc

    failed: list[PmctlError] = []
    with output.progress("planning", len(work.found)) as advance:
        for result in side_by_side(one, work.wanted()):
            advance()
            if isinstance(result, PmctlError):
                failed.append(result)
            else:
                yield result
    _raise(failed)


def _note_version(version: str | None) -> None:
    """Say so when this is another Mautic than the one whose behaviour is known."""
    if version and not version.startswith("5."):
        output.note(f"this is Mautic {version}; pmctl is checked against 5.1, so look twice")


def _raise(failed: list[PmctlError]) -> None:
    for exc in failed[:-1]:
        output.error(exc)
    if failed:
        raise failed[-1]


def apply(context: Context, request: Request) -> bool:
    """Plan everything, refuse or ask, then write one campaign after the other.

    Returns whether something was changed. Raises PmctlError when a change was not taken over.
    """
    from pmctl.clients import campaign_apply

    saved = saved_of(context, request)
    work = Work.of(request.paths, request.variables)
    if saved:
        _not_stale(saved_plan.changed_files(saved, work.wanted()))
    actions: list[str] = []
    plans: list[Plan] = []
    unchanged: list[Plan] = []
    for one in planned(context, work, takeover=request.takeover):
        actions.append(one.action)
        (plans if one.changes else unchanged).append(one)
    if saved:
        _not_stale(saved_plan.changed_live(saved, [*plans, *unchanged]))
    if not request.force:
        campaign_apply.refuse(plans)
    if plans and request.ask:
        _confirm(plans)
    else:
        _say_what_is_overwritten(plans)
    done: list[Outcome] = []
    try:
        _write(context, work, plans, request, done)
    except BaseException as exc:
        if done:
            show_done(done, actions)
        if isinstance(exc, Exception):
            campaign_steps.note(context)
        if not isinstance(exc, Exception):  # Ctrl-C, SIGTERM
            output.warn("stopped in the middle; run the same command again: it finishes the rest")
        raise
    show_done(done, actions)
    campaign_steps.note(context)
    known = [one.key for one in context.campaign.marked]
    names.remember("campaigns", {*known, *(one.key for one in done)})
    return bool(plans)


def saved_of(context: Context, request: Request) -> Saved | None:
    """Return the saved plan that the paths name, None for sequence files.

    From then on the request is about the files of that plan. Raises Stale for a plan of elsewhere.
    """
    plans = [path for path in request.paths if path.endswith(".json")]
    if not plans:
        return None
    if len(request.paths) > 1:
        raise UsageError("a saved plan is applied alone", hint=f"pmctl campaign apply {plans[0]}")
    saved = saved_plan.read(Path(plans[0]))
    settings = context.config
    _not_stale(saved_plan.elsewhere(saved, settings.mautic.url, settings.context))
    request.paths = [one.path for one in saved.campaigns]
    request.takeover = saved.takeover
    request.saved = True
    return saved


def _not_stale(reasons: list[str]) -> None:
    """Raise Stale after naming each reason in a line of its own."""
    for reason in reasons:
        output.warn(reason)
    if reasons:
        raise Stale("the saved plan is stale; nothing was changed", hint=saved_plan.AGAIN)


def _write(
    context: Context, work: Work, plans: list[Plan], request: Request, done: list[Outcome]
) -> None:
    from pmctl.clients import campaign_apply
    from pmctl.clients.locks import Locked
    from pmctl.clients.unchanged import Changed

    failed: list[str] = []
    refused: list[PmctlError] = []
    seen = {one.path: one.seen for one in plans}
    with output.progress("applying", len(plans)) as advance:
        for want in work.wanted({one.path for one in plans}):
            try:
                outcome = campaign_apply.apply(
                    context.campaign,
                    want,
                    takeover=request.takeover,
                    force=request.force,
                    planned=seen[want.path],
                    wait_seconds=request.lock_timeout,
                )
            except Changed as exc:
                if request.saved:
                    exc.exit_code = Stale.exit_code
                refused.append(exc)
                continue
            except PmctlError as exc:
                if exc.exit_code not in _ONE_ONLY and not isinstance(exc, Locked):
                    raise  # the next one would meet the same
                refused.append(exc)
                continue
            done.append(outcome)
            advance()
            if outcome.not_applied:
                failed.append(want.key)
    _raise(refused)
    if failed:
        raise PmctlError(
            f"Mautic did not take over everything: {', '.join(failed)}",
            hint="what is missing is listed under `not applied`; a new campaign stays unpublished",
        )


def _confirm(plans: list[Plan]) -> None:
    """Ask at a terminal; elsewhere an apply is asked for by its command line."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        _say_what_is_overwritten(plans)
        return
    for one in plans:
        sys.stderr.write(report.plan_text(one, lambda t, c: output.paint(t, c, sys.stderr)))
    said = report.summary([one.action for one in plans], TO_DO)
    sys.stderr.write(f"{said}; apply? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        output.note("nothing was changed")
        raise typer.Exit(1)


def _say_what_is_overwritten(plans: list[Plan]) -> None:
    """Name what somebody changed in Mautic before it is put back."""
    for one in plans:
        for change in one.changes:
            if change.by in ("builder", "both"):
                what = f"{change.kind} {change.name}".rstrip()
                output.warn(f"{one.key}: {what} is overwritten ({report.AUTHORS[change.by]})")


def show_done(done: list[Outcome], actions: list[str]) -> None:
    """Show what was done; `actions` are those planned, for counting what needed nothing."""
    if output.asked() is not None:
        output.show(done, ["key", "action", "campaign_id", "published", "path"])
        return
    for one in done:
        state = "published" if one.published else "not published"
        head = f"{output.paint(one.key, '1')}: {_DONE[one.action]}, {state}"
        sys.stdout.write(f"{head} (campaign {one.campaign_id})\n")
        if one.action == "update":
            sys.stdout.write(report.changes_text("changed", one.changes, output.paint))
        sys.stdout.write(report.changes_text("not applied", one.not_applied, output.paint))
        sys.stdout.write(report.changes_text("unexpected", one.unexpected, output.paint))
    unchanged = ["nothing"] * actions.count("nothing")
    sys.stdout.write(report.summary([*(one.action for one in done), *unchanged], _DONE) + "\n")

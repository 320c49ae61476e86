"""`pmctl domain add|delete|suspend|unsuspend`: what changes whole domains or parts of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import names, output
from pmctl.cli.ask import typed_back
from pmctl.cli.common import Printing, group
from pmctl.cli.domain import DOMAINS, Name, mailboxes
from pmctl.cli.panel_words import DryRun, User, Yes, panel_of
from pmctl.errors import NotFound, PmctlError, UsageError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain, Part
    from pmctl.clients.domain_change import Done, Step
    from pmctl.clients.panel import Panel

app = group("Changing domains.")

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...", help="The domains.", autocompletion=names.completing(DOMAINS)
    ),
]
OnlyWeb = Annotated[bool, typer.Option("--web", help="The web part.")]
OnlyMail = Annotated[bool, typer.Option("--mail", help="The mail part.")]
OnlyDns = Annotated[bool, typer.Option("--dns", help="The DNS part.")]
_COLUMNS = ["domain", "owner", "part", "state", "reason"]
_NOTHING = "nothing was changed (--dry-run)"


@app.command("add", cls=Printing)
def add(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    web: OnlyWeb = False,
    mail: OnlyMail = False,
    dns: OnlyDns = False,
    ip: Annotated[
        str, typer.Option("--ip", metavar="ADDRESS", help="One of the panel's addresses.")
    ] = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="Add what is missing of a domain that is there.")
    ] = False,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="A domain that is there in full is fine.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add a domain with web, mail and DNS, and finish one that is half there.

    Examples:
      pmctl domain add example.com --user alice
      pmctl domain add example.com --user alice --mail --dns
      pmctl domain add example.com --repair

    Without --web, --mail or --dns it is all three. HestiaCP takes 9 to 27 seconds for them, may
    stop in the middle, and leaves out without a word what the user's package has no room for: so
    the result is read back, what is missing is named, and the exit code is then 1. --repair adds
    what is missing and leaves alone what is there. A time-out is looked up, never repeated.
    """
    from pmctl.clients import domain_change as change
    from pmctl.clients.domain_record import checked_address

    checked_address(ip)
    wanted = change.chosen_parts(web=web, mail=mail, dns=dns)
    with panel_of(ctx) as panel:
        found = _before(panel, name, user)
        if if_not_exists and set(wanted) <= set(found.parts):
            output.note(f"{found.domain} of {found.owner} is there with {', '.join(wanted)}")
            output.show(change.there(found, wanted), _COLUMNS)
            return
        change.refuse_what_is_there(found, wanted, repair=repair)
        ip = ip or _address(panel, found, wanted)
        if dry_run:
            _plan(change.adding(found, wanted, ip))
            return
        if sys.stderr.isatty():
            output.note(f"adding {found.domain}; HestiaCP may take half a minute")
        done = change.add(panel, found, wanted, ip)
    more = " ".join(f"--{part}" for part in wanted) if len(wanted) < 3 else ""
    again = f"pmctl domain add {found.domain} --user {found.owner} {more}".strip()
    _finish(done, hint=f"`{again} --repair` adds what is missing once its reason is gone")


def _before(panel: Panel, name: str, user: str) -> Domain:
    """Return a domain as it is before it is added. Raises UsageError when it is not said whose."""
    from pmctl.clients.domain import Domain, locate
    from pmctl.clients.domain_idn import forms
    from pmctl.clients.panel_owner import users

    try:
        return locate(panel, name, user)
    except NotFound as exc:
        if getattr(exc, "said", "").startswith("user "):
            raise
    if not user:
        known = users(panel)
        if len(known) != 1:
            raise UsageError(
                f"{forms(name)[0]}: whose is it to be?",
                hint=f"--user USER; there are {', '.join(known[:8])}",
            )
        user = known[0]
    return Domain(forms(name)[0], user)


def _address(panel: Panel, found: Domain, wanted: Sequence[Part]) -> str:
    """Return the address for a DNS part that is added by itself; "" where none is needed."""
    from pmctl.clients import domain_change as change
    from pmctl.clients.domain_addresses import address

    steps = change.adding(found, wanted, "")
    if any(step.command == "v-add-dns-domain" for step in steps):
        return address(panel, found)
    return ""


@app.command("delete", cls=Printing)
def delete(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    web: OnlyWeb = False,
    mail: OnlyMail = False,
    dns: OnlyDns = False,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="A domain that is not there is fine.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete a domain, or parts of it.

    Examples:
      pmctl domain delete example.com
      pmctl domain delete example.com --dns --yes
      pmctl domain delete example.com --dry-run

    It says first what goes with it, above all how many mailboxes with their mails, and wants the
    name typed back, or --yes. There is no way back but the panel's backups. Without --web, --mail
    or --dns it is all that the domain has.
    """
    from pmctl.clients import domain_change as change
    from pmctl.clients.domain import locate

    chosen = change.chosen_parts(web=web, mail=mail, dns=dns)
    with panel_of(ctx) as panel:
        try:
            found = locate(panel, name, user)
        except NotFound:
            if not if_exists:
                raise
            output.note(f"{name} is not there; nothing to do")
            return
        steps = change.deleting(found, chosen)
        if not steps:
            if not if_exists:
                raise NotFound(f"{found.domain} of {found.owner} has no {_said(chosen)} part",
                               hint=f"it has {_said(found.parts)}")  # fmt: skip
            output.note(f"{found.domain} has no {_said(chosen)} part; nothing to do")
            return
        gone = [part for step in steps for part in step.parts]
        output.note(f"{found.domain} of {found.owner}: {_losses(found, gone)}")
        if dry_run:
            _plan(steps)
            return
        typed_back(found.domain, f"delete {_said(gone)}", yes=yes)
        done = change.delete(panel, found, chosen)
    _finish(done, hint=f"`pmctl domain show {found.domain}` shows what is left; run it again")


def _losses(found: Domain, gone: Sequence[Part]) -> str:
    """Return what goes with these parts, in words."""
    said = []
    if "web" in gone and found.web:
        said.append(f"its web site ({found.web.document_root})")
    if "mail" in gone and found.mail:
        said.append(f"{mailboxes(found.mail.accounts)} with all their mails")
    if "dns" in gone and found.dns:
        said.append(f"its DNS zone ({counted(found.dns.records or 0, 'record')})")
    return "; ".join(said)


@app.command("suspend", cls=Printing)
def suspend(
    ctx: typer.Context,
    domains: Names,
    user: User = "",
    web: OnlyWeb = False,
    mail: OnlyMail = False,
    dns: OnlyDns = False,
    dry_run: DryRun = False,
) -> None:
    """Suspend domains: their web site, mail and DNS stop.

    Examples:
      pmctl domain suspend example.com
      pmctl domain suspend example.com example.org --mail

    What is suspended already is fine. A part that fails is named and stops no other; the exit
    code is then 1.
    """
    chosen = _chosen(web=web, mail=mail, dns=dns)
    _turn(ctx, domains, user, chosen, on=True, dry_run=dry_run)


@app.command("unsuspend", cls=Printing)
def unsuspend(
    ctx: typer.Context,
    domains: Names,
    user: User = "",
    web: OnlyWeb = False,
    mail: OnlyMail = False,
    dns: OnlyDns = False,
    dry_run: DryRun = False,
) -> None:
    """Let suspended domains work again.

    Examples:
      pmctl domain unsuspend example.com
      pmctl domain unsuspend example.com --dns

    What is not suspended is fine. A part that fails is named and stops no other; the exit code
    is then 1.
    """
    chosen = _chosen(web=web, mail=mail, dns=dns)
    _turn(ctx, domains, user, chosen, on=False, dry_run=dry_run)


def _chosen(*, web: bool, mail: bool, dns: bool) -> tuple[Part, ...]:
    from pmctl.clients.domain_change import chosen_parts

    return chosen_parts(web=web, mail=mail, dns=dns)


def _turn(
    ctx: typer.Context,
    domains: list[str],
    user: str,
    chosen: Sequence[Part],
    *,
    on: bool,
    dry_run: bool,
) -> None:
    """Suspend or unsuspend; every name is looked up before anything is done."""
    from pmctl.clients import domain_change as change
    from pmctl.clients.domain import locate

    done: list[Done] = []
    with panel_of(ctx) as panel:
        found = [locate(panel, name, user) for name in dict.fromkeys(domains)]
        for one in found:
            if not set(chosen) & set(one.parts):
                raise NotFound(f"{one.domain} of {one.owner} has no {_said(chosen)} part",
                               hint=f"it has {_said(one.parts)}")  # fmt: skip
        if dry_run:
            _plan(step for one in found for step in change.turning(one, chosen, on=on))
            return
        for one in found:
            done += change.suspend(panel, one, chosen, on=on)
    _finish(done, hint="the reasons stand beside them; what is done is left alone next time")


def _plan(steps: Iterable[Step]) -> None:
    """Show what would be sent."""
    rows = [{"command": step.command, "arguments": " ".join(step.args)} for step in steps]
    output.show(rows, ["command", "arguments"])
    output.note(_NOTHING)


def _finish(done: list[Done], hint: str) -> None:
    """Show what became of each part. Raises PmctlError when one is not as it was wanted."""
    output.show(done, _COLUMNS)
    wrong = [one for one in done if not one.ok]
    if wrong:
        said = "; ".join(f"{one.domain}: {one.part} {_WORDS[one.state]}" for one in wrong)
        reasons = "; ".join(dict.fromkeys(one.reason for one in wrong if one.reason))
        raise PmctlError(f"{said} ({reasons})" if reasons else said, hint=hint)


_WORDS = {"missing": "is missing", "kept": "is still there", "failed": "failed"}


def _said(parts: Sequence[Part]) -> str:
    return ", ".join(parts)

"""`pmctl domain ssl`: the certificates of a domain, and those of Let's Encrypt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.domain import Name
from pmctl.cli.panel_words import DryRun, User, panel_of
from pmctl.errors import NotFound, PmctlError

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain
    from pmctl.clients.domain_ssl import Secured
    from pmctl.clients.panel import Panel

app = group(
    "Certificates of a domain: show, Let's Encrypt.\n\n"
    "Examples:\n"
    "  pmctl domain ssl show example.com\n"
    "  pmctl domain ssl enable example.com\n"
    "  pmctl domain ssl enable example.com --mail"
)

_COLUMNS = ["domain", "part", "ssl", "not_after", "days_left", "names"]


@app.command("show", cls=Printing)
def show(ctx: typer.Context, name: Name, user: User = "") -> None:
    """Show the certificates of a domain's web and mail parts, and how long they last.

    Examples:
      pmctl domain ssl show example.com
      pmctl domain ssl show example.com -o json
    """
    from pmctl.clients.domain import locate
    from pmctl.clients.domain_ssl import certificates

    with panel_of(ctx) as panel:
        found = locate(panel, name, user)
        rows = certificates(panel, found)
    if not rows:
        raise NotFound(
            f"{found.domain} has neither a web nor a mail part", hint="only those have certificates"
        )
    output.show(rows, _COLUMNS)


@app.command("enable", cls=Printing)
def enable(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    mail: Annotated[bool, typer.Option("--mail", help="For the mail server and webmail.")] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Ask although it does not look well from here.")
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Another one although there is one.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Have the panel get a certificate of Let's Encrypt and use it.

    Examples:
      pmctl domain ssl enable example.com
      pmctl domain ssl enable example.com --mail
      pmctl domain ssl enable example.com --dry-run

    It looks first, from this machine, whether each name resolves to the panel and answers at
    port 80, because Let's Encrypt allows five failures an hour; --no-check asks nevertheless. The
    web's aliases are asked for too; mail is for mail.NAME and the webmail. The panel renews it by
    itself. What Let's Encrypt said lies on the server, in /var/log/hestia/LE-USER-NAME.log.
    """
    from pmctl.clients import domain_ssl as ssl
    from pmctl.clients.domain import locate, look

    part: Secured = "mail" if mail else "web"
    with panel_of(ctx) as panel:
        found = locate(panel, name, user)
        asked = ssl.concerned(found, part)
        there = next(c for c in ssl.certificates(panel, found) if c.part == part)
        if there.ssl == "letsencrypt" and not renew:
            output.note(f"{found.domain} ({part}) has one already; --renew gets another")
            output.show([there], _COLUMNS)
            return
        problems = [] if no_check else _problems(panel, found, asked)
        for problem in problems:
            output.warn(problem)
        if dry_run:
            output.note(f"would ask for {', '.join(asked)}; nothing was changed (--dry-run)")
            return
        if problems:
            raise PmctlError(
                f"{found.domain}: Let's Encrypt would not get through, so it was not asked",
                hint="mend that, or say --no-check where this machine sees it otherwise",
            )
        ssl.enable(panel, found, part, asked, checked=not no_check)
        now = look(panel, found.owner, found.domain)
        output.show([c for c in ssl.certificates(panel, now) if c.part == part], _COLUMNS)


def _problems(panel: Panel, found: Domain, asked: list[str]) -> list[str]:
    from pmctl.clients.domain_ssl import check

    return [one.problem for one in check(panel, found, asked) if one.problem]

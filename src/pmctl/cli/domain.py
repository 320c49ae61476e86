"""`pmctl domain`: web, mail and DNS of a domain as the one thing a person thinks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.common import Lazy, Printing, group
from pmctl.cli.panel_words import AllUsers, User, odd, panel_of
from pmctl.errors import PmctlError, UsageError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.domain import Dns, Domain, Mail, Web


class DomainGroup(Lazy):
    """The commands below, and what lies in modules of its own."""

    parts: Mapping[str, tuple[str, str]] = {
        "add": (
            "pmctl.cli.domain_change",
            "Add a domain with web, mail and DNS, and finish one that is half there.",
        ),
        "delete": ("pmctl.cli.domain_change", "Delete a domain, or parts of it."),
        "suspend": (
            "pmctl.cli.domain_change",
            "Suspend domains: their web site, mail and DNS stop.",
        ),
        "unsuspend": ("pmctl.cli.domain_change", "Let suspended domains work again."),
        "dns": ("pmctl.cli.domain_dns", "The DNS records of a domain: list, add, delete, set."),
        "dkim": (
            "pmctl.cli.domain_dkim",
            "Show the DKIM record of a domain as it is to be published.",
        ),
        "ssl": ("pmctl.cli.domain_ssl", "Certificates of a domain: show, Let's Encrypt."),
        "records": (
            "pmctl.cli.domain_records",
            "Say what must be in DNS for a domain, ready to copy.",
        ),
    }


DOMAINS = "domains"  # names kept for completion

app = group(
    "Domains of HestiaCP: web, mail and DNS as one thing.\n\n"
    "Examples:\n"
    "  pmctl domain list\n"
    "  pmctl domain add example.com --user alice\n"
    "  pmctl domain dns add example.com www A 192.0.2.10\n"
    "  pmctl domain records example.com --zone",
    cls=DomainGroup,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The domain.", autocompletion=names.completing(DOMAINS)),
]


@app.command("list", cls=Printing)
def list_(ctx: typer.Context, user: User = "", all_users: AllUsers = False) -> None:
    """List domains: which parts each has, what is suspended, SSL, DKIM, mailboxes, disk.

    Examples:
      pmctl domain list
      pmctl domain list --user alice
      pmctl domain list --all-users -o json

    Without --user it is the domains of every user that the access key may see. What could not be
    read is named, and the exit code is then 1.
    """
    from pmctl.clients.domain import inventory
    from pmctl.clients.panel_owner import users

    if user and all_users:
        raise UsageError("--user and --all-users exclude each other", hint="leave one out")
    with panel_of(ctx) as panel:
        found = inventory(panel, [user] if user else users(panel), alone=bool(user))
    odd("list of domains", found.odd)
    if not found.failed:
        names.remember(DOMAINS, [one.domain for one in found.domains])
    if not found.domains and not found.failed:
        output.note("no domains; `pmctl domain add NAME --user USER` adds one")
    columns = ["domain", "owner", "parts", "suspended_parts", "ssl", "dkim", "accounts", "disk_mb"]
    output.show([_row(one) for one in found.domains], columns)
    if found.failed:
        for line in found.failed:
            output.warn(line)
        raise PmctlError(
            f"{counted(len(found.failed), 'list')} could not be read, so domains may be missing",
            hint="the warnings name each; run it again",
        )


@app.command("show", cls=Printing)
def show(ctx: typer.Context, name: Name, user: User = "") -> None:
    """Show a domain: what it has of web, mail and DNS, and how each part is set.

    Examples:
      pmctl domain show example.com
      pmctl domain show example.com -o json
    """
    from pmctl.clients.domain import locate

    with panel_of(ctx) as panel:
        found = locate(panel, name, user)
    output.show_text(_text(found), lambda: {**_row(found), **_parts(found)})


def _row(one: Domain) -> dict[str, Any]:
    """Return a domain as one row; what is unknown or not there is null."""
    web, mail, dns = one.web, one.mail, one.dns
    sizes = [part.disk_mb for part in (web, mail) if part and part.disk_mb is not None]
    return {
        "domain": one.domain,
        "owner": one.owner,
        "parts": one.parts,
        "unread": one.unread,
        "suspended": bool(one.parts) and one.suspended_parts == one.parts,
        "suspended_parts": one.suspended_parts,
        "ssl": web.ssl if web else None,
        "mail_ssl": mail.ssl if mail else None,
        "dkim": mail.dkim if mail else None,
        "accounts": mail.accounts if mail else None,
        "records": dns.records if dns else None,
        "disk_mb": sum(sizes) if sizes else None,
        "ip": web.ip if web else (dns.ip if dns else None),
    }


def _parts(one: Domain) -> dict[str, Any]:
    return {"web": output.plain(one.web), "mail": output.plain(one.mail),
            "dns": output.plain(one.dns)}  # fmt: skip


def _text(one: Domain) -> str:
    """Return a domain for people: a few lines for each part, what matters first."""
    lines = [f"{one.domain}  of {one.owner}"]
    for part, said in (("web", _web(one.web)), ("mail", _mail(one.mail)), ("dns", _dns(one.dns))):
        for head, words in zip([part, *[""] * len(said)], said, strict=False):
            lines.append(f"  {head:<6}{', '.join(words)}")
    return "\n".join(output.clean(line) for line in lines)


def _web(web: Web | None) -> list[list[str]]:
    if web is None:
        return [["none"]]
    addresses = " ".join(filter(None, (web.ip, web.ip6)))
    return [
        [_state(web), addresses, f"SSL {web.ssl}", _mb(web.disk_mb)],
        [f"also known as {' '.join(web.aliases) or 'nothing else'}"],
        [web.document_root, f"template {web.template}"],
    ]


def _mail(mail: Mail | None) -> list[list[str]]:
    if mail is None:
        return [["none"]]
    rate = "unlimited" if mail.rate_limit is None else str(mail.rate_limit)
    dkim = "on" if mail.dkim else "off"
    return [
        [_state(mail), mailboxes(mail.accounts), f"DKIM {dkim}", f"SSL {mail.ssl}",
         _mb(mail.disk_mb)],
        [f"catch-all {mail.catchall or 'none'}", f"mails an hour {rate}",
         f"relay {mail.relay or 'none'}"],
    ]  # fmt: skip


def _dns(dns: Dns | None) -> list[list[str]]:
    if dns is None:
        return [["none"]]
    records = "? records" if dns.records is None else counted(dns.records, "record")
    return [[_state(dns), records, dns.ip, f"SOA {dns.soa}", f"serial {dns.serial}"]]


def _state(part: Web | Mail | Dns) -> str:
    return "suspended" if part.suspended else "active"


def _mb(size: int | None) -> str:
    return "? MB" if size is None else f"{size:,} MB"


def mailboxes(number: int | None) -> str:
    """Return a number of mailboxes in words; None is one that the panel did not say."""
    if number == 1:
        return "1 mailbox"
    return "? mailboxes" if number is None else f"{number:,} mailboxes"

"""`pmctl panel-user list|show|packages`: users and what they use, packages and their limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli import panel_words
from pmctl.cli.common import Printing, group
from pmctl.cli.panel_words import USERS, panel_of

if TYPE_CHECKING:
    from pmctl.clients.panel_user import Details, Package, PanelUser
    from pmctl.clients.panel_user_usage import Usage

app = group("Users, their packages and what they use.")

Name = Annotated[
    str,
    typer.Argument(metavar="USER", help="A user of the panel.",
                   autocompletion=names.completing(USERS)),
]  # fmt: skip

_COLUMNS = ["user", "package", "suspended", "disk_mb", "mailboxes", "databases", "fullest"]
_WORDS = {"disk": "disk (MB)", "bandwidth": "bandwidth (MB)"}


@app.command("list", cls=Printing)
def list_(ctx: typer.Context) -> None:
    """List the users, and what each uses of what the package allows.

    Examples:
      pmctl panel-user list
      pmctl panel-user list --columns user,contact,disk_mb,disk_limit_mb
      pmctl panel-user list -o json

    `3/10` is three of the ten that the package allows, `3` three without a limit. `fullest` is
    what is nearest to its limit. HestiaCP limits mailboxes, DNS records and aliases in each domain,
    so for those there is no percentage of the whole.
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        found = PanelUsers(panel).all()
    names.remember(USERS, (one.user for one in found))
    output.show((_shown(facts(one)) for one in found), _COLUMNS)
    _doubts(found)


@app.command("show", cls=Printing)
def show(ctx: typer.Context, user: Name) -> None:
    """Show all that the panel says of a user, but no secret.

    Examples:
      pmctl panel-user show alice
      pmctl panel-user show alice -o json
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        found, details = PanelUsers(panel).details(user)
    if output.asked() is None and not output.style.columns:
        output.show_text("\n".join(_told(found, details)), dict)
    else:
        output.show_one({**facts(found), **asdict(details)})
    _doubts([found])


@app.command("packages", cls=Printing)
def packages(ctx: typer.Context) -> None:
    """List the packages and their limits.

    Examples:
      pmctl panel-user packages
      pmctl panel-user packages --columns package,disk_limit_mb,backups_limit
      pmctl panel-user packages -o json
    """
    from pmctl.clients.panel_user import PanelUsers

    with panel_of(ctx) as panel:
        found = PanelUsers(panel).packages()
    columns = ["package", "disk_limit_mb", "web_domains_limit", "mail_domains_limit",
               "mailboxes_limit_each_domain", "databases_limit"]  # fmt: skip
    output.show((_shown(_package_facts(one)) for one in found), columns)


def facts(user: PanelUser) -> dict[str, Any]:
    """Return a user as a flat record: units in the names, None for unlimited."""
    from pmctl.clients.panel_user_usage import fullest

    most = fullest(user.usage)
    record: dict[str, Any] = {
        "user": user.user, "name": user.name, "contact": user.contact, "package": user.package,
        "role": user.role, "suspended": user.suspended, "created": user.created,
    }  # fmt: skip
    for one in user.usage:
        record |= {one.counter.used_key: one.used, one.counter.limit_key: one.limit}
        if not one.counter.each_domain:
            record[f"{one.counter.name}_percent"] = one.percent
    return {
        **record,
        "fullest": most.counter.name if most else None,
        "fullest_percent": most.percent if most else None,
        "odd": user.odd,
        "damaged": user.damaged,
    }


def _package_facts(package: Package) -> dict[str, Any]:
    return {"package": package.package, **package.limits,
            "nameservers": package.nameservers, "shell": package.shell}  # fmt: skip


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as people read it; as it is when a program asked."""
    if output.asked() is not None:
        return record
    shown = dict(record)
    for name, value in record.items():
        if "_limit" in name:
            shown[name] = "unlimited" if value is None else value
            used = name.replace("_limit", "").replace("_each_domain", "")
            if value is not None and used in record and "_each_domain" not in name:
                shown[used] = f"{record[used]}/{value}"
    if record.get("fullest"):
        shown["fullest"] = f"{record['fullest']} {record['fullest_percent']:g}%"
    return shown


def _told(user: PanelUser, details: Details) -> Iterable[str]:
    """Yield the lines that show a user to a person, in groups."""
    yield f"{user.user}  {user.name}".rstrip()
    own = {"contact": user.contact, "package": user.package, "role": user.role,
           "suspended": user.suspended, "created": user.created}  # fmt: skip
    yield from _lines("account", own)
    yield ""
    yield output.paint(f"{'usage':<16} {'used':>9} {'limit':>12} {'percent':>8}", "1")
    for one in user.usage:
        yield f"  {_usage_line(one)}".rstrip()
    rest = asdict(details)
    groups = {
        "disk": [n for n in rest if n.startswith("disk_")],
        "suspended": [n for n in rest if n.startswith("suspended_")],
        "login": ["two_factor", "login_disabled", "login_only_from", "shell"],
        "settings": ["home", "nameservers", "language", "theme", "php_cli", "notifications",
                     "cron_reports", "ips_owned", "web_domains_with_ssl",
                     "mail_domains_with_dkim"],
    }  # fmt: skip
    for title, fields in groups.items():
        yield ""
        yield from _lines(title, {name: rest[name] for name in fields})


def _usage_line(one: Usage) -> str:
    name = _WORDS.get(one.counter.name, one.counter.name.replace("_", " "))
    limit = "unlimited" if one.limit is None else f"{one.limit:,}"
    if one.counter.each_domain and one.limit is not None:
        limit += " a domain"
    percent = "" if one.percent is None else f"{one.percent:g}%"
    return f"{name:<14} {one.used:>9,} {limit:>12} {percent:>8}"


def _lines(title: str, record: dict[str, Any]) -> Iterable[str]:
    yield output.paint(title, "1")
    for name, value in record.items():
        words = name.removeprefix(f"{title}_").replace("_mb", " (MB)").replace("_", " ")
        yield f"  {words:<24} {output.cell(value)}".rstrip()


def _doubts(users: Iterable[PanelUser]) -> None:
    """Say whose rows cannot be trusted."""
    users = list(users)
    panel_words.odd("list of users", (one.user for one in users if one.odd))
    for one in users:
        if one.damaged:
            output.warn(
                f"the panel's file of {one.user} is damaged: no number in {', '.join(one.damaged)}"
                f"; `pmctl panel-user package {one.user} {one.package or 'default'}` writes it anew"
            )

"""`pmctl domain dns`: the records of a domain's zone on the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import output
from pmctl.cli.ask import agreed
from pmctl.cli.common import Printing, group
from pmctl.cli.domain import Name
from pmctl.cli.panel_words import DryRun, User, Yes, odd, panel_of
from pmctl.errors import Conflict, NotFound, PmctlError, UsageError
from pmctl.text import counted, did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.domain_dns import Change, Zone
    from pmctl.clients.domain_record import Record, Wanted
    from pmctl.clients.panel import Panel

app = group(
    "The DNS records of a domain: list, add, delete, set.\n\n"
    "Examples:\n"
    "  pmctl domain dns list example.com\n"
    "  pmctl domain dns add example.com www A 192.0.2.10\n"
    "  pmctl domain dns set example.com www A 192.0.2.10 192.0.2.11"
)

RecordName = Annotated[
    str, typer.Argument(metavar="RECORD", help="A name in the domain; @ is the domain itself.")
]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="A, AAAA, MX, TXT, CNAME and so on.")]
Priority = Annotated[
    int | None, typer.Option("--priority", metavar="N", help="Of an MX or SRV; 10 without.")
]
Ttl = Annotated[
    int | None, typer.Option("--ttl", metavar="SECONDS", help="The zone's own without it.")
]
_COLUMNS = ["id", "record", "type", "priority", "value", "ttl_seconds", "suspended"]
_DONE = ["action", "id", "record", "type", "priority", "value"]
_NOTHING = "nothing was changed (--dry-run)"


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    name: Name,
    user: User = "",
    type_: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Only records of this type.")
    ] = "",
) -> None:
    """List the records of a domain's zone.

    Examples:
      pmctl domain dns list example.com
      pmctl domain dns list example.com --type TXT -o json
    """
    from pmctl.clients.domain_record import kind_of

    kind = kind_of(type_) if type_ else ""
    with panel_of(ctx) as panel:
        zone = _zone(panel, name, user)
    output.show([one for one in zone.records if kind in ("", one.type)], _COLUMNS)


@app.command("add", cls=Printing)
def add(
    ctx: typer.Context,
    name: Name,
    record: RecordName,
    type_: Type,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What it says.")],
    user: User = "",
    priority: Priority = None,
    ttl: Ttl = None,
    if_not_exists: Annotated[
        bool, typer.Option("--if-not-exists", help="An equal record that is there is fine.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add a record, never twice: HestiaCP itself would store two equal ones.

    Examples:
      pmctl domain dns add example.com www A 192.0.2.10
      pmctl domain dns add example.com @ MX mail.example.com --priority 10
      pmctl domain dns add example.com @ TXT 'v=spf1 a mx -all' --if-not-exists

    The host of a CNAME, MX, NS or SRV is a whole name, with or without a dot at its end. A value
    may begin with its priority, as in zone files. Quotes around a TXT are not needed.
    """
    from pmctl.clients import domain_dns as dns
    from pmctl.clients.domain_record import same

    with panel_of(ctx) as panel:
        zone = _zone(panel, name, user)
        one = _wanted(zone, record, type_, value, priority, ttl)
        there = next((r for r in zone.of(one.record, one.type) if same(r, one)), None)
        if there and not if_not_exists:
            asleep = " (suspended)" if there.suspended else ""
            raise Conflict(
                f"{zone.domain} has {_said(there)} already, as record {there.id}{asleep}",
                hint="nothing was changed; --if-not-exists accepts it",
            )
        if there:
            output.note(f"{_said(there)} is there, as record {there.id}")
            _show([dns.Change("keep", there.id, there)])
            return
        dns.refuse_beside_alias(zone, one)
        if dry_run:
            _show([dns.Change("add", 0, one)])
            output.note(_NOTHING)
            return
        _show([dns.do(panel, zone, dns.Change("add", 0, one))])


@app.command("delete", cls=Printing)
def delete(
    ctx: typer.Context,
    name: Name,
    what: Annotated[
        list[str], typer.Argument(metavar="ID|RECORD...", help="Its id, or RECORD TYPE [VALUE].")
    ],
    user: User = "",
    priority: Annotated[
        int | None, typer.Option("--priority", metavar="N", help="Only an MX or SRV of this one.")
    ] = None,
    if_exists: Annotated[
        bool, typer.Option("--if-exists", help="A record that is not there is fine.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete records: one by its id or its value, or all of a name and type.

    Examples:
      pmctl domain dns delete example.com 22
      pmctl domain dns delete example.com www A 192.0.2.10
      pmctl domain dns delete example.com old TXT --yes

    Without VALUE it is every record of that name and type. The last A and the last NS of a zone
    cannot be deleted: HestiaCP keeps them.
    """
    from pmctl.clients import domain_dns as dns

    if len(what) > 3 or (len(what) == 1 and not what[0].isdigit()):
        raise UsageError("which record is not clear", hint="give its id, or RECORD TYPE [VALUE]")
    with panel_of(ctx) as panel:
        zone = _zone(panel, name, user)
        found = _found(zone, what, priority)
        if not found and if_exists:
            output.note(f"{zone.domain} has no {' '.join(what)}; nothing to do")
            return
        if not found:
            raise NotFound(f"{zone.domain} has no record {' '.join(what)}", hint=_near(zone, what))
        changes = [dns.Change("delete", one.id, one) for one in found]
        if dry_run:
            _show(changes)
            output.note(_NOTHING)
            return
        said = "; ".join(_said(one) for one in found)
        agreed(f"Take out of {zone.domain}: {said}?", yes=yes)
        _do(panel, zone, changes)


@app.command("set", cls=Printing)
def set_(
    ctx: typer.Context,
    name: Name,
    record: RecordName,
    type_: Type,
    values: Annotated[list[str], typer.Argument(metavar="VALUE...", help="All that is to be.")],
    user: User = "",
    priority: Priority = None,
    ttl: Ttl = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Make the records of a name and type exactly those named.

    Examples:
      pmctl domain dns set example.com www A 192.0.2.10 192.0.2.11
      pmctl domain dns set example.com @ MX '10 mail.example.com' --yes
      pmctl domain dns set example.com @ TXT 'v=spf1 a mx -all' --dry-run

    What is there is kept, what is missing is added, and only then what is too much is deleted,
    after a question. So `@ TXT` concerns every TXT of the domain, not SPF alone.
    """
    from pmctl.clients import domain_dns as dns
    from pmctl.clients.domain_record import kind_of, prioritised

    with panel_of(ctx) as panel:
        zone = _zone(panel, name, user)
        wanted = [
            _wanted(zone, record, type_, v, None if prioritised(type_, v) else priority, ttl)
            for v in values
        ]
        if kind_of(type_) == "CNAME" and len(wanted) > 1:
            raise UsageError("a name has one CNAME", hint="name one host")
        changes = dns.setting(zone, wanted[0].record, wanted[0].type, wanted)
        replaced = zone.of(wanted[0].record, wanted[0].type)
        dns.refuse_beside_alias(zone, wanted[0], replacing=replaced)
        if dry_run:
            _show(changes)
            output.note(_NOTHING)
            return
        gone = [one for one in changes if one.action == "delete"]
        if gone:
            said = "; ".join(_said(one.record) for one in gone)
            agreed(f"Take out of {zone.domain}: {said}?", yes=yes)
        _do(panel, zone, changes)


def _zone(panel: Panel, name: str, user: str) -> Zone:
    from pmctl.clients.domain_dns import find

    zone = find(panel, name, user)
    odd(f"records of {zone.domain}", zone.odd)
    return zone


def _wanted(
    zone: Zone, record: str, type_: str, value: str, priority: int | None, ttl: int | None
) -> Wanted:
    from pmctl.clients.domain_record import wanted

    return wanted(zone.domain, record, type_, value, priority, ttl)


def _found(zone: Zone, what: list[str], priority: int | None) -> list[Record]:
    """Return the records that an id, or a name, a type and perhaps a value mean."""
    from pmctl.clients.domain_record import kind_of, record_name, same

    if len(what) == 1:
        return [one for one in zone.records if one.id == int(what[0])]
    name, kind = record_name(zone.domain, what[0]), kind_of(what[1])
    there = zone.of(name, kind)
    if len(what) == 2:
        return [one for one in there if priority in (None, one.priority)]
    asked = _wanted(zone, what[0], what[1], what[2], priority, None)
    exact = [one for one in there if same(one, asked)]
    if exact or priority is not None or what[2].split()[0].isdigit():
        return exact
    # without a priority any will do: nobody writes that of the record to be deleted
    return [one for one in there if one.value.rstrip(".") == asked.value.rstrip(".")]


def _near(zone: Zone, what: list[str]) -> str:
    names = {one.record for one in zone.records}
    listing = f"`pmctl domain dns list {zone.domain}` shows them"
    if len(what) == 1 or what[0] in names:
        return listing
    return did_you_mean(what[0], names, listing)


def _do(panel: Panel, zone: Zone, changes: list[Change]) -> None:
    """Do changes one after another; what was done is shown also when one fails."""
    from pmctl.clients.domain_dns import do

    done: list[Change] = []
    try:
        with output.progress("records", len(changes)) as advance:
            for one in changes:
                done.append(do(panel, zone, one))
                advance()
    except PmctlError as exc:
        if done:
            _show(done)
        left = [one for one in changes[len(done) :] if one.action != "keep"]
        if len(left) > 1:
            exc.hint = f"{counted(len(left), 'change')} not done; run it again to finish"
        raise
    _show(done)


def _show(changes: list[Change]) -> None:
    output.show([_row(one) for one in changes], _DONE)


def _row(one: Change) -> dict[str, Any]:
    record = one.record
    return {
        "action": one.action,
        "id": one.id or None,
        "record": record.record,
        "type": record.type,
        "priority": record.priority,
        "value": record.value,
        "ttl_seconds": record.ttl_seconds,
    }


def _said(one: Record | Wanted) -> str:
    priority = "" if one.priority is None else f"{one.priority} "
    return f"{one.record} {one.type} {priority}{one.value}"

"""The records of a zone: read, added once, deleted, and made a set that somebody named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pmctl.backends.hestia_errors import HestiaNotFound
from pmctl.clients.domain import Domain, locate
from pmctl.clients.domain_idn import forms
from pmctl.clients.domain_record import Record, Wanted, key, parse, same, sent_value
from pmctl.clients.panel_owner import owner_of
from pmctl.errors import Conflict, NotFound

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

Action = Literal["add", "keep", "change", "delete"]


@dataclass(frozen=True)
class Zone:
    """The records of a domain, by id; `odd` are ids of rows that the panel printed broken."""

    domain: str
    owner: str
    records: tuple[Record, ...]
    odd: tuple[str, ...] = ()

    def of(self, record: str, type_: str) -> list[Record]:
        """Return the records of one name and type."""
        return [r for r in self.records if key(r)[:2] == key(Wanted(record, type_, ""))[:2]]


@dataclass(frozen=True)
class Change:
    """One thing to do with a zone: `id` is of a record that is there, 0 of one that is not."""

    action: Action
    id: int
    record: Record | Wanted


def find(panel: Panel, name: str, user: str = "") -> Zone:
    """Return the zone of a domain by a name that a person wrote; two reads where it is there.

    Raises NotFound when there is no such domain, or when it has no DNS part.
    """
    for form in forms(name):
        with suppress(NotFound):
            return _zone(panel, user or owner_of(panel, form), form)
    return read(panel, locate(panel, name, user))


def read(panel: Panel, found: Domain) -> Zone:
    """Return the records of a domain. Raises NotFound when it has no DNS part."""
    try:
        return _zone(panel, found.owner, found.domain)
    except HestiaNotFound as exc:
        raise NotFound(
            f"{found.domain} of {found.owner} has no DNS part on this panel",
            hint=f"`pmctl domain add {found.domain} --user {found.owner} --dns` adds it, "
            f"`pmctl domain records {found.domain}` says what another name server must have",
        ) from exc


def _zone(panel: Panel, owner: str, name: str) -> Zone:
    rows = panel.hestia.rows("v-list-dns-records", owner, name)
    records = sorted((parse(id_, row) for id_, row in rows.rows.items()), key=lambda r: r.id)
    return Zone(name, owner, tuple(records), rows.odd)


def refuse_beside_alias(zone: Zone, one: Wanted, *, replacing: Iterable[Record] = ()) -> None:
    """Raise Conflict for a CNAME beside something else: name servers refuse such a whole zone."""
    gone = {record.id for record in replacing}
    beside = [r for r in zone.records if key(r)[0] == key(one)[0] and r.id not in gone]
    other = [r for r in beside if "CNAME" in (one.type, r.type) and not same(one, r)]
    if other:
        raise Conflict(
            f"{one.record} in {zone.domain} has {other[0].type} {other[0].value}, and a CNAME "
            "can stand beside nothing",
            hint=f"`pmctl domain dns delete {zone.domain} {other[0].id}` first; a name server "
            "would refuse the whole zone",
        )


def add(panel: Panel, zone: Zone, one: Wanted) -> Record | None:
    """Add a record, once; return it as the panel has it, None when that cannot be read back."""
    before = {record.id for record in zone.records}

    def new() -> Record | None:
        found = _zone(panel, zone.owner, zone.domain).records
        return next((r for r in found if r.id not in before and same(r, one)), None)

    priority = "" if one.priority is None else str(one.priority)
    # a value that is left out shifts the later ones: id and restart are given empty
    more = ("", "", str(one.ttl_seconds)) if one.ttl_seconds is not None else ()
    panel.write(
        "v-add-dns-record", zone.owner, zone.domain, one.record, one.type, sent_value(one),
        *((priority, *more) if priority or more else ()),
        target=_target(zone, one), done=lambda: new() is not None,
    )  # fmt: skip
    return new()


def delete(panel: Panel, zone: Zone, record: Record) -> None:
    """Delete a record that was read; one that is gone meanwhile is fine."""

    def gone() -> bool:
        return all(one.id != record.id for one in _zone(panel, zone.owner, zone.domain).records)

    try:
        panel.write("v-delete-dns-record", zone.owner, zone.domain, str(record.id),
                    target=_target(zone, record), done=gone)  # fmt: skip
    except HestiaNotFound:
        if not gone():
            raise


def change(panel: Panel, zone: Zone, id_: int, one: Wanted) -> None:
    """Give a record another value in one step, for a CNAME: two of them break a zone."""

    def done() -> bool:
        found = _zone(panel, zone.owner, zone.domain).records
        return any(r.id == id_ and same(r, one) for r in found)

    ttl = ("", str(one.ttl_seconds)) if one.ttl_seconds is not None else ()
    panel.write(
        "v-change-dns-record", zone.owner, zone.domain, str(id_), one.record, one.type,
        sent_value(one), *(("", *ttl) if ttl else ()), target=_target(zone, one), done=done,
    )  # fmt: skip


def setting(zone: Zone, record: str, type_: str, wanted: Sequence[Wanted]) -> list[Change]:
    """Return what makes the records of a name and type exactly `wanted`: adds before deletes.

    Of equal records in the zone the first is kept. A TTL that is not asked for is left alone.
    """
    there = zone.of(record, type_)
    kept: list[Record] = []
    missing: list[Wanted] = []
    for one in {key(one): one for one in wanted}.values():
        found = next((r for r in there if same(r, one) and _lives(r, one)), None)
        if found:
            kept.append(found)
        else:
            missing.append(one)
    left = [r for r in there if r not in kept]
    changes = [Change("keep", r.id, r) for r in kept]
    if type_ == "CNAME" and missing and left:
        changes.append(Change("change", left[0].id, missing[0]))
        missing, left = missing[1:], left[1:]
    changes += [Change("add", 0, one) for one in missing]
    return [*changes, *(Change("delete", r.id, r) for r in left)]


def do(panel: Panel, zone: Zone, one: Change) -> Change:
    """Do one change; return it with the id that it has now."""
    if isinstance(one.record, Wanted):
        if one.action == "change":
            change(panel, zone, one.id, one.record)
        elif one.action == "add":
            made = add(panel, zone, one.record)
            return replace(one, id=made.id) if made else one
    elif one.action == "delete":
        delete(panel, zone, one.record)
    return one


def _lives(record: Record, one: Wanted) -> bool:
    """Whether a record has the TTL that is asked for, and is not suspended."""
    fits = one.ttl_seconds is None or record.ttl_seconds == one.ttl_seconds
    return fits and not record.suspended


def _target(zone: Zone, one: Record | Wanted) -> str:
    return f"{zone.domain}: {one.record} {one.type} {one.value[:60]}"

"""Domains of the panel: web, mail and DNS together, as the one thing a person thinks of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pmctl.backends.hestia_errors import HestiaNotAllowed, HestiaNotFound
from pmctl.clients.domain_idn import forms
from pmctl.clients.panel_owner import owner_of
from pmctl.errors import NotFound, PmctlError
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.backends.hestia_json import Listing
    from pmctl.clients.panel import Panel

Item = TypeVar("Item")
Result = TypeVar("Result")
Row = Mapping[str, Any]
Part = Literal["web", "mail", "dns"]

PARTS: tuple[Part, ...] = ("web", "mail", "dns")


@dataclass(frozen=True)
class Web:
    """The web part. Sizes in MB; `ssl` is `no`, `yes` or `letsencrypt`; times are the server's."""

    ip: str
    ip6: str
    aliases: tuple[str, ...]
    document_root: str
    template: str
    backend: str
    ssl: str
    suspended: bool
    disk_mb: int | None
    bandwidth_mb: int | None
    created: str

    @classmethod
    def parse(cls, row: Row) -> Web:
        """Read a row of v-list-web-domain or v-list-web-domains."""
        return cls(
            ip=text(row, "IP"),
            ip6=text(row, "IP6"),
            aliases=names(row, "ALIAS"),
            document_root=text(row, "DOCUMENT_ROOT"),
            template=text(row, "TPL"),
            backend=text(row, "BACKEND"),
            ssl=_ssl(row),
            suspended=yes(row, "SUSPENDED"),
            disk_mb=number(row, "U_DISK"),
            bandwidth_mb=number(row, "U_BANDWIDTH"),
            created=_created(row),
        )


@dataclass(frozen=True)
class Mail:
    """The mail part. `accounts` counts mailboxes; `rate_limit` is mails an hour and account.

    `webmail` is where its webmail is, `relay` through which host its mail leaves; "" where there
    is none. A list of domains does not tell of the relay.
    """

    accounts: int | None
    dkim: bool
    antispam: bool
    antivirus: bool
    catchall: str
    rate_limit: int | None
    ssl: str
    webmail: str
    relay: str
    suspended: bool
    disk_mb: int | None
    created: str

    @classmethod
    def parse(cls, row: Row) -> Mail:
        """Read a row of v-list-mail-domain or v-list-mail-domains."""
        return cls(
            accounts=number(row, "ACCOUNTS"),
            dkim=yes(row, "DKIM"),
            antispam=yes(row, "ANTISPAM"),
            antivirus=yes(row, "ANTIVIRUS"),
            catchall=text(row, "CATCHALL"),
            rate_limit=number(row, "RATE_LIMIT"),
            ssl=_ssl(row),
            webmail=text(row, "WEBMAIL_ALIAS") if text(row, "WEBMAIL") else "",
            relay=text(row, "U_SMTP_RELAY_HOST") if text(row, "U_SMTP_RELAY") else "",
            suspended=yes(row, "SUSPENDED"),
            disk_mb=number(row, "U_DISK"),
            created=_created(row),
        )


@dataclass(frozen=True)
class Dns:
    """The DNS part. `ttl_seconds` is of records without one of their own."""

    ip: str
    template: str
    ttl_seconds: int | None
    soa: str
    serial: str
    records: int | None
    dnssec: bool
    suspended: bool
    created: str

    @classmethod
    def parse(cls, row: Row) -> Dns:
        """Read a row of v-list-dns-domain or v-list-dns-domains."""
        return cls(
            ip=text(row, "IP"),
            template=text(row, "TPL"),
            ttl_seconds=number(row, "TTL"),
            soa=text(row, "SOA"),
            serial=text(row, "SERIAL"),
            records=number(row, "RECORDS"),
            dnssec=yes(row, "DNSSEC"),
            suspended=yes(row, "SUSPENDED"),
            created=_created(row),
        )


@dataclass(frozen=True)
class Domain:
    """A domain of one user. A part that it does not have is None; nor has it what is `unread`."""

    domain: str
    owner: str
    web: Web | None = None
    mail: Mail | None = None
    dns: Dns | None = None
    unread: tuple[Part, ...] = ()

    def part(self, name: Part) -> Web | Mail | Dns | None:
        """Return one of its parts, None for one that it does not have."""
        found: Web | Mail | Dns | None = getattr(self, name)
        return found

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that it has."""
        return tuple(part for part in PARTS if self.part(part) is not None)

    @property
    def suspended_parts(self) -> tuple[Part, ...]:
        """Those of its parts that are suspended."""
        return tuple(p for p in self.parts if (found := self.part(p)) and found.suspended)


@dataclass(frozen=True)
class Inventory:
    """Domains by name within each user; what could not be read, in words; rows printed oddly."""

    domains: list[Domain]
    failed: list[str]
    odd: list[str]


_KINDS: dict[Part, tuple[str, Callable[[Row], Any]]] = {
    "web": ("v-list-web-domain", Web.parse),
    "mail": ("v-list-mail-domain", Mail.parse),
    "dns": ("v-list-dns-domain", Dns.parse),
}


def inventory(panel: Panel, owners: Sequence[str], *, alone: bool = False) -> Inventory:
    """Return every domain of these users; four lists are read at once, `alone` as `reads` has it.

    What fails is named in `failed`, unless all of it does: then the first error is raised.
    """
    asked = [(owner, part) for owner in owners for part in PARTS]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    unread: dict[str, list[Part]] = {owner: [] for owner in owners}
    errors: list[tuple[str, PmctlError]] = []
    odd: list[str] = []
    answers = reads(panel, lambda one: _listed(panel, *one), asked, alone=alone)
    for (owner, part), answer in zip(asked, answers, strict=True):
        if isinstance(answer, PmctlError):
            errors.append((f"{part} of {owner}", answer))
            unread[owner].append(part)
            continue
        odd += [f"{name} ({part} of {owner})" for name in answer.odd]
        for name, row in answer.rows.items():
            found.setdefault((owner, name), {})[part] = _KINDS[part][1](row)
    if errors and len(errors) == len(asked):
        raise errors[0][1]
    order = {owner: number for number, owner in enumerate(owners)}
    domains = [
        Domain(name, owner, **parts, unread=tuple(unread[owner]))
        for (owner, name), parts in sorted(found.items(), key=lambda f: (order[f[0][0]], f[0][1]))
    ]
    return Inventory(domains, [f"{what}: {exc.message}" for what, exc in errors], odd)


def look(panel: Panel, owner: str, name: str, *, alone: bool = False) -> Domain:
    """Return a domain as the panel has it now, also one without any part. `alone`: see `reads`.

    Raises NotFound when there is no such user, HestiaError when it cannot be read.
    """
    found = reads(panel, lambda part: _part(panel, owner, name, part), PARTS, alone=alone)
    return Domain(name, owner, **dict(zip(PARTS, found, strict=True)))


def locate(panel: Panel, name: str, user: str = "") -> Domain:
    """Return a domain by a name that a person wrote. `user` is its owner, else that is looked up.

    Raises NotFound with the nearest name there is, or whose domain it is instead.
    """
    asked = forms(name)
    missing: NotFound | None = None
    for form in asked:
        try:
            # who the owner is was asked alone, unless it was said
            found = look(panel, user or owner_of(panel, form), form, alone=bool(user))
        except HestiaNotFound:
            raise
        except NotFound as exc:
            missing = missing or exc
            continue
        if found.parts:
            return found
        missing = missing or NotFound(
            f"{found.owner} has no domain {form}", hint=_whose(panel, form, found.owner)
        )
    assert missing is not None  # a name has at least one form
    raise missing


def reads(
    panel: Panel, read: Callable[[Item], Result], items: Iterable[Item], *, alone: bool
) -> Iterator[Result]:
    """Yield `read(item)` in order, four at once; with `alone` the first one goes before the rest.

    That is for the first request of a run: the server counts each refused login, and shuts out
    who has five.
    """
    rest = iter(items)
    if alone:
        yield from map(read, itertools.islice(rest, 1))
    yield from panel.each(read, rest)


def text(row: Row, key: str) -> str:
    """Return a value of a row; "" when it is not there."""
    return str(row.get(key) or "")


def yes(row: Row, key: str) -> bool:
    """Return whether a value of a row is `yes`."""
    return text(row, key) == "yes"


def number(row: Row, key: str) -> int | None:
    """Return a whole number of a row; None for `unlimited`, for nothing, and for what is none."""
    value = text(row, key)
    return int(value) if value.isascii() and value.isdigit() else None


def names(row: Row, key: str) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(filter(None, text(row, key).split(",")))


def _listed(panel: Panel, owner: str, part: Part) -> Listing | PmctlError:
    """Return the list of one part, or why there is none. Raises HestiaNotAllowed for a login."""
    try:
        return panel.hestia.rows(f"{_KINDS[part][0]}s", owner)
    except HestiaNotAllowed as exc:
        if "permission" not in exc.said:
            raise  # each further try is counted as one more refused login
        return exc
    except PmctlError as exc:
        return exc


def _part(panel: Panel, owner: str, name: str, part: Part) -> Any:
    command, parse = _KINDS[part]
    try:
        found = panel.hestia.rows(command, owner, name)
    except HestiaNotFound as exc:
        if exc.said.startswith("user "):
            raise
        return None
    if found.odd:
        panel.hestia.warnings.append(
            f"what HestiaCP says of the {part} part of {name} is no valid JSON; some may be wrong"
        )
    return next((parse(row) for row in found.rows.values()), None)


def _whose(panel: Panel, name: str, user: str) -> str:
    """Return a hint for a domain that a user does not have."""
    otherwise = f"`pmctl domain list --user {user}` shows what there is"
    try:
        owner = owner_of(panel, name)
        if owner != user:
            return f"it is {owner}'s: --user {owner}"
        return did_you_mean(name, [d.domain for d in inventory(panel, [user]).domains], otherwise)
    except NotFound as exc:
        return exc.hint if exc.hint.startswith("did you mean") else otherwise
    except PmctlError:
        return otherwise


def _ssl(row: Row) -> str:
    if not yes(row, "SSL"):
        return "no"
    return "letsencrypt" if yes(row, "LETSENCRYPT") else "yes"


def _created(row: Row) -> str:
    """Return the server's date and time, ISO 8601 without a zone: it does not say which."""
    date, time = text(row, "DATE"), text(row, "TIME")
    return f"{date}T{time}" if date and time else date

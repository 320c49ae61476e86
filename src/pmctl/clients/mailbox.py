"""The mailboxes of a HestiaCP: one, those of a domain, of a user, of all users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmctl.backends.hestia_errors import HestiaNotFound
from pmctl.clients import panel_owner
from pmctl.clients.panel_names import Address
from pmctl.errors import NotAllowed, NotFound, PmctlError, Temporary, Unreachable
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.backends.hestia_json import Listing
    from pmctl.clients.panel import Panel

_DOWN = 3  # listings without an answer, one after another: the panel is down, not a domain


@dataclass(frozen=True)
class Mailbox:
    """A mailbox as the panel lists it. `quota_mb` and `used_percent` are None for unlimited."""

    address: str
    user: str
    used_mb: int
    quota_mb: int | None
    used_percent: float | None
    aliases: tuple[str, ...]
    alias_count: int
    forwards: tuple[str, ...]
    forward_count: int
    forward_only: bool
    autoreply: bool
    suspended: bool
    created: str  # date and time of the panel's clock, ISO 8601 without a zone


@dataclass(frozen=True)
class Detail(Mailbox):
    """A mailbox with what only a look at it alone tells. `autoreply_text` is None where hidden."""

    autoreply_text: str | None
    rate_limit: int | None  # mails an hour; the panel says none although one is set (1.9.9)
    webmail: str


@dataclass(frozen=True)
class MailDomain:
    """A mail domain with the panel's own count of its mailboxes."""

    domain: str
    user: str
    mailboxes: int
    suspended: bool


@dataclass
class Trouble:
    """What could not be read, by name, and the names of rows that were no valid JSON."""

    failed: list[tuple[str, PmctlError]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    _down: int = 0

    def note(self, name: str, exc: PmctlError) -> None:
        """Keep a failure. Raises it when it would meet the other reads too."""
        self.failed.append((name, exc))
        self._down += isinstance(exc, Unreachable | Temporary)
        if isinstance(exc, NotAllowed) or self._down >= _DOWN:
            raise exc

    def fine(self) -> None:
        """Note that something could be read: the panel is there."""
        self._down = 0


def of_domain(panel: Panel, user: str, domain: str, trouble: Trouble) -> list[Mailbox]:
    """Return the mailboxes of a domain, by name. Raises NotFound for a domain without mail."""
    try:
        found = _accounts(panel, user, domain)
    except HestiaNotFound:
        check_domain(panel, user, domain)
        raise
    trouble.odd += [f"{name}@{domain}" for name in found.odd]
    return _mailboxes(user, domain, found)


def check_domain(panel: Panel, user: str, domain: str) -> MailDomain:
    """Return a mail domain. Raises NotFound with the nearest name when there is none."""
    rows = panel.hestia.rows("v-list-mail-domains", user).rows
    if domain not in rows:
        hint = did_you_mean(domain, rows, f"{user} has {', '.join([*rows][:5]) or 'none'}")
        raise NotFound(f"{user} has no mail domain {domain}", hint=hint)
    return _mail_domain(user, domain, rows[domain])


def of_users(panel: Panel, users: Iterable[str], trouble: Trouble) -> Iterator[Mailbox]:
    """Yield the mailboxes of all domains of some users; four listings are read side by side.

    What cannot be read is noted and the rest goes on, unless the login is refused or the panel
    is down: that is raised.
    """

    def read(place: MailDomain) -> Listing | PmctlError:
        try:
            return _accounts(panel, place.user, place.domain)
        except PmctlError as exc:
            return exc

    places: list[MailDomain] = []

    def kept() -> Iterator[MailDomain]:
        for place in domains(panel, users, trouble):
            places.append(place)
            yield place

    for number, found in enumerate(panel.each(read, kept())):
        place = places[number]
        if isinstance(found, PmctlError):
            trouble.note(place.domain, found)
            continue
        trouble.fine()
        trouble.odd += [f"{name}@{place.domain}" for name in found.odd]
        yield from _mailboxes(place.user, place.domain, found)


def domains(panel: Panel, users: Iterable[str], trouble: Trouble) -> Iterator[MailDomain]:
    """Yield the mail domains of some users; what cannot be read is noted."""

    def read(user: str) -> tuple[str, Listing | PmctlError]:
        try:
            return user, panel.hestia.rows("v-list-mail-domains", user)
        except PmctlError as exc:
            return user, exc

    for user, found in panel.each(read, users):
        if isinstance(found, PmctlError):
            trouble.note(f"the domains of {user}", found)
            continue
        trouble.odd += found.odd
        for domain, row in sorted(found.rows.items()):
            yield _mail_domain(user, domain, row)


def look(panel: Panel, user: str, address: Address) -> Mailbox:
    """Return one mailbox. Raises NotFound with the nearest name there is."""
    return _mailbox(user, address, _row(panel, user, address))


def detail(panel: Panel, user: str, address: Address) -> Detail:
    """Return all that there is to know of a mailbox; one read, two when it replies by itself."""
    row = _row(panel, user, address)
    box = _mailbox(user, address, row)
    text: str | None = ""
    if box.autoreply:
        text = None if box.suspended else autoreply_text(panel, user, address)
    webmail = str(row.get("WEBMAIL_ALIAS") or "")
    return Detail(
        **vars(box),
        autoreply_text=text,
        rate_limit=_limit(row.get("RATE_LIMIT")),
        webmail="" if webmail.startswith(".") else webmail,  # no webmail: `.example.com`
    )


def autoreply_text(panel: Panel, user: str, address: Address) -> str:
    """Return the text of an automatic reply. The panel writes a line end as `\\n`."""
    command = "v-list-mail-account-autoreply"
    row = panel.hestia.row(command, user, address.domain, address.name)
    return str(row.get("MSG") or "").replace("\\n", "\n").rstrip()


def exists(panel: Panel, user: str, address: Address) -> bool:
    """Tell whether there is a mailbox; its domain may be missing too."""
    try:
        panel.hestia.rows("v-list-mail-account", user, address.domain, address.name)
    except HestiaNotFound:
        return False
    return True


def owners(panel: Panel, addresses: Iterable[Address], user: str) -> dict[str, str]:
    """Return domain -> user of some addresses; `user` is the one that was named, "" if none."""
    names = sorted({one.domain for one in addresses})
    if user:
        return dict.fromkeys(names, user)
    return dict(
        zip(names, panel.each(lambda name: panel_owner.owner_of(panel, name), names), strict=True)
    )


def number(value: object) -> int:
    """Return a counter as a number, 0 for what is none."""
    text = str(value or "").strip()
    return int(text) if text.isdigit() else 0


def _limit(value: object) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdigit() and int(text) else None


def _yes(row: Mapping[str, Any], name: str) -> bool:
    return row.get(name) == "yes"


def _parts(value: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(value or "").split(",") if part.strip())


def _mail_domain(user: str, domain: str, row: Mapping[str, Any]) -> MailDomain:
    return MailDomain(domain, user, number(row.get("ACCOUNTS")), _yes(row, "SUSPENDED"))


def _accounts(panel: Panel, user: str, domain: str) -> Listing:
    return panel.hestia.rows("v-list-mail-accounts", user, domain)


def _row(panel: Panel, user: str, address: Address) -> dict[str, Any]:
    try:
        return panel.hestia.row("v-list-mail-account", user, address.domain, address.name)
    except HestiaNotFound as exc:
        # raises what says that it is the domain that is missing
        known = [box.address for box in of_domain(panel, user, address.domain, Trouble())]
        hint = did_you_mean(str(address), known, f"`pmctl mailbox list {address.domain}`")
        raise NotFound(f"HestiaCP has no mailbox {address}", hint=hint) from exc


def _mailboxes(user: str, domain: str, found: Listing) -> list[Mailbox]:
    return [_mailbox(user, Address(domain, name), row) for name, row in sorted(found.rows.items())]


def _mailbox(user: str, address: Address, row: Mapping[str, Any]) -> Mailbox:
    quota, used = _limit(row.get("QUOTA")), number(row.get("U_DISK"))
    aliases, forwards = _parts(row.get("ALIAS")), _parts(row.get("FWD"))
    return Mailbox(
        address=str(address),
        user=user,
        used_mb=used,
        quota_mb=quota,
        used_percent=round(100 * used / quota, 1) if quota else None,
        aliases=aliases,
        alias_count=len(aliases),
        forwards=forwards,
        forward_count=len(forwards),
        forward_only=_yes(row, "FWD_ONLY"),
        autoreply=_yes(row, "AUTOREPLY"),
        suspended=_yes(row, "SUSPENDED"),
        created=f"{row.get('DATE') or ''}T{row.get('TIME') or ''}".strip("T"),
    )

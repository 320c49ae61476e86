"""Certificates of a domain: what there is, and one of Let's Encrypt.

v-list-web-domain-ssl answers with the private key too; it is never kept or shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pmctl.backends.hestia_errors import CONNECT, NOT_EXIST, HestiaError
from pmctl.clients import domain_checks
from pmctl.clients.domain import Domain, look, names, text
from pmctl.clients.domain_addresses import addresses
from pmctl.errors import NotFound

if TYPE_CHECKING:
    from pmctl.clients.domain_checks import Check
    from pmctl.clients.panel import Panel

Secured = Literal["web", "mail"]

PARTS: tuple[Secured, ...] = ("web", "mail")


@dataclass(frozen=True)
class Certificate:
    """The certificate of one part. `ssl` is `no`, `yes` or `letsencrypt`; times are UTC."""

    domain: str
    owner: str
    part: Secured
    ssl: str
    subject: str = ""
    names: tuple[str, ...] = ()
    not_before: str = ""
    not_after: str = ""
    days_left: int | None = None
    issuer: str = ""


def certificates(panel: Panel, found: Domain) -> list[Certificate]:
    """Return the certificate of each part that can have one."""
    return [_certificate(panel, found, part) for part in PARTS if found.part(part) is not None]


def concerned(found: Domain, part: Secured) -> list[str]:
    """Return the names that a certificate is asked for. Raises NotFound without that part.

    Those of mail are fixed by the panel: mail.NAME, and the webmail's where there is one.
    """
    if part == "mail" and found.mail is not None:
        webmail = found.mail.webmail
        full = webmail if "." in webmail else f"{webmail}.{found.domain}"
        return [f"mail.{found.domain}", *([full] if webmail else [])]
    if part == "web" and found.web is not None:
        return [found.domain, *(a for a in found.web.aliases if not a.startswith("*"))]
    raise NotFound(
        f"{found.domain} of {found.owner} has no {part} part",
        hint=f"it has {', '.join(found.parts)}",
    )


def check(panel: Panel, found: Domain, asked: list[str]) -> list[Check]:
    """Look from this machine whether Let's Encrypt could reach each of these names."""
    host = urlsplit(panel.hestia.url).hostname or ""
    wanted = [*addresses(panel, found), *domain_checks.addresses_of(host)]
    return domain_checks.check(asked, wanted)


def enable(panel: Panel, found: Domain, part: Secured, asked: list[str], *, checked: bool) -> None:
    """Have the panel get a certificate of Let's Encrypt and use it, which may take a minute.

    Raises HestiaError, with where its log lies and what is seen from here; `checked` says that
    nothing was wrong there before.
    """
    before = _certificate(panel, found, part).not_before

    def done() -> bool:
        now = look(panel, found.owner, found.domain)
        one = _certificate(panel, now, part)
        return one.ssl == "letsencrypt" and (one.not_before != before or not before)

    args = ("", "yes") if part == "mail" else tuple(filter(None, [",".join(asked[1:])]))
    try:
        panel.write("v-add-letsencrypt-domain", found.owner, found.domain, *args,
                    target=f"{found.domain} ({part})", done=done)  # fmt: skip
    except HestiaError as exc:
        if exc.code in (CONNECT, NOT_EXIST):
            seen = [] if checked else check(panel, found, asked)
            wrong = "; ".join(one.problem for one in seen if one.problem)
            exc.hint = f"the server's {log_of(found, part)} says more; from here " + (
                f"it looks so: {wrong}" if wrong else "the names and port 80 look well"
            )
        raise


def log_of(found: Domain, part: Secured) -> str:
    """Return where the panel writes what Let's Encrypt said: bin/v-add-letsencrypt-domain."""
    name = f"mail.{found.domain}" if part == "mail" else found.domain
    return f"/var/log/hestia/LE-{found.owner}-{name}.log"


def _certificate(panel: Panel, found: Domain, part: Secured) -> Certificate:
    state = found.web.ssl if part == "web" and found.web else "no"
    if part == "mail" and found.mail:
        state = found.mail.ssl
    if state == "no":
        return Certificate(found.domain, found.owner, part, state)
    row = panel.hestia.row(f"v-list-{part}-domain-ssl", found.owner, found.domain)
    until = _moment(text(row, "NOT_AFTER"))
    return Certificate(
        domain=found.domain,
        owner=found.owner,
        part=part,
        ssl=state,
        subject=text(row, "SUBJECT"),
        names=names(row, "ALIASES"),
        not_before=_shown(_moment(text(row, "NOT_BEFORE"))),
        not_after=_shown(until),
        days_left=None if until is None else (until - datetime.now(UTC)).days,
        issuer=text(row, "ISSUER"),
    )


def _moment(said: str) -> datetime | None:
    """Return a time as openssl writes it: `Nov 22 22:59:02 2027 GMT`."""
    try:
        return datetime.strptime(said, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")

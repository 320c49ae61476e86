"""What DNS must have for a domain, wherever its name servers are, and that as a zone file.

Pure: from the panel's own zone where it has one, else from what it knows of the domain, with the
records of its template `default` (install/common/templates/dns/default.tpl of HestiaCP).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pmctl.clients.domain_dkim import HOST as DKIM
from pmctl.clients.domain_dkim import in_zone
from pmctl.clients.domain_idn import ascii_of

if TYPE_CHECKING:
    from pmctl.clients.domain import Domain
    from pmctl.clients.domain_record import Record

Source = Literal["zone", "panel"]
Row = tuple[str, str, str, int | None]  # host, type, value, priority

DELEGATION = "delegation"
_HOSTS = ("CNAME", "MX", "NS", "PTR", "SRV")  # their values end with the name of a host
_TEXTS = ("TXT", "SPF")
_SERVICES = (("submission", 587), ("imap", 143), ("imaps", 993), ("pop3", 110), ("pop3s", 995))
_STRING = 255  # bytes of one string of a TXT (RFC 1035, 3.3)
_SIGNED = (
    "the panel signs its zone (DNSSEC): where the domain is registered its DS record is needed, "
    "which the panel shows among the DNSSEC keys"
)
_TTL = 14_400  # the panel's own, in seconds


@dataclass(frozen=True)
class Needed:
    """A record that must be. `host` is within the domain, `name` the whole name, as DNS has it.

    Names of hosts in `value` are whole too, without a dot at their end; a TXT is without quotes.
    """

    host: str
    name: str
    type: str
    priority: int | None
    value: str
    ttl_seconds: int
    purpose: str
    source: Source


@dataclass(frozen=True)
class Needs:
    """All that must be in DNS, and what is wrong with the zone that the panel has."""

    domain: str
    records: tuple[Needed, ...]
    warnings: tuple[str, ...] = ()


def of_zone(found: Domain, zone: Iterable[Record], dkim: str) -> Needs:
    """Return the records of the panel's zone; `dkim` is the TXT of its key, "" without one."""
    live = [record for record in zone if not record.suspended]
    needed = [
        _needed(found.domain, r.record, r.type, r.value, r.priority, r.ttl_seconds, "zone")
        for r in live
    ]
    state = in_zone(live, dkim) if dkim else "same"
    if state == "missing":
        needed.append(_needed(found.domain, DKIM, "TXT", dkim, None, None, "panel"))
    return Needs(found.domain, tuple(needed), tuple(_wrong(found, needed, state)))


def of_facts(found: Domain, ip: str, dkim: str) -> Needs:
    """Return what a domain without a zone on the panel needs; `ip` is where the panel is."""
    rows: list[Row] = []
    address = "AAAA" if ":" in ip else "A"
    if found.web:
        rows.append(("@", address, ip, None))
        if found.web.ip6 and address == "A":
            rows.append(("@", "AAAA", found.web.ip6, None))
        within = f".{found.domain}"
        rows += [(alias.removesuffix(within), "CNAME", found.domain, None)
                 for alias in found.web.aliases if alias.endswith(within)]  # fmt: skip
    if found.mail:
        rows += _of_mail(found, ip, address, dkim)
    needed = [_needed(found.domain, *row, None, "panel") for row in _consistent(rows)]
    return Needs(found.domain, tuple(needed), tuple(relayed(found)))


def zone_file(needs: Needs) -> str:
    """Return the records as a zone file that BIND and most providers read (RFC 1035, 5).

    Name servers stand in it as comments: they are set where the domain is registered.
    """
    ttls = Counter(record.ttl_seconds for record in needs.records)
    ttl = ttls.most_common(1)[0][0] if ttls else _TTL
    lines = [f"; {ascii_of(needs.domain)}", f"$ORIGIN {ascii_of(needs.domain)}.", f"$TTL {ttl}"]
    width = max((len(record.host) for record in needs.records), default=1)
    for one in needs.records:
        own = "" if one.ttl_seconds == ttl else f"{one.ttl_seconds} "
        line = f"{one.host:<{width}} {own}IN {one.type} {zone_value(one)}"
        lines.append(f"; {line}" if one.purpose == DELEGATION else line)
    return "\n".join(lines) + "\n"


def zone_value(one: Needed) -> str:
    """Return the value of a record as a zone file has it."""
    if one.type in _TEXTS:
        return strings(one.value)
    value = f"{one.value}." if one.type in _HOSTS and not one.value.endswith(".") else one.value
    return value if one.priority is None else f"{one.priority} {value}"


def strings(text: str) -> str:
    """Return a text as quoted strings of at most 255 bytes each, one a line."""
    data = text.encode()
    pieces = [data[at : at + _STRING] for at in range(0, len(data), _STRING)] or [b""]
    quoted = ['"' + "".join(map(_spelt, piece)) + '"' for piece in pieces]
    return quoted[0] if len(quoted) == 1 else "( " + "\n    ".join(quoted) + " )"


def relayed(found: Domain) -> list[str]:
    """Return a warning where the mail of a domain leaves by another host than its own."""
    if not (found.mail and found.mail.relay):
        return []
    return [f"its mail leaves by {found.mail.relay}: the SPF record must allow that host too"]


def _of_mail(found: Domain, ip: str, address: str, dkim: str) -> list[Row]:
    host = f"mail.{found.domain}"
    own = "a mx" if found.web else "mx"
    rows: list[Row] = [
        ("mail", address, ip, None),
        ("@", "MX", host, 0),
        ("@", "TXT", f"v=spf1 {own} ip{'6' if address == 'AAAA' else '4'}:{ip} -all", None),
        ("_dmarc", "TXT", "v=DMARC1; p=quarantine; pct=100", None),
    ]
    if dkim:
        rows.append((DKIM, "TXT", dkim, None))
    if found.mail and found.mail.webmail:
        alias = found.mail.webmail.removesuffix(f".{found.domain}")
        rows.append((alias, "CNAME", host, None))
    rows += [(f"_{service}._tcp", "SRV", f"0 {port} {host}", 1) for service, port in _SERVICES]
    return rows


def _consistent(rows: Iterable[Row]) -> list[Row]:
    """Return rows without a CNAME where the same name has something else, and none twice."""
    all_ = list(dict.fromkeys(rows))
    taken = {host for host, type_, _, _ in all_ if type_ != "CNAME"}
    return [row for row in all_ if row[1] != "CNAME" or row[0] not in taken]


def _needed(
    domain: str,
    host: str,
    type_: str,
    value: str,
    priority: int | None,
    ttl_seconds: int | None,
    source: Source,
) -> Needed:
    own = ascii_of(host)
    if type_ in _HOSTS:
        value = ascii_of(value)
        value = value if value.endswith(" .") or value == "." else value.rstrip(".")
    return Needed(
        host=own,
        name=ascii_of(domain) if own == "@" else f"{own}.{ascii_of(domain)}",
        type=type_,
        priority=priority if type_ in ("MX", "SRV") else None,
        value=value,
        ttl_seconds=_TTL if ttl_seconds is None else ttl_seconds,
        purpose=purpose(own, type_, value),
        source=source,
    )


def purpose(host: str, type_: str, value: str) -> str:
    """Return what a record is for, in a word or two; "" where that cannot be told."""
    if type_ == "NS" and host == "@":
        return DELEGATION
    if type_ in _TEXTS:
        return _text_purpose(host, value)
    if type_ in ("MX", "CAA"):
        return "mail comes in" if type_ == "MX" else "certificates"
    if type_ == "SRV" or host in ("autoconfig", "autodiscover"):
        return "mail clients"
    return {"@": "web site", "www": "web site", "mail": "mail server", "webmail": "webmail",
            "ftp": "files"}.get(host, "")  # fmt: skip


def _text_purpose(host: str, value: str) -> str:
    low = value.lower()
    if low.startswith("v=spf1"):
        return "SPF"
    if host.endswith("_domainkey") or low.startswith("v=dkim1"):
        return "DKIM"
    return "DMARC" if host.startswith("_dmarc") else ""


def _wrong(found: Domain, needed: Sequence[Needed], dkim: str) -> list[str]:
    """Return what the registrar lacks or mail would suffer from, in words."""
    said = [_SIGNED] if found.dns and found.dns.dnssec else []
    if not found.mail:
        return said
    said += relayed(found)
    if dkim == "missing":
        said.append("the panel's zone lacks the record of its DKIM key; it is added here")
    if dkim == "other":
        said.append("the DKIM record in the panel's zone is not of the key that it signs with: "
                    "`pmctl domain dkim` shows the right one")  # fmt: skip
    if dkim == "same" and not any(one.purpose == "DKIM" for one in needed):
        said.append("DKIM is off: `pmctl domain dkim NAME --enable` makes a key")
    spf = sum(one.purpose == "SPF" and one.host == "@" for one in needed)
    if spf != 1:
        said.append("no SPF record" if spf == 0 else f"{spf} SPF records; only one may be")
    if not any(one.purpose == "DMARC" for one in needed):
        said.append("no DMARC record")
    if not any(one.type == "MX" and one.host == "@" for one in needed):
        said.append("no MX record: no mail comes in")
    return said


def _spelt(byte: int) -> str:
    sign = chr(byte)
    if sign in '"\\':
        return f"\\{sign}"
    return sign if re.fullmatch(r"[ -~]", sign) else f"\\{byte:03d}"

"""DNS records as the panel stores them, so that an equal one is known before it is added.

Pure: text in, records out. v-add-dns-record lowers names, ends host names with a dot, takes the
quotes out of TXT and puts its own around what has blanks, loses backslashes, and reads an SRV
only with all four of its fields (func/internal/dns_record_validator.php of HestiaCP).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pmctl.clients.domain_idn import ascii_of
from pmctl.errors import UsageError
from pmctl.text import did_you_mean

TYPES = ("A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "IPSECKEY", "KEY", "MX", "NS", "PTR", "SPF",
         "SRV", "TLSA", "TXT")  # fmt: skip
DEFAULT_PRIORITY = 10  # what the panel takes for an MX or SRV without one
_HOSTS = ("CNAME", "MX", "NS", "PTR")
_FIELDS = {"MX": 2, "SRV": 4}  # of a value with its priority
_TEXTS = ("TXT", "SPF")
_MOST_TTL = 2_147_483_647  # RFC 2181, 8


@dataclass(frozen=True)
class Wanted:
    """A record as it is to be: `record` within the zone (`@` is the zone itself)."""

    record: str
    type: str
    value: str
    priority: int | None = None
    ttl_seconds: int | None = None  # None: whatever the zone has


@dataclass(frozen=True)
class Record:
    """A record of a zone. `value` as the panel shows it, without the quotes of a TXT."""

    id: int
    record: str
    type: str
    priority: int | None
    value: str
    ttl_seconds: int | None
    suspended: bool


def parse(name: str, row: Mapping[str, Any]) -> Record:
    """Return a row of v-list-dns-records; `name` is its key there, the id."""
    said = {key: str(row.get(key) or "") for key in ("RECORD", "TYPE", "VALUE")}
    value = said["VALUE"]
    if said["TYPE"] in _TEXTS:
        value = _unquoted(value)
    return Record(
        id=_number(row.get("ID")) or _number(name) or 0,
        record=said["RECORD"],
        type=said["TYPE"],
        priority=_number(row.get("PRIORITY")),
        value=value,
        ttl_seconds=_number(row.get("TTL")),
        suspended=row.get("SUSPENDED") == "yes",
    )


def wanted(
    zone: str,
    record: str,
    type_: str,
    value: str,
    priority: int | None = None,
    ttl_seconds: int | None = None,
) -> Wanted:
    """Return a record that a person wrote as the panel would store it.

    Raises UsageError for what the panel refuses, or would change without a word.
    """
    kind = kind_of(type_)
    name = record_name(zone, record)
    if kind == "CNAME" and name == "@":
        raise UsageError("a domain itself can have no CNAME", hint="give it an A record instead")
    if ttl_seconds is not None and not 0 < ttl_seconds <= _MOST_TTL:
        raise UsageError(f"a TTL of {ttl_seconds}", hint=f"seconds, from 1 to {_MOST_TTL:,}")
    text = value.strip()
    if not text or not text.isprintable():
        raise UsageError(f"{value!r} is no value of a record", hint="one line of text")
    text, priority = _prioritised(kind, text, priority)
    return Wanted(name, kind, _VALUES.get(kind, _as_it_is)(kind, text), priority, ttl_seconds)


def kind_of(type_: str) -> str:
    """Return the type of a record as the panel has it. Raises UsageError with the nearest one."""
    kind = type_.strip().upper()
    if kind not in TYPES:
        raise UsageError(f"{type_!r} is no type of record that HestiaCP has",
                         hint=did_you_mean(kind, TYPES))  # fmt: skip
    return kind


def record_name(zone: str, record: str) -> str:
    """Return a name within a zone as the panel has it; with the zone at its end, or `@`, too.

    Raises UsageError for a name in another zone, and for what is no name.
    """
    text = record.strip().lower()
    full, own = ascii_of(text.rstrip(".")), ascii_of(zone)
    if text == "@" or full == own:
        return "@"
    for ending in (f".{zone}", f".{own}"):
        if text.rstrip(".").endswith(ending):
            text = text.rstrip(".").removesuffix(ending)
    if text.endswith("."):
        raise UsageError(f"{record} is not in {zone}", hint=f"a name without a dot at its end is "
                         f"one in {zone}; @ is {zone} itself")  # fmt: skip
    if not re.fullmatch(r"(?:\*|[\w-]+)(?:\.[\w-]+)*", text):
        raise UsageError(f"{record!r} is no name of a record", hint="as in www, _dmarc, * or @")
    return text


def checked_address(text: str) -> str:
    """Return an address, or the nothing that was given. Raises UsageError for what is none."""
    if text and not _is_address(text):
        raise UsageError(f"{text} is no address", hint="as in 192.0.2.10 or 2001:db8::10")
    return text


def same(one: Record | Wanted, other: Record | Wanted) -> bool:
    """Whether DNS would answer the same for both, their TTL apart."""
    return key(one) == key(other)


def key(one: Record | Wanted) -> tuple[str, str, int | None, str]:
    """Return what two equal records have in common, however they are written."""
    value = one.value
    if one.type in ("A", "AAAA"):
        value = _address_or_text(value)
    elif one.type in _TEXTS:
        value = _unquoted(value)
    elif one.type == "CAA":
        value = " ".join(value.replace('"', "").split())
    else:
        value = ascii_of(" ".join(value.split()).rstrip("."))
    priority = one.priority if one.type in ("MX", "SRV") else None
    return (ascii_of(one.record), one.type, priority, value)


def sent_value(one: Wanted) -> str:
    """Return the value as the panel reads it: of an SRV all four fields."""
    return f"{one.priority} {one.value}" if one.type == "SRV" else one.value


def prioritised(type_: str, value: str) -> bool:
    """Whether a value begins with its priority, as in zone files: `10 mail.example.com`."""
    fields = value.split()
    within = _FIELDS.get(type_.upper())
    return bool(fields) and len(fields) == within and fields[0].isascii() and fields[0].isdigit()


def _prioritised(kind: str, text: str, priority: int | None) -> tuple[str, int | None]:
    """Take the priority out of a value that begins with one, as zone files have it."""
    fields = text.split()
    if kind not in _FIELDS:
        if priority is not None:
            raise UsageError(f"a {kind} record has no priority", hint="only MX and SRV have one")
        return text, None
    if prioritised(kind, text):
        written = int(fields[0])
        if priority not in (None, written):
            raise UsageError(f"--priority {priority} and {written} in the value disagree",
                             hint="say it once")  # fmt: skip
        text, priority = " ".join(fields[1:]), written
    priority = DEFAULT_PRIORITY if priority is None else priority
    if not 0 <= priority <= 65_535:
        raise UsageError(f"a priority of {priority}", hint="from 0 to 65535")
    return text, priority


def _host(kind: str, text: str) -> str:
    """Return the name of a host with a dot at its end: the panel takes each for a whole name."""
    name = ascii_of(text).rstrip(".")
    if _is_address(name):
        raise UsageError(f"{text} is an address, and {kind} wants the name of a host",
                         hint="give a name an A record, and point to that name")  # fmt: skip
    if "." not in name or not re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", name, re.ASCII):
        raise UsageError(
            f"{kind} {text}: HestiaCP wants a host with its domain", hint="as in mail.example.com"
        )
    return f"{name}."


def _service(kind: str, text: str) -> str:
    """Return the weight, port and host of an SRV."""
    fields = text.split()
    numbers = [field for field in fields[:2] if field.isdigit() and int(field) <= 65_535]
    if len(fields) != 3 or len(numbers) != 2:
        raise UsageError(f"SRV {text}: it is a weight, a port and a host",
                         hint="as in `0 5 443 host.example.com`, the priority first")  # fmt: skip
    host = "." if fields[2] == "." else _host(kind, fields[2])
    return f"{int(fields[0])} {int(fields[1])} {host}"


def _address(kind: str, text: str) -> str:
    number = 4 if kind == "A" else 6
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        found = None
    if found is None or found.version != number or "%" in text:
        raise UsageError(f"{kind} {text}: that is no IPv{number} address",
                         hint="AAAA is for IPv6" if kind == "A" else "A is for IPv4")  # fmt: skip
    return str(found)


def _text(kind: str, text: str) -> str:
    """Return a text without its quotes. Raises UsageError for what the panel would lose of it."""
    plain = _unquoted(text)
    if '"' in plain or "\\" in plain:
        raise UsageError(
            f"{kind} {text[:40]}: HestiaCP loses quotes and backslashes within a text",
            hint="quotes around the whole are fine, and not needed",
        )
    if not plain.isascii():
        raise UsageError(f"{kind} {text[:40]}: it has signs beyond ASCII", hint="DNS has bytes; "
                         "most readers of such records take ASCII only")  # fmt: skip
    return plain


def _authority(kind: str, text: str) -> str:
    """Return a CAA as the panel keeps it: exactly as it was given."""
    found = re.fullmatch(r'(\d{1,3})\s+([A-Za-z0-9]{1,63})\s+"?([^"\\]+)"?', text)
    if not found or int(found[1]) > 255:
        raise UsageError(f"{kind} {text}: it is a flag, a tag and a value",
                         hint="as in `0 issue letsencrypt.org`")  # fmt: skip
    return f'{int(found[1])} {found[2]} "{found[3].strip()}"'


def _as_it_is(kind: str, text: str) -> str:
    del kind
    return text


_VALUES = {
    **dict.fromkeys(_HOSTS, _host),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(("A", "AAAA"), _address),
    "SRV": _service,
    "CAA": _authority,
}


def _unquoted(text: str) -> str:
    """Return a TXT without quotes; several strings in quotes are one (RFC 7208, 3.3)."""
    strings = r'"([^"\\]*)"'
    if re.fullmatch(rf"{strings}(?:\s*{strings})*", text):
        return "".join(re.findall(strings, text))
    return text


def _address_or_text(text: str) -> str:
    return str(ipaddress.ip_address(text)) if _is_address(text) else text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() else None

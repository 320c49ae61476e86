"""Commands of DNS domains and their records."""

from __future__ import annotations

import ipaddress

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import EXISTS, INVALID, NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_store import Row, User, Zone

TYPES = ("A", "AAAA", "NS", "CNAME", "MX", "TXT", "SRV", "DNSKEY", "KEY", "IPSECKEY", "PTR", "SPF",
         "TLSA", "CAA", "DS")  # fmt: skip
_NAMES = ("NS", "CNAME", "MX", "PTR", "SRV")  # their values end with a dot
_UNQUOTED = ("SRV", "DNSKEY", "DS", "TLSA", "KEY", "IPSECKEY")
_SERVICES = (("submission", 587), ("imap", 143), ("imaps", 993), ("pop3", 110), ("pop3s", 995))


@command("v-add-dns-domain", "USER DOMAIN IP [NS1] [NS2] [NS3] [..] [NS8] [RESTART]")
def _add(call: Call) -> str:
    owner, given, ip = call.take(3)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    check.ip_format(ip)
    user = check.user(call.store, owner, active=True)
    check.new_domain(call.store, user, name, "dns")
    check.room(user, "DNS_DOMAINS", len(user.dns))
    servers = [one.strip(".") for one in call.take(11)[3:]]
    for number, server in enumerate(servers, start=1):
        check.domain_format(server, f"ns{number}")
    if not servers[1]:
        servers = user.conf["NS"].split(",")
    now = call.store.clock()
    stamp = call.store.stamp()
    records = _template(name, ip, servers)
    for number, row in records.items():
        row.update({"ID": str(number), "SUSPENDED": "no", **stamp})
    conf = {"IP": ip, "TPL": user.conf["DNS_TEMPLATE"], "TTL": "14400",
            "EXP": f"{now.replace(day=min(now.day, 28), year=now.year + 1):%Y}-{now:%m-%d}",
            "SOA": servers[0], "SERIAL": f"{now:%Y%m%d}01", "DNSSEC": "no", "SRC": "",
            "RECORDS": str(len(records)), "SUSPENDED": "no", **stamp}  # fmt: skip
    user.dns[name] = Zone(conf, records)
    call.bump(user, "U_DNS_DOMAINS")
    call.bump(user, "U_DNS_RECORDS", len(records))
    return ""


def _template(name: str, ip: str, servers: list[str]) -> dict[int, Row]:
    """The records of the template `default`: ids 1 to 8 are for name servers."""
    rows: dict[int, tuple[str, str, str, str]] = {
        number: ("@", "NS", "", f"{server}.")
        for number, server in enumerate(servers, start=1)
        if server
    }
    rest = [("@", "A", "", ip), ("www", "CNAME", "", f"{name}."), ("ftp", "CNAME", "", f"{name}."),
            ("mail", "A", "", ip), ("webmail", "CNAME", "", f"mail.{name}."),
            ("@", "MX", "0", f"mail.{name}."), ("@", "TXT", "", f'"v=spf1 a mx ip4:{ip} -all"'),
            ("_dmarc", "TXT", "", '"v=DMARC1; p=quarantine; pct=100"')]  # fmt: skip
    rest += [(f"_{one}._tcp", "SRV", "1", f"0 {port} mail.{name}.") for one, port in _SERVICES]
    rows |= dict(enumerate(rest, start=9))
    keys = ("RECORD", "TYPE", "PRIORITY", "VALUE")
    return {number: dict(zip(keys, row, strict=True)) for number, row in rows.items()}


@command("v-delete-dns-domain", "USER DOMAIN [RESTART]")
def _delete(call: Call) -> str:
    user, name, _ = _zone(call, active=False)
    drop(call, user, name)
    return ""


def drop(call: Call, user: User, name: str) -> None:
    """Take a zone away."""
    gone = user.dns.pop(name)
    if gone.conf["SUSPENDED"] == "yes":
        call.bump(user, "SUSPENDED_DNS", -1)
    call.bump(user, "U_DNS_DOMAINS", -1)
    call.bump(user, "U_DNS_RECORDS", -len(gone.records))


def _zone(call: Call, *, active: bool = True) -> tuple[User, str, Zone]:
    owner, given = call.take(2)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    user = check.user(call.store, owner, active=active)
    return user, name, check.zone(user, name, active=active)


@command("v-add-dns-record", "USER DOMAIN RECORD TYPE VALUE [PRIORITY] [ID] [RESTART] [TTL]")
def _add_record(call: Call) -> str:
    record, kind, value, priority, number, _, ttl = call.take(9)[2:]
    row = _checked(record, kind, value, priority or "10")
    user, name, zone = _zone(call)
    check.room(user, "DNS_RECORDS", len(zone.records))
    check.number_format(number, "id")
    if number and int(number) in zone.records:
        raise failed(EXISTS, f"ID={number} already exists")
    check.number_format(ttl, "ttl")
    put_record(call, user, name, row | ({"TTL": ttl} if ttl else {}), int(number or 0))
    return ""


def _checked(record: str, kind: str, value: str, priority: str) -> Row:
    """Return a record as it is stored. Raises ExitError for what is none."""
    kind, record = kind.upper(), record.lower()
    if record == "@" and kind == "CNAME":
        raise failed(INVALID, "CNAME on root is not allowed")
    if kind not in TYPES:
        raise failed(INVALID, f"invalid dns record type format :: {kind}")
    if kind in _NAMES and not value.endswith("."):
        value += "."
    if kind != "CAA":
        value = value.replace('"', "")
        if kind not in _UNQUOTED and any(one in "; \t\n" for one in value):
            value = f'"{value}"'
    _fits(kind, value)
    if kind == "SRV" and len(value.split()) == 4:
        priority, _, value = value.partition(" ")
    if kind not in {"MX", "SRV"}:
        priority = ""
    return {"RECORD": record, "TYPE": kind, "PRIORITY": priority, "VALUE": value}


def _fits(kind: str, value: str) -> None:
    if "\n" in value:
        raise failed(INVALID, f"invalid value :: {value}")
    parse = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}.get(kind)
    try:
        if parse:
            parse(value)
    except ValueError:
        raise failed(INVALID, f"dns record validation failed :: {value}") from None


def put_record(call: Call, user: User, name: str, row: Row, number: int = 0) -> None:
    """Add a record, be there an equal one or not, and count it."""
    zone = user.dns[name]
    number = number or max(zone.records, default=0) + 1
    whole = {"PRIORITY": "", **row, "ID": str(number), "SUSPENDED": "no", **call.store.stamp()}
    zone.records[number] = whole
    zone.records = dict(sorted(zone.records.items()))
    _changed(zone)
    call.bump(user, "U_DNS_RECORDS")


def _changed(zone: Zone) -> None:
    zone.conf["RECORDS"] = str(len(zone.records))
    zone.conf["SERIAL"] = str(int(zone.conf["SERIAL"]) + 1)


@command("v-delete-dns-record", "USER DOMAIN ID [RESTART]")
def _delete_record(call: Call) -> str:
    number = call.args[2]
    user, name, zone = _zone(call, active=False)
    row = _record(zone, name, number)
    same = [one for one in zone.records.values() if one["TYPE"] == row["TYPE"]]
    if row["TYPE"] in {"A", "NS"} and len(same) == 1:
        raise failed(INVALID, f"at least one {row['TYPE']} record should remain active")
    del zone.records[int(number)]
    _changed(zone)
    call.bump(user, "U_DNS_RECORDS", -1)
    return ""


def _record(zone: Zone, name: str, number: str) -> Row:
    check.number_format(number, "id")
    found = zone.records.get(int(number or 0))
    if found is None:
        raise failed(NOTEXIST, f"{name} id {number} doesn't exist")
    return found


@command("v-change-dns-record", "USER DOMAIN ID RECORD TYPE VALUE [PRIORITY] [RESTART] [TTL]")
def _change_record(call: Call) -> str:
    number, record, kind, value, priority, _, ttl = call.take(9)[2:]
    _, name, zone = _zone(call)
    row = _record(zone, name, number)
    row.update(_checked(record, kind or row["TYPE"], value, priority or row["PRIORITY"] or "10"))
    if ttl:
        check.number_format(ttl, "ttl")
        row["TTL"] = ttl
    _changed(zone)
    return ""


def _setting(noun: str, key: str, usage: str) -> None:
    @command(f"v-change-dns-domain-{noun}", f"USER DOMAIN {usage}")
    def _change(call: Call) -> str:
        _, _, zone = _zone(call)
        if key == "TTL":
            check.number_format(call.args[2], "ttl")
        zone.conf[key] = call.args[2]
        return ""


for _noun, _key, _usage in (
    ("exp", "EXP", "EXP"),
    ("ip", "IP", "IP [RESTART]"),
    ("soa", "SOA", "SOA [RESTART]"),
    ("tpl", "TPL", "TEMPLATE [RESTART]"),
    ("ttl", "TTL", "TTL [RESTART]"),
):
    _setting(_noun, _key, _usage)

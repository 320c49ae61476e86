"""Commands that show certificates, and the addresses of a user."""

from __future__ import annotations

import datetime

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import Call, command
from pmctl.sandbox.hestia_store import Row

_FIELDS = ("CRT", "KEY", "CA", "SUBJECT", "ALIASES", "NOT_BEFORE", "NOT_AFTER", "SIGNATURE",
           "PUB_KEY", "ISSUER")  # fmt: skip
PRIVATE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"  # of nothing
_ISSUER = "C = US, O = Let's Encrypt, CN = R11"
_VALID = datetime.timedelta(days=90)


@command("v-list-web-domain-ssl", "USER DOMAIN [FORMAT]")
def _web(call: Call) -> str:
    owner, name = call.take(2)
    row = check.web_domain(check.user(call.store, owner), name)
    names = [name, *filter(None, row["ALIAS"].split(","))]
    return _shown(call, name, row, names, (*_FIELDS, "SSL_FORCE"))


@command("v-list-mail-domain-ssl", "USER DOMAIN [FORMAT]")
def _mail(call: Call) -> str:
    owner, name = call.take(2)
    row = check.mail_domain(check.user(call.store, owner), name).conf
    return _shown(call, name, row, [f"mail.{name}", f"webmail.{name}"])


def _shown(
    call: Call, name: str, row: Row, names: list[str], fields: tuple[str, ...] = _FIELDS
) -> str:
    values = dict.fromkeys(fields, "")
    if row["SSL"] == "yes":
        until = call.store.clock().replace(microsecond=0) + _VALID
        values |= {
            "CRT": _pem("CERTIFICATE"), "KEY": _pem("PRIVATE KEY"), "CA": _pem("CERTIFICATE"),
            "SUBJECT": names[0], "ALIASES": ",".join(names),
            "NOT_BEFORE": _dated(until - _VALID), "NOT_AFTER": _dated(until),
            "SIGNATURE": "sha256WithRSAEncryption", "PUB_KEY": "2048 bit", "ISSUER": _ISSUER,
        }  # fmt: skip
    if call.given(3, "shell") != "json":
        return "\n".join(values.values())
    lines = ",\n".join(f'        "{field}": "{value}"' for field, value in values.items())
    return f'{{\n\t"{name}": {{\n{lines}\n\t}}\n}}'


def _dated(moment: datetime.datetime) -> str:
    """Write a moment as openssl does: the day two wide, with a blank."""
    return f"{moment:%b} {moment.day:2} {moment:%H:%M:%S %Y} GMT"


def _pem(kind: str) -> str:
    return f"-----BEGIN {kind}-----\\n{PRIVATE}\\n-----END {kind}-----"


@command("v-list-user-ips", "USER [FORMAT]")
def _addresses(call: Call) -> str:
    check.user(call.store, call.args[0])
    if call.given(2, "shell") != "json":
        return "\n".join(f"{ip}\tadmin\tshared\t\t" for ip in call.store.ips)
    rows = ",\n".join(
        f'    "{ip}": {{\n        "OWNER": "admin",\n        "STATUS": "shared",\n'
        f'        "NAME": "",\n        "NAT": "{call.store.nat.get(ip, "")}"\n        }}'
        for ip in call.store.ips
    )
    return f"{{\n{rows}\n}}"

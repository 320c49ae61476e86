"""The panel's lists of users and of what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox import hestia_json as shown
from pmctl.sandbox.hestia_commands import NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_fields import (
    DATABASE,
    MAIL_DOMAIN,
    MAIL_DOMAINS,
    MAILBOX,
    MAILBOXES,
    PACKAGE,
    PACKAGES,
    RECORDS,
    USER,
    USERS,
    WEB_DOMAIN,
    WEB_DOMAINS,
    ZONE,
)
from pmctl.sandbox.hestia_store import Row

Rows = Sequence[tuple[str, Mapping[str, str]]]


def listed(form: str, rows: Rows, fields: Sequence[str], tail: str = "    }") -> str:
    """Return rows in a format; one that it does not know is nothing at all."""
    names = [field.lstrip("=>") for field in fields]
    if form == "json":
        return shown.table(rows, fields, tail)
    if form == "plain":
        return shown.plain([(key, {**row, "": key}) for key, row in rows], ["", *names])
    if form == "csv":
        return shown.csv(rows, names)
    if form == "shell":
        return shown.columns(names, [[row.get(one, "") for one in names] for _, row in rows])
    return ""


@command("v-list-users", "[FORMAT]")
def _users(call: Call) -> str:
    form = call.given(1, "shell")
    rows = [(name, user.conf) for name, user in list(call.store.users.items())]
    if form == "list":
        return "\n".join(name for name, _ in rows)
    if form == "json":
        echoed = ",\n".join(shown.row(name, conf, USERS, "        }") for name, conf in rows)
        return f"{{\n{echoed}}}"  # no line end before the last brace
    if form == "shell":
        head = ("USER", "ROLE", "PKG", "WEB", "DNS", "MAIL", "DB", "DISK", "BW", "SPND", "DATE")
        keys = ("ROLE", "PACKAGE", "U_WEB_DOMAINS", "U_DNS_DOMAINS", "U_MAIL_DOMAINS",
                "U_DATABASES", "U_DISK", "U_BANDWIDTH", "SUSPENDED", "DATE")  # fmt: skip
        return shown.columns(
            head, [[name, *(row[key] for key in keys)] for name, row in rows], "MAIL"
        )
    return listed(form, rows, USERS)


@command("v-list-user", "USER [FORMAT]")
def _user(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    root = call.store.users[call.store.root].conf
    conf = {**user.conf, "U_USERS": root["U_USERS"], "SUSPENDED_USERS": root["SUSPENDED_USERS"]}
    return listed(call.given(2, "shell"), [(user.name, conf)], USER, "        }")


@command("v-list-user-ns", "USER [FORMAT]")
def _nameservers(call: Call) -> str:
    servers = check.user(call.store, call.args[0]).conf["NS"].split(",")
    if call.given(2, "shell") == "json":
        return "[\n" + ",\n".join(f'\t"{one}"' for one in servers) + "\n]"
    return "\n".join(servers)


@command("v-list-user-packages", "[FORMAT]")
def _packages(call: Call) -> str:
    newest_first = list(reversed(call.store.packages.items()))
    return listed(call.given(1, "shell"), newest_first, PACKAGES)


@command("v-list-user-package", "PACKAGE [FORMAT]")
def _package(call: Call) -> str:
    name = call.args[0]
    if name not in call.store.packages:
        raise failed(NOTEXIST, f"package {name} doesn't exist")
    return listed(call.given(2, "shell"), [(name, call.store.packages[name])], PACKAGE)


@command("v-list-mail-domains", "USER [FORMAT]")
def _mail_domains(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    alias = {"WEBMAIL_ALIAS": call.store.config["WEBMAIL_ALIAS"]}
    rows = [(name, {**domain.conf, **alias}) for name, domain in list(user.mail.items())]
    return listed(call.given(2, "shell"), rows, MAIL_DOMAINS)


@command("v-list-mail-domain", "USER DOMAIN [FORMAT]")
def _mail_domain(call: Call) -> str:
    name = call.args[1]
    conf = check.mail_domain(check.user(call.store, call.args[0]), name).conf
    webmail = f"{call.store.config['WEBMAIL_ALIAS']}.{name}"
    rows = [(name, {**conf, "WEBMAIL_ALIAS": webmail})]
    return listed(call.given(3, "shell"), rows, MAIL_DOMAIN, "        }")


@command("v-list-mail-accounts", "USER DOMAIN [FORMAT]")
def _mailboxes(call: Call) -> str:
    owner, name = call.take(2)
    rows = list(check.mail_domain(check.user(call.store, owner), name).accounts.items())
    form = call.given(3, "shell")
    if form == "csv":
        return shown.csv(rows, ("ACCOUNT", *MAILBOXES), quoted=("ALIAS", "FWD"))
    if form == "plain":
        order = ("ACCOUNT", "ALIAS", "FWD", "FWD_ONLY", *MAILBOXES[3:])
        return shown.plain(rows, order)
    if form == "shell":
        said = [[local, "yes" if row["ALIAS"] else "no", "yes" if row["FWD"] else "no",
                 row["U_DISK"], row["DATE"]] for local, row in rows]  # fmt: skip
        return shown.columns(("ACCOUNT", "ALIAS", "FWD", "DISK", "DATE"), said)
    return listed(form, rows, MAILBOXES)


@command("v-list-mail-account", "USER DOMAIN ACCOUNT [FORMAT]")
def _mailbox(call: Call) -> str:
    row = _account(call)
    _, name, local = call.take(3)
    webmail = f"{call.store.config['WEBMAIL_ALIAS']}.{name}"
    return listed(call.given(4, "shell"), [(local, {**row, "WEBMAIL_ALIAS": webmail})], MAILBOX)


def _account(call: Call) -> Row:
    owner, name, local = call.take(3)
    check.local_format(local)
    return check.account(check.mail_domain(check.user(call.store, owner), name), name, local)


@command("v-list-mail-account-autoreply", "USER DOMAIN ACCOUNT [FORMAT]")
def _autoreply(call: Call) -> str:
    row = _account(call)
    check.running(row, call.args[1], call.args[2])
    text = row.get("message", "")
    if call.given(4, "shell") != "json":
        return text
    told = text.encode("utf-8", "surrogateescape")
    for escape, real in ((b"\\n", b"\n"), (b"\\t", b"\t"), (b"\\r", b"\r")):
        told = told.replace(escape, real)  # what `echo -e` made of it as it was stored
    told = told.rstrip(b"\n").replace(b"\n", b"\\n").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    message = told.replace(b"%quote%", b"'").decode("utf-8", "surrogateescape")
    return f'{{\n\t"{call.args[2]}": {{\n            "MSG": "{message}"\n\t}}\n}}'


@command("v-list-mail-domain-dkim", "USER DOMAIN [FORMAT]")
def _dkim(call: Call) -> str:
    name = call.args[1]
    key = check.mail_domain(check.user(call.store, call.args[0]), name).key
    lines = "\\n".join(key[at : at + 64] for at in range(0, len(key), 64))
    private = f"-----BEGIN PRIVATE KEY-----\\n{lines}\\n-----END PRIVATE KEY-----" if key else ""
    public = f"-----BEGIN PUBLIC KEY-----\\n{lines}\\n-----END PUBLIC KEY-----" if key else ""
    return f'{{\n\t"{name}": {{\n        "PEM": "{private}",\n        "PUB": "{public}"\n\t}}\n}}'


@command("v-list-mail-domain-dkim-dns", "USER DOMAIN [FORMAT]")
def _dkim_dns(call: Call) -> str:
    key = check.mail_domain(check.user(call.store, call.args[0]), call.args[1]).key
    text = f"'v=DKIM1; k=rsa; p={key or 'DKIM-SUPPORT-IS-NOT-ACTIVATED'}'"
    if call.given(3, "shell") != "json":
        return f"mail._domainkey 3600 IN TXT {text}"
    start = '{\n\n\t"mail._domainkey": {\n            "TTL": "3600",\n            "TXT": '
    return f'{start}"{text}"\n\t}}\n}}'


@command("v-list-web-domains", "USER [FORMAT]")
def _web_domains(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    return listed(call.given(2, "shell"), list(user.web.items()), WEB_DOMAINS)


@command("v-list-web-domain", "USER DOMAIN [FORMAT]")
def _web_domain(call: Call) -> str:
    owner, name = call.take(2)
    row = check.web_domain(check.user(call.store, owner), name)
    return listed(call.given(3, "shell"), [(name, row)], WEB_DOMAIN)


@command("v-list-dns-domains", "USER [FORMAT]")
def _zones(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    rows = [(name, zone.conf) for name, zone in list(user.dns.items())]
    return listed(call.given(2, "shell"), rows, ZONE)


@command("v-list-dns-domain", "USER DOMAIN [FORMAT]")
def _zone(call: Call) -> str:
    owner, name = call.take(2)
    conf = check.zone(check.user(call.store, owner), name).conf
    return listed(call.given(3, "shell"), [(name, conf)], ZONE)


@command("v-list-dns-records", "USER DOMAIN [FORMAT]")
def _records(call: Call) -> str:
    owner, name = call.take(2)
    zone = check.zone(check.user(call.store, owner), name)
    rows = [(row["ID"], _record(row, zone.conf["TTL"])) for row in list(zone.records.values())]
    return listed(call.given(3, "shell"), rows, RECORDS)


def _record(row: Row, ttl: str) -> Row:
    """A record as it is shown: without its backslashes, its quotes escaped."""
    value = row["VALUE"].replace("\\", "").replace('"', '\\"').replace("%quote%", "'")
    return {"TTL": ttl, **row, "VALUE": value}


@command("v-list-databases", "USER [FORMAT]")
def _databases(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    return listed(call.given(2, "shell"), list(user.db.items()), DATABASE)


@command("v-list-database", "USER DATABASE [FORMAT]")
def _database(call: Call) -> str:
    owner, name = call.take(2)
    row = check.database(check.user(call.store, owner), name)
    return listed(call.given(3, "shell"), [(name, row)], DATABASE)

"""Commands of mail domains."""

from __future__ import annotations

import base64
import hashlib

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import EXISTS, INVALID, NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_dns import put_record
from pmctl.sandbox.hestia_store import MailDomain, User

NO_WEBMAIL = "Error:  type is invalid"
NO_ALIAS = "Error: WEBMAIL_ALIAS is not defined in hestia.conf."


_ADD = "USER DOMAIN [ANTISPAM] [ANTIVIRUS] [DKIM] [DKIM_SIZE] [RESTART] [REJECT_SPAM]"


@command("v-add-mail-domain", _ADD)
def _add(call: Call) -> str:
    owner, given = call.take(2)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    user = check.user(call.store, owner, active=True)
    check.new_domain(call.store, user, name, "mail")
    check.room(user, "MAIL_DOMAINS", len(user.mail))
    dkim = call.given(5, "yes")
    webmail = call.store.config["WEBMAIL_SYSTEM"]
    conf = {"ANTIVIRUS": "no", "ANTISPAM": call.given(3, "yes"), "REJECT": call.given(8, "no"),
            "RATE_LIMIT": "200", "DKIM": dkim, "CATCHALL": "", "ACCOUNTS": "0", "U_DISK": "0",
            "SSL": "no", "LETSENCRYPT": "no", "SUSPENDED": "no", **call.store.stamp(),
            "WEBMAIL": webmail}  # fmt: skip
    domain = user.mail[name] = MailDomain(conf)
    if dkim == "yes":
        _sign(call, user, name, domain)
    call.bump(user, "U_MAIL_DOMAINS")
    return "" if webmail else NO_WEBMAIL


def _sign(call: Call, user: User, name: str, domain: MailDomain) -> None:
    """Give a domain a DKIM key, and its zone the record."""
    domain.key = base64.b64encode(
        b"".join(hashlib.sha256(f"{name}{part}".encode()).digest() for part in range(9))
    ).decode()
    call.bump(user, "U_MAIL_DKIM")
    if name in user.dns:
        text = f'"v=DKIM1; k=rsa; p={domain.key}"'
        put_record(call, user, name, {"RECORD": "mail._domainkey", "TYPE": "TXT", "VALUE": text})


@command("v-delete-mail-domain", "USER DOMAIN")
def _delete(call: Call) -> str:
    user, name, domain = _domain(call, active=False)
    drop(call, user, name, domain)
    return "" if call.store.config["WEBMAIL_SYSTEM"] else NO_ALIAS


def drop(call: Call, user: User, name: str, domain: MailDomain) -> None:
    """Take a mail domain away, with its mailboxes, and its key's record out of the zone."""
    del user.mail[name]
    if domain.conf["DKIM"] == "yes":
        call.bump(user, "U_MAIL_DKIM", -1)
        if name in user.dns:
            records = user.dns[name].records
            for number, row in list(records.items()):
                if row["RECORD"] in {"mail._domainkey", "_domainkey"}:
                    del records[number]
                    call.bump(user, "U_DNS_RECORDS", -1)
            user.dns[name].conf["RECORDS"] = str(len(records))
    if domain.conf["SUSPENDED"] == "yes":
        call.bump(user, "SUSPENDED_MAIL", -1)
    call.bump(user, "U_MAIL_DOMAINS", -1)
    call.bump(user, "U_MAIL_ACCOUNTS", -len(domain.accounts))


def _domain(call: Call, *, active: bool = True) -> tuple[User, str, MailDomain]:
    owner, given = call.take(2)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    user = check.user(call.store, owner, active=active)
    return user, name, check.mail_domain(user, name, active=active)


@command("v-add-mail-domain-dkim", "USER DOMAIN [DKIM_SIZE]")
def _add_dkim(call: Call) -> str:
    user, name, domain = _domain(call)
    _unset(domain, "DKIM")
    domain.conf["DKIM"] = "yes"
    _sign(call, user, name, domain)
    return ""


@command("v-delete-mail-domain-dkim", "USER DOMAIN")
def _delete_dkim(call: Call) -> str:
    user, name, domain = _domain(call)
    _is_set(domain, "DKIM")
    domain.conf["DKIM"], domain.key = "no", ""
    call.bump(user, "U_MAIL_DKIM", -1)
    if name in user.dns:
        records = user.dns[name].records
        for number in [n for n, row in records.items() if row["RECORD"] == "mail._domainkey"]:
            del records[number]
            call.bump(user, "U_DNS_RECORDS", -1)
        user.dns[name].conf["RECORDS"] = str(len(records))
    return ""


@command("v-add-mail-domain-catchall", "USER DOMAIN EMAIL")
def _add_catchall(call: Call) -> str:
    check.email_format(call.args[2])
    _, _, domain = _domain(call)
    _unset(domain, "CATCHALL")
    domain.conf["CATCHALL"] = call.args[2]
    return ""


@command("v-change-mail-domain-catchall", "USER DOMAIN EMAIL")
def _change_catchall(call: Call) -> str:
    check.email_format(call.args[2])
    _, _, domain = _domain(call)
    domain.conf["CATCHALL"] = call.args[2]
    return ""


@command("v-delete-mail-domain-catchall", "USER DOMAIN")
def _delete_catchall(call: Call) -> str:
    _, _, domain = _domain(call)
    _is_set(domain, "CATCHALL")
    domain.conf["CATCHALL"] = ""
    return ""


def _switch(verb: str, noun: str, key: str, state: str) -> None:
    @command(f"v-{verb}-mail-domain-{noun}", "USER DOMAIN")
    def _turn(call: Call) -> str:
        _, _, domain = _domain(call)
        (_unset if state == "yes" else _is_set)(domain, key)
        domain.conf[key] = state
        return ""


for _noun, _key in (("antispam", "ANTISPAM"), ("antivirus", "ANTIVIRUS"), ("reject", "REJECT")):
    _switch("add", _noun, _key, "yes")
    _switch("delete", _noun, _key, "no")


@command("v-change-mail-domain-rate-limit", "USER DOMAIN RATE")
def _rate(call: Call) -> str:
    if call.args[2] != "system":
        check.number_format(call.args[2], "rate")
    _, _, domain = _domain(call)
    domain.conf["RATE_LIMIT"] = call.args[2]
    return ""


@command("v-add-mail-domain-smtp-relay", "USER DOMAIN HOST [USERNAME] [PASSWORD] [PORT]")
def _relay(call: Call) -> str:
    _, _, domain = _domain(call)
    domain.conf.update(
        U_SMTP_RELAY="true", U_SMTP_RELAY_HOST=call.args[2],
        U_SMTP_RELAY_PORT=call.given(6, "") or "587", U_SMTP_RELAY_USERNAME=call.given(4, ""),
    )  # fmt: skip
    return ""


@command("v-delete-mail-domain-smtp-relay", "USER DOMAIN")
def _no_relay(call: Call) -> str:
    _, _, domain = _domain(call)
    for key in [key for key in domain.conf if key.startswith("U_SMTP")]:
        del domain.conf[key]
    return ""


@command("v-add-mail-domain-webmail", "USER DOMAIN [WEBMAIL] [RESTART]")
def _webmail(call: Call) -> str:
    _, _, domain = _domain(call)
    wanted = call.given(3, "") or call.store.config["WEBMAIL_SYSTEM"]
    if wanted not in {"roundcube", "disabled"}:
        raise failed(INVALID, f"{wanted} type is invalid")
    domain.conf["WEBMAIL"] = wanted
    return ""


@command("v-add-mail-domain-ssl", "USER DOMAIN SSL_DIR [RESTART]")
def _ssl(call: Call) -> str:
    _domain(call)
    raise failed(NOTEXIST, f"folder {call.args[2]} does not exist")


def _unset(domain: MailDomain, key: str) -> None:
    if domain.conf[key] not in {"", "no"}:
        raise failed(EXISTS, f"{key}={domain.conf[key]} already exists")


def _is_set(domain: MailDomain, key: str) -> None:
    if domain.conf[key] in {"", "no"}:
        raise failed(NOTEXIST, f"{key}={domain.conf[key]} doesn't exist")

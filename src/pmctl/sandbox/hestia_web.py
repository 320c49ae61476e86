"""Commands of web domains, certificates and v-add-domain, which is web, DNS and mail in one."""

from __future__ import annotations

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox import hestia_dns, hestia_mail
from pmctl.sandbox.hestia_commands import (
    COMMANDS,
    CONNECT,
    INVALID,
    NOTEXIST,
    Call,
    ExitError,
    command,
    failed,
)
from pmctl.sandbox.hestia_store import Row, User
from pmctl.sandbox.hestia_suspend import turn

PROXY_EXT = (
    "css,htm,html,js,mjs,json,xml,apng,avif,bmp,cur,gif,ico,jfif,jpg,jpeg,pjp,pjpeg,png,svg,tif,"
    "tiff,webp,aac,caf,flac,m4a,midi,mp3,ogg,opus,wav,3gp,av1,avi,m4v,mkv,mov,mpg,mpeg,mp4,mp4v,"
    "webm,otf,ttf,woff,woff2,doc,docx,odf,odp,ods,odt,pdf,ppt,pptx,rtf,txt,xls,xlsx,7z,bz2,gz,rar,"
    "tar,tgz,zip,apk,appx,bin,dmg,exe,img,iso,jar,msi,webmanifest"
)


@command("v-add-web-domain", "USER DOMAIN [IP] [RESTART] [ALIASES] [PROXY_EXTENSIONS]")
def _add(call: Call) -> str:
    owner, given, ip, _, aliases, extensions = call.take(6)
    name, wanted = check.domain_name(given), ",".join(sorted({*aliases.lower().split(",")}))
    check.user_format(owner)
    check.domain_format(name)
    check.alias_format(wanted)
    if ip:
        check.ip_format(ip)
    user = check.user(call.store, owner, active=True)
    check.room(user, "WEB_DOMAINS", len(user.web))
    if aliases != "none":
        check.room(user, "WEB_ALIASES", wanted.count(","))
    for one in (name, *wanted.split(",")):
        if one and one != "none":
            check.new_domain(call.store, user, one, "web")
    _address(call, ip)
    alias = "" if aliases == "none" else wanted or _www(name)
    row = {"IP": ip or call.store.ips[0], "IP6": "",
           "DOCUMENT_ROOT": f"/home/{user.name}/web/{name}/public_html/", "U_DISK": "0",
           "U_BANDWIDTH": "0", "TPL": user.conf["WEB_TEMPLATE"], "ALIAS": alias, "STATS": "",
           "STATS_USER": "", "SSL": "no", "SSL_HOME": "same", "LETSENCRYPT": "no", "FTP_USER": "",
           "FTP_PATH": "", "AUTH_USER": "", "BACKEND": user.conf["BACKEND_TEMPLATE"],
           "PROXY": user.conf["PROXY_TEMPLATE"], "PROXY_EXT": extensions or PROXY_EXT,
           "SUSPENDED": "no", **call.store.stamp()}  # fmt: skip
    user.web[name] = row
    call.bump(user, "U_WEB_DOMAINS")
    call.bump(user, "U_WEB_ALIASES", len(_aliases(row)))
    return ""


def _www(name: str) -> str:
    """Return the alias that a domain gets by itself; one below a domain gets none."""
    return f"www.{name}" if name.count(".") < 2 else ""


def _address(call: Call, ip: str) -> None:
    if ip and ip not in call.store.ips:
        raise failed(NOTEXIST, f"IP {ip} doesn't exist")


def _aliases(row: Row) -> list[str]:
    return [one for one in row["ALIAS"].split(",") if one]


@command("v-delete-web-domain", "USER DOMAIN [RESTART]")
def _delete(call: Call) -> str:
    user, name, _ = _web(call, active=False)
    _drop(call, user, name)
    return ""


def _drop(call: Call, user: User, name: str) -> None:
    row = user.web.pop(name)
    if row["SUSPENDED"] == "yes":
        call.bump(user, "SUSPENDED_WEB", -1)
    if row["SSL"] == "yes":
        call.bump(user, "U_WEB_SSL", -1)
    call.bump(user, "U_WEB_DOMAINS", -1)
    call.bump(user, "U_WEB_ALIASES", -len(_aliases(row)))


def _web(call: Call, *, active: bool = True) -> tuple[User, str, Row]:
    owner, given = call.take(2)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    user = check.user(call.store, owner, active=active)
    return user, name, check.web_domain(user, name, active=active)


@command("v-add-web-domain-alias", "USER DOMAIN ALIASES [RESTART]")
def _add_alias(call: Call) -> str:
    wanted = call.args[2].lower()
    if not wanted:
        raise failed(INVALID, "Invalid alias format: empty")
    check.alias_format(wanted)
    user, _, row = _web(call)
    for one in wanted.split(","):
        check.new_domain(call.store, user, one, "web")
    check.room(user, "WEB_ALIASES", wanted.count(","))
    row["ALIAS"] = ",".join([*_aliases(row), wanted])
    call.bump(user, "U_WEB_ALIASES", len(wanted.split(",")))
    return ""


@command("v-delete-web-domain-alias", "USER DOMAIN DOM_ALIAS [RESTART]")
def _delete_alias(call: Call) -> str:
    user, _, row = _web(call)
    gone = call.args[2].lower()
    if gone not in _aliases(row):
        raise failed(NOTEXIST, f"alias {gone} doesn't exist")
    row["ALIAS"] = ",".join(one for one in _aliases(row) if one != gone)
    call.bump(user, "U_WEB_ALIASES", -1)
    return ""


@command("v-add-letsencrypt-domain", "USER DOMAIN [ALIASES] [MAIL]")
def _letsencrypt(call: Call) -> str:
    owner, given, aliases, mail = call.take(4)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    user = check.user(call.store, owner, active=True)
    if mail in {"", "no"}:
        row = check.web_domain(user, name, active=True)
        for one in aliases.split(","):
            if one and one not in row["ALIAS"].split(",") and one != f"*.{name}":
                raise failed(NOTEXIST, f"domain alias {one} doesn't exist")
    else:
        row = check.mail_domain(user, name, active=True).conf
    if not call.store.letsencrypt:
        raise failed(CONNECT, "Let's Encrypt acc registration failed")
    if row["SSL"] == "no" and mail in {"", "no"}:
        call.bump(user, "U_WEB_SSL")
    row.update(SSL="yes", LETSENCRYPT="yes")
    return ""


@command("v-delete-letsencrypt-domain", "USER DOMAIN [RESTART] [MAIL]")
def _no_letsencrypt(call: Call) -> str:
    owner, given, _, mail = call.take(4)
    user, name = check.user(call.store, owner, active=True), check.domain_name(given)
    of_mail = mail not in {"", "no"}
    row = check.mail_domain(user, name).conf if of_mail else check.web_domain(user, name)
    if row["LETSENCRYPT"] != "yes":
        raise failed(NOTEXIST, f"LETSENCRYPT={row['LETSENCRYPT']} doesn't exist")
    if row["SSL"] == "yes" and not of_mail:
        call.bump(user, "U_WEB_SSL", -1)
    row.update(SSL="no", LETSENCRYPT="no")
    return ""


@command("v-add-domain", "USER DOMAIN [IP] [RESTART]")
def _add_all(call: Call) -> str:
    owner, name, ip, _ = call.take(4)
    check.user_format(owner)
    check.domain_format(name)
    if ip:
        check.ip_format(ip)
    user = check.user(call.store, owner, active=True)
    address = ip or call.store.ips[0]
    parts = (
        ("WEB_DOMAINS", user.web, "web", ["v-add-web-domain", owner, name, address, "no"]),
        ("DNS_DOMAINS", user.dns, "dns", ["v-add-dns-domain", owner, name, address]),
        ("MAIL_DOMAINS", user.mail, "mail", ["v-add-mail-domain", owner, name, "no"]),
    )
    full = []
    for limit, held, kind, (script, *arguments) in parts:
        try:
            check.room(user, limit, len(held))
        except ExitError:
            full.append(kind)  # this part is left out, and nobody is told
            continue
        _part(call, kind, script, arguments)
    if len(full) == len(parts):
        raise failed(8, "Package limit reached")
    return ""


def _part(call: Call, kind: str, script: str, arguments: list[str]) -> None:
    """Run one part; what the parts before it made stays when it fails."""
    try:
        COMMANDS[script].do(Call(call.store, arguments, call.before))
    except ExitError as exc:
        raise ExitError(exc.code, f"{exc.text}\nError: can't add {kind} domain") from None


@command("v-delete-domain", "USER DOMAIN [RESTART]")
def _delete_all(call: Call) -> str:
    owner, name = call.take(2)
    check.domain_format(name)
    user = check.user(call.store, owner)
    held = [kind for kind in (user.web, user.dns, user.mail) if name in kind]
    if not held:
        raise failed(NOTEXIST, f"domain {name} doesn't exist")
    if name in user.web:
        _drop(call, user, name)
    if name in user.dns:
        hestia_dns.drop(call, user, name)
    if name in user.mail:
        hestia_mail.drop(call, user, name, user.mail[name])
    return ""


@command("v-suspend-domain", "USER DOMAIN [RESTART]")
def _suspend_all(call: Call) -> str:
    return _turn_all(call, check.user(call.store, call.args[0], active=True), "yes")


@command("v-unsuspend-domain", "USER DOMAIN [RESTART]")
def _unsuspend_all(call: Call) -> str:
    return _turn_all(call, check.user(call.store, call.args[0]), "no")


def _turn_all(call: Call, user: User, state: str) -> str:
    """Suspend or unsuspend what is not yet so; when all is, the domain `doesn't exist`."""
    name = call.args[1]
    check.domain_format(name)
    held: list[tuple[str, Row]] = []
    if name in user.web:
        held.append(("web", user.web[name]))
    if name in user.dns:
        held.append(("dns", user.dns[name].conf))
    if name in user.mail:
        held.append(("mail", user.mail[name].conf))
    changing = [(kind, row) for kind, row in held if row["SUSPENDED"] != state]
    if not changing:
        raise failed(NOTEXIST, f"domain {name} doesn't exist")
    for kind, row in changing:
        turn(call, user, kind, row, state)
    return ""

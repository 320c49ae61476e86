"""Suspending and unsuspending: of a user's parts one by one, and of all of a kind."""

from __future__ import annotations

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import Call, command
from pmctl.sandbox.hestia_store import Row, User

COUNTERS = {"web": "SUSPENDED_WEB", "dns": "SUSPENDED_DNS", "mail": "SUSPENDED_MAIL",
            "db": "SUSPENDED_DB", "cron": "SUSPENDED_CRON"}  # fmt: skip


def everything(call: Call, user: User, state: str) -> None:
    """Suspend (`yes`) or unsuspend all that a user has."""
    for kind in COUNTERS:
        all_of(call, user, kind, state)


def all_of(call: Call, user: User, kind: str, state: str) -> None:
    """Suspend or unsuspend all of a kind."""
    for row in rows(user, kind):
        if row["SUSPENDED"] != state:
            turn(call, user, kind, row, state)


def rows(user: User, kind: str) -> list[Row]:
    """Return what a user has of a kind."""
    return {
        "web": list(user.web.values()),
        "dns": [zone.conf for zone in user.dns.values()],
        "mail": [domain.conf for domain in user.mail.values()],
        "db": list(user.db.values()),
        "cron": list(user.cron.values()),
    }[kind]


def turn(call: Call, user: User, kind: str, row: Row, state: str) -> None:
    """Suspend or unsuspend one thing and count it."""
    row["SUSPENDED"] = state
    if kind == "mail":
        row["WEBMAIL"] = "" if state == "yes" else call.store.config["WEBMAIL_SYSTEM"]
    call.bump(user, COUNTERS[kind], 1 if state == "yes" else -1)


def _find(user: User, kind: str, name: str) -> Row:
    if kind == "web":
        return check.web_domain(user, name)
    if kind == "dns":
        return check.zone(user, name).conf
    if kind == "mail":
        return check.mail_domain(user, name).conf
    return check.database(user, name)


def _suspend(kind: str, call: Call) -> str:
    user = check.user(call.store, call.args[0], active=kind not in {"web", "dns"})
    name = call.args[1]
    row = _find(user, kind, name)
    check.running(row, kind, name)
    turn(call, user, kind, row, "yes")
    if kind == "mail" and not call.store.config["WEBMAIL_SYSTEM"]:
        return "Error: WEBMAIL_ALIAS is not defined in hestia.conf."
    return ""


def _unsuspend(kind: str, call: Call) -> str:
    user = check.user(call.store, call.args[0])
    name = call.args[1]
    row = _find(user, kind, name)
    check.halted(row, kind, name)
    turn(call, user, kind, row, "no")
    return ""


def _all(kind: str, state: str, call: Call) -> str:
    all_of(call, check.user(call.store, call.args[0]), kind, state)
    return ""


def _register(kind: str, noun: str) -> None:
    usage = "USER DATABASE" if kind == "db" else "USER DOMAIN [RESTART]"
    command(f"v-suspend-{noun}", usage.removesuffix(" [RESTART]") if kind == "mail" else usage)(
        lambda call: _suspend(kind, call)
    )
    command(f"v-unsuspend-{noun}", usage)(lambda call: _unsuspend(kind, call))
    command(f"v-suspend-{noun}s", "USER [RESTART]")(lambda call: _all(kind, "yes", call))
    command(f"v-unsuspend-{noun}s", "USER [RESTART]")(lambda call: _all(kind, "no", call))


for _kind, _noun in (
    ("web", "web-domain"),
    ("dns", "dns-domain"),
    ("mail", "mail-domain"),
    ("db", "database"),
):
    _register(_kind, _noun)


@command("v-suspend-mail-account", "USER DOMAIN ACCOUNT")
def _suspend_account(call: Call) -> str:
    owner, name, local = call.take(3)
    domain = check.mail_domain(check.user(call.store, owner, active=True), name, active=True)
    check.account(domain, name, local, active=True)["SUSPENDED"] = "yes"
    return ""


@command("v-unsuspend-mail-account", "USER DOMAIN ACCOUNT")
def _unsuspend_account(call: Call) -> str:
    owner, name, local = call.take(3)
    domain = check.mail_domain(check.user(call.store, owner, active=True), name, active=True)
    row = check.account(domain, name, local)
    check.halted(row, name, local)
    row["SUSPENDED"] = "no"
    return ""


@command("v-suspend-mail-accounts", "USER DOMAIN")
def _suspend_accounts(call: Call) -> str:
    return _accounts(call, "yes")


@command("v-unsuspend-mail-accounts", "USER DOMAIN")
def _unsuspend_accounts(call: Call) -> str:
    return _accounts(call, "no")


def _accounts(call: Call, state: str) -> str:
    owner, name = call.take(2)
    for row in check.mail_domain(check.user(call.store, owner), name).accounts.values():
        row["SUSPENDED"] = state
    return ""

"""Commands of mailboxes."""

from __future__ import annotations

import re

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import EXISTS, INVALID, NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_store import MailDomain, Row, User


@command("v-add-mail-account", "USER DOMAIN ACCOUNT PASSWORD [QUOTA]")
def _add(call: Call) -> str:
    owner, given, account, password = call.take(4)
    name, local = check.domain_name(given), account.lower()
    check.user_format(owner)
    check.domain_format(name)
    check.local_format(local)
    quota = _quota(call.given(5, "unlimited"))
    user = check.user(call.store, owner, active=True)
    domain = check.mail_domain(user, name, active=True)
    check.room(user, "MAIL_ACCOUNTS", len(domain.accounts))
    _is_new(domain, local)
    row = {"ALIAS": "", "FWD": "", "FWD_ONLY": "", "AUTOREPLY": "no", "QUOTA": quota,
           "U_DISK": "0", "SUSPENDED": "no", **call.store.stamp(),
           "password": call.store.secret(password)}  # fmt: skip
    domain.accounts[local] = {"ACCOUNT": local, **row}
    domain.conf["ACCOUNTS"] = str(len(domain.accounts))
    call.bump(user, "U_MAIL_ACCOUNTS")
    return ""


def _quota(given: str) -> str:
    """Return a quota as it is stored: nothing and zero are no limit."""
    if given != "unlimited":
        check.number_format(given, "quota")
    return given if given != "unlimited" and int(given or 0) else "unlimited"


def _is_new(domain: MailDomain, local: str) -> None:
    if local in domain.accounts:
        raise failed(EXISTS, f"mail account {local} already exists")
    if any(local in row["ALIAS"].split(",") for row in domain.accounts.values()):
        raise failed(EXISTS, f"mail alias {local} already exists")


@command("v-delete-mail-account", "USER DOMAIN ACCOUNT")
def _delete(call: Call) -> str:
    user, domain, row = _account(call, active=False)
    del domain.accounts[row["ACCOUNT"]]
    domain.conf["ACCOUNTS"] = str(len(domain.accounts))
    call.bump(user, "U_MAIL_ACCOUNTS", -1)
    return ""


def _account(call: Call, *, active: bool = True) -> tuple[User, MailDomain, Row]:
    owner, given, local = call.take(3)
    name = check.domain_name(given)
    check.user_format(owner)
    check.domain_format(name)
    check.local_format(local)
    user = check.user(call.store, owner, active=active)
    domain = check.mail_domain(user, name, active=active)
    return user, domain, check.account(domain, name, local, active=active)


@command("v-change-mail-account-password", "USER DOMAIN ACCOUNT PASSWORD")
def _password(call: Call) -> str:
    _, _, row = _account(call)
    row["password"] = call.store.secret(call.args[3])
    return ""


@command("v-change-mail-account-quota", "USER DOMAIN ACCOUNT QUOTA")
def _change_quota(call: Call) -> str:
    quota = _quota(call.args[3])
    _, _, row = _account(call)
    row["QUOTA"] = quota
    return ""


@command("v-change-mail-account-rate-limit", "USER DOMAIN ACCOUNT RATE")
def _rate(call: Call) -> str:
    _, _, row = _account(call)
    if call.args[3] != "system":
        check.number_format(call.args[3], "rate")
    row["rate"] = call.args[3]  # set, and never shown
    return ""


@command("v-add-mail-account-alias", "USER DOMAIN ACCOUNT ALIAS")
def _add_alias(call: Call) -> str:
    alias = call.args[3].lower()
    check.local_format(alias, "malias")
    _, domain, row = _account(call)
    _is_new(domain, alias)
    row["ALIAS"] = _with(row["ALIAS"], alias)
    return ""


@command("v-delete-mail-account-alias", "USER DOMAIN ACCOUNT ALIAS")
def _delete_alias(call: Call) -> str:
    check.local_format(call.args[3], "malias")
    _, _, row = _account(call, active=False)
    if call.args[3] not in row["ALIAS"].split(","):
        raise failed(NOTEXIST, f"alias {call.args[3]} doesn't exist")
    row["ALIAS"] = _without(row["ALIAS"], call.args[3])
    return ""


@command("v-add-mail-account-forward", "USER DOMAIN ACCOUNT FORWARD")
def _add_forward(call: Call) -> str:
    target = call.args[3]
    if target != ":blackhole:":
        check.email_format(target)
    _, _, row = _account(call)
    if target in row["FWD"].split(","):
        raise failed(EXISTS, f"forward {target} exists")
    row["FWD"] = _with(row["FWD"], target)
    return ""


@command("v-delete-mail-account-forward", "USER DOMAIN ACCOUNT FORWARD")
def _delete_forward(call: Call) -> str:
    target = call.args[3]
    _, _, row = _account(call, active=False)
    if target not in row["FWD"].split(","):
        raise failed(NOTEXIST, f"forward {target} doesn't exist")
    row["FWD"] = _without(row["FWD"], target)
    return ""


@command("v-add-mail-account-fwd-only", "USER DOMAIN ACCOUNT")
def _only_forward(call: Call) -> str:
    _, _, row = _account(call)
    if not row["FWD"]:
        raise failed(NOTEXIST, "forward doesn't exist")
    row["FWD_ONLY"] = "yes"
    return ""


@command("v-delete-mail-account-fwd-only", "USER DOMAIN ACCOUNT")
def _not_only_forward(call: Call) -> str:
    _, _, row = _account(call, active=False)
    row["FWD_ONLY"] = ""
    return ""


@command("v-add-mail-account-autoreply", "USER DOMAIN ACCOUNT MESSAGE")
def _add_autoreply(call: Call) -> str:
    message = call.args[3]
    if len(message) >= 10240:
        raise failed(INVALID, f"invalid autoreply format :: {message}")
    _, _, row = _account(call)
    row["AUTOREPLY"], row["message"] = "yes", message
    return ""


@command("v-delete-mail-account-autoreply", "USER DOMAIN ACCOUNT")
def _delete_autoreply(call: Call) -> str:
    _, _, row = _account(call, active=False)
    if row["AUTOREPLY"] != "yes":
        raise failed(NOTEXIST, f"AUTOREPLY={row['AUTOREPLY']} doesn't exist")
    row["AUTOREPLY"] = "no"
    row.pop("message", None)
    return ""


def _with(names: str, more: str) -> str:
    return f"{names},{more}" if names else more


def _without(names: str, gone: str) -> str:
    return ",".join(one for one in re.split(",", names) if one != gone)

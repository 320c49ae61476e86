"""Commands of users and packages."""

from __future__ import annotations

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import (
    EXISTS,
    INVALID,
    LIMIT,
    NOTEXIST,
    PASSWORD,
    Call,
    command,
    failed,
)
from pmctl.sandbox.hestia_logs import noted
from pmctl.sandbox.hestia_store import Store, User, new_user
from pmctl.sandbox.hestia_suspend import everything

RESERVED = ("aria", "aria_log", "mysql", "mysql_upgrade", "ib", "ib_buffer", "ddl", "ddl_recovery",
            "performance", "sudo")  # fmt: skip
SYSTEM = {"root", "daemon", "bin", "sys", "mail", "www-data", "nobody", "dovecot", "hestiaweb"}


@command("v-add-user", "USER PASSWORD EMAIL [PACKAGE] [NAME]")
def _add(call: Call) -> str:
    name, password, email = call.take(3)
    package = call.given(4, "default")
    person = " ".join(one for one in call.args[4:6] if one)
    check.user_format(name, new=True)
    check.email_format(email)
    check.name_format(person)
    if name.lower() in RESERVED:
        reserved = f"is reserved and cannot be used. List of reserved names: {' '.join(RESERVED)}"
        raise failed(INVALID, f"The user name '{name}' {reserved}")
    if name in call.store.users or name in SYSTEM:
        raise failed(EXISTS, f"user {name} exists")
    _package(call.store, package)
    secret = call.store.secret(password)
    if not secret or "\n" in secret:
        raise failed(INVALID, "Password not accepted due to PAM restrictions")
    new_user(call.store, name, secret, email, PACKAGE=package, NAME=echoed(person))
    return ""


def echoed(name: str) -> str:
    """Return a name as an unquoted echo writes it and the shell reads it again.

    `*` is the files of the panel's folder; what `^#` begins is a comment.
    """
    words = ("index.php" if word == "*" else word for word in name.split(" "))
    return stored_name(" ".join(words).partition("^#")[0])


@command("v-delete-user", "USER [RESTART]")
def _delete(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    if user.name == call.store.root:
        return ""  # it says yes and does nothing
    del call.store.users[user.name]
    root = call.store.users[call.store.root]
    call.bump(root, "U_USERS", -1)
    if user.suspended:
        call.bump(root, "SUSPENDED_USERS", -1)
    return ""


@command("v-suspend-user", "USER [RESTART]")
def _suspend(call: Call) -> str:
    user = check.user(call.store, call.args[0], active=True)
    if user.name == call.store.root:
        return ""
    everything(call, user, "yes")
    user.conf["SUSPENDED"] = "yes"
    call.bump(call.store.users[call.store.root], "SUSPENDED_USERS")
    return ""


@command("v-unsuspend-user", "USER [RESTART]")
def _unsuspend(call: Call) -> str:
    user = check.user(call.store, call.args[0])
    if user.name == call.store.root:
        return ""
    user.conf["SUSPENDED"] = "no"
    everything(call, user, "no")
    call.bump(call.store.users[call.store.root], "SUSPENDED_USERS", -1)  # suspended or not
    return ""


@command("v-change-user-password", "USER [PASSWORD]")
def _password(call: Call) -> str:
    name, given = call.take(2)
    user = check.user(call.store, name, active=True)
    secret = call.store.secret(given)
    if "\n" in secret:
        raise failed(INVALID, "Password not accepted due to PAM restrictions")
    user.password = secret
    user.conf["RKEY"] = f"{len(user.log):016d}"  # a new one with each password
    noted(call, user, "Security", "Password changed.", "Warning")
    return ""


@command("v-check-user-password", "USER PASSWORD [IP] [RETURN_HASH]")
def _check_password(call: Call) -> str:
    name, given = call.take(2)
    check.user_format(name)
    user = call.store.users.get(name)
    if user is None or user.password != call.store.secret(given):
        raise failed(PASSWORD, "password missmatch")
    return ""


@command("v-change-user-contact", "USER EMAIL")
def _contact(call: Call) -> str:
    name, email = call.take(2)
    check.user_format(name)
    check.email_format(email)
    user = check.user(call.store, name, active=True)
    user.conf["CONTACT"] = email
    noted(call, user, "System", f"Email address changed (Value: {email}).")
    return ""


@command("v-change-user-name", "USER NAME [LAST_NAME]")
def _name(call: Call) -> str:
    name, first, last = call.take(3)
    check.name_format(first)
    user = check.user(call.store, name, active=True)
    check.spaced_format(first, "name")
    check.spaced_format(last, "last name")
    if not user.conf["NAME"].isprintable():
        return ""  # bytes that are no UTF-8 stay for ever: sed does not find the line
    user.conf["NAME"] = stored_name(" ".join(one for one in (first, last) if one))
    noted(call, user, "System", f"User display name changed (Value: {user.conf['NAME']}).")
    return ""


def stored_name(name: str) -> str:
    """Return a name as it can be read again: control characters are gone."""
    return "".join(one for one in name if one >= " " and one != "\x7f")


@command("v-change-user-role", "USER ROLE")
def _role(call: Call) -> str:
    name, role = call.take(2)
    check.user(call.store, name).conf["ROLE"] = role
    return ""


@command("v-change-user-package", "USER PACKAGE [FORCE]")
def _change_package(call: Call) -> str:
    name, package, force = call.take(3)
    user = check.user(call.store, name)
    _package(call.store, package)
    if force != "yes":
        _fits(user, call.store.packages[package])
    kept = ("TIME", "DATE", "RATE_LIMIT")
    user.conf.update({k: v for k, v in call.store.packages[package].items() if k not in kept})
    user.conf["PACKAGE"] = package
    noted(call, user, "System", f"You have been assigned a new package ({package}).")
    return ""


_COVERED = {"WEB_DOMAINS": "WEB_DOMAIN", "DNS_DOMAINS": "DNS_DOMAIN", "DATABASES": "DATABASE",
            "CRON_JOBS": "CRON"}  # fmt: skip


def _fits(user: User, package: dict[str, str]) -> None:
    """Refuse a package that is too small. Mail is not looked at: a slip of the script's pen."""
    for limit, said in _COVERED.items():
        if package[limit] != "unlimited" and int(user.conf[f"U_{limit}"]) > int(package[limit]):
            raise failed(LIMIT, f"Package doesn't cover {said} usage")


def _package(store: Store, name: str) -> None:
    if name not in store.packages:
        raise failed(NOTEXIST, f"package {name} doesn't exist")


@command("v-change-user-language", "USER LANGUAGE")
def _language(call: Call) -> str:
    name, language = call.take(2)
    check.user(call.store, name, active=True).conf["LANGUAGE"] = language
    return ""


@command("v-change-user-shell", "USER SHELL")
def _shell(call: Call) -> str:
    name, shell = call.take(2)
    check.user(call.store, name, active=True).conf["SHELL"] = shell
    return ""


@command("v-update-user-stats", "[USER]")
@command("v-update-user-counters", "[USER]")
@command("v-rebuild-user", "[USER]")
@command("v-rebuild-mail-domains", "[USER]")
def _nothing_to_see(call: Call) -> str:
    if call.args:
        check.user(call.store, call.args[0])
    return ""

"""The panel's checks of what it is given, in its words."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TypeVar

from pmctl.sandbox.hestia_commands import (
    EXISTS,
    INVALID,
    LIMIT,
    NOTEXIST,
    SUSPENDED,
    UNSUSPENDED,
    failed,
)
from pmctl.sandbox.hestia_store import MailDomain, Row, Store, User, Zone

Thing = TypeVar("Thing")

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[\w.-]+\.(xn--\w{2,63}|[A-Za-z]{2,63})", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9]([-|._A-Za-z0-9]{0,28}[A-Za-z0-9])?")
_NEW_USER = re.compile(r"[A-Za-z][-|_A-Za-z0-9]{0,28}[A-Za-z0-9]")
_LOCAL = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9_.-]{2,64}")
_DOMAIN_BAD = re.compile(
    r"[\]\[!@#$^&*()+={},<>?_/\\\"|'`;%\s]|^[0-9]+$|\.\.|^-|-$|^\.|\.$|\.-|-\.|^www$"
)
_ALIAS_BAD = re.compile(r"[\]\[!@#$^&()+={},<>?_/\\\"|'`;%\s]|\.\.|^-|-$|^\.|\.$|\.-|-\.|^.+\*")
_NAME_BAD = re.compile(r"['\"<>|]")
_DATABASE_BAD = re.compile(r"[!|@#$^&*()+={}:,<>?/\"';%` ]")


def user_format(name: str, *, new: bool = False) -> None:
    """Refuse what is no name of a user."""
    fits = _USER.fullmatch(name) and (not new or _NEW_USER.fullmatch(name))
    if name and not fits:
        raise failed(INVALID, f"invalid user format :: {name}")


def domain_format(name: str, what: str = "domain") -> None:
    """Refuse what is no name of a domain."""
    if name and _DOMAIN_BAD.search(name):
        raise failed(INVALID, f"invalid {what} format :: {name}")


def alias_format(names: str) -> None:
    """Refuse a list of aliases with a wrong one in it."""
    for name in names.split(","):
        if name and _ALIAS_BAD.search(name):
            raise failed(INVALID, f"invalid alias format :: {name}")


def email_format(address: str) -> None:
    """Refuse what is no address."""
    if address and not _EMAIL.fullmatch(address):
        raise failed(INVALID, f"invalid email format :: {address}")


def local_format(name: str, what: str = "account") -> None:
    """Refuse what is no local part."""
    if name and not _LOCAL.fullmatch(name):
        raise failed(INVALID, f"invalid {what} format :: {name}")


def number_format(value: str, what: str) -> None:
    """Refuse what is no number."""
    if value and not (value.isascii() and value.isdecimal()):
        raise failed(INVALID, f"invalid {what} format :: {value}")


def name_format(name: str) -> None:
    """Refuse a person's name with quotes in it, or a second line."""
    if _NAME_BAD.search(name):
        raise failed(INVALID, f"Invalid name contains qoutes (\" or ') :: {name}")
    if "\n" in name:
        raise failed(INVALID, f"invalid value :: {name}")


def database_format(name: str, what: str) -> None:
    """Refuse what is no name of a database or of its user."""
    if what == "dbuser" and len(name) > 32:
        raise failed(INVALID, "mysql username can be up to 32 characters long")
    if _DATABASE_BAD.search(name) or len(name) > 63:
        raise failed(INVALID, f"invalid {what} format :: {name}")


def ip_format(value: str) -> None:
    """Refuse what is no IPv4 address."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise failed(INVALID, f"invalid ip :: {value}") from None


def domain_name(given: str) -> str:
    """Return a domain as the panel writes it: lower case, no `www.`, no dots around it."""
    name = given.lower().removeprefix("www.").rstrip(".").lstrip(".")
    return " ".join(name.split())


def user(store: Store, name: str, *, active: bool = False) -> User:
    """Return a user; `active`: refuse a suspended one."""
    user_format(name)
    found = store.users.get(name)
    if found is None:
        raise failed(NOTEXIST, f"user {name} doesn't exist")
    if active and found.suspended:
        raise failed(SUSPENDED, f"user {name} is suspended")
    return found


def mail_domain(owner: User, name: str, *, active: bool = False) -> MailDomain:
    """Return a mail domain of a user."""
    found = _there(owner.mail, name, "mail domain")
    if active:
        running(found.conf, "mail", name)
    return found


def account(domain: MailDomain, of: str, name: str, *, active: bool = False) -> Row:
    """Return a mailbox of a domain."""
    return _row(domain.accounts, name, f"{of} account", of, active=active)


def web_domain(owner: User, name: str, *, active: bool = False) -> Row:
    """Return a web domain of a user."""
    return _row(owner.web, name, "web domain", "web", active=active)


def zone(owner: User, name: str, *, active: bool = False) -> Zone:
    """Return a DNS domain of a user."""
    found = _there(owner.dns, name, "dns domain")
    if active:
        running(found.conf, "dns", name)
    return found


def database(owner: User, name: str, *, active: bool = False) -> Row:
    """Return a database of a user; the words are the panel's, `db` twice."""
    return _row(owner.db, name, "db db", "db", active=active)


def _row(rows: Mapping[str, Row], name: str, what: str, kind: str, *, active: bool) -> Row:
    found = _there(rows, name, what)
    if active:
        running(found, kind, name)
    return found


def _there(held: Mapping[str, Thing], name: str, what: str) -> Thing:
    """Return what has a name. Refuse one that is not there."""
    if name not in held:
        raise failed(NOTEXIST, f"{what} {name} doesn't exist")
    return held[name]


def running(row: Row, kind: str, name: str) -> None:
    """Refuse what is suspended."""
    if row["SUSPENDED"] == "yes":
        raise failed(SUSPENDED, f"{kind} {name} is suspended")


def halted(row: Row, kind: str, name: str) -> None:
    """Refuse what is not suspended."""
    if row["SUSPENDED"] != "yes":
        raise failed(UNSUSPENDED, f"{kind} {name} is not suspended")


def room(owner: User, limit: str, used: int) -> None:
    """Refuse what is more than the package allows."""
    allowed = owner.conf[limit]
    if allowed != "unlimited" and used >= int(allowed):
        raise failed(LIMIT, f"{limit} limit is reached :: upgrade user package")


def new_domain(store: Store, owner: User, name: str, kind: str) -> None:
    """Refuse a domain that is there already, of this kind or with somebody else."""
    for other in list(store.users.values()):
        for mine, held, what in (
            ("web", other.web, "Web"),
            ("dns", other.dns, "DNS"),
            ("mail", other.mail, "Mail"),
        ):
            if name in held and (mine == kind or other is not owner):
                raise failed(EXISTS, f"{what} domain {name} exists")
        if kind == "web" and any(name in row["ALIAS"].split(",") for row in other.web.values()):
            raise failed(EXISTS, f"Web alias {name} exists")
    if kind == "mail":
        _reserved(store, name)


def _reserved(store: Store, name: str) -> None:
    """Refuse a mail domain whose `mail.` or `webmail.` is taken, or that is one itself."""
    taken = {found for _, found, _ in store.mail_domains()}
    first, _, rest = name.partition(".")
    for word in ("mail", store.config["WEBMAIL_ALIAS"]):
        if word and f"{word}.{name}" in taken:
            raise failed(EXISTS, f'Required subdomain "{word}.{name}" already exists')
        if word and rest in taken and first == word:
            raise failed(INVALID, f'The subdomain "{first}." is reserved by "{rest}"')


_SPACED_BAD = re.compile(r"[!#$^&()+={}:<>?/|\"';%`]|\*|\t|\.\.|--|__|  |\\")


def spaced_format(value: str, what: str) -> None:
    """Refuse what v-change-user-name does not take as a person's name."""
    if not value:
        return
    if value.startswith("-n") or "\n" in value:
        raise failed(INVALID, f"invalid value :: {value}")
    if len(value) >= 400 or _SPACED_BAD.search(value):
        raise failed(INVALID, f"invalid {what} format :: {value}")

"""What the stand-in HestiaCP holds: users, and below each their domains, mailboxes, databases."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pmctl.sandbox.hestia_config import installed
from pmctl.sandbox.hestia_profiles import PROFILES

Row = dict[str, str]  # upper case: as the lists show it; lower case: never shown (password)

LIMITS = ("WEB_DOMAINS", "WEB_ALIASES", "DNS_DOMAINS", "DNS_RECORDS", "MAIL_DOMAINS",
          "MAIL_ACCOUNTS", "DATABASES", "CRON_JOBS")  # fmt: skip
FREE = ("DISK_QUOTA", "CPU_QUOTA", "CPU_QUOTA_PERIOD", "MEMORY_LIMIT", "SWAP_LIMIT", "BANDWIDTH")
COUNTERS = ("SUSPENDED_USERS", "SUSPENDED_WEB", "SUSPENDED_DNS", "SUSPENDED_MAIL", "SUSPENDED_DB",
            "SUSPENDED_CRON", "IP_AVAIL", "IP_OWNED", "U_USERS", "U_DISK", "U_DISK_DIRS",
            "U_DISK_WEB", "U_DISK_MAIL", "U_DISK_DB", "U_BANDWIDTH", "U_WEB_DOMAINS", "U_WEB_SSL",
            "U_WEB_ALIASES", "U_DNS_DOMAINS", "U_DNS_RECORDS", "U_MAIL_DOMAINS", "U_MAIL_DKIM",
            "U_MAIL_ACCOUNTS", "U_DATABASES", "U_CRON_JOBS", "U_BACKUPS")  # fmt: skip
NAMESERVERS = "ns1.hestia.test,ns2.hestia.test"


@dataclass
class MailDomain:
    """A mail domain and its mailboxes by their local part."""

    conf: Row
    accounts: dict[str, Row] = field(default_factory=dict)
    key: str = ""  # the public DKIM key, base64; empty when DKIM is off


@dataclass
class Zone:
    """A DNS domain and its records by their id."""

    conf: Row
    records: dict[int, Row] = field(default_factory=dict)


@dataclass
class User:
    """A user of the panel and all that is theirs."""

    name: str
    password: str
    conf: Row
    web: dict[str, Row] = field(default_factory=dict)
    dns: dict[str, Zone] = field(default_factory=dict)
    mail: dict[str, MailDomain] = field(default_factory=dict)
    db: dict[str, Row] = field(default_factory=dict)
    cron: dict[str, Row] = field(default_factory=dict)
    log: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)

    @property
    def suspended(self) -> bool:
        """Tell whether the panel shut this user out."""
        return self.conf["SUSPENDED"] == "yes"


@dataclass
class Key:
    """An access key; no permissions: the administrator's may run everything, others nothing."""

    secret: str
    user: str
    permissions: tuple[str, ...] = ()
    comment: str = ""
    stamp: Row = field(default_factory=dict)

    def allows(self, command: str, root: str) -> bool:
        """Tell whether it may run a command."""
        if not self.permissions:
            return self.user == root
        return any(command in PROFILES[one].commands for one in self.permissions)


@dataclass
class Store:
    """One panel. Nothing in it is locked: neither is HestiaCP's."""

    users: dict[str, User] = field(default_factory=dict)
    packages: dict[str, Row] = field(default_factory=dict)
    config: Row = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # what v-make-tmp-file wrote below /tmp/
    keys: dict[str, Key] = field(default_factory=dict)
    door: str = "open"  # `disabled` and `removed` by v-change-sys-api
    host_users: dict[str, list[str]] = field(default_factory=dict)  # by type of database
    stopped: set[str] = field(default_factory=set)  # services
    ips: tuple[str, ...] = ("192.0.2.10",)
    nat: Row = field(default_factory=dict)  # the outer address of one of them
    root: str = "admin"
    letsencrypt: bool = False  # whether a certificate can be had
    clock: Callable[[], datetime.datetime] = datetime.datetime.now

    def stamp(self) -> Row:
        """Return TIME and DATE of now, as the panel writes them."""
        now = self.clock()
        return {"TIME": f"{now:%H:%M:%S}", "DATE": f"{now:%Y-%m-%d}"}

    def mail_domains(self) -> Iterator[tuple[User, str, MailDomain]]:
        """Every mail domain with its owner."""
        for user in list(self.users.values()):
            for name, domain in list(user.mail.items()):
                yield user, name, domain

    def account(self, address: str) -> Row:
        """Return the mailbox of an address, its password under `password`. Raises KeyError."""
        local, _, name = address.partition("@")
        for _, found, domain in self.mail_domains():
            if found == name:
                return domain.accounts[local]
        raise KeyError(address)

    def secret(self, given: str) -> str:
        """Return the password that an argument stands for: /tmp/NAME is a file if there is one."""
        if given.startswith("/tmp/") and "../" not in given:  # noqa: S108  what the panel takes
            return self.files.get(given, f"{given}\n").partition("\n")[0]
        return given


def package(**changes: str) -> Row:
    """A package without limits, `changes` apart."""
    free = dict.fromkeys((*LIMITS, *FREE), "unlimited")
    templates = dict.fromkeys(
        ("WEB_TEMPLATE", "BACKEND_TEMPLATE", "PROXY_TEMPLATE", "DNS_TEMPLATE"), "default"
    )
    rest = {"RATE_LIMIT": "200", "NS": NAMESERVERS, "SHELL": "nologin", "BACKUPS": "1",
            "BACKUPS_INCREMENTAL": "no", "TIME": "18:00:00", "DATE": "2019-01-15"}  # fmt: skip
    return {**templates, **free, **rest, **changes}


def new_user(store: Store, name: str, password: str, contact: str, **changes: str) -> User:
    """Put a user there, without any of the checks that a command makes."""
    chosen = changes.get("PACKAGE", "default")
    counters = {**dict.fromkeys(COUNTERS, "0"), "IP_AVAIL": str(len(store.ips))}
    limits = {key: value for key, value in store.packages[chosen].items() if key not in _OWN}
    own = {"PACKAGE": chosen, "NAME": "", "CONTACT": contact, "CRON_REPORTS": "yes",
           "RKEY": "kR7pQ2mZx9Tf4LwB", "ROLE": "user", "SUSPENDED": "no", "LANGUAGE": "",
           "HOME": f"/home/{name}", "TWOFA": "", "QRCODE": "", "THEME": "", "NOTIFICATIONS": "no",
           "PREF_UI_SORT": "name", "LOGIN_DISABLED": "no", "LOGIN_USE_IPLIST": "no",
           "LOGIN_ALLOW_IPS": "", "PHPCLI": ""}  # fmt: skip
    user = User(name, password, {**limits, **counters, **own, **store.stamp(), **changes})
    user.log.append({**store.stamp(), "LEVEL": "Info", "CATEGORY": "System", "MESSAGE": "Welcome!"})
    store.users[name] = user
    root = store.users[store.root]
    root.conf["U_USERS"] = str(int(root.conf["U_USERS"]) + 1)
    return user


_OWN = ("TIME", "DATE", "RATE_LIMIT")


def seeded() -> Store:
    """A panel as the installer leaves it: its administrator and two packages."""
    store = Store()
    store.packages["default"] = package()
    store.packages["system"] = package(
        WEB_DOMAINS="1", WEB_ALIASES="1", DNS_DOMAINS="1", MAIL_DOMAINS="1", MAIL_ACCOUNTS="1",
        DATABASES="0", TIME="00:00:00", DATE="2022-01-20",
    )  # fmt: skip
    store.config = installed()
    new_user(
        store, store.root, "root-password-1", "admin@hestia.test", NAME="System Administrator",
        ROLE="admin", LANGUAGE="en", IP_OWNED="1", U_WEB_DOMAINS="1",
    )  # fmt: skip
    return store

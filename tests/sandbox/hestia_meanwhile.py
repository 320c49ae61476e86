"""What was done to the recorded panel between two recordings, and was not recorded itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import package

Step = tuple[str, ...] | Callable[[HestiaSandbox], object]


def settings(**values: str) -> Step:
    """Change settings of the panel."""
    return lambda panel: panel.store.config.update(values)


def address(value: str) -> Step:
    """Let requests come from an address."""
    return lambda panel: setattr(panel.access, "address", value)


def service(name: str, *, up: bool) -> Step:
    """Stop a service of the panel, or start it again."""
    return lambda panel: (set.discard if up else set.add)(panel.store.stopped, name)


def only_keys(*comments: str) -> Step:
    """Leave the access keys with these comments, in this order."""

    def leave(panel: HestiaSandbox) -> None:
        keys = {key.comment: (name, key) for name, key in panel.store.keys.items()}
        panel.store.keys.clear()
        panel.store.keys.update(keys[one] for one in comments)

    return leave


def counter(user: str, name: str, value: str) -> Step:
    """Set a counter that parallel writes got wrong."""
    return lambda panel: panel.store.users[user].conf.update({name: value})


def user(name: str, person: str, contact: str = "") -> Step:
    """Add a user with a name of theirs."""
    return ("v-add-user", name, "x", contact or f"{name}@example.test", "default", person)


def accounts(domain: str, numbers: Iterable[int], word: str) -> list[Step]:
    """Add mailboxes of a domain of bob's."""
    return [
        ("v-add-mail-account", "bob", domain, f"{word}{number:02}", "x", "100")
        for number in numbers
    ]


def small(panel: HestiaSandbox) -> None:
    """Put the package `small` there."""
    panel.store.packages["small"] = package(MAIL_DOMAINS="1", MAIL_ACCOUNTS="1", DATABASES="0")


def repaired(panel: HestiaSandbox) -> None:
    """Write alice's name by hand, as no command could any more."""
    panel.store.users["alice"].conf["NAME"] = "Alice"


RACED = (1, 0, *range(2, 9), 10, 9, *range(11, 16), 24, 23, 21, 22, 20, 26, 25, *range(27, 36))
OPEN = settings(API="yes", API_SYSTEM="2", API_ALLOWED_IP="allow-all", DEMO_MODE="no")
AT_SHOP = ("alice", "shop.example.test")
AT_MAIL = ("alice", "mail.example.test")

MEANWHILE: dict[str, list[Step]] = {
    "user-change-contact-ok": [("v-change-user-password", "alice", "x")],
    "user-unsuspend-again": [("v-unsuspend-user", "alice")],
    "perm-nonadmin-key-while-API_SYSTEM-1-rcyes": [settings(API_SYSTEM="1")],
    "perm-nonadmin-key-missing-user-arg": [OPEN],
    "ip-not-allowed-key": [OPEN, settings(API_ALLOWED_IP="192.0.2.1")],
    "ip-0000-pw": [settings(API_ALLOWED_IP="0.0.0.0")],
    "ip-cidr-not-understood": [settings(API_ALLOWED_IP="127.0.0.0/8")],
    "ip-list-empty-default-key": [settings(API_ALLOWED_IP="")],
    "ip-not-allowed-hash": [settings(API_ALLOWED_IP="192.0.2.1")],
    "ip-not-allowed-pw-rcyes": [settings(API_ALLOWED_IP="192.0.2.1")],
    "ip-list-with-space-after-comma": [settings(API_ALLOWED_IP="192.0.2.1, 127.0.0.1")],
    "ip-other-source-allowed": [settings(API_ALLOWED_IP="127.0.0.7"), address("127.0.0.7")],
    "ip-this-source-not-allowed": [address("127.0.0.1")],
    "api-disabled-API-no-pw": [OPEN, settings(API="no")],
    "api-disabled-API-no-hash-rcyes": [OPEN, settings(API="no")],
    "api-disabled-API_SYSTEM-0-key": [OPEN, settings(API_SYSTEM="0")],
    "api-disabled-API_SYSTEM-0-key-rcyes": [OPEN, settings(API_SYSTEM="0")],
    "api-file-removed": [OPEN, ("v-change-sys-api", "remove")],
    "demo-mode-key": [("v-change-sys-api", "enable"), settings(DEMO_MODE="yes")],
    "api-disabled-API_SYSTEM-0-hash-rcyes": [OPEN, settings(API_SYSTEM="0")],
    "access-keys-list": [OPEN, only_keys("fullkey", "billing", "full")],
    "demo-mode-pw-write": [settings(DEMO_MODE="yes")],
    "api-disabled-by-v-change-sys-api-key": [OPEN, ("v-change-sys-api", "disable")],
    "api-reenabled": [("v-change-sys-api", "enable")],
    "mail-add-domain-invalid": [
        settings(WEBMAIL_SYSTEM="", WEBMAIL_ALIAS=""),
        ("v-add-mail-domain", "alice", "mail.example.test"),
    ],
    "mail-add-account-unlimited": [("v-add-mail-account", *AT_MAIL, "info", "x", "500")],
    "mail-add-account-upper": [("v-add-mail-account", *AT_MAIL, "qe", "x", "")],
    "mail-add-forward-exists": [
        ("v-add-mail-account-forward", *AT_MAIL, "info", "ext@elsewhere.test")
    ],
    "mail-change-password-suspended": [("v-suspend-mail-account", *AT_MAIL, "info")],
    "mail-delete-alias": [("v-unsuspend-mail-domain", *AT_MAIL)],
    "mail-add-dkim-again": [("v-add-mail-domain-dkim", "alice", "nodkim.test")],
    "mail-delete-account-missing": [("v-delete-mail-account", *AT_MAIL, "nq")],
    "mail-add-domain-ok": [settings(WEBMAIL_SYSTEM="roundcube", WEBMAIL_ALIAS="webmail")],
    "mail-domain-json": [("v-add-mail-domain", "alice", "all.example.test")],
    "mail-unsuspend-domain-again": [
        ("v-suspend-mail-domain", *AT_SHOP),
        ("v-unsuspend-mail-domain", *AT_SHOP),
    ],
    "autoreply-get-unicode": [
        ("v-add-mail-account-autoreply", *AT_SHOP, "info", "Grüße – 日本語 🙂")
    ],
    "domain-add-legacy": [("v-add-domain", "bob", "below.bob.test")],
    "web-suspend-again": [("v-suspend-web-domain", "alice", "webonly.test")],
    "dns-record-add-txt-backslash": [
        ("v-add-dns-record", "alice", "dnsonly.test", "txt2", "TXT", 'a "quoted" value')
    ],
    "dns-record-add-badtype": [
        ("v-add-dns-record", "alice", "dnsonly.test", "ttl", "A", "192.0.2.56", "", "", "", "300")
    ],
    "db-add-prefixed": [("v-add-database", "alice", "shop", "shopuser", "x")],
    "db-add-pgsql-mysql-charset": [
        ("v-add-database", "alice", "pgshop", "pguser", "x", "pgsql", "", "UTF8")
    ],
    "db-add-server-down": [service("mariadb", up=False)],
    "sys-services-json": [service("mariadb", up=True)],
    "oddadd-readback-odd3": [user("odd3", "a; touch /tmp/pwn & b")],
    "oddadd-readback-odd5": [user("odd4", "a\tb"), user("odd5", "ends\\")],
    "oddadd-readback-odd7": [user("odd7", "^# comment")],
    "oddadd-list-users-after": [("v-delete-user", f"odd{n}") for n in (0, 1, 2, 3, 4, 5, 6, 7, 9)],
    "pw-user-check-dollar": [("v-change-user-password", "bob", "$HOME$(id)")],
    "race-list-domain-w4": accounts("race.example.test", RACED[:16], "acc"),
    "race-list-user-w4": [counter("bob", "U_MAIL_ACCOUNTS", "15")],
    "race-list-accounts-w8": accounts("race.example.test", RACED[16:], "acc"),
    "race-list-users": [user(f"par0{n}", "", "p@example.test") for n in (0, 1, 3, 2, 4, 7, 5, 6)],
    "race-contact-par01": [
        ("v-change-user-contact", "par01", "c15@example.test"),
        ("v-change-user-contact", "par00", "c6@example.test"),
    ],
    "race2-list": [
        ("v-add-mail-domain", "bob", "race2.example.test"),
        *accounts("race2.example.test", range(8), "base"),
        *accounts("race2.example.test", range(24), "new"),
        *(
            ("v-change-mail-account-quota", "bob", "race2.example.test", f"base0{n}", f"{216 + n}")
            for n in range(8)
        ),
    ],
    "log-action-quotes": [("v-delete-cron-job", "alice", "1")],
    "race-setup": [("v-add-mail-account", *AT_SHOP, "pwt11", "!!hist!1")],
    "transport-gzip": [
        ("v-add-domain", "par05", "lim3.test"),
        counter("bob", "U_MAIL_DOMAINS", "4"),
        counter("bob", "U_MAIL_DKIM", "4"),
        counter("bob", "U_MAIL_ACCOUNTS", "163"),
    ],
    "user-list-two-json": [repaired],
    "limit-change-package-too-small-force": [
        small,
        ("v-change-user-package", "par05", "small"),
        ("v-add-mail-domain", "par05", "lim1.test"),
    ],
    "transport-client-gave-up-afterwards": [user("gaveup", "", "g@example.test")],
    "odd-invalid-utf8-breaks-other-fields-readback": [
        ("v-change-user-contact", "alice", "alice3@example.test")
    ],
    "mail-domain-after-relay-json": [
        ("v-add-mail-domain-smtp-relay", *AT_SHOP, "relay.example.test", "ruser", "x", "587")
    ],
    "users-final": [
        *(("v-delete-user", name) for name in ("weak1", "Dave", "a" * 30, "gaveup")),
        *(("v-delete-user", f"par0{n}") for n in range(1, 8)),
    ],
    "limit-add-domain": [
        user("limu", ""),
        ("v-change-user-package", "limu", "small"),
        ("v-add-mail-domain", "limu", "lim1.test"),
    ],
}

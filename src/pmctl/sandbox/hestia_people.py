"""Three users with domains, mailboxes and a database, to have something to look at."""

from __future__ import annotations

from pmctl.sandbox.hestia_commands import COMMANDS, Call
from pmctl.sandbox.hestia_store import Store, package

PASSWORD = "Pass-0f-the-Sandb0x"  # noqa: S105  of everybody in this stand-in
_DONE = (
    ("v-add-user", "alice", PASSWORD, "alice@example.test", "default", "Alice Example"),
    ("v-add-domain", "alice", "example.test"),
    ("v-add-mail-account", "alice", "example.test", "info", PASSWORD, "500"),
    ("v-add-mail-account", "alice", "example.test", "sales", PASSWORD),
    ("v-add-mail-account-alias", "alice", "example.test", "info", "contact"),
    ("v-add-mail-account-forward", "alice", "example.test", "sales", "ext@elsewhere.test"),
    ("v-add-mail-domain", "alice", "shop.test"),
    ("v-add-mail-account", "alice", "shop.test", "orders", PASSWORD),
    ("v-add-database", "alice", "shop", "shopuser", PASSWORD),
    ("v-add-user", "bob", PASSWORD, "bob@builder.test", "default", "Bob Builder"),
    ("v-add-domain", "bob", "builder.test"),
    ("v-add-mail-account", "bob", "builder.test", "bob", PASSWORD, "1000"),
    ("v-add-user", "carol", PASSWORD, "carol@little.test", "small", "Carol Small"),
    ("v-add-mail-domain", "carol", "little.test"),
    ("v-add-mail-account", "carol", "little.test", "carol", PASSWORD),
)


def settle(store: Store) -> None:
    """Put alice, bob and carol there; carol's package has no room for more mail."""
    store.packages["small"] = package(MAIL_DOMAINS="1", MAIL_ACCOUNTS="1", DATABASES="0")
    for name, *args in _DONE:
        COMMANDS[name].run(Call(store, args))

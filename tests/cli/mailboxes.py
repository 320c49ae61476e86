"""A panel with a few mailboxes, for the tests of `pmctl mailbox`."""

from __future__ import annotations

from pmctl.sandbox.hestia_sandbox import HestiaSandbox
from pmctl.sandbox.hestia_store import Row


def people(panel: HestiaSandbox) -> None:
    """Have two users there: alice with two mail domains, bob with one."""
    for name in set(panel.store.users) - {panel.store.root}:
        panel.do("v-delete-user", name)
    for user, domains in {"alice": ("example.com", "example.org"), "bob": ("bob.test",)}.items():
        panel.do("v-add-user", user, "password-of-all", f"{user}@example.net")
        for domain in domains:
            panel.do("v-add-mail-domain", user, domain)
    for address in ("ana@example.com", "bo@example.com", "cy@example.org", "dee@bob.test"):
        add(panel, address)
    ana = panel.store.account("ana@example.com")
    ana.update(QUOTA="2000", U_DISK="500", ALIAS="sales,info", FWD="ana@example.net")


def add(panel: HestiaSandbox, address: str, *more: str) -> None:
    """Add a mailbox as the panel's root would."""
    name, _, domain = address.partition("@")
    panel.do("v-add-mail-account", owner(panel, domain), domain, name, "old-password", *more)


def owner(panel: HestiaSandbox, domain: str) -> str:
    """The user whose mail domain it is."""
    return next(user.name for user, name, _ in panel.store.mail_domains() if name == domain)


def box(panel: HestiaSandbox, address: str) -> Row:
    """What the panel holds of a mailbox. Raises KeyError."""
    return panel.store.account(address)


def names(panel: HestiaSandbox) -> list[str]:
    """Every mailbox there is."""
    found = panel.store.mail_domains()
    return sorted(f"{name}@{domain}" for _, domain, mail in found for name in mail.accounts)


def wrote(panel: HestiaSandbox) -> list[str]:
    """The commands that came and change the panel, without their first two arguments."""
    return [" ".join([command, *args[2:]]) for command, args in panel.written]

"""The users of a HestiaCP panel: what they are, and what is changed about them.

RKEY (resets a password), the two-factor secret and its picture are read by nobody but this module
and never handed out. Fields as seen on HestiaCP 1.9.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmctl.backends.hestia import Password
from pmctl.backends.hestia_errors import (
    EXISTS,
    HestiaConflict,
    HestiaNotFound,
)
from pmctl.clients import panel_user_usage as usage_of
from pmctl.clients.panel_owner import unless_forbidden, users
from pmctl.clients.panel_user_names import checked_email, checked_name, checked_person
from pmctl.errors import Conflict, NotFound, PmctlError, Unsafe
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_user_usage import Usage


@dataclass(frozen=True)
class PanelUser:
    """A user as the panel lists them. `created` is ISO, in the time of the server.

    `odd`: their row was no JSON and is shown as it stood. `damaged` are fields that should be a
    number and are none: the panel's file of the user has lost lines.
    """

    user: str
    name: str
    contact: str
    package: str
    role: str
    suspended: bool
    created: str
    usage: tuple[Usage, ...]
    odd: bool = False
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Details:
    """What is known of one user besides. Sizes in MB. No secret is among it."""

    home: str
    nameservers: tuple[str, ...]
    shell: str
    language: str
    theme: str
    php_cli: str
    notifications: bool
    cron_reports: bool
    two_factor: bool
    login_disabled: bool
    login_only_from: tuple[str, ...]
    disk_web_mb: int
    disk_mail_mb: int
    disk_databases_mb: int
    disk_other_mb: int
    web_domains_with_ssl: int
    mail_domains_with_dkim: int
    ips_owned: int
    suspended_web_domains: int
    suspended_dns_domains: int
    suspended_mail_domains: int
    suspended_databases: int
    suspended_cron_jobs: int


@dataclass(frozen=True)
class Package:
    """A package and its limits by their names, None for unlimited."""

    package: str
    limits: Mapping[str, int | None]
    nameservers: tuple[str, ...]
    shell: str


@dataclass(frozen=True)
class Belongings:
    """What goes when a user is deleted; `counted` is all there is where names may not be read."""

    web_domains: tuple[str, ...] = ()
    dns_domains: tuple[str, ...] = ()
    mail_domains: tuple[str, ...] = ()
    mailboxes: int = 0
    databases: tuple[str, ...] = ()
    cron_jobs: int = 0
    disk_mb: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)


class PanelUsers:
    """The users of one panel. Every method raises HestiaError when the panel says no."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    def all(self) -> list[PanelUser]:
        """Return every user, one read. A key that may not list users is refused (exit code 4)."""
        listing = self.panel.hestia.rows("v-list-users")
        odd = set(listing.odd)
        return [_user(name, row, odd=name in odd) for name, row in listing.rows.items()]

    def get(self, name: str) -> PanelUser:
        """Return one user. Raises NotFound with the nearest name there is."""
        return self._read(name)[0]

    def details(self, name: str) -> tuple[PanelUser, Details]:
        """Return one user with what is known besides."""
        user, row = self._read(name)
        return user, _details(row)

    def look(self, name: str) -> PanelUser | None:
        """Return one user, None when there is none."""
        try:
            return self._read(name, near=False)[0]
        except HestiaNotFound:
            return None

    def packages(self) -> list[Package]:
        """Return the packages and their limits."""
        listing = self.panel.hestia.rows("v-list-user-packages")
        return [_package(name, row) for name, row in listing.rows.items()]

    def package_row(self, name: str) -> Mapping[str, Any] | None:
        """Return a package's fields, None where the key may not read them.

        Raises NotFound with the nearest name there is.
        """
        command = "v-list-user-package"

        def read() -> Mapping[str, Any]:
            return self.panel.hestia.row(command, name)

        try:
            return unless_forbidden(self.panel, command, read)
        except HestiaNotFound as exc:
            known = self._names(lambda: [one.package for one in self.packages()])
            hint = did_you_mean(name, known, "`pmctl panel-user packages` shows them")
            raise NotFound(f"HestiaCP has no package {name}", hint=hint) from exc

    def belongings(self, user: PanelUser) -> Belongings:
        """Return what goes with a user by name, or by the counters alone.

        Those are all there is where the key may not list domains or databases.
        """
        counted = {one.counter.used_key: one.used for one in user.usage}
        found = {}
        for kind in ("web-domains", "dns-domains", "mail-domains", "databases"):
            rows = self._rows(f"v-list-{kind}", user.user)
            if rows is None:
                return Belongings(counted=counted)
            found[kind] = rows
        web, dns, mail, databases = found.values()
        return Belongings(
            tuple(web), tuple(dns), tuple(mail),
            sum(usage_of.number(row.get("ACCOUNTS")) for row in mail.values()),
            tuple(databases), counted.get("cron_jobs", 0), counted.get("disk_mb", 0),
        )  # fmt: skip

    def _rows(self, command: str, user: str) -> Mapping[str, Mapping[str, Any]] | None:
        def read() -> Mapping[str, Mapping[str, Any]]:
            return self.panel.hestia.rows(command, user).rows

        return unless_forbidden(self.panel, command, read)

    def add(self, name: str, password: str, email: str, *, package: str, person: str = "") -> None:
        """Create a user. `person` is how they are called, "" for nothing.

        Nobody of that name may be there: look first, so that an add whose answer did not come is
        not mistaken for one that was never needed. Raises Conflict when the name is taken.
        """
        more = [checked_email(email), package, *([checked_person(person)] if person else [])]
        try:
            self._write("v-add-user", checked_name(name), Password(password), *more,
                        done=lambda: bool(self.look(name)))  # fmt: skip
        except HestiaConflict as exc:
            if exc.code == EXISTS:
                exc.hint = "an account of the server itself has that name; choose another"
            raise

    def delete(self, user: PanelUser) -> None:
        """Delete a user with all that is theirs. Raises Unsafe for the panel's root user."""
        self.not_root(user.user, "deleted")
        self._write("v-delete-user", user.user, done=lambda: self.look(user.user) is None,
                    verify=True)  # fmt: skip

    def password(self, name: str, password: str) -> PanelUser:
        """Give a user a new password. Whether it came is read from RKEY, which changes with it.

        Raises Conflict for a suspended user.
        """
        user, row = self._read(name)
        before = row.get("RKEY")
        if user.suspended:
            raise Conflict(
                f"user {name} is suspended, and HestiaCP takes no password for them",
                hint=f"`pmctl panel-user unsuspend {name}` first",
            )
        self._write("v-change-user-password", name, Password(password),
                    done=lambda: self._read(name)[1].get("RKEY") != before)  # fmt: skip
        return user

    def contact(self, user: PanelUser, email: str) -> bool:
        """Change a user's address; return whether there was something to change."""
        if user.contact == checked_email(email):
            return False
        self._write("v-change-user-contact", user.user, email,
                    done=lambda: self.get(user.user).contact == email)  # fmt: skip
        return True

    def change_package(self, user: PanelUser, package: str, *, force: bool) -> None:
        """Give a user another package; `force` also where it does not cover what is used."""
        self._write("v-change-user-package", user.user, package, *(["yes"] if force else []),
                    done=lambda: self.get(user.user).package == package)  # fmt: skip

    def suspend(self, name: str) -> bool:
        """Shut a user out, with all that is theirs (18-28 s seen). False when it was so already."""
        self.not_root(name, "suspended")
        return self._switch("v-suspend-user", name, suspended=True)

    def unsuspend(self, name: str) -> bool:
        """Let a user in again. False when nothing had to be done."""
        return self._switch("v-unsuspend-user", name, suspended=False)

    def not_root(self, name: str, what: str) -> None:
        """Raise Unsafe for the root user of the panel, for whom it says done and does nothing."""
        if name == self.panel.hestia.root:
            raise Unsafe(
                f"{name} is the root user of the panel, who cannot be {what}",
                hint="nothing was sent; is the name right?",
            )

    def _switch(self, command: str, name: str, *, suspended: bool) -> bool:
        def done() -> bool:
            return self.get(name).suspended == suspended

        if done():
            return False
        try:
            self._write(command, name, done=done, verify=True)
        except HestiaConflict:  # somebody else may have been faster
            if done():
                return False
            raise
        return True

    def _write(
        self,
        command: str,
        name: str,
        *more: str | Password,
        done: Callable[[], bool],
        verify: bool = False,
    ) -> None:
        self.panel.write(command, name, *more, target=f"user {name}", done=done, verify=verify)

    def _read(self, name: str, *, near: bool = True) -> tuple[PanelUser, Mapping[str, Any]]:
        try:
            listing = self.panel.hestia.rows("v-list-user", name)
        except HestiaNotFound as exc:
            if near:
                exc.message = f"HestiaCP has no user {name}"
                exc.hint = did_you_mean(name, self._names(), "`pmctl panel-user list` shows them")
            raise
        for found, row in listing.rows.items():
            return _user(found, row, odd=found in listing.odd), row
        raise NotFound(f"HestiaCP showed nothing of user {name}", hint="--trace shows the answer")

    def _names(self, read: Callable[[], list[str]] | None = None) -> list[str]:
        """Return names for a hint; none when they cannot be read. Users' names without `read`."""
        try:
            return read() if read else users(self.panel)
        except PmctlError:
            return []


def _user(name: str, row: Mapping[str, Any], *, odd: bool) -> PanelUser:
    when = f"{row.get('DATE', '')}T{row.get('TIME', '')}".strip("T")
    return PanelUser(
        name, _text(row, "NAME"), _text(row, "CONTACT"), _text(row, "PACKAGE"),
        _text(row, "ROLE"), _yes(row, "SUSPENDED"), when, usage_of.usages(row), odd,
        usage_of.missing(row),
    )  # fmt: skip


def _details(row: Mapping[str, Any]) -> Details:
    def count(field: str) -> int:
        return usage_of.number(row.get(field))

    only_from = _list(row, "LOGIN_ALLOW_IPS") if _yes(row, "LOGIN_USE_IPLIST") else ()
    return Details(
        _text(row, "HOME"), _list(row, "NS"), _text(row, "SHELL"), _text(row, "LANGUAGE"),
        _text(row, "THEME"), _text(row, "PHPCLI"), _yes(row, "NOTIFICATIONS"),
        _yes(row, "CRON_REPORTS"), bool(row.get("TWOFA")), _yes(row, "LOGIN_DISABLED"), only_from,
        count("U_DISK_WEB"), count("U_DISK_MAIL"), count("U_DISK_DB"), count("U_DISK_DIRS"),
        count("U_WEB_SSL"), count("U_MAIL_DKIM"), count("IP_OWNED"), count("SUSPENDED_WEB"),
        count("SUSPENDED_DNS"), count("SUSPENDED_MAIL"), count("SUSPENDED_DB"),
        count("SUSPENDED_CRON"),
    )  # fmt: skip


def _package(name: str, row: Mapping[str, Any]) -> Package:
    return Package(name, usage_of.limits(row), _list(row, "NS"), _text(row, "SHELL"))


def _text(row: Mapping[str, Any], field: str) -> str:
    return str(row.get(field) or "")


def _yes(row: Mapping[str, Any], field: str) -> bool:
    return row.get(field) == "yes"


def _list(row: Mapping[str, Any], field: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in _text(row, field).split(","))))

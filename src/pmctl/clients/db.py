"""Databases on a HestiaCP panel: whose they are, and what is done with them.

Fields and refusals as seen on HestiaCP 1.9.9. The panel tells nothing of a password, so whether a
new one came cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pmctl.backends.hestia import Password
from pmctl.backends.hestia_errors import (
    CONNECT,
    EXISTS,
    HestiaConflict,
    HestiaError,
    HestiaNotFound,
)
from pmctl.clients import db_names
from pmctl.clients.panel_inventory import Part, inventory
from pmctl.clients.panel_owner import users
from pmctl.clients.panel_user_usage import number
from pmctl.errors import Conflict, NotFound
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

_DOWN = "the panel cannot reach its database server"
_START = "is it running there? `systemctl status mariadb` (or postgresql); lists still work"


@dataclass(frozen=True)
class Database:
    """A database. `database` is its whole name; `created` is ISO, in the time of the server.

    `odd`: its row was no JSON and is shown as it stood.
    """

    database: str
    owner: str
    db_user: str
    type: str
    host: str
    charset: str
    disk_mb: int
    suspended: bool
    created: str
    odd: bool = False


@dataclass(frozen=True)
class New:
    """A database to be made, names whole."""

    database: str
    owner: str
    db_user: str
    type: str
    charset: str


def new(owner: str, given: str, *, db_user: str = "", type_: str, charset: str = "") -> New:
    """Return what `given` would be called. Raises UsageError for what the panel refuses."""
    name = db_names.checked(db_names.full_name(owner, given, type_), owner, type_)
    user = db_names.full_name(owner, db_user, type_) if db_user else name
    db_names.checked(user, owner, type_, user=True)
    return New(name, owner, user, type_, (charset or db_names.CHARSETS[type_]).upper())


class Databases:
    """The databases of one panel. Every method raises HestiaError when the panel says no."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    @cached_property
    def users(self) -> list[str]:
        """The panel's users; of a key that may not list them its own alone."""
        return users(self.panel)

    def of(self, owner: str) -> list[Database]:
        """Return the databases of a user, one read."""
        listing = self.panel.hestia.rows("v-list-databases", owner)
        odd = set(listing.odd)
        return [_database(owner, name, row, odd=name in odd)
                for name, row in listing.rows.items()]  # fmt: skip

    def each_user(self) -> Iterator[Part[Database]]:
        """Yield the databases of each user; why one's could not be read is in `failed`."""
        return inventory(self.panel, self.users, self.of)

    def look(self, owner: str, full: str) -> Database | None:
        """Return one database by its whole name, None when there is none."""
        try:
            listing = self.panel.hestia.rows("v-list-database", owner, full)
        except HestiaNotFound as exc:
            if exc.said.startswith("user "):
                raise
            return None
        return next((_database(owner, name, row, odd=name in listing.odd)
                     for name, row in listing.rows.items()), None)  # fmt: skip

    def find(self, given: str, owner: str = "") -> Database:
        """Return a database by its short or its whole name.

        Without an owner those are asked whose name it begins with, then all. Raises NotFound with
        the nearest name there is, Conflict when several users have one of that short name.
        """
        for user in [owner] if owner else db_names.owners(given, self.users):
            for name in dict.fromkeys(db_names.full_name(user, given, kind)
                                      for kind in db_names.TYPES):  # fmt: skip
                found = self.look(user, name)
                if found:
                    return found
        return self._by_short_name(given, self._known(owner))

    def owner_for(self, given: str) -> str:
        """Return whose a new database is by the prefix of its name. Raises NotFound."""
        names = self.users
        found = names if len(names) == 1 else db_names.owners(given, names)
        if not found:
            raise NotFound(
                f"whose is {given} to be? it begins with the name of no user",
                hint=f"--user USER, or a whole name like {names[0]}_{given}" if names else "",
            )
        return found[0]

    def add(self, wanted: New, password: str) -> None:
        """Create a database and its user.

        There may be none of that name: look first, so that an add whose answer did not come is
        not mistaken for one that was never needed.
        """
        more = []
        if wanted.charset != db_names.CHARSETS["mysql"]:
            more = ["default", wanted.charset]
        database, user = (db_names.short_name(wanted.owner, name)
                          for name in (wanted.database, wanted.db_user))  # fmt: skip
        try:
            self._write(
                "v-add-database", wanted.owner, database, user, Password(password), wanted.type,
                *more, target=wanted.database,
                done=lambda: self.look(wanted.owner, wanted.database) is not None,
            )  # fmt: skip
        except HestiaConflict as exc:
            if exc.code == EXISTS and "DBUSER=" in exc.said:
                exc.hint = f"another database has the user {wanted.db_user}: choose with --db-user"
            raise

    def delete(self, one: Database) -> None:
        """Delete a database and its user."""
        self._write("v-delete-database", one.owner, one.database, target=one.database,
                    done=lambda: self.look(one.owner, one.database) is None)  # fmt: skip

    def password(self, one: Database, password: str) -> None:
        """Give the user of a database a new password. Raises Conflict for a suspended one."""
        if one.suspended:
            raise Conflict(
                f"{one.database} is suspended, and HestiaCP takes no password for it",
                hint=f"`pmctl db unsuspend {one.database}` first",
            )
        self._write("v-change-database-password", one.owner, one.database, Password(password),
                    target=one.database, done=None)  # fmt: skip

    def suspend(self, one: Database) -> bool:
        """Shut the user of a database out. False when it was so already."""
        return self._switch("v-suspend-database", one, suspended=True)

    def unsuspend(self, one: Database) -> bool:
        """Let the user of a database in again. False when it was so already."""
        return self._switch("v-unsuspend-database", one, suspended=False)

    def _switch(self, command: str, one: Database, *, suspended: bool) -> bool:
        if one.suspended == suspended:
            return False

        def done() -> bool:
            now = self.look(one.owner, one.database)
            return now is not None and now.suspended == suspended

        try:
            self._write(command, one.owner, one.database, target=one.database, done=done)
        except HestiaConflict:  # somebody else may have been faster, or the owner is suspended
            if done():
                return False
            raise
        return True

    def _write(
        self,
        command: str,
        *args: str | Password,
        target: str,
        done: Callable[[], bool] | None,
    ) -> None:
        try:
            self.panel.write(command, *args, target=f"database {target}", done=done)
        except HestiaError as exc:
            if exc.code == CONNECT:
                why = exc.said or "no more is said"
                exc.message = f"database {target}: nothing was done, {_DOWN} ({why})"
                exc.hint = _START
                exc.exit_code = 75
            raise

    def _known(self, owner: str) -> list[Database]:
        return self.of(owner) if owner else self._everyones

    @cached_property
    def _everyones(self) -> list[Database]:
        known = []
        for part in self.each_user():
            if part.failed:
                raise part.failed
            known += part.rows
        return known

    def _by_short_name(self, given: str, known: list[Database]) -> Database:
        def is_it(one: Database) -> bool:
            short = db_names.short_name(one.owner, one.database)
            return short == (given.lower() if one.type == "pgsql" else given)

        found = [one for one in known if is_it(one)]
        if len(found) > 1:
            names = ", ".join(one.database for one in found)
            raise Conflict(
                f"several users have a database {given}: {names}",
                hint="give its whole name, or --user USER",
            )
        if found:
            return found[0]
        whole = [one.database for one in known]
        short = [db_names.short_name(one.owner, one.database) for one in known]
        hint = did_you_mean(given, whole + short, "`pmctl db list --all-users` shows them")
        raise NotFound(f"HestiaCP has no database {given}", hint=hint)


def _database(owner: str, name: str, row: Mapping[str, Any], *, odd: bool) -> Database:
    def text(field: str) -> str:
        return str(row.get(field) or "")

    return Database(
        name, owner, text("DBUSER"), text("TYPE"), text("HOST"), text("CHARSET"),
        number(row.get("U_DISK")), row.get("SUSPENDED") == "yes",
        f"{text('DATE')}T{text('TIME')}".strip("T"), odd,
    )  # fmt: skip

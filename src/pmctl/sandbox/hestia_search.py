"""Commands that look for something in everybody's things."""

from __future__ import annotations

from collections.abc import Iterator

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import NOTEXIST, Call, ExitError, command
from pmctl.sandbox.hestia_store import Row, User

_FIELDS = ("USER", "TYPE", "KEY", "RESULT", "ALIAS", "LINK", "PARENT", "SUSPENDED", "TIME", "DATE")


@command("v-search-domain-owner", "DOMAIN [TYPE]")
def _owner(call: Call) -> str:
    name, kind = call.take(2)
    for user in list(call.store.users.values()):
        held = {"web": set(user.web), "dns": set(user.dns), "mail": set(user.mail)}
        if any(name in domains for key, domains in held.items() if kind in {"", "any", key}):
            return user.name
    raise ExitError(NOTEXIST, "")


@command("v-search-object", "OBJECT [FORMAT]")
def _everywhere(call: Call) -> str:
    return _told(call.args[0], list(call.store.users.values()))


@command("v-search-user-object", "USER OBJECT [FORMAT]")
def _of_user(call: Call) -> str:
    return _told(call.args[1], [check.user(call.store, call.args[0])])


def _told(word: str, users: list[User]) -> str:
    echoed = []
    found = (row for user in users for row in _found(user, word))
    for number, row in enumerate(found, start=1):
        fields = ",\n".join(f'\t\t"{name}": "{row[name]}"' for name in _FIELDS)
        echoed.append(f'\t"{number}": {{\n{fields}\n\t}}')
    return "{\n" + ",\n".join(echoed) + "\n}"


def _found(user: User, word: str) -> Iterator[Row]:
    """Every object of a user whose name has the word in it."""
    domains = (("web", user.web), ("dns", {name: zone.conf for name, zone in user.dns.items()}),
               ("mail", {name: domain.conf for name, domain in user.mail.items()}))  # fmt: skip
    for kind, held in domains:
        for name, conf in list(held.items()):
            if word in name:
                yield _row(user, kind, "DOMAIN", name, conf)
    for name, domain in list(user.mail.items()):
        for local, row in list(domain.accounts.items()):
            if word in local:
                yield {**_row(user, "mail", "ACCOUNT", local, row), "PARENT": name}
    for name, row in list(user.db.items()):
        if word in name:
            yield _row(user, "db", "DATABASE", name, row)


def _row(user: User, kind: str, key: str, name: str, conf: Row) -> Row:
    own = {"USER": user.name, "TYPE": kind, "KEY": key, "RESULT": name}
    return {**dict.fromkeys(_FIELDS, ""), **own,
            **{field: conf[field] for field in ("SUSPENDED", "TIME", "DATE")}}  # fmt: skip

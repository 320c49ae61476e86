"""Commands of access keys and their profiles."""

from __future__ import annotations

import re
import secrets
import string

from pmctl.sandbox import hestia_checks as check
from pmctl.sandbox.hestia_commands import INVALID, NOTEXIST, Call, command, failed
from pmctl.sandbox.hestia_profiles import PROFILES
from pmctl.sandbox.hestia_store import Key

_LETTERS = string.ascii_letters + string.digits
_COMMENT = re.compile(r"[-|\w .,]{0,100}")


@command("v-add-access-key", "USER [PERMISSIONS] [COMMENT] [FORMAT]")
def _add(call: Call) -> str:
    owner, wanted, comment, form = call.take(4)
    if comment and not _COMMENT.fullmatch(comment):
        raise failed(INVALID, f"invalid comment format :: {comment}")
    user = check.user(call.store, owner)
    permissions = tuple(one for one in wanted.split(",") if one not in {"", "*"})
    for one in permissions:
        if one not in PROFILES:
            raise failed(NOTEXIST, f"API {one} doesn't exist")
        if user.name != call.store.root and PROFILES[one].role == "admin":
            raise failed(INVALID, "Only the admin can run this API")
    name = _random(20)
    call.store.keys[name] = Key(_random(40), owner, permissions, comment, call.store.stamp())
    return _shown(call, name) if form == "json" else name


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _shown(call: Call, name: str) -> str:
    key = call.store.keys[name]
    return (
        f'{{\n    "ACCESS_KEY_ID": "{name}",\n    "SECRET_ACCESS_KEY": "{key.secret}",\n'
        f'    "USER": "{key.user}",\n    "PERMISSIONS": {_listed(key.permissions)},\n'
        f'    "COMMENT": "{key.comment}",\n    "TIME": "{key.stamp["TIME"]}",\n'
        f'    "DATE": "{key.stamp["DATE"]}"\n}}'
    )


def _listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{one}"' for one in words) + "]"


@command("v-list-access-key", "ACCESS_KEY_ID [FORMAT]")
def _show(call: Call) -> str:
    if call.args[0] not in call.store.keys:
        raise failed(NOTEXIST, f"key {call.args[0]} doesn't exist")
    return _shown(call, call.args[0])


@command("v-list-access-keys", "[USER] [FORMAT]")
def _list(call: Call) -> str:
    owner = call.take(1)[0]
    rows = [
        f'    "{name}": {{"ACCESS_KEY_ID": "{name}", "USER": "{key.user}", '
        f'"PERMISSIONS": {_listed(key.permissions)}, "COMMENT": "{key.comment}", '
        f'"TIME": "{key.stamp["TIME"]}", "DATE": "{key.stamp["DATE"]}"}}'
        for name, key in call.store.keys.items()
        if owner in {"", key.user}
    ]
    return "{\n" + ",\n".join(rows) + "\n}" if rows else "{}"


@command("v-delete-access-key", "ACCESS_KEY_ID")
def _delete(call: Call) -> str:
    if call.args[0] not in call.store.keys:
        raise failed(NOTEXIST, f"key {call.args[0]} doesn't exist")
    del call.store.keys[call.args[0]]
    return ""


@command("v-list-apis", "[FORMAT]")
def _profiles(_: Call) -> str:
    rows = (
        f'    "{name}": {{"COMMANDS": {_listed(profile.commands)}, "ROLE": "{profile.role}"}}'
        for name, profile in PROFILES.items()
    )
    return "{\n" + ",\n".join(rows) + "\n}"

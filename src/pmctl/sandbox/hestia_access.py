"""Who may call what: access keys, the administrator's password, old hashes, addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pmctl.sandbox.hestia_commands import (
    API_DISABLED,
    ARGS,
    COMMANDS,
    DEMO,
    DISABLED,
    FORBIDDEN,
    INVALID,
    PASSWORD,
    ExitError,
    failed,
)
from pmctl.sandbox.hestia_store import Key, Store

NO_DATA = (
    "Error: data received is null or invalid, check "
    "https://hestiacp.com/docs/server-administration/rest-api.html"
)
TMP_FILE = "v-make-tmp-file"
_KEY = re.compile(r"[A-Za-z0-9]{20}")
_SECRET = re.compile(r"[A-Za-z0-9_|.+/^~=%-]{40}")
_COMMAND = re.compile(r"[a-zA-Z0-9_-]+")


class LegacyOffError(ExitError):
    """The old ways in are shut; the panel prints a sentence of its own before the answer."""


@dataclass
class Access:
    """The ways into one panel."""

    store: Store
    hashes: set[str] = field(default_factory=set)  # of v-generate-api-key
    address: str = "127.0.0.1"  # where every request comes from
    refused: int = 0  # refused logins; fail2ban would shut the door after five

    def by_key(self, data: Mapping[str, str], command: str, args: Mapping[int, str]) -> Key:
        """Let a call with an access key in. Raises ExitError with what the panel says."""
        config = self.store.config
        if config["API_SYSTEM"] not in {"1", "2"}:
            raise failed(DISABLED, "API has been disabled")
        self._from(also_zeros=True)
        named(command)
        key, secret = data["access_key"].strip(), data["secret_key"].strip()
        if not key or not secret:
            raise failed(PASSWORD, "Authentication failed")
        try:
            found = self._checked(key, secret, command)
        except ExitError:
            self.refused += 1
            raise
        self._own_user(key, found, command, args)
        return found

    def _checked(self, key: str, secret: str, command: str) -> Key:
        if not _KEY.fullmatch(key):
            raise failed(PASSWORD, f"invalid access_key_id format :: {key}")
        if key not in self.store.keys:
            raise failed(PASSWORD, f"key {key} doesn't exist")
        if not _SECRET.fullmatch(secret):
            raise failed(PASSWORD, "invalid secret_access_key format")
        found = self.store.keys[key]
        if found.secret != secret:
            raise failed(PASSWORD, f"Invalid secret key for key {key}")
        if command != TMP_FILE and command not in COMMANDS:
            raise failed(FORBIDDEN, f"Command {command} not found")
        if not found.allows(command, self.store.root):
            words = f"Key {key} don't have permission to run the command {command}"
            raise failed(FORBIDDEN, words)
        owner = self.store.users.get(found.user)
        if owner is None:
            raise failed(PASSWORD, f"user {found.user} doesn't exist")
        if owner.suspended:
            raise failed(PASSWORD, f"user {found.user} is suspended")
        if self.store.config["DEMO_MODE"] == "yes":
            raise failed(ARGS, DEMO)
        return found

    def _own_user(self, key: str, found: Key, command: str, args: Mapping[int, str]) -> None:
        """Keep the keys of users other than the administrator to their own things."""
        if found.user == self.store.root:
            return
        if self.store.config["API_SYSTEM"] != "2":
            raise failed(API_DISABLED, "API has been disabled")
        of_user = command in COMMANDS and COMMANDS[command].of_user
        if of_user and args.get(1) != found.user:
            words = rf"""Key {key} - the "user" argument doesn\'t match the key\'s user"""
            raise failed(FORBIDDEN, words)

    def by_password(self, data: Mapping[str, str]) -> None:
        """Let a call with the administrator's password or an old hash in. Raises ExitError."""
        if self.store.config["API"] != "yes":
            raise LegacyOffError(DISABLED, "Error: API Disabled")
        self._from(also_zeros=False)
        given = data.get("hash", "")
        if given:
            wrong = None if given in self.hashes else PASSWORD
        elif data.get("user") != self.store.root:
            wrong = FORBIDDEN
        else:
            right = data.get("password") == self.store.users[self.store.root].password
            wrong = None if right else PASSWORD
        if wrong:
            self.refused += 1
            raise failed(wrong, "authentication failed")

    def _from(self, *, also_zeros: bool) -> None:
        allowed = self.store.config["API_ALLOWED_IP"]
        listed = allowed.split(",")
        if allowed == "allow-all" or (also_zeros and "0.0.0.0" in listed):  # noqa: S104
            return
        if self.address not in listed:
            raise failed(FORBIDDEN, "IP is not allowed to connect with API")


def named(command: str) -> None:
    """Refuse what cannot be a command."""
    if command in {"", "0"}:
        raise failed(INVALID, "Command not provided")
    if not _COMMAND.fullmatch(command):
        raise failed(INVALID, f"{command} command invalid")

"""Whose a domain is on the panel, and which users there are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pmctl.backends.hestia_errors import FORBIDDEN, HestiaNotAllowed, HestiaNotFound
from pmctl.errors import NotFound, PmctlError
from pmctl.files import write_atomic
from pmctl.paths import cache_home
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.panel import Panel

Found = TypeVar("Found")

DEFAULT = "admin"  # of hestia.user: says nothing of whose a key is
_FEW = 8  # users whose domains are listed to find the nearest name of a mistyped one


def owner_of(panel: Panel, domain: str) -> str:
    """Return the user who owns a domain, whether web, mail or DNS; one read.

    A key that may not search belongs to one user, and that one is returned. Raises NotFound with
    the nearest name there is, HestiaNotAllowed when the key's user is not known.
    """
    command = "v-search-domain-owner"
    try:
        found = unless_forbidden(panel, command, lambda: panel.hestia.text(command, domain))
    except HestiaNotFound as exc:
        hint = did_you_mean(domain, _nearby(panel), "`pmctl domain list --all-users` shows them")
        raise NotFound(f"HestiaCP has no domain {domain}", hint=hint) from exc
    return found.strip() if found else own_user(panel)


def users(panel: Panel) -> list[str]:
    """Return the names of the users; of a key that may not list them, its own user alone."""
    rows = user_rows(panel)
    return list(rows) if rows is not None else [own_user(panel)]


def user_rows(panel: Panel) -> dict[str, dict[str, Any]] | None:
    """Return every user as the panel lists it, by name; None when the key may not list them."""
    command = "v-list-users"
    found = unless_forbidden(panel, command, lambda: panel.hestia.rows(command))
    return found.rows if found is not None else None


def own_user(panel: Panel) -> str:
    """Return the user whose key is in use, from `hestia.user`. Raises HestiaNotAllowed."""
    if panel.hestia.root != DEFAULT:
        return panel.hestia.root
    error = HestiaNotAllowed(
        "this access key is one user's, and HestiaCP does not say whose",
        hint="name the user with --user USER, or once with `pmctl config set hestia.user USER`",
    )
    error.code = FORBIDDEN
    raise error


def unless_forbidden(panel: Panel, command: str, read: Callable[[], Found]) -> Found | None:
    """Return what `read` found; None when the key has no permission for its command.

    The server's fail2ban counts each refusal, so one is remembered and not asked for again.
    """
    refused = _refusal(panel, command)
    if refused.exists():
        return None
    try:
        return read()
    except HestiaNotAllowed as exc:
        if exc.code != FORBIDDEN or not _of_the_key(exc.said):
            raise
        with suppress(OSError):  # then the next run asks again
            refused.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomic(refused, exc.said)
        return None


def _of_the_key(said: str) -> bool:
    return "permission to run" in said or "match the key's user" in said


def _refusal(panel: Panel, command: str) -> Path:
    who = hashlib.sha256(f"{panel.hestia.url} {panel.hestia.login}".encode()).hexdigest()[:16]
    return cache_home() / f"hestia-may-not-{command.removeprefix('v-')}-{who}"


def _nearby(panel: Panel) -> list[str]:
    """Return the domains there are, for a hint; none when it would take long or is refused."""
    try:
        names = users(panel)
        if len(names) > _FEW:
            return []
        lists = [(command, name) for name in names
                 for command in ("v-list-mail-domains", "v-list-web-domains")]  # fmt: skip
        found = panel.each(lambda asked: panel.hestia.rows(*asked).rows, lists)
        return sorted({domain for rows in found for domain in rows})
    except PmctlError:
        return []

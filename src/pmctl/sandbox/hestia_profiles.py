"""Which commands the profiles of access keys allow: the stock files of 1.9.9."""

from __future__ import annotations

from typing import NamedTuple


class Profile(NamedTuple):
    """What a key with this permission may run, and whose key may have it."""

    role: str
    commands: tuple[str, ...]


def _profile(role: str, commands: str) -> Profile:
    return Profile(role, tuple(f"v-{one}" for one in commands.split()))


PROFILES = {
    "billing": _profile(
        "admin",
        """add-user delete-user suspend-user unsuspend-user change-user-shell list-user
        list-users make-tmp-file add-domain change-user-package make-tmp-file
        change-user-password""",
    ),
    "mail-accounts": _profile(
        "user",
        """list-mail-domains list-mail-domain list-mail-account list-mail-accounts
        list-mail-account-autoreply delete-mail-account delete-mail-account-alias
        delete-mail-account-autoreply delete-mail-account-forward
        delete-mail-account-fwd-only add-mail-account add-mail-account-alias
        add-mail-account-autoreply add-mail-account-forward add-mail-account-fwd-only
        change-mail-account-password change-mail-account-quota suspend-mail-account
        suspend-mail-accounts unsuspend-mail-account unsuspend-mail-accounts""",
    ),
    "phpmyadmin-sso": _profile(
        "admin",
        """add-database-temp-user delete-database-temp-user""",
    ),
    "purge-nginx-cache": _profile(
        "user",
        """purge-nginx-cache list-web-domains list-web-domain""",
    ),
    "sync-dns-cluster": _profile(
        "admin",
        """list-users list-sys-config list-user add-cron-restart-job delete-dns-domains-src
        insert-dns-domain insert-dns-record insert-dns-records rebuild-dns-domains
        rebuild-dns-domain delete-dns-record make-tmp-file insert-dns-domain
        delete-dns-domain""",
    ),
    "update-dns-records": _profile(
        "user",
        """list-dns-records change-dns-record""",
    ),
}

"""Names of databases as HestiaCP makes them: the owner's prefix, lower case; values in and out.

`v-add-database alice blog` makes `alice_blog`, and `alice_alice_blog` out of `alice_blog`; every
other command wants the whole name. For pgsql names are lowered (bin/v-add-database, 1.9.9).
"""

from __future__ import annotations

import re

from pmctl.errors import UsageError

LONGEST, LONGEST_USER = 63, 32
TYPES = ("mysql", "pgsql")
# what v-add-database writes down when nothing is said; its own default says MySQL's for pgsql too
CHARSETS = {"mysql": "UTF8MB4", "pgsql": "UTF8"}

# func/main.sh, is_database_format_valid
_WRONG = re.compile(r"[!|@#$^&*()+={}:,<>?/\\\"';%` \s]")


def full_name(owner: str, given: str, type_: str = "") -> str:
    """Return the whole name of an owner's database, of the short or the whole one.

    A name that begins with the owner is taken for a whole one: nothing is prefixed twice.
    """
    name = given if given.startswith(f"{owner}_") else f"{owner}_{given}"
    if type_ == "pgsql":
        whole = given.lower().startswith(f"{owner}_".lower())
        name = (given if whole else f"{owner}_{given}").lower()
    return name


def short_name(owner: str, full: str) -> str:
    """Return the part of a whole name that v-add-database wants."""
    return full[len(owner) + 1 :]


def checked(full: str, owner: str, type_: str, *, user: bool = False) -> str:
    """Return the whole name of a new database (or its `user`).

    Raises UsageError for what the panel would refuse, or store but not find again.
    """
    what = "database user" if user else "database"
    longest = LONGEST_USER if user else LONGEST
    hint = ""
    if not short_name(owner, full):
        hint = f"something must follow {owner}_"
    elif found := _WRONG.search(full):
        hint = f"{found[0]!r} cannot be in it"
    elif not full.isprintable():
        hint = "it holds a control character"
    elif len(full) > longest:
        hint = f"at most {longest} characters with the prefix, it has {len(full)}"
        hint += "; --db-user gives it another" * user
    elif type_ == "pgsql" and "-" in full:
        hint = "PostgreSQL's names have no - here; the panel refuses them"
    if hint:
        raise UsageError(f"{full!r} cannot be the name of a {what}", hint=hint)
    return full


def owners(given: str, users: list[str]) -> list[str]:
    """Return the users of whom a name may be the whole name, the longest first."""
    low = given.lower()
    return sorted(
        (user for user in users if low.startswith(f"{user}_".lower())), key=len, reverse=True
    )

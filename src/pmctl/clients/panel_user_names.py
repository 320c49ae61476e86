"""Names and addresses of panel users, checked here as HestiaCP checks them; values in, values out.

func/main.sh (is_user_format_valid, is_email_format_valid, is_name_format_valid) and
bin/v-add-user (is_user_free) of HestiaCP 1.9.9.
"""

from __future__ import annotations

import re

from pmctl.errors import UsageError

LONGEST = 30
RESERVED = frozenset({"aria", "aria_log", "mysql", "mysql_upgrade", "ib", "ib_buffer", "ddl",
                      "ddl_recovery", "performance", "sudo"})  # fmt: skip

_NAME = re.compile(r"[A-Za-z][-_A-Za-z0-9]{0,28}[A-Za-z0-9]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.(xn--[A-Za-z0-9]{2,63}|[A-Za-z]{2,63})")


def checked_name(name: str) -> str:
    """Return the name of a new user. Raises UsageError for what the panel would refuse."""
    if name.lower() in RESERVED:
        raise UsageError(
            f"the name {name} is reserved by HestiaCP",
            hint=f"reserved are {', '.join(sorted(RESERVED))}, in any case",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a panel user",
            hint=f"a letter first, then letters a-z, digits, - or _, at last a letter or digit; "
            f"2 to {LONGEST} of them",
        )
    return name


def checked_email(email: str) -> str:
    """Return an address. Raises UsageError for what the panel would refuse."""
    if not _EMAIL.fullmatch(email):
        raise UsageError(
            f"{email!r} is no address that HestiaCP takes",
            hint="like ana@example.com, in ASCII (a domain with other letters as xn--...)",
        )
    return email


def checked_person(name: str) -> str:
    r"""Return a person's name. Raises UsageError for what the panel refuses or stores wrongly.

    A backslash in one name makes the list of all users unreadable; `*`, `?` and `[` are expanded
    as names of files, `%quote%` becomes a quote, and a `#` at the front cuts all off.
    """
    wrong = sorted(set(name) & set("'\"<>|\\*?["))
    wrong += ["%quote%"] * ("%quote%" in name) + ["# at the front"] * name.startswith("#")
    if wrong or not name.isprintable():
        raise UsageError(
            f"HestiaCP refuses {name!r} as a person's name, or stores another",
            hint=f"leave out {' '.join(wrong) or 'control characters'}",
        )
    return name

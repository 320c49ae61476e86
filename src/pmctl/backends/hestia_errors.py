"""What HestiaCP's exit codes mean: one kind of error each, its own words kept.

The code is the command's exit code, from the header `Hestia-Exit-Code`; the HTTP status says less
and sometimes the opposite (401 also for what is suspended). As seen on HestiaCP 1.9.9.
"""

from __future__ import annotations

import re

from pmctl.errors import Conflict, NotAllowed, NotFound, PmctlError, Temporary, Unreachable

ARGS, INVALID, NOT_EXIST, EXISTS, SUSPENDED, UNSUSPENDED, IN_USE, LIMIT = 1, 2, 3, 4, 5, 6, 7, 8
PASSWORD, FORBIDDEN, DISABLED, CONNECT, RESTART, API_DISABLED = 9, 10, 11, 15, 20, 21

# func/main.sh, E_*: what is said when the answer has no words of its own
WORDS = {
    1: "it was called with too few or wrong arguments", 2: "a value is not valid",
    3: "it does not exist", 4: "it exists already", 5: "it is suspended",
    6: "it is not suspended", 7: "it is in use", 8: "a limit of the package is reached",
    9: "the password is wrong", 10: "it is forbidden", 11: "this is switched off",
    12: "something could not be parsed", 13: "the disk is full", 14: "the load is too high",
    15: "a service could not be reached", 16: "FTP failed", 17: "the database failed",
    18: "the charts failed", 19: "the update failed", 20: "a service could not be restarted",
    21: "the API is closed to users", 127: "a program is missing on the server",
    405: "the request was empty", -1: "the server could not run the command",
}  # fmt: skip


class HestiaError(PmctlError):
    """HestiaCP said no. `code` is the exit code of the command, `said` its words or ""."""

    code: int = 1
    said: str = ""


class HestiaNotFound(HestiaError, NotFound):
    """No such user, domain, account or database; or it is another user's."""


class HestiaConflict(HestiaError, Conflict):
    """It exists already, is in use, or is (not) suspended."""


class HestiaNotAllowed(HestiaError, NotAllowed):
    """Login, permission, address, or a switch of the panel."""


class HestiaBusy(HestiaError, Temporary):
    """The load is too high, or a service behind the panel does not answer."""


class HestiaFailed(HestiaError, Unreachable):
    """No answer of a HestiaCP."""


_KINDS: dict[int, type[HestiaError]] = {
    NOT_EXIST: HestiaNotFound,
    **dict.fromkeys((EXISTS, SUSPENDED, UNSUSPENDED, IN_USE), HestiaConflict),
    **dict.fromkeys((PASSWORD, FORBIDDEN, DISABLED, API_DISABLED), HestiaNotAllowed),
    14: HestiaBusy,
}


def error_of(code: int, text: str, command: str, *, login: bool) -> HestiaError:
    """Return the error of an exit code. `text` is the body; `login`: the call itself was refused.

    Code 9 is both a refused login and a command's own answer to a password; 10 has many reasons.
    """
    said = words_in(text)
    kind = _KINDS.get(code, HestiaError)
    meaning = said or WORDS.get(code, f"it failed with code {code}")
    error = kind(f"HestiaCP: {meaning} ({command}, exit {code})", hint=_hint(code, said, login))
    error.code, error.said = code, said
    return error


def words_in(text: str) -> str:
    """Return what a body says without its `Error: `; "" for a bare number or a web page."""
    text = " ".join(text.split())
    if re.fullmatch(r"-?\d*", text) or text.startswith("<"):
        return ""
    text = text.replace("\\'", "'")
    while (cut := re.sub(r"^(?:Error|ERROR):\s*", "", text)) != text:
        text = cut
    return text[:500]


def _hint(code: int, said: str, login: bool) -> str:
    low = said.lower()
    if code == PASSWORD and login:
        return "check hestia.access_key (or user) and its secret; it is not tried again: fail2ban"
    if code == FORBIDDEN:
        return _forbidden(low, login)
    return {
        ARGS: "does this HestiaCP know the command in this form? (1.9 and 1.10 do)",
        INVALID: "nothing was changed; correct the value",
        NOT_EXIST: "another user's is not found either; the list commands show what there is",
        EXISTS: "nothing was changed",
        SUSPENDED: "`unsuspend` it first, or its owner",
        UNSUSPENDED: "nothing was changed",
        LIMIT: "`pmctl panel-user package` gives the user another package",
        DISABLED: "switch the API on: Server settings > Security > Enable API access",
        API_DISABLED: "Server settings > Security > API: allow users (API_SYSTEM=2)",
        RESTART: "the change itself is stored; look at the service on the server",
        -1: "nothing was done; is one of the values very long?",
    }.get(code, "/var/log/hestia on the server has more")


def _forbidden(low: str, login: bool) -> str:
    if "ip is not allowed" in low:
        return "add this machine's address: Server settings > Security > Allowed IP addresses"
    if "permission" in low:
        return "give the key the command: v-add-access-key with a profile that has it, or none"
    if "doesn't match the key" in low:
        return "the key is one of another user; an administrator's key may do it for all"
    if "not found" in low:
        return "this HestiaCP does not have the command"
    if login:
        return "only the root user of the panel (hestia.user) may log in by password"
    return "the panel forbids it"

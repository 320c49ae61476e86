"""What KumoMTA's refusals mean: one kind of error each, its own words kept.

Error bodies are plain text. Statuses and texts as in the source of KumoMTA 2025.03 to 2026.06;
where no text is known the status decides, on the safe side: what may have been accepted is unknown.
"""

from __future__ import annotations

import re

from pmctl.errors import NotAllowed, OutcomeUnknown, PmctlError, Temporary, Unreachable
from pmctl.http import Answer

# The first release that knows a field; another one answers 422 to it.
SINCE = {
    "deferred_spool": "2024.11.08",
    "trace_headers": "2024.11.08",
    "template_dialect": "2025.12.02",
    "amp_html_body": "2026.03.04",
    "metadata": "2026.05.12",
}
_FIELD = (
    r"target type: ([\w.\[\]]+): ",
    r"failed parsing field '([\w.\[\]]+)'",
    r"failed parsing ([\w.\[\]]+): ",
    r"^(envelope_sender): ",
)


class KumoError(PmctlError):
    """KumoMTA said no and took nothing. `status` is that of HTTP, `said` its words or ""."""

    status: int = 0
    said: str = ""
    field: str = ""  # of the request, where the words name one: content.text_body


class KumoRefused(KumoError):
    """What was sent is wrong; sending it again does not help."""


class KumoTooLarge(KumoRefused):
    """The request is over the limit of the server (2 MiB where nothing else is set)."""


class KumoNotAllowed(KumoError, NotAllowed):
    """Login, or the address that we come from."""


class KumoBusy(KumoError, Temporary):
    """It takes nothing now: shutting down, starting, or short of memory or disk."""


class KumoFailed(KumoError, Unreachable):
    """No answer of a KumoMTA, and surely nothing accepted."""


def error_of(answer: Answer, *, user: str, what: str) -> PmctlError:
    """Return the error of an answer other than 200 to a request that does `what`.

    `user` is whom we said we are, "" for nobody.
    """
    said = words_in(answer.text)
    kind, hint = _kind(answer, said, user)
    if kind is OutcomeUnknown:
        return OutcomeUnknown(
            f"{answer.source} may or may not have done {what}: HTTP {answer.status}"
            f"{f', {said}' if said else ''}",
            hint=hint,
        )
    error = kind(f"{answer.source}: {said or _WORDS.get(answer.status, 'no words')} "
                 f"({what}, HTTP {answer.status})", hint=hint)  # fmt: skip
    if isinstance(error, KumoError):
        error.status, error.said, error.field = answer.status, said, field_in(said)
    return error


def words_in(text: str) -> str:
    """Return what a body says on one line without its `Error: `; "" for a web page."""
    text = " ".join(text.split())
    if text.startswith("<") and not text.startswith("<Unauthenticated>"):
        return ""
    return text.removeprefix("Error: ")[:600]


def field_in(said: str) -> str:
    """Return the field of the request that the words are about: `recipients[0]`, or ""."""
    found = next(filter(None, (re.search(pattern, said) for pattern in _FIELD)), None)
    unknown = re.search(r"unknown field `(\w+)`", said)
    if unknown:
        path = found[1] if found else ""
        return path if path.rpartition(".")[2] == unknown[1] else f"{path}.{unknown[1]}".strip(".")
    return found[1] if found else ""


def is_unknown_field(said: str) -> str:
    """Return the name of a field that this server does not know; "" when it is about no such."""
    found = re.search(r"unknown field `(\w+)`", said)
    return found[1] if found else ""


_WORDS = {
    401: "not allowed",
    404: "there is no such address",
    405: "it cannot be used like that",
    413: "the request is too large",
    415: "it does not read this kind of request",
}
_PROXY = "a proxy in between answered; --trace shows it"
_LOOK = "it was not sent again; look for its X-Send-ID in the log of KumoMTA before you do"


def _kind(answer: Answer, said: str, user: str) -> tuple[type[PmctlError], str]:
    """Return the kind of error, and what to do about it."""
    match answer.status:
        case 401 | 403:
            return KumoNotAllowed, _not_allowed(said, user)
        case 400 if "authorization" in said.lower():
            return KumoNotAllowed, "it takes Basic and Bearer only; is there a proxy in between?"
        case 413:
            limit = "KumoMTA takes 2 MiB unless request_body_limit of its listener says more"
            return KumoTooLarge, f"nothing was sent: {limit}"
        case 415 if "content-encoding" in said.lower() or not said:
            return KumoRefused, "compressed requests need KumoMTA 2025.10.06 or later"
        case 404 | 405:
            return KumoFailed, "is kumomta.url the HTTP listener of a KumoMTA, with no folder?"
        case 500 if said.startswith("envelope_sender:"):
            return KumoRefused, "the envelope sender is no address; nothing was sent"
        case 500 if said == "try again later":
            return KumoBusy, "its policy failed while it checked who we are; see its log"
        case 503 if answer.text.startswith("Error:") or _plain(answer):
            return KumoBusy, "nothing was accepted; try again in a minute"
        case status if 400 <= status < 500:
            return KumoRefused, _refused(said)
        case 502 | 503 | 504:
            return OutcomeUnknown, f"{_PROXY}; {_LOOK}"
    return OutcomeUnknown, _LOOK


def _plain(answer: Answer) -> bool:
    """Whether it is words of KumoMTA and no page of a proxy. Its 503 have one of these."""
    known = ("shutting down", "load shedding", "too full", "spool")
    return any(word in answer.text for word in known) and not answer.text.lstrip().startswith("<")


def _not_allowed(said: str, user: str) -> str:
    low = said.lower()
    if "authentication failed" in low or low == "invalid authorization":
        return (
            "check kumomta.user and its password; a server whose policy has no "
            "http_server_validate_auth_basic refuses every login, so set no user there"
        )
    trusted = "add this machine's address to trusted_hosts of the HTTP listener"
    if "/api/inject" in low and not user:
        return f"{trusted}, or set kumomta.user and its password"
    if "trusted ip" in low or ("/api/inject" not in low and user):
        return f"this needs a trusted IP, a login does not open it: {trusted}"
    if user:
        return "its policy does not let this user do that (get_acl_definition)"
    return f"{trusted}, or set kumomta.user and its password"


def _refused(said: str) -> str:
    name = is_unknown_field(said)
    if name in SINCE:
        return f"nothing was sent: {name} needs KumoMTA {SINCE[name]} or later"
    return "nothing was sent; mend it, sending it again does not help"

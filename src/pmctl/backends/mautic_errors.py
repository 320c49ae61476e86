"""What Mautic's refusals mean: one kind of error each, Mautic's own words kept.

Statuses, types and messages as Mautic 5.1.1 gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pmctl.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PmctlError,
    Temporary,
    Unreachable,
)
from pmctl.http import Answer

API_OFF = "switch it on in Mautic: Settings > Configuration > API Settings > API enabled"
BASIC_OFF = "set mautic.client_id (OAuth2), or switch on HTTP basic auth in Mautic's API Settings"
NO_PERMISSION = "an administrator of Mautic gives it in Settings > Roles"
NO_HEADER = "Mautic saw no login: does the web server pass the Authorization header on to PHP?"
NO_ROUTE = "is this the base URL of a Mautic 5, and is its API installed?"
LOOK_UP = "look it up in Mautic before sending it again; nothing was repeated"


class MauticError(PmctlError):
    """Mautic said no. `status` is HTTP's, or the one inside a 200; `type` is Mautic's or ""."""

    status: int = 0
    type: str = ""


class Rejected(MauticError):
    """What was sent is not valid. `details`: the messages for each field."""

    details: Mapping[str, list[str]] = {}


class MauticNotAllowed(MauticError, NotAllowed):
    """Login, permission, or a switch in Mautic."""


class MauticNotFound(MauticError, NotFound):
    """No such entity."""


class MauticConflict(MauticError, Conflict):
    """It is done already, or something is in its way."""


class MauticBusy(MauticError, Temporary):
    """The rate limit is used up, or Mautic is in maintenance."""


class MauticFailed(MauticError, Unreachable):
    """Mautic failed at a read, or this is no Mautic."""


class MauticUnsure(MauticError, OutcomeUnknown):
    """Mautic failed at a write, which it may have stored all the same."""


@dataclass(frozen=True)
class Refusal:
    """One refusal in Mautic's words. `type` and `details` are empty when not given."""

    status: int
    message: str
    type: str
    details: Mapping[str, list[str]]


def refusal_in(answer: Answer) -> Refusal | None:
    """Return the first of the `errors` of an answer, None when it has none.

    They come as a list or as an object by index, also with HTTP 200. The token endpoint of
    other versions answers with `error` and `error_description` (RFC 6749, 5.2).
    """
    try:
        body = answer.json()
    except Unreachable:
        return None
    if not isinstance(body, dict):
        return None
    errors = body.get("errors")
    if isinstance(errors, dict):
        errors = list(errors.values())
    if not errors and isinstance(body.get("error"), str):
        errors = [
            {"message": body.get("error_description") or body["error"], "type": body["error"]}
        ]
    if not errors:
        return None
    items = errors if isinstance(errors, list) else [errors]
    texts = [_text(item) for item in items]
    first = items[0] if isinstance(items[0], dict) else {}
    inner = first.get("code")
    status = inner if answer.status < 400 and isinstance(inner, int) else answer.status
    return Refusal(
        status, "; ".join(texts[:5]), str(first.get("type") or ""), _details(first.get("details"))
    )


def _text(item: Any) -> str:
    return str(item.get("message") or item) if isinstance(item, dict) else str(item)


def _details(details: Any) -> dict[str, list[str]]:
    if not isinstance(details, dict):
        return {}  # `[]` when there are none
    return {
        field: [str(text) for text in texts] if isinstance(texts, list) else [str(texts)]
        for field, texts in details.items()
    }


def error_of(
    answer: Answer, what: str, *, write: bool, login_hint: str, when: str = ""
) -> MauticError:
    """Return the error that `answer` stands for. `what` was tried, as in `GET campaigns/7`.

    `login_hint` says how to mend the credentials, `when` when the rate limit ends.
    """
    said = refusal_in(answer) or Refusal(answer.status, _unexpected(answer), "", {})
    kind, hint = _kind(said, answer, write=write, login_hint=login_hint, when=when)
    error = kind(f"Mautic: {said.message} ({what}, HTTP {answer.status})", hint=hint)
    error.status, error.type = said.status, said.type
    if isinstance(error, Rejected):
        error.details = said.details
    return error


def _unexpected(answer: Answer) -> str:
    text = answer.text.strip()
    return "answered with a web page instead of JSON" if text[:1] == "<" else "gave no reason"


def _kind(
    said: Refusal, answer: Answer, *, write: bool, login_hint: str, when: str
) -> tuple[type[MauticError], str]:
    status, message = said.status, said.message
    if status == 401 or said.type == "invalid_client":
        return MauticNotAllowed, NO_HEADER if message.startswith("API auth") else login_hint
    if status == 403:
        return MauticNotAllowed, _forbidden(said)
    if status == 404:
        # an entity that is missing is told by Mautic's own JSON, a wrong base URL by others
        if "Requested URL not found" in message or refusal_in(answer) is None:
            return MauticFailed, NO_ROUTE
        return MauticNotFound, "it may have been deleted; list what there is"
    if status == 429 or (status == 503 and not write):
        return MauticBusy, f"try again {when or 'in a minute'}"
    if status >= 500 and answer.status >= 400 and write:
        return MauticUnsure, LOOK_UP
    if status >= 500 and answer.status >= 400:
        return MauticFailed, "the cause is in Mautic's var/logs; unknown columns end like this too"
    if status == 409:
        return MauticConflict, "see what Mautic has now, then decide"
    return Rejected, "nothing was stored; correct it and run again" if write else "ask differently"


def _forbidden(said: Refusal) -> str:
    if said.type == "api_disabled":
        return API_OFF
    return BASIC_OFF if said.message.startswith("Basic Auth") else NO_PERMISSION

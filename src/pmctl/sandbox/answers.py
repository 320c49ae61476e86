"""What the stand-in says: answers as values, and the refusals in Mautic's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CRASH = (
    "Looks like I encountered an error (error #{code}). "
    "If I do it again, please report me to the system administrator!"
)
VERSION = {"Mautic-Version": "5.1.1"}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` is a JSON value."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=lambda: VERSION)


class RefusalError(Exception):
    """Raised by any part of the stand-in; carries the answer to send."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(
    code: int, message: str, details: Mapping[str, list[str]] | None = None
) -> RefusalError:
    """A refusal by the API's own code: `details` is `[]` when there are none."""
    error = {"code": code, "message": message, "details": details or []}
    return RefusalError(Answer(code, {"errors": [error]}))


def invalid(problems: Mapping[str, str]) -> RefusalError:
    """A form that did not pass validation: every field with its message."""
    message = ", ".join(f"{name}: {text}" for name, text in problems.items())
    return refusal(400, message, {name: [text] for name, text in problems.items()})


def early(code: int, message: str, kind: str | None = None) -> RefusalError:
    """A refusal from before the API ran: no Mautic-Version header, a `type` and no `details`."""
    error = {"message": message, "code": code, "type": kind}
    return RefusalError(Answer(code, {"errors": [error]}, {}))


def crash(code: int = 500) -> RefusalError:
    """Mautic broke; the cause is only in its logs."""
    return early(code, CRASH.format(code=code))


def not_found(what: str = "Item") -> RefusalError:
    """An entity that is not there."""
    return refusal(404, f"{what} was not found." if what == "Item" else f"{what} not found.")

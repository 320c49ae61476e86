"""Commands that take many contacts: whom they name, looked up and done side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pmctl import output
from pmctl.clients.campaign_contact import Contact, Done
from pmctl.errors import PmctlError, UsageError
from pmctl.parallel import side_by_side
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contacts

Item = TypeVar("Item")

Emails = Annotated[
    list[str], typer.Argument(metavar="EMAIL...", help="Emails or ids, or - for stdin, one a line.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

COLUMNS = ["email", "id", "result"]
_ONE_ONLY = (1, 3, 5, 75)  # what went wrong with one contact says nothing of the others


@dataclass
class People:
    """The contacts that a command names, and those of them that Mautic does not have."""

    found: list[Contact]
    missing: list[tuple[str, PmctlError]] = field(default_factory=list)

    @property
    def said(self) -> str:
        """The first few of them by name."""
        first = ", ".join(one.name for one in self.found[:3])
        more = len(self.found) - 3
        return f"{first} and {more} more" if more > 0 else first


def look_up(client: Contacts, words: Sequence[str]) -> People:
    """Look every contact up, side by side. Raises what is wrong when only one is named."""
    names = _named(words)
    people = People([])
    ids: set[int] = set()
    with output.progress("looking up", len(names)) as advance:
        for name, seen in zip(names, side_by_side(client.looked_up, names), strict=True):
            advance()
            if isinstance(seen, PmctlError):
                people.missing.append((name, seen))
            elif seen.id not in ids:
                ids.add(seen.id)
                people.found.append(seen)
    if len(names) == 1 and people.missing:
        raise people.missing[0][1]
    return people


def _named(words: Sequence[str]) -> list[str]:
    names = [word for word in words if word != "-"]
    if "-" in words:
        names += [line.strip() for line in sys.stdin if line.strip()]
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(name.lower(), name)
    if not known:
        raise UsageError("no contact is named", hint="name emails, or - to read them from stdin")
    return list(known.values())


def do_each(label: str, items: Sequence[Item], work: Callable[[Item], Done]) -> list[Done]:
    """Do something with each item, side by side; raise only what would meet the others too."""

    def one(item: Item) -> Done | PmctlError:
        try:
            return work(item)
        except PmctlError as exc:
            if exc.exit_code not in _ONE_ONLY:
                raise
            return exc

    done: list[Done] = []
    failed: list[PmctlError] = []
    with output.progress(label, len(items)) as advance:
        for result in side_by_side(one, items):
            advance()
            if isinstance(result, PmctlError):
                failed.append(result)
            else:
                done.append(result)
    if failed and len(items) == 1:
        raise failed[0]
    return [*done, *(Done("", None, exc.message, ok=False) for exc in failed)]


def finish(done: list[Done], missing: Sequence[tuple[str, PmctlError]] = ()) -> None:
    """Show a row for each contact. Raises PmctlError when some of them failed."""
    rows = [*done, *(Done(name, None, exc.message, ok=False) for name, exc in missing)]
    output.show(rows, COLUMNS)
    failed = [one for one in rows if not one.ok]
    if failed:
        names = ", ".join(one.email for one in failed[:5] if one.email)
        raise PmctlError(
            f"{counted(len(failed), 'contact')} of {len(rows)} failed"
            + (f": {names}" * bool(names)),
            hint="the column `result` says why; the others are done",
        )

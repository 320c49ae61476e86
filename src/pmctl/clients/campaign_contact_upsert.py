"""Many contacts into Mautic: batches side by side, each looked at row by row.

Sending a batch again is safe, unlike every other write here: Mautic merges contacts by email, the
fields and tags of a row are the same however often they are set, and 8 requests for one new email
at once gave one contact (seen on Mautic 5.1.1). So what has no answer is sent again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pmctl.backends.mautic_errors import MauticUnsure
from pmctl.clients.campaign_contact_batch import (
    CREATED,
    UNKNOWN,
    UPDATED,
    Batch,
    Result,
    batches,
    results,
)
from pmctl.clients.campaign_contact_resume import Notes
from pmctl.clients.campaign_contact_rows import Row
from pmctl.errors import OutcomeUnknown, PmctlError
from pmctl.parallel import side_by_side

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact import Contacts

PATH = "contacts/batch/new"
# Writers side by side now and then deadlock in the database (SQLSTATE 40001): HTTP 500, and the
# second try works. More tries would only hide that Mautic is broken.
PAUSES = (0.3, 1.5)  # seconds
MOST_PIECES = 24  # requests to find the rows of one batch that Mautic fails at
LOOKED = "run the same command again: it looks first"
AGAIN = "it was sent again after a failure, so it may be a new contact"


class Unsent(PmctlError):
    """A batch that was not sent because another one failed."""

    def __init__(self) -> None:
        super().__init__("not sent")


@dataclass
class Upload:
    """One file on its way. `failure` is what ended it early; then rows after it were not sent."""

    client: Contacts
    notes: Notes
    blank: bool = False
    at_once: int = 4
    failure: PmctlError | None = None

    def run(self, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Yield the results of each batch, those of an earlier run too.

        They come in the order of the file, but after a failure: then what had been sent by then
        comes last. Never raises a PmctlError: `failure` has it.
        """
        finished: dict[int, list[Result]] = {}
        lock = threading.Lock()

        def one(batch: Batch) -> int:
            found = self.notes.answered(batch.number, batch.rows)
            try:
                found = found or self._sent(batch)
            except PmctlError as exc:
                with lock:
                    self.failure = self.failure or exc
                    if isinstance(exc, OutcomeUnknown):
                        finished[batch.number] = _unknown(batch.rows, exc)
                raise
            with lock:
                finished[batch.number] = found
            return batch.number

        try:
            for number in side_by_side(one, batches(rows), self.at_once):
                with lock:
                    found = finished.pop(number)
                yield found
        except PmctlError:
            yield from (finished[number] for number in sorted(finished))

    def _sent(self, batch: Batch) -> list[Result]:
        if self.failure is not None:
            raise Unsent  # what ended one batch would end this one
        self.notes.begin(batch.number)
        found = self._insisting(batch.rows)
        self.notes.done(batch.number, found)
        return found

    def _insisting(self, rows: Sequence[Row]) -> list[Result]:
        """Send a batch, again after a failure, then in pieces to find the row that is at fault."""
        for tried, pause in enumerate((*PAUSES, None)):
            try:
                return _marked(self._post(rows), again=tried > 0)
            except OutcomeUnknown as exc:
                if pause is not None:
                    # apart from each other: two that met in a deadlock are not to meet again
                    time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  no secret
                elif not isinstance(exc, MauticUnsure) or len(rows) == 1:
                    raise  # no answer at all: Mautic or the way to it is down
                else:
                    failed = exc
        found = self._in_pieces(rows, _Budget(MOST_PIECES))
        if all(one.outcome == UNKNOWN for one in found):
            raise failed  # it is not a row
        return found

    def _in_pieces(self, rows: Sequence[Row], left: _Budget) -> list[Result]:
        middle = len(rows) // 2
        found: list[Result] = []
        for piece in (rows[:middle], rows[middle:]):
            try:
                left.spend()
                found += _marked(self._post(piece), again=True)
            except MauticUnsure as exc:
                if left.spent:
                    raise
                found += _unknown(piece, exc) if len(piece) == 1 else self._in_pieces(piece, left)
        return found

    def _post(self, rows: Sequence[Row]) -> list[Result]:
        bodies = [row.body(blank=self.blank) for row in rows]
        target = f"{len(rows)} contacts, lines {rows[0].line} to {rows[-1].line}"
        with self.client.campaigns.journal.write("POST", PATH, what=target):
            answer = self.client.mautic.batch("POST", PATH, bodies)
        return results(answer, rows)


def create(client: Contacts, row: Row) -> Result:
    """Write one contact. The batch is used for one too: only it says what is new.

    When the outcome is unknown, Mautic is asked who has the email.
    """
    try:
        with client.campaigns.journal.write("POST", PATH, what=row.email):
            answer = client.mautic.batch("POST", PATH, [row.body()])
    except OutcomeUnknown as exc:
        seen = client.looked_up(row.email)
        if isinstance(seen, PmctlError):
            raise OutcomeUnknown(f"{row.email}: {exc.message}", hint=LOOKED) from exc
        return Result(0, row.email, seen.id, CREATED)
    return results(answer, [row])[0]


@dataclass
class _Budget:
    left: int

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def spend(self) -> None:
        self.left -= 1


def _marked(found: list[Result], *, again: bool) -> list[Result]:
    if not again:
        return found
    return [replace(one, reason=AGAIN) if one.outcome == UPDATED else one for one in found]


def _unknown(rows: Sequence[Row], exc: PmctlError) -> list[Result]:
    return [Result(row.line, row.email, None, UNKNOWN, exc.message) for row in rows]


def each(found: Iterable[list[Result]], told: Callable[[int], None]) -> Iterator[Result]:
    """Yield every single result; `told` hears of each batch how many rows it had."""
    for rows in found:
        told(len(rows))
        yield from rows

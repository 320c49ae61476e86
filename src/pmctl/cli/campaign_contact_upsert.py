"""`pmctl campaign contact upsert`: a file of contacts into Mautic."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.campaign_contact_many import DryRun
from pmctl.cli.common import Printing, context_of, group
from pmctl.cli.result_file import check_target, writing
from pmctl.errors import PmctlError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.campaign_contact_batch import Result
    from pmctl.clients.campaign_contact_resume import Notes
    from pmctl.clients.campaign_contact_upsert import Upload
    from pmctl.context import Context

app = group("Contacts from files.")

COLUMNS = ["line", "email", "id", "outcome", "reason"]
_RESUME = "run it again with --resume: it goes on where it stopped"


@app.command(cls=Printing)
def upsert(
    ctx: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="FILE", help="A .csv or .jsonl file, or - for stdin.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run of this file stopped.")
    ] = False,
    blank: Annotated[
        bool, typer.Option("--blank", help="An empty cell empties the field in Mautic.")
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=16, help="Batches at a time.")
    ] = 4,
    results: Annotated[
        str,
        typer.Option("--results", metavar="FILE", help="A row for each contact, .csv or .jsonl."),
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Create or change the contacts of a CSV or JSON lines file, by email.

    Examples:
      pmctl campaign contact upsert people.csv
      pmctl campaign contact upsert people.csv --results outcome.csv
      pmctl campaign contact upsert people.csv --resume
      crm-export | pmctl campaign contact upsert - -o jsonl

    The first line of a CSV file names the fields by their aliases: email,firstname,tags. Tags are
    separated by comma or |, and -trial takes the tag trial away. A contact that exists is merged:
    what the file does not name stays, and so does what it leaves empty, without --blank.

    Every row is checked before the first one is sent; one mistake in the file and nothing is. An
    email that is there twice is a mistake. Batches of 200 go side by side. A batch that fails is
    sent again, which is safe: Mautic merges contacts by email.

    With -o or --results there is a row for each contact: line, email, id, outcome (created,
    updated, refused, unknown) and reason. Without, only those that failed are listed.
    """
    from pmctl.clients.campaign_contact_file import ContactFile
    from pmctl.clients.campaign_contact_upsert import Upload

    check_target(results, path)
    context = context_of(ctx)
    with ContactFile(path) as source:
        known = context.contacts.known_fields()
        if known is None:
            output.warn("Mautic's contact fields cannot be read: a mistyped one is not found out")
        rows = source.check(known)
        if dry_run:
            output.note(f"{counted(rows, 'contact')} would be sent; nothing is wrong in the file")
            return
        with _notes(context, source.digest, blank=blank, resume=resume) as notes:
            upload = Upload(context.contacts, notes, blank=blank, at_once=concurrency)
            tally = _send(upload.run(source.rows(known)), rows, results)
    _say(upload, tally, rows)


@contextlib.contextmanager
def _notes(context: Context, digest: str, *, blank: bool, resume: bool) -> Iterator[Notes]:
    from pmctl.clients.campaign_contact_resume import Notes

    mautic, name = context.mautic, context.config.context
    with Notes(url=mautic.url, context=name, digest=digest, blank=blank) as notes:
        if notes.count and resume:
            output.note(f"not sent again, done in an earlier run: {notes.count:,} of its batches")
        elif notes.count:
            output.note("this file was sent before, whole or in part; it is sent from its start")
            notes.forget()
        yield notes


def _send(found: Iterable[list[Result]], rows: int, results: str) -> Counter[str]:
    """Show or write every result; return how many there were of each outcome."""
    from pmctl.clients.campaign_contact_batch import SENT
    from pmctl.clients.campaign_contact_upsert import each

    tally: Counter[str] = Counter()

    def counting(every: Iterator[Result], write: Callable[[Result], None]) -> Iterator[Result]:
        for one in every:
            tally[one.outcome] += 1
            write(one)
            if output.asked() is not None or one.outcome not in SENT:
                yield one

    with writing(results, COLUMNS) as write, output.progress("sending", rows, rate=True) as advance:
        try:
            shown = counting(each(found, advance), write)
            first = next(shown, None)
            if first is not None or output.asked() is not None:
                output.show(itertools.chain([first] if first else [], shown), COLUMNS)
        except BaseException as exc:
            if not isinstance(exc, Exception):  # Ctrl-C, SIGTERM
                output.warn(f"stopped in the middle; {_RESUME}")
            raise
    return tally


def _say(upload: Upload, tally: Counter[str], rows: int) -> None:
    """Sum up. Raises PmctlError when a contact was not taken over, or not even sent."""
    from pmctl.clients.campaign_contact_batch import SENT

    said = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(tally.items()))
    output.note(f"{counted(rows, 'contact')}: {said or 'none'}")
    if upload.failure is not None:
        exc = upload.failure
        exc.message = f"stopped after {sum(tally.values()):,} of {rows:,}: {exc.message}"
        exc.hint = f"{exc.hint}; {_RESUME}" if exc.hint else _RESUME
        raise exc
    failed = sum(number for outcome, number in tally.items() if outcome not in SENT)
    if failed:
        raise PmctlError(
            f"{failed:,} of {counted(rows, 'contact')} failed",
            hint="each is listed with its reason; --resume sends only those that are unknown",
        )

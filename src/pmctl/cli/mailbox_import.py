"""`pmctl mailbox import` and `export`: mailboxes from a file, and into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import OptionalDomain, boxes_of, counted_boxes, scope, told
from pmctl.cli.panel_words import AllUsers, DryRun, User, panel_of
from pmctl.cli.result_file import check_target, writing
from pmctl.errors import PmctlError, UsageError
from pmctl.text import counted

if TYPE_CHECKING:
    from pmctl.clients.mailbox import Mailbox
    from pmctl.clients.mailbox_begun import Begun
    from pmctl.clients.mailbox_file import MailboxFile
    from pmctl.clients.mailbox_import import Ground, Import, Result
    from pmctl.clients.mailbox_rows import Row
    from pmctl.clients.panel import Panel
    from pmctl.clients.panel_passwords import PasswordFile

app = group("Mailboxes from files and into files.")

RESULTS = ["line", "email", "outcome", "reason"]
_AGAIN = "run it again: what is done is not done twice"


@app.command("import", cls=Printing)
def import_(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, or - for stdin.")],
    generate_passwords: Annotated[
        str,
        typer.Option(
            "--generate-passwords",
            metavar="FILE",
            help="Make up those that are missing, into FILE, mode 0600.",
        ),
    ] = "",
    results: Annotated[
        str, typer.Option("--results", metavar="FILE", help="The results too, .csv or .jsonl.")
    ] = "",
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Add the mailboxes of a CSV file, one by one.

    Examples:
      pmctl mailbox import accounts.csv --dry-run
      pmctl mailbox import accounts.csv --generate-passwords new-passwords.csv
      pmctl mailbox import accounts.csv --results outcome.csv

    The first line names the columns: email, and any of password, quota, alias, forward and
    forward_only. A quota is in megabytes or unlimited; several aliases or forwards are separated
    by | or a blank. A password `generated`, or none, is made up and is in the file of
    --generate-passwords before it is used.

    Every row is checked, and held against the panel, before the first is written. A mailbox that
    exists is left as it is; aliases and forwards that it lacks are added. So a run that ended in
    the middle, however it ended, is started again with the same words. It ends early when the
    login is refused, a limit of the package is reached, or five rows fail one after another.
    """
    from pmctl.clients.mailbox_begun import Begun
    from pmctl.clients.mailbox_file import MailboxFile
    from pmctl.clients.mailbox_import import survey

    check_target(results, path)
    if generate_passwords and generate_passwords in (path, results):
        raise UsageError("--generate-passwords names a file that is used otherwise")
    with MailboxFile(path, generate=bool(generate_passwords)) as source, panel_of(ctx) as panel:
        rows = source.check()
        with Begun(panel.hestia.url) as begun:
            ground = survey(panel, source, user, begun)
            _tell(source, ground)
            if dry_run:
                output.show(_planned(source, ground), ["line", "email", "plan"])
                output.note("nothing was changed (--dry-run)")
                return
            job = _job(panel, ground, begun, generate_passwords)
            _run(job, source.rows(), rows, results)
    _say(job, source.name, rows)


@dataclass(frozen=True)
class Planned:
    """What would become of a row."""

    line: int
    email: str
    plan: str


def _planned(source: MailboxFile, ground: Ground) -> Iterator[Planned]:
    for row in source.rows():
        step = ground.step(row)
        plan = "create" if step.create else "exists"
        if step.extras:
            plan = f"{plan}; add {step.extras}"
        yield Planned(row.line, str(row.address), plan)


def _tell(source: MailboxFile, ground: Ground) -> None:
    """Say what is to be done, before it is."""
    create = more = there = 0
    for row in source.rows():
        step = ground.step(row)
        create += step.create
        there += step.nothing
        more += not step.create and not step.nothing
    what = [f"{counted_boxes(create)} to create"]
    what += [f"{there:,} exist already"] if there else []
    what += [f"{more:,} exist and lack an alias or a forward"] if more else []
    output.note(f"{source.name}: {', '.join(what)}")


def _job(panel: Panel, ground: Ground, begun: Begun, file: str) -> Import:
    from pmctl.cli.passwords import generated
    from pmctl.clients.mailbox_import import Import
    from pmctl.clients.panel_passwords import PasswordFile

    made: PasswordFile | None = PasswordFile(file) if file else None

    def password(row: Row) -> str:
        if row.password is not None:
            return row.password
        assert made is not None  # the rows were checked for it
        return made.of(str(row.address), generated)

    return Import(panel, ground, password, begun)


def _run(job: Import, rows: Iterator[Row], count: int, results: str) -> None:
    """Do the rows, and show what becomes of each."""
    with writing(results, RESULTS) as write, output.progress("adding", count, rate=True) as advance:

        def told_each(found: Iterable[Result]) -> Iterator[Result]:
            for one in found:
                write(one)
                advance()
                yield one

        try:
            output.show(told_each(job.results(rows)), RESULTS)
        except BaseException as exc:
            if not isinstance(exc, Exception):  # Ctrl-C, SIGTERM
                output.warn(f"stopped in the middle; {_AGAIN}")
            raise


def _say(job: Import, name: str, rows: int) -> None:
    """Sum up. Raises PmctlError when a row failed, or was not even tried."""
    from pmctl.clients.mailbox_import import FINE

    said = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(job.tally.items()))
    output.note(f"{counted(rows, 'row')}: {said or 'none'}")
    if job.failure is not None:
        exc, left = job.failure, rows - job.tally.total()
        more = f"; {counted(left, 'row')} after it not tried" if left else ""
        exc.message = f"stopped at {name}:{job.stopped}: {exc.message}{more}"
        exc.hint = f"{exc.hint}; then {_AGAIN}" if exc.hint else _AGAIN
        raise exc
    failed = sum(number for outcome, number in job.tally.items() if outcome not in FINE)
    if failed:
        raise PmctlError(
            f"{failed:,} of {counted(rows, 'row')} failed",
            hint=f"each is listed with its reason; mend them and {_AGAIN}",
        )


@dataclass(frozen=True)
class Exported:
    """A mailbox in the columns of a file that `import` reads; passwords cannot be read."""

    email: str
    quota: str
    alias: str
    forward: str
    forward_only: str


@app.command(cls=Printing)
def export(
    ctx: typer.Context,
    domain: OptionalDomain = "",
    user: User = "",
    all_users: AllUsers = False,
) -> None:
    """Print mailboxes in the columns that `import` reads, without passwords.

    Examples:
      pmctl mailbox export example.com -o csv > accounts.csv
      pmctl mailbox export --all-users -o csv > accounts.csv
    """
    from pmctl.clients.mailbox import Trouble

    scope(domain, user, all_users=all_users)
    trouble = Trouble()
    with panel_of(ctx) as panel:
        found = map(_exported, boxes_of(panel, domain, user, trouble))
        output.show(found, ["email", "quota", "alias", "forward", "forward_only"])
    told(trouble)


def _exported(box: Mailbox) -> Exported:
    return Exported(
        box.address,
        "unlimited" if box.quota_mb is None else str(box.quota_mb),
        "|".join(box.aliases),
        "|".join(box.forwards),
        "yes" if box.forward_only else "no",
    )

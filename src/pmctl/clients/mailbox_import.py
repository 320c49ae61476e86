"""Many mailboxes from a file: what is there is looked at first, then rows are done one by one.

The panel itself says what is done: a mailbox that exists is left as it is but for aliases and
forwards that are missing. So a run that was ended anywhere is simply started again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pmctl.backends.hestia_errors import EXISTS as EXISTS_CODE
from pmctl.backends.hestia_errors import LIMIT, HestiaConflict, HestiaError
from pmctl.backends.hestia_handover import NAMED
from pmctl.clients import mailbox, mailbox_change, panel_owner
from pmctl.clients.mailbox import Mailbox, Trouble
from pmctl.errors import (
    InputProblems,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PmctlError,
    Problem,
    Unreachable,
    redact,
)

if TYPE_CHECKING:
    from pmctl.clients.mailbox_begun import Begun
    from pmctl.clients.mailbox_file import MailboxFile
    from pmctl.clients.mailbox_rows import Row
    from pmctl.clients.panel import Panel

CREATED, EXISTS, FAILED, UNKNOWN = "created", "exists", "failed", "unknown"
FINE = (CREATED, EXISTS)
RUN_OF_ERRORS = 5  # one after another: it is not the rows


@dataclass(frozen=True)
class Result:
    """What became of a row: created, exists, failed or unknown."""

    line: int
    email: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """What there is to do for a row; nothing when all of it is there."""

    row: Row
    user: str
    create: bool
    aliases: tuple[str, ...]
    forwards: tuple[str, ...]
    forward_only: bool

    @property
    def nothing(self) -> bool:
        """Tell whether all of it is there."""
        return not (self.create or self.aliases or self.forwards or self.forward_only)

    @property
    def extras(self) -> str:
        """What comes on top of a mailbox that is there, in words."""
        parts = [*(f"alias {one}" for one in self.aliases),
                 *(f"forward to {one}" for one in self.forwards),
                 *(["forward only"] if self.forward_only else [])]  # fmt: skip
        return ", ".join(parts)


@dataclass
class Ground:
    """What is there: the owner of each domain of the file, and the mailboxes of each."""

    owners: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, dict[str, Mailbox]] = field(default_factory=dict)

    def step(self, row: Row) -> Step:
        """Return what there is to do for a row."""
        box = self.boxes[row.address.domain].get(row.address.name)
        aliases = box.aliases if box else ()
        forwards = box.forwards if box else ()
        return Step(
            row,
            self.owners[row.address.domain],
            box is None,
            tuple(one for one in row.aliases if one not in aliases),
            tuple(one for one in row.forwards if one not in forwards),
            row.forward_only and not (box and box.forward_only),
        )


def survey(panel: Panel, source: MailboxFile, user: str, begun: Begun) -> Ground:
    """Look at what is there. Raises InputProblems for domains and names that cannot be used.

    Four reads are side by side: one for each domain's owner, owner, and domain.
    """
    first: dict[str, int] = {}
    for row in source.rows():
        first.setdefault(row.address.domain, row.line)
    ground, problems = Ground(), []
    for domain, found in panel.each(lambda domain: (domain, _owner(panel, domain, user)), first):
        if isinstance(found, NotFound):
            problems.append(Problem(source.name, first[domain], 1, found.message, hint=found.hint))
        else:
            ground.owners[domain] = found
    states = {one.domain: one for one in _mail_domains(panel, set(ground.owners.values()))}
    for domain, owner in ground.owners.items():
        if domain not in states or states[domain].suspended:
            lacks = "is suspended" if domain in states else f"of {owner} has no mail on the panel"
            hint = f"`pmctl domain {'unsuspend' if domain in states else 'add --mail'} {domain}`"
            problems.append(Problem(source.name, first[domain], 1, f"{domain} {lacks}", hint=hint))
    if problems:
        raise InputProblems(sorted(problems, key=lambda one: one.line))
    left = begun.settle(
        lambda address: mailbox.exists(panel, ground.owners[address.domain], address), ground.owners
    )
    if left.startswith(NAMED):
        panel.hestia.make_file(left, "")  # a run that was killed could not
    for domain, boxes in panel.each(lambda domain: (domain, _boxes(panel, ground, domain)), first):
        ground.boxes[domain] = boxes
    if problems := _taken(ground, source):
        raise InputProblems(problems)
    return ground


def _owner(panel: Panel, domain: str, user: str) -> str | NotFound:
    try:
        return user or panel_owner.owner_of(panel, domain)
    except NotFound as exc:
        return exc


def _mail_domains(panel: Panel, users: Iterable[str]) -> Iterator[mailbox.MailDomain]:
    trouble = Trouble()
    yield from mailbox.domains(panel, users, trouble)
    if trouble.failed:
        raise trouble.failed[0][1]


def _boxes(panel: Panel, ground: Ground, domain: str) -> dict[str, Mailbox]:
    found = mailbox.of_domain(panel, ground.owners[domain], domain, Trouble())
    return {box.address.rpartition("@")[0]: box for box in found}


def _taken(ground: Ground, source: MailboxFile) -> list[Problem]:
    """Return a problem for each name of the file that another mailbox of the panel has."""
    holders = {
        f"{alias}@{domain}": box.address
        for domain, boxes in ground.boxes.items() for box in boxes.values() for alias in box.aliases
    }  # fmt: skip
    problems = []
    for row in source.rows():
        boxes = ground.boxes[row.address.domain]
        for name in row.names:
            holder = holders.get(name, "")
            local = name.rpartition("@")[0]
            if not holder and local != row.address.name and local in boxes:
                holder = name
            if holder and holder != str(row.address):
                what = "a mailbox" if holder == name else f"an alias of {holder}"
                message = f"{name} is {what} on the panel already"
                problems.append(Problem(source.name, row.line, 1, message))
    return problems


@dataclass
class Import:
    """One file on its way. `failure` is what ended it early, at the line `stopped`."""

    panel: Panel
    ground: Ground
    password: Callable[[Row], str]
    begun: Begun
    failure: PmctlError | None = None
    stopped: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    _run: int = 0

    def results(self, rows: Iterable[Row]) -> Iterator[Result]:
        """Do row after row and yield what became of each. Never raises a PmctlError."""
        with self.panel.hestia.handover.through_one():
            yield from self._results(rows)

    def _results(self, rows: Iterable[Row]) -> Iterator[Result]:
        for row in rows:
            try:
                found = self._done(self.ground.step(row))
                self._run = 0
            except PmctlError as exc:
                outcome = UNKNOWN if isinstance(exc, OutcomeUnknown) else FAILED
                found = Result(row.line, str(row.address), outcome, redact(exc.message))
                self._run += 1
                if self._ends(exc):
                    self.failure, self.stopped = exc, row.line
            self.tally[found.outcome] += 1
            yield found
            if self.failure is not None:
                return

    def _ends(self, exc: PmctlError) -> bool:
        """Tell whether the rows after this one would fail too."""
        limit = isinstance(exc, HestiaError) and exc.code == LIMIT
        return limit or isinstance(exc, NotAllowed | Unreachable) or self._run >= RUN_OF_ERRORS

    def _done(self, step: Step) -> Result:
        row, address = step.row, step.row.address
        if step.nothing:
            return Result(row.line, str(address), EXISTS)
        made = step.create and self._made(step)
        try:
            for alias in step.aliases:
                mailbox_change.add_alias(self.panel, step.user, address, alias)
            for to in step.forwards:
                mailbox_change.add_forward(self.panel, step.user, address, to)
            if step.forward_only:
                mailbox_change.forward_only(self.panel, step.user, address, only=True)
        except PmctlError as exc:
            exc.message = f"the mailbox is there, but not all of it: {exc.message}"
            raise
        added = "" if made or not step.extras else f"added {step.extras}"
        return Result(row.line, str(address), CREATED if made else EXISTS, added)

    def _made(self, step: Step) -> bool:
        """Make a mailbox; return False when somebody else just made it."""
        row, address = step.row, step.row.address
        password = self.password(row)
        self.begun.note(address, self.panel.hestia.handover.one)
        try:
            mailbox_change.add(self.panel, step.user, address, password, row.quota_mb)
        except HestiaConflict as exc:
            if exc.code != EXISTS_CODE or not mailbox.exists(self.panel, step.user, address):
                raise
            return False
        return True

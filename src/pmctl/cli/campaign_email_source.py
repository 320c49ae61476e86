"""Which email a command line means: one of a sequence file, or one that Mautic has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl.errors import NotFound, UsageError
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.campaign_email import Emails
    from pmctl.context import Context
    from pmctl.sequence.emails import Mail
    from pmctl.sequence.environments import Values
    from pmctl.sequence.payload import Desired

What = Annotated[
    str, typer.Argument(metavar="EMAIL", help="KEY/STEP or an id in Mautic, or a sequence file.")
]
Step = Annotated[str | None, typer.Argument(metavar="STEP", help="Which email of the file it is.")]


def client_of(context: Context) -> Emails:
    """Return the client for emails."""
    from pmctl.clients.campaign_email import Emails

    return Emails(context.campaign)


def is_file(email: str) -> bool:
    """Whether a sequence file is meant, and not an email of Mautic."""
    return email == "-" or email.endswith((".yaml", ".yml")) or Path(email).is_file()


def only_of_a_file(email: str, step: str | None) -> None:
    """Raise UsageError for a step beside what names an email already."""
    if step is not None:
        raise UsageError(f"{email} names an email already", hint="STEP belongs to a sequence file")


def mail_of(file: str, step: str | None, values: Values) -> tuple[Desired, Mail]:
    """Return one email of a sequence file. Raises NotFound, UsageError when it is not named."""
    from pmctl.cli import campaign_files as files

    found = list(files.compiled([file], values))
    mails = {mail.step: (one.desired, mail) for one in found for mail in one.desired.mails}
    if step is None and len(mails) == 1:
        return next(iter(mails.values()))
    if step is None or len(found) != 1:
        raise UsageError(
            f"{file} has {len(mails)} emails in {len(found)} sequence(s)",
            hint=f"name a file and one of its emails: {', '.join(mails)}",
        )
    if step not in mails:
        raise NotFound(f"{file} has no email {step}", hint=did_you_mean(step, mails))
    return mails[step]

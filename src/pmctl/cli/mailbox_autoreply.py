"""`pmctl mailbox autoreply`: what a mailbox answers by itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import output
from pmctl.cli import panel_many
from pmctl.cli.common import Printing, group
from pmctl.cli.mailbox import Addresses, OneAddress, owned
from pmctl.cli.panel_many import Done
from pmctl.cli.panel_words import DryRun, User, panel_of
from pmctl.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pmctl.clients.panel_names import Address

app = group(
    "What a mailbox answers by itself.\n\n"
    "Examples:\n"
    "  pmctl mailbox autoreply set ana@example.com --file away.txt\n"
    "  pmctl mailbox autoreply off ana@example.com"
)

MOST_BYTES = 100_000


@app.command("set", cls=Printing)
def set_(
    ctx: typer.Context,
    address: OneAddress,
    file: Annotated[
        str, typer.Option("--file", metavar="FILE", help="The text; - for stdin.")
    ] = "-",
    user: User = "",
    dry_run: DryRun = False,
) -> None:
    """Answer mails by a text, from a file or stdin.

    Examples:
      pmctl mailbox autoreply set ana@example.com --file away.txt
      echo "Back on Monday." | pmctl mailbox autoreply set ana@example.com

    The panel keeps plain text of up to 10,239 characters. Tabs become blanks.
    """
    from pmctl.clients import mailbox, mailbox_change

    text = mailbox_change.reply_text(_read(file))
    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, [address], user)
        if dry_run:
            mailbox.look(panel, owner[wanted[0]], wanted[0])
            output.note(f"{wanted[0]} would answer:\n{text}")
            return
        panel_many.do_each(
            "replies",
            wanted,
            lambda one: Done(
                str(one),
                "answers"
                if mailbox_change.set_reply(panel, owner[one], one, text)
                else "answers so already",
            ),
            column="address",
        )


@app.command(cls=Printing)
def show(ctx: typer.Context, address: OneAddress, user: User = "") -> None:
    """Print the text that a mailbox answers.

    Examples:
      pmctl mailbox autoreply show ana@example.com
    """
    from pmctl.clients import mailbox

    with panel_of(ctx) as panel:
        (one,), owner = owned(panel, [address], user)
        if not mailbox.look(panel, owner[one], one).autoreply:
            raise NotFound(f"{one} does not answer by itself", hint="`mailbox autoreply set`")
        text = mailbox.autoreply_text(panel, owner[one], one)
    output.show_text(
        "\n".join(output.clean(line) for line in text.split("\n")),
        lambda: {"address": str(one), "autoreply_text": text},
    )


@app.command(cls=Printing)
def off(ctx: typer.Context, addresses: Addresses, user: User = "", dry_run: DryRun = False) -> None:
    """Answer mails no longer.

    Examples:
      pmctl mailbox autoreply off ana@example.com
    """
    from pmctl.clients import mailbox, mailbox_change

    with panel_of(ctx) as panel:
        wanted, owner = owned(panel, addresses, user)

        def one_of(one: Address) -> Done:
            if dry_run:
                answers = mailbox.look(panel, owner[one], one).autoreply
                return Done(str(one), "would be off" if answers else "is off")
            return Done(
                str(one),
                "off" if mailbox_change.end_reply(panel, owner[one], one) else "off already",
            )

        panel_many.do_each("replies", wanted, one_of, column="address")


def _read(file: str) -> str:
    try:
        text = sys.stdin.read(MOST_BYTES) if file == "-" else Path(file).read_text("utf-8")
    except OSError as exc:
        raise BadInput(f"{file} cannot be read: {exc.strerror}", hint="check its name") from exc
    except UnicodeDecodeError as exc:
        raise BadInput(f"{file} is not UTF-8 text", hint="save it as UTF-8") from exc
    return text

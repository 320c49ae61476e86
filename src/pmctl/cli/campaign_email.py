"""`pmctl campaign email`: what the emails say, and sending one to oneself."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmctl import names, output
from pmctl.cli.campaign_email_send import send_test
from pmctl.cli.campaign_email_source import (
    Step,
    What,
    client_of,
    is_file,
    mail_of,
    only_of_a_file,
)
from pmctl.cli.campaign_values import Env, Variables, VarsFiles, values
from pmctl.cli.common import Command, Printing, context_of, group
from pmctl.errors import PmctlError, UsageError
from pmctl.text import json_text

if TYPE_CHECKING:
    from pmctl.clients.campaign_email_letter import Letter
    from pmctl.sequence.environments import Values

app = group(
    "Emails of campaigns: list, read, try them out.\n\n"
    "Examples:\n"
    "  pmctl campaign email list\n"
    "  pmctl campaign email preview campaigns/welcome.yaml install --browser\n"
    "  pmctl campaign email test-send welcome/install --to me@example.com"
)


class View(StrEnum):
    """What `preview` can write."""

    text = "text"
    html = "html"
    json = "json"


@app.command("list", cls=Printing)
def list_(
    ctx: typer.Context,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Only those of one sequence.",
            autocompletion=names.completing("campaigns"),
        ),
    ] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most N emails.")
    ] = None,
) -> None:
    """List the emails of this Mautic, those that pmctl made as KEY/STEP.

    Examples:
      pmctl campaign email list --key welcome
      pmctl campaign email list -o json
    """
    client = client_of(context_of(ctx))

    def rows() -> Iterator[Any]:
        number = 0
        for number, one in enumerate(client.all(key), 1):
            if limit is not None and number > limit:
                output.note(f"showing {limit} emails, there are more (--limit)")
                return
            yield {**vars(one), "email": one.step or one.name}
        if not number:
            output.note("no emails")

    output.show(rows(), ["id", "email", "subject", "published", "sent", "revision"])


@app.command("show", cls=Printing)
def show(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="KEY/STEP, or an id.")],
) -> None:
    """Show what Mautic knows of an email; `preview` shows what it says.

    Examples:
      pmctl campaign email show welcome/install
      pmctl campaign email show 7 -o json
    """
    from pmctl.clients.campaign_email import shown

    found = shown(client_of(context_of(ctx)).get(email))
    if output.asked() is not None:
        output.show_one(found)
        return
    facts = asdict(found)
    size = len(facts.pop("html").encode())
    facts["text"] = "yes" if facts["text"] else "no"
    facts |= {"html_bytes": size, "headers": _pairs(found.headers), "utm": _pairs(found.utm)}
    output.show_one({name: value for name, value in facts.items() if value not in ("", [])})


def _pairs(said: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in said.items()]


@app.command("preview", cls=Command)
def preview(
    ctx: typer.Context,
    email: What,
    step: Step = None,
    contact: Annotated[
        list[str] | None,
        typer.Option(
            "--contact", metavar="EMAIL|FIELD=VALUE", help="Whose fields to fill in; repeatable."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the HTML in a browser; no script runs.")
    ] = False,
    view: Annotated[View, typer.Option("--output", "-o", help="What to write.")] = View.text,
    variables: Variables = None,
    vars_files: VarsFiles = None,
    env: Env = None,
) -> None:
    """Show an email as somebody gets it: from a file, offline, or as Mautic has it.

    Examples:
      pmctl campaign email preview campaigns/welcome.yaml install
      pmctl campaign email preview welcome/install --contact ana@example.com
      pmctl campaign email preview welcome/install --contact firstname=Ana -o html

    Fields are filled in with --contact only: EMAIL asks Mautic, FIELD=VALUE does not. A field
    that is empty gives its fallback. What only Mautic knows, such as {unsubscribe_url}, stays.
    """
    letter = _letter(ctx, email, step, lambda: values(ctx, variables, vars_files, env))
    fields = _fields(ctx, contact)
    if fields is not None:
        letter = letter.filled(fields)
    if browser:
        _open(letter)
    elif view is View.json:
        sys.stdout.write(json_text(asdict(letter), sys.stdout, 2) + "\n")
    elif view is View.html:
        sys.stdout.write(_safe(letter.html.rstrip("\n") + "\n"))
    else:
        _read(letter, given=fields is not None)


def _read(letter: Letter, *, given: bool) -> None:
    """Write the head and the text part for a person."""
    for name, value in letter.head():
        sys.stdout.write(f"{output.paint(name + ':', '1')} {output.clean(value)}\n")
    lines = letter.text.replace("\r\n", "\n").rstrip("\n").split("\n")
    sys.stdout.write("\n" + "".join(f"{output.clean(line)}\n" for line in lines))
    if letter.needs_contact and not given:
        output.note("\nfields are shown as they are; --contact fills them in")
    elif letter.left_to_mautic():
        output.note(f"\nMautic fills in {', '.join(letter.left_to_mautic())}")


def _safe(text: str) -> str:
    """Return the HTML as it is for a file, without control characters for a terminal."""
    if not sys.stdout.isatty():
        return text
    return "\n".join(output.clean(line.replace("\t", "    ")) for line in text.split("\n"))


def _open(letter: Letter) -> None:
    """Open the HTML in a browser, from a file that only this person can read."""
    import tempfile
    import webbrowser

    with tempfile.NamedTemporaryFile(
        "w", prefix="pmctl-preview-", suffix=".html", encoding="utf-8", delete=False
    ) as file:
        file.write(letter.page())
    path = Path(file.name)
    if webbrowser.open(path.as_uri()):
        output.note(f"opened {path}")
        return
    path.unlink()
    raise PmctlError(
        "there is no browser to open it in", hint="-o html > preview.html, then open that file"
    )


def _letter(
    ctx: typer.Context, email: str, step: str | None, asked: Callable[[], Values]
) -> Letter:
    from pmctl.clients import campaign_email_letter as letters

    if is_file(email):
        return letters.of_mail(mail_of(email, step, asked())[1])
    only_of_a_file(email, step)
    from pmctl.clients.campaign_email import shown

    return letters.of_live(shown(client_of(context_of(ctx)).get(email)))


def _fields(ctx: typer.Context, said: Iterable[str] | None) -> dict[str, str] | None:
    """Return the fields to fill in, None when no contact is named."""
    found: dict[str, str] = {}
    for word in said or ():
        pair = re.fullmatch(r"([a-z0-9_]+)=(.*)", word, re.DOTALL)
        if pair:
            found[pair[1]] = pair[2]
        elif "@" in word:
            fields = client_of(context_of(ctx)).contacts.find(word).fields
            found = {**{name: str(value) for name, value in fields.items()}, **found}
        else:
            raise UsageError(f"--contact {word}: an email, or FIELD=VALUE", hint="firstname=Ana")
    return found if said else None


app.command("test-send", cls=Printing)(send_test)

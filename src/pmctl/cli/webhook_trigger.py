"""`pmctl webhook trigger`: try a receiver with events that count for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pmctl import audit, output
from pmctl.cli.common import Printing, context_of, group
from pmctl.errors import NotAllowed, PmctlError, UsageError

if TYPE_CHECKING:
    from pmctl.clients.webhook_trigger import Message, Sent
    from pmctl.context import Context

app = group("Test events.")


@dataclass
class _Refused:
    """How many messages were not taken, and the first of them."""

    count: int = 0
    first: Sent | None = None


def _names(incomplete: str) -> list[str]:
    from pmctl.webhook.samples import names

    return [name for name in dict.fromkeys(names()) if name.startswith(incomplete)]


@app.command("trigger", cls=Printing)
def trigger(
    ctx: typer.Context,
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="Our word for it, or Mautic's.", autocompletion=_names),
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The receiver; else the one of this machine.")
    ] = "",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="So many, each another event.")
    ] = 1,
    seed: Annotated[
        str, typer.Option("--seed", metavar="WORD", help="The same word makes the same events.")
    ] = "",
    list_: Annotated[bool, typer.Option("--list", help="List the types and send nothing.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the request and send nothing.")
    ] = False,
) -> None:
    """Send a test event to a receiver, signed.

    Examples:
      pmctl webhook trigger opened
      pmctl webhook trigger mautic.page_on_hit --to https://e.example.com/hook
      pmctl webhook trigger sent --count 100
      pmctl webhook trigger sent --seed again
      pmctl webhook trigger clicked --dry-run
      pmctl webhook trigger --list

    The bodies are those that a Mautic 5.1.1 sent, each with a new identity; with --seed they are
    the same bytes every time, so a second run brings only duplicates. A receiver of pmctl stores
    them as events of the type `test`, of no contact and no step: no figure of `stats` counts them.
    `pmctl webhook tail --type test` shows them. Signed with the secret that `webhook serve` of this
    context believes.
    """
    from pmctl.webhook import samples

    if list_:
        output.show(samples.SAMPLES, ["event_type", "source_type"])
        return
    if not type_:
        raise UsageError("of which type?", hint="`pmctl webhook trigger --list` shows them")
    from pmctl.clients import webhook_trigger as client
    from pmctl.clients.webhook import PATH, check_address

    sample, context = samples.find(type_), context_of(ctx)
    url = to or local(context) + PATH
    check_address(url)
    found = client.messages(sample, seed or _seed(), _secret(context), count, same_times=bool(seed))
    if dry_run:
        for message in found:
            output.show_text(_request(url, message), partial(_record, url, message))
        return
    with closing(context.receiver(url)) as receiver:
        answers = _watched(client.send(receiver, found), count)
        bad = _Refused()
        outcome: audit.Outcome = "unknown"
        try:
            output.show(_kept(answers, bad), ["event_type", "id", "status", "answer"])
            outcome = "failed" if bad.count else "ok"
        finally:
            audit.record(
                context.config.context,
                ["webhook", "trigger"],
                url,
                outcome,
                event_type=sample.event_type,
                count=count,
            )
    _judge(bad, count, url)


def local(context: Context) -> str:
    """Return the address of this machine's receiver, as it is configured."""
    host, _, port = context.config.webhook.listen.rpartition(":")
    everywhere = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]"}  # noqa: S104
    return f"http://{everywhere.get(host, host)}:{port}"


def _seed() -> str:
    import secrets

    return secrets.token_hex(8)


def _secret(context: Context) -> str:
    from pmctl.cli.webhook_trust import kept

    secret = kept(context).read()
    if not secret:
        output.warn("there is no secret here: it is not signed")
    return secret


def _request(url: str, message: Message) -> str:
    from urllib.parse import urlsplit

    lines = [f"POST {urlsplit(url).path or '/'}", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in message.headers.items()]
    return "\n".join([*lines, "", message.body.decode(), ""])


def _record(url: str, message: Message) -> dict[str, object]:
    return {"url": url, "id": message.id, "headers": dict(message.headers),
            "body": message.body.decode()}  # fmt: skip


def _watched(answers: Iterator[Sent], count: int) -> Iterator[Sent]:
    with output.progress("sending", count, rate=True) as advance:
        for one in answers:
            yield one
            advance()


def _kept(answers: Iterator[Sent], bad: _Refused) -> Iterator[Sent]:
    """Pass on what is shown, and keep of what was not taken the first, and how many."""
    for one in answers:
        if not one.taken:
            bad.first = bad.first or one
            bad.count += 1
        yield one


def _judge(bad: _Refused, count: int, url: str) -> None:
    first = bad.first
    if first is None:
        output.note(f"{url} took {'it' if count == 1 else f'all {count}'}")
        return
    said = f"HTTP {first.status} {first.answer}" if first.status else first.answer
    text = f"{url} did not take {'it' if count == 1 else f'{bad.count} of {count}'}: {said.strip()}"
    if first.status in (401, 403):
        hint = "it believes another secret; `pmctl webhook status` says which ones are here"
        raise NotAllowed(text, hint=hint)
    raise PmctlError(text, hint="`pmctl webhook status` says how the receiver is")

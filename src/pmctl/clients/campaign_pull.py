"""Live campaigns as sequence files: read from Mautic, said in our words, laid into a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pmctl.clients.campaign_names import LISTINGS
from pmctl.errors import Conflict, NotFound, PmctlError
from pmctl.files import write_several
from pmctl.sequence import kinds
from pmctl.sequence import live as live_shape
from pmctl.sequence.decompile import Unpullable, slug
from pmctl.sequence.payload import Names

if TYPE_CHECKING:
    from pmctl.clients.campaign import Campaigns, Listed
    from pmctl.clients.sources import Source
    from pmctl.sequence.live import LiveCampaign, LiveEvent
    from pmctl.sequence.pull import Exact

_KEY = re.compile(r"""^["']?key["']?\s*:\s*["']?([a-z0-9-]+)""", re.MULTILINE)


@dataclass(frozen=True)
class Taken:
    """What a pull makes of one campaign: the files to write, none when the file says it all."""

    key: str
    path: str
    action: Literal["created", "changed", "unchanged"]
    campaign_id: int
    files: Mapping[str, str]  # path -> text


def take(
    client: Campaigns,
    listed: Listed,
    folder: Path,
    known: Mapping[str, Source],
    variables: Mapping[str, str],
    *,
    key: str = "",
    force: bool = False,
) -> Taken:
    """Read a campaign and say what its file is to hold. Writes nothing.

    `known` are the files that are there, by key. Raises Conflict where the author's own changes,
    or files that belong to something else, would be lost, and PmctlError with the reason for a
    campaign that no file can say.
    """
    key = key or listed.key or slug(listed.name, f"campaign-{listed.id}")
    found = exact(client, listed.id, key)
    source = known.get(key)
    if source is not None:
        return _into(client, source, found, variables, listed, force=force)
    path = folder / f"{key}.yaml"
    files = {str(folder / name): text for name, text in found.bodies.items()}
    for name in [str(path), *files]:
        if Path(name).exists() and not force:
            raise Conflict(f"{name} is there already", hint="move it away, or pass --force")
    return Taken(key, str(path), "created", listed.id, {**files, str(path): found.text})


def exact(client: Campaigns, campaign_id: int, key: str) -> Exact:
    """Return the file that says what campaign `campaign_id` is. Raises PmctlError: there is none.

    One request for the campaign, one for all emails that pmctl made for it, one for each other.
    """
    from pmctl.sequence.pull import pull

    campaign = live_shape.campaign(client.mautic.get(f"campaigns/{campaign_id}")["campaign"])
    mails = _mails(client, campaign)
    try:
        return pull(campaign, mails, _names(client, campaign), key, client.env)
    except Unpullable as exc:
        raise PmctlError(
            f"campaign {campaign_id} ({campaign.name}) cannot be said in a file: {exc}",
            hint="mend it in Mautic's builder, then pull it again",
        ) from exc


def _mails(client: Campaigns, campaign: LiveCampaign) -> dict[int, Mapping[str, Any]]:
    """Every email that the campaign names and that exists, by id."""
    found: dict[int, Mapping[str, Any]] = {}
    if campaign.key:
        for mail in client.mails(dict.fromkeys([client.env, campaign.env]), campaign.key):
            found[mail.id] = mail.fields
    named = {int(text) for event in campaign.events if (text := _email_of(event)).isdecimal()}
    for number in sorted(named - found.keys()):
        with suppress(NotFound):  # Mautic keeps the id of an email that was deleted
            found[number] = client.mautic.get(f"emails/{number}")["email"]
    return found


def _email_of(event: LiveEvent) -> str:
    """The id of the email that an event names, "" when it names none."""
    said: Any = event.properties.get("email")
    if event.type == "email.send.to.user":
        notice = event.properties.get("useremail")
        said = notice.get("email") if isinstance(notice, Mapping) else None
    elif event.type != "email.send":
        return ""
    return "" if said is None else str(said)


def _names(client: Campaigns, campaign: LiveCampaign) -> Names:
    """The names of all kinds that the campaign's events may speak of; nothing else is asked for."""
    types = {event.type for event in campaign.events}
    needed = {what for kind in kinds.KINDS.values() if kind.type in types
              for what in kind.names.values()}  # fmt: skip
    needed |= {word for word, ids in (("segment", campaign.segments), ("form", campaign.forms))
               if ids}  # fmt: skip
    ids: dict[str, dict[str, int | str]] = {}
    for kind in sorted(needed & LISTINGS.keys()):
        known = client.directory.ids(kind)
        ids[kind] = {name: numbers[0] for name, numbers in known.items() if len(numbers) == 1}
    if "campaign" in needed:
        own = [one for one in client.marked if one.env == client.env]
        ids["campaign"] = {one.key: one.id for one in own}
    return Names(ids)


def _into(
    client: Campaigns,
    source: Source,
    found: Exact,
    variables: Mapping[str, str],
    listed: Listed,
    *,
    force: bool,
) -> Taken:
    """Bring the author's file up to what is live, and touch nothing else of it."""
    from pmctl.sequence.repull import Into, brought_up

    compiled = source.compile(variables)
    key = compiled.desired.key
    names = found.names(client.names(compiled.desired))
    into = Into(source.path, source.read(), compiled, source.body, variables)
    try:
        after = brought_up(into, found, names, client.env)
    except Unpullable as exc:
        raise Conflict(
            f"{source.path} cannot be brought up to campaign {listed.id}: {exc}",
            hint="move the file away and pull again; `git diff` then shows what to keep of it",
        ) from exc
    if after is None:
        return Taken(key, source.path, "unchanged", listed.id, {})
    if listed.hash and compiled.desired.hash != listed.hash and not force:
        raise Conflict(
            f"{source.path} was changed since it was applied, and so was campaign {listed.id}",
            hint="`pmctl campaign plan` shows both; --force lets Mautic win",
        )
    text, bodies = after
    folder = Path(source.path).parent
    files = {str(folder / name): body for name, body in bodies.items()}
    return Taken(key, source.path, "changed", listed.id, {**files, source.path: text})


def by_key(sources: Iterator[Source]) -> dict[str, Source]:
    """Return the sequence files by their keys; a file without a readable one is left out."""
    found: dict[str, Source] = {}
    for source in sources:
        match = _KEY.search(source.read())
        if match:
            found.setdefault(match[1], source)
    return found


def write(taken: Taken) -> None:
    """Write the files of a pull: bodies first, so that no sequence names a body that is not there.

    Raises PmctlError when a file cannot be written; those before it are whole.
    """
    writing = taken.path

    def files() -> Iterator[tuple[Path, str, int]]:
        nonlocal writing
        for writing, text in taken.files.items():
            path = Path(writing)
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            yield path, text, mode

    try:
        write_several(files())
    except OSError as exc:
        raise PmctlError(
            f"{writing} cannot be written: {exc.strerror}", hint="name another --dir"
        ) from exc

"""What Mautic held before each change: a file for each, so that it can be put back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pmctl.errors import BadInput, NotFound, PmctlError, UsageError
from pmctl.files import write_atomic

KEPT = 20  # the newest so many of each key
VERSION = 1


@dataclass(frozen=True)
class Snapshot:
    """One file. `time` is ISO 8601 in UTC and names it; `hash` is the marker's, of that time.

    `why` is the command that came next, and `to` what it was about to write; `finished` when it
    did. `continues` is the time of the snapshot before a command that was cut and ran again.
    """

    time: str
    key: str
    why: str
    hash: str
    size_bytes: int
    to: str = ""
    finished: bool = False
    continues: str = ""


@dataclass(frozen=True)
class Kept:
    """A snapshot with what it holds: Mautic's own JSON of a campaign and of its emails."""

    about: Snapshot
    campaign: Mapping[str, Any]
    emails: Sequence[Mapping[str, Any]] = field(default=())


class Snapshots:
    """The snapshots of one context, in a folder for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(
        self,
        key: str,
        why: str,
        campaign: Mapping[str, Any],
        emails: Sequence[Mapping[str, Any]],
        *,
        hash: str = "",  # noqa: A002  as Mautic's marker calls it
        to: str = "",
    ) -> Kept:
        """Write down what Mautic holds, before `why` changes it; old ones go.

        Raises PmctlError when it cannot be written: then nothing may be sent.
        """
        folder = self._of(key)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            last = next(iter(reversed(self.all(key))), None)
            cut = last and not last.finished and (last.why, last.to) == (why, to)
            now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            first = (last.continues or last.time) if last and cut else ""
            about = Snapshot(now, key, why, hash, 0, to=to, continues=first)
            kept = Kept(about, campaign, emails)
            self._write(kept)
            self._prune(key)
        except OSError as exc:
            raise PmctlError(
                f"the snapshot of {key} cannot be kept in {folder}: {exc.strerror}",
                hint="nothing was sent; free some space, or set XDG_STATE_HOME",
            ) from exc
        return kept

    def finish(self, kept: Kept | None) -> None:
        """Note that the change after a snapshot was done to its end. Never fails."""
        if kept is None:
            return
        try:
            self._write(replace(kept, about=replace(kept.about, finished=True)))
        except OSError:
            return  # then a rollback goes back to an earlier one than it must

    def all(self, key: str) -> list[Snapshot]:
        """Return the snapshots of a key, oldest first; what is no snapshot is left out.

        Raises OSError when the folder is there and cannot be read.
        """
        found = []
        for path in self._files(key):
            try:
                found.append(_read(path).about)
            except BadInput:
                continue
        return found

    def read(self, key: str, time: str = "") -> Kept:
        """Return the snapshot whose time begins with `time`; without, the state before the last
        change that was no rollback.

        Raises NotFound, and UsageError when several begin like that.
        """
        try:
            known = self.all(key)
        except OSError as exc:
            raise BadInput(
                f"the snapshots of {key} cannot be read: {exc.strerror}", hint=str(self._of(key))
            ) from exc
        if not known:
            raise NotFound(
                f"there is no snapshot of {key}", hint="they are taken before each change, here"
            )
        found = [one for one in known if one.time.startswith(time)] if time else _earlier(known)
        if not found:
            raise NotFound(
                f"no snapshot of {key} is of {time or 'before a change'}",
                hint=f"`pmctl campaign snapshots {key}` lists them",
            )
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} snapshots of {key} are of {time}",
                hint="give more of the time: " + ", ".join(one.time for one in found[:3]),
            )
        return _read(self._of(key) / f"{found[0].time}.json")

    def _of(self, key: str) -> Path:
        # a key that somebody wrote into Mautic by hand may be any text
        return self._folder / quote(key, safe="").replace(".", "%2E")

    def _files(self, key: str) -> list[Path]:
        folder = self._of(key)
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")

    def _write(self, kept: Kept) -> None:
        record = {
            "version": VERSION,
            **{name: value for name, value in vars(kept.about).items() if name != "size_bytes"},
            "campaign": kept.campaign,
            "emails": list(kept.emails),
        }
        data = json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass")
        write_atomic(self._of(kept.about.key) / f"{kept.about.time}.json", data)

    def _prune(self, key: str) -> None:
        for path in self._files(key)[:-KEPT]:
            path.unlink(missing_ok=True)


def _earlier(known: list[Snapshot]) -> list[Snapshot]:
    """The state before the last change: where a change was cut and ran again, before the first."""
    by_time = {one.time: one for one in known}
    for one in reversed(known):
        if one.why != "rollback":
            return [by_time.get(one.continues, one)]
    return []


def _read(path: Path) -> Kept:
    """Return what a file holds. Raises BadInput when it is none of ours, or cut."""
    try:
        data = path.read_bytes()
        record = json.loads(data)
        campaign, emails = record["campaign"], record["emails"]
        if record["version"] != VERSION or not isinstance(campaign, dict):
            raise ValueError
        about = Snapshot(
            time=path.stem,
            key=str(record["key"]),
            why=str(record["why"]),
            hash=str(record["hash"]),
            size_bytes=len(data),
            to=str(record["to"]),
            finished=bool(record["finished"]),
            continues=str(record["continues"]),
        )
        return Kept(about, campaign, [one for one in emails if isinstance(one, dict)])
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}", hint="check its mode") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise BadInput(f"{path} is no snapshot that this pmctl knows") from exc

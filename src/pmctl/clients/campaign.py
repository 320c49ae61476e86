"""Campaigns in Mautic: what is there, what a sequence file would change, and changing it."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pmctl.backends.mautic import Mautic, where
from pmctl.clients import campaign_variants, headcount
from pmctl.clients.bulk import Bulk
from pmctl.clients.campaign_names import Directory
from pmctl.errors import Conflict, NotFound
from pmctl.sequence import live as live_shape
from pmctl.sequence.payload import NEW, Names, read_mail_marker, read_marker, read_retired
from pmctl.text import did_you_mean

if TYPE_CHECKING:
    from pmctl.clients.journal import Journal
    from pmctl.clients.locks import Locks
    from pmctl.clients.snapshots import Snapshots
    from pmctl.clients.stats_steps import StepRow
    from pmctl.sequence.live import LiveMail
    from pmctl.sequence.payload import Desired
    from pmctl.sequence.plan import Live, Plan


@dataclass(frozen=True)
class Listed:
    """A campaign in a listing; key and env are empty for one that pmctl did not make."""

    id: int
    key: str
    name: str
    published: bool
    env: str
    hash: str
    modified: str
    retired: str = ""  # since when it is out of service; see `campaign destroy`


@dataclass(frozen=True)
class Step:
    """One event of a live campaign; `waiting` counts the contacts scheduled at it."""

    id: int
    step: str
    path: str
    type: str
    name: str
    when: str
    waiting: int


@dataclass(frozen=True)
class Shown:
    """A live campaign with its people."""

    id: int
    key: str
    name: str
    env: str
    published: bool
    segments: list[str]
    members: int
    steps: list[Step]


class Campaigns:
    """The campaigns of one Mautic under one context name (`env`), which marks what is ours."""

    def __init__(
        self, mautic: Mautic, env: str, journal: Journal, locks: Locks, snapshots: Snapshots
    ) -> None:
        self.mautic = mautic
        self.env = env
        self.journal = journal
        self.locks = locks
        self.snapshots = snapshots
        self.directory = Directory(mautic)
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self.bulk = Bulk()
        self.written: list[StepRow] = []  # of the campaigns that this run applied

    def all(self) -> list[Listed]:
        """Return every campaign of this Mautic, by id."""
        rows = self.mautic.rows("campaigns", "campaigns", [("minimal", 1), ("orderBy", "id")])
        return [_listed(row) for row in rows]

    @cached_property
    def marked(self) -> list[Listed]:
        """The campaigns that carry a pmctl marker, of any context; asked for once a run."""
        return self.find_marked("pmctl:v1 ")

    @cached_property
    def _by_key(self) -> dict[str, list[Listed]]:
        found: dict[str, list[Listed]] = {}
        for one in self.marked:
            found.setdefault(one.key, []).append(one)
        return found

    def find_marked(self, text: str) -> list[Listed]:
        """Return the marked campaigns whose description holds `text`, straight from Mautic."""
        # Plain `search` does not find the marker on 5.1.1; `where … like` does, in one call.
        params = [*where(("description", "like", f"%{text}%")), ("minimal", 1), ("orderBy", "id")]
        listed = [_listed(row) for row in self.mautic.rows("campaigns", "campaigns", params)]
        return [one for one in listed if one.key]

    def of_key(self, key: str) -> list[Listed]:
        """Return the campaigns that carry the marker of a key, straight from Mautic."""
        found = self.find_marked(f"pmctl:v1 key={key} env={self.env} ")
        return [one for one in found if (one.key, one.env) == (key, self.env)]

    def names(self, want: Desired, coming: Collection[str] = ()) -> Names:
        """Return the ids of what the sequence names; `coming` are the keys of this run.

        Raises NotFound for a name that Mautic lacks, Conflict for one that two share.
        """
        ids: dict[str, dict[str, int | str]] = {}
        for kind, names in want.needs.items():
            if kind == "campaign":
                ids[kind] = {key: self._other(want, key, coming) for key in names}
            else:
                ids[kind] = {name: self.directory.id(want, kind, name) for name in names}
        return Names(ids)

    def _other(self, want: Desired, key: str, coming: Collection[str]) -> int | str:
        """The id of another sequence's campaign, or NEW when this run will make it."""
        found = [one for one in self.marked if (one.key, one.env) == (key, self.env)]
        if not found and key not in coming:
            found = self.of_key(key)  # this run may just have made it
        if len(found) == 1:
            return found[0].id
        where_ = want.place("campaign", key)
        if found:
            ids = " and ".join(str(one.id) for one in found)
            hint = "delete the one without contacts, or its marker line, in Mautic"
            raise Conflict(f"{where_}: two campaigns of Mautic are marked {key}: {ids}", hint=hint)
        if key in coming:
            return NEW["campaign"]
        known = {one.key for one in self.marked if one.env == self.env} | set(coming)
        otherwise = "apply its file first, or name both in one run"
        raise NotFound(
            f"{where_}: Mautic has no campaign {key} of context {self.env}",
            hint=did_you_mean(key, sorted(known - {want.key}), otherwise),
        )

    def read(self, campaign_id: int | None, envs: Iterable[str], key: str) -> Live:
        """Return what Mautic holds of a sequence: one request, and one for each context."""
        from pmctl.sequence.plan import Live

        found = None
        if campaign_id is not None:
            found = live_shape.campaign(self.mautic.get(f"campaigns/{campaign_id}")["campaign"])
        return Live(found, self.mails(envs, key))

    def peek(self, campaign_id: int | None, envs: Iterable[str], want: Desired) -> Live:
        """Return what `read` does; emails that nobody touched since the last write without text.

        That saves a request where the emails of all files were asked for at once.
        """
        from pmctl.sequence.plan import Live
        from pmctl.sequence.threeway import settled

        envs = tuple(envs)
        mails = self.bulk.mails_of(want.key) if envs == (self.env,) else None
        if mails is None or campaign_id is None:
            return self.read(campaign_id, envs, want.key)
        found = live_shape.campaign(self.mautic.get(f"campaigns/{campaign_id}")["campaign"])
        if len(settled(want, found, mails, self.env)) == len(want.mails):
            return Live(found, mails)
        return Live(found, self.mails(envs, want.key))

    def mails(self, envs: Iterable[str], key: str) -> tuple[LiveMail, ...]:
        """Return the emails that carry the marker of a sequence. Raises Conflict for twins."""
        found: dict[str, LiveMail] = {}
        envs = tuple(envs)
        for mail in itertools.chain.from_iterable(
            self._with_variants(env, envs, key) for env in envs
        ):
            twin = found.setdefault(mail.step, mail)
            if twin is not mail:
                raise Conflict(
                    f"two emails of Mautic are step {mail.step} of {key}: {twin.id} and {mail.id}",
                    hint="rename the one that the campaign does not use, in Mautic",
                )
        return tuple(found.values())

    def _with_variants(self, env: str, envs: tuple[str, ...], key: str) -> Iterator[LiveMail]:
        for mail in self._marked_mails(env, key):
            yield mail
            yield from campaign_variants.children(self.mautic, mail, envs, key)

    def _marked_mails(self, env: str, key: str) -> Iterator[LiveMail]:
        params = [*where(("name", "like", f"%[[{env}/{key}/%")), ("orderBy", "id")]
        for row in self.mautic.rows("emails", "emails", params, page=200):
            mail = live_shape.mail(row)
            # LIKE is not exact: `_` stands for any character
            if mail is not None and (read_mail_marker(mail.name) or ())[:2] == (env, key):
                yield mail

    def members_of_segment(self, alias: str) -> int:
        """Return how many contacts a segment has; asked for once a run."""
        with self._lock:
            if alias not in self._sizes:
                params: list[tuple[str, str | int]] = [("search", f"segment:{alias}")]
                params.append(("minimal", 1))
                self._sizes[alias] = self.mautic.total("contacts", "contacts", params)
            return self._sizes[alias]

    @cached_property
    def failed(self) -> Counter[int]:
        """How many mails of each campaign event failed; asked for once a run."""
        with self._lock:
            rows = self.mautic.stats(
                "email_stats", (("source", "eq", "campaign.event"), ("is_failed", "eq", 1))
            )
            return Counter(int(row["source_id"]) for row in rows if row.get("source_id"))

    def owned(self, want: Desired, *, takeover: bool = False) -> Listed | None:
        """Return the campaign of a sequence. Raises Conflict for twins and for another's."""
        same = self._by_key.get(want.key, [])
        ours = [one for one in same if one.env == self.env]
        if len(ours) > 1:
            ids = " and ".join(str(one.id) for one in ours)
            raise Conflict(
                f"two campaigns of Mautic are marked {want.key} of {self.env}: {ids}",
                hint="delete the one without contacts, or its marker line, in Mautic",
            )
        if ours:
            return ours[0]
        if same and not takeover:
            raise Conflict(
                f"campaign {same[0].id} ({want.key}) belongs to context {same[0].env}, "
                f"not to {self.env}",
                hint=f"--context {same[0].env} or PMCTL_CONTEXT={same[0].env} uses that context; "
                "--takeover makes it yours",
            )
        return same[0] if same else None

    def check_name(self, want: Desired) -> None:
        """Raise Conflict when a campaign that is not ours has the name already."""
        params = [*where(("name", "eq", want.name)), ("minimal", 1)]
        for one in map(_listed, self.mautic.rows("campaigns", "campaigns", params)):
            if one.name == want.name:
                whose = f"is {one.key} of context {one.env}" if one.key else "pmctl did not make"
                raise Conflict(
                    f"{want.path}: Mautic has a campaign named {want.name!r} already "
                    f"({one.id}), which {whose}",
                    hint="give one of the two another name",
                )

    def plan(
        self,
        want: Desired,
        *,
        takeover: bool = False,
        people: bool = False,
        coming: Collection[str] = (),
    ) -> Plan:
        """Return what apply would do: two requests, and two more where something changes.

        With `people` the contacts of every step are counted, changed or not. `coming` are the
        keys of the other sequences of this run, which may not be there yet.
        """
        from pmctl.clients.campaign_apply import look

        return look(self, want, takeover=takeover, people=people, coming=coming, light=True).plan

    def prepare(self, files: int, *, people: bool = False) -> None:
        """Ask at once for what the plans of so many files need."""
        from pmctl.clients import bulk

        _ = self.marked
        self.bulk = bulk.ask(self.mautic, self.env, files, people=people)

    def get(self, name: str) -> Listed:
        """Return a campaign by key or id. Raises NotFound."""
        if name.isascii() and name.isdecimal():
            raw = self.mautic.get(f"campaigns/{name}")["campaign"]
            return _listed(raw)
        ours = [one for one in self.marked if one.key == name and one.env == self.env]
        if not ours:
            keys = [one.key for one in self.marked if one.env == self.env]
            others = [one.env for one in self.marked if one.key == name]
            elsewhere = f"context {others[0]} has one: --context {others[0]}" if others else ""
            if "@" in name:
                elsewhere = f"{name} is an address: the campaign comes first, the contacts after it"
            hint = elsewhere or did_you_mean(name, keys, "`pmctl campaign list` shows them")
            raise NotFound(f"no campaign {name} of context {self.env} in Mautic", hint=hint)
        if len(ours) > 1:
            raise Conflict(f"two campaigns are marked {name}", hint="name one by its id")
        return ours[0]

    def show(self, name: str) -> Shown:
        """Return a campaign with its members and who waits where."""
        raw = self.mautic.get(f"campaigns/{self.get(name).id}")["campaign"]
        found = live_shape.campaign(raw)
        waiting_rows = (("campaign_id", "eq", found.id), ("is_scheduled", "eq", 1))
        waiting: dict[int, int] = {}
        for row in self.mautic.stats("campaign_lead_event_log", waiting_rows):
            waiting[int(row["event_id"])] = waiting.get(int(row["event_id"]), 0) + 1
        return Shown(
            id=found.id,
            key=found.key,
            name=found.name,
            env=found.env,
            published=found.published,
            segments=[str(one.get("alias")) for one in live_shape.items(raw.get("lists"))],
            members=headcount.members(self, found.id),
            steps=[
                Step(
                    id=event.id,
                    step=event.identity[0] if event.identity else "",
                    path=event.identity[1] if event.identity else "",
                    type=event.type,
                    name=event.name,
                    when=live_shape.when_words(live_shape.when(event.trigger)),
                    waiting=waiting.get(event.id, 0),
                )
                for event in found.events
            ],
        )

    def set_published(self, campaign: Listed, *, published: bool, wait_seconds: float = 0) -> None:
        """Publish or unpublish; raises OutcomeUnknown only when a look at it leaves doubt."""
        from pmctl.clients.campaign_apply import publish

        doing = "publish" if published else "unpublish"
        key = campaign.key or f"campaign {campaign.id}"
        with self.locks.hold(key, doing, wait_seconds):
            publish(self, campaign.id, published=published)


def _listed(row: dict[str, Any]) -> Listed:
    description = str(row.get("description") or "")
    key, env, digest = read_marker(description) or ("", "", "")
    return Listed(
        id=int(row["id"]),
        key=key,
        name=str(row.get("name") or ""),
        published=bool(row.get("isPublished")),
        env=env,
        hash=digest,
        modified=str(row.get("dateModified") or row.get("dateAdded") or ""),
        retired=read_retired(description),
    )

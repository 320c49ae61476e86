"""The time line of one synthetic contact through a compiled sequence, as Mautic would run it.

One pass of the cron brings members in and out, begins, wakes what waited, and closes decisions;
what a contact does takes the yes-path of the decisions open for it in the same moment. A form of
the audience lets in who sends it, at once and as if by hand: no segment takes such a contact out.
Where reentry is allowed and the contact is still inside, it begins anew beside what waits. How
Mautic deals with two rows that then lead to the same step is not known; here the later one stays.
"""

from __future__ import annotations

import datetime
import fnmatch
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pmctl.sequence import kinds, schedule
from pmctl.sequence.synthetic import Contact, change, holds

if TYPE_CHECKING:
    from pmctl.sequence.graph import Graph, Node

Moment = datetime.datetime
NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_HAPPENS = {
    "opens": "email.open", "clicks": "email.click", "replies": "email.reply",
    "submits": "form.submit", "visits": "page.pagehit",
}  # fmt: skip
UNSUBSCRIBED = 1


@dataclass(frozen=True)
class Act:
    """What a contact does: `after` the mail `step` left, or, without one, after the start."""

    kind: str  # opens clicks replies unsubscribes visits submits
    after: datetime.timedelta
    step: str = ""
    url: str = "https://example.com/"
    form: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of a time line."""

    at: Moment
    kind: str  # mail, skipped, ran, act, joined, left
    step: str = ""
    path: str = ""
    title: str = ""
    note: str = ""  # why it was skipped, the way a condition went, the variant of a mail


@dataclass
class _Row:
    triggered: Moment
    due: Moment | None = None  # set while it waits
    no: bool = False


@dataclass
class Run:
    """One contact on its way. `entries` is its time line, in order."""

    graph: Graph
    contact: Contact
    start: Moment
    cron: datetime.timedelta = datetime.timedelta(minutes=5)
    acts: Iterable[Act] = ()
    variant: str = ""  # of every A/B mail; "" deals by weight
    assume: Mapping[str, bool] = field(default_factory=dict)  # step of a raw condition -> its way
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes = self.graph.nodes()
        self.number = {id(node): place for place, node in enumerate(self.nodes)}
        self.above = {id(child): node for node in self.nodes for child in node.children}
        self.now = self.joined = self.start
        self.member = self.inside = self.exited = self.by_form = False
        self.rotation = 1
        self._rows: dict[tuple[int, int], _Row] = {}
        self._mailed: set[str] = set()
        self._read: set[str] = set()
        self._dealt: dict[str, list[int]] = {}
        self._zone = schedule.zone(self.contact.zone)
        self._by_depth = sorted(self.nodes, key=self._depth)
        self._planned = 0
        self._todo: list[tuple[Moment, int, Act]] = []
        for act in self.acts:
            if not act.step:
                self._plan(act)

    def _depth(self, node: Node) -> tuple[int, int]:
        depth, here = 0, self.above.get(id(node))
        while here is not None:
            depth, here = depth + 1, self.above.get(id(here))
        return depth, self.number[id(node)]

    def _plan(self, act: Act) -> None:
        heapq.heappush(self._todo, (self.now + act.after, self._planned, act))
        self._planned += 1  # of two in the same moment the one planned first comes first

    # time

    def until(self, end: Moment) -> list[Entry]:
        """Let time pass until `end`; return the time line."""
        tick = self.start
        while True:
            act = self._todo[0][0] if self._todo else NEVER
            if min(act, tick) > end:
                return self.entries
            if act < tick:
                self.now = act
                self.do(heapq.heappop(self._todo)[2])
            else:
                self.now = tick
                self.tick()
                tick += self.cron

    def tick(self) -> None:
        """One run of the cron."""
        self._membership()
        if not self.inside:
            return
        if not self._begun():
            self._start(node for node in self.nodes if id(node) not in self.above)
        self._wake()
        self._close()

    def _membership(self) -> None:
        sequence = self.graph.sequence
        there = not self.contact.segments.isdisjoint(sequence.audience.segments)
        if self.inside and not there and not self.by_form:
            self._leave("in no segment of the audience")
        elif there and not self.member:
            self.member = self.inside = True
            self.joined = self.now
            self._say("joined")
        elif there and not self.inside and self.exited and sequence.reentry == "allowed":
            self._again()

    def _let_in(self) -> None:
        """A form of the audience came in: who left begins again, even where reentry is never."""
        if not self.member:
            self.member = self.inside = self.by_form = True
            self.joined = self.now
            self._say("joined")
        elif not self.inside:
            self.by_form = True
            self._again()
        elif self.graph.sequence.reentry == "allowed":
            self._again()  # in the middle of it, and what waits goes on beside it

    def _again(self) -> None:
        self.inside, self.exited = True, False
        self.rotation += 1
        self._say("joined", note="again")

    def _leave(self, why: str) -> None:
        self.inside, self.exited, self.by_form = False, True, False
        for row in self._rows.values():
            row.due = None
        self._say("left", note=why)

    def _say(self, kind: str, node: Node | None = None, note: str = "", step: str = "") -> None:
        if node is None:
            self.entries.append(Entry(self.now, kind, step=step, note=note))
        else:
            self.entries.append(Entry(self.now, kind, node.step, node.path, node.title, note))

    # waiting and deciding

    def _row(self, node: Node) -> _Row | None:
        return self._rows.get((self.number[id(node)], self.rotation))

    def _write(self, node: Node, due: Moment | None = None, *, no: bool = False) -> _Row:
        row = _Row(self.now, due, no)
        self._rows[self.number[id(node)], self.rotation] = row
        return row

    def _wake(self) -> None:
        waiting = sorted(key for key, row in self._rows.items() if row.due and row.due <= self.now)
        for number, rotation in waiting:
            node, row = self.nodes[number], self._rows[number, rotation]
            if row.due is None:
                continue  # cancelled by what ran before
            when = max(schedule.after(row.triggered, node.times.delay), self.now)
            if schedule.of_contact(node.times):
                when = schedule.fitted(node.times, when, self._zone)
            if schedule.is_later(when, self.now):
                row.due = when
            else:
                self._execute(node, row)

    def _close(self) -> None:
        for node in self._by_depth:
            below = [child for child in node.children if child.anchor == "no"]
            if node.role != "decision" or not below or not self.inside or self._row(node):
                continue
            since = self._watched_since(node)
            if since is None or not self._on_path(node):
                continue
            delays = [schedule.after(since, child.times.delay) for child in below]
            if min(delays) <= self.now:
                self._write(node, no=True)
                self._say("ran", node, "no")
                self._take_no(below)

    def _watched_since(self, node: Node) -> Moment | None:
        """When a decision began to wait: the step above ran, or, at a root, the contact came in.

        Mautic closes a root decision only for who has been at no step in this rotation.
        """
        above = self.above.get(id(node))
        if above is None:
            return None if self._begun() else self.joined
        row = self._row(above)
        return None if row is None or row.due is not None else row.triggered

    def _begun(self) -> bool:
        return any(rotation == self.rotation for _, rotation in self._rows)

    def _take_no(self, below: list[Node]) -> None:
        """The nearest child runs now, in a window only if that is open; others count anew."""
        dates = [schedule.after(self.now, child.times.delay) for child in below]
        at_once = []
        for child, date in zip(below, dates, strict=True):
            when = self.now if date == min(dates) else date
            if child.role == "decision":
                continue
            if schedule.of_contact(child.times) or schedule.is_later(when, self.now):
                self._wait(child, when, no=True)
            else:
                at_once.append(child)
        for child in at_once:
            self._begin(child, no=True)

    def _on_path(self, node: Node) -> bool:
        above = self.above.get(id(node))
        if above is None or node.anchor not in ("yes", "no"):
            return True
        row = self._row(above)
        return row is not None and row.no is (node.anchor == "no")

    # running

    def _start(self, nodes: Iterable[Node]) -> None:
        ready: list[Node] = []
        jumps: list[Node] = []
        for node in nodes:
            if node.role == "decision":
                continue
            when = schedule.after(self.now, node.times.delay)
            if schedule.of_contact(node.times) or schedule.is_later(when, self.now):
                self._wait(node, when)
            else:
                (jumps if node.kind == "goto" else ready).append(node)
        for node in (*ready, *jumps):
            self._begin(node)

    def _wait(self, node: Node, when: Moment, *, no: bool = False) -> None:
        if schedule.of_contact(node.times):
            when = schedule.fitted(node.times, when, self._zone)
        self._write(node, when, no=no)

    def _begin(self, node: Node, *, no: bool = False) -> None:
        if self.inside:
            self._execute(node, self._write(node, no=no))

    def _execute(self, node: Node, row: _Row) -> None:
        row.triggered, row.due = self.now, None
        if node.role == "condition":
            yes = self.assume.get(node.step, False) or holds(node, self.contact)
            row.no = not yes
            self._say("ran", node, "yes" if yes else "no")
            self._start(one for one in node.children if (one.anchor == "yes") is yes)
        elif node.kind == "goto":
            self._say("ran", node)
            self.rotation += 1
            self._start(one for one in self.nodes if " ".join(one.identity) == node.data["to"])
        else:
            self._act(node)
            for role in ("condition", "action"):
                self._start([one for one in node.children if one.role == role])

    def _act(self, node: Node) -> None:
        if node.kind == "email":
            self._send(node)
            return
        self._say("ran", node)
        if node.kind == "stop":
            self._leave("stop")
        change(node, self.contact)

    def _send(self, node: Node) -> None:
        """Marketing mail goes to nobody twice, and to nobody who wants none."""
        if not self.contact.email:
            self._say("skipped", node, "no address")
        elif not node.data["transactional"] and node.step in self._mailed:
            self._say("skipped", node, "got it already")
        elif not node.data["transactional"] and "email" in self.contact.dnc:
            self._say("skipped", node, "do not contact")
        else:
            name, first = self._deal(node)
            if first:  # Mautic looks only at the first variant when it asks who got a mail
                self._mailed.add(node.step)
            self._read.discard(node.step)
            self._say("mail", node, name)
            for act in self.acts:
                if act.step == node.step:
                    self._plan(act)

    def _deal(self, node: Node) -> tuple[str, bool]:
        """Which variant it is, and whether it is the first."""
        shares: list[int] = node.data.get("shares") or []
        if not shares:
            return "", True
        names = [one.id for one in self.graph.emails[node.step].variants or ()]
        dealt = self._dealt.setdefault(node.step, [0] * len(shares))
        total = sum(dealt) + 1
        lags = [share * total - 100 * sent for share, sent in zip(shares, dealt, strict=True)]
        place = lags.index(max(lags))
        if self.variant in names:
            place = names.index(self.variant)
        dealt[place] += 1
        return names[place], place == 0

    # what the contact does

    def do(self, act: Act) -> None:
        """Let the contact do something now."""
        self._say("act", note=act.kind, step=act.step)
        if act.kind == "unsubscribes":
            self.contact.dnc["email"] = UNSUBSCRIBED
            return
        if act.kind == "clicks" and act.step not in self._read:
            self._happened(Act("opens", act.after, act.step))
        if act.kind in ("opens", "clicks", "replies"):
            self._read.add(act.step)
        if act.kind == "submits" and act.form in self.graph.sequence.audience.forms:
            self._let_in()
        if act.kind != "visits":
            self._happened(act)
        if act.kind in ("clicks", "visits"):
            self._happened(Act("visits", act.after, act.step, act.url))

    def _happened(self, act: Act) -> None:
        if not self.inside:
            return
        kind = _HAPPENS[act.kind]
        waiting = [node for node in self._by_depth if node.role == "decision"]
        of_kind = [node for node in waiting if kinds.event_type(node.kind, node.data) == kind]
        open_now = [node for node in of_kind if self._is_open(node)]
        for node in open_now:
            above = self.above.get(id(node))
            about = above is not None and above.kind == "email" and above.step == act.step
            if (
                (about or not kind.startswith("email."))
                and self._on_path(node)
                and _meets(node, act)
            ):
                self._write(node)
                self._say("ran", node, "yes")
                self._start(one for one in node.children if one.anchor == "yes")

    def _is_open(self, node: Node) -> bool:
        above = self.above.get(id(node))
        row = self._row(above) if above else None
        ran = above is None or (row is not None and row.due is None)
        return ran and self._row(node) is None


def _meets(node: Node, act: Act) -> bool:
    said = node.data
    if node.kind in kinds.RAW:  # in Mautic's own words
        given = said["properties"]
        urls = given.get("url") or (given.get("urls") or {}).get("list") or []
        pages = given.get("pages") if act.kind == "visits" else None
        if pages and not urls:
            return False  # a landing page of Mautic: no address leads there
        said = {"urls": [urls] if isinstance(urls, str) else urls, "names": given.get("forms")}
    if act.kind == "submits":
        return not said["names"] or act.form in said["names"]
    patterns = [part.strip() for one in said.get("urls") or () for part in one.split(",")]
    return not patterns or any(fnmatch.fnmatchcase(act.url, part) for part in patterns)

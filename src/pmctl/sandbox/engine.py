"""The campaign engine: steps run, wait and branch as CampaignBundle/Executioner of Mautic 5.1.1.

`Run` is one pass over one campaign: of the cron (`pmctl.sandbox.cron`) or of something that a
contact did (`pmctl.sandbox.decisions`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from functools import partial

from pmctl.sandbox import schedule
from pmctl.sandbox.actions import Turn, act
from pmctl.sandbox.clock import from_sql, sql
from pmctl.sandbox.conditions import holds
from pmctl.sandbox.died import FatalError
from pmctl.sandbox.journal import Journal, failed
from pmctl.sandbox.sending import NotSentError, published
from pmctl.sandbox.store import Entity, Store

Task = Callable[[], None]
JUMP = "campaign.jump_to_event"
BATCH = 100  # contacts that Mautic takes at once
RETRY = datetime.timedelta(hours=1)
LONGEST = 5_000  # tasks at once; a sequence has 300 steps at most
MOST_FAILURES = 0.1  # of a campaign's contacts; then it unpublishes itself


class Run:
    """One pass over one campaign. `system` is false for what a contact's own act sets going."""

    def __init__(self, journal: Journal, campaign: Entity, *, system: bool = True) -> None:
        self.journal = journal
        self.store: Store = journal.store
        self.campaign = campaign
        self.now = self.store.clock.now()
        self.system = "1" if system else "0"
        self.events = sorted(campaign["events"], key=lambda event: (event["order"], event["id"]))
        self.by_id = {event["id"]: event for event in self.events}
        self._todo: list[Task] = []

    def below(self, event: Entity, path: str | None = None) -> list[Entity]:
        """The steps under a step; with `path` only those of its yes or no."""
        found = [child for child in self.events if child["parentId"] == event["id"]]
        return [child for child in found if path in {None, child["decisionPath"]}]

    @property
    def inside(self) -> dict[int, Entity]:
        """The memberships by contact, also of those who were removed."""
        return self.store.members.get(self.campaign["id"], {})

    def member(self, contact: int) -> Entity:
        """The membership of a contact."""
        return self.inside[contact]

    def members(self) -> list[int]:
        """The contacts in the campaign, by id."""
        inside = self.inside.items()
        return sorted(who for who, row in inside if row["manually_removed"] == "0")

    def row(self, event: Entity, contact: int) -> Entity | None:
        """The row of a contact at a step, in its present rotation."""
        rotation = self.member(contact)["rotation"]
        return self.journal.row(event, self.campaign["id"], contact, rotation)

    # what begins

    def kick_off(self) -> None:
        """Begin with every member that has no row at all in its rotation."""
        roots = [event for event in self.events if event["parentId"] is None]
        if not roots:
            return  # a cycle: nothing ever runs
        fresh = [who for who in self.members() if not self._has_rows(who)]
        for some in _batches(fresh):
            self.go_on(roots, some)

    def _has_rows(self, contact: int) -> bool:
        rotation = self.member(contact)["rotation"]
        return any(self.journal.rows(self.campaign["id"], contact, rotation))

    # what was waited for

    def wake_up(self) -> None:
        """Run what is due, or schedule it again if the step's interval is longer now."""
        waiting: dict[int, list[Entity]] = {}
        for row in self.journal.waiting(self.campaign["id"], sql(self.now)):
            waiting.setdefault(int(row["event_id"]), []).append(row)
        for key in sorted(set(waiting) & set(self.by_id)):
            event = self.by_id[key]
            ready = [row for row in waiting[key] if self._is_ready(event, row)]
            if ready and published(self.campaign, self.now):
                self._all(partial(self._execute, event, ready))

    def _is_ready(self, event: Entity, row: Entity) -> bool:
        if row["is_scheduled"] != "1" or int(row["lead_id"]) not in self.store.contacts:
            return False  # cancelled by what ran before in this pass
        zone = self._zone(int(row["lead_id"]))
        when = schedule.checked(event, row, zone, self.now)
        if schedule.later(when, self.now):
            row["trigger_date"] = sql(when)
            return False
        return True

    # what did not happen

    def close_decisions(self) -> None:
        """Take the no-path of decisions whose time has passed since the step above them ran."""
        for decision in self.events:
            below = self.below(decision, "no")
            if decision["eventType"] == "decision" and below:
                for some in _batches(self._undecided(decision)):
                    self._take_no(decision, below, some)

    def _undecided(self, decision: Entity) -> list[int]:
        """Members past the step above that have no row at the decision.

        What they had done before the decision was there does not count.
        """
        parent = self.by_id.get(decision["parentId"])
        open_for = [who for who in self.members() if self.row(decision, who) is None]
        if parent is None:
            return [who for who in open_for if not self._has_rows(who)]
        return [who for who in open_for if self.row(parent, who) is not None]

    def _take_no(self, decision: Entity, below: list[Entity], contacts: list[int]) -> None:
        base, silent = self.now, []
        for who in contacts:
            since = self._active_since(decision, who)
            if since is None:
                continue
            when = min(schedule.due(child, since, since) for child in below)
            base = max(base, when)
            if when <= self.now:
                silent.append(who)
        if not silent:
            return
        for who in silent:
            self._write(decision, who, inactive=True)
        # the next lines are Mautic's: each child counts again from `base`, the earliest runs now
        dates = {child["id"]: schedule.due(child, base, base) for child in below}
        earliest, at_once = min(dates.values()), []
        for child in below:
            when = self.now if dates[child["id"]] == earliest else dates[child["id"]]
            if child["eventType"] == "decision":
                continue
            if schedule.must_wait(child, when, self.now):
                self._wait(child, when, silent, inactive=True)
            else:
                at_once.append(child)
        self.go_on(at_once, silent, inactive=True)

    def _active_since(self, decision: Entity, contact: int) -> datetime.datetime | None:
        parent = self.by_id.get(decision["parentId"])
        if parent is None:
            return from_sql(self.member(contact)["date_added"])
        row = self.row(parent, contact)
        if row is None or row["is_scheduled"] == "1" or not self.on_path(decision, contact):
            return None
        return from_sql(row["date_triggered"])

    def on_path(self, decision: Entity, contact: int) -> bool:
        """Tell whether a contact took the path of a condition that a decision hangs on."""
        parent = self.by_id.get(decision["parentId"])
        if parent is None or decision["decisionPath"] is None:
            return True
        row = self.row(parent, contact)
        taken = {"0": "yes", "1": "no"}
        return row is not None and taken[row["non_action_path_taken"]] == decision["decisionPath"]

    # steps

    def go_on(
        self, events: Iterable[Entity], contacts: list[int], *, inactive: bool = False
    ) -> None:
        """Run steps for contacts, with all that follows at once, or let them wait.

        Raises FatalError for jumps that lead to each other without a wait between them.
        """
        self._all(partial(self._start, list(events), contacts, inactive=inactive))

    def _all(self, first: Task) -> None:
        """Do a task and those it adds; what a step leads to comes before the step beside it."""
        self._todo = [first]
        for _ in range(LONGEST):
            if not self._todo:
                return
            self._todo.pop()()
        raise FatalError("jumps without a wait: a loop without end")

    def _then(self, *tasks: Task) -> None:
        self._todo.extend(reversed(tasks))

    def _start(self, events: list[Entity], contacts: list[int], *, inactive: bool = False) -> None:
        """Schedule what must wait; the rest comes next. Decisions wait by having no row."""
        ready, jumps = [], []
        for event in events:
            if event["eventType"] == "decision":
                continue
            when = schedule.due(event, self.now)
            if not inactive and schedule.must_wait(event, when, self.now):
                self._wait(event, when, contacts)
            elif event["type"] == JUMP:
                jumps.append(event)
            else:
                ready.append(event)
        tasks = [partial(self._begin, [event], contacts, inactive=inactive) for event in ready]
        self._then(*tasks, partial(self._begin, jumps, contacts, inactive=inactive))

    def _begin(self, events: list[Entity], contacts: list[int], *, inactive: bool) -> None:
        """Write a row of each event for everybody who is still a member, then run the events."""
        there = [who for who in contacts if who in self.store.contacts]
        members = [who for who in there if self.member(who)["manually_removed"] == "0"]
        for_each = [
            (event, [self._write(event, who, inactive=inactive) for who in members])
            for event in events
        ]
        self._then(*(partial(self._execute, event, rows) for event, rows in for_each))

    def _wait(
        self,
        event: Entity,
        when: datetime.datetime,
        contacts: list[int],
        *,
        inactive: bool = False,
    ) -> None:
        own = schedule.by_contact(event)
        for who in contacts:
            if who in self.store.contacts:
                date = schedule.fitted(event, when, self._zone(who)) if own else when
                more = {"is_scheduled": "1", "trigger_date": sql(date)}
                self._write(event, who, inactive=inactive, **more)

    def _write(self, event: Entity, contact: int, *, inactive: bool = False, **more: str) -> Entity:
        path = {"non_action_path_taken": "1" if inactive else "0"}
        more = {"system_triggered": self.system, **path, **more}
        return self.journal.write(event, self.member(contact), **more)

    def _execute(self, event: Entity, rows: list[Entity]) -> None:
        """Run a step for the contacts of some rows; what comes after it is next."""
        if event["eventType"] == "condition":
            ways: dict[bool, list[int]] = {True: [], False: []}
            for row in rows:
                ways[self._decide(event, row)].append(int(row["lead_id"]))
            self._then(
                partial(self._start, self.below(event, "yes"), ways[True]),
                partial(self._start, self.below(event, "no"), ways[False]),
            )
            return
        if event["type"] == JUMP:
            self._jump(event, rows)
            return
        passed = self._act(event, rows)
        for kind in ("action", "condition"):
            children = [one for one in self.below(event) if one["eventType"] == kind]
            self._then(partial(self._start, children, passed))

    def _decide(self, event: Entity, row: Entity) -> bool:
        yes = holds(self.journal, event, self.store.contacts[int(row["lead_id"])])
        row.update(
            is_scheduled="0",
            date_triggered=sql(self.now),
            non_action_path_taken="0" if yes else "1",
        )
        return yes

    def _act(self, event: Entity, rows: list[Entity]) -> list[int]:
        """Do an action; return those who go on."""
        passed = []
        for row in rows:
            contact = self.store.contacts[int(row["lead_id"])]
            try:
                problem = act(Turn(self.journal, self.campaign, event, row, contact))
            except NotSentError as exc:
                self._again(event, row, str(exc))
                continue
            row.update(is_scheduled="0", date_triggered=sql(self.now))
            if problem:
                row["metadata"] = failed(problem)
            if contact["id"] in self.store.contacts:
                passed.append(contact["id"])
        return passed

    def _again(self, event: Entity, row: Entity, reason: str) -> None:
        """Try a step that failed again in an hour; too many failures end the campaign."""
        later = sql(self.now + RETRY)
        row.update(is_scheduled="1", trigger_date=later, metadata=failed(reason))
        failures = self.store.failures.setdefault(event["id"], set())
        failures.add(int(row["lead_id"]))
        if len(failures) >= MOST_FAILURES * len(self.inside):
            self.campaign["isPublished"] = False

    def _jump(self, event: Entity, rows: list[Entity]) -> None:
        """Go on at another step, in the next rotation: nothing of the old one is open any more."""
        properties = event["properties"] if isinstance(event["properties"], dict) else {}
        target = self.by_id.get(properties.get("jumpToEvent") or 0)
        for row in rows:
            row.update(is_scheduled="0", date_triggered=sql(self.now))
            if target is None:
                row["metadata"] = failed("Target event no longer exists")
            else:
                member = self.member(int(row["lead_id"]))
                member["rotation"] = str(int(member["rotation"]) + 1)
        if target is not None:
            contacts = [int(row["lead_id"]) for row in rows]
            self._then(partial(self._start, [target], contacts))

    def _zone(self, contact: int) -> str:
        return str(self.store.contacts[contact]["values"].get("timezone") or "")


def _batches(contacts: list[int]) -> list[list[int]]:
    return [contacts[start : start + BATCH] for start in range(0, len(contacts), BATCH)]

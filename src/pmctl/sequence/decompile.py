"""A live campaign -> the sequence file that would make it: a mapping, and the bodies beside it.

What our words cannot say exactly becomes a `raw` step, so that nothing is lost; `force_raw` names
the events for which a first attempt was not exact.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pmctl.sequence import kinds, live
from pmctl.sequence.live import LiveCampaign, LiveEvent
from pmctl.sequence.payload import LEAVING, Names, read_mail_marker
from pmctl.sequence.pulled_mail import Bodies, notice_of, shared, step_of, variants_of
from pmctl.sequence.pulled_times import sayable, verbatim, waits, window_of

Step = dict[str, Any]
Steps = list[Step]
Children = Mapping[tuple[int | None, str], list[LiveEvent]]


class Unpullable(Exception):
    """No file can say this campaign; the message says why."""


@dataclass(frozen=True)
class Pulled:
    """A campaign as a file: `data` is what the YAML says, `bodies` are the files beside it."""

    data: dict[str, Any]
    bodies: Mapping[str, str]
    events: Mapping[int, int] = field(repr=False)  # id() of a step -> event id


def decompile(
    campaign: LiveCampaign,
    mails: Mapping[int, Mapping[str, Any]],
    names: Names,
    key: str,
    force_raw: Iterable[int] = (),
    called: Mapping[int, str] = MappingProxyType({}),
) -> Pulled:
    """Return the file. `mails` are the emails that its events name, by id.

    `names` knows the names of everything else, `called` the ids that some events' steps must
    have. Raises Unpullable for a campaign that has no beginning.
    """
    made = _Decompiler(campaign, mails, names, key, frozenset(force_raw))
    made.called = called
    return made.pulled()


class _Decompiler:
    def __init__(
        self,
        campaign: LiveCampaign,
        mails: Mapping[int, Mapping[str, Any]],
        names: Names,
        key: str,
        force_raw: frozenset[int],
    ) -> None:
        self.campaign, self.mails, self.key, self.force_raw = campaign, mails, key, force_raw
        self.children = children_of(campaign)
        self.by_id = {event.id: event for event in campaign.events}
        self.steps_of_mails = mail_steps(mails, key)
        own = {step: number for number, step in self.steps_of_mails.items()}
        events = {f"{self._event_name(event)} {event.id}": event.id for event in campaign.events}
        self.names = names.plus("email", own).plus("event", events)
        self.targets = _jump_targets(campaign)
        self.events: dict[int, int] = {}
        self.raws: dict[int, bool] = {}
        self.called: Mapping[int, str] = {}
        self.bodies: Bodies = {}
        self.notices: Steps = []  # what only `send` can say of notifications
        self.rules = self._stop_rules()

    def pulled(self) -> Pulled:
        roots = self.children.get((None, "leadsource"), [])
        if not roots:
            raise Unpullable("it has no first event, so Mautic never runs it")
        lost = self._unreached()
        if lost:
            raise Unpullable(f"events that lead in a circle: {', '.join(map(str, lost))}")
        steps = self._line(roots)
        data = self._head()
        data |= shared(_emails(steps), self.notices)
        if self.rules:
            data["stop_on"] = [_stop_word(rule) for rule in self.rules]
        return Pulled({**data, "steps": steps}, self.bodies, self.events)

    def _head(self) -> dict[str, Any]:
        one = self.campaign
        head: dict[str, Any] = {"version": 1, "key": self.key, "name": _said(one.name)}
        if one.description:
            head["description"] = _said(_text(one.description))
        if not one.published:
            head["published"] = False
        audience = {
            "segments": [self.names.name("segment", number) for number in one.segments],
            "forms": [self.names.name("form", number) for number in one.forms],
        }
        head["audience"] = {word: found for word, found in audience.items() if found}
        if one.restart:
            head["reentry"] = "allowed"
        return head

    def _event_name(self, event: LiveEvent) -> str:
        """The id of a step that something may jump to."""
        if event.id in self.force_raw:
            return f"event-{event.id}"
        if event.type == "email.send":
            number = _number(event.properties.get("email"))
            if number in self.steps_of_mails:
                return self.steps_of_mails[number]
        return event.identity[0] if event.identity else f"event-{event.id}"

    def _unreached(self) -> list[int]:
        reached: set[int] = set()
        waiting = list(self.children.get((None, "leadsource"), []))
        while waiting:
            event = waiting.pop()
            reached.add(event.id)
            waiting += [one for one in self.campaign.events if one.parent == event.id != one.id]
        return sorted(self.by_id.keys() - reached)

    # Steps

    def _line(self, kids: list[LiveEvent]) -> Steps:
        """The steps from here on, in one line; what runs beside it goes into `also`."""
        steps: Steps = []
        while kids:
            listening = [kid for kid in kids if self._listens(kid)]
            for kid in listening:
                if not self._is_rule(kid):
                    step = self._fork(kid)
                    steps.append({"also": [step]} if "trigger" in step.get("raw", ()) else step)
            going_on = [kid for kid in kids if kid not in listening]
            for kid in going_on[:-1]:
                steps.append({"also": self._line([kid])})
            kids = []
            if going_on:
                kids = self._hang(going_on[-1], steps)
        return steps

    def _hang(self, event: LiveEvent, steps: Steps) -> list[LiveEvent]:
        """Append the step of an event, with its waits; return what comes after it."""
        if self._passes(event):
            later = self._line(self._below(event, "bottom"))
            exact = bool(later) and ("trigger" in later[0].get("raw", ()) or "also" in later[0])
            steps += [self._raw(event)] if exact or not later else waits(event.trigger)
            steps += later
            return []
        step = self._fork(event) if self._role(event) != "action" else self._action(event)
        if "trigger" not in step.get("raw", ()):
            steps += waits(event.trigger)
        steps.append(step)
        if self._role(event) != "action":
            steps += [] if "trigger" in step.get("raw", ()) else _common_tail(step)
            return []
        return self._below(event, "bottom")

    def _below(self, event: LiveEvent, anchor: str) -> list[LiveEvent]:
        return self.children.get((event.id, anchor), [])

    def _role(self, event: LiveEvent) -> str:
        return str(event.trigger.get("eventType") or "action")

    def _action(self, event: LiveEvent) -> Step:
        if self._is_raw(event):
            return self._raw(event)
        said = self._in_words(event)
        if "email" in said:
            number = int(event.properties["email"])
            base = f"{self.key}-{said['email']}"
            said |= step_of(self.mails[number], base, self.bodies)
            said |= variants_of(number, said, self.mails, base, self.bodies)
            said["window"] = window_of(event.trigger)
        if "notify" in said:
            mail = self.mails[int(event.properties["useremail"]["email"])]
            own, sent = notice_of(mail, f"{self.key}-{said['id']}", self.bodies)
            said["notify"] |= own
            self.notices.append(sent)
        return self._noted(event, said)

    def _is_raw(self, event: LiveEvent) -> bool:
        """Whether an event needs a trigger of its own, and all its ways where they stand."""
        if event.id not in self.raws:
            self.raws[event.id] = event.id in self.force_raw or not self._sayable(event)
        return self.raws[event.id]

    def _sayable(self, event: LiveEvent) -> bool:
        said = self._in_words(event)
        if not sayable(event.trigger, email="email" in said):
            return False
        if self._role(event) == "action":
            return True
        yes, no = self._below(event, "yes"), self._below(event, "no")
        if self._below(event, "bottom"):
            return False
        if self._role(event) == "condition":
            return True
        if not no:
            return bool(yes) and self._listens(event)
        return len(no) == 1 and _delay(no[0]) and not self._begins_raw(no[0])

    def _begins_raw(self, first: LiveEvent) -> bool:
        """Whether a no-path begins with what has a time of its own, and so none from `within`."""
        if not self._passes(first):
            return self._is_raw(first)
        kids = self._below(first, "bottom")
        lines = [kid for kid in kids if not self._listens(kid)]
        return len(lines) > 1 or any(self._is_raw(kid) for kid in kids)

    def _in_words(self, event: LiveEvent) -> Step:
        """The step of an event: in words of ours, or else in Mautic's."""
        said = kinds.said(event.type, event.properties, self.names)
        if said is None or (said.keys() & {"stop", "goto"} and self._below(event, "bottom")):
            said = {"raw": self._own_words(event)}
        return said

    def _fork(self, event: LiveEvent) -> Step:
        """A decision or a condition with its ways."""
        if not self._is_raw(event):
            return self._noted(event, self._with_ways(event, self._in_words(event)))
        step = self._raw(event)
        for word, anchor in (("then", "yes"), ("else", "no"), ("below", "bottom")):
            if self._below(event, anchor):
                step[word] = self._line(self._below(event, anchor))
        return self._noted(event, step)

    def _with_ways(self, event: LiveEvent, said: Step) -> Step:
        """A step in our words with `then`, `within` and `else`."""
        yes, no = self._below(event, "yes"), self._below(event, "no")
        step = dict(said)
        if yes or self._role(event) == "condition":
            step["then"] = self._line(yes)
        if not no:
            return step
        if self._role(event) == "condition":
            return step | {"else": self._line(no)}
        step["within"] = waits({**no[0].trigger, **_NO_HOURS})[0]["wait"]
        later = self._after_within(no[0])
        return step | ({"else": later} if later else {})

    def _after_within(self, first: LiveEvent) -> Steps:
        """The steps of a no-path whose first event took its delay from `within`."""
        if self._passes(first):
            return self._line(self._below(first, "bottom"))
        steps: Steps = []
        kids = self._hang(_without_delay(first), steps)
        return steps + self._line(kids)

    def _noted(self, event: LiveEvent, step: Step) -> Step:
        """Remember which event a step is; give it an id where something jumps to it."""
        self.events[id(step)] = event.id
        if "email" in step or "notify" in step:
            return step
        if event.id in self.called:
            step["id"] = self.called[event.id]
        elif event.id in self.targets:
            step["id"] = self._event_name(event)
        return step

    def _raw(self, event: LiveEvent) -> Step:
        """The step that stands exactly where and when the event does."""
        said = {**self._own_words(event), "trigger": verbatim(event.trigger)}
        return self._noted(event, {"raw": said})

    def _own_words(self, event: LiveEvent) -> Step:
        said: Step = {"type": event.type, "kind": self._role(event), "name": _said(event.name)}
        given = {k: v for k, v in live.properties_of(event).items() if k not in kinds.OF_THE_FORM}
        return said | ({"properties": given} if given else {})

    # What stands beside an email

    def _listens(self, event: LiveEvent) -> bool:
        """Whether it is a decision beside the line of its email, that never closes."""
        parent = self.by_id.get(event.parent or 0)
        if self._role(event) != "decision" or self._below(event, "no") or parent is None:
            return False
        if event.type in kinds.EMAIL_DECISIONS:
            return parent.type == "email.send" and parent.id not in self.force_raw
        return self._role(parent) == "action"

    def _passes(self, event: LiveEvent) -> bool:
        """Whether our compiler put it there, to take time on a no-path."""
        name = event.identity[0] if event.identity else ""
        return name.endswith((":not", ":before")) and event.id not in self.force_raw

    def _stop_rules(self) -> list[Step]:
        """What takes a contact out, whichever email it is about: said once, in `stop_on`."""
        emails = [
            event
            for event in self.campaign.events
            if event.type == "email.send"
            and event.id not in self.force_raw
            and _number(event.properties.get("email")) in self.steps_of_mails
        ]
        found: list[list[Step]] = [
            [rule for kid in self._below(email, "bottom") if (rule := self._rule(kid))]
            for email in emails
        ]
        return [rule for rule in (found or [[]])[0] if all(rule in rules for rules in found)]

    def _rule(self, event: LiveEvent) -> Step | None:
        """The step of a decision that only takes the contact out."""
        marked = event.identity
        if not self._listens(event) or (marked and ":stop-" not in marked[0]):
            return None
        below = self._below(event, "yes")
        ends = len(below) == 1 and not any(one.parent == below[0].id for one in self.by_id.values())
        if not ends or live.when(below[0].trigger) != ("immediate",):
            return None
        stops = kinds.said(below[0].type, below[0].properties, self.names) == {"stop": True}
        return kinds.said(event.type, event.properties, self.names) if stops else None

    def _is_rule(self, event: LiveEvent) -> bool:
        return self._rule(event) in self.rules


_NO_HOURS = dict.fromkeys(
    ("triggerHour", "triggerRestrictedStartHour", "triggerRestrictedStopHour",
     "triggerRestrictedDaysOfWeek")
)  # fmt: skip


def children_of(campaign: LiveCampaign) -> Children:
    """Return what hangs under each event at each anchor, in Mautic's order.

    But for events that an apply, cut short, was taking out.
    """
    found: dict[tuple[int | None, str], list[LiveEvent]] = {}
    for event in sorted(campaign.events, key=lambda e: (e.trigger.get("order") or 0, e.id)):
        if LEAVING not in event.records:
            found.setdefault((event.parent, event.anchor), []).append(event)
    return found


def _jump_targets(campaign: LiveCampaign) -> set[int]:
    jumps = (event.properties.get("jumpToEvent") for event in campaign.events)
    return {number for jump in jumps if (number := _number(jump)) is not None}


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else None


def mail_steps(mails: Mapping[int, Mapping[str, Any]], key: str) -> dict[int, str]:
    """Return a step id for each email: its marker's, or one made of its name."""
    found: dict[int, str] = {}
    taken: Counter[str] = Counter()
    for number, mail in sorted(mails.items()):
        marker = read_mail_marker(str(mail.get("name") or ""))
        if marker and marker[1] != key:
            continue  # another sequence's email stays its own
        name = marker[2] if marker else slug(str(mail.get("name") or ""), f"mail-{number}")
        taken[name] += 1
        found[number] = name if taken[name] == 1 else f"{name}-{taken[name]}"
    return found


def slug(text: str, otherwise: str) -> str:
    """Return a step id or key made of a name, at most 50 characters long."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50].strip("-")
    return words or otherwise


def _said(text: str) -> str:
    """Text in which nothing means something to the language."""
    return text.replace("${", "$${")


def _text(html: str) -> str:
    """The words of a description, which the builder's editor writes as HTML."""
    if "<" not in html:
        return html
    return re.sub(r"<[^>]*>", "", re.sub(r"(?i)</(p|div|li)>|<br\s*/?>", "\n", html)).strip()


def _delay(event: LiveEvent) -> bool:
    """Whether an event comes some time after its parent, and not at an hour of its own."""
    moment = live.when(event.trigger)
    return bool(moment[0] == "interval" and moment[1] > 0)


def _without_delay(event: LiveEvent) -> LiveEvent:
    trigger = {**event.trigger, "triggerInterval": 0}
    return LiveEvent(**{**vars(event), "trigger": trigger})


def _stop_word(rule: Step) -> Any:
    if "url" in rule:
        return {"click": rule["url"]}
    return {"opened": "open", "clicked": "click", "replied": "reply"}[rule["on"]]


def _emails(steps: Steps) -> list[Step]:
    found = []
    for step in steps:
        if "email" in step:
            found.append(step)
        for word in ("then", "else", "below", "also"):
            found += _emails(step.get(word) or [])
    return found


def again(pulled: Pulled) -> set[int]:
    """Return the events that send an email which another step of the file sends already."""
    seen: set[str] = set()
    found = set()
    for step in _emails(pulled.data["steps"]):
        if step["email"] in seen:
            found.add(pulled.events[id(step)])
        seen.add(step["email"])
    return found


def _common_tail(fork: Step) -> Steps:
    """Take the steps that come after a fork out of it: they are said once, after it.

    Those with which both ways end, and all of the only way that goes on.
    """
    if "then" not in fork and "else" not in fork and "within" not in fork:
        return []
    then, other = fork.setdefault("then", []), fork.setdefault("else", [])
    tail: Steps = []
    while then and other and then[-1] == other[-1]:
        tail.insert(0, then.pop())
        other.pop()
    if not _is_listener(fork) and not tail and _ends(then) is not _ends(other):
        going_on = other if _ends(then) else then
        tail = list(going_on)
        going_on.clear()
    for word in ("then", "else"):
        if not fork[word]:
            del fork[word]
    if "if" in fork or "raw" in fork:
        fork.setdefault("then", [])
    return tail


def _is_listener(fork: Step) -> bool:
    kind = fork.get("raw", {}).get("kind", "decision" if "on" in fork else "condition")
    return kind == "decision" and "within" not in fork


def _ends(steps: Steps) -> bool:
    """Whether nobody goes on after these steps."""
    if not steps:
        return False
    last = steps[-1]
    if "stop" in last or "goto" in last:
        return True
    fork = "then" in last or "else" in last
    ways = (last.get("then") or [], last.get("else") or [])
    return fork and not _is_listener(last) and all(map(_ends, ways))

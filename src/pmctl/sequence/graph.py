"""Model -> graph: the tree of events that Mautic will run, with the refusals of what it cannot.

A Mautic campaign is a tree: an event has one parent. So the steps after a fork are copied under
each of its open ends; the copies of an email step share the email.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from pmctl.sequence import durations, events, exact, jumps, kinds, model, moved, step_names
from pmctl.sequence.durations import NOW, Delay
from pmctl.text import did_you_mean

Anchor = Literal["leadsource", "bottom", "yes", "no"]
Loc = tuple[str | int, ...]

MANY_COPIES = 8
MOST_EVENTS = 300


@dataclass(frozen=True)
class Issue:
    """What is wrong (or, for a warning, worth knowing) about the part of the file at `loc`."""

    loc: Loc
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Times:
    """When an event may run after its parent: at once, after a delay, at an hour, in a window."""

    delay: Delay | None = None  # None: at once
    hour: str | None = None  # "09:30"
    window: model.Window | None = None

    @property
    def at_once(self) -> bool:
        """Whether nothing holds the event back."""
        return self.delay is None and self.hour is None and self.window is None


@dataclass
class Node:
    """One Mautic event to be.

    `step` names the step and `path` the branch: copies of a step share the first and differ in
    the second. `data` is what the step says, with names where Mautic will want numbers.
    """

    step: str
    path: str
    kind: str  # as in kinds.KINDS, or one of kinds.RAW
    title: str
    anchor: Anchor
    loc: Loc
    times: Times = Times()
    data: dict[str, Any] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    @property
    def identity(self) -> tuple[str, str]:
        """What a live event is recognised by."""
        return (self.step, self.path)

    @property
    def role(self) -> kinds.Role:
        """Mautic's word for what the event does."""
        return kinds.role(self.kind)

    @property
    def listens(self) -> bool:
        """Whether this is a decision beside the line: without `within` it never closes."""
        return self.role == "decision" and self.data.get("within") is None

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, parents before children."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


@dataclass(frozen=True)
class Graph:
    """The whole tree of a sequence; `emails` are its email steps by id, in the file's order."""

    sequence: model.Sequence
    roots: tuple[Node, ...]  # more than one where steps begin beside the first
    emails: dict[str, model.Email]
    warnings: tuple[Issue, ...]

    def nodes(self) -> list[Node]:
        """Return every node, parents before children."""
        return [*self._nodes]

    @cached_property
    def _nodes(self) -> tuple[Node, ...]:
        return tuple(node for root in self.roots for node in root.walk())

    @property
    def gotos(self) -> list[Node]:
        """The jumps. Each raises the contact's rotation: no open question of before fires then."""
        return [node for node in self.nodes() if node.kind == "goto"]


class Refused(Exception):
    """The sequence asks for what Mautic cannot do; `issues` says where and why."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(dict.fromkeys(issues))  # a copied step repeats its issue
        super().__init__(self.issues[0].message)


@dataclass(frozen=True)
class _End:
    """An open end of the tree: where the next step hangs on."""

    node: Node | None  # None: the sources
    anchor: Anchor
    path: str
    times: Times = Times()  # waits collected since, and `within` on a no-path
    within: bool = False  # the delay is a decision's `within`, which must stay the child's own


def build(sequence: model.Sequence) -> Graph:
    """Return the tree of a sequence. Raises Refused with every reason at once."""
    builder = _Builder(sequence)
    builder.name_steps(sequence.steps, ("steps",))
    builder.issues += moved.issues(sequence, set(builder.ids.values()))
    builder.close(builder.steps(sequence.steps, ("steps",), [_End(None, "leadsource", "main")]))
    if not builder.issues and not builder.roots:
        builder.issues.append(Issue(("steps",), "a sequence needs a step that does something"))
    nodes = [node for root in builder.roots for node in root.walk()]
    builder.issues += jumps.aim(nodes, builder.ids.values(), sequence.limits)
    if builder.issues:
        raise Refused(builder.issues)
    for node in nodes:
        # Mautic looks at what hangs under an email by id: a stop that came first would take the
        # contact out before the sequence's own `on` runs.
        node.children.sort(key=lambda child: child.loc[:1] == ("stop_on",))
    most = sequence.limits.max_emails_per_contact
    counted = 0 if most is None else sum(map(_most_emails, builder.roots))
    if most is not None and counted > most:
        message = f"a contact may get {counted} emails, more than the limit {most}"
        raise Refused([Issue(("limits", "max_emails_per_contact"), message)])
    return Graph(
        sequence,
        tuple(builder.roots),
        builder.emails,
        tuple(builder.warnings),
    )


def _most_emails(root: Node) -> int:
    """Count the emails that one contact may get: one way of each fork, all of what lies beside."""
    most: dict[int, int] = {}
    for node in reversed(list(root.walk())):
        ways = {"yes": 0, "no": 0, "bottom": 0}
        for child in node.children:
            ways[child.anchor] += most[id(child)]
        most[id(node)] = (node.kind == "email") + ways["bottom"] + max(ways["yes"], ways["no"])
    return most[id(root)]


class _Builder:
    """Walks the steps once; keeps what it finds wrong instead of stopping at it."""

    def __init__(self, sequence: model.Sequence) -> None:
        self.sequence = sequence
        self.roots: list[Node] = []
        self.emails: dict[str, model.Email] = {}
        self.ids: dict[int, str] = {}  # id() of the step -> its step id
        self.issues: list[Issue] = []
        self.warnings: list[Issue] = []
        self.count = 0
        self.made: Counter[str] = Counter()

    def name_steps(self, steps: list[Any], loc: Loc) -> None:
        """Give every step an id: its own, or one made of what it does (`offer.opened`)."""
        own = dict.fromkeys(step_names.own(steps), loc)
        self._name(steps, loc, own, {}, above="")

    def _name(
        self, steps: list[Any], loc: Loc, own_ids: dict[str, Loc], seen: dict[str, Loc], above: str
    ) -> None:
        for n, step in enumerate(steps):
            here = (*loc, n)
            kind = model.kind_of(step)
            if kind == "wait":
                continue
            inside = model.inside(step)
            for word, steps_in in inside if kind == "also" else ():
                self._name(steps_in, (*here, word), own_ids, seen, above)
            if kind == "also":
                continue
            own = step.email if isinstance(step, model.Email) else step.id
            if own is not None and own in seen:
                key = "email" if kind == "email" else "id"
                self.issues.append(Issue((*here, key), f"a second step named {own}"))
            name = own or step_names.unused(step_names.made(step, above), {**own_ids, **seen})
            seen[name] = here
            self.ids[id(step)] = name
            if isinstance(step, model.Email):
                above = name
                self.emails.setdefault(name, step)
            for word, inner in inside:
                self._name(inner, (*here, word), own_ids, seen, above)

    def steps(self, steps: list[Any], loc: Loc, ends: list[_End]) -> list[_End]:
        """Hang the steps under each open end in turn; return the ends that are open after."""
        waited: int | None = None
        for n, step in enumerate(steps):
            here = (*loc, n)
            if not ends:
                self.issues.append(
                    Issue(here, "this step is never reached: every path above it has stopped")
                )
                return []
            if isinstance(step, model.Wait):
                ends = self._wait(step, here, ends)
                waited = n
                continue
            ends = self._step(step, here, ends, after_wait=waited is not None)
            waited = None
        if waited is not None:
            self.issues.append(
                Issue(
                    (*loc, waited),
                    "a wait with nothing after it",
                    "a wait belongs before the step that it delays",
                )
            )
        return ends

    def close(self, ends: list[_End]) -> None:
        """End each `within` that nothing follows: Mautic never closes a decision without a no."""
        for end in ends:
            if end.within:
                self._pass(end)

    def _wait(self, step: model.Wait, here: Loc, ends: list[_End]) -> list[_End]:
        try:
            return [self._delayed(end, step) for end in ends]
        except ValueError as exc:
            self.issues.append(Issue((*here, "wait"), str(exc)))
            return ends

    def _delayed(self, end: _End, step: model.Wait) -> _End:
        if end.within:
            # An open that comes after `within` but before the end of this wait must not take the
            # yes-path any more, so the no-path gets an event of its own at `within`.
            end = self._pass(end)
        times = end.times
        if times.hour is not None:
            raise ValueError("a wait after `until`: put both into one wait, {for: 1d, until: …}")
        delay = (times.delay or NOW) + step.delay
        return replace(end, times=Times(delay=delay, hour=step.hour))

    def _pass(self, end: _End) -> _End:
        assert end.node is not None
        fork = end.node
        title = f"{fork.title.rstrip('?')}: no"
        return self._pause(end, f"{fork.step}:not", title, fork.loc)

    def _pause(self, end: _End, name: str, title: str, loc: Loc) -> _End:
        """Hang an event that only takes its time under an end; return the end below it."""
        node = Node(name, end.path, "pass", title, end.anchor, loc, end.times)
        self._hang(node, end)
        return _End(node, "bottom", end.path)

    def _step(self, step: Any, here: Loc, ends: list[_End], *, after_wait: bool) -> list[_End]:
        if isinstance(step, model.Also):
            self.close(self.steps(step.also, (*here, "also"), ends))
            return ends
        if isinstance(step, model.Raw) and step.raw.trigger is not None:
            return self._exact(step, here, ends)
        if model.is_decision(step):
            if model.about_email(step):
                return self._on(step, here, ends, after_wait=after_wait)
            return self._listen(step, here, ends)
        if model.is_condition(step):
            return self._if(step, here, ends)
        self._other_campaigns(step, here)
        opened: list[_End] = []
        for open_end in ends:
            end = open_end
            if end.within and isinstance(step, model.Email) and self._window(step):
                # In a window Mautic adds the interval of a no-path a second time
                # (CampaignBundle/Executioner: InactiveExecutioner, Scheduler/Mode/Interval).
                end = self._pass(end)
            node = self._action(step, here, end)
            self._hang(node, end)
            if isinstance(step, model.Email):
                self._stop_rules(node)
            if not isinstance(step, model.Stop | model.Goto):
                opened.append(_End(node, "bottom", end.path))
        return opened

    def _hang(self, node: Node, end: _End) -> None:
        self.count += 1
        self.made[node.step] += 1
        copies = self.count - len(self.made)
        if self.count > MOST_EVENTS:
            why, hint = "", "split the sequence in two"
            if copies:
                why = (
                    ": the steps after a fork are copied under each of its ends, because a Mautic "
                    "campaign is a tree"
                )
                hint = f"let branches end with stop, or {hint}"
            raise Refused(
                [*self.issues, Issue(node.loc, f"more than {MOST_EVENTS} events{why}", hint)]
            )
        if copies == MANY_COPIES and not self.warnings:
            self.warnings.append(
                Issue(
                    node.loc,
                    f"{MANY_COPIES} or more events are copies of steps after a fork",
                    "a branch that ends with stop needs no copies",
                )
            )
        if end.node is None:
            self.roots.append(node)
        elif end.anchor == "yes":  # an empty `then` is filled after its `else`
            place = sum(child.anchor == "yes" for child in end.node.children)
            end.node.children.insert(place, node)
        else:
            end.node.children.append(node)

    def _exact(self, step: model.Raw, here: Loc, ends: list[_End]) -> list[_End]:
        """An event with a trigger of its own: nothing is put between it and what is above."""
        opened: list[_End] = []
        for end in ends:
            if not end.times.at_once:
                message = "an event with a `trigger` cannot take a wait or `within` from above it"
                self.issues.append(Issue(here, message, "its trigger says when it runs"))
                return ends
            node = exact.node(step, self.ids[id(step)], end.path, end.anchor, here)
            self._hang(node, end)
            if node.role == "action":
                opened.append(_End(node, "bottom", end.path))
            for word, anchor, steps in exact.ways(step):
                start = _End(node, anchor, f"{end.path}/{node.step}={exact.WAYS[word]}")
                opened.extend(self.steps(steps, (*here, word), [start]))
        return opened

    def _action(self, step: Any, here: Loc, end: _End) -> Node:
        name = self.ids[id(step)]
        kind, title, data = events.action(step, name)
        node = Node(name, end.path, kind, title, end.anchor, here, end.times, data)
        if isinstance(step, model.Email):
            node.times = self._in_window(step, here, end.times)
        return node

    def _other_campaigns(self, step: Any, here: Loc) -> None:
        own, hint = self.sequence.key, ""
        if isinstance(step, model.Enroll) and own in step.enroll:
            word, hint = "enroll", "`goto` goes back to an earlier step"
        elif isinstance(step, model.Leave) and own in step.leave:
            word, hint = "leave", "`stop` is the word for leaving this one"
        if hint:
            said: list[str] = getattr(step, word)
            message = f"{own} is this sequence itself"
            self.issues.append(Issue((*here, word, said.index(own)), message, hint))

    def _in_window(self, step: model.Email, here: Loc, times: Times) -> Times:
        window = self._window(step)
        if window is None:
            return times
        if times.hour is not None and not window.from_ <= times.hour < window.to:
            self.issues.append(
                Issue(
                    here,
                    f"the wait until {times.hour} ends outside the window "
                    f"{window.from_} to {window.to}",
                    "move the hour into the window, or give this email `window: anytime`",
                )
            )
        # Mautic ignores a window unless the event has an interval; 0 d is one.
        return replace(times, delay=times.delay or NOW, window=window)

    def _window(self, step: model.Email) -> model.Window | None:
        window = self.sequence.send.window if step.window is None else step.window
        return window if isinstance(window, model.Window) else None

    def _stop_rules(self, email: Node) -> None:
        """Beside each email, a decision that never closes: late replies stop the contact too."""
        made: set[str] = set()
        for n, rule in enumerate(self.sequence.stop_on):
            kind, urls = _stop_kind(rule)
            if kind is None:
                continue  # unsubscribe and bounce stop marketing mail by themselves
            # No own id holds a colon, so these never meet one.
            step = f"{email.step}:stop-{kind}{step_names.which(urls)}"
            if step in made:
                continue  # the same rule said twice
            made.add(step)
            loc: Loc = ("stop_on", n)
            path = email.path
            title = f"{events.asked(kind, email.step)}: stop"
            data = {"email": email.step, "urls": urls}
            decision = Node(step, path, kind, title, "bottom", loc, data=data)
            self._hang(decision, _End(email, "bottom", path))
            stop = Node(f"{step}:stop", path, "stop", "Stop", "yes", loc)
            self._hang(stop, _End(decision, "yes", path))

    def _listen(self, step: model.On | model.Raw, here: Loc, ends: list[_End]) -> list[_End]:
        """A decision about something else than an email: it hangs under any action.

        Where there is none above, or a wait, an event that does nothing is put between: Mautic's
        builder has no line from one decision to the next, and a decision waits for no time.
        """
        opened: list[_End] = []
        for open_end in ends:
            end = open_end
            if end.node is None or end.anchor != "bottom" or not end.times.at_once:
                title = "From here on, watch" if end.node is None else "Then watch"
                end = self._pause(end, f"{self.ids[id(step)]}:before", title, here)
            assert end.node is not None
            opened.extend(self._watch(step, here, end, end.node))
        return opened

    def _on(
        self, step: model.On | model.Raw, here: Loc, ends: list[_End], *, after_wait: bool
    ) -> list[_End]:
        word = "on" if isinstance(step, model.On) else step.raw.type
        if after_wait:
            self.issues.append(
                Issue(
                    here,
                    f"a wait before `{word}`: Mautic watches from the moment the email leaves",
                    "use `within` for how long to wait for it",
                )
            )
            return ends
        opened: list[_End] = []
        for end in ends:
            email = self._watched(step, here, end)
            if email is None:
                return ends
            opened.extend(self._watch(step, here, end, email))
        return opened

    def _watched(self, step: model.On | model.Raw, here: Loc, end: _End) -> Node | None:
        """The email event that an `on` belongs to, or None when it cannot be (said why)."""
        email = end.node
        of = step.of if isinstance(step, model.On) else None
        if email is not None and email.kind == "email" and of in (None, email.step):
            return email
        if isinstance(step, model.Raw):
            message = f"{step.raw.type} has no email directly above it"
            self.issues.append(Issue(here, message, "put it right after its email"))
            return None
        if step.of is None:
            hint = "put it right after its email, or name an earlier one with `of`"
            self.issues.append(Issue(here, f"`on: {step.on}` has no email directly above it", hint))
            return None
        if step.of not in self.emails:
            hint = did_you_mean(step.of, self.emails)
            self.issues.append(Issue((*here, "of"), f"no email step is named {step.of}", hint))
            return None
        if step.within is not None:
            self.issues.append(
                Issue(
                    here,
                    f"`within` counts from {step.of}, so this must come right after it: "
                    "Mautic hangs the decision directly under its email",
                )
            )
            return None
        above = self._line_above(end)
        if step.of not in above:
            self.issues.append(
                Issue(
                    (*here, "of"),
                    f"{step.of} is not on this line of steps: only an email of the same branch "
                    "can be watched from here",
                )
            )
            return None
        return above[step.of]

    def _line_above(self, end: _End) -> dict[str, Node]:
        """The emails that lead to `end` within its own branch, by step id."""
        found: dict[str, Node] = {}
        nodes = [node for root in self.roots for node in root.walk()]
        parents = {id(child): node for node in nodes for child in node.children}
        node = end.node
        while node is not None and node.path == end.path and node.role == "action":
            if node.kind == "email":
                found[node.step] = node
            node = parents.get(id(node))
        return found

    def _watch(self, step: model.On | model.Raw, here: Loc, end: _End, above: Node) -> list[_End]:
        name = self.ids[id(step)]
        kind, title, data = events.happening(step, above.step)
        decision = Node(name, end.path, kind, title, "bottom", here, data=data)
        self._hang(decision, _End(above, "bottom", end.path))
        yes = _End(decision, "yes", f"{end.path}/{name}=yes")
        after_yes = self.steps(step.then, (*here, "then"), [yes])
        if step.within is None:
            self.close(after_yes)
            return [end]  # a listener beside the line, which goes on from the email
        within = Times(delay=durations.parse(step.within))
        no = _End(decision, "no", f"{end.path}/{name}=no", within, within=True)
        after_no = self.steps(step.else_ or [], (*here, "else"), [no])
        return [*after_yes, *after_no]

    def _if(self, step: model.If | model.Raw, here: Loc, ends: list[_End]) -> list[_End]:
        opened: list[_End] = []
        for end in ends:
            name = self.ids[id(step)]
            if isinstance(step, model.If):
                kind, title, data = events.question(step.if_)
            else:
                kind, title, data = events.action(step, name)
            node = Node(name, end.path, kind, title, end.anchor, here, end.times, data)
            self._hang(node, end)
            for branch, steps in (("yes", step.then), ("no", step.else_ or [])):
                way = "then" if branch == "yes" else "else"
                start = _End(
                    node, "yes" if branch == "yes" else "no", f"{end.path}/{name}={branch}"
                )
                opened.extend(self.steps(steps, (*here, way), [start]))
        return opened


def _stop_kind(rule: Any) -> tuple[str | None, list[str]]:
    if isinstance(rule, model.StopOnClick):
        return "clicked", [rule.click] if isinstance(rule.click, str) else list(rule.click)
    words = {"reply": "replied", "open": "opened", "click": "clicked"}
    return words.get(rule), []

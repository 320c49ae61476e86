"""Graph -> in plain words, what each contact will go through.

It follows the file, where the steps after a fork stand once, and says what Mautic 5.1.1 does.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pmctl.sequence import durations, model, phrases, rules, terms
from pmctl.sequence.durations import NOW, Delay
from pmctl.sequence.graph import Graph

COLUMNS = 80
_DEEPEST = 36  # columns of indent


def explain(graph: Graph) -> str:
    """Return the explanation, wrapped at 80 columns, without a line break at its end."""
    sequence = graph.sequence
    lines = _wrapped(f"{sequence.name} ({sequence.key})")
    if sequence.description:
        lines += _wrapped(sequence.description.strip())
    for title, facts in (("Who enters", rules.entry(sequence)), ("Rules", rules.rules(graph))):
        lines += ["", title]
        for fact in facts:
            lines += _wrapped(fact, "- ")
    lines += ["", "What happens"]
    told = _Telling(sequence)
    since = " (counted from when the contact came in)"
    told.steps(sequence.steps, _Place(lead="as soon as a contact is in", since=since))
    lines += told.lines
    return "\n".join([*lines, "", "After that, nothing more happens."])


def _wrapped(text: str, mark: str = "", indent: int = 0) -> list[str]:
    """Wrap a paragraph behind its mark (`- `, `2.1 `), under which its lines hang."""
    start = " " * min(indent, _DEEPEST)
    return textwrap.wrap(
        text, COLUMNS, initial_indent=start + mark, subsequent_indent=start + " " * len(mark),
        break_on_hyphens=False,
    )  # fmt: skip


def _sentence(text: str) -> str:
    end = "" if text.endswith((".", ":", "?")) else "."
    return text[:1].upper() + text[1:] + end


@dataclass(frozen=True)
class _Place:
    """Where a list of steps stands in the story."""

    above: str = ""  # "2." inside of step 2
    start: int = 1  # number of its first step
    indent: int = 0
    lead: str = ""  # when its first step happens, unless a line above says so
    since: str = ""  # from when a wait before its first step counts, likewise
    after: str = ""  # what comes when the list is through: "step 3"; "" nothing more


_LATER = {
    "opened": "an open", "clicked": "a click", "replied": "a reply", "visited": "a visit",
    "submitted": "a submission", "downloaded": "a download",
}  # fmt: skip


def _late(step: model.On | model.Raw) -> str:
    """What an `on` waits for, when it comes: `an open`."""
    return _LATER[step.on] if isinstance(step, model.On) else "what comes"


def _happening(step: model.On | model.Raw, email: str) -> str:
    if isinstance(step, model.On) and model.about_email(step):
        return phrases.happening(step.on, step.of or email, step.url)
    return phrases.elsewhere(step)


class _Telling:
    """Tells the steps from top to bottom; `lines` is the story so far."""

    def __init__(self, sequence: model.Sequence) -> None:
        self.sequence = sequence
        self.lines: list[str] = []

    def steps(self, steps: list[Any], place: _Place) -> int:
        """Tell a list of steps; return the number after its last one."""
        told = _with_waits(steps)
        number, lead, since, email, line = place.start, place.lead, place.since, "", ""
        for n, (delay, hour, step) in enumerate(told):
            mark = f"{place.above}{number}{'' if place.above else '.'} "
            number += 1
            after = place.after if n == len(told) - 1 else f"step {place.above}{number}"
            when = phrases.wait(delay, hour, since) or lead
            inner = _Place(f"{place.above}{number - 1}.", 1, place.indent + len(mark), after=after)
            if n and _is_fork(told[n - 1][2]):
                self._say("Then, for everybody who is still in:", "", place.indent)
            if isinstance(step, model.Also):
                self._say("Besides, beginning here and while the line goes on:", mark, place.indent)
                self.steps(step.also, replace(inner, after=""))
            elif model.is_decision(step):
                start = phrases.wait(delay, hour, since)
                self._on(step, mark, place.indent, inner, (email, start))
            elif model.is_condition(step):
                self._if(step, mark, place.indent, inner, when)
            else:
                self._say(
                    _clause([*self._when(step, when, hour)], phrases.action(step)),
                    mark,
                    place.indent,
                )
            lead, since = "directly after that", ""
            if _is_fork(step):
                lead, since = "", _since(step)
            elif model.is_decision(step):  # it hangs beside the line, which goes on above it
                lead, since = place.lead, place.since
                if line:
                    lead, since = f"directly after {line}", f" (counted from {line})"
            else:
                line = f"step {place.above}{number - 1}"
            if isinstance(step, model.Email):
                email = step.email
        return number

    def _say(self, text: str, mark: str, indent: int) -> None:
        self.lines += _wrapped(_sentence(text), mark, indent)

    def _if(
        self, step: model.If | model.Raw, mark: str, indent: int, inner: _Place, when: str
    ) -> None:
        check = ", ".join(filter(None, [when, "one check"]))
        asked = phrases.question(step.if_) if isinstance(step, model.If) else phrases.asked(step)
        self._say(f"{check}: {asked}", mark, indent)
        number = self._way("If yes", "If yes", step.then, inner)
        self._way("If no", "If no", step.else_ or [], replace(inner, start=number))

    def _on(
        self, step: model.On | model.Raw, mark: str, indent: int, inner: _Place,
        where: tuple[str, str],
    ) -> None:  # fmt: skip
        """Tell a decision; `where` is the email above it and from when on Mautic watches."""
        email, begins = where
        what = _happening(step, email)
        if step.within is None:
            since = f"{begins}, and from then on: the" if begins else "The"
            self._say(
                f"{since} first time that {what}, however late, and while the steps after "
                "this one go on:", mark, indent,
            )  # fmt: skip
            self.steps(step.then, replace(inner, after=""))
            return
        within, late = durations.parse(step.within).words(), _late(step)
        if model.about_email(step):
            of = step.of if isinstance(step, model.On) else None
            start = f"If {what} within {within} of its leaving"
            head = f"If not, {within} after {of or email} left ({late} after that changes nothing)"
        else:
            start = f"{begins}: if {what}" if begins else f"If {what}"
            start += f" within {within}"
            head = f"If not, at the end of the {within} ({late} after that changes nothing)"
        number = self._way(
            f"{start}, at that moment", start, step.then, inner, mark=mark, indent=indent
        )
        self._way(head, head, step.else_ or [], replace(inner, start=number))

    def _way(
        self, head: str, head_of_none: str, steps: list[Any], inner: _Place, *,
        mark: str = "", indent: int | None = None,
    ) -> int:  # fmt: skip
        """Tell one way of a fork; return the number after its last step."""
        where = inner.indent if indent is None else indent
        if _with_waits(steps):
            self._say(f"{head}:", mark, where)
            return self.steps(steps, inner)
        goes_on = f"on to {inner.after}" if inner.after else "nothing more"
        self._say(f"{head_of_none}: {goes_on}", mark, where)
        return inner.start

    def _when(self, step: Any, when: str, hour: str | None) -> Iterator[str]:
        """Yield what holds a step back: its wait, and for an email the hours of sending."""
        yield when
        if not isinstance(step, model.Email):
            return
        usual, window = self.sequence.send.window, rules.window_of(self.sequence, step)
        if window is None:
            if usual:
                yield "without waiting for sending hours"
        elif hour:
            if len(set(window.days)) < len(terms.DAY_NAMES):
                yield f"only {terms.days(window.days)}"
        elif window == usual:
            yield "in the sending hours"
        else:
            yield f"only {rules.window(window)}"


def _clause(when: list[str], what: str) -> str:
    conditions = ", ".join(filter(None, when))
    return f"{conditions}: {what}" if conditions else what


def _with_waits(steps: list[Any]) -> list[tuple[Delay, str | None, Any]]:
    """Return each step that does something, with the waits in front of it added up."""
    found: list[tuple[Delay, str | None, Any]] = []
    delay, hour = NOW, None
    for step in steps:
        if isinstance(step, model.Wait):
            delay, hour = delay + step.delay, step.hour or hour
        else:
            found.append((delay, hour, step))
            delay, hour = NOW, None
    return found


def _is_fork(step: Any) -> bool:
    """Whether the steps after this one stand under each of its ways."""
    return model.is_condition(step) or (model.is_decision(step) and step.within is not None)


def _since(step: model.On | model.If | model.Raw) -> str:
    """From when a wait after a fork counts, for each of its ways."""
    bare = list(dict.fromkeys(_bare_ways(step)))
    without = f"; where there is none, from {terms.joined(bare, 'or')}" if bare else ""
    return f" (counted from the contact's own last step above{without})"


def _bare_ways(step: Any) -> Iterator[str]:
    """What stands in for the last step, for the ways of a fork that have none."""
    if model.is_condition(step):
        ways = [(step.then, "the check"), (step.else_ or [], "the check")]
    else:
        moment = _late(step).partition(" ")[2] if isinstance(step, model.On) else "moment"
        end = durations.parse(step.within).words()
        ways = [(step.then, f"the {moment}"), (step.else_ or [], f"the end of the {end}")]
    for steps, moment in ways:
        told = _with_waits(steps)
        if not told:
            yield moment
        elif _is_fork(told[-1][2]):
            yield from _bare_ways(told[-1][2])

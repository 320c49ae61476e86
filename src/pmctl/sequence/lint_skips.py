"""`# lint: skip RULE reason` in a sequence file: what the author has seen and means so."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from pmctl.errors import Problem
from pmctl.sequence.graph import Loc
from pmctl.sequence.parse import Document
from pmctl.text import did_you_mean

_SKIP = re.compile(r"#\s*lint:\s*(.*)")
_HOW = "# lint: skip RULE why it is meant"


@dataclass(frozen=True)
class Skip:
    """A rule that does not count below `loc`; an empty `loc` is the whole file."""

    rule: str
    loc: Loc
    line: int
    column: int
    text: str  # of its line

    def covers(self, rule: str, loc: Loc) -> bool:
        """Whether an issue of this rule at `loc` is meant."""
        return rule == self.rule and loc[: len(self.loc)] == self.loc


def read(document: Document, known: Container[str]) -> tuple[list[Skip], list[Problem]]:
    """Return the skips of a file, and what is wrong with those that are none.

    A comment at the end of a line belongs to the step there, one on lines of its own to the step
    or key below it, and one above everything to the whole file.
    """
    skips: list[Skip] = []
    wrong: list[Problem] = []
    if "lint:" not in document.text:  # nearly always: spare the walk
        return skips, wrong
    anchors = sorted(_anchors(document))
    first = min((line for line, _, _ in anchors), default=1)
    for line, column, comment in document.comments():
        found = _SKIP.match(comment)
        if not found:
            continue
        text = document.lines[line - 1]
        word, _, rest = found[1].partition(" ")
        rule, _, reason = rest.strip().partition(" ")
        message, hint = _mistake(word, rule, reason, known)
        if message:
            wrong.append(Problem(document.path, line, column, message, text, hint))
            continue
        alone = not text[: column - 1].strip()
        loc = () if alone and line < first else _belongs(anchors, line, alone=alone)
        skips.append(Skip(rule, loc, line, column, text))
    return skips, wrong


def _mistake(word: str, rule: str, reason: str, known: Container[str]) -> tuple[str, str]:
    if word != "skip":
        return f"`lint: {word}` means nothing", _HOW
    if not rule:
        return "which rule is to be skipped?", _HOW
    if rule not in known:
        return f"there is no lint rule {rule}", did_you_mean(rule, known, _HOW)  # type: ignore[arg-type]
    if len(reason.strip()) < 3:
        return f"why is {rule} to be skipped?", _HOW
    return "", ""


def _belongs(anchors: list[tuple[int, int, Loc]], line: int, *, alone: bool) -> Loc:
    if alone:
        below = next((loc for at, _, loc in anchors if at > line), None)
        if below is not None:
            return below
    above = [loc for at, _, loc in anchors if at <= line]
    return above[-1] if above else ()


def _anchors(document: Document) -> Iterator[tuple[int, int, Loc]]:
    """Yield (line, column, loc) of every top-level key and every step."""
    for name, about in type(document.sequence).model_fields.items():
        loc: Loc = (about.alias or name,)
        if name in document.sequence.model_fields_set:
            yield (*document.locate(loc, key=True), loc)
    yield from _steps(document, document.sequence.steps, ("steps",))


def _steps(document: Document, steps: list[Any], loc: Loc) -> Iterator[tuple[int, int, Loc]]:
    for number, step in enumerate(steps):
        here = (*loc, number)
        yield (*document.locate(here), here)
        for name, key in (("then", "then"), ("else_", "else")):
            yield from _steps(document, getattr(step, name, None) or [], (*here, key))

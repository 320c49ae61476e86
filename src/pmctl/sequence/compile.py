"""All stages in a row: text in, what Mautic shall hold out; every problem of a file at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pmctl.errors import InputProblems, Problem
from pmctl.sequence import environments, kinds
from pmctl.sequence.emails import Mail, Read, mails
from pmctl.sequence.graph import Graph, Issue, Loc, Refused, build
from pmctl.sequence.layout import Layout, layout
from pmctl.sequence.parse import Document, parse
from pmctl.sequence.payload import Desired, desired


@dataclass(frozen=True)
class Compiled:
    """A sequence at every stage, for those who show it; `desired` is what Mautic shall hold."""

    document: Document
    graph: Graph
    layout: Layout
    desired: Desired
    warnings: tuple[Problem, ...]


def compile_text(path: str, text: str, read: Read, variables: Mapping[str, str]) -> Compiled:
    """Compile one file; `read` gives the text of a body file by its name beside the sequence.

    Pure but for `read`: same input, same value. Raises InputProblems with every mistake found.
    """
    document = parse(path, text, variables=variables)
    read = cache(read)  # environments have the same bodies
    graph, contents, issues = _stages(document, read)
    wrong = _problems(document, issues)
    for other in document.elsewhere():
        _, _, issues = _stages(other, read)
        wrong += _only_there(other, issues, wrong)
    if graph is None or wrong:
        raise InputProblems(sorted(wrong, key=lambda problem: (problem.line, problem.column)))
    places = layout(graph)

    def place(kind: str, name: str) -> str:
        return document.problem(_loc_of(graph, kind, name), name).where

    return Compiled(
        document,
        graph,
        places,
        desired(path, graph, places, contents, place),
        tuple(
            _problems(
                document, [*graph.warnings, *_too_large(places), *_doubts(document, variables)]
            )
        ),
    )


def _stages(document: Document, read: Read) -> tuple[Graph | None, list[Mail], list[Issue]]:
    """The graph and the emails of a sequence, and what is wrong with either."""
    contents, issues = mails(document.sequence, read)
    try:
        return build(document.sequence), contents, issues
    except Refused as refused:
        return None, contents, [*refused.issues, *issues]


def _only_there(document: Document, issues: list[Issue], known: list[Problem]) -> list[Problem]:
    """What is wrong in this environment and not in the one in force."""
    said = {(problem.line, problem.column, problem.message) for problem in known}
    return [
        replace(problem, message=f"in environment {document.env}: {problem.message}")
        for problem in _problems(document, issues)
        if (problem.line, problem.column, problem.message) not in said
    ]


def _doubts(document: Document, variables: Mapping[str, str]) -> list[Issue]:
    return [Issue(loc, said) for loc, said in environments.doubts(document.overlays, variables)]


def _too_large(places: Layout) -> list[Issue]:
    """Mautic's builder shows 10,000 x 10,000 px; what lies outside runs, but nobody can see it."""
    if places.fits:
        return []
    return [Issue(("steps",), "the campaign is larger than the canvas of Mautic's builder")]


def _loc_of(graph: Graph, kind: str, name: str) -> Loc:
    """Where something of Mautic is named: in the audience, or by the first step that names it."""
    audience = graph.sequence.audience
    for what, field, names in (
        ("segment", "segments", audience.segments),
        ("form", "forms", audience.forms),
    ):
        if kind == what and name in names:
            return ("audience", field, names.index(name))
    for node in graph.nodes():
        if (kind, name) in kinds.named(node.kind, kinds.properties(node.kind, node.data)):
            return (*node.loc, *(_inside(_step_at(graph, node.loc), name) or ()))
    return ()


def _step_at(graph: Graph, loc: Loc) -> Any:
    """The step at a path of the file, as plain values without the steps inside it."""
    here: Any = graph.sequence
    for word in loc:
        here = here[word] if isinstance(word, int) else getattr(here, _ATTRIBUTES.get(word, word))
    return here.model_dump(by_alias=True, exclude={"then", "else_"})


_ATTRIBUTES = {"else": "else_"}


def _inside(value: Any, name: str) -> Loc | None:
    """The path to the first text that is `name`."""
    if value == name:
        return ()
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        found = _inside(part, name)
        if found is not None:
            return (key, *found)
    return None


def _problems(document: Document, issues: tuple[Issue, ...] | list[Issue]) -> list[Problem]:
    problems = [document.problem(issue.loc, issue.message, issue.hint) for issue in issues]
    return sorted(problems, key=lambda problem: (problem.line, problem.column))

"""All stages in a row: text in, what Mautic shall hold out; every problem of a file at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pmctl.errors import InputProblems, Problem
from pmctl.sequence.emails import Read, mails
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
    contents, issues = mails(document.sequence, read)
    try:
        graph = build(document.sequence)
    except Refused as refused:
        raise InputProblems(_problems(document, [*refused.issues, *issues])) from refused
    if issues:
        raise InputProblems(_problems(document, issues))
    places = layout(graph)

    def place(name: str) -> str:
        return document.problem(_loc_of(graph, name), name).where

    return Compiled(
        document,
        graph,
        places,
        desired(path, graph, places, contents, place),
        tuple(_problems(document, [*graph.warnings, *_too_large(places)])),
    )


def _too_large(places: Layout) -> list[Issue]:
    """Mautic's builder shows 10,000 x 10,000 px; what lies outside runs, but nobody can see it."""
    if places.fits:
        return []
    return [Issue(("steps",), "the campaign is larger than the canvas of Mautic's builder")]


def _loc_of(graph: Graph, name: str) -> Loc:
    """Where a segment or form is named: in the audience, or by the first step that names it."""
    audience = graph.sequence.audience
    for field, names in (("segments", audience.segments), ("forms", audience.forms)):
        if name in names:
            return ("audience", field, names.index(name))
    for node in graph.nodes():
        said = [
            *node.data.get("add", ()),
            *node.data.get("remove", ()),
            *node.data.get("names", ()),
        ]
        if "segment" in node.kind and name in said:
            return node.loc
    return ()


def _problems(document: Document, issues: tuple[Issue, ...] | list[Issue]) -> list[Problem]:
    problems = [document.problem(issue.loc, issue.message, issue.hint) for issue in issues]
    return sorted(problems, key=lambda problem: (problem.line, problem.column))

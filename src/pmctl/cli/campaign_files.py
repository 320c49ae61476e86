"""The `campaign` commands that need files only: validate, explain, graph, schema, fmt."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pmctl import output
from pmctl.clients import sources
from pmctl.errors import InputProblems, Problem

if TYPE_CHECKING:
    from pmctl.clients.sources import Source
    from pmctl.sequence.compile import Compiled


def compiled(paths: Iterable[str], variables: Mapping[str, str]) -> Iterable[Compiled]:
    """Compile what the paths name, one after the other; warnings go to stderr."""
    found = sources.find(paths)
    with output.progress("compiling", len(found)) as advance:
        for _, one in sources.compile_all(found, variables):
            for problem in one.warnings:
                output.note(f"{problem.where}: {problem.message}")
            yield one
            advance()


def validate(paths: list[str], variables: Mapping[str, str]) -> None:
    """Compile everything and say what it comes to."""
    rows = [
        {
            "path": one.desired.path,
            "key": one.desired.key,
            "emails": len(one.desired.mails),
            "events": len(one.desired.events),
            "warnings": [f"{problem.where}: {problem.message}" for problem in one.warnings],
        }
        for one in compiled(paths, variables)
    ]
    output.show(rows, ["path", "key", "emails", "events"])


def explain(paths: list[str], variables: Mapping[str, str]) -> None:
    """Say in words what each contact goes through."""
    from pmctl.sequence.explain import explain as in_words
    from pmctl.sequence.render import as_value

    found = list(compiled(paths, variables))
    text = "\n".join(in_words(one.graph) for one in found)
    output.show_text(text, lambda: [as_value(one.graph) for one in found])


def schema() -> None:
    """Print the JSON schema of sequence files."""
    import json

    from pmctl.sequence.schema import schema as json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")


def fmt(paths: list[str], *, check: bool) -> None:
    """Write files in canonical form; with `check`, only name those that are not.

    Raises InputProblems with the mistakes of all files; then none is written.
    """
    from pmctl.files import write_atomic

    changed = {}
    for source, before, after in _canonical(paths):
        if source.text is not None and not check:
            sys.stdout.write(after)
        elif after != before:
            changed[source.path] = after
    for name, after in changed.items():
        if not check:
            write_atomic(Path(name), after, Path(name).stat().st_mode & 0o777)
        sys.stdout.write(f"{output.clean(name)}\n")
    if check and changed:
        raise typer.Exit(2)


def _canonical(paths: list[str]) -> list[tuple[Source, str, str]]:
    """Return each file with its text before and after."""
    from pmctl.sequence.fmt import fmt as canonical

    texts: list[tuple[Source, str, str]] = []
    problems: list[Problem] = []
    for source in sources.find(paths):
        try:
            before = source.read()
            texts.append((source, before, canonical(before, source.path)))
        except InputProblems as exc:
            problems.extend(exc.problems)
    if problems:
        raise InputProblems(problems)
    return texts

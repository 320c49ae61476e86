"""Files of values for `${NAME}`: a YAML mapping, or lines of NAME=value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pmctl.errors import InputProblems, Problem
from pmctl.sequence import yaml_nodes

NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_PAIR = re.compile(r"\s*(?:export\s+)?([^=\s#]+)=(.*)")


def why_not(name: str) -> str:
    """Return why nothing can be called that in a campaign; nothing when it can."""
    if name.startswith("PMCTL_"):
        return f"{name} is one of pmctl's own; a secret has no place in a campaign"
    if not NAME.fullmatch(name):
        return f"{name!r} is no name of a variable; they are upper case, like CITY"
    return ""


def read(path: str, text: str) -> dict[str, str]:
    """Return the values of a file. Raises InputProblems with everything that is wrong in it."""
    text = yaml_nodes.normal(text)
    lines = text.split("\n")
    said = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    pairs = _lines(lines) if said and _PAIR.fullmatch(said[0]) else _yaml(text) if said else ()
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for line, column, name, value, wrong in pairs:
        again = f"a second {name}" if name in values else ""
        message = wrong or why_not(name) or again
        if message:
            source = lines[line - 1] if line <= len(lines) else ""
            problems.append(Problem(path, line, column, message, source))
        else:
            values[name] = value
    if problems:
        raise InputProblems(problems)
    return values


_Pair = tuple[int, int, str, str, str]  # line, column, name, value, what is wrong


def _lines(lines: list[str]) -> Iterator[_Pair]:
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        pair = _PAIR.fullmatch(line)
        if pair is None:
            yield number, 1, "", "", "this is no NAME=value"
            continue
        value = pair[2].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        yield number, pair.start(1) + 1, pair[1], value, ""


def _yaml(text: str) -> Iterator[_Pair]:
    try:
        root = yaml_nodes.compose(text)
    except yaml_nodes.Unreadable as exc:
        for flaw in exc.flaws:
            yield flaw.line, flaw.column, "", "", flaw.message
        return
    pairs = yaml_nodes.words(root)
    if pairs is None:
        yield 1, 1, "", "", "values are a YAML mapping, or lines of NAME=value"
        return
    for line, column, name, value in pairs:
        wrong = "" if value is not None else f"the value of {name} is not a single text or number"
        yield line, column, name, value or "", wrong

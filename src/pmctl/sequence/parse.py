"""Text -> Document: the sequence, and where in the file each part of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from pmctl.errors import InputProblems, Problem
from pmctl.sequence import environments, words, yaml_nodes
from pmctl.sequence.environments import Overlay
from pmctl.sequence.model import Sequence
from pmctl.sequence.words import Loc

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Document:
    """A sequence file that holds a sequence."""

    path: str
    text: str  # without a byte order mark, with plain line ends
    sequence: Sequence  # with the overlay of the environment in force
    _root: Any = field(repr=False, compare=False)
    env: str | None = None  # the environment in force, if the file has an overlay for it
    overlays: Mapping[str, Overlay] = field(default_factory=dict, repr=False)
    others: Mapping[str, Sequence] = field(default_factory=dict, repr=False)  # env -> sequence

    @property
    def lines(self) -> list[str]:
        """The lines of the file, without their ends."""
        return self.text.split("\n")

    def locate(self, loc: Loc, *, key: bool = False) -> tuple[int, int]:
        """Return (line, column), from 1, of what lies at `loc`, or of its nearest parent.

        With `key`, of the last key itself and not of its value.
        """
        overlay = self.overlays.get(self.env or "", {})
        return yaml_nodes.find(self._root, environments.place(loc, self.env, overlay), key=key)

    def comments(self) -> Iterator[tuple[int, int, str]]:
        """Yield (line, column, text from the # on) of every comment of the file."""
        return yaml_nodes.comments(self._root, self.lines)

    def elsewhere(self) -> Iterator[Document]:
        """Yield the document as it is in each of its other environments."""
        for env, sequence in self.others.items():
            yield replace(self, env=env, sequence=sequence, others={})

    def problem(self, loc: Loc, message: str, hint: str = "") -> Problem:
        """Return a problem with what lies at `loc`, with its place and its line."""
        line, column = self.locate(loc)
        return _problem(self.path, self.lines, line, column, message, hint)


def decode(path: str, data: bytes) -> str:
    """Return the text of a file. Raises InputProblems at the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        before = data[: exc.start].decode("utf-8").removeprefix("\ufeff")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise InputProblems(
            [
                Problem(
                    path,
                    line,
                    column,
                    f"the byte 0x{data[exc.start]:02X} is not UTF-8",
                    data.split(b"\n")[line - 1].decode("utf-8", "replace").rstrip("\r"),
                    "this looks like UTF-16; save it as UTF-8" if utf16 else "save it as UTF-8",
                )
            ]
        ) from exc


def parse(path: str, text: str, *, variables: Mapping[str, str] = _NONE) -> Document:
    """Return the document. Raises InputProblems with every mistake of the file, in its order.

    The overlay of the environment in force (`variables` are `Values` then) lies over the file;
    the others are checked as well, but need no value of a variable.
    """
    text = yaml_nodes.normal(text)
    root, data, flaws = _read(path, text)
    env = environments.env_of(variables)
    sequence, overlays, others, found = _judged(data, env, variables)
    if sequence is None or flaws or found:
        raise InputProblems(_problems(path, text, root, flaws, found))
    return Document(path, text, sequence, root, env if env in overlays else None, overlays, others)


def check(path: str, text: str) -> Any:
    """Return the plain values of a file, with `${NAME}` where a value of the run belongs.

    Raises InputProblems with every mistake that no value of a variable could mend.
    """
    text = yaml_nodes.normal(text)
    root, data, flaws = _read(path, text)
    *_, found = _judged(data, None, _AnyName())
    if flaws or found:
        raise InputProblems(_problems(path, text, root, flaws, found))
    return data


_Judged = tuple[Sequence | None, dict[str, Overlay], dict[str, Sequence], list[words.Mistake]]


def _judged(data: Mapping[str, Any], env: str | None, variables: Mapping[str, str]) -> _Judged:
    """The sequence in its environment, all overlays, the sequence elsewhere, what is wrong."""
    base, overlays, found = environments.split(data)
    active = overlays.get(env or "")
    if active is None:
        sequence, wrong = _validated(base, variables)
        found += wrong
    else:
        _, wrong = _validated(_without_steps(base), _AnyName())
        sequence, merged_wrong = _validated(environments.merged(base, active), variables)
        found += [*wrong, *environments.placed(merged_wrong, env or "", active, wrong)]
    others: dict[str, Sequence] = {}
    for name, overlay in overlays.items():
        if overlay is active:
            continue
        said = _without_steps(environments.merged(base, overlay))
        other, other_wrong = _validated(said, _AnyName())
        found += environments.placed(other_wrong, name, overlay, wrong)
        if other and sequence:
            others[name] = other.model_copy(update={"steps": sequence.steps})
    return sequence, overlays, others, found


def _without_steps(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a step that is always right: steps are judged once."""
    return {**data, "steps": [{"stop": True}]}


def _validated(
    data: dict[str, Any], variables: Mapping[str, str]
) -> tuple[Sequence | None, list[words.Mistake]]:
    try:
        return Sequence.model_validate(data, context={"variables": variables}), []
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
    if isinstance(variables, _AnyName):
        errors = [error for error in errors if "${" not in str(error["input"])]
    return None, words.mistakes(errors, data)


class _AnyName(dict[str, str]):
    """Knows every variable, each by its own name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"


def _read(path: str, text: str) -> tuple[Any, Any, list[yaml_nodes.Flaw]]:
    try:
        root = yaml_nodes.compose(text)
        builder = yaml_nodes.Builder()
        data = builder.value(root)
    except yaml_nodes.Unreadable as exc:
        raise InputProblems(_problems(path, text, None, exc.flaws, [])) from exc
    flaws = builder.flaws
    if not isinstance(data, dict):
        line, column = yaml_nodes.find(root, ())
        message = f"a sequence file is a mapping, this is {words.said(data)}"
        flaws.append(yaml_nodes.Flaw(line, column, message, "begin with `version: 1`"))
        raise InputProblems(_problems(path, text, root, flaws, []))
    return root, data, flaws


def _problems(
    path: str,
    text: str,
    root: Any,
    flaws: Iterable[yaml_nodes.Flaw],
    found: Iterable[words.Mistake],
) -> list[Problem]:
    lines = text.split("\n")
    problems = [
        _problem(path, lines, flaw.line, flaw.column, flaw.message, flaw.hint) for flaw in flaws
    ]
    for mistake in found:
        line, column = yaml_nodes.find(root, mistake.loc, key=mistake.at_key)
        problems.append(_problem(path, lines, line, column, mistake.message, mistake.hint))
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))


def _problem(
    path: str, lines: list[str], line: int, column: int, message: str, hint: str
) -> Problem:
    source = lines[line - 1] if line <= len(lines) else ""
    return Problem(path, line, column, message, source, hint)

"""YAML text -> a tree of nodes that know their place, and the plain values that the tree says.

PyYAML makes the nodes (its C parser where there is one); what a scalar means is decided here:
by YAML 1.2, where `on`, `yes`, `09:30` and dates are words, and only true and false are truths.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

DEEPEST = 100  # levels of nesting
MOST_NODES = 50_000  # after aliases are followed: a short file can say a billion laughs

_BAD = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("0123456789+-.")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STRING_TAGS = ("tag:yaml.org,2002:str", "!")
_MERGE = "<<"


@dataclass(frozen=True)
class Flaw:
    """A mistake at a place in the text; line and column count from 1."""

    line: int
    column: int
    message: str
    hint: str = ""


class Unreadable(Exception):
    """The text is no YAML that can be built; `flaws` says where and why."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__(self.flaws[0].message)


class _Hooks:
    """Called by PyYAML's composer at every node: no guessing of types, and not too deep."""

    depth = 0

    def resolve(self, _kind: type[Node], _value: str, _implicit: Any) -> str:
        """Leave the tag empty: only tags written in the file remain."""
        return ""

    def descend_resolver(self, node: Node | None, _index: Any) -> None:
        """Count one level down; PyYAML's C composer would run out of stack and crash."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable([_flaw(node, f"nested deeper than {DEEPEST} levels")])

    def ascend_resolver(self) -> None:
        """Count one level up."""
        self.depth -= 1


try:
    from yaml._yaml import CParser
except ImportError:
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Composer(_Hooks, Reader, Scanner, Parser, Composer):
        """PyYAML's own parser, where its C parser was not built."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

else:

    class _Composer(_Hooks, CParser):  # type: ignore[no-redef]
        """libyaml: about six times as fast."""


def normal(text: str) -> str:
    """Return the text without a byte order mark and with plain line ends."""
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def compose(text: str) -> Node:
    """Return the root node of a `normal` text. Raises Unreadable with the reason in words."""
    bad = _BAD.search(text)
    if bad:
        raise Unreadable(_characters(text))
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as exc:
        raise Unreadable([_explained(exc, text)]) from exc
    except yaml.YAMLError as exc:
        raise Unreadable([Flaw(1, 1, f"no readable YAML: {exc}")]) from exc
    if root is None:
        raise Unreadable([Flaw(1, 1, "the file is empty", "begin with `version: 1`")])
    return root


def _characters(text: str) -> list[Flaw]:
    flaws = []
    for bad in _BAD.finditer(text):
        start = text.rfind("\n", 0, bad.start()) + 1
        line = text.count("\n", 0, bad.start()) + 1
        message = f"the character U+{ord(bad[0]):04X} has no place in a text file"
        flaws.append(Flaw(line, bad.start() - start + 1, message, "delete it"))
        if len(flaws) == 20:
            break
    return flaws


# What the C parser says, or what the Python one says -> what it means.
_WORDS = (
    # PyYAML 6.0.4 stops by itself, at a thousand
    ("exceeded maximum nesting depth", f"nested deeper than {DEEPEST} levels", ""),
    ("found undefined alias", "an alias for which there is no anchor", "`&name` comes first"),
    ("but found another document", "a second document begins here", "one sequence a file"),
    ("mapping values are not allowed", "a colon where no key can be", "put the text in quotes"),
    ("could not find expected ':'", "a key without a colon", "write `key: value`"),
    ("found unexpected end of stream", "the quotes are never closed", ""),
    ("<stream end>", "the file ends too early", "a bracket or brace is open"),
    ("expected ',' or ']'", "a comma or the closing ] is missing before this", ""),
    ("expected ',' or '}'", "a comma or the closing } is missing before this", ""),
    ("expected '-' indicator", "this is no item of the list above", "check its indentation"),
    ("expected key", "this fits nothing above it", "check its indentation"),
    ("expected <block end>", "this fits nothing above it", "check its indentation"),
    (
        "unknown escape character",
        "an unknown escape in double quotes",
        "write \\\\ for a backslash",
    ),
    ("expected a comment or a line break", "text after | or >", "begin the text on the next line"),
    ("expected chomping or indentation", "text after | or >", "begin the text on the next line"),
)


def _explained(exc: yaml.MarkedYAMLError, text: str) -> Flaw:
    mark = exc.problem_mark or exc.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    if line > len(lines):
        line, column = len(lines), len(lines[-1]) + 1
    said = exc.problem or exc.context or "no readable YAML"
    indent = re.match(r"[ ]*\t", lines[line - 1])
    if indent and column <= len(lines[line - 1]) - len(lines[line - 1].lstrip()) + 1:
        return Flaw(line, len(indent[0]), "a tab in the indentation", "YAML indents with spaces")
    if "cannot start any token" in said:
        sign = lines[line - 1][column - 1 : column]
        return Flaw(line, column, f"no text begins with {sign!r} in YAML", "put it in quotes")
    for theirs, ours, hint in _WORDS:
        if theirs in said:
            return Flaw(line, column, ours, hint)
    return Flaw(line, column, said)


def _flaw(node: Node | None, message: str, hint: str = "") -> Flaw:
    if node is None:
        return Flaw(1, 1, message, hint)
    return Flaw(node.start_mark.line + 1, node.start_mark.column + 1, message, hint)


class Builder:
    """Makes plain values of nodes; `flaws` collects what is wrong on the way."""

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self._left = MOST_NODES
        self._depth = 0

    def value(self, node: Node) -> Any:
        """Return the value of a node. Raises Unreadable when it is too large or endless."""
        if node.tag:
            return self._tagged(node)
        if isinstance(node, ScalarNode):
            text = node.value
            return text if node.style else scalar(text)
        self._count(node)
        found = (
            self._mapping(node)
            if isinstance(node, MappingNode)
            else [self.value(item) for item in node.value]
        )
        self._depth -= 1
        return found

    def _count(self, node: Node) -> None:
        self._left -= len(node.value) + 1
        self._depth += 1
        if self._depth > DEEPEST:
            message = "an alias leads back into its own anchor"
            raise Unreadable([_flaw(node, message, "a sequence has an end")])
        if self._left < 0:
            raise Unreadable([_flaw(node, f"more than {MOST_NODES:,} values, aliases counted")])

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Node] = []
        for key, item in node.value:
            if not isinstance(key, ScalarNode) or key.tag:
                self.flaws.append(_flaw(key, "a key must be a plain word"))
                continue
            word = key.value
            if word == _MERGE and not key.style:
                merged.append(item)
                continue
            if word in found:
                self.flaws.append(_flaw(key, f"a second key `{word}`", "the first is above"))
                continue
            if isinstance(item, ScalarNode) and not item.tag:
                text = item.value
                found[word] = text if item.style else scalar(text)
            else:
                found[word] = self.value(item)
        for item in merged:
            self._merge(found, item)
        return found

    def _merge(self, found: dict[str, Any], node: Node) -> None:
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            if isinstance(source, MappingNode):
                for word, value in self.value(source).items():
                    found.setdefault(word, value)
            else:
                self.flaws.append(_flaw(source, "`<<` takes a mapping", "write `<<: *anchor`"))

    def _tagged(self, node: Node) -> Any:
        tag, node_tag = node.tag, node.tag
        if not (isinstance(node, ScalarNode) and tag in _STRING_TAGS):
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self.flaws.append(_flaw(node, f"the tag {shown} has no meaning here", "leave it out"))
        node.tag = ""
        try:
            return node.value if tag in _STRING_TAGS else self.value(node)
        finally:
            node.tag = node_tag


def words(root: Node) -> list[tuple[int, int, str, str | None]] | None:
    """Return (line, column, key, text) of each entry of a flat mapping; None if it is no mapping.

    The text is as it is written (`007` stays that), None for what is not a single value.
    """
    if not isinstance(root, MappingNode):
        return None
    return [
        (*_place(key), str(key.value), item.value if isinstance(item, ScalarNode) else None)
        for key, item in root.value
    ]


def scalar(text: str) -> Any:
    """Return what a plain scalar means by YAML 1.2's core rules.

    Numbers beyond what JSON can carry (.inf, .nan, 1e999) stay words.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def find(root: Node, loc: Iterable[str | int], *, key: bool = False) -> tuple[int, int]:
    """Return (line, column), from 1, of what lies at `loc`, or of its nearest parent.

    With `key`, of the last key itself and not of its value.
    """
    node, at = root, root
    for word in loc:
        step = _child(node, word)
        if step is None:
            return _place(at)
        name, node = step
        empty = isinstance(node, ScalarNode) and not node.style and not node.value
        at = name if empty and name is not None else node
        last_key = name
    if key and at is not root and last_key is not None:
        at = last_key
    return _place(at)


def comments(root: Node, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (line, column, text from the # on) of every comment: a # in a text is none."""
    texts = sorted(set(_texts(root)))
    for number, line in enumerate(lines):
        for found in re.finditer(r"(?:^|(?<=[ \t]))#", line):
            at = (number, found.start())
            before = bisect_right(texts, (at, (len(lines), 0))) - 1
            if before < 0 or at >= texts[before][1]:
                yield number + 1, found.start() + 1, line[found.start() :]
                break


def _texts(root: Node) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield (begin, end) of every scalar, as (line, column) from 0; aliased ones once."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            begin, end = node.start_mark, node.end_mark
            yield (begin.line, begin.column), (end.line, end.column)
        elif isinstance(node, MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _child(node: Node, word: str | int) -> tuple[Node | None, Node] | None:
    """The key node (None in a list) and the value node below `node`."""
    if isinstance(node, SequenceNode):
        if isinstance(word, int) and 0 <= word < len(node.value):
            return None, node.value[word]
        return None
    if not isinstance(node, MappingNode):
        return None
    merged: list[Node] = []
    for key, item in node.value:
        if key.value == word:
            return key, item
        if key.value == _MERGE and not key.style:
            merged += item.value if isinstance(item, SequenceNode) else [item]
    return next((found for item in merged if (found := _child(item, word))), None)

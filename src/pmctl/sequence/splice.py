"""A sequence file whose values changed: new text where it must be, the author's everywhere else.

Lines are moved and replaced, never re-written: comments, quotes and layout of what did not change
stay as they are.
"""

from __future__ import annotations

from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from pmctl.sequence import model, yaml_nodes
from pmctl.sequence.yaml_lines import end_of, top_of
from pmctl.sequence.yaml_write import written


def splice(text: str, target: dict[str, Any]) -> str:
    """Return the file with the values of `target`. Keys that the file lacks come last."""
    text = yaml_nodes.normal(text)
    root = yaml_nodes.compose(text)
    lines = text.split("\n")
    if not isinstance(root, MappingNode) or root.flow_style or _anchored(root):
        return written(target)
    first = root.value[0][0].start_mark.line
    last = end_of(lines, root.value[-1][0].start_mark.line, 0)
    middle = _mapping(lines, root, target)
    return "\n".join([*lines[:first], *middle, *lines[last:]]).rstrip("\n") + "\n"


def _anchored(root: Node) -> bool:
    """Whether parts of the file stand for others: a change of one would change the others."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            return True
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value
    return False


def _plain(node: Node) -> Any:
    return yaml_nodes.Builder().value(node)


def _mapping(lines: list[str], node: MappingNode, new: dict[str, Any]) -> list[str]:
    """The lines of a block mapping, its first key without what stands before it on its line."""
    column = node.value[0][0].start_mark.column
    starts = [key.start_mark.line for key, _ in node.value]
    tops = [starts[0], *(top_of(lines, line, column) for line in starts[1:])]
    end = top_of(lines, end_of(lines, starts[-1], column), column)
    done: list[str] = []
    for (key, value), top, start, below in zip(
        node.value, tops, starts, [*tops[1:], end], strict=True
    ):
        if key.value in new:
            done += lines[top:start]
            chunk = [" " * column + lines[start][column:], *lines[start + 1 : below]]
            done += _entry(lines, value, key.value, new[key.value], chunk, column)
    old = {key.value for key, _ in node.value}
    for word, item in new.items():
        if word not in old:
            done += _indented(written({word: item}), column)
    return done


def _entry(
    lines: list[str], node: Node, word: str, new: Any, chunk: list[str], column: int
) -> list[str]:
    """The lines of one key and its value."""
    if _plain(node) == new:
        return chunk
    block = isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value
    if block and isinstance(node, MappingNode) and isinstance(new, dict) and new:
        return [*_head(chunk), *_mapping(lines, node, new)]
    steps = isinstance(new, list) and all(isinstance(item, dict) for item in new)
    if block and isinstance(node, SequenceNode) and steps and new:
        return [*_head(chunk), *_sequence(lines, node, new)]
    return _indented(written({word: new}), column)


def _head(chunk: list[str]) -> list[str]:
    """The line of a key, and the comments between it and its first entry."""
    comments = 0
    while comments < len(chunk) - 1 and _leads(chunk[1 + comments]):
        comments += 1
    return chunk[: 1 + comments]


def _leads(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _sequence(lines: list[str], node: SequenceNode, new: list[Any]) -> list[str]:
    """The lines of a block list: items that are still there keep theirs."""
    starts = [item.start_mark.line for item in node.value]
    column = lines[starts[0]].index("-")
    tops = [starts[0], *(top_of(lines, line, column) for line in starts[1:])]
    end = top_of(lines, _end_of_list(lines, starts[-1], column), column)
    left = list(zip(node.value, tops, starts, [*tops[1:], end], strict=True))
    done: list[str] = []
    for value in new:
        found = _same(left, value)
        if found is None:
            done += _dashed(written(value), column)
            continue
        left.remove(found)
        item, top, start, below = found
        if _plain(item) == value:
            done += lines[top:below]
        elif isinstance(item, MappingNode) and not item.flow_style and isinstance(value, dict):
            inner = _mapping(lines, item, value)
            done += [*lines[top:start], lines[start][: item.start_mark.column] + inner[0].lstrip()]
            done += inner[1:]
        else:
            done += [*lines[top:start], *_dashed(written(value), column)]
    return done


_Item = tuple[Node, int, int, int]


def _same(left: list[_Item], value: Any) -> _Item | None:
    """The old item that a new one is: equal, or the same step."""
    for item in left:
        if _plain(item[0]) == value:
            return item
    name = _name(value)
    return next((item for item in left if name and _name(_plain(item[0])) == name), None)


def _name(step: Any) -> tuple[str, Any] | None:
    """What tells a step from its neighbours: its kind, and its id or what it is about."""
    if not isinstance(step, dict):
        return None
    kind = model.kind_of(step)
    if kind is None:
        return None
    return kind, step["email"] if kind == "email" else step.get("id")


def _end_of_list(lines: list[str], last: int, column: int) -> int:
    for number in range(last + 1, len(lines)):
        bare = lines[number].lstrip(" ")
        if bare and not bare.startswith("#") and len(lines[number]) - len(bare) <= column:
            return number
    return len(lines)


def _indented(text: str, column: int) -> list[str]:
    return [" " * column + line if line else line for line in text.rstrip("\n").split("\n")]


def _dashed(text: str, column: int) -> list[str]:
    first, *rest = _indented(text, column + 2)
    return [f"{' ' * column}- {first.lstrip()}", *rest]

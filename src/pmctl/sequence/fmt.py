"""Sequence files in one canonical form, with their comments."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pmctl.errors import BadInput
from pmctl.sequence import model, yaml_nodes
from pmctl.sequence.parse import check
from pmctl.sequence.words import shapes_in
from pmctl.sequence.yaml_lines import end_of, top_of

if TYPE_CHECKING:
    from ruamel.yaml import YAML

STEP_LISTS = ("steps", "then", "else", "also", "below")
# Needed in some places only, but a reader should not have to know in which: {{ }}, *, 09:30, :x.
_DELICATE = re.compile(r"[{*]|^\d+:\d|^[:?]|:[?]|^<<$")
# More letters than `false`, and nothing that YAML reads in another way.
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9 _./-]{4,}[A-Za-z0-9]")
_ENDLESS = 2**31 - 1  # columns: a line is never folded


def fmt(text: str, path: str = "<text>") -> str:
    """Return the file in canonical form: two spaces, keys in the language's order, double quotes
    where quotes are needed. Comments, blank lines, anchors and block texts stay.

    Raises InputProblems for a file with mistakes, and BadInput when the form would change what
    the file says.
    """
    from ruamel.yaml.error import YAMLError

    data = check(path, text)
    before, after = "", yaml_nodes.normal(text)
    try:
        for _ in range(4):
            if before == after:
                break
            before, after = after, _once(after)
    except YAMLError:  # it is stricter than PyYAML with oddly indented block texts
        before = ""
    if before != after or check(path, after) != data:
        raise BadInput(
            f"{path} cannot be put into canonical form without changing what it says",
            hint="it stays as it is; an unusual anchor or block text may be the reason",
        )
    return after


def _once(text: str) -> str:
    round_trip = _round_trip_of_words()
    loaded = round_trip.load(_ordered(text))
    _requote(loaded, flow=False, seen=set())
    out = io.StringIO()
    round_trip.dump(loaded, out)
    return _comments_moved_in(out.getvalue())


def _comments_moved_in(text: str) -> str:
    """Put comment lines at least as deep as the line they stand above."""
    lines = text.split("\n")
    blocks = _block_lines(yaml_nodes.compose(text))
    below = 0
    for number in range(len(lines) - 1, -1, -1):
        bare = lines[number].lstrip(" ")
        depth = len(lines[number]) - len(bare)
        if bare.startswith("#") and number not in blocks:
            lines[number] = " " * max(depth, below) + bare
        elif bare:
            below = depth
    return "\n".join(lines)


def _block_lines(root: Node) -> set[int]:
    """The numbers of the lines that are text of a | or > block."""
    found: set[int] = set()
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value
        elif isinstance(node, ScalarNode) and node.style in ("|", ">"):
            found.update(range(node.start_mark.line + 1, node.end_mark.line))
    return found


def _round_trip_of_words() -> YAML:
    """A round trip that takes every plain scalar for a word, so that none is re-written."""
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.tag import Tag

    class Words(VersionedResolver):
        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is not ScalarNode:
                return super().resolve(kind, value, implicit)
            plain = bool(implicit[0])
            if plain and value in ("", "<<"):
                name = "null" if not value else "merge"
                return Tag(suffix=f"tag:yaml.org,2002:{name}")
            return Tag(suffix="tag:yaml.org,2002:str")

    round_trip = YAML(typ="rt", pure=True)
    round_trip.Resolver = Words
    round_trip.preserve_quotes = True
    round_trip.width = _ENDLESS
    round_trip.brace_single_entry_mapping_in_flow_sequence = True
    round_trip.indent(mapping=2, sequence=4, offset=2)
    return round_trip


def _requote(part: Any, *, flow: bool, seen: set[int]) -> None:
    """Give every value the quotes it needs, and no others."""
    if id(part) in seen or not isinstance(part, dict | list):
        return
    seen.add(id(part))
    flow = flow or bool(part.fa.flow_style())  # type: ignore[union-attr]
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(value, str):
            part[key] = _quoted(value, flow=flow)
        else:
            _requote(value, flow=flow, seen=seen)


def _quoted(value: str, *, flow: bool) -> str:
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        FoldedScalarString,
        LiteralScalarString,
        PlainScalarString,
        ScalarString,
    )

    if isinstance(value, FoldedScalarString | LiteralScalarString):
        return value
    quoted = isinstance(value, ScalarString) and not isinstance(value, PlainScalarString)
    if not quoted and not isinstance(yaml_nodes.scalar(value), str):
        return value
    kind: type[ScalarString] = (
        DoubleQuotedScalarString if needs_quotes(value, flow=flow) else PlainScalarString
    )
    anchor = getattr(value, "anchor", None)
    name = anchor.value if anchor else None
    quoted_value: str = kind(value, anchor=name)
    return quoted_value


@lru_cache(4096)
def needs_quotes(value: str, *, flow: bool) -> bool:
    """Return whether a text cannot stand, or would be misread, without quotes around it."""
    if _WORDS.fullmatch(value):
        return False
    if not isinstance(yaml_nodes.scalar(value), str) or _other_to_yaml_1_1(value):
        return True
    if _DELICATE.search(value):
        return True
    analysis = _emitter().analyze_scalar(value)
    plain = analysis.allow_flow_plain if flow else analysis.allow_block_plain
    return not plain or analysis.multiline


def _other_to_yaml_1_1(value: str) -> bool:
    """Whether older readers take it for something else: `yes`, 17:00 (1020), a date."""
    tag = _old_resolver().resolve(yaml.ScalarNode, value, (True, False))
    return bool(tag != "tag:yaml.org,2002:str")


@cache
def _old_resolver() -> Any:
    return yaml.resolver.Resolver()


@cache
def _emitter() -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.emitter import Emitter

    return Emitter(io.StringIO(), allow_unicode=True, dumper=YAML())


def _ordered(text: str) -> str:
    """Return the text with the keys of every sequence and step in the order of the language.

    Lines are moved, not values, so that each key takes along the comments above it.
    """
    for _ in range(yaml_nodes.MOST_NODES):
        moved = _one_moved(text)
        if moved is None:
            return text
        text = moved
    return text


def _one_moved(text: str) -> str | None:
    root = yaml_nodes.compose(text)
    for node, order in _mappings(root, model.Sequence):
        moved = _sorted_lines(text.split("\n"), node, order)
        if moved is not None and moved != text and _reads(moved):
            return moved
    return None


def _reads(text: str) -> bool:
    """Whether it is YAML still: an alias moved above its anchor is not."""
    try:
        yaml_nodes.compose(text)
    except yaml_nodes.Unreadable:
        return False
    return True


def _mappings(node: Node, shape: type[model.Shape]) -> list[tuple[MappingNode, list[str]]]:
    """The block mappings in a mapping of this shape, each with the order of its keys."""
    found: list[tuple[MappingNode, list[str]]] = []
    if not isinstance(node, MappingNode) or node.flow_style:
        return found
    found.append((node, key_order(shape)))
    for key, value in node.value:
        for part in value.value if isinstance(value, SequenceNode) else [value]:
            if isinstance(part, MappingNode):
                inner = shape_of(key.value, (name.value for name, _ in part.value), shape)
                found.extend(_mappings(part, inner) if inner else [])
    return found


def shape_of(key: str, words: Iterable[str], shape: type[model.Shape]) -> type[model.Shape] | None:
    """Return the shape of a mapping behind a key: a step, or the first that has all its words."""
    said = set(words)
    if key in STEP_LISTS:
        return next((model.KINDS[word] for word in model.KINDS if word in said), None)
    return next((one for one in _within(shape, key) if said <= {*key_order(one), "<<"}), None)


@cache
def _within(shape: type[model.Shape], key: str) -> tuple[type[model.Shape], ...]:
    """The shapes that a key of a shape may have behind it."""
    fields = {info.alias or name: info for name, info in shape.model_fields.items()}
    return tuple(shapes_in(fields[key].annotation)) if key in fields else ()


@cache
def key_order(shape: type[model.Shape]) -> list[str]:
    """Return the keys of a mapping in the order in which a file says them."""
    return [info.alias or name for name, info in shape.model_fields.items()]


def _sorted_lines(lines: list[str], node: MappingNode, order: list[str]) -> str | None:
    """The whole text with the entries of one block mapping sorted; None to leave it."""
    keys = [key for key, _ in node.value]
    rank = {name: number for number, name in enumerate(order)}
    ranks = [rank.get(key.value, -1 if key.value == "<<" else len(order)) for key in keys]
    if ranks == sorted(ranks):
        return None
    starts = [key.start_mark.line for key in keys]
    column = keys[0].start_mark.column
    head = lines[starts[0]][:column]
    same = all(key.start_mark.column == column for key in keys)
    if len(set(starts)) < len(starts) or not same or not re.fullmatch(r" *|[ -]*- +", head):
        return None
    tops = [starts[0], *(top_of(lines, line, column) for line in starts[1:])]
    end = top_of(lines, end_of(lines, starts[-1], column), column)
    lines = [*lines]
    lines[starts[0]] = " " * column + lines[starts[0]][column:]
    chunks = [
        (number, lines[top:below], start - top)
        for number, top, below, start in zip(ranks, tops, [*tops[1:], end], starts, strict=True)
    ]
    chunks.sort(key=lambda chunk: chunk[0])
    _, first, key_at = chunks[0]
    first[key_at] = head + first[key_at][column:]
    return "\n".join(
        [*lines[: tops[0]], *(x for _, chunk, _ in chunks for x in chunk), *lines[end:]]
    )

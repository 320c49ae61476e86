"""Graph -> a tree for the terminal: one line a step, forks indented, waits on the line between."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from pmctl.sequence import terms
from pmctl.sequence.graph import Graph, Node
from pmctl.sequence.layout import in_order

Paint = Callable[[str, str], str]  # (text, SGR code like "1" or "1;36") -> text
Span = tuple[str, str]  # (text, SGR code)

COLUMNS = 80
_DEEPEST = 45  # columns of branches; what is deeper shows only its innermost ones
_GLYPHS = {"email": "●", "stop": "■", "pass": "○", "goto": "↩", "notify": "○", "webhook": "→"}
_CODES = {"email": "1;36", "stop": "31", "pass": "2", "goto": "35", "notify": "36"}
_OTHER = ("+", "34")  # what changes the contact
_FORK = ("◆", "33")
_DIM, _BOLD = "2", "1"
_ANSWERS = {"yes": "32", "no": "31"}


def tree(graph: Graph, paint: Paint = lambda text, _code: text) -> str:
    """Return the picture, each line at most 80 columns wide, without a line break at its end."""
    drawing = _Drawing(graph)
    lines = [*_head(graph), [("", "")], *drawing.line(graph.root, "")]
    return "\n".join(_painted(spans, paint).rstrip() for spans in lines)


def _head(graph: Graph) -> Iterator[list[Span]]:
    sequence = graph.sequence
    state = "" if sequence.published else "  not published"
    yield [(sequence.name, _BOLD), (f"  {sequence.key}", _DIM), (state, "33")]
    again = "once per contact" if sequence.reentry == "never" else "may enter again"
    yield [("from      ", _DIM), (f"{terms.sources(sequence)} · {again}", "")]
    if sequence.send.window:
        yield [("emails    ", _DIM), (terms.window(sequence.send.window), "")]
    for n, rule in enumerate(terms.stop_rules(sequence)):
        yield [("stops on  " if n == 0 else " " * 10, _DIM), (rule, "")]


class _Drawing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.copies = terms.copies(graph)

    def line(self, first: Node, prefix: str, *, timed: bool = False) -> Iterator[list[Span]]:
        """Draw a node and what follows it, down to the next fork and into it.

        `timed`: the label of the branch has said already what holds the first node back.
        """
        node: Node | None = first
        while node is not None:
            timing = [] if timed else terms.timing(self.graph, node)
            if timing:
                yield [(f"{_short(prefix)}│  {', '.join(timing)}", _DIM)]
            yield [(_short(prefix), _DIM), *self._node(node)]
            children = [c for c in in_order(node) if not terms.of_stop_rule(c)]
            if node.role != "action":
                yield from self._fork(node, children, prefix)
                return
            node, timed = None, False
            if children and not children[0].listens:
                node = children.pop(0)
            for n, listener in enumerate(children):
                last = node is None and n == len(children) - 1
                yield [(f"{_short(prefix)}{'└' if last else '├'}─ ", _DIM), *self._node(listener)]
                yield from self._below(listener, prefix, last=last)

    def _below(self, listener: Node, prefix: str, *, last: bool) -> Iterator[list[Span]]:
        inner = prefix + ("   " if last else "│  ")
        for child in listener.children:
            yield from self.line(child, inner)

    def _fork(self, node: Node, children: list[Node], prefix: str) -> Iterator[list[Span]]:
        by_answer = {child.anchor: child for child in children}
        answers = ["yes"] if node.listens else ["yes", "no"]
        for answer in answers:
            last = answer == answers[-1]
            child = by_answer.get(answer)  # type: ignore[call-overload]
            label: list[Span] = [
                (f"{_short(prefix)}{'└' if last else '├'}─ ", _DIM),
                (answer, _ANSWERS[answer]),
            ]
            if child is None:
                yield [*label, (": nothing more", _DIM)]
                continue
            timing = terms.timing(self.graph, child)
            yield [*label, ("".join(f", {part}" for part in timing), _DIM)]
            yield from self.line(child, prefix + ("   " if last else "│  "), timed=True)

    def _node(self, node: Node) -> list[Span]:
        glyph, code = _FORK
        if node.role == "action":
            glyph = _GLYPHS.get(node.kind, _OTHER[0])
            code = _CODES.get(node.kind, _OTHER[1])
        word = terms.kind_word(node)
        spans: list[Span] = [(f"{glyph} ", code)]
        # `tag+warm` and `if-tag-warm` say their kind themselves
        if not node.step.startswith(word):
            spans.append((f"{word} ", _DIM))
        spans.append((node.step, code))
        if node.identity in self.copies:
            spans.append(("  (copy)", _DIM))
        if terms.shares(node):
            spans.append((f"  {terms.shares(node)}", "35"))
        detail = terms.title(node)
        if node.kind != "stop" and node.step.lower() != detail.lower().replace(" ", ""):
            spans.append((f"  {detail}", ""))
        return spans


def _short(prefix: str) -> str:
    return prefix if len(prefix) <= _DEEPEST else "… " + prefix[-(_DEEPEST - 2) :]


def _painted(spans: list[Span], paint: Paint) -> str:
    """Clip a line to the terminal and paint what is left of it."""
    whole = sum(_width(text) for text, _ in spans)
    room = COLUMNS if whole <= COLUMNS else COLUMNS - 1
    done = []
    for text, code in spans:
        kept = _clipped(text, room)
        room -= _width(kept)
        if kept:
            done.append(paint(kept, code) if code else kept)
        if kept != text:
            return "".join(done) + "…"
    return "".join(done)


def _width(text: str) -> int:
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _clipped(text: str, room: int) -> str:
    for end, char in enumerate(text):
        room -= _columns(char)
        if room < 0:
            return text[:end]
    return text

"""Graph -> a tree for the terminal: one line a step, forks indented, waits on the line between."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from pmctl.sequence import terms
from pmctl.sequence.graph import Graph, Node
from pmctl.sequence.layout import in_order
from pmctl.sequence.overlay import PLAIN, SIGNS, Overlay, legend

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
_SAID = {"bottom": "neither"}
_MARKS = {"new": "1;32", "changed": "1;33", "moved": "1;35", "removed": "1;31"}


def tree(graph: Graph, paint: Paint = lambda text, _code: text, overlay: Overlay = PLAIN) -> str:
    """Return the picture, each line at most 80 columns wide, without a line break at its end."""
    drawing = _Drawing(graph, overlay)
    lines = [*_head(graph), *_known(overlay), [("", "")]]
    for number, root in enumerate(graph.roots):
        lines += [[("", "")]] if number else []
        lines += drawing.line(root, "")
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


def _known(overlay: Overlay) -> Iterator[list[Span]]:
    for n, fact in enumerate(overlay.facts):
        yield [("in Mautic " if n == 0 else " " * 10, _DIM), (fact, "")]
    keys = legend(overlay.marks.values())
    if keys:
        yield [(" " * 10, ""), *((f"[{sign} {mark}] ", _MARKS[mark]) for mark, sign in keys)]


class _Drawing:
    def __init__(self, graph: Graph, overlay: Overlay) -> None:
        self.graph = graph
        self.overlay = overlay
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
            going_on = [c for c in children if not c.listens and not terms.gone(c)]
            beside = [child for child in children if child not in going_on[-1:]]
            node, timed = going_on[-1] if going_on else None, False
            for n, one in enumerate(beside):
                yield from self._beside(one, prefix, last=node is None and n == len(beside) - 1)

    def _beside(self, node: Node, prefix: str, *, last: bool) -> Iterator[list[Span]]:
        """Draw what hangs beside the line: a listener, or steps that run as well."""
        branch, inner = "└" if last else "├", prefix + ("   " if last else "│  ")
        if not node.listens:
            yield [(f"{_short(prefix)}{branch}─ also", _DIM)]
            yield from self.line(node, inner)
            return
        yield [(f"{_short(prefix)}{branch}─ ", _DIM), *self._node(node)]
        for child in node.children:
            yield from self.line(child, inner)

    def _fork(self, node: Node, children: list[Node], prefix: str) -> Iterator[list[Span]]:
        answers = ["yes"] if node.listens else ["yes", "no"]
        answers += ["bottom"] if any(child.anchor == "bottom" for child in children) else []
        for answer in answers:
            last = answer == answers[-1]
            kids = [child for child in children if child.anchor == answer]
            label: list[Span] = [
                (f"{_short(prefix)}{'└' if last else '├'}─ ", _DIM),
                (_SAID.get(answer, answer), _ANSWERS.get(answer, _DIM)),
            ]
            if not kids:
                yield [*label, (": nothing more", _DIM)]
                continue
            timing = terms.timing(self.graph, kids[-1])
            yield [*label, ("".join(f", {part}" for part in timing), _DIM)]
            inner = prefix + ("   " if last else "│  ")
            for one in kids[:-1]:
                yield from self._beside(one, inner, last=False)
            yield from self.line(kids[-1], inner, timed=True)

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
        spans += self._overlaid(node)
        if terms.shares(node):
            spans.append((f"  {terms.shares(node)}", "35"))
        detail = terms.title(node)
        if node.kind != "stop" and node.step.lower() != detail.lower().replace(" ", ""):
            spans.append((f"  {detail}", ""))
        return spans

    def _overlaid(self, node: Node) -> Iterator[Span]:
        mark = self.overlay.marks.get(node.identity)
        if mark:
            yield (f"  [{SIGNS[mark]} {mark}]", _MARKS[mark])
        people = self.overlay.people.get(node.identity)
        if people and people.waiting:
            yield (f"  {people.waiting:,} waiting", "1")
        if people and people.past:
            yield (f"  {people.past:,} past", _DIM)


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

"""Pictures in the other formats, with people and with marks of what changed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.sequence import graph, layout, render
from pmctl.sequence.overlay import Overlay, People
from tests.sequence.strategies import email, sequences
from tests.sequence.test_render import FORK, attempt, built

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NASTY = 'a "b" <c> & `d` | {e} [f] \\ #g; %h'


def drawn(tree: graph.Graph, overlay: Overlay | None = None) -> render.Drawing:
    return render.drawing(tree, layout.layout(tree), overlay or Overlay())


def counted(tree: graph.Graph, waiting: int = 12, past: int = 3400) -> render.Drawing:
    people = {node.identity: People(waiting, past) for node in tree.nodes()}
    return drawn(tree, Overlay(people=people))


class Page(HTMLParser):
    """Checks that every element is closed by its own name."""

    VOID = ("meta", "rect", "path", "line", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_who_waits_is_said_in_the_box_and_who_passed_on_the_line():
    text = render.svg(counted(built(email("a"), FORK)))

    assert text.count(">12 waiting</text>") == 5
    assert ">1 day later · 3,400 passed</text>" in text
    assert text.count("3,400 passed</text>") == 5
    assert "12 waiting, 3,400 past it" in text


def test_nobody_is_not_mentioned():
    text = render.svg(counted(built(email("a"), FORK), 0, 0))

    assert "waiting</text>" not in text
    assert "passed</text>" not in text


def test_before_and_after_stand_side_by_side_with_what_changed_in_a_frame():
    old, new = built(email("a"), email("b")), built(email("a"), FORK)
    before = drawn(old, Overlay(marks={("b", "main"): "removed"}, compared=True))
    after = drawn(
        new, Overlay(marks={("a", "main"): "changed", ("a.opened", "main"): "new"}, compared=True)
    )

    root = ET.fromstring(render.svg(before, after, titles=("before", "after")))
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]

    assert {"before: Trial", "after: Trial", "new", "changed", "removed"} <= set(texts)
    frames = [r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("width") == "210"]
    assert [frame.get("stroke") for frame in frames] == ["#b91c1c", "#a16207", "#15803d"]
    assert float(root.attrib["width"]) > 2 * 600


def test_without_a_comparison_no_legend_of_changes_is_shown():
    assert ">removed<" not in render.svg(drawn(built(email("a"))))


def test_mermaid_has_every_box_and_every_line_with_its_answer():
    lines = render.mermaid(drawn(built(email("a"), FORK))).split("\n")

    assert lines[:4] == ["---", 'title: "Trial"', "---", "flowchart TD"]
    assert '  n0("email · a<br/>About a"):::email' in lines
    assert '  n1{{"on · a.opened<br/>Opened a?"}}:::on' in lines
    assert "  lists --> n0" in lines
    assert '  n1 -->|"yes"| n2' in lines
    assert '  n1 -->|"no, 3 days later"| n4' in lines


def test_mermaid_and_dot_say_what_changed_and_who_waits():
    tree = built(email("a"), email("b"))
    people = {("a", "main"): People(2, 5)}
    overlay = Overlay(people=people, marks={("b", "main"): "new"}, compared=True)

    chart, digraph = render.mermaid(drawn(tree, overlay)), render.dot(drawn(tree, overlay))

    assert "<br/>2 waiting" in chart
    assert '  lists -->|"5 passed"| n0' in chart
    assert 'n1("+ new<br/>email · b' in chart
    assert '    legend_new("+ new"):::new' in chart
    assert "  class n1 new" in chart
    assert "2 waiting" in digraph
    assert '[label="5 passed"]' in digraph
    assert 'fillcolor="#15803d33"' in digraph
    assert 'legend_new [label="+ new"' in digraph


@few
@given(sequences())
def test_every_mermaid_line_is_of_one_of_the_forms_that_are_known_to_parse(said):
    tree = attempt(said)
    if tree is None:
        return
    text = r"\"[^\"<>{}|`\\\[\]&]*(?:<br/>[^\"<>{}|`\\\[\]&]*)*\""
    forms = (
        rf"  \w+\({text}\):::\w+", rf"  \w+\{{\{{{text}\}}\}}:::\w+",
        rf"  \w+ -->(?:\|{text}\|)? \w+", r"  classDef \w+ [\w:#,-]+", r"  class [\w,]+ \w+",
    )  # fmt: skip

    lines = render.mermaid(counted(tree)).split("\n")[4:-1]

    assert all(any(re.fullmatch(form, line) for form in forms) for line in lines), lines


def test_no_text_escapes_from_mermaid_dot_or_html():
    tree = built(email("a", subject=NASTY.replace("<", "‹")), name=NASTY.replace("<", "‹"))

    chart, digraph = render.mermaid(drawn(tree)), render.dot(drawn(tree))

    assert "#34;b#34;" in chart
    assert '\\"b\\"' in digraph
    assert "&quot;b&quot; ‹c&gt; &amp;" in render.page(drawn(tree))


@few
@given(st.text())
def test_every_line_of_dot_is_whole_whatever_a_title_holds(title):
    tree = built(email("a"))
    tree.roots[0].title = title

    rows = render.dot(drawn(tree)).split("\n")

    word = r'(?:[\w.-]+|"(?:[^"\\\n]|\\.)*")'
    pair = rf"\w+={word}"
    form = rf"  (?:\w+(?: -> \w+)? )?\[{pair}(?: {pair})*\]|  (?:{pair} ?)+"
    assert all(re.fullmatch(form, row) for row in rows[3:-2] if " -> " not in row or "[" in row)
    assert rows[0] == 'digraph "trial" {'


@few
@given(sequences())
def test_every_page_is_well_formed_and_lists_every_event(said):
    tree = attempt(said)
    if tree is None:
        return
    reader = Page()

    reader.feed(render.page(counted(tree)))

    assert reader.open == []
    assert reader.cells.count("12") == len(tree.nodes())


def test_a_page_with_two_pictures_tells_of_what_will_be():
    before = drawn(built(email("a")), Overlay(compared=True))
    after = drawn(built(email("b")), Overlay(marks={("b", "main"): "new"}, compared=True))

    page = render.page(before, after, titles=("before", "after"))

    assert "<th>change</th>" in page
    assert "<td>+ new</td>" in page
    assert "<td>email · a</td>" not in page

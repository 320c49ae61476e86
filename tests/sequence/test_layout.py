"""Where the boxes stand: what Mautic's builder must show, for random trees."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pmctl.sequence import graph, layout, model
from tests.sequence.strategies import email, sequence, sequences, tag

Place = tuple[int, int]
Line = tuple[Place, Place]
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STOPS: dict[str, Any] = {"stop_on": ["reply", {"click": "https://x.test/book*"}]}


def built(said: dict[str, Any]) -> graph.Graph:
    return graph.build(model.Sequence.model_validate(said, context={"variables": {}}))


def attempt(said: dict[str, Any]) -> graph.Graph | None:
    try:
        return built(said)
    except graph.Refused:
        return None  # more than 300 events


def boxes(placed: layout.Layout) -> list[Place]:
    return [*placed.sources.values(), *placed.nodes.values()]


def overlapping(places: list[Place]) -> list[tuple[Place, Place]]:
    """Pairs of boxes that touch or come closer than 40 px side by side."""
    return [
        (a, b)
        for a, b in combinations(places, 2)
        if abs(a[0] - b[0]) < layout.WIDTH + 40 and abs(a[1] - b[1]) < layout.HEIGHT + 20
    ]


def lines(tree: graph.Graph, placed: layout.Layout) -> list[Line]:
    """The straight line of every edge, between the anchors that Mautic draws."""
    left = {"bottom": 100, "yes": 30, "no": 170}
    found = [
        ((x + 100, y + 45), (placed.nodes[tree.roots[0].identity][0] + 100, y + 145))
        for x, y in placed.sources.values()
    ]
    for node in tree.nodes():
        x, y = placed.nodes[node.identity]
        for child in node.children:
            child_x, child_y = placed.nodes[child.identity]
            found.append(((x + left[child.anchor], y + 45), (child_x + 100, child_y)))
    return found


def cross(one: Line, two: Line) -> bool:
    """Whether two lines share a point other than one at which both start or both end."""
    (a, b), (c, d) = one, two
    if a == c or b == d or b[1] < c[1] or d[1] < a[1]:
        return False

    def side(p: Place, q: Place, r: Place) -> int:
        turn = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (turn > 0) - (turn < 0)

    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


def passes_through(line: Line, box: Place) -> bool:
    """Whether a line goes through a box that lies between its ends' rows."""
    (x1, y1), (x2, y2) = line
    if not (y1 < box[1] and box[1] + layout.HEIGHT < y2):
        return False
    xs = [x1 + (x2 - x1) * (y - y1) / (y2 - y1) for y in (box[1], box[1] + layout.HEIGHT)]
    return max(xs) >= box[0] and min(xs) <= box[0] + layout.WIDTH


@quick
@given(sequences(budget=20))
def test_no_box_comes_near_another_and_none_is_off_the_canvas(said):
    tree = attempt(said)
    if tree is None:
        return

    placed = layout.layout(tree)

    assert set(placed.nodes) == {node.identity for node in tree.nodes()}
    assert overlapping(boxes(placed)) == []
    assert all(type(value) is int and value >= 0 for place in boxes(placed) for value in place)


@quick
@given(sequences(budget=20))
def test_no_line_crosses_another_or_runs_through_a_box(said):
    tree = attempt(said)
    if tree is None:
        return

    placed = layout.layout(tree)

    drawn = lines(tree, placed)
    assert [pair for pair in combinations(drawn, 2) if cross(*pair)] == []
    assert not [1 for line in drawn for box in boxes(placed) if passes_through(line, box)]


@quick
@given(sequences(budget=20))
def test_parents_stand_above_their_children_and_yes_left_of_no(said):
    tree = attempt(said)
    if tree is None:
        return

    placed = layout.layout(tree).nodes

    for node in tree.nodes():
        for child in node.children:
            assert placed[child.identity][1] >= placed[node.identity][1] + layout.HEIGHT + 100
        if [child.anchor for child in node.children] == ["yes", "no"]:
            yes, no = (placed[child.identity][0] for child in node.children)
            assert yes < placed[node.identity][0] < no
            assert yes + no - 2 * placed[node.identity][0] in (0, 1)


@quick
@given(sequences())
def test_the_line_goes_straight_down_and_the_rest_hangs_to_its_right(said):
    tree = attempt(said)
    if tree is None:
        return

    placed = layout.layout(tree).nodes

    for node in tree.nodes():
        if node.role != "action":
            continue
        for child in node.children:
            if not child.listens:
                assert placed[child.identity][0] == placed[node.identity][0]
            elif len(node.children) > 1 and child is not layout.in_order(node)[0]:
                assert placed[child.identity][0] > placed[node.identity][0]


@quick
@given(sequences())
def test_the_same_sequence_gives_the_same_places(said):
    one, two = attempt(said), attempt(said)
    if one is None or two is None:
        return

    assert layout.layout(one) == layout.layout(two)
    assert list(layout.layout(one).nodes) == list(layout.layout(two).nodes)


def test_a_short_line_stands_in_one_column():
    tree = built(sequence(email("a"), {"wait": "1d"}, email("b"), tag("x")))

    placed = layout.layout(tree)

    assert placed.sources == {"lists": (40, 40)}
    assert list(placed.nodes.values()) == [(40, 185), (40, 330), (40, 475)]
    assert placed.size == (280, 560)


def test_stop_rules_of_many_emails_keep_to_their_columns():
    steps = [email(f"mail-{n}") for n in range(12)]

    placed = layout.layout(built(sequence(*steps, **STOPS)))

    assert {left for left, _ in placed.nodes.values()} == {40, 280, 520}
    assert {placed.nodes[f"mail-{n}", "main"][0] for n in range(12)} == {40}


@pytest.mark.parametrize(
    ("audience", "names"),
    [
        ({"segments": ["a"]}, ["lists"]),
        ({"forms": ["f"]}, ["forms"]),
        ({"segments": ["a", "b"], "forms": ["f"]}, ["lists", "forms"]),
    ],
)
def test_sources_are_centred_above_the_first_event(audience, names):
    tree = built(sequence(email("a"), audience=audience))

    placed = layout.layout(tree)

    assert list(placed.sources) == names
    lefts = [left for left, _ in placed.sources.values()]
    assert sum(lefts) == placed.nodes["a", "main"][0] * len(lefts)
    assert {top for _, top in placed.sources.values()} == {40}


@pytest.mark.parametrize("number", [68, 69, 100, 150])
def test_a_long_line_moves_together_until_it_fits_the_canvas(number):
    placed = layout.layout(built(sequence(*(tag(f"t{n}") for n in range(number)))))

    assert placed.fits
    assert placed.size[1] <= layout.CANVAS
    assert overlapping(boxes(placed)) == []


def test_a_line_of_300_goes_beyond_the_canvas_rather_than_over_itself():
    placed = layout.layout(built(sequence(*(tag(f"t{n}") for n in range(300)))))

    assert not placed.fits
    assert overlapping(boxes(placed)) == []


def test_a_line_ends_and_starts_at_the_anchors_of_the_box():
    assert layout.line_start("bottom", (40, 40)) == (140, 85)
    assert layout.line_start("yes", (40, 40)) == (70, 85)
    assert layout.line_start("no", (40, 40)) == (210, 85)
    assert layout.line_end((40, 40)) == (140, 40)

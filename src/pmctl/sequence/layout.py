"""Graph -> where each box stands on the canvas of Mautic's campaign builder.

Read in Mautic 5.1.1: a box is 200 x 45 px, its place is the upper left corner in px on a canvas of
10,000 x 10,000. Lines leave from the middle of the lower edge, those of `yes` 30 px from its left
end and those of `no` 30 px from its right end, and arrive at the middle of the upper edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pmctl.sequence.graph import Graph, Node

WIDTH, HEIGHT = 200, 45  # px, a box
CANVAS = 10_000  # px, both ways
MARGIN = 40
COLUMN = WIDTH + 40
ROW_GAP, LEAST_ROW_GAP = 100, 20  # the label of a delay stands in the gap
_ANCHOR_LEFT = {"bottom": WIDTH // 2, "leadsource": WIDTH // 2, "yes": 30, "no": WIDTH - 30}

Place = tuple[int, int]  # (left, top) in px


@dataclass(frozen=True)
class Layout:
    """The places of the events by identity, and of the sources ("lists", "forms")."""

    nodes: Mapping[tuple[str, str], Place]
    sources: Mapping[str, Place]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px that hold every box and a margin."""
        places = [*self.nodes.values(), *self.sources.values()]
        right = max(left for left, _ in places) + WIDTH + MARGIN
        return right, max(top for _, top in places) + HEIGHT + MARGIN

    @property
    def fits(self) -> bool:
        """Whether it all lies on Mautic's canvas: 150 rows and 41 columns do."""
        return max(self.size) <= CANVAS


def layout(graph: Graph) -> Layout:
    """Return where the boxes stand: no overlap, no crossing, yes left of no, integers.

    The rows of a long line move closer together until it fits the canvas. One that is longer
    still (more than 150 rows) or wider (more than 41 columns) goes on beyond it, see
    `Layout.fits`: Mautic runs it all the same, but its builder shows only a part.
    """
    nodes = graph.nodes()
    rows = _rows(graph)
    lefts = _lefts(graph, rows)
    sources = [
        name
        for name, said in (
            ("lists", graph.sequence.audience.segments),
            ("forms", graph.sequence.audience.forms),
        )
        if said
    ]
    above = (lefts[id(graph.roots[0])] + lefts[id(graph.roots[-1])]) // 2
    first = above - (len(sources) - 1) * COLUMN // 2
    shift = MARGIN - min(first, *lefts.values())
    pitch = _pitch(max(rows.values()))
    return Layout(
        {
            node.identity: (lefts[id(node)] + shift, MARGIN + rows[id(node)] * pitch)
            for node in nodes
        },
        {name: (first + n * COLUMN + shift, MARGIN) for n, name in enumerate(sources)},
    )


def line_start(anchor: str, place: Place) -> Place:
    """Return where a line with this anchor leaves the box at `place`."""
    return place[0] + _ANCHOR_LEFT[anchor], place[1] + HEIGHT


def line_end(place: Place) -> Place:
    """Return where lines arrive at the box at `place`."""
    return place[0] + WIDTH // 2, place[1]


def _pitch(last_row: int) -> int:
    fitting = (CANVAS - 2 * MARGIN - HEIGHT) // last_row
    return max(HEIGHT + LEAST_ROW_GAP, min(HEIGHT + ROW_GAP, fitting))


def in_order(node: Node) -> list[Node]:
    """Return the children from left to right: yes, no; or the line, listeners, stop rules."""
    return sorted(
        node.children,
        key=lambda child: (child.anchor == "no", child.listens, child.loc[0] == "stop_on"),
    )


def _rows(graph: Graph) -> dict[int, int]:
    """Return the row of each node by id(); the sources have row 0."""
    rows = {id(root): 1 for root in graph.roots}
    for node in graph.nodes():
        below = rows[id(node)] + 1
        for child in node.children:
            rows[id(child)] = below + _steps_aside(node, child)
    return rows


def _steps_aside(node: Node, child: Node) -> bool:
    """Whether the line leaves a row free, for what hangs beside two emails in a row.

    Else the stop rules of the second would push those of the first ever further to the right.
    """
    return not child.listens and any(n.listens for n in node.children) and any(
        n.listens for n in child.children
    )  # fmt: skip


# The outline of a subtree: per row (leftmost box, rightmost box), relative to its top node.
_Outline = dict[int, tuple[int, int]]


def _lefts(graph: Graph, rows: dict[int, int]) -> dict[int, int]:
    """Return the left edge of each node by id(), the first root's being 0.

    Subtrees are laid out from the leaves up and moved as close together as their outlines allow
    (Reingold and Tilford, Tidier Drawings of Trees, 1981).
    """
    nodes = graph.nodes()
    outlines: dict[int, _Outline] = {}
    offsets: dict[int, int] = {}  # of a node from its parent
    for node in reversed(nodes):
        children = in_order(node)
        row = rows[id(node)]
        merged: _Outline = {}
        places = []
        for child in children:
            outline = outlines.pop(id(child))
            # A line that passes a row on its way down needs its room there, too.
            outline |= dict.fromkeys(range(row + 1, rows[id(child)]), (0, 0))
            places.append(_beside(merged, outline))
        centre = _centre(children, places)
        for child, place in zip(children, places, strict=True):
            offsets[id(child)] = place - centre
        outlines[id(node)] = _moved(merged, -centre) | {row: (0, 0)}
    beside: _Outline = {}
    lefts = {id(root): _beside(beside, outlines[id(root)]) for root in graph.roots}
    for node in nodes:
        for child in node.children:
            lefts[id(child)] = lefts[id(node)] + offsets[id(child)]
    return lefts


def _centre(children: list[Node], places: list[int]) -> int:
    """Where the parent stands above its children: above the line, or midway between yes and no."""
    if not children:
        return 0
    if children[0].anchor == "bottom":
        return places[0]
    return (places[0] + places[-1]) // 2


def _beside(merged: _Outline, outline: _Outline) -> int:
    """Put `outline` to the right of `merged`, as close as it goes; return where its top stands."""
    shared = merged.keys() & outline.keys()
    place = max((merged[row][1] + COLUMN - outline[row][0] for row in shared), default=0)
    for row, (left, right) in outline.items():
        merged[row] = (merged[row][0] if row in merged else left + place, right + place)
    return place


def _moved(outline: _Outline, by: int) -> _Outline:
    if not by:
        return outline
    return {row: (left + by, right + by) for row, (left, right) in outline.items()}

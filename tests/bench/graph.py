"""Draw a campaign of 300 events as SVG.

Prints the time of the picture, and its ratio to that of building and laying out the tree.
Run: python tests/bench/graph.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]

from pmctl.sequence import graph, model, render  # noqa: E402
from pmctl.sequence.layout import layout  # noqa: E402

EVENTS = 300
BAR_SECONDS = 1.0


def sequence() -> dict[str, Any]:
    """A line of emails, each with a question beside it and a stop rule: 300 events."""
    steps: list[dict[str, Any]] = []
    for number in range(EVENTS // 5):
        steps += [
            {"email": f"mail-{number}", "subject": f"Mail {number} of many", "body": "Hello"},
            {"on": "clicked", "then": [{"tag": {"add": [f"clicked-{number}"]}}]},
            {"wait": "1d"},
        ]
    head = {"version": 1, "key": "long", "name": "Long", "audience": {"segments": ["everybody"]}}
    return {**head, "stop_on": ["reply"], "steps": steps}


def main() -> int:
    """Print the figures; return 1 when the bar is missed."""
    steps = model.Sequence.model_validate({**sequence(), "steps": sequence()["steps"][:-1]})
    start = time.perf_counter()
    tree = graph.build(steps)
    places = layout(tree)
    built = time.perf_counter() - start
    best = min(_drawn(tree, places) for _ in range(5))
    events = len(tree.nodes())
    print(f"events                  {events}")
    print(f"SVG                     {best * 1000:.0f} ms   bar {BAR_SECONDS * 1000:.0f} ms")
    print(f"SVG to tree and layout  {best / built:.1f} x")
    return int(best > BAR_SECONDS or events != EVENTS)


def _drawn(tree: graph.Graph, places: Any) -> float:
    start = time.perf_counter()
    render.svg(render.drawing(tree, places))
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())

"""`campaign graph`: draw a sequence, alone or beside the campaign that Mautic runs of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pmctl import output
from pmctl.cli.campaign_files import compiled
from pmctl.errors import UsageError

if TYPE_CHECKING:
    from pmctl.context import Context
    from pmctl.sequence.compile import Compiled
    from pmctl.sequence.graph import Graph
    from pmctl.sequence.overlay import Overlay


@dataclass(frozen=True)
class Asked:
    """What was asked for: a file or a key, in which format, where to."""

    path: str
    picture: str
    variables: Mapping[str, str]
    to: str = ""
    live: bool = False
    changes: bool = False


def draw(context: Context, asked: Asked) -> None:
    """Draw one sequence in the format asked for, to stdout or into a file."""
    from pmctl.sequence.overlay import PLAIN

    if not (asked.live or asked.changes):
        _write(picture(asked.picture, _one(asked).graph, PLAIN), asked.to)
        return
    from pmctl.clients import campaign_graph

    if asked.changes:
        if not _is_file(asked.path):
            raise UsageError(
                f"there is no file {asked.path}: --changes compares a file with Mautic",
                hint="--live draws the campaign that has this key",
            )
        known = campaign_graph.compared(context.campaign, _one(asked), people=asked.live)
    elif _is_file(asked.path):
        known = campaign_graph.counted(context.campaign, _one(asked))
    else:
        known = campaign_graph.of_key(context.campaign, asked.path)
    if known.unseen:
        steps = "1 step" if known.unseen == 1 else f"{known.unseen} steps"
        output.note(f"Mautic has {steps} that the file has not; --changes shows them")
    _write(picture(asked.picture, known.graph, known.overlay), asked.to)


def _is_file(path: str) -> bool:
    return path == "-" or "/" in path or path.endswith((".yaml", ".yml")) or Path(path).exists()


def _one(asked: Asked) -> Compiled:
    one, *others = compiled([asked.path], asked.variables)
    if others:
        said = f"{asked.path} holds {1 + len(others)} sequences"
        raise UsageError(said, hint="name one of its files")
    return one


def picture(form: str, graph: Graph, overlay: Overlay) -> str | bytes:
    """Return the picture in one of the formats; tree is painted for the terminal."""
    from pmctl.sequence import render
    from pmctl.sequence.layout import layout

    if form == "tree":
        return render.tree(graph, output.paint, overlay)
    if form == "json":
        import json

        return json.dumps(render.as_value(graph, overlay), indent=2, ensure_ascii=False)
    drawing = render.drawing(graph, layout(graph), overlay)
    if form in ("mermaid", "dot"):
        return {"mermaid": render.mermaid, "dot": render.dot}[form](drawing)
    if form == "html":
        return render.page(drawing)
    text = render.svg(drawing)
    if form == "png":
        from pmctl.picture import png

        return png(text)
    return text


def _write(content: str | bytes, to: str) -> None:
    """Write a picture to stdout, or whole or not at all into a file."""
    if isinstance(content, str) and not content.endswith("\n"):
        content += "\n"
    if to:
        from pmctl.files import save

        save(Path(to), content, hint="name another place with --to")
        output.note(f"wrote {to}")
    elif isinstance(content, str):
        sys.stdout.write(content)
    elif sys.stdout.isatty():
        raise UsageError("a PNG is nothing for a terminal", hint="--to FILE, or redirect it")
    else:
        sys.stdout.buffer.write(content)

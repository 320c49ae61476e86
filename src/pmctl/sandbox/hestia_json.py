"""The panel's lists: JSON put together by echo, so that a wrong character breaks it; plain, csv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

Rows = Iterable[tuple[str, Mapping[str, str]]]
_TIGHT = {"CPU_QUOTA", "CPU_QUOTA_PERIOD", "MEMORY_LIMIT", "SWAP_LIMIT"}


def row(key: str, values: Mapping[str, str], fields: Sequence[str], tail: str = "    }") -> str:
    """Return one row as the scripts echo it: nothing is escaped.

    A field `=NAME` has no blank after its colon, `>NAME` stands further in: so are the scripts.
    """
    lines = []
    for field in fields:
        name = field.lstrip("=>")
        space = "" if field.startswith("=") else " "
        indent = "\t\t\t\t" if field.startswith(">") else "        "
        lines.append(f'{indent}"{name}":{space}"{values.get(name, "")}"')
    return f'    "{key}": {{\n' + ",\n".join(lines) + f"\n{tail}"


def table(rows: Rows, fields: Sequence[str], tail: str = "    }") -> str:
    """Return a list of rows; an empty one is `{`, a line end, `}`."""
    echoed = ",\n".join(row(key, values, fields, tail) for key, values in rows)
    return f"{{\n{echoed}\n}}" if echoed else "{\n}"


def plain(rows: Rows, fields: Sequence[str]) -> str:
    """Return the rows with tabs between their fields."""
    return "\n".join("\t".join(values.get(one, "") for one in fields) for _, values in rows)


def csv(rows: Rows, fields: Sequence[str], quoted: Sequence[str] = ()) -> str:
    """Return the rows with commas between their fields and a head; `quoted` ones in quotes."""
    lines = [",".join(fields)]
    for _, values in rows:
        shown = (f'"{values.get(f, "")}"' if f in quoted else values.get(f, "") for f in fields)
        lines.append(",".join(shown))
    return "\n".join(lines)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]], short: str = "") -> str:
    """Return a text for people: columns, two blanks apart, under a head.

    The head is ruled; the line below `short` lacks a dash.
    """
    ruled = ["-" * (len(one) - (one == short)) for one in head]
    lines = [list(head), ruled, *(list(one) for one in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def is_json(body: bytes) -> bool:
    """Tell whether PHP finds something in it: valid JSON, and not empty or zero."""
    try:
        return bool(json.loads(body.decode("utf-8")))
    except ValueError:
        return False

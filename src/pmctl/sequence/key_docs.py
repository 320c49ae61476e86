"""What each key of a shape is for: the docstrings below the fields of its class.

Read from the source when the schema is made, so that a compile does not pay for it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pmctl.sequence.model import Shape


def shapes() -> dict[str, type[Shape]]:
    """Return every shape by the name of its class."""
    found: dict[str, type[Shape]] = {}
    waiting = [Shape]
    while waiting:
        shape = waiting.pop()
        found[shape.__name__] = shape
        waiting += shape.__subclasses__()
    return found


def key_docs(shape: type[Shape]) -> Mapping[str, str]:
    """Return the docstring of each key that has one, by its word in the file, on one line."""
    fields = shape.model_fields
    return {
        fields[name].alias or name: " ".join(text.split())
        for name, text in _below_fields(textwrap.dedent(inspect.getsource(shape)))
        if name in fields
    }


def _below_fields(source: str) -> Iterator[tuple[str, str]]:
    (shape,) = ast.parse(source).body
    body = shape.body if isinstance(shape, ast.ClassDef) else []
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, below.value.value

"""An error of a validator that knows where within its value the mistake lies."""

from __future__ import annotations


def placed(message: str, *loc: str | int, hint: str = "") -> Exception:
    """Return the error of a validator about what lies at `loc` below the value it judges."""
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("placed", "{said}", {"said": message, "loc": loc, "hint": hint})

"""Text that is safe to write: no control character of somebody's data reaches a terminal raw.

And the nearest known word for a mistyped one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import IO, Any

# Control characters (C0, DEL, C1), what changes the direction of text or hides in it, half pairs
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return `did you mean X?` for the nearest known word, else `otherwise`, or all known."""
    import difflib

    words = list(known)
    matches = difflib.get_close_matches(word, words, n=1)
    if matches:
        return f"did you mean {matches[0]}?"
    if otherwise is not None:
        return otherwise
    return f"known: {', '.join(words)}" if words else ""


def counted(number: int, word: str) -> str:
    """Return a number with its noun: `1 contact`, `2,000 contacts`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def clean(text: str) -> str:
    """Return `text` with control and direction characters spelt out: `\\x1b`, `\\u202e`."""
    return text if text.isprintable() else re.sub(_UNSAFE, _spelt, text)


def _spelt(found: re.Match[str]) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(found[0])
    code = ord(found[0])
    return short or (f"\\x{code:02x}" if code < 0x100 else _json_escape(found))


def _json_escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def json_text(value: Any, stream: IO[str], indent: int | None = None) -> str:
    """Return JSON that is safe on a terminal and in the encoding of `stream`."""
    text = json.dumps(value, ensure_ascii=not any_character(stream), indent=indent)
    # The line ends of `indent` are the only control characters outside of strings.
    return "\n".join(re.sub(_UNSAFE, _json_code, line) for line in text.split("\n"))


def _json_code(found: re.Match[str]) -> str:
    # json.dumps leaves DEL as it is
    return f"\\u{ord(found[0]):04x}" if ord(found[0]) < 0x100 else _json_escape(found)


def any_character(stream: IO[str]) -> bool:
    """Whether every character can be written to `stream`."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")

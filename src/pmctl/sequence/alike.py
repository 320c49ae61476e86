"""Whether two texts are the same to Mautic, which re-writes some of what it stores."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pmctl.sequence.tags import Tags


def alike(name: str, want: Any, have: Any) -> bool:
    """Whether the value of an email or campaign field is what was asked for."""
    if want == have or (want in (None, "") and have in (None, "")):
        return True
    if name == "customHtml":
        return same_html(str(want or ""), str(have or ""))
    if isinstance(want, str) and isinstance(have, str):
        return _levelled(want) == _levelled(have)
    return False


def canonical(name: str, value: Any) -> Any:
    """Return a value so that two which are alike are equal; None for every kind of nothing."""
    if isinstance(value, str):
        kept: Any = _tokens(value) if name == "customHtml" else _levelled(value)
    elif isinstance(value, Mapping):
        kept = {str(key): canonical("", item) for key, item in value.items()}
        kept = {key: item for key, item in kept.items() if item is not None}
    elif isinstance(value, list | tuple):
        kept = [canonical("", item) for item in value]
    else:
        kept = int(value) if isinstance(value, bool) else value
    return None if kept in ("", {}, []) else kept


def _levelled(text: str) -> str:
    """Line ends, spaces at line ends and decoded entities are Mautic's business."""
    lines = html.unescape(text).replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    return "\n".join(line.rstrip() for line in lines)


def same_html(one: str, other: str) -> bool:
    """Whether two documents say the same: tags, attributes and words, not their spelling."""
    return one.strip() == other.strip() or _tokens(one) == _tokens(other)


def _tokens(document: str) -> list[Any]:
    reader = _Reader()
    reader.feed(document)
    reader.close()
    return reader.tokens


class _Reader(Tags):
    """Notes tags with their attributes and the words between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[Any] = []
        self.title = False  # no reader of mail shows it; ours is the subject

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: " ".join((value or "").split()) for name, value in attrs}
        self.tokens.append((tag, said))
        self.title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self.tokens.append(f"/{tag}")
        self.title = False

    def handle_data(self, data: str) -> None:
        if not self.title:
            self.tokens.extend(data.split())


def lost_percent(want: str, have: str) -> bool:
    """Whether Mautic decoded the percent signs of a document (it does when it holds non-ASCII)."""
    if "%" not in want or same_html(want, have):
        return False
    return any(same_html(decoded, have) for decoded in (unquote(want), unquote(unquote(want))))


def level(value: Any) -> Any:
    """Return a property value in one form: numbers in text as numbers, empty things as None."""
    if isinstance(value, Mapping):
        return {str(k): level(v) for k, v in value.items()} or None
    if isinstance(value, list | tuple):
        return sorted((level(item) for item in value), key=repr) or None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lstrip("-").isdecimal() and value.isascii():
        return int(value)
    return None if value == "" else value

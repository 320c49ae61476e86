"""A body that the strict parser refuses, taken apart by its brackets alone.

One bad escape anywhere makes a whole body unreadable to it. Here only strings and brackets count,
so that the items beside the broken one are found, and each is judged by itself.
"""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[\]{},]', re.DOTALL)
_KEY = re.compile(rb'\s*+("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*+:', re.DOTALL)
_CLOSERS = {b"{": b"}", b"[": b"]"}


def items(body: bytes, most: int) -> list[tuple[str, bytes]] | None:
    """Return each item with the key that it stands under, or None: the brackets do not match.

    Looks no further when there are more than `most`.
    """
    members = _parts(body, b"{", most)
    if members is None:
        return None
    found: list[tuple[str, bytes]] = []
    for member in members:
        key = _KEY.match(member)
        if key is None:
            return None
        try:
            name = json.loads(key[1]).encode(errors="replace").decode()  # a lone surrogate
        except ValueError:
            return None
        value = member[key.end() :].strip()
        inner = _parts(value, b"[", most)
        found += [(name, item) for item in ([value] if inner is None else inner)]
        if len(found) > most:
            break
    return found


def _parts(text: bytes, opener: bytes, most: int) -> list[bytes] | None:
    """Return what stands between the commas of an object or a list; None when it is neither.

    More than `most` are cut off there.
    """
    text = text.strip()
    if not text.startswith(opener):
        return None
    parts: list[bytes] = []
    open_: list[bytes] = []
    begin = 1
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in _CLOSERS:
            open_.append(_CLOSERS[word])
        elif word in (b"}", b"]"):
            if not open_ or open_.pop() != word:
                return None
            if not open_:
                last = text[begin : token.start()].strip()
                whole = token.end() == len(text)
                return parts + [last] * bool(last) if whole else None
        elif word == b"," and len(open_) == 1:
            parts.append(text[begin : token.start()].strip())
            if len(parts) > most:
                return parts
            begin = token.end()
    return None

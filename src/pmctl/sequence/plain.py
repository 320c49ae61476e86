"""HTML -> the plain-text part of a mail: one line a paragraph, links with their addresses."""

from __future__ import annotations

import re

from pmctl.sequence.tags import Tags

_SPACES = re.compile(r"[ \t\r\n\f]+")
_MANY_SPACES = re.compile(r" {2,}")
_AROUND_BREAKS = re.compile(r" *\n *")
_UNREAD = frozenset(("style", "script", "title", "template"))
_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))
_APART = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre"))
_LINES = frozenset(("div", "tr", "section", "header", "footer", "article", "center", "dt", "dd"))


def plain(html: str) -> str:
    """Return what the HTML says, without tags; ends with one line break unless empty."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    writer.flush()
    return "\n".join(writer.lines) + "\n" if writer.lines else ""


class _Writer(Tags):
    """Collects inline text in `inline` and writes it into `lines` at the end of each block."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.inline: list[str] = []
        self.gap = 0  # 1: the next text begins a line, 2: after an empty line
        self.lists: list[int | None] = []  # the number of the last item, None for bullets
        self.mark = ""  # of an item whose text has not come yet
        self.indents: list[str] = []  # of the lists: as wide as the mark of their last item
        self.quotes = 0
        self.quoted = False  # whether the last line was in a quote
        self.links: list[tuple[str, int]] = []  # address, where its text begins in `inline`
        self.cell = False  # a cell has begun since the last text of this row
        self.pre = 0
        self.unread: tuple[str, int] | None = None  # an element left out: tag, depth

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if self.unread:
            if tag == self.unread[0]:
                self.unread = (tag, self.unread[1] + 1)
            return
        hidden = (
            "hidden" in said or "display:none" in said.get("style", "").replace(" ", "").lower()
        )
        if tag in _UNREAD or (hidden and tag not in _VOID):
            self.unread = (tag, 1)
        elif tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self.handle_data(said.get("alt", ""))
        elif tag == "a":
            self.links.append((said.get("href", "").strip(), len(self.inline)))
        elif tag in ("td", "th"):
            self.cell = any(piece.strip() for piece in self.inline)
        elif tag == "hr":
            self._block(2)
            self.inline.append("---")
            self._block(2)
        else:
            self._begin(tag)

    def _begin(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._block(1 if self.lists else 2)
            self.lists.append(0 if tag == "ol" else None)
            self.indents.append("  ")
        elif tag == "li":
            self._block(1)
            last = self.lists[-1] if self.lists else None
            self.mark = "- " if last is None else f"{last + 1}. "
            if self.lists:
                self.lists[-1] = None if last is None else last + 1
                self.indents[-1] = " " * len(self.mark)
        elif tag in _APART or tag in _LINES:
            # The first paragraph of an item stands beside its mark.
            self._block(1 if tag in _LINES or self.mark else 2)
            self.quotes += tag == "blockquote"
            self.pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if self.unread:
            depth = self.unread[1] - (tag == self.unread[0])
            self.unread = (self.unread[0], depth) if depth else None
        elif tag == "a" and self.links:
            self._address()
        elif tag in ("ul", "ol") and self.lists:
            self._block(1)
            self.lists.pop()
            self.indents.pop()
            self.gap = max(self.gap, 1 if self.lists else 2)
            self.mark = ""
        elif tag == "li" or tag in _LINES:
            self._block(1)
            self.cell = False
        elif tag in _APART:
            self._block(2)
            self.quotes = max(0, self.quotes - (tag == "blockquote"))
            self.pre = max(0, self.pre - (tag == "pre"))

    def handle_data(self, data: str) -> None:
        if self.unread:
            return
        text = data if self.pre else _SPACES.sub(" ", data)
        if self.cell and text.strip():
            self.inline.append(" | ")
            self.cell = False
        self.inline.append(text)

    def _address(self) -> None:
        address, start = self.links.pop()
        raw = "".join(self.inline[start:])
        text = raw.strip()
        if not address or address.startswith("#") or text in (address, _bare(address)):
            return
        lead = raw[: len(raw) - len(raw.lstrip())]
        self.inline[start:] = [f"{lead}{text} ({address})" if text else lead + address]

    def _block(self, gap: int) -> None:
        self.flush()
        self.gap = max(self.gap, gap)

    def flush(self) -> None:
        """Write the text collected so far as lines of their own."""
        text = "".join(self.inline)
        if self.pre:
            text = text.strip("\n").rstrip()
        else:
            text = _AROUND_BREAKS.sub("\n", _MANY_SPACES.sub(" ", text)).strip()
        self.inline.clear()
        self.links = [(address, 0) for address, _ in self.links]
        if not text:
            return
        quote = "> " * self.quotes
        if self.lines and self.gap == 2:
            self.lines.append(quote.rstrip() if self.quoted else "")
        rest = "".join(self.indents)
        first = "".join(self.indents[:-1]) + self.mark if self.mark else rest
        for number, line in enumerate(text.split("\n")):
            self.lines.append((quote + (rest if number else first) + line).rstrip())
        self.mark, self.gap, self.quoted = "", 0, bool(quote)


def _bare(address: str) -> str:
    return re.sub(r"^(?:mailto:|tel:|https?://)", "", address).rstrip("/")

"""HTML of a mail -> what a reader and a mail program find in it: links, pictures, words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNREAD = frozenset(("style", "script", "title", "template"))
_VERBATIM = frozenset(("code", "pre"))
_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))
_ACTIVE = frozenset(("script", "iframe", "form", "object", "embed", "video", "audio"))


@dataclass
class Link:
    """An `a` element; `text` is what it shows, alternative texts of pictures included."""

    href: str
    text: str = ""


@dataclass(frozen=True)
class Image:
    """An `img` element; `alt` is None when it has none. `tiny` ones only count or space out."""

    src: str
    alt: str | None
    linked: bool
    tiny: bool


@dataclass
class Reading:
    """What is in a mail. `verbatim` is text in `code` and `pre`, `shown` all other that shows."""

    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    active: list[str] = field(default_factory=list)  # elements that mail programs take out
    shown: str = ""
    verbatim: str = ""


def read(html: str) -> Reading:
    """Return what is in the HTML of a mail."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.found.shown = "".join(reader.shown)
    reader.found.verbatim = "".join(reader.verbatim)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Reading()
        self.shown: list[str] = []
        self.verbatim: list[str] = []
        self.code = 0
        self.link: Link | None = None
        self.unread: tuple[str, int] | None = None  # an element that does not show: tag, depth

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in _ACTIVE:
            self.found.active.append(tag)
        if self.unread:
            self.unread = (self.unread[0], self.unread[1] + (tag == self.unread[0]))
        elif tag == "img":
            self._image(said)
        elif tag == "a" and "href" in said:
            self.link = Link(said["href"].strip())
            self.found.links.append(self.link)
        elif tag in _UNREAD or (tag not in _VOID and _hidden(said)):
            self.unread = (tag, 1)
        elif tag in _VERBATIM:
            self.code += 1
        elif tag not in ("b", "i", "em", "strong", "span", "u", "font"):
            self.shown.append("\n")  # words of two cells are two words

    def _image(self, said: dict[str, str]) -> None:
        alt = said.get("alt")
        tiny = said.get("width") in ("0", "1") or said.get("height") in ("0", "1")
        linked = self.link is not None
        self.found.images.append(Image(said.get("src", "").strip(), alt, linked, tiny))
        if self.link is not None:
            self.link.text += alt or ""

    def handle_endtag(self, tag: str) -> None:
        if self.unread:
            depth = self.unread[1] - (tag == self.unread[0])
            self.unread = (self.unread[0], depth) if depth else None
        elif tag == "a":
            self.link = None
        elif tag in _VERBATIM:
            self.code = max(0, self.code - 1)

    def handle_data(self, data: str) -> None:
        if self.unread:
            return
        (self.verbatim if self.code else self.shown).append(data)
        if self.link is not None:
            self.link.text += data


def _hidden(said: dict[str, str]) -> bool:
    return "hidden" in said or "display:none" in said.get("style", "").replace(" ", "").lower()

"""Markdown -> HTML that mail programs show as meant: every element carries its own style."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from pmctl.sequence import body_tokens
from pmctl.sequence.plain import plain

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_HEADING = "font-weight:bold;line-height:1.3;"
STYLES = {
    "p": "margin:0 0 16px 0;",
    "h1": f"margin:0 0 16px 0;font-size:26px;{_HEADING}",
    "h2": f"margin:24px 0 12px 0;font-size:21px;{_HEADING}",
    "h3": f"margin:24px 0 8px 0;font-size:17px;{_HEADING}",
    "h4": f"margin:16px 0 8px 0;font-size:16px;{_HEADING}",
    "h5": f"margin:16px 0 8px 0;font-size:16px;{_HEADING}",
    "h6": f"margin:16px 0 8px 0;font-size:16px;{_HEADING}",
    "a": "color:#0b5cad;text-decoration:underline;",
    "ul": "margin:0 0 16px 0;padding:0 0 0 24px;",
    "ol": "margin:0 0 16px 0;padding:0 0 0 24px;",
    "li": "margin:0 0 6px 0;",
    "blockquote": "margin:0 0 16px 0;padding:4px 0 4px 16px;border-left:3px solid #c9d3dd;"
    "color:#55606c;",
    "code": "font-family:Consolas,Menlo,monospace;font-size:14px;background-color:#f2f4f7;",
    "pre": "margin:0 0 16px 0;padding:12px;background-color:#f2f4f7;white-space:pre-wrap;"
    "font-family:Consolas,Menlo,monospace;font-size:14px;line-height:20px;",
    "hr": "margin:24px 0;border:0;border-top:1px solid #c9d3dd;",
    "table": "margin:0 0 16px 0;border-collapse:collapse;",
    "th": "padding:6px 12px 6px 0;border-bottom:2px solid #c9d3dd;text-align:left;",
    "td": "padding:6px 12px 6px 0;border-bottom:1px solid #e3e8ed;vertical-align:top;",
    "img": "max-width:100%;height:auto;border:0;",
    "strong": "font-weight:bold;",
    "em": "font-style:italic;",
}


def to_parts(text: str) -> tuple[str, str]:
    """Return the HTML and the plain text of a Markdown text.

    It is CommonMark with tables; raw HTML is let through.
    """
    html = to_html(text.strip("\n"))
    return html, plain(html)


def to_html(text: str) -> str:
    """Return the HTML of a Markdown text, as markdown-it makes it."""
    parser = _parser()
    env: dict[str, Any] = {}
    found = parser.parse(text, env)
    _style(found)
    return str(parser.renderer.render(found, parser.options, env))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"xhtmlOut": False}).enable("table")
    parser.normalizeLink = _normal_link  # type: ignore[method-assign]
    parser.add_render_rule("code_block", _code_block)
    parser.add_render_rule("fence", _code_block)
    return parser


def _normal_link(url: str) -> str:
    """Percent-encode an address, but not the tokens in it, which Mautic must recognise."""
    import mdurl
    from markdown_it.common.normalize_url import normalizeLink

    parts = body_tokens.pieces(url)
    if len(parts) == 1:
        return normalizeLink(url)
    return "".join(part if odd % 2 else mdurl.encode(part) for odd, part in enumerate(parts))


def _code_block(_renderer: Any, tokens: Sequence[Any], index: int, _options: Any, _env: Any) -> str:
    code = body_tokens.escape(tokens[index].content)
    return f'<pre style="{STYLES["pre"]}"><code>{code}</code></pre>\n'


def _style(tokens: Sequence[Any]) -> None:
    for token in tokens:
        style = STYLES.get(token.tag)
        if style and token.nesting >= 0:
            own = token.attrs.get("style")
            token.attrs["style"] = f"{style}{own};" if own else style
        if token.children:
            _style(token.children)

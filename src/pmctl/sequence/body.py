"""The body of an email: Markdown or HTML in, the HTML and plain-text parts of a mail out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pmctl.sequence import body_tokens, markdown
from pmctl.sequence.body_tokens import BodyError, tokens
from pmctl.sequence.plain import plain

__all__ = ["BodyError", "Rendered", "render", "tokens"]

_DOCUMENT = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
</head>
<body style="margin:0;padding:0;background-color:#ffffff;">
{preheader}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td align="center" style="padding:24px 16px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" \
style="width:100%;max-width:600px;">
<tr><td align="left" style="font-family:Arial,Helvetica,sans-serif;font-size:16px;\
line-height:1.5;color:#1c2630;">
{content}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""
_HIDDEN = (
    "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;"
    "font-size:1px;line-height:1px;color:#ffffff;"
)
# Invisible width after the preheader, or the inbox would show the first words of the body there.
_FILLER = "&#847;&zwnj;&nbsp;" * 90
_ATTRIBUTES = r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>"""
_WHOLE = re.compile(r"<!doctype\b|<html\b|<body\b", re.IGNORECASE)
_BODY = re.compile(rf"<!--.*?-->|(<body\b{_ATTRIBUTES})", re.IGNORECASE | re.DOTALL)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class Rendered:
    """Both parts of a mail, with Mautic's tokens in them."""

    html: str
    text: str


def render(
    source: str,
    kind: Literal["markdown", "html"],
    *,
    subject: str,
    preheader: str | None,
    text: str | None,
) -> Rendered:
    """Return the parts of a mail; the text part is derived from the HTML when `text` is None.

    A whole HTML document stays as it is but for tokens and preheader; a fragment of HTML gets
    the same document around it as Markdown does. Raises BodyError.
    """
    converted = tokens(source)
    given = None if text is None else tokens(text)
    hidden = _preheader(preheader)
    if kind == "markdown":
        concealed, kept = body_tokens.hide(converted)
        html, derived = markdown.to_parts(concealed)
        content = body_tokens.show(html, kept)
        derived = body_tokens.show_raw(derived, kept)
        _refuse(content, converted)
    else:
        content = converted
        body_tokens.refuse_in_attributes(content)
        derived = "" if given is not None else plain(content)
    if kind == "html" and _WHOLE.search(content):
        document = _with_preheader(content, hidden)
    else:
        document = _document(content, tokens(subject), hidden)
    return Rendered(document, derived if given is None else given)


def _refuse(content: str, source: str) -> None:
    """Refuse as for HTML, but say where in the Markdown it is."""
    try:
        body_tokens.refuse_in_attributes(content)
    except BodyError as exc:
        token = str(exc).partition(" stands")[0]
        raise BodyError(str(exc), source, source.find(token)) from exc


def _document(content: str, title: str, preheader: str) -> str:
    # Not str.format: braces in the content are Mautic's.
    return (
        _DOCUMENT.replace("{title}", body_tokens.escape(title), 1)
        .replace("{preheader}", preheader, 1)
        .replace("{content}", content, 1)
    )


def _preheader(text: str | None) -> str:
    if not text:
        return ""
    said = body_tokens.escape(tokens(text))
    return f'<div style="{_HIDDEN}">{said}</div>\n<div style="{_HIDDEN}">{_FILLER}</div>\n'


def _with_preheader(document: str, preheader: str) -> str:
    if not preheader:
        return document
    for found in _BODY.finditer(document):
        if found[1]:
            return document[: found.end()] + "\n" + preheader + document[found.end() :]
    head = _HEAD_END.search(document)
    at = head.end() if head else 0
    return document[:at] + preheader + document[at:]

"""Markdown becomes HTML in which every element carries its own style."""

from __future__ import annotations

import pytest

from pmctl.sequence import markdown


@pytest.mark.parametrize("tag", sorted({*markdown.STYLES} - {"h4", "h5", "h6"}))
def test_every_element_carries_its_style(tag):
    text = (
        "# a\n## b\n### c\n\np **s** *e* `c` [l](https://x.example) ![i](https://x.example/i.png)\n\n"
        "- a\n\n1. b\n\n> q\n\n---\n\n```\npre\n```\n\n| a | b |\n|---|--:|\n| c | d |\n"
    )

    html, _ = markdown.to_parts(text)

    styled = html.count(f'<{tag} style="{markdown.STYLES[tag]}') + html.count(
        f'" style="{markdown.STYLES[tag]}'  # after href and src
    ) * (tag in ("a", "img"))
    assert styled
    assert styled == html.count(f"<{tag}>") + html.count(f"<{tag} ") - (tag == "code")

"""What people read who read no HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.sequence.plain import plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>One\n  two</p>\n<p>three &amp; four&nbsp;&lt;5</p>", "One two\n\nthree & four\xa0<5"),
        ("<h1>Head</h1><p>a<br>b <br/> c</p>", "Head\n\na\nb\nc"),
        ('<a href="https://a.example">Text</a>', "Text (https://a.example)"),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="https://a.example"><img src="x"></a>', "https://a.example"),
        ('see<a href="https://a.example"> it</a>!', "see it (https://a.example)!"),
        ('<a href="#top">Up</a> <a>none</a>', "Up none"),
        ('<a href="https://a.example"><p>Block</p></a>', "Block\n\nhttps://a.example"),
        ("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc"),
        ("<ol><li>a</li><li><p>b</p><p>c</p></li></ol>", "1. a\n2. b\n\n   c"),
        ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "- a\n  1. b\n- c"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n>\n> b\n\nc"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
         "a | b\n1 | 2"),
        ("<table><tr><td><p>a</p></td></tr><tr><td>b</td></tr></table>", "a\n\nb"),
        ("<pre>a\n   b\n</pre>", "a\n   b"),
        ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
        ('<img alt="A dog" src="x"> x <img src="y">', "A dog x"),
        ("<head><title>T</title><style>p{}</style></head><script>1<2</script>a", "a"),
        ('<div style="Display: NONE">x<div>y</div>z</div>a', "a"),
        ('<div style="display: none">x<div>y</div>z</div>a', "a"),
        ("<p hidden>x</p>a", "a"),
        ("<!-- x -->a<![CDATA[b]]>", "a"),
    ],
)  # fmt: skip
def test_html_as_text(html, text):
    assert plain(html) == (text + "\n" if text else "")


@given(st.text(alphabet="<>/abliuoptrdhe=\"' \n&;#!-", max_size=80))
def test_any_html_gives_a_text_that_ends_with_one_line_break(html):
    text = plain(html)

    assert text == "" or (text.endswith("\n") and not text.endswith("\n\n"))
    assert plain(html) == text


@pytest.mark.parametrize("html", ["<![0", "a<![0]>b", "<![if !mso]>a<![endif]>b", "<![CDATA[a]]>b"])
def test_marked_sections_are_no_text_and_no_reason_to_give_up(html):
    assert plain(html) in ("", "<![0\n", "ab\n", "b\n")

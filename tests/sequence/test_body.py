"""What a body becomes: tokens, both parts of the mail, and what is refused."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.sequence.body import BodyError, Rendered, render, tokens


def markdown(source: str, *, preheader: str | None = None, text: str | None = None) -> Rendered:
    return render(source, "markdown", subject="Hello", preheader=preheader, text=text)


def html(source: str, *, preheader: str | None = None, text: str | None = None) -> Rendered:
    return render(source, "html", subject="Hello", preheader=preheader, text=text)


@pytest.mark.parametrize(
    ("said", "mautic"),
    [
        ("{{ firstname | there }}", "{contactfield=firstname|there}"),
        ("{{firstname|my dear, dear friend!}}", "{contactfield=firstname|my dear, dear friend!}"),
        ("{{ email }}", "{contactfield=email}"),
        ("{{ email | urlencode }}", "{contactfield=email|true}"),
        ("{unsubscribe_text} {contactfield=x|y}", "{unsubscribe_text} {contactfield=x|y}"),
        (r"\{{ not a token }}", "{{ not a token }}"),
        ("a { b } c }} d", "a { b } c }} d"),
    ],
)
def test_ours_becomes_mautics_and_mautics_stays(said, mautic):
    assert tokens(said) == mautic


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{{ a | true }}", "takes 'true' for an order"),
        ("{{ a | Date }}", "takes 'Date' for an order"),
        ("{{ a | time }}", "takes 'time' for an order"),
        ("{{ a | DATETIME }}", "takes 'DATETIME' for an order"),
        ("{{ First Name }}", "'First Name' is no field alias"),
        ("{{ }}", "'' is no field alias"),
        ("{{ a | }}", "one fallback"),
        ("{{ a | b | c }}", "one fallback"),
        ("{{ a", "without its `}}`"),
        ("{{ a\n}}", "without its `}}`"),
        ("{{ a | {b} }}", "without its `}}`"),
        ("{leadfield=firstname}", "stays as it is"),
    ],
)
def test_what_mautic_would_not_understand_is_refused_with_its_place(said, message):
    with pytest.raises(BodyError, match=re.escape(message)) as caught:
        tokens(f"Hi,\n\n so {said}")

    assert (caught.value.line, caught.value.column) == (3, 5)


def test_a_mail_has_everything_a_mail_program_needs():
    mail = markdown("Hi {{ firstname | there }}").html

    assert mail.startswith("<!doctype html>")
    for part in (
        'charset="utf-8"',
        'name="viewport"',
        'name="color-scheme"',
        "max-width:600px",
        "<title>Hello</title>",
        '<p style="',
        "Hi {contactfield=firstname|there}</p>",
    ):
        assert part in mail  # fmt: skip


def test_an_address_that_is_a_token_stays_one():
    mail = markdown("[Leave]({unsubscribe_url}) <https://a.example/?e={{ email | urlencode }}>")

    assert 'href="{unsubscribe_url}"' in mail.html
    assert 'href="https://a.example/?e={contactfield=email|true}"' in mail.html
    assert mail.text == "Leave ({unsubscribe_url}) https://a.example/?e={contactfield=email|true}\n"


def test_a_bar_in_a_token_ends_no_table_cell():
    mail = markdown("| a | b |\n|---|---|\n| {{ x | y }} | 2 |\n")

    assert mail.html.count("<td") == 3 + 1
    assert mail.text == "a | b\n{contactfield=x|y} | 2\n"


def test_a_fallback_with_signs_of_html_is_escaped_in_html_only():
    mail = markdown("**{{ x | Q&A <b> }}**")

    assert "{contactfield=x|Q&amp;A &lt;b&gt;}" in mail.html
    assert mail.text == "{contactfield=x|Q&A <b>}\n"


def test_raw_html_in_markdown_reaches_the_mail_and_not_the_text():
    mail = markdown('<div class="x">\n\nHi <u>you</u>\n\n</div>\n')

    assert '<div class="x">' in mail.html
    assert "<u>you</u>" in mail.html
    assert mail.text == "Hi you\n"


@pytest.mark.parametrize(
    "said",
    [
        "[x](https://a.example/{{ city }})",
        "[x](https://a.example/{{ city | urlencode }})",
        "![{{ firstname }}](https://a.example/x.png)",
        '<a title="{{ firstname }}">x</a>',
        '[x](https://a.example/?a=b "{{ firstname }}")',
        "<a href='https://a.example/?n={{ city | Berlin }}'>x</a>",
    ],
)
def test_a_contacts_field_in_an_attribute_is_refused(said):
    with pytest.raises(BodyError, match="in an HTML attribute") as caught:
        markdown(f"Hi\n\n{said}")

    assert caught.value.line == 3


def test_an_encoded_field_in_the_query_of_a_link_is_fine():
    source = '<a href="https://a.example/?n={{ city | urlencode }}&amp;m=1">x</a>'

    assert "?n={contactfield=city|true}&amp;m=1" in html(source).html


def test_a_whole_html_document_stays_byte_for_byte():
    document = (
        '<!DOCTYPE html>\r\n<html>\n<BODY class="a>b" >\n<p>Hi {{ a | b }}  </p></BODY></html>'
    )

    assert html(document).html == document.replace("{{ a | b }}", "{contactfield=a|b}")


def test_a_fragment_of_html_gets_a_document_around_it():
    mail = html("<p>Hi</p>")

    assert mail.html.startswith("<!doctype html>")
    assert "<p>Hi</p>" in mail.html
    assert mail.text == "Hi\n"


def test_the_preheader_is_the_first_thing_in_the_body_and_not_in_the_text():
    document = '<html><!-- <body> --><body style="x">\n<p>Hi</p></body></html>'

    mail = html(document, preheader='Two "minutes" <3')

    start = '<html><!-- <body> --><body style="x">\n<div style="display:none;'
    assert mail.html.startswith(start)
    assert "Two &quot;minutes&quot; &lt;3</div>" in mail.html
    assert mail.html.index("&zwnj;") < mail.html.index("<p>Hi")
    assert mail.text == "Hi\n"
    assert "display:none" in markdown("Hi", preheader="Two minutes").html


@pytest.mark.parametrize(
    ("document", "before"),
    [
        ("<html><head></head><p>Hi</p></html>", "<html><head></head>"),
        ("<!doctype html><p>Hi</p>", ""),
    ],
)
def test_a_document_without_a_body_tag_has_its_preheader_too(document, before):
    assert html(document, preheader="x").html.startswith(f'{before}<div style="display:none;')


def test_a_text_that_is_given_is_taken_as_it_is():
    mail = markdown("# Hi", text="  Hi {{ a | b }},\n\n- *so*  ")

    assert mail.text == "  Hi {contactfield=a|b},\n\n- *so*  "


def test_the_campaigns_bodies_render():
    for file in sorted(Path("campaigns/bodies").iterdir()):
        make = html if file.suffix == ".html" else markdown
        mail = make(file.read_text(encoding="utf-8"))
        assert "{{" not in mail.html + mail.text
        assert "unsubscribe" in mail.html.lower()


BODIES = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab1 \n*_`[]()!#<>/\"'={}|\\-+&;:.\t\ufdd0\x00", max_size=60),
)


class BodyPlace(NamedTuple):
    message: str
    line: int


def outcome(make: Callable[..., Rendered], source: str) -> Rendered | BodyPlace:
    try:
        return make(source, preheader="p")
    except BodyError as exc:
        return BodyPlace(str(exc), exc.line)


@given(BODIES)
@settings(max_examples=400, deadline=None)
def test_any_text_renders_or_is_refused_in_words_and_always_alike(source):
    for make in (markdown, html):
        first = outcome(make, source)
        assert first == outcome(make, source)
        if isinstance(first, BodyPlace):
            assert first.message
            assert 0 <= first.line <= source.count("\n") + 1


PLACES = ("@", "a @ b", "# @", "- @\n- b", "> @", "**@**", "_@_", "1. @", "a|b\n-|-\n@|c", "`@`",
          "[x @ y](https://a.example)", "    @", "```\n@\n```", "*a*@", "@\n===",
          "x\n@  \ny")  # fmt: skip


@given(
    st.sampled_from(PLACES),
    st.text(alphabet=string.ascii_lowercase + string.digits + "_", min_size=1, max_size=10),
    st.text(alphabet="abcXYZ ,!.?*_`[]()#-é'\\", min_size=1, max_size=15),
)
@settings(max_examples=300, deadline=None)
def test_a_token_survives_anywhere_in_both_parts(place, field, fallback):
    fallback = fallback.strip() or "there"
    wanted = f"{{contactfield={field}|{fallback}}}"

    mail = markdown(place.replace("@", f"{{{{ {field} | {fallback} }}}}"))

    assert wanted in mail.html
    assert wanted in mail.text
    assert "<" not in mail.text

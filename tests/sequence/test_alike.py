"""Two texts are the same when Mautic would send the same mail."""

from __future__ import annotations

import pytest

from pmctl.sequence.alike import alike, lost_percent, same_html


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p  class='a'>x</p>", '<p class="a">x</p>'),
        ("<p>caf&#233; &amp; bar</p>", "<p>café &amp; bar</p>"),
        ("<br/>", "<br />"),
        ("<p>a\n  b</p>\n", "<p>a b</p>"),
        ('<a href="https://e.com/?a=1&amp;b=2">x</a>', '<a href="https://e.com/?a=1&b=2">x</a>'),
    ],
)
def test_spelling_of_html_does_not_matter(one: str, other: str) -> None:
    assert same_html(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a</p>", "<p>b</p>"),
        ("<p>a</p>", "<div>a</div>"),
        ('<a href="https://e.com/a">x</a>', '<a href="https://e.com/b">x</a>'),
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ("<p>a</p><p>b</p>", "<p>a</p>"),
    ],
)
def test_other_words_tags_or_links_matter(one: str, other: str) -> None:
    assert not same_html(one, other)


def test_line_ends_and_decoded_entities_of_plain_text_do_not_matter() -> None:
    assert alike("plainText", "a\nb & c\n", "a\r\nb &amp; c")
    assert not alike("plainText", "a\nb", "a b")


def test_nothing_and_empty_are_the_same() -> None:
    assert alike("fromName", "", None)
    assert not alike("fromName", "", "Ana")


def test_percent_signs_that_mautic_decoded_are_noticed() -> None:
    sent = '<a href="https://e.com/?q=a%20b">é</a>'

    assert lost_percent(sent, '<a href="https://e.com/?q=a b">é</a>')
    assert not lost_percent(sent, sent)
    assert not lost_percent(sent, "<p>other</p>")


def test_percent_signs_that_two_filters_decoded_are_noticed_too() -> None:
    sent = '<a href="https://e.com/?q=a%2520b">é</a>'

    assert lost_percent(sent, '<a href="https://e.com/?q=a%20b">é</a>')
    assert lost_percent(sent, '<a href="https://e.com/?q=a b">é</a>')

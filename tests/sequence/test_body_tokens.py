"""Tokens of ours and of Mautic's: each says the same as the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.sequence.body_tokens import BodyError, in_one_way, ours, tokens

FALLBACKS = st.sampled_from(["", "| you", "|you", "| urlencode", "|  two words "])
LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="{}<"), max_size=8),
        st.builds("{{{{{} {}}}}}".format, st.from_regex(r"[a-z_]{1,8}", fullmatch=True), FALLBACKS),
        st.sampled_from(["\\{{", "{", "}", "{contactfield=city|date}", "{unsubscribe_url}"]),
    ),
    max_size=6,
).map("".join)


@given(LINES)
def test_a_line_comes_back_from_mautic_as_one_that_says_the_same(line: str) -> None:
    try:
        theirs = tokens(line)
    except BodyError:
        assert in_one_way(line) == line
        return

    assert tokens(ours(theirs)) == theirs
    assert in_one_way(line) == ours(theirs)
    assert in_one_way(in_one_way(line)) == in_one_way(line)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ("Hi {contactfield=firstname|you}", "Hi {{ firstname | you }}"),
        ("{contactfield=city|true}", "{{ city | urlencode }}"),
        ("{contactfield=date|date}", "{contactfield=date|date}"),
        ("a {{ b", "a \\{{ b"),
    ],
)
def test_tokens_of_mautics_have_words_of_ours_where_there_are_some(theirs: str, said: str) -> None:
    assert ours(theirs) == said

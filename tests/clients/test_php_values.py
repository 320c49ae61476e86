"""What PHP's serialize() wrote is read; anything else is None, and never an error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients.php_values import unserialize
from pmctl.sandbox.php import serialize

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(categories=["L"]), min_size=1), inner, min_size=1,
                          max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=80)
@given(VALUES)
def test_what_was_written_is_read_back(value):
    assert unserialize(serialize(value)) == value


@settings(max_examples=150)
@given(st.text(st.sampled_from('aisbdN:;"{}0129é')))
def test_any_text_gives_a_value_or_none(text):
    unserialize(text)


@pytest.mark.parametrize(
    "text", ["", 'O:8:"stdClass":0:{}', "a:1:{i:0;i:1;", 's:9:"short";', "a:" * 99, "i:x;"]
)
def test_what_is_cut_or_an_object_is_none(text):
    assert unserialize(text) is None


def test_a_recorded_column_of_opens_is_read():
    recorded = (
        'a:1:{i:0;a:3:{s:8:"datetime";s:19:"2026-11-22 23:10:31";s:9:"useragent";'
        's:7:"Mozilla";s:9:"inBrowser";b:0;}}'
    )

    assert unserialize(recorded) == [
        {"datetime": "2026-11-22 23:10:31", "useragent": "Mozilla", "inBrowser": False}
    ]

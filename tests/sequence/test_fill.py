"""Tokens filled in for one contact, as Mautic 5.1.1 did it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl.sequence.body_tokens import tokens
from pmctl.sequence.fill import fill, has_fields, others

ANN = {"firstname": "Ann", "odd": 'x & "Q"'}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{contactfield=firstname|there}", "Ann"),
        ("{contactfield=lastname|there, you!}", "there, you!"),
        ("{contactfield=lastname}", ""),
        ("{contactfield=nosuch|x}", "x"),
        ("{contactfield=odd}", 'x & "Q"'),  # Mautic does not escape
        ("?q={contactfield=odd|true}", "?q=x+%26+%22Q%22"),
        ("?q={contactfield=lastname|true}", "?q="),
        ("?q=%7Bcontactfield=odd%7Ctrue%7D", "?q=x+%26+%22Q%22"),
        ("{contactfield=lastname|date}", ""),
        ("{leadfield=firstname}", "{leadfield=firstname}"),  # stays literal in Mautic 5
        ("{unsubscribe_url} {contactfield=}", "{unsubscribe_url} {contactfield=}"),
    ],
)
def test_a_token_becomes_what_mautic_makes_of_it(text: str, filled: str) -> None:
    assert fill(text, ANN) == filled


def test_what_a_contact_has_in_a_field_is_not_filled_in_again() -> None:
    values = {"firstname": "{contactfield=lastname}", "lastname": "B"}
    assert fill("{contactfield=firstname}", values) == "{contactfield=lastname}"


@given(st.text(), st.dictionaries(st.sampled_from(["firstname", "odd"]), st.text()))
def test_text_without_fields_stays_as_it_is(text: str, values: dict[str, str]) -> None:
    if not has_fields(text):
        assert fill(text, values) == text


@given(st.sampled_from(["firstname", "city"]), st.from_regex(r"[A-Za-z ]{1,20}", fullmatch=True))
def test_our_own_way_to_write_a_field_is_filled_in(field: str, fallback: str) -> None:
    if fallback.strip().lower() in ("", "true", "date", "time", "datetime", "urlencode"):
        return
    written = tokens(f"{{{{ {field} | {fallback} }}}}")
    assert fill(written, {}) == fallback.strip()
    assert fill(written, {field: "X"}) == "X"


def test_what_only_mautic_knows_is_named_once() -> None:
    text = "{unsubscribe_url} {contactfield=a} {unsubscribe_url} {signature} {not a token}"
    assert others(text) == ["{unsubscribe_url}", "{signature}"]

"""Filters of segments: what people write, what Mautic keeps, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.clients.campaign_segment_filters import (
    SAID,
    WORDS,
    Field,
    Filter,
    Known,
    body,
    parse,
    same,
    value_of,
    words,
)
from pmctl.errors import NotFound, UsageError

KNOWN = Known(
    {
        "country": Field("country", "country"),
        "city": Field("city", "text"),
        "points": Field("points", "number"),
        "last_active": Field("last_active", "datetime"),
        "plan": Field("plan", "select", ("free", "pro")),
        "likes": Field("likes", "multiselect", ("tea", "milk")),
        "in_trial": Field("in_trial", "boolean"),
    },
    {"vip": 3, "big, bold": 4},
    {"customers": 6},
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("country = Germany", Filter("and", "country", "=", ("Germany",))),
        ("or country=Germany", Filter("or", "country", "=", ("Germany",))),
        ("and points >= 10", Filter("and", "points", "gte", ("10",))),
        ("points<3", Filter("and", "points", "lt", ("3",))),
        ("city is empty", Filter("and", "city", "empty", ())),
        ("city is not empty", Filter("and", "city", "!empty", ())),
        ("city not like B%", Filter("and", "city", "!like", ("B%",))),
        ("city starts with St. ", Filter("and", "city", "startsWith", ("St.",))),
        ('city = " x"', Filter("and", "city", "=", (" x",))),
        ("tag in vip, gold", Filter("and", "tags", "in", ("vip", "gold"))),
        ('tag in "big, bold",vip', Filter("and", "tags", "in", ("big, bold", "vip"))),
        ("tag = vip", Filter("and", "tags", "=", ("vip",))),
        ("segment not in customers", Filter("and", "leadlist", "!in", ("customers",))),
        ("in_trial = yes", Filter("and", "in_trial", "=", ("yes",))),
        ("or = 5", Filter("and", "or", "=", ("5",))),
    ],
)
def test_a_written_filter_is_read(written: str, said: Filter) -> None:
    assert parse(written) == said


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "is not understood"),
        ("country", "is not understood"),
        ("country Germany", "is not understood"),
        ("Country = Germany", "is not understood"),
        ("country inside Germany", "is not understood"),
        ("city is emptyish", "is not understood"),
        ("country =", "has an empty value"),
        ("tag in vip,, gold", "has an empty value"),
        ("city is empty Berlin", "takes no value"),
        ("city = \x1b[31mred", "control character"),
        ("city = a\nb", "control character"),
    ],
)
def test_what_is_no_filter_is_refused_in_one_sentence(written: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(written)
    assert why in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("written", "type_", "operator", "value"),
    [
        ("country = Germany", "country", "=", "Germany"),
        ("country in Germany, Austria", "country", "in", ["Germany", "Austria"]),
        ("points > 10", "number", "gt", "10"),
        ("last_active > -7 days", "datetime", "gt", "-7 days"),
        ("last_active <= 2026-11-30", "datetime", "lte", "2026-11-30"),
        ("plan != free", "select", "!=", "free"),
        ("likes = tea", "multiselect", "in", ["tea"]),
        ("in_trial = no", "boolean", "=", 0),
        ("dnc_bounced = yes", "boolean", "=", 1),
        ("city is not empty", "text", "!empty", None),
        # as recorded on a running Mautic
        ("tag in vip", "tags", "in", [3]),
        ("segment in customers", "leadlist", "in", [6]),
    ],
)
def test_a_filter_has_the_shape_that_mautic_takes(
    written: str, type_: str, operator: str, value: Any
) -> None:
    made = body(parse(written), KNOWN)

    assert {"glue": "and", "object": "lead"}.items() <= made.items()
    assert (made["type"], made["operator"]) == (type_, operator)
    assert made["properties"] == {"filter": value}


@pytest.mark.parametrize(
    ("written", "why", "kind"),
    [
        ("contry = Germany", "no contact field contry", NotFound),
        ("tag = vop", "no tag vop", NotFound),
        ("segment = customer", "no segment customer", NotFound),
        ("plan = gold", "no choice of plan", NotFound),
        ("city > 3", "of type text", UsageError),
        ("points in 1, 2", "of type number", UsageError),
        ("in_trial is empty", "of type boolean", UsageError),
        ("in_trial = maybe", "yes or no", UsageError),
        ("points > many", "is a number", UsageError),
        ("last_active > soon", "no day", UsageError),
    ],
)
def test_a_filter_that_mautic_would_refuse_is_refused_before(
    written: str, why: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=why) as caught:
        body(parse(written), KNOWN)
    assert getattr(caught.value, "hint", "")


_VALUES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1).filter(
    lambda text: text.strip() and text.isprintable()
)


@given(
    glue=st.sampled_from(["and", "or"]),
    word=st.sampled_from(sorted(WORDS)),
    values=st.lists(_VALUES.map(str.strip), min_size=1, max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_what_mautic_keeps_is_shown_as_it_can_be_written_again(
    glue: str, word: str, values: list[str]
) -> None:
    operator = WORDS[word]
    value: Any = values[0]
    if operator in ("in", "!in"):
        value = values
    elif operator in ("empty", "!empty"):
        value = None
    raw = {"glue": glue, "field": "city", "operator": operator, "properties": {"filter": value}}

    said = parse(words(raw, KNOWN))

    kept = [] if value is None else value if isinstance(value, list) else [value]
    assert (said.glue, said.field, said.operator) == (glue, "city", operator)
    assert list(said.values) == kept


def test_ids_are_shown_as_names_and_unknown_ones_as_they_are() -> None:
    raw = {"field": "tags", "operator": "in", "properties": {"filter": ["3", "4", "99"]}}
    assert words(raw, KNOWN, first=True) == 'tag in vip, "big, bold", 99'
    other = {"glue": "or", "field": "leadlist", "operator": "!in", "filter": [6]}
    assert words(other, KNOWN) == "or segment not in customers"


def test_an_operator_without_a_word_of_ours_is_shown_as_mautic_names_it() -> None:
    raw = {"field": "points", "operator": "between", "properties": {"filter": {"a": 1}}}
    assert words(raw, KNOWN, first=True) == 'points between {"a": 1}'


def test_a_list_with_gaps_comes_as_an_object() -> None:
    assert value_of({"properties": {"filter": {"0": "3", "2": "4"}}}) == ["3", "4"]


def test_the_old_flat_form_asks_the_same_as_the_new_one() -> None:
    one = {"glue": "and", "object": "lead", "field": "tags", "operator": "in"}
    assert same([{**one, "filter": [1]}], [{**one, "properties": {"filter": ["1"]}}])
    assert not same([{**one, "filter": [1]}], [{**one, "filter": [2]}])
    assert not same([], [one])


def test_every_operator_of_ours_has_one_word() -> None:
    assert len(SAID) == len(WORDS)

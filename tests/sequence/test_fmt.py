"""One form for every file: the same words, the comments in their places."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.errors import BadInput, InputProblems, PmctlError
from pmctl.sequence.fmt import fmt
from pmctl.sequence.parse import parse
from tests.sequence.strategies import sequences

UNTIDY = """\
# yaml-language-server: $schema=./sequence.schema.json
steps:
- subject: 'x: y'   # said twice
  # about the id
  email: 'a'
  body: |
    # Head
      text

    # End
  # shown in the inbox
  preheader: "p"
- else: [{stop: true}]
  within: 3d
  on: opened
  then:
      - wait: {until: 09:30}
      - tag: &warm {add: ['yes', "1", 'a b', plain]}
      - tag:   *warm

# the identity
key: k
version: 1
name: "N \\u00e9"

audience: {segments: ['x']}
"""
TIDY = """\
# yaml-language-server: $schema=./sequence.schema.json
version: 1

# the identity
key: k
name: N é

audience: {segments: [x]}
steps:
  # about the id
  - email: a
    subject: "x: y" # said twice
    # shown in the inbox
    preheader: p
    body: |
      # Head
        text

      # End
  - on: opened
    within: 3d
    then:
      - wait: {until: "09:30"}
      - tag: &warm {add: ["yes", "1", a b, plain]}
      - tag: *warm
    else: [{stop: true}]
"""


def test_an_untidy_file_is_put_in_order_with_its_comments():
    assert fmt(UNTIDY) == TIDY


def test_a_tidy_file_stays_as_it_is():
    assert fmt(TIDY) == TIDY


def test_the_file_says_the_same_as_before():
    assert parse("f", fmt(UNTIDY)).sequence == parse("f", UNTIDY).sequence


def test_windows_line_ends_and_a_missing_last_one_are_mended():
    assert fmt("\ufeff" + TIDY.rstrip("\n").replace("\n", "\r\n")) == TIDY


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("'hello'", "hello"), ('"a: b"', '"a: b"'), ("'yes'", '"yes"'), ("on", '"on"'),
        ("'17:00'", '"17:00"'), ("'5'", '"5"'), ("'~'", '"~"'), ("''' '", '"\' "'),
        ("'{{ a }}'", '"{{ a }}"'), ("'https://a.example/b*'", '"https://a.example/b*"'),
        ("https://a.example/b", "https://a.example/b"), ("2026-11-23", '"2026-11-23"'),
        ("Q&A", "Q&A"), ("'it''s'", "it's"), ("'#x'", '"#x"'), ("!!str 5", "!!str 5"),
    ],
)  # fmt: skip
def test_quotes_are_double_and_only_where_they_are_needed(said, written):
    text = TIDY.replace("name: N é\n", f"name: N é\ndescription: {said}\n")

    assert f"description: {written}\n" in fmt(text)


def test_variables_need_no_value_to_be_formatted():
    text = TIDY.replace("name: N é", "name: '${NAME}'").replace("within: 3d", "within: ${LONG}")

    assert 'name: "${NAME}"' in fmt(text)


def test_a_file_with_mistakes_is_not_touched():
    with pytest.raises(InputProblems) as caught:
        fmt(TIDY.replace("within", "wthin"), "campaigns/x.yaml")

    assert caught.value.problems[0].where == "campaigns/x.yaml:21:5"


def test_a_key_never_moves_above_the_anchor_it_uses():
    text = TIDY.replace("preheader: p", "preheader: &p p").replace("email: a", "email: b")
    moved = text.replace("  - on: opened\n    within: 3d\n", "  - within: &w 3d\n    on: opened\n")

    assert parse("f", fmt(moved)).sequence == parse("f", moved).sequence


def test_the_campaigns_that_ship_keep_every_comment():
    for file in sorted(Path("campaigns").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        comments = [line.strip() for line in text.split("\n") if line.strip().startswith("#")]
        after = [line.strip() for line in fmt(text).split("\n") if line.strip().startswith("#")]
        assert sorted(after) == sorted(comments)


@given(sequences(), st.booleans(), st.sampled_from((None, False, True)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_formatting_twice_is_formatting_once_and_changes_no_meaning(said, sort, flow):
    text = yaml.safe_dump(said, sort_keys=sort, default_flow_style=flow)

    once = fmt(text)

    assert fmt(once) == once
    assert parse("f", once).sequence == parse("f", text).sequence


def test_a_block_text_that_one_of_the_two_readers_refuses_is_left_as_it_is():
    odd = UNTIDY.replace("body: |\n", "body: |\n \n", 1)
    assert parse("f", odd)

    with pytest.raises(BadInput) as caught:
        fmt(odd)

    assert "cannot be put into canonical form" in caught.value.message


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_formatted_or_refused_but_never_changed_in_meaning(data):
    rows = UNTIDY.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(rows) - 1))
        row = data.draw(
            st.sampled_from((rows[at], "", "# note", "  # note", f" {rows[at]}", "x: 1"))
        )
        rows[at : at + data.draw(st.integers(0, 1))] = [row]
    text = "\n".join(rows)
    try:
        once = fmt(text)
    except PmctlError:
        return
    assert fmt(once) == once
    assert parse("f", once).sequence == parse("f", text).sequence

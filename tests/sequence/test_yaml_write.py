"""Plain values as the text of a sequence file."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.sequence import parse, yaml_nodes
from pmctl.sequence.fmt import fmt
from pmctl.sequence.yaml_write import written

# What YAML, an older YAML or a hasty writer would take for something else.
TRAPS = (
    "", "yes", "on", "No", "null", "~", "true", "12", "1.5", "0x1f", "1e9", "17:00", "2027-03-01",
    "a: b", "a #b", "# c", "- a", "-", "?x", "?", ":y", ":", "a,b", "[x]", "{x}", "{{ x }}", "*a",
    "&a", "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "a\\b", "---", "<<", "=", " a", "a ",
    "x\ny", "x\n", "x\n\n", "\nx", "\n", "  x\n y", "a\n  \nb \n", "# c\nd", "\t", "a\tb\n",
    "\u2028", "\ufeff", "\x07", "\u00e9", "\U0001f600", "a" * 130,
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(TRAPS), st.text("ab \n:#-,[]{}?'\"", max_size=10), st.text(max_size=8)
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), texts,
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip


def nested(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=10,
    )


def mappings(keys: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys, nested(keys), min_size=1, max_size=3)


few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def holding(properties: dict[str, Any]) -> dict[str, Any]:
    """A sequence with these values in it."""
    raw = {"type": "x.y", "kind": "action", "name": "Odd", "properties": properties}
    head = {"version": 1, "key": "odd", "name": "Odd", "audience": {"segments": ["a"]}}
    return {**head, "steps": [{"raw": raw}]}


@few
@given(mappings(texts))
def test_whatever_the_values_are_the_file_says_them(properties: dict[str, Any]) -> None:
    said = holding(properties)

    root = yaml_nodes.compose(written(said))
    builder = yaml_nodes.Builder()

    assert builder.value(root) == said
    assert builder.flaws == []


@few
@given(mappings(texts.filter(lambda key: len(key) < 100 and key.splitlines() in ([], [key]))))
def test_what_is_written_needs_no_fmt(properties: dict[str, Any]) -> None:
    text = written(holding(properties))

    assert fmt(text) == text


def test_keys_stand_in_the_order_of_the_language_at_every_depth() -> None:
    variant = {"body": "x\n", "subject": "a", "id": "a"}
    said = {
        "steps": [
            {"body": "x\n", "email": "first", "subject": "First"},
            {"then": [{"subject": "Now", "body": "x\n", "email": "second"}], "on": "opened"},
            {"variants": [variant, {**variant, "weight": 40, "id": "b"}], "email": "offer"},
        ],
        "audience": {"segments": ["a"]}, "name": "N", "key": "k", "version": 1,
    }  # fmt: skip

    text = written(said)

    assert fmt(text) == text
    assert parse.check("x.yaml", text) == said
    words = re.findall(r"^[ -]*(\w+):", text, re.MULTILINE)
    assert words == [
        "version", "key", "name", "audience", "steps", "email", "subject", "body",
        "on", "then", "email", "subject", "body",
        "email", "variants", "id", "subject", "body", "id", "weight", "subject", "body",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\ntwo\n", ["text: |", "  one", "  two"]),
        ("one\ntwo", ["text: |-", "  one", "  two"]),
        ("one\n\n  two\n", ["text: |", "  one", "", "    two"]),
        ("one\n\n", ['text: "one\\n\\n"']),
        ("\none\n", ["text: |2", "", "  one"]),
        ("a\x07\nb", ['text: "a\\a\\nb"']),
        ("17:00", ['text: "17:00"']),
        ("so: it is", ['text: "so: it is"']),
        ("so it is", ["text: so it is"]),
    ],
)
def test_a_text_stands_as_a_person_would_write_it(text: str, lines: list[str]) -> None:
    assert written({"text": text}).removesuffix("\n").split("\n") == lines

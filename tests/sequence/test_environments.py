"""Overlays: what is merged, what is refused and where, and what each environment comes to."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pmctl.errors import InputProblems
from pmctl.sequence import environments
from pmctl.sequence.compile import Compiled, compile_text
from pmctl.sequence.environments import Values
from pmctl.sequence.fmt import fmt
from pmctl.sequence.schema import schema
from tests.sequence.strategies import email, sequence

HEAD = """\
version: 1
key: trial
name: Trial
audience: {segments: [trials], forms: [book-a-call]}
limits: {max_emails_per_contact: 3}
send:
  from: {name: Ana, address: ana@mail.example.com}
  utm: {source: mautic}
environments:
"""
STEPS = """\
steps:
  - email: a
    subject: A
    body: x
  - wait: {until: "16:00"}
  - email: b
    subject: B
    body: x
"""
STAGING = """\
  staging:
    name: Trial (staging)
    published: false
    audience: {segments: [seed-list]}
    send: {from: {address: test@example.com}}
"""


def compiled(overlays: str, env: str | None = None, **variables: str) -> Compiled:
    text = HEAD + overlays + STEPS
    return compile_text("f.yaml", text, lambda name: "", Values(variables, env))


def problems(overlays: str, env: str | None = None, **variables: str) -> list[str]:
    with pytest.raises(InputProblems) as caught:
        compiled(overlays, env, **variables)
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


def test_mappings_are_merged_and_lists_and_single_values_replaced() -> None:
    one = compiled(STAGING, "staging").desired
    base = compiled(STAGING).desired

    assert (one.name, one.published) == ("Trial (staging)", False)
    assert (one.segments, one.forms) == (("seed-list",), ("book-a-call",))
    assert [(m.from_name, m.from_address) for m in one.mails] == [("Ana", "test@example.com")] * 2
    assert [m.utm for m in one.mails] == [(("utmSource", "mautic"),)] * 2
    assert (base.name, base.published, base.segments) == ("Trial", True, ("trials",))
    assert one.hash != base.hash


def test_an_environment_without_an_overlay_gets_the_file_as_it_is() -> None:
    assert compiled(STAGING, "production").desired == compiled(STAGING).desired


BROKEN = [
    ("  staging: yes\n", ["10:12: expected a mapping, found the text 'yes'"]),
    ("  bad name: {}\n", ["10:3: 'bad name' cannot be the name of a context"]),
    ("  s: {steps: []}\n", ["10:7: `steps` is the same in every environment"]),
    ("  s: {key: x, version: 1}\n",
     ["10:7: `key` is the same in every environment",
      "10:15: `version` is the same in every environment"]),
    ("  s: {environments: {}}\n", ["10:7: `environments` is the same in every environment"]),
    ("  s: {published: often}\n", ["10:18: expected true or false, found the text 'often'"]),
    ("  s: {audience: {segments: trials}}\n",
     ["10:28: expected a list, found the text 'trials'"]),
    ("  s: {audience: {segments: [], forms: []}}\n",
     ["10:17: an audience needs at least one segment or form; Mautic refuses none"]),
    ("  s: {send: {from: {adress: a@b.example}}}\n", ["10:21: unknown key `adress` in `from`"]),
    ("  s: {send: {from: {address: nobody}}}\n", ["10:30: 'nobody' is no email address"]),
    ("  s: {nam: x}\n", ["10:7: unknown key `nam` at the top level"]),
    ("  s: {send: {window: {from: '09:00'}}}\n", ["10:22: `to` is missing in `window`"]),
    ("  s: {limits: {max_emails_per_contact: 1}}\n",
     ["10:40: in environment s: a contact may get 2 emails, more than the limit 1"]),
    ("  s: {send: {window: {from: '09:00', to: '12:00'}}}\n",
     ["16:5: in environment s: the wait until 16:00 ends outside the window 09:00 to 12:00"]),
    ("  s: {send: {headers: {X-A: 'a & b'}}}\n",
     ["12:5: in environment s: header X-A: Mautic cannot keep < > & or quotes in a header",
      "16:5: in environment s: header X-A: Mautic cannot keep < > & or quotes in a header"]),
]  # fmt: skip


@pytest.mark.parametrize(("overlay", "said"), BROKEN)
@pytest.mark.parametrize("env", [None, "s", "other"])
def test_every_overlay_is_checked_always_at_its_own_place(
    overlay: str, said: list[str], env: str | None
) -> None:
    found = [line.replace("in environment s: ", "") for line in problems(overlay, env)]

    assert found == [line.replace("in environment s: ", "") for line in said]


def test_the_environment_is_named_where_the_place_is_not_its_own() -> None:
    for overlay, said in BROKEN:
        assert problems(overlay) == said


def test_what_is_wrong_in_the_file_itself_is_said_once() -> None:
    text = (HEAD + STAGING + "  prod: {published: true}\n" + STEPS).replace("[trials]", "trials")

    for env in (None, "staging", "prod"):
        with pytest.raises(InputProblems) as caught:
            compile_text("f.yaml", text, lambda name: "", Values({}, env))
        assert [(p.line, p.column) for p in caught.value.problems] == [(4, 22)]


def test_only_the_environment_in_force_needs_its_variables() -> None:
    overlays = (
        "  one: {send: {reply_to: 'one@${DOMAIN}'}}\n  two: {send: {reply_to: '${ADDRESS}'}}\n"
    )

    assert compiled(overlays).desired.mails[0].reply_to is None
    assert (
        compiled(overlays, "one", DOMAIN="a.example").desired.mails[0].reply_to == "one@a.example"
    )
    assert problems(overlays, "two") == [
        "11:26: ${ADDRESS} has no value; set it in the environment or by --var"
    ]


def test_a_place_is_that_of_the_overlay_where_the_overlay_says_it() -> None:
    place = compiled(STAGING, "staging").desired.place

    assert place("segment", "seed-list") == "f.yaml:13:27"
    assert place("form", "book-a-call") == "f.yaml:4:40"


def test_a_name_that_no_context_has_is_a_warning() -> None:
    text = HEAD + STAGING + STEPS

    def warnings(**more: Any) -> list[str]:
        values = Values({}, **more)
        one = compile_text("f.yaml", text, lambda name: "", values)
        return [f"{p.line}:{p.column}: {p.message}" for p in one.warnings]

    assert warnings() == []
    assert warnings(contexts=("staging", "production")) == []
    assert warnings(contexts=("stagin",)) == [
        "11:5: the configuration has no context staging; did you mean stagin?"
    ]
    assert warnings(env="stagng", asked=True) == [
        "10:3: there is no environment stagng here; did you mean staging?"
    ]
    assert warnings(env="stagng") == []


def test_fmt_keeps_environments_and_checks_them() -> None:
    assert fmt(HEAD + STAGING + STEPS) == fmt(fmt(HEAD + STAGING + STEPS))
    assert "address: test@example.com" in fmt(HEAD + STAGING + STEPS)
    with pytest.raises(InputProblems):
        fmt(HEAD + "  s: {published: often}\n" + STEPS)


TREES = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(MAPPINGS, MAPPINGS)
@settings(max_examples=100, deadline=None)
def test_merging_keeps_all_of_the_overlay_and_changes_neither(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    before = copy.deepcopy((base, over))

    found = environments.merged(base, over)

    assert (base, over) == before
    assert environments.merged(found, over) == found
    assert environments.merged(base, {}) == base
    assert set(found) == {*base, *over}
    for key, value in over.items():
        if not isinstance(value, dict):
            assert found[key] == value


@pytest.mark.parametrize(("overlay", "_"), BROKEN[:12])
def test_the_schema_tells_most_of_it_in_the_editor(overlay: str, _: list[str]) -> None:
    said = yaml.safe_load(HEAD + overlay + STEPS)
    checker = jsonschema.Draft7Validator(schema())

    good = yaml.safe_load(HEAD + STAGING + STEPS)
    assert list(checker.iter_errors(good)) == []
    beyond = ("audience: {segments: []", "window: {from", "address: nobody")
    if not any(words in overlay for words in beyond):
        assert list(checker.iter_errors(said))


def test_a_sequence_without_environments_compiles_to_the_same_as_ever() -> None:
    said = sequence(email("a"))
    text = yaml.safe_dump(said)
    empty = yaml.safe_dump({**said, "environments": {}})

    one = compile_text("f", text, lambda name: "", {})

    assert compile_text("f", empty, lambda name: "", {}).desired.hash == one.desired.hash

"""Files that are wrong in every way a person or a disk can make them wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmctl.errors import InputProblems, Problem
from pmctl.sequence import yaml_nodes
from pmctl.sequence.model import KINDS, Sequence
from pmctl.sequence.parse import Document, decode, parse
from tests.sequence.strategies import sequences

HEAD = "version: 1\nkey: trial\nname: Trial\naudience: {segments: [trials]}\n"
GOOD = HEAD + (
    "send:\n  from: {name: Ana, address: ana@mail.example.com}\n  headers: {X-A: b}\n"
    "steps:\n  - email: hello\n    subject: Hi {{ firstname | there }}\n    body: |\n"
    "      # Hello\n\n      you\n  - on: opened\n    within: 3d\n    then:\n      - wait: 1d\n"
    "      - tag: &warm {add: [warm]}\n    else:\n      - tag: {<<: *warm, remove: [cold]}\n"
)


def problems(text: str, **variables: str) -> list[Problem]:
    with pytest.raises(InputProblems) as caught:
        parse("f.yaml", text, variables=variables)
    return list(caught.value.problems)


def lines(text: str, *, base: str = HEAD) -> list[str]:
    """The problems as an editor reads them."""
    return [f"{p.line}:{p.column}: {p.message}" for p in problems(base + text)]


def steps(*said: str) -> str:
    return "steps:\n" + "".join(f"  - {step}\n" for step in said)


def test_a_good_file_gives_the_sequence_it_says():
    document = parse("f.yaml", GOOD)

    step = document.sequence.steps[0]
    assert step.email == "hello"  # type: ignore[union-attr]
    assert step.body == "# Hello\n\nyou\n"  # type: ignore[union-attr]
    assert document.sequence.steps[1].else_[0].tag.add == ["warm"]  # type: ignore[union-attr,index]


def test_anything_in_the_file_can_be_located_and_what_is_not_there_has_its_parents_place():
    document = parse("f.yaml", GOOD)

    assert document.locate(()) == (1, 1)
    assert document.locate(("key",)) == (2, 6)
    assert document.locate(("steps", 0)) == (9, 5)
    assert document.locate(("steps", 1, "then", 0, "wait")) == (18, 15)
    assert document.locate(("steps", 0, "preheader")) == (9, 5)
    assert document.locate(("steps", 7, "email")) == (9, 3)
    assert document.locate(("steps", 1, "else", 0, "tag", "add")) == (19, 26)


def test_a_problem_shows_its_line():
    problem = parse("f.yaml", GOOD).problem(("steps", 0), "a second step named hello", "rename it")

    assert problem.where == "f.yaml:9:5"
    assert (problem.source, problem.hint) == ("  - email: hello", "rename it")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("No", "No"), ("09:30", "09:30"), ("17:00", "17:00"),
        ("2026-11-23", "2026-11-23"), ("1_000", "1_000"), (".inf", ".inf"), ("1e999", "1e999"),
        ("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None),
        ("7", 7), ("-3", -3), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5), ("-", "-"), ("+", "+"), ("1.2.3", "1.2.3"), ("9" * 50, 1e50),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(text, value):
    said = yaml_nodes.scalar(text)

    assert said == (pytest.approx(value) if isinstance(value, float) else value)
    assert type(said) is type(value)


def test_keys_are_words_even_when_they_look_like_something_else():
    root = yaml_nodes.compose("on: 1\ntrue: 2\n3: 4\n'5': '6'\n")

    assert yaml_nodes.Builder().value(root) == {"on": 1, "true": 2, "3": 4, "5": "6"}


def test_what_is_said_beside_a_merge_key_wins_over_what_is_merged():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {x: 9, <<: [*a, *b]}\n'<<': plain\n"

    value = yaml_nodes.Builder().value(yaml_nodes.compose(text))

    assert value["c"] == {"x": 9, "y": 2, "z": 4}
    assert value["<<"] == "plain"


def test_both_parsers_of_pyyaml_make_the_same_of_a_file():
    class Python(
        yaml_nodes._Hooks, yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser,
        yaml.composer.Composer,
    ):  # fmt: skip
        def __init__(self, text: str) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)
            yaml.composer.Composer.__init__(self)

    slow = Python(GOOD).get_single_node()
    assert slow is not None

    fast = yaml_nodes.compose(GOOD)
    assert yaml_nodes.Builder().value(slow) == yaml_nodes.Builder().value(fast)
    for loc in (("steps", 0, "body"), ("steps", 1, "else", 0), ("send", "from")):
        assert yaml_nodes.find(slow, loc) == yaml_nodes.find(fast, loc)


WORDS = ", ".join(KINDS)


@pytest.mark.parametrize(
    ("step", "expected", "hint"),
    [
        ("{emial: a}", f"6:6: `emial` is no step; a step has one of {WORDS}",
         "did you mean `email`?"),
        ("{say: hi}", f"6:5: this step has none of the words {WORDS}", "which of them is it?"),
        ("{email: a, wait: 3d}", "6:5: a step is one thing, this one says `email` and `wait`",
         "begin each step with `- `"),
        ("hello", "6:5: expected a step (a mapping), found the text 'hello'",
         "write it like `- wait: 3d`"),
        ("{email: a, subject: b, body: c, subjct: d}", ("6:37: unknown key `subjct` in an `email` "
         "step"), "did you mean `subject`?"),
        ("{email: a, subjct: b, body: c}", "6:16: unknown key `subjct` in an `email` step",
         "did you mean `subject`?"),
        ("{email: a, body: c}", "6:5: `subject` is missing in an `email` step", ""),
        ("{email: a, subject: 5, body: c}", "6:25: expected text, found the number 5",
         'put it in quotes: "5"'),
        ("{email: a, subject: , body: c}", "6:16: expected text, found nothing", ""),
        ("{email: A!, subject: b, body: c}", ("6:13: 'A!': lower-case letters and digits, with "
         ". _ - inside, like first-mail"), ""),
        ("{email: a, subject: b, body: 5}", "6:34: expected text or a mapping, found the number 5",
         ""),
        ("{email: a, subject: b, body: {fil: x}}", "6:35: unknown key `fil` in `body`",
         "did you mean `file`?"),
        ("{email: a, subject: b, body: c, window: 5}", ("6:45: expected a mapping or anytime, "
         "found the number 5"), ""),
        ("{email: a, subject: b, body: c, window: {from: '09:00'}}",
         "6:45: `to` is missing in `window`", ""),
        ("{email: a, subject: b, body: c, window: {from: '17:00', to: '09:00'}}",
         ("6:45: the window 17:00 to 09:00 goes over midnight, which Mautic turns into its "
         "opposite; use a window within one day"), ""),
        ("{email: a, subject: b, body: c, consent: {transactional: short}}",
         "6:62: `transactional` is 5 characters long; 10 is the least", ""),
        ("{email: a, subject: b, body: c, headers: {'X Y': z}}", ("6:47: 'X Y': a header's name is "
         "letters, digits and -, like X-Mail-Stream"), ""),
        (
            "{email: a, subject: b, body: {file: x, markdown: y}}",
            "6:44: `markdown` cannot stand beside `file` in `body`",
            "choose one of them",
        ),
        ("{wait: 5}", "6:12: expected text or a mapping, found the number 5", ""),
        ("{wait: 3q}", ("6:12: '3q' is no length of time; write it like 3d, 4h 30m, 2 weeks or "
         "1 month"), ""),
        ("{wait: {}}", "6:12: a wait needs `for`, `until` or both", ""),
        ("{on: open}", ("6:10: expected opened, clicked, replied, visited, submitted or "
         "downloaded, found the text 'open'"),
         "did you mean `opened`?"),
        ("{on: opened, then: x}", "6:24: expected a list, found the text 'x'",
         "write it as a list: [x]"),
        ("{if: {tag: 5}}", "6:16: expected a list or text, found the number 5", ""),
        ("{if: {tag: []}}", "6:16: `tag` cannot be empty", ""),
        ("{if: {tag: x}, thn: []}", "6:20: unknown key `thn` in an `if` step",
         "did you mean `then`?"),
        ("{if: {field: a, is: []}}", "6:25: expected text or a number, found a list", ""),
        ("{if: {field: A, is: x}}", ("6:18: 'A': a field's alias is lower-case letters, digits "
         "and _, like first_name"), ""),
        ("{segment: {add: [x], remove: [x]}}", "6:15: 'x' is added and removed at once", ""),
        ("{stop: false}", "6:12: expected true, found false", ""),
    ],
)  # fmt: skip
def test_one_mistake_in_a_step_gives_one_problem_in_words(step, expected, hint):
    found = problems(HEAD + steps(step))

    said = [f"{p.line}:{p.column}: {p.message}" for p in found]
    assert said == [expected]
    assert found[0].hint == hint


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("published: yes", "5:12: expected true or false, found the text 'yes'"),
        ("reentry: nevr", "5:10: expected never or allowed, found the text 'nevr'"),
        ("send: {language: english}", ("5:18: 'english': a language is two letters, with a country "
         "if need be: en, pt_BR")),
        ("send: {from: Ana}", "5:14: expected a mapping, found the text 'Ana'"),
        ("send: {reply_to: Ana}", "5:18: 'Ana' is no email address"),
        ("stop_on: [replies]", ("5:11: expected reply, open, click, unsubscribe or bounce, found "
         "the text 'replies'")),
        ("stop_on: [{clik: x}]", "5:12: unknown key `clik` in `stop_on`"),
        ("stop_on: [7]", "5:11: expected text or a mapping, found the number 7"),
        ("descripton: x", "5:1: unknown key `descripton` at the top level"),
        ("key: other", "5:1: a second key `key`"),
        ("? [a]\n: b", "5:3: a key must be a plain word"),
        ("? !!str a\n: b", "5:3: a key must be a plain word"),
        ("<<: 5", "5:5: `<<` takes a mapping"),
    ],
)  # fmt: skip
def test_one_mistake_at_the_top_gives_one_problem_in_words(said, expected):
    assert lines(f"{said}\n{steps('wait: 3d')}") == [expected]


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_the_file():
    text = GOOD.replace("within: 3d", "within: 3q").replace("subject:", "subjct:")

    found = problems(text.replace("published", "publishd") + "key: again\nreentry: nevr\n")

    assert [p.line for p in found] == sorted(p.line for p in found)
    assert [p.message.split(":")[0] for p in found] == [
        "unknown key `subjct` in an `email` step",
        "'3q' is no length of time; write it like 3d, 4h 30m, 2 weeks or 1 month",
        "a second key `key`",
        "expected never or allowed, found the text 'nevr'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty"),
        ("# only a comment\n", "1:1: the file is empty"),
        ("- a\n", "1:1: a sequence file is a mapping, this is a list"),
        ("hello\n", "1:1: a sequence file is a mapping, this is the text 'hello'"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
        ("a:\n\t- b\n", "2:1: a tab in the indentation"),
        ("a:\n  b: 1\n   c: 2\n", "3:5: a colon where no key can be"),
        ("a: b: c\n", "1:5: a colon where no key can be"),
        ("a: 'b\n", "2:1: the quotes are never closed"),
        ("a: *b\n", "1:4: an alias for which there is no anchor"),
        ("a: &a [*a]\n", "1:4: an alias leads back into its own anchor"),
        ("a: &a {<<: *a}\n", "1:4: an alias leads back into its own anchor"),
        ("a: @b\n", "1:4: no text begins with '@' in YAML"),
        ("a: {b: 1\n", "2:1: a comma or the closing } is missing before this"),
        ("a: [b\n", "2:1: a comma or the closing ] is missing before this"),
        ("a: b\x00\n", "1:5: the character U+0000 has no place in a text file"),
        ("a: b\nc: \x1b[0m\n", "2:4: the character U+001B has no place in a text file"),
        ("a: b\u2028c\n", "1:5: the character U+2028 has no place in a text file"),
        ("a: \ud800\n", "1:4: the character U+D800 has no place in a text file"),
        ('a: "\\q"\n', "1:5: an unknown escape in double quotes"),
        ("a: " + "[" * 900, "1:102: nested deeper than 100 levels"),
        ("- " * 900, "1:199: nested deeper than 100 levels"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_yaml_says_where_it_stops_being_some(text, expected):
    assert lines(text, base="") == [expected]


@pytest.mark.parametrize("sign", ["[", "- ", "{a: "])
def test_a_text_that_is_nothing_but_brackets_is_one_mistake(sign):
    (line,) = lines("a: " + sign * 100_000 if sign == "[" else sign * 100_000, base="")

    assert line.endswith("nested deeper than 100 levels")


def test_a_billion_laughs_are_an_error_and_not_a_wait():
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )

    assert problems(text)[0].message == "more than 50,000 values, aliases counted"


def test_a_file_of_another_kind_is_an_error_and_not_a_wait():
    found = problems("".join(f"key{number}: 1\n" for number in range(20_000)))

    assert 900 < len(found) <= 1000


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!foo", "!!timestamp"])
def test_tags_are_refused_and_never_obeyed(tag):
    found = lines(f"description: {tag} x\n" + steps("wait: 3d"))

    assert found == [f"5:14: the tag {tag} has no meaning here"]


def test_the_tag_of_a_text_makes_a_number_a_text():
    document = parse("f.yaml", HEAD + "description: !!str 12\n" + steps("wait: 3d"))

    assert document.sequence.description == "12"


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    assert parse("f", "\ufeff" + GOOD.replace("\n", "\r\n")).sequence == parse("f", GOOD).sequence
    assert problems("\ufeffa: 1\r\nb: @\r\n")[0].where == "f.yaml:2:4"


def test_variables_are_put_in_and_a_missing_one_is_named():
    text = HEAD.replace("name: Trial", "name: Trial ${CITY}") + steps("wait: 3d")

    assert parse("f", text, variables={"CITY": "Lisbon"}).sequence.name == "Trial Lisbon"
    assert (
        problems(text)[0].message == "${CITY} has no value; set it in the environment or by --var"
    )


def test_bytes_that_are_no_utf_8_have_a_place():
    with pytest.raises(InputProblems) as caught:
        decode("f.yaml", b"a: 1\r\nb: \xc3\xa9\xe9x\r\n")

    problem = caught.value.problems[0]
    assert problem.where == "f.yaml:2:5"
    assert problem.message == "the byte 0xE9 is not UTF-8"
    assert problem.source == "b: é\ufffdx"
    assert decode("f", "\ufeffä".encode()) == "\ufeffä"


def test_utf_16_is_recognised():
    with pytest.raises(InputProblems) as caught:
        decode("f.yaml", "key: a".encode("utf-16"))

    assert caught.value.problems[0].hint == "this looks like UTF-16; save it as UTF-8"


def test_nothing_of_pydantic_is_heard():
    found = problems(GOOD.replace("opened", "7").replace("warm]", "5]").replace("|\n", "[]\n"))

    for problem in found:
        assert not re.search(r"valid|input|instance|Extra|Field|type=|pydantic", problem.message)


def test_the_campaigns_that_ship_are_good():
    files = sorted((Path(__file__).parents[2] / "campaigns").glob("*.yaml"))

    keys = [parse(str(file), file.read_text(encoding="utf-8")).sequence.key for file in files]

    assert keys == [file.stem for file in files]
    assert len(keys) >= 4


def outcome(text: str) -> Document | tuple[Problem, ...]:
    """Parse anything, and hold what comes to what every answer must be."""
    try:
        return parse("f.yaml", text)
    except InputProblems as exc:
        found = exc.problems
    shown = [*re.split("\r\n|\r|\n", text.removeprefix("\ufeff")), ""]
    assert found
    for problem in found:
        assert 1 <= problem.line <= len(shown)
        assert problem.column >= 1
        assert problem.source == shown[problem.line - 1]
    assert [p.line for p in found] == sorted(p.line for p in found)
    return found


YAMLISH = st.text(alphabet="ab1:- \n\t'\"[]{}#&*!|>?%@,<~\\\r\u2028\x00\ufeffé", max_size=60)


@given(st.one_of(st.text(max_size=80), YAMLISH))
@settings(max_examples=400)
def test_any_text_gives_a_document_or_problems_with_true_places(text):
    outcome(text)
    outcome(HEAD + text)


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_file_gives_a_document_or_problems_with_true_places(data):
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(("cut", "double", "insert", "drop line", "double line")))
        rows = text.split("\n")
        row = text.count("\n", 0, at)
        if kind == "cut":
            text = text[:at] + text[at + 1 :]
        elif kind == "double":
            text = text[:at] + text[at] + text[at:]
        elif kind == "insert":
            sign = data.draw(st.sampled_from("\t\x00:-[]{}&*!|>'\"#?%@,~ \n1é"))
            text = text[:at] + sign + text[at:]
        else:
            rows[row : row + 1] = [] if kind == "drop line" else [rows[row]] * 2
            text = "\n".join(rows) or " "
    outcome(text)


@given(st.data())
@settings(max_examples=200)
def test_a_value_of_any_kind_anywhere_gives_problems_without_jargon(data):
    value = yaml.safe_load(GOOD)
    here: Any = value
    while isinstance(here, dict | list) and here:
        keys = list(here) if isinstance(here, dict) else range(len(here))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            wrong = st.sampled_from((None, True, 5, 1.5, "", "x", [], ["x"], {}, {"x": 1}, [5]))
            here[key] = data.draw(wrong)
            break
        here = here[key]
    found = outcome(yaml.safe_dump(value))
    for problem in found if isinstance(found, tuple) else ():
        assert not re.search(r"valid |Input|instance|literal|tag:", problem.message)


@given(sequences())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_sequence_written_as_yaml_reads_back_as_itself(said):
    overlays = said.pop("environments")  # none is in force here
    wanted = Sequence.model_validate(said)

    assert parse("f.yaml", yaml.safe_dump({**said, "environments": overlays})).sequence == wanted
    assert parse("f.yaml", yaml.safe_dump(said)).sequence == wanted
    as_said = wanted.model_dump(by_alias=True, exclude_unset=True)
    assert parse("f.yaml", yaml.safe_dump(as_said)).sequence == wanted
